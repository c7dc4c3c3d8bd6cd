"""The training steps of a structure as TensorFlow operations: a Keras network, a Keras optimizer, a loop."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from skmlp._engine.batches import PARTS, PLACES_IN_A_ROW, part_sizes
from skmlp._engine.cache import POOL
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
from skmlp._network import SparseRows, build_network, split_first_layer, weights_of
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

    def inputs(self) -> list[Any]:
        """Make placeholders for the arguments of `run`; those of samples of any number of steps where it is None."""
        spec = self.spec
        dtype = spec.network.dtype
        block = (spec.block_steps, spec.batch_size)
        y = (tf.int32, block) if spec.sparse_labels else (dtype, (*block, spec.network.n_outputs))
        weight = block if spec.n_weights is None else (*block, spec.n_weights)
        X: list[tuple[Any, tuple[int | None, ...]]] = [(dtype, (*block, spec.network.n_features))]
        if spec.sparse:
            X = [(tf.int32, (None, 2 * PLACES_IN_A_ROW)), (dtype, (None,)), (tf.int64, (None,))]
        arguments = [
            (dtype, (len(spec.values),)),
            (tf.int32, ()),
            (dtype, (spec.block_steps,)),
            (tf.int32, ()),
            (tf.int32, ()),
            (tf.int32, ()),
            y,
            (dtype, weight),
            *X,
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
            take_step = self._sparse_step if self.spec.sparse else self._dense_step
            return i + 1, losses.write(i, take_step(i, y[i], weight[i], *X))

        size = self.spec.block_steps or tf.shape(rates)[0]
        losses = tf.TensorArray(self.spec.network.dtype, size, element_shape=())
        if not self.spec.jit_compile:  # a plain graph wants every element written
            losses = losses.unstack(tf.zeros(size, self.spec.network.dtype))
        try:
            _, losses = tf.while_loop(lambda i, _: i < last, step, (first, losses), parallel_iterations=1)
        finally:
            self._values.now = {}  # symbolic tensors would keep the graph of this tracing alive
        return losses.stack()

    def _dense_step(self, i: Any, y: Any, weight: Any, X: Any) -> Any:
        variables = [variable.value for variable in self._trainable]
        with tf.GradientTape() as tape:
            loss = self._data_loss(y, weight, self._model(X[i], training=True))
        return loss + self._update(tape.gradient(loss, variables))

    def _sparse_step(self, i: Any, y: Any, weight: Any, places: Any, entries: Any, starts: Any) -> Any:
        """A step whose first layer multiplies a sparse batch, part by part."""
        kernel, upper = split_first_layer(self.spec.network, self._model)
        sizes = part_sizes(tf.shape(y, tf.int64)[0])
        parts = []
        for part, size in enumerate(sizes):
            begin, end = starts[PARTS * i + part], starts[PARTS * i + part + 1]
            its_places = tf.reshape(places[begin // PLACES_IN_A_ROW : end // PLACES_IN_A_ROW], (-1, 2))
            parts.append(SparseRows(its_places, entries[begin:end], (size, self.spec.network.n_features)))
        product = tf.concat([rows.times(kernel) for rows in parts], axis=0)
        others = [variable.value for variable in self._trainable[1:]]
        with tf.GradientTape() as tape:
            tape.watch(product)
            loss = self._data_loss(y, weight, upper(product, training=True))
        of_product, *gradients = tape.gradient(loss, [product, *others])
        of_parts = tf.split(of_product, sizes)
        of_kernel = tf.add_n([rows.times(of, transposed=True) for rows, of in zip(parts, of_parts, strict=True)])
        return loss + self._update([of_kernel, *gradients])

    def _data_loss(self, y: Any, weight: Any, logits: Any) -> Any:
        """The weighted mean over the samples of a batch, before any penalty."""
        n_samples = tf.reduce_sum(tf.cast(self._values["filled"], weight.dtype))
        losses = self._loss(y, logits, self._values)
        if losses.shape.rank > 1:
            losses *= 1 / losses.shape[1]  # the mean over the labels
            weight = weight if self.spec.n_weights is not None else weight[:, tf.newaxis]
        return tf.reduce_sum(weight * losses) / n_samples

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
