"""A training spec made into one compiled TensorFlow program that runs many steps a call."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmlp._engine.batches import Block
from skmlp._engine.cache import POOL
from skmlp._engine.graphs import CompiledFunction
from skmlp._engine.traced import MaskedBatchNormalization, TracedDropout, TracedRate, TracedSetting, TracedValues
from skmlp._keras import tf
from skmlp._losses import loss_function, penalty, per_label
from skmlp._network import build_network, weights_of
from skmlp._optimizers import make_optimizer
from skmlp._spec import TrainingSpec, complement_name

Weights = list[NDArray[np.floating]]


class Program:
    """The compiled form of a structure: a Keras model, a Keras optimizer, and a loop over the steps of a block.

    It owns variables, so that it serves one fit at a time; `load` resets all of its state.
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
        self._variables = [variable.value for variable in self._model.weights]
        self._trainable = list(self._model.trainable_variables)
        self._loss = loss_function(spec.loss, spec.network, sparse_labels=spec.sparse_labels)
        if spec.n_weights is not None and spec.network.heads is None:
            self._loss = per_label(self._loss)
        self._optimizer = self._make_optimizer()
        self._optimizer_variables = [variable.value for variable in self._optimizer.variables]
        self._optimizer_start = [_constant(variable) for variable in self._optimizer_variables]
        self._run = self._trace()

    def load(self, weights: Weights, optimizer_state: Sequence[NDArray[Any]] | None = None) -> None:
        """Start from these weights, with a fresh optimizer or with one that goes on from ``optimizer_state``."""
        self.set_weights(weights)
        for i, variable in enumerate(self._optimizer_variables):
            if optimizer_state is None:
                variable.assign(tf.fill(variable.shape, self._optimizer_start[i]))
            else:
                variable.assign(optimizer_state[i])

    def put(self, block: Block) -> tuple[Any, Any, Any]:
        """Hand a block's arrays over to TensorFlow, for several calls of `run`."""
        return tf.constant(block.X), tf.constant(block.y), tf.constant(block.weight)

    def run(
        self,
        values: NDArray[np.floating],
        seed: int,
        rates: NDArray[np.floating],
        tensors: tuple[Any, Any, Any],
        first: int,
        last: int,
    ) -> NDArray[np.floating]:
        """Train on some of the batches of a block.

        Parameters
        ----------
        values : (n_values,)
            The traced values, from `TrainingSpec.pack`.
        seed : int
            Seed of the dropout masks, below 2 ** 30.
        rates : (block_steps,)
            The learning rate of each batch.
        tensors : tuple
            From `put`.
        first, last : int
            The batches are those from ``first`` up to but not including ``last``.

        Returns
        -------
        losses : (last - first,)
            The mean loss of each batch before its update, penalty included.
        """
        losses = self._run(
            tf.constant(values),
            tf.constant(seed, tf.int32),
            tf.constant(rates),
            *tensors,
            tf.constant(first, tf.int32),
            tf.constant(last, tf.int32),
        )
        return np.asarray(losses.numpy()[first:last])

    def weights(self) -> Weights:
        """Copy the network's weights out, in Keras' order."""
        return [variable.numpy() for variable in self._variables]

    def live_weights(self) -> list[Any]:
        """The network's weights as they are now, for a forward pass without a copy."""
        return list(self._variables)

    def set_weights(self, weights: Weights) -> None:
        """Replace the network's weights, and leave the optimizer alone."""
        for variable, weight in zip(self._variables, weights, strict=True):
            variable.assign(weight)

    def optimizer_state(self) -> list[NDArray[Any]]:
        """Copy the optimizer's variables out."""
        return [variable.numpy() for variable in self._optimizer_variables]

    def _dropout(self, name: str) -> TracedDropout:
        salt = self.spec.value_names.index(name)
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
        return optimizer

    def _trace(self) -> CompiledFunction:
        spec = self.spec
        dtype = spec.network.dtype
        block = (spec.block_steps, spec.batch_size)
        y = (block, tf.int32) if spec.sparse_labels else ((*block, spec.network.n_outputs), dtype)
        weight = block if spec.n_weights is None else (*block, spec.n_weights)
        signature = [
            tf.TensorSpec((len(spec.value_names),), dtype),
            tf.TensorSpec((), tf.int32),
            tf.TensorSpec((spec.block_steps,), dtype),
            tf.TensorSpec((*block, spec.network.n_features), dtype),
            tf.TensorSpec(*y),
            tf.TensorSpec(weight, dtype),
            tf.TensorSpec((), tf.int32),
            tf.TensorSpec((), tf.int32),
        ]
        return CompiledFunction(self._loop, signature, jit_compile=spec.jit_compile)

    def _loop(self, values: Any, seed: Any, rates: Any, X: Any, y: Any, weight: Any, first: Any, last: Any) -> Any:
        POOL.count_trace()
        named = {name: values[i] for i, name in enumerate(self.spec.value_names)}

        def step(i: Any, losses: Any) -> Any:
            filled = weight[i] > 0 if self.spec.n_weights is None else tf.reduce_any(weight[i] > 0, axis=1)
            number = tf.cast(self._optimizer.iterations, tf.int32)
            self._values.now = {**named, "seed": seed, "step": number, "learning_rate": rates[i], "filled": filled}
            return i + 1, losses.write(i, self._step(X[i], y[i], weight[i]))

        size = self.spec.block_steps or tf.shape(X)[0]
        losses = tf.TensorArray(self.spec.network.dtype, size, element_shape=())
        if not self.spec.jit_compile:  # a plain graph wants every element written, XLA a fixed number of them
            losses = losses.unstack(tf.zeros(size, self.spec.network.dtype))
        try:
            _, losses = tf.while_loop(lambda i, _: i < last, step, (first, losses), parallel_iterations=1)
        finally:
            self._values.now = {}  # symbolic tensors would keep the graph of this tracing alive
        return losses.stack()

    def _step(self, x: Any, y: Any, weight: Any) -> Any:
        n_samples = tf.reduce_sum(tf.cast(self._values["filled"], weight.dtype))
        with tf.GradientTape() as tape:
            losses = self._loss(y, self._model(x, training=True), self._values)
            if losses.shape.rank > 1:
                losses *= 1 / losses.shape[1]  # the mean over the labels
                weight = weight if self.spec.n_weights is not None else weight[:, tf.newaxis]
            loss = tf.reduce_sum(weight * losses) / n_samples
            if self.spec.l1 or self.spec.l2:
                loss += self._penalty()
        variables = [variable.value for variable in self._trainable]
        self._optimizer.apply(tape.gradient(loss, variables), self._trainable)
        return loss

    def _penalty(self) -> Any:
        kinds = ("kernel", "bias") if self.spec.regularize_bias else ("kernel",)
        weights = weights_of(self.spec.network, self._variables, kinds)
        l1 = self._values["l1"] if self.spec.l1 else None
        l2 = self._values["l2"] if self.spec.l2 else None
        return penalty(weights, l1, l2)


def _constant(variable: Any) -> Any:
    """The one number that a fresh optimizer variable is filled with, so that a reset needs no second copy of it."""
    values = variable.numpy()
    if values.size and not (values == values.flat[0]).all():
        raise AssertionError(f"optimizer variable {variable.name} does not start from a constant")
    return values.flat[0]
