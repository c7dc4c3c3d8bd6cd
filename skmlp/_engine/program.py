"""A training spec made into one compiled TensorFlow program that runs many steps a call."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmlp._engine.cache import POOL
from skmlp._engine.graphs import CompiledFunction
from skmlp._engine.traced import MaskedBatchNormalization, TracedDropout, TracedRate, TracedSetting, TracedValues
from skmlp._keras import tf
from skmlp._losses import penalty, per_sample_loss
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
        self._loss = per_sample_loss(spec.loss, spec.network)
        self._optimizer = self._make_optimizer()
        self._optimizer_variables = [variable.value for variable in self._optimizer.variables]
        self._optimizer_start = [_constant(variable) for variable in self._optimizer_variables]
        self._run = self._trace()

    def load(self, weights: Weights, optimizer_state: Sequence[NDArray[Any]] | None = None) -> None:
        """Start from these weights, with a fresh optimizer or with one that goes on from ``optimizer_state``."""
        for variable, weight in zip(self._variables, weights, strict=True):
            variable.assign(weight)
        for i, variable in enumerate(self._optimizer_variables):
            if optimizer_state is None:
                variable.assign(tf.fill(variable.shape, self._optimizer_start[i]))
            else:
                variable.assign(optimizer_state[i])

    def run(
        self,
        values: NDArray[np.floating],
        seed: int,
        first_step: int,
        learning_rates: NDArray[np.floating],
        X: NDArray[np.floating],
        y: NDArray[Any],
        weight: NDArray[np.floating],
        n_steps: int,
    ) -> NDArray[np.floating]:
        """Train on the first ``n_steps`` batches of a block.

        Parameters
        ----------
        values : (n_values,)
            The traced values, from `TrainingSpec.pack`.
        seed : int
            Seed of the dropout masks, below 2 ** 30.
        first_step : int
            The number of steps that the fit took before this block.
        learning_rates : (block_steps,)
        X : (block_steps, batch_size, n_features)
        y : (block_steps, batch_size) class numbers, or (block_steps, batch_size, n_outputs)
        weight : (block_steps, batch_size)
            Sample weights; zero marks a place that no sample fills.
        n_steps : int

        Returns
        -------
        losses : (n_steps,)
            The mean loss of each batch before its update, penalty included.
        """
        losses = self._run(
            tf.constant(values),
            tf.constant(seed, tf.int32),
            tf.constant(first_step, tf.int32),
            tf.constant(learning_rates),
            tf.constant(X),
            tf.constant(y),
            tf.constant(weight),
            tf.constant(n_steps, tf.int32),
        )
        return np.asarray(losses.numpy()[:n_steps])

    def weights(self) -> Weights:
        """Copy the network's weights out, in Keras' order."""
        return [variable.numpy() for variable in self._variables]

    def live_weights(self) -> list[Any]:
        """The network's weights as they are now, for a forward pass without a copy."""
        return list(self._variables)

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
        y = tf.TensorSpec(block, tf.int32) if spec.labels else tf.TensorSpec((*block, spec.network.n_outputs), dtype)
        signature = [
            tf.TensorSpec((len(spec.value_names),), dtype),
            tf.TensorSpec((), tf.int32),
            tf.TensorSpec((), tf.int32),
            tf.TensorSpec((spec.block_steps,), dtype),
            tf.TensorSpec((*block, spec.network.n_features), dtype),
            y,
            tf.TensorSpec(block, dtype),
            tf.TensorSpec((), tf.int32),
        ]
        return CompiledFunction(self._loop, signature, jit_compile=spec.jit_compile)

    def _loop(
        self, values: Any, seed: Any, first_step: Any, learning_rates: Any, X: Any, y: Any, weight: Any, n_steps: Any
    ) -> Any:
        POOL.count_trace()
        named = {name: values[i] for i, name in enumerate(self.spec.value_names)}

        def step(i: Any, losses: Any) -> Any:
            now = {"seed": seed, "step": first_step + i, "learning_rate": learning_rates[i], "filled": weight[i] > 0}
            self._values.now = {**named, **now}
            return i + 1, losses.write(i, self._step(X[i], y[i], weight[i]))

        size = self.spec.block_steps or tf.shape(X)[0]
        losses = tf.TensorArray(self.spec.network.dtype, size, element_shape=())
        try:
            _, losses = tf.while_loop(lambda i, _: i < n_steps, step, (0, losses), parallel_iterations=1)
        finally:
            self._values.now = {}  # symbolic tensors would keep the graph of this tracing alive
        return losses.stack()

    def _step(self, x: Any, y: Any, weight: Any) -> Any:
        n_samples = tf.reduce_sum(tf.cast(self._values["filled"], weight.dtype))
        with tf.GradientTape() as tape:
            logits = self._model(x, training=True)
            loss = tf.reduce_sum(weight * self._loss(y, logits)) / n_samples
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
