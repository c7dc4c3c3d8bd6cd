"""Shuffled rows gathered into blocks of equal batches, the form in which a program takes them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from skmlp._spec import Plan


class Data(NamedTuple):
    """What a fit trains on: those of the samples whose numbers are in ``rows``.

    X is a dense array of any numbers or a CSR matrix, (n_samples, n_features); y as the loss takes it; weight
    (n_samples,) or (n_samples, n_labels) in the network's dtype, of which the sample weights have mean 1 over the rows.
    """

    X: Any
    y: NDArray[Any]
    weight: NDArray[np.floating]
    rows: NDArray[np.intp]


class SparseBatches(NamedTuple):
    """Batches of a CSR matrix: entry j is ``values[j]`` at ``places[j]``, the row within its batch and the column.

    Those of batch i are the entries from ``starts[i]`` up to but not including ``starts[i + 1]``.
    """

    places: NDArray[np.int64]
    values: NDArray[np.floating]
    starts: NDArray[np.int64]


class Block(NamedTuple):
    """Up to ``len(y)`` batches, of which ``n_steps`` are filled.

    X (steps, batch, features), or sparse; y (steps, batch[, outputs]); weight (steps, batch[, labels]), which is 0 in
    the places that no sample fills; n_samples (n_steps,).
    """

    X: NDArray[np.floating] | SparseBatches
    y: NDArray[Any]
    weight: NDArray[np.floating]
    n_steps: int
    n_samples: NDArray[np.intp]


def blocks(
    data: Data,
    orders: Sequence[NDArray[np.intp]],
    batch_size: int,
    block_steps: int,
    *,
    fixed: bool,
    sparse: bool = False,
    helper: ThreadPoolExecutor | None = None,
) -> Iterator[Block]:
    """Gather rows in the order of one epoch, or of several that follow one another.

    Parameters
    ----------
    data : Data
    orders : sequence of (n,)
        Numbers of samples, in the order of each epoch.
    batch_size : int
        Rows in a batch; the last batch of an epoch may be short, and is filled up with weight 0.
    block_steps : int
        The most batches in a block.
    fixed : bool
        Whether every block has ``block_steps`` batches, the last ones unused, as a program of fixed shape needs.
    sparse : bool, default=False
        Whether a CSR matrix is left sparse.
    helper : ThreadPoolExecutor, optional
        Gathers the next block while the caller works on one.

    Yields
    ------
    block : Block
        Its arrays are overwritten by the block after the next one.
    """
    n = len(orders[0])
    n_steps = -(-n // batch_size)
    # A place that no sample fills has weight 0; it repeats a sample, since a loss may not be defined for zeros.
    rows = np.concatenate([np.pad(order, (0, n_steps * batch_size - n), mode="edge") for order in orders])
    n_samples = np.full(len(orders) * n_steps, batch_size)
    n_samples[n_steps - 1 :: n_steps] = n - (n_steps - 1) * batch_size
    longest = block_steps if fixed else min(block_steps, len(n_samples))
    starts = range(0, len(n_samples), longest)
    buffers = [_Buffer(data, longest, batch_size, sparse=sparse) for _ in range(min(2, len(starts)))]

    def gathered(i: int) -> Block:
        part = slice(starts[i], starts[i] + longest)
        places = slice(part.start * batch_size, part.stop * batch_size)
        return buffers[i % 2].fill(data, rows[places], n_samples[part], fixed=fixed)

    if helper is None:
        yield from map(gathered, range(len(starts)))
        return
    block = gathered(0)
    for i in range(1, len(starts)):
        following = helper.submit(gathered, i)
        yield block
        block = following.result()
    yield block


class _Buffer:
    """The memory of a block, used again and again."""

    def __init__(self, data: Data, n_steps: int, batch_size: int, *, sparse: bool) -> None:
        self.sparse = sparse
        self.batch_size = batch_size
        n = n_steps * batch_size
        self.X = np.zeros((0 if sparse else n, data.X.shape[1]), data.weight.dtype)
        self.y = np.zeros((n, *data.y.shape[1:]), data.y.dtype)
        self.weight = np.zeros((n, *data.weight.shape[1:]), data.weight.dtype)

    def fill(self, data: Data, rows: NDArray[np.intp], n_samples: NDArray[np.intp], *, fixed: bool) -> Block:
        """Gather the rows of some batches."""
        n, n_steps = len(rows), len(n_samples)
        gather(data.y, rows, self.y[:n])
        gather(data.weight, rows, self.weight[:n])
        for step in np.flatnonzero(n_samples < self.batch_size):
            self.weight[step * self.batch_size + n_samples[step] : (step + 1) * self.batch_size] = 0
        length = len(self.y) if fixed else n

        def batches(array: NDArray[Any]) -> NDArray[Any]:
            return array[:length].reshape(length // self.batch_size, self.batch_size, *array.shape[1:])

        if self.sparse:
            X: Any = sparse_batches(data.X[rows], self.batch_size, length // self.batch_size, self.weight.dtype)
        else:
            gather(data.X, rows, self.X[:n])
            X = batches(self.X)
        return Block(X, batches(self.y), batches(self.weight), n_steps, n_samples)


def sparse_batches(X: Any, batch_size: int, n_steps: int, dtype: Any) -> SparseBatches:
    """The entries of a CSR matrix by batch."""
    row = np.repeat(np.arange(X.shape[0]) % batch_size, np.diff(X.indptr))
    starts = np.full(n_steps + 1, X.nnz, np.int64)
    filled = X.indptr[::batch_size]
    starts[: len(filled)] = filled
    return SparseBatches(np.stack([row, X.indices], axis=1), X.data.astype(dtype, copy=False), starts)


def stays_sparse(plan: Plan, data: Data) -> bool:
    """Whether batches are multiplied as they are, rather than made dense.

    Above a tenth of the entries, the product of dense matrices is the faster one. Input dropout draws a number for
    each feature, so that it is the same for a matrix of either form.
    """
    return issparse(data.X) and plan.hyperparameters.input_dropout == 0 and 10 * data.X.nnz <= np.prod(data.X.shape)


def block_steps(plan: Plan, data: Data) -> int:
    """The most batches in a block, by the memory of a row."""
    if not stays_sparse(plan, data):
        return plan.block_steps()
    entry_bytes = 2 * 8 + data.X.dtype.itemsize
    return plan.block_steps(entry_bytes * data.X.nnz / data.X.shape[0])


def gather(source: Any, rows: Any, target: NDArray[Any]) -> None:
    """Copy rows of an array of any numbers, or of a CSR matrix, into a dense array of as many rows."""
    if issparse(source):
        source[rows].astype(target.dtype, copy=False).toarray(out=target)
    elif source.dtype == target.dtype and isinstance(rows, np.ndarray):
        source.take(rows, axis=0, out=target, mode="clip")  # any other mode buffers the output
    else:
        target[...] = source[rows]
