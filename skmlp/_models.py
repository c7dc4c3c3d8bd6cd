"""A user's own Keras model, read as a structure and traced values."""

from __future__ import annotations

import math
import weakref
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from skmlp._keras import keras
from skmlp._model_parts import (
    Unsupported,
    all_layers,
    all_operations,
    custom_objects,
    functions_held,
    is_own,
    is_plain_dropout,
    lambdas_named,
    looks_by_slices,
    norm_name,
    own_additions,
    own_code,
    rate_name,
)
from skmlp._own import content
from skmlp._spec import ModelSpec
from skmlp._told import NORMS, held, limits, said


@dataclass(frozen=True)
class ReadModel:
    """A Keras model as the engine takes it.

    Attributes
    ----------
    spec : ModelSpec
    values : mapping
        The traced values of its layers, by name.
    own : bool
        Whether it has layers of a user's own, which may look at a batch as a whole.
    compiles : bool
        Whether XLA can compile it.
    convolved : int
        What its convolutions of one sample cost XLA: about the products of numbers in them.
    """

    spec: ModelSpec
    values: Mapping[str, float]
    own: bool
    compiles: bool
    convolved: int


def read_model(model: Any) -> ReadModel:
    """Read the structure and the traced values of a built Keras model.

    Raises
    ------
    Unsupported
        If the engine cannot train such a model.
    """
    require_plain(model)
    _require_no_own_operations(model)
    layers, operations = all_layers(model), all_operations(model)
    values: dict[str, float] = {}
    dropouts = [layer for layer in layers if is_plain_dropout(layer)]
    values |= {rate_name(number): float(layer.rate) for number, layer in enumerate(dropouts) if layer.rate}
    for number, variable in enumerate(model.trainable_variables):
        for norm in ("l1", "l2"):
            if type(variable.regularizer) in NORMS and (strength := float(getattr(variable.regularizer, norm, 0))):
                values[norm_name(norm, number)] = strength
    try:
        with lambdas_named(model):
            config = model.get_config()
    except Exception as error:  # what a user's get_config may raise
        raise Unsupported(f"a layer does not say how it was made: {said(error)}") from error
    _require_told_calls(config)
    names = {layer.name: number for number, layer in enumerate([model, *layers, *operations])}
    key = (
        type(model),
        _canonical(config, names),
        tuple(type(layer) for layer in layers),
        own_code([*(type(layer) for layer in layers), *custom_objects(model).values()]),
        own_code([each for layer in layers for each in functions_held(layer).values()]),
        content([held(layer) for layer in layers]),
        content([limits(each) for each in model.trainable_variables]),
        tuple((tuple(each.shape), str(each.dtype), each.trainable) for each in model.weights),
        keras.config.floatx(),
        tuple(sorted(values)),
    )
    compiles = all(layer.supports_jit for layer in layers)
    convolved = sum(map(_products, layers))
    return ReadModel(ModelSpec(key, weakref.ref(model)), values, own_additions(model), compiles, convolved)


_FEW_PLACES = 64

_COST, _MANY_PLACES_COST = 4, 128
"""Of a product that is not written as one of matrices: the gradient of a kernel is a convolution by a large window."""


def _products(layer: Any) -> int:
    """The products of numbers in a convolution of one sample: each weight of a kernel is used at each place."""
    if not hasattr(layer, "kernel_size"):
        return 0
    try:
        shapes = [tensor.shape[1:-1] for tensor in (layer.input, layer.output)]
    except AttributeError:  # a layer within another, or one that is used several times
        return 1 << 22
    places = max(math.prod(size or 1 for size in shape) for shape in shapes)
    factor = 1 if looks_by_slices(layer) else _COST if places <= _FEW_PLACES else _MANY_PLACES_COST
    return int(factor * places * sum(math.prod(weight.shape) for weight in layer.weights if len(weight.shape) > 1))


_STEPS = (
    "fit",
    "train_step",
    "test_step",
    "compute_loss",
    "compute_metrics",
    "make_train_function",
    "call",
    "__call__",
)
"""Methods of a model that say how it is trained."""


def require_plain(model: Any) -> None:
    """Refuse what is not trained as its configuration and its compilation say.

    Raises
    ------
    Unsupported
        With the reason.
    """
    base: Any = keras.Sequential if isinstance(model, keras.Sequential) else _functional()
    if not isinstance(model, base):
        raise Unsupported(
            "the model is a subclass of keras.Model with a call of its own, whose structure cannot be read: write it "
            "as a functional or a sequential model"
        )
    for name in _STEPS:
        if getattr(type(model), name, None) is not getattr(base, name, None):
            raise Unsupported(f"the model's class {type(model).__name__} has a {name} of its own")
    if model.run_eagerly:
        raise Unsupported("the model is run eagerly (run_eagerly=True)")
    for layer in all_layers(model):
        for fits, why in _UNSUPPORTED_LAYERS:
            if fits(layer):
                raise Unsupported(f"the layer {layer.name!r} ({type(layer).__name__}) {why}")
    for tensor in model.inputs:
        if str(tensor.dtype) == "string":
            raise Unsupported(f"the input {tensor.name!r} takes strings")


@cache
def _functional() -> type:
    """The class of functional models, which has no public name."""
    inputs = keras.Input((1,))
    return type(keras.Model(inputs, inputs))


