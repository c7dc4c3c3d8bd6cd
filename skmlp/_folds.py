"""Folds of the samples, one for each member of a network, which leaves it out and predicts it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmlp._tabular_spec import TabularSpec

_CHUNK_ROWS = 192


@dataclass(frozen=True)
class OutOfFoldOutputs:
    """What was predicted of each sample by the member that left it out, after the epoch whose weights were kept.

    ``outputs`` (n_samples, n_outputs) are activated; ``score`` is the estimator's own.
    """

    outputs: NDArray[np.floating]
    score: float
    epoch: int


@dataclass(frozen=True)
class Folds:
    """The fold of each sample, (n_samples,), from 0 up to the number of members."""

    numbers: NDArray[np.intp]
    n_folds: int

    @classmethod
    def shuffled(cls, n_folds: int, trained: NDArray[np.bool_], strata: NDArray[np.intp] | None, seed: int) -> Folds:
        """Deal out samples in a random order: those that are trained on first, class by class if there are strata.

        What is dealt later changes nothing for the samples before it.
        """
        n_samples = len(trained)
        by_chance = np.empty(n_samples, dtype=np.intp)
        rng = np.random.default_rng((seed, 2))
        for part in (trained, ~trained):
            by_chance[part] = rng.permutation(int(part.sum()))
        classes = np.zeros(n_samples, dtype=np.intp) if strata is None else strata
        order = np.lexsort((by_chance, classes, ~trained))
        numbers = np.empty(n_samples, dtype=np.intp)
        numbers[order] = np.arange(n_samples) % n_folds
        return cls(numbers, n_folds)

    def weights(self, weight: NDArray[np.floating]) -> NDArray[np.floating]:
        """The weights of samples for each member, (n_samples, n_folds): 0 in its own fold, more in the others."""
        own = self.numbers[:, None] == np.arange(self.n_folds)
        factor = self.n_folds / (self.n_folds - 1)
        return np.where(own, 0, weight[:, None] * weight.dtype.type(factor))

    def predict(
        self, network: TabularSpec, weights: Sequence[NDArray[np.floating]], X: Sequence[Any]
    ) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
        """Logits and outputs, (n_samples, n_outputs), of each sample by the member that leaves it out.

        All members predict at once, each its own fold, so that it takes as long as one member takes for all samples.
        """
        from skmlp._engine.predict import forward

        spec = replace(network, own_rows=True)
        found = [np.empty((len(self.numbers), spec.n_outputs), spec.dtype) for _ in range(2)]
        rows = self._side_by_side()
        for begin in range(0, len(rows), _CHUNK_ROWS):
            chunk = rows[begin : begin + _CHUNK_ROWS]
            outputs = forward(spec, list(weights), [table[chunk] for table in X])
            own = self.numbers[chunk] == np.arange(self.n_folds)
            for every, part in zip(found, outputs, strict=True):
                every[chunk[own]] = part[own]
        return found[0], found[1]

    def _side_by_side(self) -> NDArray[np.intp]:
        """Rows of samples, (longest fold, n_folds): a column for each fold, filled up with any others."""
        sizes = np.bincount(self.numbers, minlength=self.n_folds)
        rows = np.zeros((sizes.max(), self.n_folds), dtype=np.intp)
        by_fold = np.split(np.argsort(self.numbers, kind="stable"), np.cumsum(sizes)[:-1])
        for fold, members in enumerate(by_fold):
            rows[: len(members), fold] = members
        return rows
