"""One method on one split: ``python -m benchmarks.quality.worker SET METHOD SEED FOLDER``, answered by a line of JSON.

It runs on one core, with one thread for each library.
"""

from __future__ import annotations

import json
import os
import sys
import time
import warnings
from pathlib import Path
from typing import Any

from benchmarks.quality.methods import METHODS
from benchmarks.quality.sets import Split, error, load


def main() -> None:
    """Fit, predict, and where the method compiles, fit again."""
    name, method_name, seed, folder = sys.argv[1:]
    with os.fdopen(os.dup(1), "w") as answer:
        os.dup2(2, 1)
        warnings.simplefilter("ignore")
        method = METHODS[method_name]
        split = load(name, Path(folder), int(seed))
        estimator, cold = _timed(method.make(split, int(seed)), split)
        found = {"error": error(split, estimator.predict(split.X_test)), "cold": cold, "warm": cold}
        if method.compiles:
            _, found["warm"] = _timed(method.make(split, int(seed)), split)
        print(json.dumps(found), file=answer, flush=True)


def _timed(estimator: Any, split: Split) -> tuple[Any, float]:
    """The fitted estimator, and the seconds of the processor that its fit took, imports included."""
    start = time.process_time()
    estimator.fit(split.X, split.y)
    return estimator, time.process_time() - start


if __name__ == "__main__":
    main()
