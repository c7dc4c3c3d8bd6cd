"""Fits on cores that others use, too: beside one busy process on each of them, and alone."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from benchmarks._case import Case, Readings, Run, Runner, Target
from benchmarks._training import imported

BUSY = "while True: pass"
N_FITS = 5

FITS: dict[str, tuple[dict[str, Any], int]] = {
    "20-100-3": ({"hidden": (100,), "batch_size": 32, "epochs": 50}, 20),
    "784-200-100-3": ({"hidden": (200, 100), "batch_size": 32, "epochs": 1}, 784),
}
"""The network, and the number of features."""


@contextmanager
def busy_cores() -> Iterator[None]:
    """Keep a process busy for each core."""
    processes = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(os.cpu_count() or 1)]  # noqa: S603  (ours)
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def _prepare(name: str, what: str) -> Run:
    peer = imported(name)
    import numpy as np

    from benchmarks._process import timed
    from benchmarks.peers import Network

    arguments, n_features = FITS[what]
    n_rows, n_classes = 32 * 64 if arguments["epochs"] == 1 else 1000, 3
    rng = np.random.default_rng(0)
    X = rng.random((n_rows, n_features), dtype=np.float32)
    y = rng.integers(0, n_classes, n_rows)

    def median_seconds(seed: int) -> float:
        def fit() -> None:
            peer.make(Network(**arguments), n_features, n_classes, seed).fit(X, y)

        fit()  # what stood still meanwhile comes back
        return statistics.median(timed(fit)["seconds"] for _ in range(N_FITS))

    median_seconds(0)

    def run(seed: int) -> Readings:
        alone = median_seconds(seed)
        with busy_cores():
            beside = median_seconds(seed)
        return {"seconds": alone, "busy_seconds": beside, "slowdown": beside / alone}

    return run


CASE = Case(
    "busy_cores",
    "Cores that others use, too",
    "fits beside one busy process on each core, and alone: 1,000 × 20, 20-100-3, 50 epochs, and 2,048 × 784, "
    "784-200-100-3, an epoch; ReLU, Adam, batch 32, compiled before (medians of 5 a run)",
    tuple(
        Runner(f"{peer}, {what}", partial(_prepare, peer, what), (package,))
        for what in FITS
        for peer, package in (("skmlp", "skmlp"), ("scikit-learn", "sklearn"))
    ),
    tuple(Target(2.5, of=f"skmlp, {what}", reading="slowdown") for what in FITS),
)
