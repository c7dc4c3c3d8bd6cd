"""Whether memory grows with the number of fits in a process."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from benchmarks._case import Case, Readings, Run, Runner, Target
from benchmarks._training import imported

N_FITS = 300
EVERY = 10
FROM = 50


def _values() -> Iterator[dict[str, Any]]:
    for i in range(N_FITS):
        yield {"learning_rate": 1e-4 * (1 + i), "l2": 1e-5 * (1 + i % 7), "random_state": i}


def _structures() -> Iterator[dict[str, Any]]:
    for i in range(N_FITS):
        yield {"hidden_layer_sizes": (10 + i,), "random_state": i}


def _prepare(variants: Any) -> Run:
    imported("skmlp")
    import gc

    import numpy as np

    from benchmarks._process import resident_mb
    from skmlp import KerasMLPClassifier

    rng = np.random.default_rng(0)
    X = rng.random((640, 20), dtype=np.float32)
    y = rng.integers(0, 3, len(X))

    def run(seed: int) -> Readings:
        fits, resident = [], []
        for fit, parameters in enumerate(variants(), 1):
            KerasMLPClassifier(batch_size=32, epochs=2).set_params(**parameters).fit(X, y)
            if fit % EVERY == 0:
                gc.collect()
                fits.append(fit)
                resident.append(resident_mb())
        return {"growth_mb": resident[-1] - resident[fits.index(FROM)], "fits": fits, "resident_mb": resident}

    return run


CASE = Case(
    "memory",
    "resident memory from fit 50 to fit 300 of different estimators in one process, 640 × 20, 2 epochs: "
    "different values of one structure, and 300 structures (widths 10 to 309)",
    tuple(
        Runner(f"skmlp, {name}", partial(_prepare, variants), ("skmlp",), repeats=1)
        for name, variants in (("values", _values), ("structures", _structures))
    ),
    tuple(Target(10, of=f"skmlp, {name}", reading="growth_mb") for name in ("values", "structures")),
)
