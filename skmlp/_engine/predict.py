"""Forward passes: one compiled function a network, fed with the weights, shared by threads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from skmlp._engine.cache import POOL
from skmlp._engine.graphs import CompiledGraph, process_settings
from skmlp._engine.input_forms import INPUTS
from skmlp._engine.program import Weights
from skmlp._keras import keras, tf
from skmlp._losses import loss_function, penalty
from skmlp._network import activate, build_network, weight_names, weights_of
from skmlp._spec import Loss, NetworkSpec, Plan

_CHUNK_BYTES = 1 << 25
"""Activations that one call may hold: predictions of many rows are made in chunks of whole rows."""


_OF_OBJECTIVE = ("l1", "l2", "label_smoothing", "quantile")
"""The traced values that the loss and the penalty take."""


def forward(spec: NetworkSpec, weights: Weights, X: Any) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Run a network without dropout.

    Parameters
    ----------
    spec : NetworkSpec
    weights : list of arrays, in Keras' order
    X : (n_samples, n_features) array of any numbers, or CSR matrix

    Returns
    -------
    logits, outputs : (n_samples, n_outputs) each
        Before and after the output activation.
    """
    sparse = bool(issparse(X))
    inputs = INPUTS[sparse](spec)
    function = _forward_function(spec, sparse, process_settings())
    widths = (spec.n_outputs, *spec.hidden_layer_sizes, inputs.n_values)
    n = max(64, _CHUNK_BYTES // (max(widths) * np.dtype(spec.dtype).itemsize))
    parts = [function(*weights, *inputs.prepare(_at_least_two(X[i : i + n]))) for i in range(0, X.shape[0], n)]
    logits, outputs = (np.concatenate(column) if len(parts) > 1 else column[0] for column in zip(*parts, strict=True))
    return logits[: X.shape[0]], outputs[: X.shape[0]]


def _at_least_two(X: Any) -> Any:
    """A single row twice: TensorFlow multiplies a vector in another order than a matrix, with other roundings."""
    return X[[0, 0]] if X.shape[0] == 1 else X


def evaluate(
    plan: Plan,
    weights: Sequence[Any],
    logits: NDArray[np.floating],
    y: NDArray[Any],
    sample_weight: NDArray[np.floating],
) -> float:
    """The weighted mean loss of logits against a target as the loss takes it, with the penalty on the weights."""
    values = {name: value for name, value in plan.values.items() if name in _OF_OBJECTIVE}
    kinds = ("kernel", "bias") if plan.hyperparameters.regularize_bias else ("kernel",)
    function = _objective(plan.loss, plan.network, plan.sparse_labels, tuple(values), kinds, process_settings())
    losses, penalties = function(*values.values(), y, logits, *weights_of(plan.network, weights, kinds))
    by_sample = losses.astype(np.float64).reshape(len(losses), -1).mean(axis=1)
    return float(np.average(by_sample, weights=sample_weight)) + float(penalties)


@lru_cache(maxsize=32)
def _forward_function(spec: NetworkSpec, sparse: bool, settings: tuple[Any, ...]) -> Callable[..., Any]:
    """A function of the weights in Keras' order and of the samples as `Inputs.prepare` has them, shared by threads.

    It is built under these settings of the process.
    """
    graph = CompiledGraph()
    return graph.function(*graph.build(_add_forward, graph, spec, sparse))


def _add_forward(graph: CompiledGraph, spec: NetworkSpec, sparse: bool) -> tuple[Any, list[Any]]:
    """The logits and outputs, and the placeholders of weights and samples."""
    model = build_network(spec, activate_output=False)
    samples = INPUTS[sparse](spec)
    arguments = [*((spec.dtype, variable.shape) for variable in model.weights), *samples.of_prediction()]
    inputs = [tf.compat.v1.placeholder(*argument) for argument in arguments]

    def outputs(*inputs: Any) -> tuple[Any, Any]:
        n = len(model.weights)
        with keras.StatelessScope([*zip(model.weights, inputs[:n], strict=True)]):
            logits = samples.predict(model, inputs[n:])
        return logits, activate(spec, logits)

    return graph.call(outputs, inputs), inputs


@lru_cache(maxsize=32)
def _objective(
    loss: Loss,
    network: NetworkSpec,
    sparse_labels: bool,
    names: tuple[str, ...],
    kinds: tuple[str, ...],
    settings: tuple[Any, ...],
) -> Callable[..., Any]:
    """A function of the values of these names, targets, logits, and weights of these kinds: losses and the penalty.

    It is built under these settings of the process.
    """
    graph = CompiledGraph()
    return graph.function(*graph.build(_add_objective, graph, loss, network, sparse_labels, names, kinds))


def _add_objective(
    graph: CompiledGraph,
    loss: Loss,
    network: NetworkSpec,
    sparse_labels: bool,
    names: tuple[str, ...],
    kinds: tuple[str, ...],
) -> tuple[Any, list[Any]]:
    compare = loss_function(loss, network, sparse_labels=sparse_labels)
    outputs = (network.dtype, (None, network.n_outputs))
    arguments: list[tuple[Any, Any]] = [(network.dtype, ())] * len(names)
    arguments += [(tf.int32, (None,)) if sparse_labels else outputs, outputs]
    arguments += [(network.dtype, None)] * len(weights_of(network, weight_names(network), kinds))

    def losses_and_penalty(*inputs: Any) -> tuple[Any, Any]:
        values = dict(zip(names, inputs, strict=False))
        y, logits, *weights = inputs[len(names) :]
        if "l1" in values or "l2" in values:
            penalties = penalty(weights, values.get("l1"), values.get("l2"))
        else:
            penalties = tf.zeros((), network.dtype)
        return compare(y, logits, values), penalties

    inputs = [tf.compat.v1.placeholder(*argument) for argument in arguments]
    return graph.call(losses_and_penalty, inputs), inputs


POOL.on_clear(_objective.cache_clear)
POOL.on_clear(_forward_function.cache_clear)
