"""Print by how much two workers of loky, Dask or Ray speed up a grid search, beside one process; each has one thread.

Run it as ``python -m benchmarks.scaling``, or with names of some of them, on a machine with two cores that does nothing
else. It needs dask[distributed] and ray, as in the dependency group ``ecosystem``. There is no "one worker" of
joblib's: a single one makes `joblib.Parallel` run everything in the caller. So one process stands for it.
"""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import joblib
import numpy as np
from sklearn.datasets import make_classification
from sklearn.model_selection import GridSearchCV

from skmlp import KerasMLPClassifier

N_WORKERS = 2
GRID = {"learning_rate": [0.0003, 0.001, 0.003, 0.01], "l2": [1e-5, 1e-3]}
FOLDS = 3
N_TASKS = 300
TURNS = 3


def warm() -> int:
    """Have a worker import TensorFlow, and stay busy until the others have begun to."""
    KerasMLPClassifier(epochs=1).fit([[0.0], [1.0]], [0, 1])
    time.sleep(1)
    return os.getpid()


def nothing(number: int) -> int:
    """A task that takes no time by itself."""
    return number


@contextlib.contextmanager
def one(arrays: list[Any]) -> Iterator[None]:
    """No workers."""
    warm()
    with joblib.parallel_config("sequential"):
        yield


@contextlib.contextmanager
def loky(arrays: list[Any]) -> Iterator[None]:
    """The workers that joblib starts by itself."""
    with joblib.parallel_config("loky", n_jobs=N_WORKERS):
        _warm_up()
        yield


@contextlib.contextmanager
def dask(arrays: list[Any]) -> Iterator[None]:
    """The workers of a cluster of Dask's on this machine."""
    from dask.distributed import Client

    with Client(n_workers=N_WORKERS, threads_per_worker=1, dashboard_address=None) as client:
        client.run(warm)
        with joblib.parallel_config("dask", scatter=arrays):
            yield


@contextlib.contextmanager
def ray(arrays: list[Any]) -> Iterator[None]:
    """Ray's workers, which are new ones for each search."""
    import ray
    from ray.util.joblib import register_ray

    ray.init(num_cpus=N_WORKERS, include_dashboard=False, log_to_driver=False)
    register_ray()
    with joblib.parallel_config("ray", n_jobs=N_WORKERS):
        yield
    ray.shutdown()


def _warm_up() -> None:
    pids = joblib.Parallel(batch_size=1, pre_dispatch="all")(joblib.delayed(warm)() for _ in range(N_WORKERS))
    if len(set(pids)) != N_WORKERS:
        raise RuntimeError("One worker took the place of another while they were warmed up: run it again.")


WAYS: dict[str, Callable[[list[Any]], contextlib.AbstractContextManager[None]]] = {
    "one process": one,
    "loky": loky,
    "Dask": dask,
    "Ray": ray,
}


def measured(way: str) -> dict[str, Any]:
    """Seconds until the workers are there and warm, of the first search and of later ones, and of an empty task."""
    X, y = make_classification(10_000, 50, n_informative=20, random_state=0)
    X = X.astype(np.float32)
    mlp = KerasMLPClassifier((100,), epochs=50, batch_size=100, random_state=0)
    search = GridSearchCV(mlp, GRID, cv=FOLDS, refit=False)
    start = time.perf_counter()
    seconds = []
    with WAYS[way]([X, y]):
        until_warm = time.perf_counter() - start
        for _ in range(1 + TURNS):
            start = time.perf_counter()
            search.fit(X, y)
            seconds.append(time.perf_counter() - start)
        start = time.perf_counter()
        joblib.Parallel(batch_size=1)(joblib.delayed(nothing)(number) for number in range(N_TASKS))
        task = (time.perf_counter() - start) / N_TASKS
    results = search.cv_results_
    n_fits = FOLDS * len(results["params"])
    return {
        "until_warm": until_warm,
        "first": seconds[0],
        "later": statistics.median(seconds[1:]),
        "fits": float((results["mean_fit_time"] + results["mean_score_time"]).sum()) * FOLDS,
        "n_fits": n_fits,
        "task": task,
        "scores": results["mean_test_score"].tolist(),
    }


def main(names: list[str]) -> None:
    """Measure each way in a process of its own, and print a line for each."""
    scores: set[tuple[float, ...]] = set()
    alone = None
    for name in names or WAYS:
        command = [sys.executable, "-c", f"import benchmarks.scaling as s; print(s.json.dumps(s.measured({name!r})))"]
        environment = os.environ | {"OMP_NUM_THREADS": "1", "RAY_USAGE_STATS_ENABLED": "0"}
        done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603  (ours)
        read = json.loads(done.stdout.splitlines()[-1])
        scores.add(tuple(read["scores"]))
        print(
            f"{name}: {read['until_warm']:.1f} s until all workers have imported TensorFlow; {read['n_fits']} fits in "
            f"{read['first']:.1f} s, then in {read['later']:.2f} s, of all fits together {read['fits']:.1f} s; a task "
            f"that does nothing: {1000 * read['task']:.1f} ms",
            flush=True,
        )
        alone = read["later"] if name == "one process" else alone
        if alone is not None and name != "one process":
            print(f"  {alone / read['later']:.2f} times faster than one process", flush=True)
    print("all scores are the same" if len(scores) == 1 else "the scores differ")


if __name__ == "__main__":
    main(sys.argv[1:])
