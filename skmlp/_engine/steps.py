"""The training steps of a structure as TensorFlow operations: a network, a Keras optimizer, a loop."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from skmlp._engine.architectures import architecture_of
from skmlp._engine.cache import POOL
from skmlp._engine.input_forms import INPUTS
from skmlp._engine.layout import lay_out
from skmlp._engine.meter import Meter
from skmlp._engine.traced import Traced, TracedRate, TracedSetting, TracedValues, sum_over_one_replica
from skmlp._keras import tf
from skmlp._optimizers import make_optimizer
from skmlp._spec import TrainingSpec, complement_name, share_name


class Steps:
    """A network, its optimizer, and the loop that trains it; made in the graph that is the default one.

    Attributes
    ----------
    layout : Layout
        What the variables are to the network's weights.
    weights, optimizer_variables : list of tf.Variable
    meter, validation_meter : Meter or None
        The metrics of the batches that are trained on, and of those that are evaluated, if the spec has any.
    """

    def __init__(self, spec: TrainingSpec) -> None:
        self.spec = spec
        architecture = architecture_of(spec.architecture)
        self._inputs = INPUTS[spec.sparse](architecture)
        self._values = TracedValues()
        algorithm = "hash" if spec.jit_compile else "philox"  # each is the fastest where it is used
        network = architecture.build(Traced(self._values, spec.values, algorithm))
        self.layout, self._network = lay_out(spec, network)
        self.weights = [variable.value for variable in self._network.weights]
        per_label = spec.n_weights is not None
        self._losses = [
            architecture.loss(objective, output, per_label=per_label)
            for output, objective in enumerate(spec.objectives)
        ]
        self._optimizer = self._make_optimizer()
        self.optimizer_variables = [variable.value for variable in self._optimizer.variables]
        self.meter = self.validation_meter = None
        if spec.measures is not None:
            outputs = self._placeholder_outputs()
            self.meter, self.validation_meter = (Meter(spec.measures, *outputs, whole=spec.exact) for _ in range(2))

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
                return self._data_loss(targets, weights, raw, self.meter)

            record, gradients = self._inputs.differentiate(self._network, loss_of, i, size, X)
            penalty = self._update(gradients)
            if penalty is not None:
                record += self._first(penalty)
            return i + 1, losses.write(i, record)

        size = spec.block_steps or tf.shape(step_values)[0]
        width = () if len(self._losses) == 1 else (1 + len(self._losses),)
        losses = tf.TensorArray(spec.dtype, size, element_shape=width)
        if not spec.jit_compile:  # a plain graph wants every element written
            losses = losses.unstack(tf.zeros((size, *width), spec.dtype))
        try:
            _, losses = tf.while_loop(lambda i, _: i < last, step, (first, losses), parallel_iterations=1)
        finally:
            self._values.now = {}  # symbolic tensors would keep the graph of this tracing alive
        return losses.stack()

    def evaluation_placeholders(self) -> list[Any]:
        """Make placeholders for the arguments of `evaluate`."""
        spec = self.spec
        arguments = [
            (spec.dtype, (len(spec.values),)),
            (tf.int32, ()),
            (spec.dtype, (None,)),
            *((objective.target.dtype, (None, *objective.target.shape)) for objective in spec.objectives),
            *((form.dtype, (None, *form.shape)) for form in spec.inputs),
        ]
        return [tf.compat.v1.placeholder(*argument) for argument in arguments]

    def evaluate(self, values: Any, batch_size: Any, weight: Any, *arrays: Any) -> Any:
        """Go through samples in batches, without training; the mean of their losses as `run` has them."""
        spec = self.spec
        named = {name: values[i] for i, name in enumerate(spec.values)}
        n_samples = tf.shape(weight)[0]
        width = () if len(self._losses) == 1 else (1 + len(self._losses),)

        def sizes(of_all: Any, of_outputs: Any) -> Any:
            """What the parts of a record count by: means of outputs are, as in Keras, those of batches of any size."""
            return of_all if not width else tf.stack([of_all, *[tf.cast(of_outputs, spec.dtype)] * len(self._losses)])

        def batch(first: Any, total: Any) -> Any:
            last = tf.minimum(first + batch_size, n_samples)
            its_weight, *its_arrays = (each[first:last] for each in (weight, *arrays))
            y, X = its_arrays[: len(spec.objectives)], its_arrays[len(spec.objectives) :]
            self._values.now = {**named, "filled": tf.ones_like(its_weight, tf.bool)}
            raw = self._network.call(X, training=False)
            _, record = self._data_loss(y, its_weight, raw, self.validation_meter)
            if self._network.penalty is not None:
                record += self._first(tf.cast(self._network.penalty(), spec.dtype))
            return last, total + record * sizes(tf.cast(last - first, spec.dtype), 1)

        try:
            _, total = tf.while_loop(
                lambda first, _: first < n_samples, batch, (0, tf.zeros(width, spec.dtype)), parallel_iterations=1
            )
        finally:
            self._values.now = {}
        n_batches = -(-n_samples // batch_size)
        return total / sizes(tf.cast(n_samples, spec.dtype), tf.cast(n_batches, spec.dtype))

    def _first(self, value: Any) -> Any:
        """What is added to a record if a value is added to the whole loss."""
        return value if len(self._losses) == 1 else value * tf.one_hot(0, len(self._losses) + 1, dtype=value.dtype)

    def _data_loss(self, y: Sequence[Any], weight: Any, raw: Sequence[Any], meter: Any) -> tuple[Any, Any]:
        """The loss of a batch before any penalty, and what is recorded of it; its metrics go to a meter."""
        filled = self._values["filled"]
        of_outputs = [
            loss(target, output, self._values, weight, filled)
            for loss, target, output in zip(self._losses, y, raw, strict=True)
        ]
        total: Any = 0.0
        for output, (objective, loss) in enumerate(zip(self.spec.objectives, of_outputs, strict=True)):
            total += loss * self._values[share_name(output)] if objective.shared else loss
        if self._network.added is not None:
            total += self._network.added()
        if meter is not None:
            meter.update(y, raw, weight, filled)
        return total, total if len(of_outputs) == 1 else tf.stack([total, *of_outputs])

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

    def _placeholder_outputs(self) -> tuple[list[Any], list[Any]]:
        """Targets and raw outputs of any batch, to learn their shapes by."""
        targets = [
            tf.compat.v1.placeholder(objective.target.dtype, (None, *objective.target.shape))
            for objective in self.spec.objectives
        ]
        samples = [tf.compat.v1.placeholder(form.dtype, (None, *form.shape)) for form in self.spec.inputs]
        return targets, self._network.call(samples, training=False)

    def _make_optimizer(self) -> Any:
        settings: dict[str, Any] = dict.fromkeys(self.spec.settings, 0.5)  # any value that is on and legal
        optimizer = make_optimizer(self.spec.optimizer, TracedRate(self._values), settings)
        optimizer.build(self._network.trainable)
        for name in self.spec.settings:
            setattr(optimizer, name, TracedSetting(self._values, name, complement_name(name)))
        sum_over_one_replica(optimizer)
        return optimizer
