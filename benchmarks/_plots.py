"""The pictures: ratios beside their targets, and growth."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks._report import WORDS
from benchmarks._summary import Result, verdicts

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
    """A bar for each ratio that has a target, on a logarithmic axis; the target is a line across it."""
    from matplotlib.figure import Figure

    rows = [
        (name, verdict)
        for name, result in cases.items()
        for verdict in verdicts(result)
        if verdict.spread is not None and verdict.target["against"] and verdict.target["how"] == "ratio"
    ]
    if not rows:
        return
    figure = Figure(figsize=(7.2, 1.2 + 0.3 * len(rows)), layout="constrained")
    axes = figure.add_subplot()
    labels = []
    for place, (name, verdict) in enumerate(rows):
        target, spread = verdict.target, verdict.spread
        assert spread is not None  # noqa: S101  (chosen above)
        variant = target["of"].partition(", ")[2]
        memory = f", {WORDS[target['reading']]}" if target["reading"] != "seconds" else ""
        labels.append(f"{name}{f' ({variant})' if variant else ''} / {target['against']}{memory}")
        axes.barh(place, spread.median, color=BLUE if verdict.met else ORANGE, height=0.6)
        axes.plot([spread.low, spread.high], [place, place], color="black", linewidth=1)
        axes.plot([target["at_most"]] * 2, [place - 0.42, place + 0.42], color="black", linewidth=2.5)
    values = [value for _, verdict in rows for value in (verdict.spread.low, verdict.target["at_most"])]
    axes.set_xscale("log")
    axes.set_xlim(left=min(values) / 2)
    axes.axvline(1, color="gray", linestyle=":", linewidth=1)
    axes.set_yticks(range(len(rows)), labels)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.xaxis.set_major_formatter("{x:g}")
    figure.supxlabel(
        "skmlp / peer: median, range of the runs (thin line), target (thick line); orange: missed", fontsize=9
    )
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(file, dpi=120)


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
    figure.savefig(file, dpi=120)
