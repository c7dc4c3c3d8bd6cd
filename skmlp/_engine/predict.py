"""Forward passes: one compiled function a network, fed with the weights, shared by threads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from skmlp._engine.cache import POOL
from skmlp._engine.graphs import CompiledGraph
from skmlp._engine.program import Weights
from skmlp._keras import keras, tf
from skmlp._losses import loss_function, metric_values, penalty
from skmlp._network import SparseRows, activate, build_network, split_first_layer, weights_of
from skmlp._spec import NetworkSpec, Plan

_CHUNK_BYTES = 1 << 25
"""Activations that one call may hold: predictions of many rows are made in chunks of whole rows."""


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
    function = _forward_function(spec, sparse)
    widths = (spec.n_outputs, *spec.hidden_layer_sizes, 1 if sparse else spec.n_features)
    n = max(64, _CHUNK_BYTES // (max(widths) * np.dtype(spec.dtype).itemsize))
    prepared = _entries if sparse else _dense
    parts = [function(*weights, *prepared(_at_least_two(X[i : i + n]), spec.dtype)) for i in range(0, X.shape[0], n)]
    logits, outputs = (np.concatenate(column) if len(parts) > 1 else column[0] for column in zip(*parts, strict=True))
    return logits[: X.shape[0]], outputs[: X.shape[0]]


def _at_least_two(X: Any) -> Any:
    """A single row twice: TensorFlow multiplies a vector in another order than a matrix, with other roundings."""
    return X[[0, 0]] if X.shape[0] == 1 else X


def _dense(X: Any, dtype: str) -> tuple[Any, ...]:
    return (np.asarray(X, dtype=dtype),)


def _entries(X: Any, dtype: str) -> tuple[Any, ...]:
    row = np.repeat(np.arange(X.shape[0]), np.diff(X.indptr))
    places = np.stack([row, X.indices], axis=1, dtype=np.int32, casting="same_kind")
    return places, X.data.astype(dtype, copy=False), X.shape[0]


def evaluate(
    plan: Plan,
    weights: Sequence[Any],
    logits: NDArray[np.floating],
    y: NDArray[Any],
    sample_weight: NDArray[np.floating],
) -> float:
    """The weighted mean loss of logits against a target as the loss takes it, with the penalty on the weights."""
    function = loss_function(plan.loss, plan.network, sparse_labels=plan.sparse_labels)
    values = plan.values
    losses = function(tf.constant(y), tf.constant(logits), values).numpy().astype(np.float64)
    loss = float(np.average(losses.reshape(len(losses), -1).mean(axis=1), weights=sample_weight))
    if {"l1", "l2"} & {*values}:
        kinds = ("kernel", "bias") if plan.hyperparameters.regularize_bias else ("kernel",)
        loss += float(penalty(weights_of(plan.network, weights, kinds), values.get("l1"), values.get("l2")))
    return loss


def measure(metric: Any, outputs: NDArray[np.floating], y: NDArray[Any], weight: NDArray[np.floating]) -> float:
    """The weighted mean of a metric of outputs and of a target as the loss takes it."""
    values = metric_values(metric, y, outputs).numpy().astype(np.float64)
    return float(np.average(values, weights=weight))


@lru_cache(maxsize=32)
def _forward_function(spec: NetworkSpec, sparse: bool) -> Callable[..., Any]:
    """A function of the weights in Keras' order and of the samples, dense or as `_entries`, shared by threads."""
    graph = CompiledGraph()
    with graph.building():
        model = build_network(spec, activate_output=False)
        weights = [tf.compat.v1.placeholder(spec.dtype, variable.shape) for variable in model.weights]
        if sparse:
            shapes = [("int32", (None, 2)), (spec.dtype, (None,)), ("int64", ())]
        else:
            shapes = [(spec.dtype, (None, spec.n_features))]
        samples = [tf.compat.v1.placeholder(*shape) for shape in shapes]
        with keras.StatelessScope([*zip(model.weights, weights, strict=True)]):
            if sparse:
                places, entries, n = samples
                kernel, upper = split_first_layer(spec, model)
                rows = SparseRows(places, entries, (n, spec.n_features))
                logits = upper(rows.times(kernel), training=False)
            else:
                logits = model(samples[0], training=False)
        outputs = activate(spec, logits)
    return graph.function([logits, outputs], [*weights, *samples])


POOL.on_clear(_forward_function.cache_clear)
