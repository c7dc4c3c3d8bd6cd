"""Shuffled rows gathered into blocks of equal batches, the form in which a program takes them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Data(NamedTuple):
    """What a fit trains on: X (n_samples, n_features), y as the loss takes it, weight (n_samples,) with mean 1."""

    X: NDArray[np.floating]
    y: NDArray[Any]
    weight: NDArray[np.floating]


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
    order : (n_samples,)
        Row numbers.
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
    X = np.zeros((longest * batch_size, data.X.shape[1]), data.X.dtype)
    y = np.zeros((longest * batch_size, *data.y.shape[1:]), data.y.dtype)
    weight = np.zeros(longest * batch_size, data.weight.dtype)
    for start in range(0, len(order), longest * batch_size):
        rows = order[start : start + longest * batch_size]
        n = len(rows)
        for source, target in zip(data, (X, y, weight), strict=True):
            source.take(rows, axis=0, out=target[:n], mode="clip")  # any other mode buffers the output
        weight[n:] = 0
        steps = -(-n // batch_size)
        length = longest if fixed else steps
        n_samples = np.full(steps, batch_size)
        n_samples[-1] = n - (steps - 1) * batch_size
        yield Block(
            X[: length * batch_size].reshape(length, batch_size, -1),
            y[: length * batch_size].reshape(length, batch_size, *y.shape[1:]),
            weight[: length * batch_size].reshape(length, batch_size),
            steps,
            n_samples,
        )
