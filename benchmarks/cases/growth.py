"""How time grows with rows, features, widths and candidates, to sizes that others' examples stop short of."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

from benchmarks._case import Case, Readings, Run, Runner, Target
from benchmarks._training import imported
from benchmarks.cases.grid_digits import NAMES

LINEAR = 1.15
"""The most that the exponent of the work may be: 1, and a margin for caches that become too small."""

Fit = tuple[float, Callable[[int], Any]]
"""The work of a size, in proportion, and the fit of a seed."""


def _rows(name: str, n_rows: int) -> Fit:
    return n_rows, _fit(name, _dense(n_rows), {"hidden": (100,)})


def _features(name: str, n_features: int) -> Fit:
    import numpy as np
    from scipy import sparse

    rng = np.random.default_rng(0)
    n_rows, per_row = 2000, min(n_features, 50)
    columns = np.concatenate([rng.choice(n_features, per_row, replace=False) for _ in range(n_rows)])
    values = np.ones(n_rows * per_row, np.float32)
    X = sparse.csr_matrix((values, columns, np.arange(n_rows + 1) * per_row), (n_rows, n_features))
    X.sort_indices()
    return n_features, _fit(name, X, {"hidden": (32,), "batch_size": 100})


def _widths(name: str, width: int) -> Fit:
    work = 2 * 20 * width + 3 * width * width + 3 * width * 3  # products of a step, without the first one's gradient
    return work, _fit(name, _dense(2000), {"hidden": (width, width)})


def _candidates(name: str, n_candidates: int) -> Fit:
    import numpy as np
    from sklearn.model_selection import GridSearchCV

    from benchmarks.peers import Network

    X = _dense(500)
    y = _labels(500)

    def fit(seed: int) -> None:
        estimator = imported(name).make(Network((100,), epochs=2), 20, 3, seed)
        grid = {NAMES[name][0]: np.geomspace(1e-4, 1e-2, n_candidates)}
        GridSearchCV(estimator, grid, cv=3, refit=False).fit(X, y)

    return n_candidates, fit


def _dense(n_rows: int) -> Any:
    import numpy as np

    return np.random.default_rng(0).random((n_rows, 20), dtype=np.float32)


def _labels(n_rows: int) -> Any:
    import numpy as np

    return np.random.default_rng(1).integers(0, 3, n_rows)


def _fit(name: str, X: Any, network: dict[str, Any]) -> Callable[[int], Any]:
    from benchmarks.peers import Network

    y = _labels(X.shape[0])
    return lambda seed: imported(name).make(Network(**network), X.shape[1], 3, seed).fit(X, y)


SIZES: dict[str, tuple[Callable[[str, int], Fit], tuple[int, ...]]] = {
    "rows": (_rows, (1000, 10_000, 100_000, 1_000_000)),
    "features": (_features, (10, 100, 1000, 10_000, 100_000)),
    "widths": (_widths, (10, 30, 100, 300, 1000, 2000)),
    "candidates": (_candidates, (1, 3, 10, 30, 100, 300)),
}


def _prepare(name: str, what: str) -> Run:
    imported(name)
    from benchmarks._process import timed

    make, sizes = SIZES[what]

    def run(seed: int) -> Readings:
        work, seconds = [], []
        for size in sizes:
            amount, fit = make(name, size)
            fit(seed)  # compiles
            work.append(float(amount))
            seconds.append(timed(lambda fit=fit: fit(seed))["seconds"])
        exponent = math.log(seconds[-1] / seconds[-2]) / math.log(work[-1] / work[-2])
        return {"exponent": exponent, "sizes": list(sizes), "work": work, "curve": seconds}

    return run


CASE = Case(
    "growth",
    "Growth with size",
    "one epoch on 10^3 to 10^6 rows × 20, 10 to 10^5 sparse features, two hidden layers of 10 to 2,000, and "
    "searches of 1 to 300 candidates; the exponent is that of the work between the two largest sizes",
    tuple(
        Runner(f"{peer}, {what}", partial(_prepare, peer, what), (package,), repeats=1)
        for what in SIZES
        for peer, package in (("skmlp", "skmlp"), ("scikit-learn", "sklearn"))
    ),
    tuple(Target(LINEAR, of=f"skmlp, {what}", reading="exponent") for what in SIZES),
)
