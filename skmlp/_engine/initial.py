"""The weights that a fit starts from: drawn by Keras one by one, or in a graph where the same ones are drawn often."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmlp._apart import apart
from skmlp._building import BUILDING
from skmlp._engine.cache import POOL
from skmlp._engine.graphs import CompiledGraph, Function, graph_function, process_settings
from skmlp._keras import keras, tf
from skmlp._network import initial_seed, initial_weights, named_initializer, weight_initializers
from skmlp._spec import NetworkSpec

_OFTEN = 8
"""Draws after which a graph pays: it takes 15 ms to make, and then 0.1 ms instead of 2 to 3."""


def draw_initial_weights(
    spec: NetworkSpec, kernel_initializer: Any, bias_initializer: Any, seed: int
) -> list[NDArray[np.floating]]:
    """Draw initial weights (see `skmlp._network.initial_weights`), which are the same, bit by bit, either way."""
    if isinstance(kernel_initializer, str) and isinstance(bias_initializer, str):
        key = spec, kernel_initializer, bias_initializer, process_settings()
        if next(_draws(*key)) >= _OFTEN:
            with BUILDING:
                draw, n_weights = _drawing(*key)
            return draw(np.array([[initial_seed(seed, position), 0] for position in range(n_weights)]))
    return apart(initial_weights, spec, kernel_initializer, bias_initializer, seed)


@lru_cache(maxsize=128)
def _draws(*key: Any) -> Iterator[int]:
    """Counts the draws of the same weights."""
    return count()


@lru_cache(maxsize=32)
def _drawing(
    spec: NetworkSpec, kernel_initializer: str, bias_initializer: str, settings: tuple[Any, ...]
) -> tuple[Function, int]:
    """A function of the seeds of all weights, (n_weights, 2), and their number; built under these settings."""
    wanted = weight_initializers(spec, kernel_initializer, bias_initializer)

    def add(graph: CompiledGraph) -> tuple[list[Any], list[Any]]:
        seeds = tf.compat.v1.placeholder(tf.int64, (len(wanted), 2))
        weights = [
            named_initializer(initializer, _given(seeds[position]))(shape, dtype=spec.dtype)
            for position, (_, initializer, shape) in enumerate(wanted)
        ]
        return weights, [seeds]

    return graph_function(add), len(wanted)


def _given(seed: Any) -> Any:
    """A seed generator of Keras that gives a seed of the graph, as Keras has it of an integer."""
    generator = keras.random.SeedGenerator(0)
    generator.next = lambda ordered=True: tf.cast(seed, generator.state.dtype)
    return generator


POOL.on_clear(_draws.cache_clear)
POOL.on_clear(_drawing.cache_clear)