def _named(*names: str) -> Callable[[Any], bool]:
    return lambda layer: type(layer).__name__ in names


_UNSUPPORTED_LAYERS: tuple[tuple[Callable[[Any], bool], str], ...] = (
    (
        _named("StringLookup", "IntegerLookup", "TextVectorization", "Hashing", "HashedCrossing", "FeatureSpace"),
        "looks values up in a table of TensorFlow's, or hashes them",
    ),
    (lambda layer: bool(getattr(layer, "stateful", False)), "keeps its state from batch to batch (stateful=True)"),
    (
        lambda layer: isinstance(layer, keras.Model) and not isinstance(layer, keras.Sequential | _functional()),
        "is a model with a call of its own, whose structure cannot be read",
    ),
    (
        lambda layer: (
            isinstance(layer, keras.layers.Conv3D)
            and layer.padding == "same"
            and any(stride > size for stride, size in zip(layer.strides, layer.kernel_size, strict=True))
        ),
        "skips values, which XLA and TensorFlow's own operation begin to do at different places",
    ),
    (
        lambda layer: layer.compute_dtype not in (layer.variable_dtype, "string"),
        "computes in another precision than its weights have",
    ),
)


def _require_no_own_operations(model: Any) -> None:
    """Refuse operations of a user's own.

    Raises
    ------
    Unsupported
        With the name of the class.
    """
    own = [type(each).__name__ for each in all_operations(model) if is_own(type(each))]
    if own:
        raise Unsupported(
            f"{own[0]} is an operation of your own, whose attributes Keras does not save: write it as a "
            "keras.layers.Layer with a get_config"
        )


def _require_told_calls(config: Any) -> None:
    """Refuse functions and objects as arguments of a call, of which a configuration has the names alone.

    Raises
    ------
    Unsupported
        With what was called with them.
    """
    if isinstance(config, dict):
        untold = next(_untold(config.get("inbound_nodes")), None)
        if untold is not None:
            raise Unsupported(
                f"{config.get('name')!r} is called with {untold}, of which Keras saves the name alone: write it as a "
                "keras.layers.Layer or a keras.layers.Lambda"
            )
        config = list(config.values())
    for each in config if isinstance(config, list | tuple) else ():
        if isinstance(each, dict | list | tuple):
            _require_told_calls(each)


def _untold(value: Any) -> Iterator[str]:
    """The names of functions and objects in the saved arguments of a call."""
    if isinstance(value, dict):
        kind = str(value.get("class_name", "__none__"))
        if not (kind.startswith("__") and kind.endswith("__")) or kind == "__lambda__":
            named = {"function": f"the function {value.get('config')!r}", "__lambda__": "a lambda"}
            yield named.get(kind, f"an object of {kind}")
        elif kind != "__keras_tensor__":
            yield from _untold(list(value.values()))
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _untold(each)


def _canonical(config: Any, names: Mapping[str, int], under: str = "") -> Hashable:
    """A configuration with layers by number, without initializers and seeds, and with traced values as on or off."""
    if isinstance(config, dict):
        if "registered_name" in config and not _is_kerass(config):
            under = _OWN  # whatever a user's own configuration says may be computed with
        return _canonical_object(config, names, under)
    if isinstance(config, list | tuple):
        return tuple(_canonical(value, names, under) for value in config)
    return content(config)


def _canonical_object(config: dict[str, Any], names: Mapping[str, int], under: str) -> Hashable:
    class_name = config.get("class_name")
    if class_name == "__numpy__":  # number by number, a table of positions would take seconds
        return class_name, content(np.asarray(config["config"]["value"], config["config"]["dtype"]))
    if under.endswith("initializer") and isinstance(getattr(keras.initializers, str(class_name), None), type):
        return "an initializer"
    if class_name in ("L1", "L2", "L1L2") and under not in ("activity_regularizer", _OWN):
        return class_name, tuple((name, bool(value)) for name, value in sorted(config["config"].items()))
    is_dropout = class_name == "Dropout" and config.get("module") == "keras.layers"
    parts: list[Hashable] = []
    for name, value in sorted(config.items(), key=lambda item: str(item[0])):
        if name == "name" and value in names:
            parts.append((name, names[value]))
        elif name in ("keras_history", "input_layers", "output_layers"):
            parts.append((name, _renamed(value, names)))
        elif is_dropout and name == "config":
            parts.append((name, _canonical({**value, "rate": bool(value["rate"])}, names, name)))
        elif name != "seed" or under == _OWN:
            parts.append((name, _canonical(value, names, _OWN if under == _OWN else str(name))))
    return dict, tuple(parts)


_OWN = "a configuration of a user's own"


def _is_kerass(config: Mapping[str, Any]) -> bool:
    """Whether a serialized object is one of Keras'."""
    module = str(config.get("module") or "")
    return module.partition(".")[0] in ("keras", "builtins")


def _renamed(value: Any, names: Mapping[str, int]) -> Hashable:
    """References to layers, by number."""
    if isinstance(value, dict):
        return tuple((name, _renamed(each, names)) for name, each in sorted(value.items()))
    if isinstance(value, list | tuple):
        return tuple(_renamed(each, names) for each in value)
    renamed: Hashable = names.get(value, value)
    return renamed
