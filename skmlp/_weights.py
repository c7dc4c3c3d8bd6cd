"""The weights of a network in Keras' order, one member after the other: what kind each is of, and its shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from skmlp._spec import NetworkSpec


def weight_names(spec: NetworkSpec) -> list[str]:
    """The kinds of a network's weights, in Keras' order: kernel, bias, gamma, beta, and moving ones."""
    normalization = {
        None: [],
        "layer": ["gamma", "beta"],
        "batch": ["gamma", "beta", "moving_mean", "moving_variance"],
    }
    hidden = ["kernel", "bias", *normalization[spec.normalization]]
    return (hidden * len(spec.hidden_layer_sizes) + ["kernel", "bias"]) * spec.n_members


def weight_shapes(spec: NetworkSpec) -> list[tuple[int, ...]]:
    """The shapes of a network's weights, in the same order."""
    widths = [spec.n_features, *spec.hidden_layer_sizes, spec.n_outputs]
    n_layers = len(widths) - 1
    shapes: list[tuple[int, ...]] = []
    layer = -1
    for name in weight_names(spec):
        if name == "kernel":
            layer = (layer + 1) % n_layers
        shapes.append((widths[layer], widths[layer + 1]) if name == "kernel" else (widths[layer + 1],))
    return shapes


def weights_of(spec: NetworkSpec, weights: Sequence[Any], kinds: Sequence[str]) -> list[Any]:
    """Those of a network's weights that are of the given kinds."""
    return [weight for weight, name in zip(weights, weight_names(spec), strict=True) if name in kinds]
