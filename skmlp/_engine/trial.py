"""A user's own loss and activations, tried on small tensors before a fit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmlp._apart import apart
from skmlp._engine.cache import POOL
from skmlp._engine.graphs import CompiledGraph
from skmlp._keras import keras, tf
from skmlp._losses import loss_function
from skmlp._own import Own
from skmlp._spec import NetworkSpec, Plan

_ROWS = 3
_HIGHEST = 10.0
_GRID = 2001
_FINER = (65, 65, 65)


def try_own(plan: Plan) -> None:
    """Try the loss and the activations of a plan, as far as they are a user's own.

    Raises
    ------
    ValueError
        If one fails, does not return what it must, or, for a loss, does not depend on the outputs.
    """
    for activation, width in zip(plan.network.activation, plan.network.hidden_layer_sizes, strict=True):
        if isinstance(activation, Own):
            _try_activation(activation, width, plan.network.dtype)
    if isinstance(plan.loss, Own):
        of = plan.network
        network = NetworkSpec(1, (), (), None, of.n_outputs, of.output_activation, of.dtype, of.heads)
        _try_loss(plan.loss, network, plan.sparse_labels)


_UNFIT_STATES: Mapping[str | None, str] = {
    "weights": "has weights of its own, which are not trained here: choose one without weights.",
    "seed": "draws random numbers: choose one that draws none, and set dropout or input_dropout for dropout layers.",
}
"""What is wrong with an activation that is a Keras layer with a state of its own."""


class _UnfitError(Exception):
    """Says what is wrong with an activation."""


@lru_cache(maxsize=32)
def _try_activation(activation: Own, width: int, dtype: str) -> None:
    own = activation.value
    graph = CompiledGraph()

    def add() -> Any:
        function = _fresh(own)
        inputs = tf.compat.v1.placeholder(dtype, (_ROWS, width))
        return graph.call(lambda inputs: keras.ops.convert_to_tensor(function(inputs)), [inputs])

    try:
        if reason := _UNFIT_STATES.get(_state_of(own, width, dtype)):
            raise _UnfitError(reason)
        outputs = graph.build(add)
    except _UnfitError as error:
        raise ValueError(f"activation={own!r} {error}") from None
    except Exception as error:  # a user's function may raise anything
        raise ValueError(f"activation={own!r} failed on inputs of shape (n_samples, width): {error}") from error
    returned = keras.backend.standardize_dtype(outputs.dtype)
    if tuple(outputs.shape) != (_ROWS, width) or not keras.backend.is_float_dtype(returned):
        raise ValueError(
            f"activation={own!r} returned {returned} of the shape {tuple(outputs.shape)} for {dtype} of the shape "
            f"({_ROWS}, {width}): it must return floating-point numbers of the shape of its inputs."
        )


def _fresh(activation: Any) -> Any:
    """An activation to try: of a layer a copy, since it keeps what it is called with."""
    if not isinstance(activation, keras.layers.Layer):
        return activation
    return type(activation).from_config(activation.get_config())


def _state_of(activation: Any, width: int, dtype: str) -> str | None:
    """What an activation that is a Keras layer keeps: "weights", or a "seed" of random numbers."""
    if not isinstance(activation, keras.layers.Layer):
        return None
    layer = _fresh(activation)
    apart(layer, np.zeros((_ROWS, width), dtype))
    if layer.weights:
        return "weights"
    return "seed" if layer.variables else None


@lru_cache(maxsize=32)
def _try_loss(loss: Own, network: NetworkSpec, sparse_labels: bool) -> None:
    function = loss_function(loss, network, sparse_labels=sparse_labels)
    shape = (_ROWS, network.n_outputs)
    graph = CompiledGraph()
    depends = []

    def gradient(y: Any, logits: Any) -> Any:
        losses = function(y, logits, {})
        (found,) = tf.gradients(losses, [logits])
        depends.append(found is not None)
        return losses

    def add() -> Any:
        y = tf.compat.v1.placeholder(*(("int32", (_ROWS,)) if sparse_labels else (network.dtype, shape)))
        return graph.call(gradient, [y, tf.compat.v1.placeholder(network.dtype, shape)])

    graph.build(add)
    if not any(depends):
        raise ValueError(
            f"loss={loss.value!r} does not depend on the outputs, or has no gradient for them, so that nothing would "
            "be trained: compute it from its second argument with differentiable operations."
        )


@lru_cache(maxsize=32)
def find_boundary(loss: Own, n_outputs: int, dtype: str) -> float:
    """The score at which a user's loss is the same for the labels 0 and 1.

    Raises
    ------
    ValueError
        If there is none, or more than one.
    """
    network = NetworkSpec(1, (), (), None, n_outputs, "linear", dtype)
    function = loss_function(loss, network, sparse_labels=False)
    graph = CompiledGraph()

    def gap(scores: Any) -> Any:
        logits = keras.ops.repeat(scores[:, None], n_outputs, axis=1)
        of_zero, of_one = (function(y, logits, {}) for y in (keras.ops.zeros_like(logits), keras.ops.ones_like(logits)))
        return of_one - of_zero

    def add() -> tuple[Any, Any]:
        scores = tf.compat.v1.placeholder(dtype, (None,))
        return [graph.call(gap, [scores])], [scores]

    difference = graph.function(*graph.build(add))
    boundary = _crossing(lambda at: difference(at)[0])
    if boundary is None:
        raise ValueError(
            f"loss={loss.value!r} does not have exactly one boundary between scores for 0 and scores for 1 "
            f"(from {-_HIGHEST:g} to {_HIGHEST:g}), which output_activation='linear' needs: set "
            "output_activation='sigmoid'."
        )
    return boundary


def _crossing(difference: Callable[[NDArray[Any]], NDArray[Any]]) -> float | None:
    """Where a function falls from above 0 to below, if it does so once and never rises through 0."""
    grid = np.linspace(-_HIGHEST, _HIGHEST, _GRID)
    values = difference(grid)
    used = np.isfinite(values) & (values != 0)
    signs, at = np.sign(values[used]), grid[used]
    (changes,) = np.nonzero(np.diff(signs))
    if len(changes) != 1 or signs[changes[0]] < 0:
        return None
    low, high = at[changes[0]], at[changes[0] + 1]
    if high - low > 2.5 * (grid[1] - grid[0]):  # more than one point without a sign: any of them might be meant
        return None
    for n_points in _FINER:
        finer = np.linspace(low, high, n_points)
        values = difference(finer)
        first = int(np.argmax(values <= 0))
        if values[first] == 0:
            return float(finer[first])
        low, high = finer[first - 1], finer[first]
    return float((low + high) / 2)


for _tried in (_try_activation, _try_loss, find_boundary):
    POOL.on_clear(_tried.cache_clear)
