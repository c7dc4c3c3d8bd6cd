"""Forward passes: one compiled function a network, fed with the weights, shared by threads."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from skmlp._engine.cache import POOL
from skmlp._engine.graphs import CompiledFunction
from skmlp._keras import tf
from skmlp._losses import loss_function, metric_values, penalty
from skmlp._network import activate, build_network, weights_of
from skmlp._spec import NetworkSpec, Plan

_CHUNK_BYTES = 1 << 25
"""Activations that one call may hold: predictions of many rows are made in chunks of whole rows."""


def forward(spec: NetworkSpec, weights: Sequence[Any], X: Any) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Run a network without dropout.

    Parameters
    ----------
    spec : NetworkSpec
    weights : sequence of arrays or variables, in Keras' order
    X : (n_samples, n_features) array of any numbers, or CSR matrix

    Returns
    -------
    logits, outputs : (n_samples, n_outputs) each
        Before and after the output activation.
    """
    function = _forward_function(spec.without_dropout())
    itemsize = np.dtype(spec.dtype).itemsize
    n = max(64, _CHUNK_BYTES // (max(spec.n_features, spec.n_outputs, *spec.hidden_layer_sizes, 1) * itemsize))
    tensors = [tf.convert_to_tensor(weight) for weight in weights]
    parts = [function(tensors, tf.constant(_dense(X, slice(i, i + n), spec.dtype))) for i in range(0, X.shape[0], n)]
    logits, outputs = (np.concatenate([part.numpy() for part in column]) for column in zip(*parts, strict=True))
    return logits[: X.shape[0]], outputs[: X.shape[0]]


def _dense(X: Any, rows: slice, dtype: str) -> NDArray[np.floating]:
    """Some rows as a dense array of the network's dtype."""
    chunk = X[rows]
    if issparse(chunk):
        chunk = chunk.toarray()
    return _at_least_two(np.asarray(chunk, dtype=dtype))


def _at_least_two(X: NDArray[np.floating]) -> NDArray[np.floating]:
    """A single row twice: TensorFlow multiplies a vector in another order than a matrix, with other roundings."""
    return np.repeat(X, 2, axis=0) if len(X) == 1 else X


def evaluate(
    plan: Plan,
    weights: Sequence[Any],
    logits: NDArray[np.floating],
    y: NDArray[Any],
    sample_weight: NDArray[np.floating],
) -> float:
    """The weighted mean loss of logits against a target as the loss takes it, with the penalty on the weights."""
    chosen = plan.hyperparameters
    function = loss_function(plan.loss, plan.network, sparse_labels=plan.sparse_labels)
    values = {"quantile": chosen.quantile}
    if chosen.label_smoothing:
        values["label_smoothing"] = chosen.label_smoothing
    losses = function(tf.constant(y), tf.constant(logits), values).numpy().astype(np.float64)
    loss = float(np.average(losses.reshape(len(losses), -1).mean(axis=1), weights=sample_weight))
    if chosen.l1 or chosen.l2:
        kinds = ("kernel", "bias") if chosen.regularize_bias else ("kernel",)
        loss += float(penalty(weights_of(plan.network, weights, kinds), chosen.l1, chosen.l2))
    return loss


def measure(metric: Any, outputs: NDArray[np.floating], y: NDArray[Any], weight: NDArray[np.floating]) -> float:
    """The weighted mean of a metric of outputs and of a target as the loss takes it."""
    values = metric_values(metric, y, outputs).numpy().astype(np.float64)
    return float(np.average(values, weights=weight))


@lru_cache(maxsize=32)
def _forward_function(spec: NetworkSpec) -> CompiledFunction:
    model = build_network(spec, activate_output=False)
    trainable = {id(variable) for variable in model.trainable_variables}

    def run(weights: list[Any], X: Any) -> tuple[Any, Any]:
        pairs = list(zip(model.weights, weights, strict=True))
        logits, _ = model.stateless_call(
            [weight for variable, weight in pairs if id(variable) in trainable],
            [weight for variable, weight in pairs if id(variable) not in trainable],
            X,
            training=False,
        )
        return logits, activate(spec, logits)

    signature = [
        [tf.TensorSpec(variable.shape, spec.dtype) for variable in model.weights],
        tf.TensorSpec((None, spec.n_features), spec.dtype),
    ]
    return CompiledFunction(run, signature)


POOL.on_clear(_forward_function.cache_clear)
