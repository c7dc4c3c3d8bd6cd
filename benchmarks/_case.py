"""What a case is: who runs, what a run reads, and the targets that its readings must meet.

Nothing but the standard library is imported here, so that a worker's baseline is its peer's and not ours.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Readings = dict[str, Any]
"""One run's figures by name: "seconds", "accuracy" (with "n_test"), "peak_mb", ..."""

Run = Callable[[int], Readings]
"""One timed run, given its seed."""


@dataclass(frozen=True)
class Runner:
    """A peer in a case, which runs in a process of its own.

    Attributes
    ----------
    name : str
        The peer, and after a comma its variant.
    prepare : callable
        Called once in the process: imports the peer, loads the data, warms up. Returns the timed run.
    packages : tuple of str
        Without these the runner is reported as not installed.
    group : str
        The accuracies of a group are compared.
    repeats : int or None
        The most runs, for a slow one.
    """

    name: str
    prepare: Callable[[], Run]
    packages: tuple[str, ...] = ()
    group: str = ""
    repeats: int | None = None

    @property
    def installed(self) -> bool:
        """Whether all of its packages are."""
        return all(importlib.util.find_spec(package) for package in self.packages)


@dataclass(frozen=True)
class Target:
    """The most that a reading may be.

    Attributes
    ----------
    at_most : float
        The bound.
    against : str or None
        The runner that it is relative to, or None for an absolute bound.
    of : str
        The runner that must meet it.
    reading : str
        The name of the reading.
    how : {"ratio", "difference"}
        How the two runners' readings are compared, run by run.
    """

    at_most: float
    against: str | None = None
    of: str = "skmlp"
    reading: str = "seconds"
    how: str = "ratio"


@dataclass(frozen=True)
class Case:
    """A benchmark.

    Attributes
    ----------
    name : str
        As on the command line.
    called : str
        As in the report.
    title : str
        Data, network and training, in a line.
    runners : tuple of Runner
        Who runs, in this order.
    targets : tuple of Target
        What must hold.
    data : str or None
        The row of `benchmarks.data.DATA` that the runners load.
    fresh : bool
        Whether every run has a new process.
    """

    name: str
    called: str
    title: str
    runners: tuple[Runner, ...]
    targets: tuple[Target, ...]
    data: str | None = None
    fresh: bool = False

    def runner(self, name: str) -> Runner:
        """The runner of that name."""
        return next(runner for runner in self.runners if runner.name == name)
