"""Whether memory grows with the number of fits in a process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from benchmarks._case import Case, Readings, Run, Runner, Target

N_FITS = 300
EVERY = 10
FROM = 50


def _values() -> Iterator[Any]:
    from skmlp import KerasMLPClassifier

    for i in range(N_FITS):
        yield KerasMLPClassifier(
            learning_rate=1e-4 * (1 + i), l2=1e-5 * (1 + i % 7), batch_size=32, epochs=2, random_state=i
        )


def structures(n_fits: int) -> Iterator[Any]:
    """Estimators of different widths."""
    from skmlp import KerasMLPClassifier

    for i in range(n_fits):
        yield KerasMLPClassifier((10 + i,), batch_size=32, epochs=2, random_state=i)


def prepare(estimators: Callable[[], Iterator[Any]], since: int, every: int = EVERY) -> Run:
    """Fits of some estimators; resident memory is read after every few, and its growth since one of them.

    The first fit imports what the estimators need, and nothing else: torch ends a process that has TensorFlow.
    """
    import gc

    import numpy as np

    from benchmarks._process import resident_mb

    rng = np.random.default_rng(0)
    X = rng.random((640, 20), dtype=np.float32)
    y = rng.integers(0, 3, len(X))

    def run(seed: int) -> Readings:
        fits, resident = [], []
        for fit, estimator in enumerate(estimators(), 1):
            estimator.fit(X, y)
            if fit % every == 0:
                gc.collect()
                fits.append(fit)
                resident.append(resident_mb())
        return {"growth_mb": resident[-1] - resident[fits.index(since)], "fits": fits, "resident_mb": resident}

    return run


CASE = Case(
    "memory",
    "Memory over many fits",
    "resident memory from fit 50 to fit 300 of different estimators in one process, 640 × 20, 2 epochs: "
    "different values of one structure, and 300 structures (widths 10 to 309)",
    tuple(
        Runner(f"skmlp, {name}", partial(prepare, estimators, FROM), ("skmlp",), repeats=1)
        for name, estimators in (("values", _values), ("structures", partial(structures, N_FITS)))
    ),
    tuple(Target(10, of=f"skmlp, {name}", reading="growth_mb") for name in ("values", "structures")),
)
