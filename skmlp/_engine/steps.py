"""The training steps of a structure as TensorFlow operations: a network, a Keras optimizer, a loop."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from skmlp._engine.architectures import architecture_of
from skmlp._engine.batch_loss import BatchLoss, make_meter
from skmlp._engine.cache import POOL
from skmlp._engine.input_forms import INPUTS
from skmlp._engine.layout import lay_out
from skmlp._engine.traced import (
    Traced,
    TracedRate,
    TracedSetting,
    TracedValues,
    sum_over_one_replica,
    update_in_one_pass,
)
from skmlp._keras import tf
from skmlp._optimizers import make_optimizer
from skmlp._spec import TrainingSpec, complement_name


class Steps:
    """A network, its optimizer, and the loop that trains it; made in the graph that is the default one.

    Attributes
    ----------
    layout : Layout
        What the variables are to the network's weights.
    weights, optimizer_variables : list of tf.Variable
    meter : Meter or None
        The metrics of the batches that are trained on, if the spec has any.
    """

    def __init__(self, spec: TrainingSpec) -> None:
        self.spec = spec
        architecture = architecture_of(spec.architecture)
        self._inputs = INPUTS[spec.sparse](architecture)
        self._values = TracedValues()
        network = architecture.build(Traced(self._values, spec.values, spec.jit_compile))
        self.layout, self._network = lay_out(spec, network)
        self.weights = [variable.value for variable in self._network.weights]
        self._loss = BatchLoss(spec, architecture, self._network, self._values)
        self._optimizer = self._make_optimizer()
        self.optimizer_variables = [variable.value for variable in self._optimizer.variables]
        self.meter = make_meter(spec, self._network)

    def placeholders(self) -> list[Any]:
        """Make placeholders for the arguments of `run`; those of samples of any number of steps where it is None."""
        spec = self.spec
        dtype = spec.dtype
        block = (spec.block_steps, spec.batch_size)
        weight = block if spec.n_weights is None else (*block, spec.n_weights)
        arguments = [
            (dtype, (len(spec.values),)),
            (tf.int32, ()),
            (dtype, (spec.block_steps, 1 + len(spec.scheduled))),
            (tf.int32, ()),
            (tf.int32, ()),
            (tf.int32, ()),
            (dtype, weight),
            *((objective.target.dtype, (*block, *objective.target.shape)) for objective in spec.objectives),
            *self._inputs.of_block(*block, spec.inputs),
        ]
        return [tf.compat.v1.placeholder(*argument) for argument in arguments]

    def run(
        self, values: Any, seed: Any, step_values: Any, first: Any, last: Any, number: Any, weight: Any, *arrays: Any
    ) -> Any:
        """Train on some of the batches of a block.

        Returns
        -------
        losses : (steps,), or (steps, 1 + outputs) for several outputs
            Those of all of its batches, 0 for those that are not run; the second form has the loss of each output, too.
        """
        POOL.count_trace()
        spec = self.spec
        y, X = arrays[: len(spec.objectives)], arrays[len(spec.objectives) :]
        named = {name: values[i] for i, name in enumerate(spec.values)}

        def step(i: Any, losses: Any) -> Any:
            filled = weight[i] > 0 if spec.n_weights is None else tf.reduce_any(weight[i] > 0, axis=1)
            size = tf.shape(weight)[1] if spec.sparse else None
            cut = spec.exact and not spec.jit_compile  # there is no short batch where XLA has compiled it
            if cut:
                size = tf.reduce_sum(tf.cast(filled, tf.int32))
                filled = filled[:size]
            self._values.now = {
                **named,
                **{name: step_values[i, 1 + j] for j, name in enumerate(spec.scheduled)},
                "seed": seed,
                "step": number + i - first,
                "learning_rate": step_values[i, 0],
                "filled": filled,
            }
            targets, weights = [each[i] for each in y], weight[i]
            if cut:
                targets, weights = [each[:size] for each in targets], weights[:size]

            def loss_of(raw: list[Any]) -> tuple[Any, Any]:
                return self._loss(targets, weights, raw, self.meter)

            record, gradients = self._inputs.differentiate(self._network, loss_of, i, size, X)
            penalty = self._update(gradients)
            if penalty is not None:
                record += self._loss.of_whole(penalty)
            return i + 1, losses.write(i, record)

        size = spec.block_steps or tf.shape(step_values)[0]
        width = self._loss.width
        losses = tf.TensorArray(spec.dtype, size, element_shape=width)
        if not spec.jit_compile:  # a plain graph wants every element written
            losses = losses.unstack(tf.zeros((size, *width), spec.dtype))
        try:
            _, losses = tf.while_loop(lambda i, _: i < last, step, (first, losses), parallel_iterations=1)
        finally:
            self._values.now = {}  # symbolic tensors would keep the graph of this tracing alive
        return losses.stack()

    def _update(self, gradients: Sequence[Any]) -> Any | None:
        """Add the penalty's gradients and let the optimizer take its step; the penalty before it."""
        value = None
        if self._network.penalty is not None:
            variables = [variable.value for variable in self._network.trainable]
            with tf.GradientTape() as tape:
                value = tf.cast(self._network.penalty(), self.spec.dtype)
            more = tape.gradient(value, variables)
            gradients = [
                each if extra is None else extra if each is None else each + extra
                for each, extra in zip(gradients, more, strict=True)
            ]
        self._optimizer.apply(gradients, self._network.trainable)
        return value

    def _make_optimizer(self) -> Any:
        settings: dict[str, Any] = dict.fromkeys(self.spec.settings, 0.5)  # any value that is on and legal
        optimizer = make_optimizer(self.spec.optimizer, TracedRate(self._values), settings)
        optimizer.build(self._network.trainable)
        for name in self.spec.settings:
            setattr(optimizer, name, TracedSetting(self._values, name, complement_name(name)))
        sum_over_one_replica(optimizer)
        if not self.spec.jit_compile:
            update_in_one_pass(optimizer)
        return optimizer
