"""What a case's runs say: medians, ratios with their spread, verdicts, and whether accuracies agree.

Works on what is in the JSON file, so that a report needs no run.
"""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from itertools import combinations
from typing import Any

Result = dict[str, Any]
"""A case in the JSON file."""


@dataclass(frozen=True)
class Spread:
    """A median, with the least and the greatest value."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: list[float]) -> Spread:
        """The spread of some values."""
        return cls(statistics.median(values), min(values), max(values))


def readings(result: Result, runner: str, name: str) -> list[float]:
    """A reading of each run; empty if there were no runs, or none had it."""
    runs = result["runners"].get(runner, {}).get("runs", [])
    return [run[name] for run in runs if name in run]


def compared(result: Result, of: str, against: str, reading: str = "seconds", how: str = "ratio") -> Spread | None:
    """One runner's reading relative to another's, run by run; a slow runner's last run is used again."""
    ours, theirs = readings(result, of, reading), readings(result, against, reading)
    if not ours or not theirs:
        return None
    pairs = [
        (ours[min(run, len(ours) - 1)], theirs[min(run, len(theirs) - 1)]) for run in range(max(len(ours), len(theirs)))
    ]
    return Spread.of([mine / other if how == "ratio" else mine - other for mine, other in pairs])


@dataclass(frozen=True)
class Verdict:
    """A target, and what was read; ``met`` is None if it was not read."""

    target: dict[str, Any]
    spread: Spread | None

    @property
    def met(self) -> bool | None:
        """Whether the median is at most what the target says."""
        return None if self.spread is None else self.spread.median <= self.target["at_most"]


def verdicts(result: Result) -> list[Verdict]:
    """Each target of a case."""
    found = []
    for target in result["targets"]:
        if target["against"] is None:
            values = readings(result, target["of"], target["reading"])
            spread = Spread.of(values) if values else None
        else:
            spread = compared(result, *(target[name] for name in ("of", "against", "reading", "how")))
        found.append(Verdict(target, spread))
    return found


@dataclass(frozen=True)
class Disagreement:
    """Two runners of a group whose accuracies differ by more than noise."""

    runners: tuple[str, str]
    difference: float
    noise: float


def disagreements(result: Result) -> list[Disagreement]:
    """Pairs of a group whose median accuracies differ by more than noise.

    Noise is the greater of two things: three standard errors of a difference of two shares of ``n_test`` samples, and
    twice the widest range that a runner's accuracies have over their seeds. With one seed that is not known, and
    nothing is said.
    """
    found = []
    widest: dict[str, float] = {}
    for runner, outcome in result["runners"].items():
        values = readings(result, runner, "accuracy")
        if len(values) > 1:
            widest[outcome["group"]] = max(widest.get(outcome["group"], 0.0), max(values) - min(values))
    for one, other in combinations(result["runners"], 2):
        accuracies = [readings(result, runner, "accuracy") for runner in (one, other)]
        group = result["runners"][one]["group"]
        if group != result["runners"][other]["group"] or group not in widest or not all(accuracies):
            continue
        first, second = map(statistics.median, accuracies)
        p = (first + second) / 2
        noise = max(3 * math.sqrt(2 * p * (1 - p) / readings(result, one, "n_test")[0]), 2 * widest[group])
        difference = abs(first - second)
        if difference > noise:
            found.append(Disagreement((one, other), difference, noise))
    return found


def limits(result: Result, reading: str = "seconds") -> dict[str, float]:
    """The share of each runner's time that the limit of its variant is, if that was read: the median over the runs."""
    shares = {}
    for runner in result["runners"]:
        peer, comma, variant = runner.partition(",")
        seconds, limit = readings(result, runner, "seconds"), readings(result, f"limit{comma}{variant}", reading)
        if peer != "limit" and seconds and limit:
            shares[runner] = statistics.median(bound / took for bound, took in zip(limit, seconds, strict=False))
    return shares
