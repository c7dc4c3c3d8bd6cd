"""Our multi-layer perceptron, as the engine builds it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from skmlp._engine.architecture import Network
from skmlp._engine.members import mean_prediction, with_gradient_of_sum
from skmlp._engine.traced import MaskedBatchNormalization, Traced, TracedDropout
from skmlp._keras import keras, tf
from skmlp._losses import loss_function, penalty
from skmlp._losses import per_label as loss_per_label
from skmlp._network import activate, build_network
from skmlp._spec import Form, NetworkSpec, Objective, penalty_name
from skmlp._weights import weights_of


class MLP:
    """A multi-layer perceptron, or several side by side (see `skmlp._engine.architecture.Architecture`).

    The raw output are the logits, (n_samples, n_outputs), or (n_members, n_samples, n_outputs) of several.
    """

    def __init__(self, spec: NetworkSpec) -> None:
        self._spec = spec
        self.inputs: tuple[Form, ...] = (Form((spec.n_features,), spec.dtype),)
        self.dtype = spec.dtype
        self.multiplies_sparse = self.by_row = True
        self.rewritten = False
        self.widest = max(spec.n_outputs, *spec.hidden_layer_sizes, 1) * spec.n_members

    def build(self, traced: Traced | None) -> Network:
        """Build it with the layers and the penalty that have a traced value, or to predict with none of them."""
        members = [self._member(traced, member) for member in range(self._spec.n_members)]
        weights = [weight for member in members for weight in member.weights]

        def call(inputs: list[Any], *, training: bool) -> list[Any]:
            return [_side_by_side([member(inputs[0], training=training) for member in members])]

        return Network(
            call,
            weights,
            [weight for member in members for weight in member.trainable_variables],
            None if traced is None else self.penalty_of(weights, traced),
            partial(self._split, members),
            replaceable=True,
        )

    def _member(self, traced: Traced | None, member: int) -> Any:
        if traced is None:
            return build_network(self._spec, activate_output=False)
        return build_network(
            self._spec,
            dropout=partial(self._dropout, traced, member),
            batch_normalization=partial(MaskedBatchNormalization, traced.values),
            activate_output=False,
        )

    def predictions(self, raw: Sequence[Any]) -> list[Any]:
        """Logits, and outputs; of several members the mean of their outputs."""
        (logits,) = raw
        if self._spec.n_members > 1:
            return mean_prediction(self._spec, logits)
        return [logits, activate(self._spec, logits)]

    def loss(self, objective: Objective, output: int, *, per_label: bool) -> Callable[..., Any]:
        """The weighted mean of the losses of the samples, each the mean over its labels."""
        losses_of = loss_function(objective.loss, self._spec, sparse_labels=not objective.target.shape)
        if per_label and self._spec.heads is None:
            losses_of = loss_per_label(losses_of)

        def loss_of_member(y: Any, logits: Any, values: Any, weight: Any, filled: Any) -> Any:
            n_samples = tf.reduce_sum(tf.cast(filled, weight.dtype))
            losses = losses_of(y, logits, values)
            if losses.shape.rank > 1:
                losses *= 1 / losses.shape[1]  # the mean over the labels
                weight = weight if per_label else weight[:, tf.newaxis]
            # In single precision, the weights of a whole batch may be 0 beside much larger ones: it teaches nothing.
            return tf.math.divide_no_nan(tf.reduce_sum(weight * losses), n_samples)

        def loss(y: Any, logits: Any, *others: Any) -> Any:
            members = tf.unstack(logits)
            mean = sum(loss_of_member(y, each, *others) for each in members) / len(members)
            return with_gradient_of_sum(mean, len(members))

        return loss_of_member if self._spec.n_members == 1 else loss

    def penalty_of(self, weights: Sequence[Any], traced: Traced) -> Callable[[], Any] | None:
        """The penalty on the weights of each kind that have a traced one; of several members the mean."""
        terms = []
        for kind in ("kernel", "bias"):
            norms = [penalty_name(kind, norm) for norm in ("l1", "l2")]
            if {*norms} & {*traced.names}:
                terms.append((weights_of(self._spec, weights, (kind,)), norms))
        if not terms:
            return None
        n_members = self._spec.n_members

        def penalty_of_weights() -> Any:
            values = traced.values
            of_kinds = [penalty(of_kind, *(values.get(norm) for norm in norms)) for of_kind, norms in terms]
            return with_gradient_of_sum(sum(of_kinds) / n_members, n_members)

        return penalty_of_weights

    def _dropout(self, traced: Traced, member: int, name: str) -> TracedDropout | None:
        return TracedDropout(traced, name, self.dtype, member) if name in traced.names else None

    def _split(self, members: Sequence[Any]) -> tuple[Sequence[Any], Callable[..., Any]]:
        """The first kernel of each, and the rest of the networks."""
        kernels, rests = zip(*map(self._split_member, members), strict=True)

        def upper(product: Any, *, training: bool) -> Any:
            products = [product] if len(rests) == 1 else tf.split(product, len(rests), axis=1)
            return _side_by_side([rest(each, training=training) for rest, each in zip(rests, products, strict=True)])

        return kernels, upper

    def _split_member(self, model: Any) -> tuple[Any, Callable[..., Any]]:
        spec = self._spec
        first = model.get_layer("hidden_0" if spec.hidden_layer_sizes else "output")
        rest = keras.Model(first.output, model.output) if spec.hidden_layer_sizes else None

        def upper(product: Any, *, training: bool) -> Any:
            hidden = product + keras.ops.convert_to_tensor(first.bias)
            return hidden if rest is None else rest(hidden, training=training)

        return first.kernel, upper


def _side_by_side(outputs: Sequence[Any]) -> Any:
    """What members return, along a first axis; that of one as it is."""
    return outputs[0] if len(outputs) == 1 else tf.stack(outputs)
