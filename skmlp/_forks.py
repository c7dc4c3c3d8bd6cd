"""Processes that were forked after TensorFlow had started: they cannot use it, and are told so."""

from __future__ import annotations

import os

_FORKED: list[int] = []
"""The number of this process, if it is such a one."""


def mark_forks() -> None:
    """From now on, mark each process that is forked from this one."""
    if hasattr(os, "register_at_fork"):  # Windows has no fork
        os.register_at_fork(after_in_child=lambda: _FORKED.append(os.getpid()))


def require_not_forked(name: str) -> None:
    """Refuse to compute in a process that would wait for ever for TensorFlow's threads, which a fork does not copy.

    Raises
    ------
    RuntimeError
        If the process was forked after TensorFlow had started. The message calls what was asked to compute ``name``.
    """
    if _FORKED:
        raise RuntimeError(
            f"{name} cannot compute in process {_FORKED[-1]}, which was forked after TensorFlow had started: its "
            "threads do not survive a fork. Fork before the first fit or prediction (a server that preloads: warm up "
            "in each worker, not before the fork), or start processes by 'spawn' or joblib's 'loky', or use threads."
        )
