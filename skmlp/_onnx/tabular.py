"""The forward pass of the network for tables as nodes of ONNX: what `skmlp._tabular_network` builds with Keras."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmlp._onnx.activations import activated
from skmlp._onnx.nodes import Nodes
from skmlp._tabular_spec import COSINE, RATES, TabularSpec


def logits_of_members(
    nodes: Nodes,
    spec: TabularSpec,
    weights: Sequence[NDArray[np.floating]],
    inputs: tuple[str | None, str | None, str | None],
    n_numbers: int,
) -> list[str]:
    """The logits of each member, (n_samples, n_outputs).

    ``inputs`` are numbers to embed, of which there are ``n_numbers``, other numbers and codes. The columns that fill
    them up are left out, and so are their weights.
    """
    of_layers = iter(weights)
    numbers, plain, codes = inputs
    shared = []
    if spec.n_periodic:
        embedding = [next(of_layers)[..., :n_numbers] for _ in range(4)]
        if numbers is not None:
            shared.append(_periodic(nodes, embedding, numbers))
    if plain is not None:
        shared.append(plain)
    tables = next(of_layers) if spec.n_codes else None
    layers = list(_layers(spec, of_layers))
    return [
        _logits(nodes, spec, layers, member, [*shared, *_embedded(nodes, tables, member, codes)])
        for member in range(spec.n_members)
    ]


def _periodic(nodes: Nodes, weights: Sequence[NDArray[np.floating]], numbers: str) -> str:
    """Each number's cosines, mixed, and itself; the cosine is the polynomial that was trained with."""
    frequencies, phases, mixing, offsets = (each.astype(np.float64) for each in weights)
    rate = RATES["periodic"]
    row = nodes("Unsqueeze", numbers, np.array([1], np.int64))
    turns = nodes("Add", nodes("Mul", row, rate * frequencies[:, 0]), rate / (2 * math.pi) * phases[:, 0])
    part = nodes("Sub", turns, nodes("Round", turns))
    square = nodes("Mul", part, part)
    cosines: Any = COSINE[-1]
    for coefficient in COSINE[-2::-1]:
        cosines = nodes("Add", nodes("Mul", square, cosines), coefficient)
    mixed = [
        nodes(
            "Add",
            nodes("ReduceSum", nodes("Mul", cosines, rate * of_one[:, 0]), np.array([1], np.int64), keepdims=0),
            rate * offset,
        )
        for of_one, offset in zip(mixing, offsets, strict=True)
    ]
    return nodes("Concat", *mixed, numbers, axis=1)


def _embedded(nodes: Nodes, tables: NDArray[np.floating] | None, member: int, codes: str | None) -> list[str]:
    """The embeddings of the categories by a member, side by side."""
    if tables is None or codes is None:
        return []
    return [nodes("Flatten", nodes("Gather", tables[member], codes), axis=1)]


def _layers(spec: TabularSpec, weights: Iterator[NDArray[np.floating]]) -> Iterator[tuple[Any, Any, Any]]:
    """The kernel and the bias of the members, and the slopes, of each layer: every factor is in them."""
    n_hidden = len(spec.hidden_layer_sizes)
    for layer in range(n_hidden + 1):
        scale = RATES["scale"] * next(weights).astype(np.float64) if layer == 0 and spec.input_scale else None
        kernel, bias = next(weights).astype(np.float64), RATES["bias"] * next(weights).astype(np.float64)
        kernel = kernel if scale is None else kernel * scale[:, :, None]
        kernel = kernel[:, next(weights) > 0] if layer == 0 else kernel
        slope = RATES["slope"] * next(weights) if spec.parametric_activation and layer < n_hidden else None
        yield kernel / math.sqrt(kernel.shape[1]), bias, slope


def _logits(
    nodes: Nodes, spec: TabularSpec, layers: Sequence[tuple[Any, Any, Any]], member: int, inputs: Sequence[str]
) -> str:
    hidden = nodes("Concat", *inputs, axis=1)
    for layer, (kernel, bias, slope) in enumerate(layers):
        hidden = nodes("Gemm", hidden, kernel[member], bias[member])
        if layer < len(spec.hidden_layer_sizes):
            active = activated(nodes, spec.activation[layer], hidden, spec.hidden_layer_sizes[layer])
            if slope is not None:
                active = nodes("Add", hidden, nodes("Mul", nodes("Sub", active, hidden), slope))
            hidden = active
    return hidden
