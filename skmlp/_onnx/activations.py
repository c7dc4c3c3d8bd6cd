"""Keras' activations as nodes of ONNX, by name.

Runtimes have Elu, Selu, Softplus, Softsign and Erf in single precision alone, or only of some versions of the
operators; these are written as what all of them have.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from skmlp._onnx.nodes import Nodes
from skmlp._spec import Activation

Written = Callable[[Nodes, str], str]


def activated(nodes: Nodes, activation: Activation, x: str, width: int) -> str:
    """An activation of (n_samples, width).

    Raises
    ------
    ValueError
        If it is a function of the user's own, or one that this module does not know.
    """
    if isinstance(activation, str) and activation == "sparsemax":
        return _sparsemax(nodes, x, width)
    written = ACTIVATIONS.get(activation) if isinstance(activation, str) else None
    if written is None:
        raise ValueError(
            f"activation={activation!r} cannot be written as nodes of ONNX: take one of "
            f"{', '.join(sorted([*ACTIVATIONS, 'sparsemax']))} by name; or export the network alone, which Keras does "
            "with the package tf2onnx: model_.export('network.onnx', format='onnx')."
        )
    return written(nodes, x)


def _node(op: str, **attributes: Any) -> Written:
    """An activation that is one node."""
    return lambda nodes, x: nodes(op, x, **attributes)


def _clip(low: float, high: float) -> Written:
    return lambda nodes, x: nodes.clipped(x, low, high)


def _single(number: float) -> float:
    """A constant that TensorFlow has in single precision, whatever the dtype of the network."""
    return float(np.float32(number))


def _times(gate: Written) -> Written:
    """The input times a gate."""
    return lambda nodes, x: nodes("Mul", x, gate(nodes, x))


def _hard_sigmoid(nodes: Nodes, x: str) -> str:
    return nodes("Div", nodes.clipped(nodes("Add", x, 3.0), 0.0, 6.0), 6.0)


def _hard_shrink(nodes: Nodes, x: str) -> str:
    return nodes("Where", nodes("Greater", nodes("Abs", x), 0.5), x, 0.0)


def _soft_shrink(nodes: Nodes, x: str) -> str:
    return nodes("Sub", x, nodes.clipped(x, -0.5, 0.5))


def _elu(nodes: Nodes, x: str) -> str:
    return nodes("Add", nodes("Relu", x), nodes("Sub", nodes("Exp", nodes("Min", x, 0.0)), 1.0))


def _selu(nodes: Nodes, x: str) -> str:
    below = nodes("Mul", nodes("Sub", nodes("Exp", nodes("Min", x, 0.0)), 1.0), _SELU_ALPHA)
    return nodes("Mul", nodes("Add", nodes("Relu", x), below), _SELU_SCALE)


_SELU_SCALE, _SELU_ALPHA = 1.0507009873554805, 1.6732632423543772


def _softplus(nodes: Nodes, x: str) -> str:
    smaller = nodes("Exp", nodes("Neg", nodes("Abs", x)))
    return nodes("Add", nodes("Relu", x), nodes("Log", nodes("Add", smaller, 1.0)))


def _softsign(nodes: Nodes, x: str) -> str:
    return nodes("Div", x, nodes("Add", nodes("Abs", x), 1.0))


def _log_sigmoid(nodes: Nodes, x: str) -> str:
    return nodes("Neg", _softplus(nodes, nodes("Neg", x)))


def _sparse_plus(nodes: Nodes, x: str) -> str:
    """A parabola from -1 to 1, and the input above."""
    above = nodes("Add", nodes.clipped(x, -1.0, 1.0), 1.0)
    return nodes("Add", nodes("Mul", nodes("Mul", above, above), 0.25), nodes("Relu", nodes("Sub", x, 1.0)))


def _sparse_sigmoid(nodes: Nodes, x: str) -> str:
    return nodes.clipped(nodes("Mul", nodes("Add", x, 1.0), 0.5), 0.0, 1.0)


def _squareplus(nodes: Nodes, x: str) -> str:
    return nodes("Mul", nodes("Add", x, nodes("Sqrt", nodes("Add", nodes("Mul", x, x), 4.0))), 0.5)


def _gelu(nodes: Nodes, x: str) -> str:
    below = nodes("Mul", nodes("Add", _erf(nodes, nodes("Mul", x, _single(math.sqrt(0.5)))), 1.0), 0.5)
    return nodes("Mul", x, below)


def _erf(nodes: Nodes, x: str) -> str:
    """The error function; in double precision, for which runtimes have none, by Gauss' quadrature of its integral.

    ``erf(x)`` is ``2 * x / sqrt(pi)`` times the mean of ``exp(-(x * t) ** 2)`` over t from 0 to 1. It is 1 to all
    digits from 6 on, and up to there 40 points are enough.
    """
    if nodes.dtype == "float32":
        return nodes("Erf", x)
    points, weights = np.polynomial.legendre.leggauss(40)
    near = nodes.clipped(x, -6.0, 6.0)
    last = np.array([2], np.int64)
    square = nodes("Unsqueeze", nodes("Mul", near, near), last)
    values = nodes("Exp", nodes("Mul", square, -(((points + 1) / 2) ** 2)))
    mean = nodes("Squeeze", nodes("MatMul", values, weights[:, None] / 2), last)
    return nodes("Mul", nodes("Mul", near, 2 / math.sqrt(math.pi)), mean)


def _sparsemax(nodes: Nodes, x: str, width: int) -> str:
    """What is above a threshold, which Keras takes of the sums of the largest values: all of them, not the last."""
    ordered, _ = nodes.outputs("TopK", x, np.array([width], np.int64), n=2, axis=1)
    ranks = np.arange(1.0, width + 1)
    sums = nodes("CumSum", ordered, np.int64(1))
    kept = nodes("Greater", nodes("Sub", ordered, nodes("Div", nodes("Sub", sums, 1.0), ranks)), 0.0)
    total = nodes.row_sums(nodes("Where", kept, sums, 0.0))
    threshold = nodes("Div", nodes("Sub", total, 1.0), nodes.row_sums(nodes.cast(kept, nodes.dtype)))
    return nodes("Relu", nodes("Sub", x, threshold))


ACTIVATIONS: Mapping[str, Written] = {
    "celu": _elu,  # Keras' constant is 1
    "elu": _elu,
    "exponential": _node("Exp"),
    "gelu": _gelu,
    "hard_shrink": _hard_shrink,
    "hard_sigmoid": _hard_sigmoid,
    "hard_silu": _times(_hard_sigmoid),
    "hard_tanh": _clip(-1.0, 1.0),
    "leaky_relu": lambda nodes, x: nodes("Max", x, nodes("Mul", x, _single(0.2))),
    "linear": lambda nodes, x: x,
    "log_sigmoid": _log_sigmoid,
    "log_softmax": _node("LogSoftmax", axis=-1),
    "mish": _times(lambda nodes, x: nodes("Tanh", _softplus(nodes, x))),
    "relu": _node("Relu"),
    "relu6": _clip(0.0, 6.0),
    "selu": _selu,
    "sigmoid": _node("Sigmoid"),
    "silu": _times(_node("Sigmoid")),
    "soft_shrink": _soft_shrink,
    "softmax": _node("Softmax", axis=-1),
    "softplus": _softplus,
    "softsign": _softsign,
    "sparse_plus": _sparse_plus,
    "sparse_sigmoid": _sparse_sigmoid,
    "squareplus": _squareplus,
    "tanh": _node("Tanh"),
    "tanh_shrink": lambda nodes, x: nodes("Sub", x, nodes("Tanh", x)),
}
"""Those that act on one number, or on a row, whatever its width."""
