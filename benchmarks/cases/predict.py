"""Predicting one row, and ten thousand."""

from __future__ import annotations

import statistics
from functools import partial

from benchmarks._case import Case, Readings, Run, Runner, Target
from benchmarks._training import imported


def _prepare(name: str) -> Run:
    peer = imported(name)
    from benchmarks._process import timed
    from benchmarks.data import load
    from benchmarks.peers import Network

    data = load("mnist")
    X, one = data.X_test, data.X_test[:1]
    estimator = peer.make(Network((200, 100)), 784, 10, 0)
    estimator.fit(data.X[:1000], data.y[:1000])

    def median_seconds(rows: object, times: int) -> float:
        estimator.predict(rows)
        return statistics.median(timed(lambda: estimator.predict(rows))["seconds"] for _ in range(times))

    def run(seed: int) -> Readings:
        return {"seconds": median_seconds(X, 10), "one_row_seconds": median_seconds(one, 100)}

    return run


CASE = Case(
    "predict",
    "Predictions",
    "predict, 784-200-100-10 ReLU: 10,000 rows (median of 10 calls a run), and one row (median of 100)",
    tuple(
        Runner(name, partial(_prepare, name), packages)
        for name, packages in (
            ("skmlp", ("skmlp",)),
            ("scikit-learn", ()),
            ("Keras fit", ("keras",)),
            ("skorch", ("torch", "skorch")),
        )
    ),
    (Target(0.001, reading="one_row_seconds"), Target(1.0, "scikit-learn")),
    data="mnist",
)
