"""TensorFlow graphs that are built once and run often, and whose memory comes back when they are dropped."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from tensorflow.core.protobuf import config_pb2

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

    def function(self, outputs: Sequence[Any], inputs: Sequence[Any] = ()) -> Callable[..., list[Any]]:
        """Make outputs a function of placeholders.

        Parameters
        ----------
        outputs : sequence of tensors, or of operations
        inputs : sequence of placeholders

        Returns
        -------
        function : callable
            Takes an array for each placeholder and returns NumPy arrays, none for operations. It lets go of the
            interpreter lock while it runs, and several threads may call it.
        """
        options = config_pb2.CallableOptions()
        options.feed.extend(each.name for each in inputs)
        tensors = [each for each in outputs if tf.is_tensor(each)]
        options.fetch.extend(each.name for each in tensors)
        options.target.extend(each.name for each in outputs if not tf.is_tensor(each))
        # The public make_callable takes 0.2 ms longer for every call; it goes through what Session.run does.
        call = self._open_session()._make_callable_from_options(options)
        dtypes = [each.dtype.as_numpy_dtype for each in inputs]

        def function(*arrays: Any, _keep: CompiledGraph = self) -> list[Any]:
            return call(*map(np.asarray, arrays, dtypes)) or []

        return function

    def _open_session(self) -> Any:
        if self._session is None:
            options = tf.compat.v1.ConfigProto()
            # Fusing a matrix product with a sum makes a step of a plain graph slower (97 microseconds for a small
            # network, 65 without), and fails where what is added is a matrix of one row.
            rewriting = options.graph_options.rewrite_options
            rewriting.remapping = rewriting.OFF
            self._session = tf.compat.v1.Session(graph=self._graph, config=options)
            weakref.finalize(self, _free, self._session, self._graph)
        return self._session


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
