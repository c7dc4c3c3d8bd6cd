"""A grid search: 4 learning rates, 3 penalties, 5 folds, and the refit."""

from __future__ import annotations

from functools import partial

from benchmarks._case import Case, Run, Runner, Target
from benchmarks._searching import searching
from benchmarks._training import imported

LEARNING_RATES = (3e-4, 1e-3, 3e-3, 1e-2)
PENALTIES = (1e-5, 1e-4, 1e-3)
NETWORK = {"hidden": (100,), "batch_size": 32, "epochs": 20}

NAMES = {
    "skmlp": ("learning_rate", "l2"),
    "scikit-learn": ("learning_rate_init", "alpha"),
    "SciKeras": ("model__learning_rate", "model__l2"),
}
"""What each peer calls the learning rate and the penalty."""


def prepare(name: str, n_jobs: int = 1, backend: str = "loky", *, compiled: bool = False) -> Run:
    """The search by a peer; skmlp compiles within it, unless all is to be compiled before by a search not counted."""
    peer = imported(name)
    import numpy as np

    from benchmarks.data import load
    from benchmarks.peers import Network, alpha

    X, y, _, _ = load("digits")
    network = Network(**NETWORK)
    sizes = X.shape[1], len(np.unique(y))
    penalties = [alpha(l2, network.batch_size) if name == "scikit-learn" else l2 for l2 in PENALTIES]
    grid = dict(zip(NAMES[name], (LEARNING_RATES, penalties), strict=True))
    peer.make(Network((2,)), *sizes, 0).fit(X[:64], y[:64])  # another structure: what a process does once is done
    run = searching(
        lambda seed: peer.make(network, *sizes, seed),
        grid,
        X,
        y,
        n_jobs=n_jobs,
        backend=backend,
        count_programs=name == "skmlp" and not compiled,
    )
    if compiled:
        run(0)
    return run


CASE = Case(
    "grid_digits",
    "A grid search",
    "GridSearchCV on digits: 4 learning rates × 3 l2 × 5 folds and a refit, 64-100-10 ReLU, Adam, batch 32, 20 epochs",
    tuple(
        Runner(name, partial(prepare, name), packages, repeats=repeats)
        for name, packages, repeats in (
            ("skmlp", ("skmlp",), None),
            ("scikit-learn", (), None),
            ("SciKeras", ("scikeras",), 1),
        )
    ),
    (Target(0.50, "scikit-learn"), Target(0.05, "SciKeras"), Target(1, reading="programs")),
    data="digits",
)
