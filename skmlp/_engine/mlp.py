"""Our multi-layer perceptron, as the engine builds it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from skmlp._engine.architecture import Network
from skmlp._engine.traced import MaskedBatchNormalization, Traced, TracedDropout
from skmlp._keras import keras, tf
from skmlp._losses import loss_function, penalty
from skmlp._losses import per_label as loss_per_label
from skmlp._network import activate, build_network
from skmlp._spec import Form, NetworkSpec, Objective, penalty_name
from skmlp._weights import weights_of


class MLP:
    """A multi-layer perceptron (see `skmlp._engine.architecture.Architecture`); its raw output are its logits."""

    def __init__(self, spec: NetworkSpec) -> None:
        self._spec = spec
        self.inputs: tuple[Form, ...] = (Form((spec.n_features,), spec.dtype),)
        self.dtype = spec.dtype
        self.multiplies_sparse = self.by_row = True
        self.rewritten = False
        self.widest = max(spec.n_outputs, *spec.hidden_layer_sizes, 1)

    def build(self, traced: Traced | None) -> Network:
        """Build it with the layers and the penalty that have a traced value, or to predict with none of them."""
        spec = self._spec
        if traced is None:
            model = build_network(spec, activate_output=False)
        else:
            model = build_network(
                spec,
                dropout=partial(self._dropout, traced),
                batch_normalization=partial(MaskedBatchNormalization, traced.values),
                activate_output=False,
            )

        def call(inputs: list[Any], *, training: bool) -> list[Any]:
            return [model(inputs[0], training=training)]

        return Network(
            call,
            list(model.weights),
            list(model.trainable_variables),
            None if traced is None else self.penalty_of(model.weights, traced),
            partial(self._split, model),
            replaceable=True,
        )

    def predictions(self, raw: Sequence[Any]) -> list[Any]:
        """Logits, and outputs."""
        (logits,) = raw
        return [logits, activate(self._spec, logits)]

    def loss(self, objective: Objective, output: int, *, per_label: bool) -> Callable[..., Any]:
        """The weighted mean of the losses of the samples, each the mean over its labels."""
        losses_of = loss_function(objective.loss, self._spec, sparse_labels=not objective.target.shape)
        if per_label and self._spec.heads is None:
            losses_of = loss_per_label(losses_of)

        def loss(y: Any, logits: Any, values: Any, weight: Any, filled: Any) -> Any:
            n_samples = tf.reduce_sum(tf.cast(filled, weight.dtype))
            losses = losses_of(y, logits, values)
            if losses.shape.rank > 1:
                losses *= 1 / losses.shape[1]  # the mean over the labels
                weight = weight if per_label else weight[:, tf.newaxis]
            # In single precision, the weights of a whole batch may be 0 beside much larger ones: it teaches nothing.
            return tf.math.divide_no_nan(tf.reduce_sum(weight * losses), n_samples)

        return loss

    def penalty_of(self, weights: Sequence[Any], traced: Traced) -> Callable[[], Any] | None:
        """The penalty on the weights of each kind that have a traced one."""
        terms = []
        for kind in ("kernel", "bias"):
            norms = [penalty_name(kind, norm) for norm in ("l1", "l2")]
            if {*norms} & {*traced.names}:
                terms.append((weights_of(self._spec, weights, (kind,)), norms))
        if not terms:
            return None
        return lambda: sum(penalty(of_kind, *(traced.values.get(norm) for norm in norms)) for of_kind, norms in terms)

    def _dropout(self, traced: Traced, name: str) -> TracedDropout | None:
        return TracedDropout(traced, name, self.dtype) if name in traced.names else None

    def _split(self, model: Any) -> tuple[Any, Callable[..., Any]]:
        """The first kernel, and the rest of the network."""
        spec = self._spec
        first = model.get_layer("hidden_0" if spec.hidden_layer_sizes else "output")
        rest = keras.Model(first.output, model.output) if spec.hidden_layer_sizes else None

        def upper(product: Any, *, training: bool) -> Any:
            hidden = product + keras.ops.convert_to_tensor(first.bias)
            return hidden if rest is None else rest(hidden, training=training)

        return keras.ops.convert_to_tensor(first.kernel), upper
