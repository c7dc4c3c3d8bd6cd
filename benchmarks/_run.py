"""Runs a case: a process for every peer, asked in turn, so that all of them meet the same state of the machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Collection
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from benchmarks._case import Case, Readings, Runner

ROOT = Path(__file__).parents[1]


class WorkerError(RuntimeError):
    """A peer's process ended before it answered; the message is the last that it said."""


class Worker:
    """A runner's process."""

    def __init__(self, case: str, runner: str, environment: dict[str, str]) -> None:
        self._errors: IO[str] = tempfile.TemporaryFile("w+")  # noqa: SIM115  (closed with the worker)
        self._process = subprocess.Popen(  # noqa: S603  (our own module)
            [sys.executable, "-m", "benchmarks.worker", case, runner],
            cwd=ROOT,
            env=os.environ | environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )
        self._ready = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        assert self._process.stdin is not None  # noqa: S101  (it is a pipe)
        assert self._process.stdout is not None  # noqa: S101
        if error is not None:
            self._process.kill()
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()
        self._errors.close()

    def wait_until_ready(self) -> None:
        """Wait for the end of the preparation, once."""
        if not self._ready:
            self._answer()
            self._ready = True

    def run(self, seed: int) -> Readings:
        """Run once."""
        self.wait_until_ready()
        assert self._process.stdin is not None  # noqa: S101
        with suppress(BrokenPipeError):  # the answer says why
            print(seed, file=self._process.stdin, flush=True)
        return self._answer()

    def _answer(self) -> Readings:
        assert self._process.stdout is not None  # noqa: S101
        line = self._process.stdout.readline()
        if not line:
            self._process.wait()
            self._errors.seek(0)
            said = self._errors.read().strip().splitlines()
            raise WorkerError(said[-1] if said else f"exit status {self._process.returncode}")
        answer: Readings = json.loads(line)
        return answer


def run_case(
    case: Case,
    module: str,
    repeats: int,
    *,
    peers: Collection[str] = (),
    data_dir: Path | None = None,
    say: Callable[[str], None] = print,
) -> dict[str, Any]:
    """Run a case, and return what is written to the JSON file about it, but for the machine.

    Parameters
    ----------
    case : Case
        The case.
    module : str
        The name by which a worker finds it.
    repeats : int
        Runs of each runner, unless it allows fewer.
    peers : collection of str, default=()
        Runners whose name, up to a comma, is one of these; empty for all.
    data_dir : Path, default=None
        Where the data set is, for the workers.
    say : callable, default=print
        Is told of each run.
    """
    results: dict[str, dict[str, Any]] = {}
    chosen = [runner for runner in case.runners if not peers or runner.name.partition(",")[0] in peers]
    environment = {"BENCHMARK_DATA": str(data_dir)} if data_dir is not None else {}
    with ExitStack() as stack:
        waiting: list[tuple[Runner, Worker | None]] = []
        for runner in chosen:
            results[runner.name] = {"group": runner.group, "runs": []}
            if not runner.installed:
                results[runner.name]["error"] = "not installed"
                say(f"{case.name}: {runner.name}: not installed")
                continue
            worker = None
            if not case.fresh:
                worker = stack.enter_context(Worker(module, runner.name, environment))
                try:  # one after the other: preparations that share the machine would only take longer
                    worker.wait_until_ready()
                except WorkerError as failure:
                    results[runner.name]["error"] = str(failure)
                    say(f"{case.name}: {runner.name}: {failure}")
                    continue
            waiting.append((runner, worker))
        for seed in range(repeats):
            for runner, worker in waiting:
                result = results[runner.name]
                if "error" in result or (runner.repeats is not None and seed >= runner.repeats):
                    continue
                try:
                    if worker is None:
                        with Worker(module, runner.name, environment) as new:
                            readings = new.run(seed)
                    else:
                        readings = worker.run(seed)
                except WorkerError as failure:
                    result["error"] = str(failure)
                    say(f"{case.name}: {runner.name}: {failure}")
                    continue
                result["runs"].append(readings)
                say(f"{case.name}: {seed + 1}/{repeats} {runner.name}: {_line(readings)}")
    return {
        "called": case.called,
        "title": case.title,
        "targets": [vars(target) for target in case.targets],
        "runners": results,
    }


def _line(readings: Readings) -> str:
    return ", ".join(f"{name} {value:.4g}" for name, value in readings.items() if isinstance(value, (int, float)))
