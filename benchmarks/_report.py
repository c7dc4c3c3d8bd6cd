"""The report: the machine, a table of targets, a table of times, as Markdown; and lines for the console."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from benchmarks._summary import Result, Spread, Verdict, compared, disagreements, limits, readings, verdicts

LIBRARIES = (
    "skmlp",
    "scikit-learn",
    "keras",
    "tensorflow",
    "scikeras",
    "skorch",
    "torch",
    "jax",
    "optax",
    "numpy",
    "scipy",
)

UNITS = {
    "seconds": "s",
    "cpu_seconds": "s",
    "one_row_seconds": "s",
    "busy_seconds": "s",
    "peak_mb": "MB",
    "growth_mb": "MB",
    "growth_mb_a_fit": "MB",
}

WORDS = {
    "seconds": "time",
    "cpu_seconds": "CPU time",
    "accuracy": "accuracy",
    "peak_mb": "peak memory",
    "one_row_seconds": "time of one row",
    "growth_mb": "growth of resident memory",
    "growth_mb_a_fit": "growth of resident memory a fit",
    "programs": "programs compiled",
    "waiting": "fraction of their time that threads wait for a core",
    "tensorflow": "TensorFlow loaded",
    "busy_seconds": "time beside busy cores",
    "slowdown": "slowdown by busy cores",
    "exponent": "exponent of the work",
    "best_gflop_per_s": "best product, GFLOP/s",
    "gflop_per_s_at_shapes": "products at these shapes, GFLOP/s",
    "gbyte_per_s": "copy, GB/s",
}
"""How the report names readings; others are in the JSON file alone."""

ALWAYS = ("seconds", "cpu_seconds", "accuracy", "peak_mb")
"""Readings that have a column of the table if anybody has them; the others, if several runners do."""

MET = {True: "met", False: "missed", None: "not measured"}


def machine() -> dict[str, Any]:
    """What the readings were read on."""

    def installed(library: str) -> str | None:
        try:
            return version(library)
        except PackageNotFoundError:
            return None

    def field(file: str, name: str) -> str | None:
        path = Path("/proc") / file
        lines = path.read_text().splitlines() if path.exists() else []
        return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), None)

    total = field("meminfo", "MemTotal")
    return {
        "cpu": field("cpuinfo", "model name") or platform.processor(),
        "cores": os.cpu_count(),
        "memory_gb": round(int(total.split()[0]) * 1024 / 1e9, 1) if total else None,
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "libraries": {library: installed(library) for library in LIBRARIES},
    }


def describe(machine: dict[str, Any]) -> str:
    """The machine in a sentence."""
    libraries = ", ".join(f"{name} {number}" for name, number in machine["libraries"].items() if number)
    return (
        f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_gb']} GB of memory, {machine['system']}; "
        f"Python {machine['python']}, {libraries}"
    )


def target_words(target: dict[str, Any]) -> str:
    """What a target bounds."""
    words = f"{target['of']}: {WORDS[target['reading']]}"
    if target["against"] is not None:
        words += f" {'/' if target['how'] == 'ratio' else 'minus'} {target['against']}"
    return words


def _unit(target: dict[str, Any]) -> str:
    relative = target["against"] is not None and target["how"] == "ratio"
    return "" if relative else UNITS.get(target["reading"], "")


def _scaled(value: float, unit: str) -> tuple[float, str]:
    return (1000, "ms") if unit == "s" and abs(value) < 0.1 else (1, unit)


def _digits(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def number(value: float, unit: str = "") -> str:
    """A figure with its unit; three digits, and small times in milliseconds."""
    factor, unit = _scaled(value, unit)
    return f"{_digits(value * factor)} {unit}".strip()


def spread_words(spread: Spread | None, unit: str = "") -> str:
    """A median with its range, all of them in the unit of the median."""
    if spread is None:
        return "–"
    if spread.low == spread.high:
        return number(spread.median, unit)
    factor, unit = _scaled(spread.median, unit)
    median, low, high = (_digits(value * factor) for value in (spread.median, spread.low, spread.high))
    return f"{f'{median} {unit}'.strip()} ({low} to {high})"


def aligned(rows: Iterable[Iterable[str]]) -> list[str]:
    """Rows of a table with columns of one width."""
    table = [list(row) for row in rows]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table]


def target_rows(name: str, result: Result) -> list[list[str]]:
    """A row for each target: case, what, at most, measured, verdict."""

    def row(verdict: Verdict) -> list[str]:
        unit = _unit(verdict.target)
        measured = spread_words(verdict.spread, unit)
        return [name, target_words(verdict.target), number(verdict.target["at_most"], unit), measured, MET[verdict.met]]

    return [row(verdict) for verdict in verdicts(result)]


def _words(result: Result, runner: str, reading: str) -> str:
    values = readings(result, runner, reading)
    return spread_words(Spread.of(values), UNITS.get(reading, "")) if values else "–"


def _who_has(result: Result, reading: str) -> list[str]:
    return [runner for runner in result["runners"] if readings(result, runner, reading)]


def runner_table(result: Result) -> list[list[str]]:
    """A header, and a row for each runner."""
    runners = result["runners"]
    columns = [["runner", *runners]]
    columns += [
        [words, *(_words(result, runner, reading) for runner in runners)]
        for reading, words in WORDS.items()
        if len(_who_has(result, reading)) >= (1 if reading in ALWAYS else 2)
    ]
    for title, reading in (("limit / time", "seconds"), ("NumPy / time", "at_shapes_seconds")):
        if shares := limits(result, reading):
            columns.append([title, *(f"{shares[runner]:.0%}" if runner in shares else "–" for runner in runners)])
    columns.append(["runs", *(outcome.get("error") or str(len(outcome["runs"])) for outcome in runners.values())])
    return [list(row) for row in zip(*columns, strict=True)]


def asides(result: Result) -> list[str]:
    """What one runner alone has read."""
    alone = {reading: who[0] for reading in WORDS if len(who := _who_has(result, reading)) == 1}
    return [
        f"{runner}: {WORDS[reading]} {_words(result, runner, reading)}"
        for reading, runner in alone.items()
        if reading not in ALWAYS
    ]


def notes(name: str, result: Result) -> list[str]:
    """What a reader of the figures must know: accuracies that differ, and peers that did not sleep while idle."""
    found = [
        f"{name}: the accuracies of {one.runners[0]} and {one.runners[1]} differ by {one.difference:.4f}, "
        f"more than noise ({one.noise:.4f})"
        for one in disagreements(result)
    ]
    for runner in result["runners"]:
        idle = readings(result, runner, "idle_cpu")
        if idle and statistics.median(idle) > 0.05:
            found.append(f"{name}: {runner} used {statistics.median(idle):.0%} of a core while others ran")
    return found


LEAD = (
    ("small", "1,000 rows, 50 epochs", "Keras fit"),
    ("mnist_adam", "60,000 images, an epoch", "Keras fit"),
    ("mnist_large", "3.2 million weights, an epoch of 20,000 images", "Keras fit"),
    ("grid_digits", "61 fits of 20 epochs", "SciKeras"),
    ("newsgroups", "130,107 words, 5 epochs of 2,560 texts", "Keras fit"),
)
"""The cases that the report begins with, what is done there, and the runner that is Keras'."""

