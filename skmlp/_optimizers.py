"""Optimizers by name, the settings each of them has, and learning-rate schedules."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

SETTINGS = ("momentum", "nesterov", "beta_1", "beta_2", "rho", "epsilon", "weight_decay", "clipnorm")
"""The constructor parameters that are settings of the optimizer."""

_ADAM = {"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7}


@dataclass(frozen=True)
class Optimizer:
    """A row of the table: the Keras class, and the default of every setting that it has (None: off)."""

    class_name: str
    learning_rate: float
    defaults: Mapping[str, float | bool | None]

    @property
    def settings(self) -> tuple[str, ...]:
        """The settings that this optimizer has; decay and clipping belong to all of them."""
        return tuple(name for name in SETTINGS if name in self.defaults or name in ("weight_decay", "clipnorm"))


OPTIMIZERS = {
    "sgd": Optimizer("SGD", 0.01, {"momentum": 0.0, "nesterov": False}),
    "rmsprop": Optimizer("RMSprop", 0.001, {"rho": 0.9, "momentum": 0.0, "epsilon": 1e-7}),
    "adam": Optimizer("Adam", 0.001, _ADAM),
    "adamw": Optimizer("AdamW", 0.001, {**_ADAM, "weight_decay": 0.004}),
    "adamax": Optimizer("Adamax", 0.001, _ADAM),
    "nadam": Optimizer("Nadam", 0.001, _ADAM),
    "adadelta": Optimizer("Adadelta", 0.001, {"rho": 0.95, "epsilon": 1e-7}),
    "adagrad": Optimizer("Adagrad", 0.001, {"epsilon": 1e-7}),
    "ftrl": Optimizer("Ftrl", 0.001, {}),
    "lamb": Optimizer("Lamb", 0.001, _ADAM),
    "lion": Optimizer("Lion", 0.001, {"beta_1": 0.9, "beta_2": 0.99}),
}


def resolve_settings(optimizer: str, given: Mapping[str, float | bool | None]) -> dict[str, float | bool]:
    """The settings in force: those given, else the optimizer's own; those that are off are left out.

    Raises
    ------
    ValueError
        If a setting is given that the optimizer does not have.
    """
    row = OPTIMIZERS[optimizer]
    for name, value in given.items():
        if value is not None and name not in row.settings:
            raise ValueError(
                f"{name}={value!r} is not a setting of optimizer={optimizer!r}, which has "
                f"{', '.join(row.settings)}. Leave {name}=None, or choose an optimizer that has it: "
                f"{', '.join(known for known, other in OPTIMIZERS.items() if name in other.settings)}."
            )
    merged = {name: row.defaults.get(name) if given.get(name) is None else given[name] for name in row.settings}
    # A momentum, decay or clipping of zero is no momentum, decay or clipping: Keras then keeps no state for it.
    switches = ("momentum", "nesterov", "weight_decay", "clipnorm")
    settings = {name: value for name, value in merged.items() if value is not None and (value or name not in switches)}
    if settings.get("nesterov") and "momentum" not in settings:
        raise ValueError("nesterov=True needs a momentum: set momentum above 0, for example momentum=0.9.")
    return settings


def make_optimizer(optimizer: str, learning_rate: Any, settings: Mapping[str, Any]) -> Any:
    """Build the Keras optimizer; ``learning_rate`` is a number or a Keras schedule."""
    from skmlp._keras import keras

    row = OPTIMIZERS[optimizer]
    off = {"weight_decay": None} if optimizer != "adamw" else {"weight_decay": 0.0}
    return getattr(keras.optimizers, row.class_name)(learning_rate=learning_rate, **{**off, **settings})


SCHEDULES: Mapping[str, Callable[[float, int], float]] = {
    "cosine": lambda epoch, horizon: 0.5 * (1.0 + math.cos(math.pi * min(epoch / horizon, 1.0))),
    "exponential": lambda epoch, horizon: float(0.95**epoch),
    "inverse_time": lambda epoch, horizon: 1.0 / (1.0 + 0.1 * epoch),
}
"""Schedules by name: (epochs done, with fractions; epochs in all) -> factor on the learning rate."""


def make_schedule(schedule: str | Callable[[int], float] | None, horizon: int) -> Callable[[int, float], float]:
    """The factor on the learning rate, from the number of the step and the epochs done.

    A user's own schedule is asked once per step, and its answer is checked.
    """
    if schedule is None:
        return lambda step, epoch: 1.0
    if isinstance(schedule, str):
        named = SCHEDULES[schedule]
        return lambda step, epoch: named(epoch, horizon)
    own = schedule

    def checked(step: int, epoch: float) -> float:
        factor = float(own(step))
        if not 0.0 <= factor < math.inf:
            raise ValueError(
                f"learning_rate_schedule returned {factor!r} at step {step}: it must return a finite factor of at "
                "least 0, by which the learning rate is multiplied."
            )
        return factor

    return checked
