"""The training steps of a structure as TensorFlow operations: a Keras network, a Keras optimizer, a loop."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from skmlp._engine.cache import POOL
from skmlp._engine.input_forms import INPUTS
from skmlp._engine.traced import (
    MaskedBatchNormalization,
    TracedDropout,
    TracedRate,
    TracedSetting,
    TracedValues,
    sum_over_one_replica,
)
from skmlp._keras import tf
from skmlp._losses import loss_function, penalty, per_label
from skmlp._network import build_network, weights_of
from skmlp._optimizers import make_optimizer
from skmlp._spec import TrainingSpec, complement_name


class Steps:
    """A network, its optimizer, and the loop that trains it; made in the graph that is the default one.

    Attributes
    ----------
    weights : list of tf.Variable
        The network's weights, in Keras' order.
    optimizer_variables : list of tf.Variable
    """

    def __init__(self, spec: TrainingSpec) -> None:
        self.spec = spec
        self._inputs = INPUTS[spec.sparse](spec.network)
        self._values = TracedValues()
        self._model = build_network(
            spec.network,
            dropout=self._dropout,
            batch_normalization=partial(MaskedBatchNormalization, self._values),
            activate_output=False,
        )
        self.weights = [variable.value for variable in self._model.weights]
        self._trainable = list(self._model.trainable_variables)
        self._loss = loss_function(spec.loss, spec.network, sparse_labels=spec.sparse_labels)
        if spec.n_weights is not None and spec.network.heads is None:
            self._loss = per_label(self._loss)
        self._optimizer = self._make_optimizer()
        self.optimizer_variables = [variable.value for variable in self._optimizer.variables]

    def placeholders(self) -> list[Any]:
        """Make placeholders for the arguments of `run`; those of samples of any number of steps where it is None."""
        spec = self.spec
        dtype = spec.network.dtype
        block = (spec.block_steps, spec.batch_size)
        y = (tf.int32, block) if spec.sparse_labels else (dtype, (*block, spec.network.n_outputs))
        weight = block if spec.n_weights is None else (*block, spec.n_weights)
        arguments = [
            (dtype, (len(spec.values),)),
            (tf.int32, ()),
            (dtype, (spec.block_steps,)),
            (tf.int32, ()),
            (tf.int32, ()),
            (tf.int32, ()),
            y,
            (dtype, weight),
            *self._inputs.of_block(*block),
        ]
        return [tf.compat.v1.placeholder(*argument) for argument in arguments]

    def run(
        self, values: Any, seed: Any, rates: Any, first: Any, last: Any, number: Any, y: Any, weight: Any, *X: Any
    ) -> Any:
        """Train on some of the batches of a block; the losses of all of its batches, 0 for those that are not run."""
        POOL.count_trace()
        named = {name: values[i] for i, name in enumerate(self.spec.values)}

        def step(i: Any, losses: Any) -> Any:
            filled = weight[i] > 0 if self.spec.n_weights is None else tf.reduce_any(weight[i] > 0, axis=1)
            self._values.now = {
                **named,
                "seed": seed,
                "step": number + i - first,
                "learning_rate": rates[i],
                "filled": filled,
            }
            loss_of = partial(self._data_loss, y[i], weight[i])
            loss, gradients = self._inputs.differentiate(self._model, loss_of, i, tf.shape(y)[1], X)
            return i + 1, losses.write(i, loss + self._update(gradients))

        size = self.spec.block_steps or tf.shape(rates)[0]
        losses = tf.TensorArray(self.spec.network.dtype, size, element_shape=())
        if not self.spec.jit_compile:  # a plain graph wants every element written
            losses = losses.unstack(tf.zeros(size, self.spec.network.dtype))
        try:
            _, losses = tf.while_loop(lambda i, _: i < last, step, (first, losses), parallel_iterations=1)
        finally:
            self._values.now = {}  # symbolic tensors would keep the graph of this tracing alive
        return losses.stack()

    def _data_loss(self, y: Any, weight: Any, logits: Any) -> Any:
        """The weighted mean over the samples of a batch, before any penalty."""
        n_samples = tf.reduce_sum(tf.cast(self._values["filled"], weight.dtype))
        losses = self._loss(y, logits, self._values)
        if losses.shape.rank > 1:
            losses *= 1 / losses.shape[1]  # the mean over the labels
            weight = weight if self.spec.n_weights is not None else weight[:, tf.newaxis]
        # In single precision, the weights of a whole batch may be 0 beside much larger ones: it then teaches nothing.
        return tf.math.divide_no_nan(tf.reduce_sum(weight * losses), n_samples)

    def _update(self, gradients: Sequence[Any]) -> Any:
        """Add the penalty's gradients and let the optimizer take its step; the penalty before it."""
        value: Any = 0.0
        if {"l1", "l2"} & {*self.spec.values}:
            variables = [variable.value for variable in self._trainable]
            with tf.GradientTape() as tape:
                value = self._penalty()
            more = tape.gradient(value, variables)
            gradients = [each if extra is None else each + extra for each, extra in zip(gradients, more, strict=True)]
        self._optimizer.apply(gradients, self._trainable)
        return tf.cast(value, self.spec.network.dtype)

    def _penalty(self) -> Any:
        kinds = ("kernel", "bias") if self.spec.regularize_bias else ("kernel",)
        weights = weights_of(self.spec.network, self.weights, kinds)
        return penalty(weights, self._values.get("l1"), self._values.get("l2"))

    def _dropout(self, name: str) -> TracedDropout | None:
        if name not in self.spec.values:
            return None
        salt = self.spec.values.index(name)
        algorithm = "threefry" if self.spec.jit_compile else "philox"  # plain graphs on a CPU know only philox
        return TracedDropout(self._values, name, salt, algorithm, self.spec.network.dtype)

    def _make_optimizer(self) -> Any:
        settings: dict[str, Any] = dict.fromkeys(self.spec.settings, 0.5)  # any value that is on and legal
        if self.spec.nesterov:
            settings["nesterov"] = True
        optimizer = make_optimizer(self.spec.optimizer, TracedRate(self._values), settings)
        optimizer.build(self._trainable)
        for name in self.spec.settings:
            setattr(optimizer, name, TracedSetting(self._values, name, complement_name(name)))
        sum_over_one_replica(optimizer)
        return optimizer
