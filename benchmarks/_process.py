"""What Linux says of a process: its memory, and the time of its threads."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

_PROC = Path("/proc")


def timed(function: Callable[[], object]) -> dict[str, float]:
    """Call, and read seconds on the clock ("seconds") and on all of the process's threads ("cpu_seconds")."""
    start, used = time.perf_counter(), time.process_time()
    function()
    return {"seconds": time.perf_counter() - start, "cpu_seconds": time.process_time() - used}


def resident_mb() -> float:
    """Resident memory now, in MB (10^6 bytes)."""
    return _status("VmRSS")


def peak_mb() -> float:
    """The most that was resident since the start or the last `forget_peak`, in MB."""
    return _status("VmHWM")


def forget_peak() -> None:
    """Let the peak be what is resident now."""
    (_PROC / "self/clear_refs").write_text("5")


def _status(field: str) -> float:
    lines = (_PROC / "self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(field)).split()[1]) * 1024 / 1e6


def children() -> list[int]:
    """The processes that this one's threads started and that still run."""
    return [int(child) for task in (_PROC / "self/task").iterdir() for child in (task / "children").read_text().split()]


def seconds_run_and_waited(pid: int) -> tuple[float, float]:
    """Seconds that the threads of a process ran, and those in which they could have run but waited for a processor."""
    run = waited = 0
    for task in (_PROC / f"{pid}/task").iterdir():
        ran, queued, _ = map(int, (task / "schedstat").read_text().split())
        run, waited = run + ran, waited + queued
    return run / 1e9, waited / 1e9
