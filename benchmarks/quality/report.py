"""The tables and the picture of what was measured."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping
from pathlib import Path

from benchmarks.quality.methods import METHODS
from benchmarks.quality.sets import SETS

Results = Mapping[str, Mapping[str, list[dict[str, float]]]]
"""By set and method, the readings of each seed."""

REFERENCE = "realmlp"


def markdown(results: Results) -> str:
    """Errors by set, then the mean rank, the mean ratio and the seconds of a fit."""
    methods = [name for name in METHODS if any(name in of_set for of_set in results.values())]
    sets = [name for name in SETS if name in results]
    means, ranks, ratios = errors(results), mean_ranks(results), mean_ratios(results)
    head = ["method", *(SETS[name].title for name in sets), "mean rank", "mean ratio", "first fit, s", "next fit, s"]
    rows = [head, ["---"] * len(head)]
    for method in methods:
        of_sets = [_cell(means[name], method) for name in sets]
        ratio = f"{ratios[method]:.3f}" if method in ratios else ""
        seconds = [_seconds(results, method, reading) for reading in ("cold", "warm")]
        rows.append([METHODS[method].title, *of_sets, f"{ranks[method]:.1f}", ratio, *seconds])
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def of_seeds(results: Results, n_seeds: int) -> Results:
    """The first readings of each set and method that has so many: what is compared is of the same splits."""
    return {
        name: {method: readings[:n_seeds] for method, readings in of_set.items() if len(readings) >= n_seeds}
        for name, of_set in results.items()
    }


def errors(results: Results) -> dict[str, dict[str, float]]:
    """The mean over seeds, by set and method."""
    return {
        name: {method: statistics.fmean(each["error"] for each in readings) for method, readings in of_set.items()}
        for name, of_set in results.items()
    }


def mean_ranks(results: Results) -> dict[str, float]:
    """The mean over the sets that a method was run on of its place, from 1; methods that tie share the best one."""
    places: dict[str, list[int]] = {}
    for of_set in errors(results).values():
        for method, value in of_set.items():
            places.setdefault(method, []).append(1 + sum(other < value for other in of_set.values()))
    return {method: statistics.fmean(of_method) for method, of_method in places.items()}


def mean_ratios(results: Results) -> dict[str, float]:
    """The geometric mean over the sets of the error divided by that of RealMLP-TD, for methods that ran on all."""
    means = {name: of_set for name, of_set in errors(results).items() if of_set.get(REFERENCE)}
    if not means:
        return {}
    everywhere = set.intersection(*(set(of_set) for of_set in means.values()))
    return {
        method: math.exp(statistics.fmean(math.log(of_set[method] / of_set[REFERENCE]) for of_set in means.values()))
        for method in everywhere
        if all(of_set[method] for of_set in means.values())
    }


def draw(results: Results, file: Path) -> None:
    """Errors relative to the best of each set, a row for each set, a mark for each method."""
    from matplotlib.figure import Figure

    sets = [name for name in SETS if name in results]
    figure = Figure(figsize=(7.2, 1.6 + 0.55 * len(sets)), layout="constrained")
    axes = figure.add_subplot()
    means = errors(results)
    for place, method in enumerate(METHODS):
        rows = [row for row, name in enumerate(sets) if method in means[name]]
        if not rows:
            continue
        relative = [means[sets[row]][method] / min(means[sets[row]].values()) for row in rows]
        ours = METHODS[method].title.startswith("skmlp")
        axes.scatter(
            relative,
            rows,
            marker="oh*sD^v<>Px"[place],
            s=60,
            color=f"C{place}" if place < 10 else "black",
            label=METHODS[method].title.replace("`", ""),
            zorder=3 if ours else 2,
        )
    axes.set_yticks(range(len(sets)), [SETS[name].title for name in sets])
    axes.set_ylim(len(sets) - 0.5, -0.5)
    axes.grid(axis="y", linewidth=0.5)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter("{x:g}")
    axes.tick_params(axis="x", which="both", labelsize=8)
    axes.set_xlabel("error / least error of the set")
    figure.legend(loc="outside lower center", ncols=2, fontsize=8)
    figure.savefig(file, dpi=150)


def _cell(of_set: Mapping[str, float], method: str) -> str:
    if method not in of_set:
        return ""
    text = f"{of_set[method]:.4f}"
    return f"**{text}**" if of_set[method] == min(of_set.values()) else text


def _seconds(results: Results, method: str, reading: str) -> str:
    """The mean over the sets that have the most training rows, where a fit takes the longest."""
    largest = [of_set[method] for name, of_set in results.items() if name in _LARGE and method in of_set]
    values = [each[reading] for readings in largest for each in readings]
    return f"{statistics.fmean(values):.1f}" if values else ""


_LARGE = ("adult", "california", "wine_quality")
