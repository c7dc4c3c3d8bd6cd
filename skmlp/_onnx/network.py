"""The forward pass of a multi-layer perceptron as nodes of ONNX: what `skmlp._network` builds with Keras."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmlp._onnx.activations import activated
from skmlp._onnx.nodes import Nodes
from skmlp._spec import NetworkShape, NetworkSpec
from skmlp._weights import weight_names

_EPSILON = 1e-3
"""That of Keras' normalisations."""


def logits_of_members(nodes: Nodes, network: NetworkSpec, weights: Sequence[NDArray[np.floating]], x: str) -> list[str]:
    """The logits of each member, (n_samples, n_outputs), for samples in the network's dtype."""
    named = list(zip(weight_names(network), weights, strict=True))
    size = len(named) // network.n_members
    return [_logits(nodes, network, named[i : i + size], x) for i in range(0, len(named), size)]


def _logits(nodes: Nodes, network: NetworkSpec, named: Sequence[tuple[str, Any]], x: str) -> str:
    starts = [i for i, (name, _) in enumerate(named) if name == "kernel"]
    layers = [dict(named[start:end]) for start, end in pairwise([*starts, len(named)])]
    hidden = x
    for layer, of_layer in enumerate(layers):
        hidden = nodes("Gemm", hidden, of_layer["kernel"], of_layer["bias"])
        if layer < len(network.hidden_layer_sizes):
            if network.normalization is not None:
                hidden = _normalized(nodes, network.normalization, of_layer, hidden)
            hidden = activated(nodes, network.activation[layer], hidden, network.hidden_layer_sizes[layer])
    return hidden


def _normalized(nodes: Nodes, normalization: str, of_layer: dict[str, Any], x: str) -> str:
    """Batch or layer normalisation, in nodes whose epsilon is as precise as the network: an attribute is not."""
    gamma, beta = of_layer["gamma"], of_layer["beta"]
    if normalization == "batch":
        factor = gamma / np.sqrt(of_layer["moving_variance"] + gamma.dtype.type(_EPSILON))
        return nodes("Add", nodes("Mul", x, factor), beta - of_layer["moving_mean"] * factor)
    width = float(len(gamma))
    centred = nodes("Sub", x, nodes("Div", nodes.row_sums(x), width))
    variance = nodes("Div", nodes.row_sums(nodes("Mul", centred, centred)), width)
    deviation = nodes("Sqrt", nodes("Add", variance, _EPSILON))
    return nodes("Add", nodes("Mul", nodes("Div", centred, deviation), gamma), beta)


def heads_of(nodes: Nodes, network: NetworkShape, x: str) -> list[str]:
    """The slices of (n_samples, n_outputs) that belong to each output of a target of several; else the whole."""
    if network.heads is None:
        return [x]
    return [nodes.columns(x, start, end) for start, end in pairwise([0, *accumulate(network.heads)])]


def outputs_of(nodes: Nodes, network: NetworkShape, members: Sequence[str]) -> list[str]:
    """The mean of what members predict, from their logits, (n_samples, n_outputs): a slice for each head."""
    by_member = [
        [
            activated(nodes, network.output_activation, head, network.n_outputs)
            for head in heads_of(nodes, network, logits)
        ]
        for logits in members
    ]
    return [_mean(nodes, heads) for heads in zip(*by_member, strict=True)]


def scores_of(nodes: Nodes, network: NetworkShape, members: Sequence[str], outputs: Sequence[str]) -> list[str]:
    """What labels are decided by, a slice for each head: logits, or what is as large of the mean over members.

    The mean of sigmoids is above 1/2 where that of ``tanh(logits / 2)`` is above 0, which no rounding to 1/2 hides.
    """
    if len(members) == 1:
        return heads_of(nodes, network, members[0])
    if network.output_activation == "sigmoid":
        return [_mean(nodes, [nodes("Tanh", nodes("Mul", logits, 0.5)) for logits in members])]
    return list(outputs)


def _mean(nodes: Nodes, values: Sequence[str]) -> str:
    return values[0] if len(values) == 1 else nodes("Div", nodes.sum_of(values), float(len(values)))