LEAD_HEADER = ["task", "skmlp", "scikit-learn", "Keras", "times faster than scikit-learn", "than Keras"]


def lead_rows(cases: dict[str, Result]) -> list[list[str]]:
    """A row for each of `LEAD` that was read: the times, and how many times faster ours is, turn by turn."""

    def faster(result: Result, peer: str) -> str:
        ratio = compared(result, peer, "skmlp")
        return "–" if ratio is None else _digits(ratio.median)

    return [
        [
            f"{called(name, cases[name])}: {what}",
            *(_words(cases[name], runner, "seconds") for runner in ("skmlp", "scikit-learn", keras)),
            *(faster(cases[name], runner) for runner in ("scikit-learn", keras)),
        ]
        for name, what, keras in LEAD
        if name in cases
    ]


def called(name: str, result: Result) -> str:
    """The plain name of a case; results of before there were any have the one of the command line alone."""
    words: str = result.get("called", name)
    return words


TARGET_HEADER = ["case", "what", "at most", "measured", "verdict"]


def console(name: str, result: Result) -> str:
    """A case, for the console."""
    lines = [f"{name}: {result['title']}"]
    lines += aligned(runner_table(result))
    lines += aligned([TARGET_HEADER, *target_rows(name, result)])
    return "\n".join([*lines, *asides(result), *notes(name, result), ""])


def markdown(report: dict[str, Any]) -> str:
    """The tables of docs/benchmarks.md."""

    def table(header: list[str], *rows: list[str]) -> list[str]:
        return [f"| {' | '.join(row)} |" for row in [header, ["---"] * len(header), *rows]]

    def described(name: str, result: Result) -> list[str]:
        title = result["title"][0].upper() + result["title"][1:]
        heading = called(name, result)
        lines = [f"### {heading}", "", f"{title} (`{name}`).", "", *table(*runner_table(result)), ""]
        if others := asides(result):
            lines += [*(f"- {aside}" for aside in others), ""]
        return lines

    cases = report["cases"]
    by_machine: dict[str, list[str]] = {}
    for name, result in cases.items():
        by_machine.setdefault(describe(result["machine"]), []).append(f"{name} ({result['date']})")
    warned = [note for name, result in cases.items() for note in notes(name, result)]
    return "\n".join(
        [
            "# Benchmarks",
            "",
            *table(LEAD_HEADER, *lead_rows(cases)),
            "",
            "`python -m benchmarks` (or `tox -e bench`) runs every case for skmlp and its peers. Each of them runs in "
            "its own process, and they take turns. Figures are medians over the turns, with the range in brackets; "
            "ratios are computed turn by turn.",
            "",
            *(f"- {words}: {', '.join(names)}" for words, names in by_machine.items()),
            "",
            "## Targets",
            "",
            *table(
                TARGET_HEADER,
                *(row for name, result in cases.items() for row in target_rows(called(name, result), result)),
            ),
            "",
            "## Readings",
            "",
            "*limit* is a lower bound on the time of a fit: its arithmetic at the highest rates at which NumPy "
            "multiplies float32 matrices and copies parameters on this machine, measured in the same run. "
            "*limit / time* is that bound divided by the measured time. *NumPy / time* uses the time that NumPy or "
            "SciPy takes for the matrix products of the actual shapes instead. Keras' model is built and traced before "
            "its `fit` is timed, except in the first fit of a process. Peak memory is resident memory without the "
            "imported libraries, "
            "but with the data. scikit-learn starts from random biases and the others from zeros, which may change "
            "its accuracy after few steps.",
            "",
            *(line for name, result in cases.items() for line in described(name, result)),
            *([*(f"- {note}" for note in warned), ""] if warned else []),
        ]
    )
