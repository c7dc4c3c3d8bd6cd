"""Memory that TensorFlow takes without a copy, and rows copied into it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse


def aligned_zeros(shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
    """An array that TensorFlow takes without a copy, because it begins at a multiple of 64 bytes."""
    dtype = np.dtype(dtype)
    n_bytes = int(np.prod(shape)) * dtype.itemsize
    memory = np.zeros(n_bytes + 64, np.uint8)
    begin = -memory.ctypes.data % 64
    array: NDArray[Any] = memory[begin : begin + n_bytes].view(dtype).reshape(shape)
    return array


def gather(source: Any, rows: Any, target: NDArray[Any]) -> None:
    """Copy rows of an array of any numbers, or of a CSR matrix, into a dense array of as many rows."""
    if issparse(source):
        source[rows].astype(target.dtype, copy=False).toarray(out=target)
    elif source.dtype == target.dtype and isinstance(rows, np.ndarray):
        source.take(rows, axis=0, out=target, mode="clip")  # any other mode buffers the output
    else:
        target[...] = source[rows]
