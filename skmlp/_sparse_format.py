"""Sparse matrices whose parts fit together: SciPy's compiled code reads and writes where their index arrays say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse


def check_sparse_format(matrix: Any, name: str) -> None:
    """Check the index arrays of a sparse matrix, every value; of anything else, nothing.

    SciPy's own ``check_format`` is for CSR and CSC alone, and it prunes and casts the caller's arrays.

    Raises
    ------
    ValueError
        If it is malformed: its conversion or its use could read and write beyond its memory.
    """
    if not issparse(matrix) or matrix.ndim != 2 or matrix.format not in _PROBLEMS:
        return
    problem = _PROBLEMS[matrix.format](matrix)
    if problem is not None:
        raise ValueError(
            f"{name} is a malformed {matrix.format.upper()} matrix of shape {matrix.shape}: {problem}. Build it from "
            "rows, columns and values with scipy.sparse.coo_array, and do not change its index arrays."
        )


def _of_compressed(matrix: Any) -> str | None:
    """What is wrong with a CSR or CSC matrix."""
    if matrix.data.ndim != 1:
        return f"data has {matrix.data.ndim} dimensions, and must have 1"
    n_major, n_minor = reversed(matrix.shape) if matrix.format == "csc" else matrix.shape
    return _of_pointers(matrix, n_major) or _of_places("indices", matrix.indices[: matrix.indptr[-1]], n_minor)


def _of_blocks(matrix: Any) -> str | None:
    """What is wrong with a BSR matrix."""
    (n_rows, n_columns), block = matrix.shape, matrix.data.shape[1:]
    if len(block) != 2 or 0 in block or n_rows % block[0] or n_columns % block[1]:
        return f"data has the shape {matrix.data.shape}, which does not hold blocks that fill it"
    problem = _of_pointers(matrix, n_rows // block[0])
    return problem or _of_places("indices", matrix.indices[: matrix.indptr[-1]], n_columns // block[1])


def _of_pointers(matrix: Any, n_major: int) -> str | None:
    """What is wrong with how ``indptr`` cuts the indices and values of so many rows, columns or rows of blocks."""
    indptr, indices = matrix.indptr, matrix.indices
    problem = _of_integers("indptr", indptr) or _of_integers("indices", indices)
    if problem is None and len(indptr) != n_major + 1:
        problem = f"indptr has {len(indptr)} entries, and must have {n_major + 1}"
    elif problem is None and indptr[0] != 0:
        problem = f"indptr begins with {indptr[0]}, and must begin with 0"
    elif problem is None and len(falls := np.flatnonzero(indptr[1:] < indptr[:-1])):
        problem = f"indptr falls from {indptr[falls[0]]} to {indptr[falls[0] + 1]}, and must never fall"
    elif problem is None and (indptr[-1] > len(indices) or len(indices) != len(matrix.data)):
        problem = f"indptr ends with {indptr[-1]}, but there are {len(indices)} indices and {len(matrix.data)} values"
    return problem


def _of_coordinates(matrix: Any) -> str | None:
    """What is wrong with a COO matrix."""
    for axis, (coordinates, n) in enumerate(zip(matrix.coords, matrix.shape, strict=True)):
        name = f"coords[{axis}]"
        if len(coordinates) != len(matrix.data):
            return f"{name} has {len(coordinates)} entries for {len(matrix.data)} values"
        problem = _of_integers(name, coordinates) or _of_places(name, coordinates, n)
        if problem is not None:
            return problem
    return None


def _of_diagonals(matrix: Any) -> str | None:
    """What is wrong with a DIA matrix."""
    if matrix.data.ndim != 2 or len(matrix.data) != len(matrix.offsets):
        return f"data has the shape {matrix.data.shape} for {len(matrix.offsets)} offsets"
    return _of_integers("offsets", matrix.offsets)


def _of_lists(matrix: Any) -> str | None:
    """What is wrong with a LIL matrix."""
    lengths = [len(row) for row in matrix.rows]
    if len(lengths) != matrix.shape[0]:
        return f"it has {len(lengths)} lists of columns"
    if lengths != [len(row) for row in matrix.data]:
        return "a row has more columns than values, or fewer"
    columns = np.fromiter(chain.from_iterable(matrix.rows), np.int64, sum(lengths))
    return _of_places("rows", columns, matrix.shape[1])


def _of_integers(name: str, array: NDArray[Any]) -> str | None:
    if array.ndim != 1 or array.dtype.kind not in "iu":
        return f"{name} is of {array.dtype} with {array.ndim} dimensions, and must be of integers with 1"
    return None


def _of_places(name: str, places: NDArray[Any], n: int) -> str | None:
    if not len(places) or 0 <= places.view(_unsigned(places.dtype)).max() < n:  # negative numbers would be the largest
        return None
    wrong = places[(places < 0) | (places >= n)][0]
    return f"{name} holds {wrong}, and must hold numbers from 0 to {n - 1}"


def _unsigned(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Integers of the same size and byte order."""
    return np.dtype(dtype.str.replace("i", "u"))


_PROBLEMS: Mapping[str, Callable[[Any], str | None]] = {
    "bsr": _of_blocks,
    "coo": _of_coordinates,
    "csc": _of_compressed,
    "csr": _of_compressed,
    "dia": _of_diagonals,
    "lil": _of_lists,
}
"""By format; a DOK matrix is converted by way of COO, which SciPy checks."""
