"""Shuffled rows gathered into blocks of equal batches, the form in which a program takes them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse


class Data(NamedTuple):
    """What a fit trains on: those of the samples whose numbers are in ``rows``.

    X is a dense array of any numbers or a CSR matrix, (n_samples, n_features); y as the loss takes it; weight
    (n_samples,) or (n_samples, n_labels) in the network's dtype, of which the sample weights have mean 1 over the rows.
    """

    X: Any
    y: NDArray[Any]
    weight: NDArray[np.floating]
    rows: NDArray[np.intp]


class Block(NamedTuple):
    """Up to ``len(X)`` batches: X (steps, batch, features), y (steps, batch[, outputs]), weight (steps, batch)."""

    X: NDArray[np.floating]
    y: NDArray[Any]
    weight: NDArray[np.floating]
    n_steps: int
    n_samples: NDArray[np.intp]


def blocks(data: Data, order: NDArray[np.intp], batch_size: int, block_steps: int, *, fixed: bool) -> Iterator[Block]:
    """Gather rows in the given order.

    Parameters
    ----------
    data : Data
    order : (n,)
        Numbers of samples.
    batch_size : int
        Rows in a batch; the last batch of the order may be short, and is filled up with weight 0.
    block_steps : int
        The most batches in a block.
    fixed : bool
        Whether every block has ``block_steps`` batches, the last ones unused, as a program of fixed shape needs.

    Yields
    ------
    block : Block
        Its arrays are overwritten by the next one.
    """
    n_steps = -(-len(order) // batch_size)
    longest = block_steps if fixed else min(block_steps, n_steps)
    n = longest * batch_size
    X = np.zeros((n, data.X.shape[1]), data.weight.dtype)
    y = np.zeros((n, *data.y.shape[1:]), data.y.dtype)
    weight = np.zeros((n, *data.weight.shape[1:]), data.weight.dtype)
    for start in range(0, len(order), n):
        rows = order[start : start + n]
        filled = len(rows)
        gather(data.X, rows, X[:filled])
        gather(data.y, rows, y[:filled])
        gather(data.weight, rows, weight[:filled])
        # A place that no sample fills has weight 0; it repeats a sample, since a loss may not be defined for zeros.
        X[filled:], y[filled:], weight[filled:] = X[filled - 1], y[filled - 1], 0
        steps = -(-filled // batch_size)
        length = longest if fixed else steps
        n_samples = np.full(steps, batch_size)
        n_samples[-1] = filled - (steps - 1) * batch_size
        parts = [array[: length * batch_size].reshape(length, batch_size, *array.shape[1:]) for array in (X, y, weight)]
        yield Block(parts[0], parts[1], parts[2], steps, n_samples)


def gather(source: Any, rows: Any, target: NDArray[Any]) -> None:
    """Copy rows of an array of any numbers, or of a CSR matrix, into a dense array of as many rows."""
    if issparse(source):
        source[rows].astype(target.dtype, copy=False).toarray(out=target)
    elif source.dtype == target.dtype and isinstance(rows, np.ndarray):
        source.take(rows, axis=0, out=target, mode="clip")  # any other mode buffers the output
    else:
        target[...] = source[rows]
