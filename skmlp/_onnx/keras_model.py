"""Keras models of dense layers as nodes of ONNX, from their layers and weights, for the wrappers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from skmlp._onnx.activations import ACTIVATIONS, activated
from skmlp._onnx.nodes import Nodes

Written = Callable[[Nodes, Any, Sequence[str]], str]


def model_outputs(nodes: Nodes, model: Any, x: str) -> str:
    """What a model of one input, (n_samples, n_features), predicts, (n_samples, n_outputs).

    Raises
    ------
    ValueError
        If it is another model, or has a layer that is not written here; the message names it.
    """
    if [len(tensor.shape) for tensor in (*model.inputs, *model.outputs)] != [2, 2]:
        raise _not_written("it has other inputs and outputs than one of each, of two dimensions")
    values = {id(model.inputs[0]): x}
    for layer in model.layers:
        name = type(layer).__name__
        written = LAYERS.get(name) if type(layer).__module__.startswith("keras.") else None
        if written is None:
            raise _not_written(f"there is nothing for its layer {layer.name!r} of the class {name}")
        if len(layer._inbound_nodes) != 1:
            raise _not_written(f"its layer {layer.name!r} is called more than once")
        if name != "InputLayer":
            inputs = layer.input if isinstance(layer.input, list) else [layer.input]
            values[id(layer.output)] = written(nodes, layer, [values[id(each)] for each in inputs])
    return values[id(model.outputs[0])]


def _not_written(why: str) -> ValueError:
    return ValueError(
        f"The model cannot be written as nodes of ONNX, because {why}: let Keras export the model alone, by the "
        "package tf2onnx: model_.export('network.onnx', format='onnx')."
    )


def _as_it_is(nodes: Nodes, layer: Any, x: Sequence[str]) -> str:
    return x[0]


def _with_activation(nodes: Nodes, layer: Any, x: str) -> str:
    """The activation of a layer, by the name that Keras has for it."""
    function = layer.activation
    name = getattr(function, "__name__", None)
    if not (str(getattr(function, "__module__", "")).startswith("keras.") and name in {*ACTIVATIONS, "sparsemax"}):
        raise _not_written(f"there is nothing for the activation {function!r} of its layer {layer.name!r}")
    return activated(nodes, str(name), x, layer.output.shape[-1])


def _dense(nodes: Nodes, layer: Any, x: Sequence[str]) -> str:
    kernel = np.asarray(layer.kernel)
    bias = np.asarray(layer.bias) if layer.use_bias else np.zeros(kernel.shape[1], kernel.dtype)
    return _with_activation(nodes, layer, nodes("Gemm", x[0], kernel, bias))


def _relu(nodes: Nodes, layer: Any, x: Sequence[str]) -> str:
    if layer.max_value is not None or layer.threshold:
        raise _not_written(f"there is nothing for the limits of its layer {layer.name!r}")
    return nodes("Max", x[0], nodes("Mul", x[0], float(layer.negative_slope)))


def _batch_normalization(nodes: Nodes, layer: Any, x: Sequence[str]) -> str:
    mean, variance = np.asarray(layer.moving_mean), np.asarray(layer.moving_variance)
    factor = 1 / np.sqrt(variance + variance.dtype.type(layer.epsilon))
    factor = factor * np.asarray(layer.gamma) if layer.scale else factor
    offset = -mean * factor
    offset = offset + np.asarray(layer.beta) if layer.center else offset
    return nodes("Add", nodes("Mul", x[0], factor), offset)


def _layer_normalization(nodes: Nodes, layer: Any, x: Sequence[str]) -> str:
    width = float(layer.input.shape[-1])
    centred = nodes("Sub", x[0], nodes("Div", nodes.row_sums(x[0]), width))
    variance = nodes("Div", nodes.row_sums(nodes("Mul", centred, centred)), width)
    found = nodes("Div", centred, nodes("Sqrt", nodes("Add", variance, float(layer.epsilon))))
    found = nodes("Mul", found, np.asarray(layer.gamma)) if layer.scale else found
    return nodes("Add", found, np.asarray(layer.beta)) if layer.center else found


def _normalization(nodes: Nodes, layer: Any, x: Sequence[str]) -> str:
    if layer.invert:
        raise _not_written(f"its layer {layer.name!r} inverts a normalization")
    deviation = np.maximum(np.sqrt(np.asarray(layer.variance)), 1e-7)
    return nodes("Div", nodes("Sub", x[0], np.asarray(layer.mean)), deviation)


def _rescaling(nodes: Nodes, layer: Any, x: Sequence[str]) -> str:
    scale, offset = np.asarray(layer.scale, float), np.asarray(layer.offset, float)
    return nodes("Add", nodes("Mul", x[0], scale), offset)


def _product(nodes: Nodes, layer: Any, x: Sequence[str]) -> str:
    first, *others = x
    for each in others:
        first = nodes("Mul", first, each)
    return first


_ONLY_IN_TRAINING = (
    *("ActivityRegularization", "AlphaDropout", "Dropout", "GaussianDropout", "GaussianNoise"),
    *("Identity", "InputLayer"),
)

LAYERS: Mapping[str, Written] = {
    **dict.fromkeys(_ONLY_IN_TRAINING, _as_it_is),
    "Activation": lambda nodes, layer, x: _with_activation(nodes, layer, x[0]),
    "Add": lambda nodes, layer, x: nodes.sum_of(x),
    "Average": lambda nodes, layer, x: nodes("Div", nodes.sum_of(x), float(len(x))),
    "BatchNormalization": _batch_normalization,
    "Concatenate": lambda nodes, layer, x: nodes("Concat", *x, axis=1),
    "Dense": _dense,
    "Flatten": _as_it_is,  # of two dimensions
    "LayerNormalization": _layer_normalization,
    "Multiply": _product,
    "Normalization": _normalization,
    "ReLU": _relu,
    "Rescaling": _rescaling,
    "Softmax": lambda nodes, layer, x: nodes("Softmax", x[0], axis=-1),
}
"""Keras' layers that are written, by the name of the class."""
