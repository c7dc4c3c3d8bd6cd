"""Importing: what a process pays that may never train."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import partial

from benchmarks._case import Case, Readings, Run, Runner, Target

SCRIPT = """
import sys, time
start = time.perf_counter()
import {module}
seconds = time.perf_counter() - start
print('{{"seconds": %r, "tensorflow": %d}}' % (seconds, "tensorflow" in sys.modules))
"""


def _prepare(module: str) -> Run:
    def run(seed: int) -> Readings:
        command = [sys.executable, "-c", SCRIPT.format(module=module)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603  (our own script)
        readings: Readings = json.loads(done.stdout)
        return readings

    run(0)  # reads the files from the disk
    return run


CASE = Case(
    "import",
    "Importing",
    "import skmlp, beside sklearn.neural_network and the others, each in a new interpreter",
    tuple(
        Runner(name, partial(_prepare, module), (module.partition(".")[0],))
        for name, module in (
            ("skmlp", "skmlp"),
            ("scikit-learn", "sklearn.neural_network"),
            ("Keras fit", "keras"),
            ("SciKeras", "scikeras.wrappers"),
            ("skorch", "skorch"),
        )
    ),
    (Target(1.15, "scikit-learn"), Target(0, reading="tensorflow")),
)
