"""Where the training of a Keras model stands, read from the model, given to it, and as plain values for a file."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmlp._compilations import compilation
from skmlp._fields import Check, at_least, checked, list_of, one_of, or_none, text
from skmlp._keras import keras
from skmlp._model_parts import custom_objects, lambdas_named
from skmlp._spec import State


def state_of(model: Any, epoch: int = 0, step: int = 0) -> State:
    """The weights of a model and the state of its optimizer, None if that has done nothing yet."""
    optimizer = model.optimizer
    used = optimizer is not None and optimizer.built and int(optimizer.iterations) > 0
    state = [each.numpy() for each in _optimizer_variables(optimizer)] if used else None
    return State(model.get_weights(), state, epoch, step)


def load_state(model: Any, state: State) -> None:
    """Give a model the weights and the optimizer's state of a training."""
    model.set_weights(state.weights)
    if state.optimizer is None:
        return
    model.optimizer.build(model.trainable_variables)
    for variable, value in zip(_optimizer_variables(model.optimizer), state.optimizer, strict=True):
        variable.assign(value)


def _optimizer_variables(optimizer: Any) -> list[Any]:
    """The variables of an optimizer without its learning rate, which the engine passes."""
    return [each for each in optimizer.variables if each is not optimizer._learning_rate]


def saved(model: Any, state: State) -> dict[str, Any]:
    """A model and its training as plain values and arrays, and the classes and functions of a user's own."""
    objects = custom_objects(model)
    for each in keras.tree.flatten(list(compilation(model).values())):
        own = each if inspect.isfunction(each) or inspect.isclass(each) else type(each)
        if own.__module__.partition(".")[0] not in ("keras", "builtins"):
            objects[own.__name__] = own
    with lambdas_named(model) as named:
        config = model.get_config()
    return {
        "kind": "sequential" if isinstance(model, keras.Sequential) else "functional",
        "config": config,
        "compile": _compiled(model),
        "custom_objects": {**objects, **named},
        "weights": [np.asarray(each) for each in state.weights],
        "optimizer": None if state.optimizer is None else [np.asarray(each) for each in state.optimizer],
        "epoch": state.epoch,
        "step": state.step,
    }


def restored(values: dict[str, Any]) -> tuple[Any, State]:
    """The model and its training of `saved`."""
    with keras.saving.custom_object_scope(values["custom_objects"]):
        cls = keras.Sequential if values["kind"] == "sequential" else keras.Model
        model = cls.from_config(values["config"])
        if "given" in values["compile"]:
            given = values["compile"]["given"]
            model.compile(**{**given, "optimizer": keras.optimizers.deserialize(given["optimizer"])})
        else:
            model.compile_from_config(values["compile"])
    state = State(_arrays(values["weights"]), _arrays(values["optimizer"]), values["epoch"], values["step"])
    load_state(model, state)
    return model, state


def archived(archive: NDArray[np.uint8]) -> dict[str, Any]:
    """A file of Keras' in place of the values of `saved`, for a model that the engine does not train."""
    return {"kind": "archive", "archive": archive}


def archive_in(values: Mapping[str, Any] | None) -> NDArray[np.uint8] | None:
    """The file of Keras' in such values, if they hold one."""
    return values["archive"] if values is not None and values["kind"] == "archive" else None


def require_saved(values: Any, name: str) -> None:
    """Refuse what is neither from `saved` nor from `archived`.

    Raises
    ------
    ValueError
        With the names of what is missing, unknown or wrong; and ``name``, the class of the estimator.
    """
    kind = values.get("kind") if isinstance(values, dict) else None
    checked(values, _ARCHIVED if kind == "archive" else _SAVED, name, "model.")


def _array(value: Any) -> bool:
    return isinstance(value, np.ndarray)


def _dictionary(value: Any) -> bool:
    return isinstance(value, dict)


_ARCHIVED: Mapping[str, Check] = {"kind": text, "archive": lambda value: _array(value) and value.dtype == np.uint8}

_SAVED: Mapping[str, Check] = {
    "kind": one_of("sequential", "functional"),
    "config": _dictionary,
    "compile": _dictionary,
    "custom_objects": _dictionary,
    "weights": list_of(_array),
    "optimizer": or_none(list_of(_array)),
    "epoch": at_least(0),
    "step": at_least(0),
}


def _compiled(model: Any) -> dict[str, Any]:
    """How a model is compiled: as Keras serializes it, or as it was given, where Keras cannot."""
    try:
        return dict(model.get_compile_config())
    except Exception:  # what a user's get_config may raise
        return {"given": {**compilation(model), "optimizer": keras.optimizers.serialize(model.optimizer)}}


def _arrays(values: Any) -> list[NDArray[Any]]:
    return None if values is None else [np.asarray(each) for each in values]  # type: ignore[return-value]
