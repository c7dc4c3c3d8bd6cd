"""Shuffled rows gathered into blocks of equal batches, the form in which a program takes them."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skmlp._engine.data import Data
from skmlp._engine.input_forms import BUFFERS
from skmlp._engine.memory import aligned_zeros, gather
from skmlp._spec import Form


class Block(NamedTuple):
    """Up to ``len(weight)`` batches, of which ``n_steps`` are filled.

    X as `skmlp._engine.input_forms` has it; y (steps, batch, ...) for each output; weight (steps, batch[, labels]),
    which is 0 in the places that no sample fills; n_samples (n_steps,).
    """

    X: tuple[NDArray[Any], ...]
    y: tuple[NDArray[Any], ...]
    weight: NDArray[np.floating]
    n_steps: int
    n_samples: NDArray[np.intp]


class Gatherer:
    """Gathers shuffled rows into blocks, in memory that it uses again and again.

    Parameters
    ----------
    data : Data
    forms : sequence of Form
        What a sample is in each input.
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
        forms: Sequence[Form],
        batch_size: int,
        block_steps: int,
        *,
        fixed: bool,
        sparse: bool = False,
        helper: ThreadPoolExecutor | None = None,
    ) -> None:
        self._data = data
        self._forms = forms
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
            self._buffers.append(_Buffer(self._data, self._forms, longest, self._batch_size, sparse=self._sparse))

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

    def __init__(self, data: Data, forms: Sequence[Form], n_steps: int, batch_size: int, *, sparse: bool) -> None:
        self.n_steps = n_steps
        self.batch_size = batch_size
        n = n_steps * batch_size
        self.X = BUFFERS[sparse](n, batch_size, forms)
        self.y = [aligned_zeros((n, *each.shape[1:]), each.dtype) for each in data.y]
        self.weight = aligned_zeros((n, *data.weight.shape[1:]), data.weight.dtype)

    def fill(self, data: Data, rows: NDArray[np.intp], n_samples: NDArray[np.intp], *, fixed: bool) -> Block:
        """Gather the rows of some batches."""
        n, n_steps = len(rows), len(n_samples)
        for source, target in zip(data.y, self.y, strict=True):
            gather(source, rows, target[:n])
        gather(data.weight, rows, self.weight[:n])
        for step in np.flatnonzero(n_samples < self.batch_size):
            self.weight[step * self.batch_size + n_samples[step] : (step + 1) * self.batch_size] = 0
        length = len(self.weight) if fixed else n

        def batches(array: NDArray[Any]) -> NDArray[Any]:
            return array[:length].reshape(length // self.batch_size, self.batch_size, *array.shape[1:])

        X = self.X.fill(data.X, rows, length)
        return Block(X, tuple(map(batches, self.y)), batches(self.weight), n_steps, n_samples)
