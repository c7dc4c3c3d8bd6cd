"""Forward passes: one compiled function a network, fed with the weights, shared by threads."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from skmlp._building import BUILDING
from skmlp._engine.architecture import Architecture
from skmlp._engine.architectures import architecture_of
from skmlp._engine.cache import POOL
from skmlp._engine.graphs import CompiledGraph, graph_function, process_settings
from skmlp._engine.input_forms import INPUTS, Inputs
from skmlp._engine.mlp import MLP
from skmlp._engine.program import Weights
from skmlp._engine.traced import Traced, TracedValues
from skmlp._keras import keras, tf
from skmlp._losses import loss_function
from skmlp._spec import Loss, NetworkShape, NetworkSpec, Plan, penalty_name

_CHUNK_BYTES = 1 << 25
"""Activations that one call may hold: predictions of many rows are made in chunks of whole rows."""


def forward(spec: Hashable, weights: Weights, X: Sequence[Any]) -> list[NDArray[Any]]:
    """Run a network as it predicts.

    Parameters
    ----------
    spec : hashable
        Of an architecture (see `skmlp._engine.architectures`).
    weights : list of arrays, in Keras' order
    X : sequence of arrays of any numbers, (n_samples, ...) for each input, or one CSR matrix

    Returns
    -------
    outputs : list of arrays, (n_samples, ...) each
        What the architecture predicts; of our own network the logits and the outputs.
    """
    function, architecture, inputs = _predictor(spec, bool(issparse(X[0])), process_settings())
    widest = max(architecture.widest, inputs.widest(X))
    small = sum(weight.size for weight in weights) <= _SMALL_NETWORK and widest <= _SMALL_LAYER
    multiple = 1 if not architecture.by_row else _ROWS_ALIKE if small else 2
    n_rows = X[0].shape[0]
    n = max(64, _CHUNK_BYTES // (widest * np.dtype(architecture.dtype).itemsize)) // multiple * multiple
    chunks = ([_padded(each[i : i + n], multiple) for each in X] for i in range(0, n_rows, n))
    parts = [function(*weights, *inputs.prepare(chunk)) for chunk in chunks]
    columns = (np.concatenate(column) if len(parts) > 1 else column[0] for column in zip(*parts, strict=True))
    return [column[:n_rows] for column in columns]


_ROWS_ALIKE = 48
"""Of so many rows, and of multiples of it, TensorFlow's product of matrices computes each in the same order.

Its kernel takes 3 packets of rows at once, of 1 to 16 numbers each, and adds up those that are left over in another
order, with other roundings. Beyond inner dimensions of about 1,000 it splits sums over threads by the number of rows.
"""

_SMALL_NETWORK = 1 << 16
"""Weights of a network for which a prediction of so many rows takes hardly longer than that of one."""

_SMALL_LAYER = 1 << 12


def _padded(X: Any, multiple: int) -> Any:
    """Rows, and the last one again and again up to a multiple.

    TensorFlow multiplies a vector in another order than a matrix, so that there are always several.
    """
    more = -X.shape[0] % multiple
    if not more:
        return X
    return X[np.minimum(np.arange(X.shape[0] + more), X.shape[0] - 1)]


def evaluate(
    plan: Plan,
    weights: Sequence[Any],
    logits: NDArray[np.floating],
    y: NDArray[Any],
    sample_weight: NDArray[np.floating],
) -> float:
    """The weighted mean loss of logits against a target as the loss takes it, with the penalty on the weights."""
    values = {name: value for name, value in plan.values.items() if name in _OF_LOSS or name in _PENALTIES}
    penalized = list(weights) if {*values} & {*_PENALTIES} else []
    names, settings = tuple(values), process_settings()
    function = _objective(plan.loss, plan.network, plan.sparse_labels, names, len(penalized), settings)
    losses, penalties = function(*values.values(), y, logits, *penalized)
    by_sample = losses.astype(np.float64).reshape(len(losses), -1).mean(axis=1)
    return float(np.average(by_sample, weights=sample_weight)) + float(penalties)


_OF_LOSS = ("label_smoothing", "quantile")
_PENALTIES = [penalty_name(kind, norm) for kind in ("kernel", "bias") for norm in ("l1", "l2")]


@lru_cache(maxsize=32)
def _predictor(
    spec: Hashable, sparse: bool, settings: tuple[Any, ...]
) -> tuple[Callable[..., Any], Architecture, Inputs]:
    """A function of the weights in Keras' order and of the samples as `Inputs.prepare` has them, shared by threads.

    It is built under these settings of the process. With the architecture, and the inputs that prepare the samples.
    """
    architecture = architecture_of(spec)
    sparse = sparse and architecture.multiplies_sparse
    with BUILDING:
        function = graph_function(_add_forward, spec, sparse, rewritten=architecture.rewritten)
    return function, architecture, INPUTS[sparse](architecture)


def _add_forward(graph: CompiledGraph, spec: Hashable, sparse: bool) -> tuple[Any, list[Any]]:
    """The predictions, and the placeholders of weights and samples."""
    architecture = architecture_of(spec)
    network = architecture.build(None)
    samples = INPUTS[sparse](architecture)
    arguments = [*((variable.dtype, variable.shape) for variable in network.weights), *samples.of_prediction()]
    inputs = [tf.compat.v1.placeholder(*argument) for argument in arguments]

    def outputs(*inputs: Any) -> list[Any]:
        n = len(network.weights)
        with keras.StatelessScope([*zip(network.weights, inputs[:n], strict=True)]):
            raw = samples.predict(network, inputs[n:])
        return architecture.predictions(raw)

    return graph.call(outputs, inputs), inputs


@lru_cache(maxsize=32)
def _objective(
    loss: Loss,
    network: NetworkShape,
    sparse_labels: bool,
    names: tuple[str, ...],
    n_penalized: int,
    settings: tuple[Any, ...],
) -> Callable[..., Any]:
    """A function of the values of these names, targets, logits, and the weights that have a penalty: losses and that.

    It is built under these settings of the process.
    """
    return graph_function(_add_objective, loss, network, sparse_labels, names, n_penalized)


def _add_objective(
    graph: CompiledGraph,
    loss: Loss,
    network: NetworkShape,
    sparse_labels: bool,
    names: tuple[str, ...],
    n_penalized: int,
) -> tuple[Any, list[Any]]:
    compare = loss_function(loss, network, sparse_labels=sparse_labels)
    outputs = (network.dtype, (None, network.n_outputs))
    arguments: list[tuple[Any, Any]] = [(network.dtype, ())] * len(names)
    arguments += [(tf.int32, (None,)) if sparse_labels else outputs, outputs]
    arguments += [(network.dtype, None)] * n_penalized

    def losses_and_penalty(*inputs: Any) -> tuple[Any, Any]:
        traced = Traced(TracedValues(), names)
        traced.values.now = dict(zip(names, inputs, strict=False))
        y, logits, *weights = inputs[len(names) :]
        penalty = MLP(network).penalty_of(weights, traced) if isinstance(network, NetworkSpec) and weights else None
        penalties = tf.zeros((), network.dtype) if penalty is None else penalty()
        return compare(y, logits, traced.values), penalties

    inputs = [tf.compat.v1.placeholder(*argument) for argument in arguments]
    return graph.call(losses_and_penalty, inputs), inputs


POOL.on_clear(_objective.cache_clear)
POOL.on_clear(_predictor.cache_clear)
