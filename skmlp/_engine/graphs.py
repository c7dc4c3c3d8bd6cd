"""TensorFlow graphs that are built once and run often, and whose memory comes back when they are dropped."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from skmlp._apart import apart
from skmlp._interrupts import deferred_interrupts
from skmlp._keras import keras, tf

# isort: split
# TensorFlow is loaded by the line above, and was quiet about it
import numpy as np
from tensorflow.core.protobuf import config_pb2

try:
    from tensorflow.python.framework.config import is_op_determinism_enabled  # private; tests/test_apart.py notices
except ImportError:

    def is_op_determinism_enabled() -> bool:
        """Unknown; a program that was compiled before the switch is then used after it."""
        return False


_INLINED = "_lower_as_multi_device_function"

_QUICK = "_make_callable_from_options"
"""The method of a session that makes functions; private, tests/engine/test_graphs.py notices."""

R = TypeVar("R")

Function = Callable[..., list[Any]]
"""Takes an array for each placeholder and returns NumPy arrays."""


def process_settings() -> tuple[Any, ...]:
    """What TensorFlow's and Keras' functions read from the configuration of the process while a graph is built.

    They choose other operations by it: Keras clips probabilities at its epsilon, TensorFlow takes another
    cross-entropy if operations are to be deterministic, and casts more with NumPy's promotion of types. So it is a
    part of the key of whatever is built once and used again.
    """
    numpy_behavior = hasattr(tf.Tensor, "reshape")  # experimental_enable_numpy_behavior says that it adds this method
    return (
        keras.config.floatx(),
        keras.config.epsilon(),
        keras.config.image_data_format(),
        numpy_behavior,
        is_op_determinism_enabled(),
    )


class CompiledGraph:
    """A graph, and a session of its own that runs it.

    All that TensorFlow keeps for a graph lives in its session: variables, kernels, what XLA compiled. It is freed when
    the last reference to this object and to its functions is gone. A ``tf.function`` that is called eagerly leaves the
    same things in the eager context of the process, which never lets go of them (docs/design.md has the figures).

    Parameters
    ----------
    rewritten : bool, default=False
        Whether TensorFlow rewrites it, once for each of its functions. It takes 0.2 s or more of each structure, and
        makes no step of a multi-layer perceptron faster.

    Attributes
    ----------
    parallel : bool
        Whether operations that do not wait for each other run side by side; False at first, when all of them run in
        the thread that calls, which takes half as long where they are small. It counts until the first function is
        made. Each operation may use several threads in any case.
    """

    def __init__(self, *, rewritten: bool = False) -> None:
        self.parallel = False
        self._rewritten = rewritten
        self._graph: Any = tf.Graph()
        self._session: Any = None

    def build(self, add: Callable[..., R], *args: Any) -> R:
        """Call what adds to the graph, such as Keras layers, variables and operations; apart from the user's thread."""

        def adding() -> R:
            with self._graph.as_default():
                return add(*args)

        return apart(adding)

    def call(
        self,
        function: Callable[..., Any],
        inputs: Sequence[Any],
        *,
        variables: Sequence[Any] = (),
        jit_compile: bool = False,
    ) -> Any:
        """Trace a function of tensors, and add a call of it to the graph that is being built.

        What it assigns is assigned in the order of its lines, and the tensors that it refers to, even those outside of
        the graph, become constants.

        Parameters
        ----------
        function : callable
        inputs : sequence of tensors
        variables : sequence of tf.Variable
            Those that it may refer to.
        jit_compile : bool, default=False
            Whether XLA compiles it.

        Returns
        -------
        outputs : as ``function`` returns them

        Raises
        ------
        ValueError
            If it refers to any other variable.
        """
        # A tf.function that is called directly would be no function at all after tf.config.run_functions_eagerly(True).
        traced = tf.function(function, autograph=False, jit_compile=jit_compile).get_concrete_function(*inputs)
        known = {id(variable.handle) for variable in variables}
        traced.set_external_captures([_captured(each, known) for each in traced.captured_inputs])
        n_before = len(self._graph.get_operations())
        outputs = traced(*inputs)
        if not jit_compile:
            for operation in self._graph.get_operations()[n_before:]:
                _inline(operation)
        return outputs

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
        with deferred_interrupts():
            call = _make_callable(self._open_session(), outputs, inputs)
        dtypes = [each.dtype.as_numpy_dtype for each in inputs]

        def function(*arrays: Any, _keep: CompiledGraph = self) -> list[Any]:
            return call(*map(np.asarray, arrays, dtypes)) or []

        return function

    def complete(self) -> None:
        """Let go of what Python knows of the graph, when its last function has been made: a quarter of its memory."""
        if hasattr(self._session, _QUICK):  # else each call looks at the graph
            _take_apart(self._graph)
            self._graph = None

    def _open_session(self) -> Any:
        if self._session is None:
            options = tf.compat.v1.ConfigProto()
            # Fusing a matrix product with a sum makes a step of a plain graph slower (97 microseconds for a small
            # network, 65 without), and fails where what is added is a matrix of one row.
            if not self.parallel:
                options.inter_op_parallelism_threads = -1
            rewriting = options.graph_options.rewrite_options
            rewriting.disable_meta_optimizer = not self._rewritten
            rewriting.remapping = rewriting.OFF
            self._session = tf.compat.v1.Session(graph=self._graph, config=options)
            weakref.finalize(self, _free, self._session, self._graph)
        return self._session


