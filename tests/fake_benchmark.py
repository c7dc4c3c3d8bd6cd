"""A case without peers: runners that answer at once, one that fails, and one that cannot be there."""

import itertools
import os
import sys

from benchmarks._case import Case, Runner, Target


def _prepare(seconds):
    runs = itertools.count(1)

    def run(seed):
        sys.stdout.write("what a library prints\n")
        return {
            "seconds": seconds + seed,
            "accuracy": 0.9,
            "n_test": 100,
            "runs": next(runs),
            "process": os.getpid(),
        }

    return lambda: run


def _fail():
    raise RuntimeError("out of luck")


CASE = Case(
    "fake",
    "A fake",
    "nothing is trained",
    (
        Runner("ours", _prepare(1.0)),
        Runner("theirs", _prepare(10.0)),
        Runner("slow", _prepare(100.0), repeats=1),
        Runner("broken", _fail),
        Runner("absent", _fail, packages=("no_package_has_this_name",)),
    ),
    (
        Target(0.2, "theirs", of="ours"),
        Target(5, "theirs", of="slow"),
        Target(0, "theirs", of="ours", how="difference"),
        Target(1.5, of="ours"),
        Target(1, "broken", of="ours"),
    ),
)

FRESH = Case("fake_fresh", "A fresh fake", "a process for every run", (Runner("ours", _prepare(1.0)),), (), fresh=True)
