"""Calls out of reach of what a user's thread has set in TensorFlow and Keras."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from skmlp._interrupts import deferred_interrupts

P = ParamSpec("P")
R = TypeVar("R")


def apart(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Call a function in a new thread, wait for it, and return what it returns.

    Much of what users set is TensorFlow's and Keras' for the thread alone: a default graph, a device, a gradient tape,
    scopes, a dtype policy, `tf.debugging.enable_check_numerics`. A new thread has none of it; what is set for
    the whole process is left as it is, because other threads of the user's may rely on it meanwhile.

    An interrupt comes after the call, which it could not end anyway. A second one does not wait: the function may be a
    user's own that never returns.
    """
    with deferred_interrupts(at_most=1), ThreadPoolExecutor(1) as thread:
        return thread.submit(function, *args, **kwargs).result()
