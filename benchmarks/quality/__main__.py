"""The command: ``python -m benchmarks.quality [SET ...]``."""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks._run import ROOT
from benchmarks.quality.methods import METHODS
from benchmarks.quality.report import draw, markdown, of_seeds
from benchmarks.quality.sets import SETS

ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "TF_NUM_INTRAOP_THREADS"), "1"
)


def main(arguments: list[str] | None = None) -> int:
    """Measure what is not in the file yet, and print the table; 1 if a method failed."""
    parser = argparse.ArgumentParser("python -m benchmarks.quality", description="How well estimators predict tables.")
    parser.add_argument("sets", nargs="*", metavar="SET", help=f"of {', '.join(SETS)}; default: all of them")
    parser.add_argument("--methods", nargs="+", default=list(METHODS), choices=METHODS, metavar="METHOD")
    parser.add_argument("--seeds", type=int, default=2, help="splits of each set (default: %(default)s)")
    parser.add_argument("--files", type=Path, default=Path("data"), help="folder of UCI's files (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=ROOT / "build/quality", help="directory of the results")
    options = parser.parse_args(arguments)
    if unknown := {*options.sets} - {*SETS}:
        parser.error(f"unknown sets: {', '.join(sorted(unknown))}")
    options.out.mkdir(parents=True, exist_ok=True)
    file = options.out / "quality.json"
    results: dict[str, dict[str, list[dict[str, float]]]] = json.loads(file.read_text()) if file.exists() else {}
    good = True
    for name in options.sets or SETS:
        for method in options.methods:
            if importlib.util.find_spec(METHODS[method].needs) is None:
                print(f"{name}, {method}: {METHODS[method].needs} is not installed", flush=True)
                continue
            readings = results.get(name, {}).get(method, [])
            for seed in range(len(readings), options.seeds):
                found = _measured(name, method, seed, options.files)
                if "failed" in found:
                    print(f"{name}, {method}, seed {seed}: {found['failed']}", flush=True)
                    good = False
                    break
                readings.append(found)
                print(f"{name}, {method}, seed {seed}: {found['error']:.4f} in {found['cold']:.1f} s", flush=True)
                results.setdefault(name, {})[method] = readings
                file.write_text(json.dumps(results, indent=1) + "\n")
    compared = of_seeds(results, options.seeds)
    print(markdown(compared), end="")
    draw(compared, options.out / "quality.png")
    return 0 if good else 1


def _measured(name: str, method: str, seed: int, files: Path) -> dict[str, Any]:
    """What a process of its own says, on one core."""
    command = [sys.executable, "-m", "benchmarks.quality.worker", name, method, str(seed), str(files.resolve())]
    done = subprocess.run(  # noqa: S603  (our own module)
        command, cwd=ROOT, env=os.environ | ONE_THREAD, capture_output=True, text=True, check=False
    )
    if done.returncode:
        return {"failed": (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]}
    found: dict[str, Any] = json.loads(done.stdout)
    return found


if __name__ == "__main__":
    sys.exit(main())
