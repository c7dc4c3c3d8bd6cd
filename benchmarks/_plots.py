"""The pictures: ratios beside their targets, and growth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks._report import WORDS, called
from benchmarks._summary import Result, Spread, verdicts

BLUE, ORANGE = "#0072b2", "#d55e00"

AXES = {
    "rows": "rows (20 features, 100 hidden units)",
    "features": "features (2,000 sparse rows, 32 units)",
    "widths": "width of both hidden layers (2,000 rows)",
    "candidates": "candidates (500 rows, 3 folds)",
}


def draw(report: dict[str, Any], directory: Path) -> None:
    """Draw what the report has, to ``benchmarks.png`` and ``growth.png``."""
    draw_ratios(report["cases"], directory / "benchmarks.png")
    if "growth" in report["cases"]:
        draw_growth(report["cases"]["growth"], directory / "growth.png")


def draw_ratios(cases: dict[str, Result], file: Path) -> None:
    """A bar for each ratio that has a target."""
    bars = []
    for name, result in cases.items():
        for verdict in verdicts(result):
            target, spread = verdict.target, verdict.spread
            if spread is None or not target["against"] or target["how"] != "ratio":
                continue
            variant = target["of"].partition(", ")[2]
            memory = [WORDS[target["reading"]]] if target["reading"] != "seconds" else []
            what = ", ".join([called(name, result), *([variant] if variant else []), *memory])
            bars.append(Bar(f"{what} ({target['against']})", spread, target["at_most"]))
    if bars:
        draw_bars(bars, file)


@dataclass(frozen=True)
class Bar:
    """A ratio, what it is of and, in brackets, to whom, and its target."""

    label: str
    spread: Spread
    at_most: float


def draw_bars(bars: Sequence[Bar], file: Path) -> None:
    """A bar for each ratio on a logarithmic axis; the target is a line across it."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 1.2 + 0.3 * len(bars)), layout="constrained")
    axes = figure.add_subplot()
    for place, bar in enumerate(bars):
        spread = bar.spread
        axes.barh(place, spread.median, color=BLUE if spread.median <= bar.at_most else ORANGE, height=0.6)
        axes.plot([spread.low, spread.high], [place, place], color="black", linewidth=1)
        axes.plot([bar.at_most] * 2, [place - 0.42, place + 0.42], color="black", linewidth=2.5)
    axes.set_xscale("log")
    axes.set_xlim(left=min(value for bar in bars for value in (bar.spread.low, bar.at_most)) / 2)
    axes.axvline(1, color="gray", linestyle=":", linewidth=1)
    axes.set_yticks(range(len(bars)), [bar.label for bar in bars])
    axes.set_ylim(len(bars) - 0.4, -0.6)
    axes.xaxis.set_major_formatter("{x:g}")
    figure.supxlabel(
        "skmlp divided by the peer in brackets, time if nothing else is said:\n"
        "median, range of the runs (thin line), target (thick line); orange: missed",
        fontsize=9,
    )
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(file, dpi=180)


def draw_growth(result: Result, file: Path) -> None:
    """Seconds by size, a panel for each thing that grows."""
    from matplotlib.figure import Figure

    runs = {name: runner["runs"][0] for name, runner in result["runners"].items() if runner["runs"]}
    panels = list(dict.fromkeys(name.partition(", ")[2] for name in runs))
    if not panels:
        return
    figure = Figure(figsize=(7.2, 5.6), layout="constrained")
    for axes, panel in zip(figure.subplots(2, 2).flat, panels, strict=False):
        for peer, colour, marker in (("skmlp", BLUE, "o"), ("scikit-learn", ORANGE, "s")):
            if run := runs.get(f"{peer}, {panel}"):
                axes.loglog(run["sizes"], run["curve"], color=colour, marker=marker, label=peer)
        if run := runs.get(f"skmlp, {panel}"):
            linear = [run["curve"][-1] * work / run["work"][-1] for work in run["work"]]
            shown = [(size, y) for size, y in zip(run["sizes"], linear, strict=True) if y > min(run["curve"]) / 3]
            axes.loglog(*zip(*shown, strict=True), color="gray", linestyle=":", label="in proportion to the work")
        axes.set_xlabel(AXES[panel])
        axes.set_ylabel("time (s)")
        axes.spines[["top", "right"]].set_visible(False)
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=len(labels), frameon=False)
    for unused in figure.axes[len(panels) :]:
        unused.remove()
    figure.savefig(file, dpi=180)
