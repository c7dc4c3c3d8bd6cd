"""What Keras objects hold, and whether their configuration tells it: the engine makes them anew of that."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np

from skmlp._keras import keras
from skmlp._model_parts import Unsupported, is_own
from skmlp._own import content

NORMS = (keras.regularizers.L1, keras.regularizers.L2, keras.regularizers.L1L2)
"""Regularizers whose strengths are traced."""


def require_told(value: Any, what: str) -> None:
    """Refuse an optimizer or a metric of a user's own class whose configuration does not tell all that it holds.

    Raises
    ------
    Unsupported
        With what is not told; ``what`` is what the object is.
    """
    cls = type(value)
    if not is_own(cls):
        return
    try:
        made = cls.from_config(value.get_config())
    except Exception as error:  # what a user's class may raise
        raise Unsupported(f"the {what} {cls.__name__} cannot be made anew of its get_config: {said(error)}") from error
    require_alike(value, made, f"the {what} {cls.__name__}")


def require_alike(value: Any, made: Any, name: str) -> None:
    """Refuse an object that holds something else than the one that was made of its configuration.

    Raises
    ------
    Unsupported
        With the attributes that differ; ``name`` is that of the object.
    """
    ours, theirs = held(value), held(made)
    differing = [each for each in sorted({*ours, *theirs}) if content(ours.get(each)) != content(theirs.get(each))]
    if differing:
        raise Unsupported(f"{name} has attributes that its get_config does not tell: {', '.join(differing)}")


def held(value: Any) -> dict[str, Any]:
    """What decides what a Keras object computes, beside its configuration.

    Those are the plain attributes of an object of a user's own class, and the objects of a user's own classes that any
    has, such as constraints. Initializers do not count: weights are set.
    """
    own = is_own(type(value))
    found = {}
    for name, each in sorted(vars(value).items()):
        if name in _of_keras(_base(value)) or name.startswith("_self_"):
            continue
        if own and _is_plain(each):
            found[name] = _plainly(each)
        elif _is_own_object(each) or (inspect.isfunction(each) and own and is_own(each)):
            found[name] = each
    return found


def require_alike_variables(layer: Any, made: Any) -> None:
    """Refuse a layer whose weights have other constraints or regularizers than those of the one that was made of it.

    Raises
    ------
    Unsupported
        With the name of the weight.
    """
    for variable, copied in zip(layer.weights, made.weights, strict=True):
        ours, theirs = limits(variable), limits(copied)
        for what in ours:
            if content(_without_tensors(ours[what])) != content(_without_tensors(theirs[what])):
                raise Unsupported(
                    f"the {what} of the weight {variable.name!r} of the layer {layer.name!r} is not the one that the "
                    "layer's get_config tells: give it to the layer as it is made"
                )


def limits(variable: Any) -> dict[str, Any]:
    """The constraint and the regularizer of a weight; the class of one whose strengths are traced."""
    regularizer = variable.regularizer
    return {
        "constraint": variable.constraint,
        "regularizer": type(regularizer) if type(regularizer) in NORMS else regularizer,
    }


def _without_tensors(value: Any) -> Any:
    """An object of Keras' without its tensors, whose values cannot be compared in a graph."""
    if is_own(type(value)):
        return value
    return type(value), {name: each for name, each in vars(value).items() if not keras.ops.is_tensor(each)}


def said(error: Exception) -> str:
    """What an error says, in a line, about a model."""
    if "refers to a variable" in str(error):
        return (
            "something in it refers to a variable that is not among its weights, or draws random numbers with Keras' "
            "global generator"
        )
    lines = [_STYLE.sub("", line).strip(" .") for line in str(error).splitlines()]
    told = [line for line in lines if line and not line.startswith("Exception encountered when calling")]
    return next(iter(told), type(error).__name__)


_STYLE = re.compile(r"\x1b\[[0-9;]*m")
"""Keras writes what went wrong in a layer in bold type, after a line that says in which."""


_PLAIN = (bool, int, float, complex, str, bytes, type(None), np.ndarray, np.generic)

_COLLECTIONS = (list, tuple, set, frozenset, dict)


def _is_plain(value: Any) -> bool:
    if isinstance(value, Mapping):
        return all(map(_is_plain, (*value.keys(), *value.values())))
    if isinstance(value, _COLLECTIONS):
        return all(map(_is_plain, value))
    return isinstance(value, _PLAIN)


def _plainly(value: Any) -> Any:
    """A plain value in Python's own collections, of which Keras makes those that it watches."""
    if isinstance(value, Mapping):
        return {name: _plainly(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return list(map(_plainly, value))
    return frozenset(value) if isinstance(value, set | frozenset) else value


def _is_own_object(value: Any) -> bool:
    """Whether a value is of a user's own class, and is called as a regularizer or an activation is."""
    apart = (type, keras.layers.Layer, keras.initializers.Initializer, keras.metrics.Metric, keras.Variable)
    root = type(value).__module__.partition(".")[0]
    return callable(value) and not isinstance(value, apart) and root not in _OF_OTHERS


_OF_OTHERS = ("builtins", "functools", "keras", "tensorflow")


def _base(value: Any) -> type:
    bases = (keras.layers.Layer, keras.optimizers.Optimizer, keras.metrics.Metric)
    return next((base for base in bases if isinstance(value, base)), object)


@cache
def _of_keras(base: type) -> frozenset[str]:
    """The attributes that Keras gives every layer, optimizer or metric, but for what computes something."""
    made: Any = object
    if base is keras.layers.Layer:
        made = keras.layers.Identity()
        made(keras.Input((1,)))
    elif base is keras.optimizers.Optimizer:
        made = keras.optimizers.SGD()
    elif base is keras.metrics.Metric:
        made = keras.metrics.Mean()
    names = frozenset(vars(made)) - {"activity_regularizer", "momentum", "nesterov"}
    return names | {"name", "_path", "_parent_path", "built", "training", "_built", "_build_input_shape"}
