"""The process's standard error without the log lines of C++ libraries."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_LOG_LINE = (
    r"^([IWE][0-9]{4} [0-9:.]+ +[0-9]+ [A-Za-z0-9_./]+:[0-9]+\] "  # absl: severity, date, time, thread, file, line
    r"|[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:.]+: [IWE] "  # TensorFlow
    r"|WARNING: All log messages before absl::InitializeLog|To enable the following instructions:)"
)
"""A line of information, a warning or an error; a fatal one ("F") is the last that a process says, and is no noise."""

_PATIENCE = 1.0
"""Seconds to wait for the filter; another process that was started meanwhile may keep it busy for longer."""


@contextmanager
def without_log_lines() -> Iterator[None]:
    """Send what is written to standard error through a filter that leaves out log lines.

    The filter is a process of its own, because a library that fails may end this one at once, and what had been held
    back here would be lost: the line that says why, above all. Where no process can be started, everything is shown.
    """
    try:
        stderr = os.dup(2)
    except OSError:  # a process without standard error has nothing to keep quiet
        yield
        return
    try:
        with _filter(stderr) as written:
            os.dup2(written, 2)
            try:
                yield
            finally:
                os.dup2(stderr, 2)
    finally:
        os.close(stderr)


@contextmanager
def _filter(target: int) -> Iterator[int]:
    """Start the filter; the file descriptor that it reads, or its target, if it cannot be started."""
    grep = shutil.which("grep")
    if grep is None:
        yield target
        return
    try:
        filtering = subprocess.Popen(  # noqa: S603  (nothing of it comes from outside)
            [grep, "-v", "-E", _LOG_LINE],
            stdin=subprocess.PIPE,
            stdout=target,
            stderr=subprocess.DEVNULL,
            env={"LC_ALL": "C"},
            start_new_session=True,  # out of reach of a Ctrl-C
        )
    except OSError:  # a process too many, or too little memory for one
        yield target
        return
    with filtering.stdin as written:  # type: ignore[union-attr]  # it is a pipe
        yield written.fileno()
    with suppress(subprocess.TimeoutExpired):
        filtering.wait(_PATIENCE)
