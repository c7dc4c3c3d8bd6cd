"""Shuffled rows gathered into blocks of equal batches, the form in which a program takes them."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
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


class SparseBatches(NamedTuple):
    """Batches of a CSR matrix, each in `PARTS` parts of rows that are multiplied side by side.

    Part p of batch i has the entries from ``starts[PARTS * i + p]`` up to the next start: entry j is ``values[j]``, in
    the row (of its part) and the column ``places.reshape(-1, 2)[j]``. Starts are multiples of `_ALIGNED_ENTRIES`, and
    entries of 0 fill the gaps.
    """

    places: NDArray[np.int32]
    values: NDArray[np.floating]
    starts: NDArray[np.int64]


PARTS = 2
"""Of a sparse batch. TensorFlow multiplies a sparse matrix on one processor; it is fixed, so that results repeat."""

_ALIGNED_ENTRIES = 16
"""TensorFlow takes slices without a copy where they begin and end at multiples of 64 bytes: 16 float32 entries."""

PLACES_IN_A_ROW = 8
"""So many places of two int32 are 64 bytes, and a row of ``places``, of which TensorFlow slices whole ones."""


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


class Gatherer:
    """Gathers shuffled rows into blocks, in memory that it uses again and again.

    Parameters
    ----------
    data : Data
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
    """

    def __init__(
        self,
        data: Data,
        batch_size: int,
        block_steps: int,
        *,
        fixed: bool,
        sparse: bool = False,
        helper: ThreadPoolExecutor | None = None,
    ) -> None:
        self._data = data
        self._batch_size = batch_size
        self._block_steps = block_steps
        self._fixed = fixed
        self._sparse = sparse
        self._helper = helper
        self._buffers: list[_Buffer] = []

    def blocks(self, orders: Sequence[NDArray[np.intp]]) -> Generator[Block, None, None]:
        """Gather the rows of one epoch, or of several that follow one another, each in the order of its numbers.

        Yields
        ------
        block : Block
            Its arrays are overwritten by the block after the next one.
        """
        n = len(orders[0])
        n_steps = -(-n // self._batch_size)
        # A place that no sample fills has weight 0; it repeats a sample, since a loss may not be defined for zeros.
        rows = np.concatenate([np.pad(order, (0, n_steps * self._batch_size - n), mode="edge") for order in orders])
        n_samples = np.full(len(orders) * n_steps, self._batch_size)
        n_samples[n_steps - 1 :: n_steps] = n - (n_steps - 1) * self._batch_size
        longest = self._block_steps if self._fixed else min(self._block_steps, len(n_samples))
        starts = range(0, len(n_samples), longest)
        while len(self._buffers) < min(2, len(starts)) or self._buffers[0].n_steps < longest:
            self._buffers = [buffer for buffer in self._buffers if buffer.n_steps >= longest]
            self._buffers.append(_Buffer(self._data, longest, self._batch_size, sparse=self._sparse))

        def gathered(i: int) -> Block:
            part = slice(starts[i], starts[i] + longest)
            places = slice(part.start * self._batch_size, part.stop * self._batch_size)
            return self._buffers[i % 2].fill(self._data, rows[places], n_samples[part], fixed=self._fixed)

        if self._helper is None:
            yield from map(gathered, range(len(starts)))
            return
        block = gathered(0)
        for i in range(1, len(starts)):
            following = self._helper.submit(gathered, i)
            try:
                yield block
                block = following.result()
            finally:
                if not following.cancel():
                    following.exception()  # waits, when broken off: whoever gathers next uses the same memory
        yield block


class _Buffer:
    """The memory of a block, used again and again."""

    def __init__(self, data: Data, n_steps: int, batch_size: int, *, sparse: bool) -> None:
        self.n_steps = n_steps
        self.batch_size = batch_size
        n = n_steps * batch_size
        dtype = data.weight.dtype
        self.X = _SparseBuffer(batch_size, dtype) if sparse else aligned_zeros((n, data.X.shape[1]), dtype)
        self.y = aligned_zeros((n, *data.y.shape[1:]), data.y.dtype)
        self.weight = aligned_zeros((n, *data.weight.shape[1:]), dtype)

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

        if isinstance(self.X, _SparseBuffer):
            X: Any = self.X.fill(data.X[rows])
        else:
            gather(data.X, rows, self.X[:n])
            X = batches(self.X)
        return Block(X, batches(self.y), batches(self.weight), n_steps, n_samples)


class _SparseBuffer:
    """The memory of sparse batches, which grows to the largest of them."""

    def __init__(self, batch_size: int, dtype: Any) -> None:
        self.parts = part_sizes(batch_size)
        self.places = np.zeros((0, 2), np.int32)
        self.values = np.zeros(0, dtype)

    def fill(self, X: Any) -> SparseBatches:
        """Take the rows of some whole batches."""
        sizes = np.tile(self.parts, X.shape[0] // sum(self.parts))
        first_rows = np.concatenate([[0], np.cumsum(sizes)])
        bounds = X.indptr[first_rows]
        lengths = np.diff(bounds)
        starts = np.concatenate([[0], np.cumsum(-(-lengths // _ALIGNED_ENTRIES) * _ALIGNED_ENTRIES)])
        if starts[-1] > len(self.values):
            capacity = int(starts[-1] * 1.2)
            self.places = aligned_zeros((capacity, 2), np.int32)
            self.values = aligned_zeros((capacity,), self.values.dtype)
        row_of_part = np.arange(X.shape[0], dtype=np.int32) - np.repeat(first_rows[:-1], sizes).astype(np.int32)
        row = np.repeat(row_of_part, np.diff(X.indptr))
        for begin, source, length, end in zip(starts, bounds, lengths, starts[1:], strict=False):
            there, here = slice(begin, begin + length), slice(source, source + length)
            self.places[there, 0] = row[here]
            self.places[there, 1] = X.indices[here]
            self.values[there] = X.data[here]
            self.places[begin + length : end] = self.values[begin + length : end] = 0
        places = self.places[: starts[-1]].reshape(-1, 2 * PLACES_IN_A_ROW)
        return SparseBatches(places, self.values[: starts[-1]], starts.astype(np.int64))


def part_sizes(batch_size: int) -> list[int]:
    """The number of rows of each part of a sparse batch."""
    return [(batch_size + part) // PARTS for part in reversed(range(PARTS))]


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
