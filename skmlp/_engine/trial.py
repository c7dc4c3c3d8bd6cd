"""A user's own loss and activations, tried on small tensors before a fit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
    for activation in plan.hyperparameters.activation:
        if isinstance(activation, Own):
            _try_activation(activation, plan.hyperparameters.dtype)
    if isinstance(plan.loss, Own):
        network = replace(plan.network, n_features=1, hidden_layer_sizes=(), activation=(), normalization=None)
        _try_loss(plan.loss, network, plan.sparse_labels)


@lru_cache(maxsize=32)
def _try_activation(activation: Own, dtype: str) -> None:
    own = activation.value
    with CompiledGraph().building():
        inputs = tf.compat.v1.placeholder(dtype, (_ROWS, 2))
        # A layer is tried on a copy, since it keeps what it is called with.
        function = type(own).from_config(own.get_config()) if isinstance(own, keras.layers.Layer) else own
        try:
            outputs = keras.ops.convert_to_tensor(function(inputs))
        except Exception as error:
            raise ValueError(f"activation={own!r} failed on inputs of shape (n_samples, width): {error}") from error
    if getattr(function, "weights", None):
        raise ValueError(
            f"activation={own!r} has weights of its own, which are not trained here: choose one without weights."
        )
    returned = keras.backend.standardize_dtype(outputs.dtype)
    if tuple(outputs.shape) != (_ROWS, 2) or not keras.backend.is_float_dtype(returned):
        raise ValueError(
            f"activation={own!r} returned {returned} of the shape {tuple(outputs.shape)} for {dtype} of the shape "
            f"({_ROWS}, 2): it must return floating-point numbers of the shape of its inputs."
        )


@lru_cache(maxsize=32)
def _try_loss(loss: Own, network: NetworkSpec, sparse_labels: bool) -> None:
    function = loss_function(loss, network, sparse_labels=sparse_labels)
    shape = (_ROWS, network.n_outputs)
    with CompiledGraph().building():
        y = tf.compat.v1.placeholder(*(("int32", (_ROWS,)) if sparse_labels else (network.dtype, shape)))
        logits = tf.compat.v1.placeholder(network.dtype, shape)
        (gradient,) = tf.gradients(function(y, logits, {}), [logits])
    if gradient is None:
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
    with graph.building():
        scores = tf.compat.v1.placeholder(dtype, (None,))
        logits = keras.ops.repeat(scores[:, None], n_outputs, axis=1)
        of_zero, of_one = (function(y, logits, {}) for y in (keras.ops.zeros_like(logits), keras.ops.ones_like(logits)))
        gap = of_one - of_zero
    difference = graph.function([gap], [scores])
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
