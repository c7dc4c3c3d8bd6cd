"""The same search on two cores, in threads and in processes."""

from __future__ import annotations

import os
from functools import partial

from benchmarks._case import Case, Readings, Run, Runner, Target
from benchmarks.cases.grid_digits import prepare

N_JOBS = 2


def _prepare_processes(name: str) -> Run:
    """The search in loky's processes, which started and compiled before; also reads how busy their threads are."""
    search = prepare(name, N_JOBS, "loky", compiled=True)
    from benchmarks._process import children, thread_seconds

    def run(seed: int) -> Readings:
        before = {pid: thread_seconds(pid) for pid in children()}
        readings = search(seed)
        used = {
            pid: [seconds - threads.get(thread, 0.0) for thread, seconds in thread_seconds(pid).items()]
            for pid, threads in before.items()
        }
        of_all = sum(map(sum, used.values()))
        # a thread that computes has its share of the work; what others do (queues, waiting) is far below 5 % of it
        busy = sum(seconds > 0.05 * of_all for threads in used.values() for seconds in threads)
        readings["threads_per_core"] = busy / (os.cpu_count() or 1)
        readings["cpu_seconds"] += of_all
        return readings

    return run


CASE = Case(
    "grid_parallel",
    "as grid_digits with n_jobs=2, in threads and in loky's processes; compiled before",
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
        Target(1.0, of="skmlp, processes", reading="threads_per_core"),
    ),
    data="digits",
)
