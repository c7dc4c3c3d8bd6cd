"""One peer's process: ``python -m benchmarks.worker CASE RUNNER``, a line of JSON for every run.

It says ``{"ready": true}`` after its preparation; then each line on standard input is a seed, and each line on
standard output the readings of a run. Between runs it sleeps in a read, and reports what it used meanwhile.
"""

from __future__ import annotations

import json
import os
import sys
import time
import warnings

from benchmarks.cases import find


def main() -> None:
    """Prepare, and run once for every line."""
    case, runner = sys.argv[1:]
    with os.fdopen(os.dup(1), "w") as answers:
        os.dup2(2, 1)  # what libraries print does not come between the answers
        # every peer is to train all of its epochs, and scikit-learn warns of that
        warnings.filterwarnings("ignore", message="Stochastic Optimizer: Maximum iterations")

        def answer(message: object) -> None:
            print(json.dumps(message), file=answers, flush=True)

        run = find(case).runner(runner).prepare()
        answer({"ready": True})
        idle_since, used = time.perf_counter(), time.process_time()
        for line in sys.stdin:
            idle = time.perf_counter() - idle_since
            readings = {"idle_cpu": (time.process_time() - used) / idle} if idle > 1 else {}
            answer({**run(json.loads(line)), **readings})
            idle_since, used = time.perf_counter(), time.process_time()


if __name__ == "__main__":
    main()
