"""Ctrl-C that waits for the end of a moment which it must not cut in two."""

from __future__ import annotations

import math
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def deferred_interrupts(at_most: float = math.inf) -> Iterator[Callable[[], None]]:
    """Hand interrupts (SIGINT) that come meanwhile to the handler of the process at the end, once each.

    TensorFlow that was interrupted while it was imported cannot be imported again in the same process; an interrupt in
    one of its calls back into Python turns into a SystemError, which scikit-learn takes for a fit that failed, or is
    swallowed. Only Python's main thread is interrupted, and so nothing is done in any other, nor where the process has
    no handler in Python that could be called.

    Parameters
    ----------
    at_most : float, default=inf
        How many are held back: those that come after them are handled at once, so that what never ends can be left.

    Yields
    ------
    hand_over : callable
        Hands over those that are held back, before the end.
    """
    handler = signal.getsignal(signal.SIGINT)
    held: list[tuple[int, FrameType | None]] = []

    def hand_over() -> None:
        while held and callable(handler):
            handler(*held.pop(0))

    if threading.current_thread() is not threading.main_thread() or not callable(handler):
        yield hand_over
        return

    def hold(signum: int, frame: FrameType | None) -> None:
        if len(held) < at_most:
            held.append((signum, frame))
        else:
            handler(signum, frame)

    try:
        signal.signal(signal.SIGINT, hold)
    except ValueError:  # the main thread of a subinterpreter, which gets no signals
        yield hand_over
        return
    try:
        yield hand_over
    finally:
        if signal.getsignal(signal.SIGINT) is hold:  # else what ran meanwhile has set a handler of its own
            signal.signal(signal.SIGINT, handler)
        hand_over()