class Access:
    """The operations that read, assign and initialize variables, and the placeholders of what they are assigned."""

    def __init__(self, variables: Sequence[Any]) -> None:
        self.values = [variable.read_value() for variable in variables]
        self.placeholders = [tf.compat.v1.placeholder(variable.dtype, variable.shape) for variable in variables]
        pairs = zip(variables, self.placeholders, strict=True)
        self.assignments = [variable.assign(value).op for variable, value in pairs]
        self.initializers = [variable.initializer for variable in variables]


def graph_function(add: Callable[..., tuple[Any, Sequence[Any]]], *args: Any, rewritten: bool = False) -> Function:
    """Make a graph of one function.

    Parameters
    ----------
    add : callable
        Given the `CompiledGraph` and ``args``, returns the outputs and the placeholders of its arguments.
    rewritten : bool, default=False
        Whether TensorFlow rewrites it, and runs side by side what does not wait for each other.

    Returns
    -------
    function : callable
        See `CompiledGraph.function`.
    """
    graph = CompiledGraph(rewritten=rewritten)
    graph.parallel = rewritten
    function = graph.function(*graph.build(add, graph, *args))
    graph.complete()
    return function


def _inline(operation: Any) -> None:
    """Have TensorFlow put the operations of a function in the place of its call: a call takes 0.05 ms by itself.

    Its rewriting of graphs would do so by this attribute, but rewrites much else. Where the attribute is unknown it
    changes nothing; tests/engine/test_graphs.py notices.
    """
    if operation.type in ("PartitionedCall", "StatefulPartitionedCall"):
        operation._set_attr(_INLINED, tf.compat.v1.AttrValue(b=True))


def _captured(tensor: Any, known: set[int]) -> Any:
    """What a function of a graph takes for a tensor that it refers to; of variables, for those that are known alone."""
    if tensor.dtype == tf.resource and id(tensor) not in known:
        raise ValueError(
            "A loss or an activation of your own refers to a variable of TensorFlow or Keras, or draws random numbers "
            "with Keras' generator, which is one. It is compiled once for many fits, and nothing sets its variables: "
            "refer to a number, an array or a tensor (tf.constant) instead, and use the dropout parameter for noise."
        )
    return tensor if tf.is_symbolic_tensor(tensor) else tf.constant(tensor.numpy())


def _make_callable(session: Any, outputs: Sequence[Any], inputs: Sequence[Any]) -> Callable[..., list[Any] | None]:
    """A function of arrays that returns the tensors among the outputs."""
    tensors = [each for each in outputs if tf.is_tensor(each)]
    # The public make_callable takes 0.2 ms longer for every call; it goes through what Session.run does.
    quick = getattr(session, _QUICK, None)
    if quick is None:
        slow = session.make_callable(list(outputs), list(inputs))
        return lambda *arrays: [value for value in slow(*arrays) if value is not None]  # None stands for an operation
    options = config_pb2.CallableOptions()
    options.feed.extend(each.name for each in inputs)
    options.fetch.extend(each.name for each in tensors)
    options.target.extend(each.name for each in outputs if not tf.is_tensor(each))
    made: Callable[..., list[Any] | None] = quick(options)
    return made


def _free(session: Any, graph: Any) -> None:
    """Close a session, and break the cycles of a graph that nobody can use any more, and of those of its functions.

    Python's garbage collector would free the cycles too, but only after several megabytes more of them. It has to do
    so where TensorFlow has another name for what is private here.
    """
    session.close()
    _take_apart(graph)


def _take_apart(graph: Any) -> None:
    with suppress(AttributeError):
        for inner in list(graph._functions.values()):
            _dismantle(inner.graph)
        _dismantle(graph)


def _dismantle(graph: Any) -> None:
    captures = getattr(graph, "_function_captures", None)
    if captures is not None:
        captures.clear()
    graph._functions.clear()
    graph.Dismantle()
