"""The command: ``python -m benchmarks [CASE ...]``."""

from __future__ import annotations

import argparse
import datetime
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks._plots import draw
from benchmarks._report import console, machine, markdown
from benchmarks._run import ROOT, run_case
from benchmarks._summary import verdicts
from benchmarks.cases import NAMES, find


def main(arguments: list[str] | None = None) -> int:
    """Run cases, and add their results to the file; 1 if a target was missed or a peer failed."""
    parser = argparse.ArgumentParser("python -m benchmarks", description="Compare skmlp with its peers, side by side.")
    parser.add_argument("cases", nargs="*", metavar="CASE", help="default: all of them")
    parser.add_argument("--list", action="store_true", help="say which cases there are")
    parser.add_argument("--report", action="store_true", help="print the tables of the last results as Markdown")
    parser.add_argument("--repeats", type=int, default=5, help="turns of each peer (default: %(default)s)")
    parser.add_argument("--quick", action="store_const", dest="repeats", const=3, help="three turns")
    parser.add_argument("--peers", nargs="+", default=(), metavar="PEER", help='only these, as "skmlp" "scikit-learn"')
    parser.add_argument("--out", type=Path, default=ROOT / "build/benchmarks", help="directory of the results")
    options = parser.parse_args(arguments)
    file = options.out / "benchmarks.json"
    report: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {"cases": {}}
    if options.list:
        for name in NAMES:
            print(f"{name:{max(map(len, NAMES))}} {find(name).title}")
        return 0
    if options.report:
        print(markdown(report), end="")
        return 0
    unknown = [name for name in options.cases if name not in NAMES and not name.startswith(":")]
    if unknown or options.repeats < 1:
        parser.error(f"unknown cases: {', '.join(unknown)}" if unknown else "at least one repeat is needed")
    options.out.mkdir(parents=True, exist_ok=True)
    good = True
    with tempfile.TemporaryDirectory() as directory:
        for module in options.cases or NAMES:
            result = _run(module, options, Path(directory))
            name = find(module).name
            print(console(name, result), flush=True)
            results = report["cases"] | {name: result}
            report["cases"] = dict(sorted(results.items(), key=lambda item: (*NAMES, item[0]).index(item[0])))
            file.write_text(json.dumps(report, indent=1) + "\n")
            good &= all(verdict.met for verdict in verdicts(result) if verdict.met is not None)
            good &= all(runner.get("error") in (None, "not installed") for runner in result["runners"].values())
    draw(report, options.out)
    return 0 if good else 1


def _run(module: str, options: argparse.Namespace, data_dir: Path) -> dict[str, Any]:
    """Make a case's data, unless an earlier case did, and run it."""
    case = find(module)
    if case.data is not None and not (data_dir / case.data).exists():
        print(f"{case.name}: making {case.data}", flush=True)
        command = [sys.executable, "-m", "benchmarks.data", case.data, str(data_dir)]
        made = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603  (ours)
        if made.returncode:
            sys.exit(made.stderr)
    started = datetime.datetime.now(tz=datetime.UTC).date().isoformat()
    result = run_case(case, module, options.repeats, peers=options.peers, data_dir=data_dir)
    return {"date": started, "machine": machine(), **result}


if __name__ == "__main__":
    sys.exit(main())
