"""The network for tables, as the engine builds it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from skmlp._engine.architecture import Network
from skmlp._engine.members import mean_prediction
from skmlp._engine.traced import Traced, TracedDropout
from skmlp._keras import keras, tf
from skmlp._losses import loss_function
from skmlp._spec import Objective
from skmlp._tabular_network import build_tabular, by_head
from skmlp._tabular_spec import TabularSpec


class Tabular:
    """A network for tables (see `skmlp._engine.architecture.Architecture`).

    Its raw output are the logits of its members, (n_members, n_samples, n_outputs). A sample has a weight for each
    member, so that each can leave out samples of its own.
    """

    def __init__(self, spec: TabularSpec) -> None:
        self._spec = spec
        self.inputs = spec.inputs
        self.dtype = spec.dtype
        self.multiplies_sparse = False
        self.by_row = True
        self.rewritten = False
        self.widest = spec.widest

    def build(self, traced: Traced | None) -> Network:
        """Build it with the dropout layers that have a traced rate, or to predict with none of them."""
        dropout = None if traced is None else partial(self._dropout, traced)
        model = build_tabular(self._spec, dropout=dropout)

        def call(inputs: list[Any], *, training: bool) -> list[Any]:
            return [model(list(inputs) if len(inputs) > 1 else inputs[0], training=training)]

        return Network(call, list(model.weights), list(model.trainable_variables), replaceable=True)

    def predictions(self, raw: Sequence[Any]) -> list[Any]:
        """The logits of the mean prediction, and the mean prediction; of own rows the logits and outputs of each."""
        (logits,) = raw
        spec = self._spec
        if not spec.own_rows:
            return mean_prediction(spec, logits)
        outputs = by_head(keras.activations.get(spec.output_activation), logits, spec.heads)
        return [tf.transpose(each, (1, 0, 2)) for each in (logits, outputs)]

    def loss(self, objective: Objective, output: int, *, per_label: bool) -> Callable[..., Any]:
        """The weighted mean of the losses of all members for all samples."""
        losses_of = loss_function(objective.loss, self._spec, sparse_labels=not objective.target.shape)
        k = self._spec.n_members

        def loss(y: Any, logits: Any, values: Any, weight: Any, filled: Any) -> Any:
            n_samples = tf.reduce_sum(tf.cast(filled, weight.dtype))
            flat = tf.reshape(logits, (-1, logits.shape[-1]))
            losses = losses_of(tf.tile(y, [k, *[1] * (len(y.shape) - 1)]), flat, values)
            if losses.shape.rank > 1:
                losses = tf.reduce_mean(losses, axis=-1)
            losses = tf.reshape(losses, (k, -1))
            weight = tf.transpose(weight) if per_label else weight[tf.newaxis]
            return tf.math.divide_no_nan(tf.reduce_sum(weight * losses), n_samples * k)

        return loss

    def _dropout(self, traced: Traced, name: str) -> TracedDropout | None:
        return TracedDropout(traced, name, self.dtype) if name in traced.names else None
