"""Optimizers by name, and the settings each of them has."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from skmlp._names import nearest
from skmlp._own import unwrapped
from skmlp._spec import OptimizerSpec

SETTINGS = ("momentum", "nesterov", "beta_1", "beta_2", "rho", "epsilon", "weight_decay", "clipnorm")
"""The constructor parameters that are settings of the optimizer."""

_ADAM = {"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7}


@dataclass(frozen=True)
class Optimizer:
    """A row of the table: the Keras class, and the default of every setting that it has (None: off).

    ``since`` is a parameter of the Keras class without which it is another algorithm, with other defaults. ``dtypes``
    are those of the networks that Keras can train with it. ``divides_by_rate`` says that a learning rate of 0 makes
    weights NaN; ``elementwise`` that each number of a weight goes its own way, whatever the others do.
    """

    name: str
    class_name: str
    learning_rate: float
    defaults: Mapping[str, float | bool | None]
    since: str | None = None
    dtypes: tuple[str, ...] = ("float32", "float64")
    divides_by_rate: bool = False
    elementwise: bool = True

    @property
    def settings(self) -> tuple[str, ...]:
        """The settings that this optimizer has; decay and clipping belong to all of them."""
        return tuple(name for name in SETTINGS if name in self.defaults or name in ("weight_decay", "clipnorm"))


_ROWS = (
    Optimizer("sgd", "SGD", 0.01, {"momentum": 0.0, "nesterov": False}),
    Optimizer("rmsprop", "RMSprop", 0.001, {"rho": 0.9, "momentum": 0.0, "epsilon": 1e-7}),
    Optimizer("adam", "Adam", 0.001, _ADAM),
    Optimizer("adamw", "AdamW", 0.001, {**_ADAM, "weight_decay": 0.004}),
    Optimizer("adamax", "Adamax", 0.001, _ADAM),
    Optimizer("nadam", "Nadam", 0.001, _ADAM),
    Optimizer("adadelta", "Adadelta", 0.001, {"rho": 0.95, "epsilon": 1e-7}),
    Optimizer("adafactor", "Adafactor", 0.001, {}, elementwise=False),
    Optimizer("adagrad", "Adagrad", 0.001, {"epsilon": 1e-7}),
    Optimizer("ftrl", "Ftrl", 0.001, {}, divides_by_rate=True),
    Optimizer("lamb", "Lamb", 0.001, _ADAM, elementwise=False),
    Optimizer("lion", "Lion", 0.001, {"beta_1": 0.9, "beta_2": 0.99}),
    Optimizer(
        "muon",
        "Muon",
        0.001,
        {"momentum": 0.95, "nesterov": True, "epsilon": 1e-7, "weight_decay": 0.004},
        since="rms_rate",
        dtypes=("float32",),
        elementwise=False,
    ),
)

OPTIMIZERS = {row.name: row for row in _ROWS}

_REMEDIES = {
    "clipvalue": "use clipnorm",
    "global_clipnorm": "use clipnorm, the norm of the gradient of each weight",
    "gradient_accumulation_steps": "make batch_size larger",
    "learning_rate": "set learning_rate to a number, and learning_rate_schedule to a function of the step",
    "loss_scale_factor": "leave it out; networks compute in float32 or float64",
}
"""What to write in place of settings of a Keras optimizer that are not taken over; the others are to be left out."""


def read_optimizer(optimizer: Any) -> tuple[Optimizer, dict[str, float | bool]]:
    """The row of an optimizer given by name or as an unbuilt object of Keras', and what the object was made with.

    Returns
    -------
    row : Optimizer
    settings : dict
        "learning_rate" and the row's settings, 0 for one that is off; nothing for a name.

    Raises
    ------
    ValueError
        If the optimizer is unknown, or has state or settings that are not taken over.
    """
    from skmlp._apart import apart
    from skmlp._keras import keras

    known = known_optimizers()
    names = ", ".join(known)
    if isinstance(optimizer, str):
        if optimizer.lower() not in known:
            question = nearest(optimizer, known)
            raise ValueError(
                f"optimizer={optimizer!r} is unknown{': ' + question if question else '.'} Choose one of {names}."
            )
        return OPTIMIZERS[optimizer.lower()], {}
    said = f"optimizer={optimizer!r}"
    if isinstance(optimizer, type):
        raise ValueError(f"{said} is a class: give it an instance, with its arguments, or a name.")
    classes = {getattr(keras.optimizers, OPTIMIZERS[name].class_name): OPTIMIZERS[name] for name in known}
    row = classes.get(type(optimizer))
    if row is None:
        raise ValueError(f"{said} is not one of the optimizers that are trained here: choose one of {names}.")
    if optimizer.built:
        raise ValueError(f"{said} has been used by a model, whose state would be lost: give a new one.")
    config = apart(optimizer.get_config)
    if not isinstance(config["learning_rate"], float):
        config["learning_rate"] = None
    defaults = inspect.signature(type(optimizer)).parameters
    for name, value in config.items():
        taken = name in row.settings or (name == "learning_rate" and value is not None)
        if name != "name" and not taken and (value or None) != (defaults[name].default or None):
            remedy = _REMEDIES.get(name, f"leave {name} out")
            shown = "a schedule" if name == "learning_rate" else repr(value)
            raise ValueError(f"{said} has {name}={shown}, which is not taken over: {remedy}.")
    settings = {name: 0.0 if config[name] is None else config[name] for name in row.settings}
    # Keras keeps the rate in single precision: its shortest decimal is the number that was given.
    return row, {**settings, "learning_rate": float(str(np.float32(config["learning_rate"])))}


@cache
def known_optimizers() -> list[str]:
    """The names of the optimizers that the installed Keras has."""
    from skmlp._keras import keras

    return [name for name, row in OPTIMIZERS.items() if _has(getattr(keras.optimizers, row.class_name, None), row)]


def _has(optimizer: Any, row: Optimizer) -> bool:
    return optimizer is not None and (row.since is None or row.since in inspect.signature(optimizer).parameters)


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
                f"{', '.join(known for known in known_optimizers() if name in OPTIMIZERS[known].settings)}."
            )
    merged = {name: row.defaults.get(name) if given.get(name) is None else given[name] for name in row.settings}
    # A momentum, decay or clipping of zero is no momentum, decay or clipping: Keras then keeps no state for it.
    switches = ("momentum", "nesterov", "weight_decay", "clipnorm")
    settings = {name: value for name, value in merged.items() if value is not None and (value or name not in switches)}
    if "momentum" not in settings and settings.pop("nesterov", False) and given.get("momentum") is None:
        raise ValueError("nesterov=True needs a momentum: set momentum above 0, for example momentum=0.9.")
    return settings


def make_optimizer(optimizer: OptimizerSpec, learning_rate: Any, settings: Mapping[str, Any]) -> Any:
    """Build the Keras optimizer; ``learning_rate`` is a number or a Keras schedule."""
    from skmlp._keras import keras

    # A copy: Keras' optimizers may change a list that they are given.
    settings = {**settings, **{name: copy.copy(unwrapped(value)) for name, value in optimizer.static}}
    if isinstance(optimizer.kind, type):
        return optimizer.kind.from_config({**settings, "learning_rate": learning_rate})  # type: ignore[attr-defined]  # Keras has no types
    row = OPTIMIZERS[optimizer.kind]
    off: dict[str, Any] = {"weight_decay": None} if optimizer.kind != "adamw" else {"weight_decay": 0.0}
    off |= {name: value for name, value in (("momentum", 0.0), ("nesterov", False)) if name in row.defaults}
    return getattr(keras.optimizers, row.class_name)(learning_rate=learning_rate, **{**off, **settings})
