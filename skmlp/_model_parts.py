"""What a Keras model is made of: its layers, what of them is of a user's own, its inputs and outputs."""

from __future__ import annotations

import inspect
from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from skmlp._keras import keras
from skmlp._own import content
from skmlp._reading import what_it_reads
from skmlp._spec import Form


class Unsupported(Exception):  # noqa: N818  (it is a reason, which auto mode takes as an answer)
    """Why the compiled engine cannot train a model: the message ends the sentence "Keras' fit trains it, since"."""


def rate_name(number: int) -> str:
    """The name of the traced rate of a dropout layer, counted from 0."""
    return f"rate_{number}"


def norm_name(norm: str, number: int) -> str:
    """The name of the traced strength of a penalty, "l1" or "l2", on a trainable variable, counted from 0."""
    return f"{norm}_{number}"


def smoothing_name(output: int) -> str:
    """The name of the traced label smoothing of an output."""
    return f"label_smoothing_{output}"


def all_layers(model: Any) -> list[Any]:
    """Every layer of a model, those inside of other layers too, each once.

    ``_flatten_layers`` is private; Keras has no public way to the layers in a layer. tests/test_models.py notices.
    """
    return list({id(layer): layer for layer in model._flatten_layers(include_self=False)}.values())


def all_operations(model: Any) -> list[Any]:
    """What a model computes between its layers, as ``x + y`` or ``keras.ops.relu(x)``, in models within it too."""
    models = [each for each in [model, *all_layers(model)] if isinstance(each, keras.Model)]
    found = [each for model in models for each in getattr(model, "operations", ())]
    return [each for each in found if not isinstance(each, keras.layers.Layer)]


def is_plain_dropout(layer: Any) -> bool:
    """Whether a layer is Keras' dropout itself, whose rate can be traced."""
    return type(layer) is keras.layers.Dropout


def looks_by_slices(layer: Any) -> bool:
    """Whether a convolution or a layer of maxima is one that `skmlp._engine.windows` rewrites for XLA."""
    kept = keras.layers
    pooling = kept.MaxPooling1D, kept.MaxPooling2D, kept.MaxPooling3D
    if type(layer) not in (kept.Conv1D, kept.Conv2D, kept.Conv3D, *pooling) or layer.data_format != "channels_last":
        return False
    sizes = layer.pool_size if type(layer) in pooling else layer.kernel_size
    return getattr(layer, "groups", 1) == 1 and sum(sizes) <= _MOST_SLICES


_MOST_SLICES = 64
"""For a window, each of which has to be compiled."""


def model_inputs(model: Any) -> tuple[Form, ...]:
    """What one sample is in each input of a model, in the order of ``model.inputs``."""
    return tuple(Form(tuple(each.shape[1:]), str(each.dtype)) for each in model.inputs)


def structure(model: Any, what: str) -> Any:
    """The symbolic "inputs" or "outputs" of a model, in the lists and dictionaries in which it takes or returns them.

    The attributes of a functional model are private; Keras' public ones are those of its first call. A sequential model
    has one of each. tests/test_models.py notices a change.
    """
    tensors = getattr(model, what)
    return tensors[0] if isinstance(model, keras.Sequential) else getattr(model, f"_{what}_struct")


def output_names(model: Any) -> list[str]:
    """The names of a model's outputs, in their order.

    Those are the keys of a dictionary of outputs, whatever its layers are called, and else the names of the layers.
    """
    if isinstance(model, keras.Sequential):
        return [model.layers[-1].name]
    struct = structure(model, "outputs")
    keyed = isinstance(struct, Mapping) and len(struct) == len(model.outputs)
    return sorted(struct) if keyed else list(model.output_names)


def own_additions(model: Any) -> bool:
    """Whether layers may add losses of their own: by an activity regularizer, or in a user's code."""
    return has_own_layers(model) or any(layer.activity_regularizer is not None for layer in all_layers(model))


def has_own_layers(model: Any) -> bool:
    """Whether a model has layers or functions that may look at a batch as a whole: a user's own, or over its axis."""
    if any(is_own(type(layer)) or own_functions(layer) or _joins_samples(layer) for layer in all_layers(model)):
        return True
    return any(type(each).__name__ not in _OF_EACH_SAMPLE for each in all_operations(model))


