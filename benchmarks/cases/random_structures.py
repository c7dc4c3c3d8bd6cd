"""A random search over structures, each of which has to be compiled."""

from __future__ import annotations

from functools import partial
from typing import Any

from benchmarks._case import Case, Readings, Run, Runner, Target
from benchmarks._training import imported

NETWORK = {"hidden": (100,), "batch_size": 32, "epochs": 20}
N_CANDIDATES = 20


def _prepare(name: str, *, compiled: bool = False, **parameters: Any) -> Run:
    peer = imported(name)
    import numpy as np
    from sklearn.model_selection import GridSearchCV

    from benchmarks._process import timed
    from benchmarks.data import load
    from benchmarks.peers import Network

    X, y, _, _ = load("digits")
    sizes = X.shape[1], len(np.unique(y))
    rng = np.random.default_rng(0)
    drawn = [tuple(10 * rng.integers(2, 13, rng.integers(1, 4))) for _ in range(N_CANDIDATES)]
    widths = [tuple(map(int, each)) for each in drawn]
    peer.make(Network((2,)), *sizes, 0).fit(X[:64], y[:64])  # another structure: what a process does once is done

    def run(seed: int) -> Readings:
        if name == "skmlp" and not compiled:
            import skmlp

            skmlp.clear_cache()
        # A grid of one parameter: the same candidates for everybody, without a draw.
        estimator = peer.make(Network(**NETWORK), *sizes, seed).set_params(**parameters)
        search = GridSearchCV(estimator, {"hidden_layer_sizes": widths}, cv=3)
        readings: Readings = timed(lambda: search.fit(X, y))
        return {**readings, "accuracy": float(search.best_score_), "n_test": len(y)}

    if compiled:
        run(0)
    return run


CASE = Case(
    "random_structures",
    "A search over structures",
    "20 random hidden_layer_sizes (1 to 3 layers of 20 to 120 units) on digits, 3 folds and a refit, Adam, batch 32, "
    "20 epochs",
    (
        Runner("skmlp", partial(_prepare, "skmlp"), ("skmlp",), repeats=2),
        Runner("skmlp, jit_compile=False", partial(_prepare, "skmlp", jit_compile=False), ("skmlp",), repeats=2),
        Runner("skmlp, compiled before", partial(_prepare, "skmlp", compiled=True), ("skmlp",), repeats=2),
        Runner("scikit-learn", partial(_prepare, "scikit-learn"), repeats=2),
    ),
    (Target(0.6, "scikit-learn"), Target(0.6, "scikit-learn", of="skmlp, jit_compile=False")),
    data="digits",
)
