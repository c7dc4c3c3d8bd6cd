"""A timed grid search, by whoever makes the estimator."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from benchmarks._case import Readings, Run


def searching(
    make: Callable[[int], Any],
    grid: Mapping[str, Sequence[float]],
    X: Any,
    y: Any,
    *,
    n_jobs: int = 1,
    backend: str = "loky",
    count_programs: bool = False,
) -> Run:
    """A search over five folds, with its refit; its accuracy is the best mean over the folds.

    Parameters
    ----------
    make : callable
        Takes a seed, returns the estimator.
    grid : mapping of str to sequence of float
        Values by the estimator's names.
    X, y : array
        Samples and classes.
    n_jobs : int, default=1
        Fits at a time.
    backend : str, default="loky"
        Of joblib.
    count_programs : bool, default=False
        Whether skmlp's programs are dropped before each search, so that it compiles its own, and are counted.
    """
    from joblib import parallel_config
    from sklearn.model_selection import GridSearchCV

    from benchmarks._process import timed

    def run(seed: int) -> Readings:
        search = GridSearchCV(make(seed), grid, cv=5, n_jobs=n_jobs)
        if count_programs:
            import skmlp

            skmlp.clear_cache()
            before = skmlp.cache_info().traces
        with parallel_config(backend=backend):
            readings: Readings = timed(lambda: search.fit(X, y))
        if count_programs:
            readings["programs"] = skmlp.cache_info().traces - before
        return {**readings, "accuracy": float(search.best_score_), "n_test": len(y)}

    return run
