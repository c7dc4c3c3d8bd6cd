"""What a user's own Keras model was compiled with: its losses, optimizer and metrics, as the engine takes them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from skmlp._keras import keras
from skmlp._loss_table import NOT_OF_A_SAMPLE
from skmlp._measures import MadeMetric, Measures, output_alias
from skmlp._model_parts import Unsupported, is_own, output_names, own_code, smoothing_name
from skmlp._own import Own
from skmlp._spec import Form, Objective, OptimizerSpec, complement_name, share_name
from skmlp._told import require_told


def compilation(model: Any) -> dict[str, Any]:
    """The arguments that a model was compiled with, as they were given.

    ``_compile_config`` is private; the public ``get_compile_config`` serializes them. tests/test_models.py notices.
    """
    return dict(model._compile_config.config)


@dataclass(frozen=True)
class ReadTraining:
    """How a compiled Keras model is trained, as the engine takes it.

    Attributes
    ----------
    objectives : tuple of Objective
    optimizer : ReadOptimizer
    measures : Measures
    values : mapping
        The traced values of losses and optimizer, by name.
    own : bool
        Whether a loss or a metric is a user's own.
    """

    objectives: tuple[Objective, ...]
    optimizer: ReadOptimizer
    measures: Measures
    values: Mapping[str, float]
    own: bool


def read_training(model: Any, targets: Sequence[Form]) -> ReadTraining:
    """Read what a model was compiled with, for targets of some forms.

    Raises
    ------
    Unsupported
        If the engine cannot train by it.
    """
    objectives, of_losses, own_loss = read_objectives(model, targets)
    optimizer = read_optimizer(model.optimizer)
    measures, own_metrics = read_measures(model)
    return ReadTraining(objectives, optimizer, measures, {**of_losses, **optimizer.values}, own_loss or own_metrics)


def read_objectives(model: Any, targets: Sequence[Form]) -> tuple[tuple[Objective, ...], dict[str, float], bool]:
    """The objective of each output, the traced values of the losses, and whether a loss is a user's own.

    Raises
    ------
    Unsupported
        If a loss is not one that the engine can train.
    """
    given = compilation(model)
    n_outputs = len(model.outputs)
    losses = _of_outputs(given.get("loss"), output_names(model), n_outputs, "loss")
    weights = _of_outputs(given.get("loss_weights"), output_names(model), n_outputs, "loss_weights")
    objectives, values, own = [], {}, False
    for output, (loss, weight, target) in enumerate(zip(losses, weights, targets, strict=True)):
        made = _loss(loss)
        function = getattr(made, "function", getattr(made, "fn", None))
        own = own or (is_own(type(made)) and not isinstance(made, OfFunction))
        own = own or (function is not None and (is_own(function) or function.__name__ in NOT_OF_A_SAMPLE))
        smoothing = getattr(made, "label_smoothing", 0) if type(made) in _SMOOTHING else 0
        if smoothing:
            values[smoothing_name(output)] = float(smoothing)
            made = type(made).from_config({**made.get_config(), "label_smoothing": 0.0})
        if weight is not None:
            values[share_name(output)] = float(weight)
        objectives.append(Objective(Own.itself(made), target, weight is not None, _code_of_loss(made)))
    return tuple(objectives), values, own


_SMOOTHING = (keras.losses.BinaryCrossentropy, keras.losses.CategoricalCrossentropy)


def _code_of_loss(loss: Any) -> Hashable:
    """What the code of a loss reads, if that is a user's own."""
    held = (getattr(loss, "function", None), getattr(loss, "fn", None), type(loss))
    return own_code([each for each in held if hasattr(each, "__module__") and each is not OfFunction])


def _of_outputs(given: Any, names: Sequence[str], n_outputs: int, what: str) -> list[Any]:
    """What was given for each output: by name, in order, or the same for all."""
    if isinstance(given, Mapping):
        if {*given} - {*names} or (what == "loss" and {*names} - {*given}):
            raise Unsupported(f"{what} has the keys {sorted(map(str, given))}, and the outputs are {list(names)}")
        return [given.get(name) for name in names]
    if isinstance(given, list | tuple):
        if len(given) != n_outputs:
            raise Unsupported(f"{what} has {len(given)} entries for {n_outputs} outputs")
        return list(given)
    return [given] * n_outputs


def _loss(given: Any) -> Any:
    """A loss as an object of Keras'."""
    if given is None:
        raise Unsupported("an output has no loss")
    made = keras.losses.get(given)
    if not isinstance(made, keras.losses.Loss):
        return OfFunction(made)
    if made.reduction in (None, "none"):
        raise Unsupported(f"the loss {made.name!r} is not reduced to a number (reduction={made.reduction!r})")
    return made


class OfFunction(keras.losses.Loss):  # type: ignore[misc]  # Keras has no types
    """The loss of a function of targets and outputs, as Keras makes it of one.

    Parameters
    ----------
    function : callable
    """

    def __init__(self, function: Callable[[Any, Any], Any]) -> None:
        name = getattr(function, "__name__", "loss")
        super().__init__(name=name if name.isidentifier() else "loss")
        self.function = function

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """What the function returns, of targets and outputs that have as many axes."""
        ranks = len(y_true.shape), len(y_pred.shape)
        if ranks[1] == ranks[0] + 1 and y_pred.shape[-1] == 1:
            y_true = keras.ops.expand_dims(y_true, -1) if ranks[0] == 1 else y_true
            y_pred = y_pred if ranks[0] == 1 else keras.ops.squeeze(y_pred, -1)
        elif ranks[0] == ranks[1] + 1 and y_true.shape[-1] == 1:
            y_pred = keras.ops.expand_dims(y_pred, -1) if ranks[1] == 1 else y_pred
            y_true = y_true if ranks[1] == 1 else keras.ops.squeeze(y_true, -1)
        return self.function(y_true, y_pred)


