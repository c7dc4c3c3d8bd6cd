"""TensorFlow graphs that are built once and run often, and whose memory comes back when they are dropped."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from skmlp._keras import tf


class CompiledGraph:
    """A graph, and a session of its own that runs it.

    All that TensorFlow keeps for a graph lives in its session: variables, kernels, what XLA compiled. It is freed when
    the last reference to this object and to its functions is gone. A ``tf.function`` that is called eagerly leaves the
    same things in the eager context of the process, which never lets go of them (docs/design.md has the figures).
    """

    def __init__(self) -> None:
        self._graph = tf.Graph()
        self._session: Any = None

    @contextmanager
    def building(self) -> Iterator[None]:
        """Add what is made inside to the graph: Keras layers, variables, operations."""
        with self._graph.as_default():
            yield

    def function(self, outputs: Any, inputs: Sequence[Any] = ()) -> Callable[..., Any]:
        """Make outputs a function of placeholders.

        Parameters
        ----------
        outputs : tensor, operation, or nested sequence of them
        inputs : sequence of placeholders

        Returns
        -------
        function : callable
            Takes an array for each placeholder and returns NumPy arrays, or None for an operation. It lets go of the
            interpreter lock while it runs, and several threads may call it.
        """
        if self._session is None:
            options = tf.compat.v1.ConfigProto()
            # Fusing a matrix product with a sum makes a step of a plain graph slower (97 microseconds for a small
            # network, 65 without), and fails where what is added is a matrix of one row.
            rewriting = options.graph_options.rewrite_options
            rewriting.remapping = rewriting.OFF
            self._session = tf.compat.v1.Session(graph=self._graph, config=options)
            weakref.finalize(self, _free, self._session, self._graph).atexit = False  # the process frees what is left
        call = self._session.make_callable(outputs, list(inputs))

        def function(*arrays: Any, _keep: CompiledGraph = self) -> Any:
            return call(*arrays)

        return function


def _free(session: Any, graph: Any) -> None:
    """Close a session, and break the cycles of a graph that nobody can use any more, and of those of its functions.

    Python's garbage collector would free the cycles too, but only after several megabytes more of them.
    """
    session.close()
    for inner in list(graph._functions.values()):
        _dismantle(inner.graph)
    _dismantle(graph)


def _dismantle(graph: Any) -> None:
    captures = getattr(graph, "_function_captures", None)
    if captures is not None:
        captures.clear()
    graph._functions.clear()
    graph.Dismantle()
