"""The same search on two cores, in threads and in processes."""

from __future__ import annotations

from functools import partial

import numpy as np

from benchmarks._case import Case, Readings, Run, Runner, Target
from benchmarks.cases.grid_digits import prepare

N_JOBS = 2


def _prepare_processes(name: str) -> Run:
    """The search in loky's processes, compiled before; also reads how long their threads wait for a core."""
    search = prepare(name, N_JOBS, "loky", compiled=True)
    from benchmarks._process import children, seconds_run_and_waited

    def run(seed: int) -> Readings:
        workers = children()
        before = np.sum([seconds_run_and_waited(pid) for pid in workers], axis=0)
        readings = search(seed)
        ran, waited = np.sum([seconds_run_and_waited(pid) for pid in workers], axis=0) - before
        readings["waiting"] = waited / (ran + waited)
        readings["cpu_seconds"] += ran
        return readings

    return run


CASE = Case(
    "grid_parallel",
    "A grid search on two cores",
    "as the grid search, with n_jobs=2, in threads and in loky's processes; compiled before",
    (
        Runner("skmlp", partial(prepare, "skmlp", compiled=True), ("skmlp",)),
        Runner("skmlp, threads", partial(prepare, "skmlp", N_JOBS, "threading", compiled=True), ("skmlp",)),
        Runner("skmlp, processes", partial(_prepare_processes, "skmlp"), ("skmlp",)),
        Runner("scikit-learn, threads", partial(prepare, "scikit-learn", N_JOBS, "threading", compiled=True)),
        Runner("scikit-learn, processes", partial(_prepare_processes, "scikit-learn")),
    ),
    (
        Target(1 / 1.4, "skmlp", of="skmlp, threads"),
        Target(1.0, "skmlp", of="skmlp, processes"),
        Target(0.1, of="skmlp, processes", reading="waiting"),
    ),
    data="digits",
)