def is_called_for_its_rate(optimizer: Any) -> bool:
    """Whether an optimizer asks a function of a user's, which is no schedule, for its learning rate."""
    rate = optimizer._learning_rate  # private: the public attribute is the rate of now
    return callable(rate) and not isinstance(rate, keras.optimizers.schedules.LearningRateSchedule)


@dataclass(frozen=True)
class ReadOptimizer:
    """A Keras optimizer as the engine takes it: its spec, its traced settings, and its learning rate.

    ``schedule`` is a Keras schedule, of which ``learning_rate`` is then 1.
    """

    spec: OptimizerSpec
    values: Mapping[str, float]
    learning_rate: float
    schedule: Any | None


def read_optimizer(optimizer: Any) -> ReadOptimizer:
    """Read a Keras optimizer of any class.

    Raises
    ------
    Unsupported
        If it does more than change weights by gradients.
    """
    for fits, why in _UNSUPPORTED_OPTIMIZERS:
        if fits(optimizer):
            raise Unsupported(f"the optimizer {type(optimizer).__name__} {why}")
    require_told(optimizer, "optimizer")
    config = dict(optimizer.get_config())
    schedule = optimizer._learning_rate  # private: the public attribute is the rate of now, and no schedule
    scheduled = isinstance(schedule, keras.optimizers.schedules.LearningRateSchedule)
    rate = 1.0 if scheduled else float(optimizer.learning_rate)
    config.pop("learning_rate")
    config.pop("name", None)
    traced = {} if is_own(type(optimizer)) else {name: config.pop(name) for name in _TRACED if _is_on(config.get(name))}
    values: dict[str, float] = {}
    for name, value in traced.items():
        values |= {name: float(value), complement_name(name): 1.0 - float(value)}
    # Lists are the optimizer's own, which Keras watches and changes.
    plain = {name: list(value) if isinstance(value, list) else value for name, value in sorted(config.items())}
    static = tuple((name, Own.itself(value)) for name, value in plain.items())
    return ReadOptimizer(OptimizerSpec(type(optimizer), static), values, rate, schedule if scheduled else None)


_TRACED = (
    "momentum",
    "beta_1",
    "beta_2",
    "rho",
    "epsilon",
    "weight_decay",
    "clipnorm",
    "global_clipnorm",
    "clipvalue",
)
"""Settings of Keras' optimizers that can be traced where they are on; the others are compiled."""


def _is_on(value: Any) -> bool:
    return isinstance(value, float) and value > 0


_UNSUPPORTED_OPTIMIZERS: tuple[tuple[Callable[[Any], bool], str], ...] = (
    (
        lambda optimizer: type(optimizer).apply_gradients is not keras.optimizers.Optimizer.apply_gradients,
        "has an apply_gradients of its own",
    ),
    (is_called_for_its_rate, "calls a function for its learning rate"),
    (lambda optimizer: bool(optimizer.use_ema), "averages the weights (use_ema=True)"),
    (lambda optimizer: hasattr(optimizer, "inner_optimizer"), "scales the loss of another one"),
    (lambda optimizer: bool(optimizer.loss_scale_factor), "scales the loss"),
    (lambda optimizer: bool(optimizer.gradient_accumulation_steps), "accumulates gradients over several steps"),
    (
        lambda optimizer: type(optimizer).__name__ in ("MultiOptimizer", "ScheduleFreeAdamW"),
        "does more than change weights by gradients",
    ),
    (
        lambda optimizer: any(
            value for name, value in vars(optimizer).items() if name.startswith("_exclude_from_weight_decay")
        ),
        "excludes some weights from the decay by their names",
    ),
)


def read_measures(model: Any) -> tuple[Measures, bool]:
    """The metrics that a model was compiled with, and whether any is a user's own.

    Raises
    ------
    Unsupported
        If one is not what its configuration tells.
    """
    given = compilation(model)
    named = [given.get(name) or [] for name in ("metrics", "weighted_metrics")]
    each = [metric for metrics in named for metric in keras.tree.flatten(metrics) if metric is not None]
    for metric in each:
        if isinstance(metric, keras.metrics.Metric):
            require_told(metric, "metric")
    own = any(is_own(metric if inspect.isfunction(metric) else type(metric)) for metric in each if callable(metric))
    names = {name: output_alias(output) for output, name in enumerate(output_names(model))}
    code = own_code([metric if inspect.isfunction(metric) else type(metric) for metric in each])
    plain, weighted = (Own.itself(_described(metrics, names)) for metrics in named)
    return Measures(plain, weighted, tuple(names.values()), code), own


def _described(metrics: Any, names: Mapping[str, str]) -> Any:
    """Metrics by the aliases of outputs, with a class and a configuration for each object, which belongs to a model."""
    if isinstance(metrics, Mapping):
        metrics = {names.get(name, name): value for name, value in metrics.items()}

    def describe(metric: Any) -> Any:
        return MadeMetric(type(metric), metric.get_config()) if isinstance(metric, keras.metrics.Metric) else metric

    return keras.tree.map_structure(describe, metrics)