def _joins_samples(layer: Any) -> bool:
    """Whether a layer, such as ``Softmax(axis=0)``, computes over the axis of the samples."""
    axes = [each for each in keras.tree.flatten(getattr(layer, "axis", None)) if isinstance(each, int)]
    try:
        n_axes = len(layer.input.shape)
    except AttributeError:  # a layer within another, or one that is used several times, or with several inputs
        return 0 in axes
    return not {0, -n_axes}.isdisjoint(axes)


_OF_EACH_SAMPLE = (
    *("Any", "All", "Cast", "ExpandDims", "NotEqual"),  # by which Keras' layers make masks
    *("Add", "Subtract", "Multiply", "Divide", "TrueDivide", "Power", "Maximum", "Minimum", "Negative", "Absolute"),
    *("Square", "Sqrt", "Exp", "Log", "Clip", "Relu", "Relu6", "Sigmoid", "Tanh", "Gelu", "Silu", "Elu", "Selu"),
    *("Softplus", "Softsign", "LeakyRelu"),
)
"""Operations number by number, beside others and a user's own layers, which may look at a batch as a whole."""


def custom_objects(model: Any) -> dict[str, Any]:
    """The classes and functions of a user's own that a model is made of, by the names under which Keras saves them.

    Raises
    ------
    Unsupported
        If two of them have the same name.
    """
    found: dict[str, Any] = {}
    for layer in all_layers(model):
        held = [type(layer), *(each for each in own_functions(layer) if each.__name__ != _LAMBDA)]
        held += [type(each) for each in vars(layer).values() if hasattr(each, "get_config")]
        for each in filter(is_own, held):
            name = each.__name__
            if found.setdefault(name, each) is not each and content(found[name]) != content(each):
                raise Unsupported(
                    f"two different objects of your own are called {name!r}, which Keras cannot tell apart"
                )
    return found


@contextmanager
def lambdas_named(model: Any) -> Iterator[dict[str, Any]]:
    """Give lambdas names of their own, by which Keras then serializes them; else it would write the code, and warn.

    Yields
    ------
    named : dict
        The lambdas by these names.
    """
    found = lambdas(model)
    named = {f"function_{number}": each for number, each in enumerate(found)}
    for name, each in named.items():
        each.__name__ = name
    try:
        yield named
    finally:
        for each in found:
            each.__name__ = _LAMBDA


def lambdas(model: Any) -> list[Any]:
    """The lambdas that the layers of a model were given, each once."""
    held = [each for layer in all_layers(model) for each in own_functions(layer)]
    return list({id(each): each for each in held if each.__name__ == _LAMBDA}.values())


_LAMBDA = "<lambda>"


def functions_held(layer: Any) -> dict[str, Any]:
    """The functions of a user's own that a layer was given, by the names of its arguments."""
    return {name: each for name, each in vars(layer).items() if _is_function(each, layer) and is_own(each)}


def _is_function(value: Any, layer: Any) -> bool:
    """Whether a value is a function, or a method of something else than the layer that holds it."""
    return inspect.isfunction(value) or (inspect.ismethod(value) and value.__self__ is not layer)


def own_code(objects: Sequence[Any]) -> Hashable:
    """What functions and classes of a user's own compute with; others are themselves.

    Where it cannot be told, nothing is equal to it: what holds it is compiled for each fit.
    """
    known = []
    for each in objects:
        try:
            known.append(what_it_reads(each) if is_own(each) else each)
        except Exception:  # what a user's objects raise when they are looked at, too
            known.append(object())
    return tuple(known)


def is_own(value: Any) -> bool:
    """Whether an object, class or function is of a user's own."""
    module: str = value.__module__
    return module.partition(".")[0] != "keras"


def own_functions(layer: Any) -> list[Any]:
    """The functions of a user's own that a layer was given."""
    return list(functions_held(layer).values())


def flat_arrays(model: Any, given: Any, what: str) -> list[Any]:
    """Arrays that were given for a model's "inputs" or "outputs", in the order of its tensors.

    Raises
    ------
    Unsupported
        If they do not match.
    """
    tensors, struct = getattr(model, what), structure(model, what)
    if isinstance(given, Mapping):
        named = sorted(struct) if isinstance(struct, Mapping) else [each.name for each in tensors]
        keys = output_names(model) if what == "outputs" else named
        if {*given} != {*keys}:
            raise Unsupported(f"the arrays have the keys {sorted(map(str, given))}, and the model's {what} {keys}")
        return [given[key] for key in keys]
    arrays = list(given) if isinstance(given, list | tuple) else [given]
    if len(arrays) != len(tensors):
        raise Unsupported(f"there are {len(arrays)} arrays for {len(tensors)} {what}")
    return arrays
