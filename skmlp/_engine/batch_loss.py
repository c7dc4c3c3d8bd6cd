"""The loss and the metrics of a batch, trained on or evaluated, as TensorFlow operations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from skmlp._engine.architecture import Architecture, Network
from skmlp._engine.meter import Meter
from skmlp._engine.traced import TracedValues
from skmlp._keras import tf
from skmlp._spec import TrainingSpec, share_name


class BatchLoss:
    """The loss of a batch before any penalty, and what is recorded of it.

    Parameters
    ----------
    spec : TrainingSpec
    architecture : Architecture
    network : Network
    values : TracedValues

    Attributes
    ----------
    width : tuple of int
        The shape of a record: () for the loss alone, (1 + outputs,) for that of each of several outputs, too.
    """

    def __init__(self, spec: TrainingSpec, architecture: Architecture, network: Network, values: TracedValues) -> None:
        self._objectives = spec.objectives
        self._network = network
        self._values = values
        per_label = spec.n_weights is not None
        self._losses = [
            architecture.loss(objective, output, per_label=per_label)
            for output, objective in enumerate(spec.objectives)
        ]
        self.width = () if len(self._losses) == 1 else (1 + len(self._losses),)

    def __call__(self, y: Sequence[Any], weight: Any, raw: Sequence[Any], meter: Meter | None) -> tuple[Any, Any]:
        """The loss and the record; the metrics go to a meter."""
        filled = self._values["filled"]
        of_outputs = [
            loss(target, output, self._values, weight, filled)
            for loss, target, output in zip(self._losses, y, raw, strict=True)
        ]
        total: Any = 0.0
        for output, (objective, loss) in enumerate(zip(self._objectives, of_outputs, strict=True)):
            total += loss * self._values[share_name(output)] if objective.shared else loss
        if self._network.added is not None:
            total += self._network.added()
        if meter is not None:
            meter.update(y, raw, weight, filled)
        return total, tf.stack([total, *of_outputs]) if self.width else total

    def of_whole(self, value: Any) -> Any:
        """What is added to a record if a value is added to the whole loss."""
        return value * tf.one_hot(0, *self.width, dtype=value.dtype) if self.width else value


def make_meter(spec: TrainingSpec, network: Network) -> Meter | None:
    """Make what measures the outputs of a network, in the graph that is the default one, if the spec has metrics."""
    if spec.measures is None:
        return None
    targets = [
        tf.compat.v1.placeholder(objective.target.dtype, (None, *objective.target.shape))
        for objective in spec.objectives
    ]
    samples = [tf.compat.v1.placeholder(form.dtype, (None, *form.shape)) for form in spec.inputs]
    return Meter(spec.measures, targets, network.call(samples, training=False), whole=spec.exact)
