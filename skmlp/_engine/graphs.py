"""Compiled TensorFlow functions whose memory comes back when they are dropped."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from typing import Any

from skmlp._keras import tf


class CompiledFunction:
    """A function traced once, for one signature.

    TensorFlow never frees the graph of a traced ``tf.function``: its operations refer to one another outside of
    Python's garbage collector, and ``get_concrete_function`` calls off the clean-up that TensorFlow has for that.
    This class does the clean-up itself, as TensorFlow's own ``dismantle_func_graph`` does, which is private.

    Parameters
    ----------
    function : callable
        Takes tensors, returns tensors; traced without AutoGraph.
    signature : sequence of tf.TensorSpec
    jit_compile : bool, default=False
        Whether XLA compiles it.
    """

    def __init__(self, function: Callable[..., Any], signature: Sequence[Any], *, jit_compile: bool = False) -> None:
        traced = tf.function(function, input_signature=signature, autograph=False, jit_compile=jit_compile)
        self._concrete = traced.get_concrete_function()
        weakref.finalize(self, _free, self._concrete.graph).atexit = False  # the process frees what is left

    def __call__(self, *args: Any) -> Any:
        """Run it on tensors that fit the signature."""
        return self._concrete(*args)


def _free(graph: Any) -> None:
    """Break the reference cycles of a traced graph that nobody can use any more, and of its loops' graphs."""
    for inner in list(graph._functions.values()):
        _free(inner.graph)
    graph._function_captures.clear()
    graph._functions.clear()
    graph.Dismantle()
