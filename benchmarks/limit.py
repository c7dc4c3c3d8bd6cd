"""The arithmetic limit: the least that a fit's products of matrices and its traffic to memory can take here.

A step multiplies matrices for the outputs of each layer, for the gradients of its kernel, and for those of its inputs,
which the first layer does not need. Their operations, divided by the best rate that NumPy's float32 product reaches on
this machine, are a bound for any order of the work. The update then reads the gradient and reads and writes the
parameter, and Adam both of its moments as well; their bytes are divided by the best rate of a copy of arrays of the
parameters' total size, which are in the cache if the parameters would be. Activations, losses and the gathering of rows
are not counted.

What NumPy (or SciPy, if the samples are sparse) takes for these products at the step's own shapes is read as well:
small shapes are far from the best rate, and a compiler may do better at them than a library.
"""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks._case import Readings
from benchmarks.peers import Network

PASSES = {"sgd": 3, "adam": 7}
"""Arrays that an update reads or writes: gradient 1, parameter 2, two moments 4."""

_SQUARE = 1024
_CORES = os.cpu_count() or 1


def limit(network: Network, n_features: int, n_classes: int, X: Any, seed: int) -> Readings:
    """Seconds of a fit's products and traffic, with the rates that they are from."""
    rng = np.random.default_rng(seed)
    batch = min(network.batch_size, X.shape[0])
    widths = [n_features, *network.hidden, 1 if n_classes == 2 else n_classes]
    at_shapes = operations = 0.0
    for layer, (n_in, n_out) in enumerate(itertools.pairwise(widths)):
        inputs = rng.random((batch, n_in), dtype=np.float32) if layer else X[:batch]
        kernel = rng.random((n_in, n_out), dtype=np.float32)
        gradient = rng.random((batch, n_out), dtype=np.float32)
        products = [(inputs, kernel), (inputs.T, gradient)]
        if layer:
            products.append((gradient, kernel.T))
        at_shapes += sum(_product_seconds(a, b) for a, b in products)
        operations += 2 * n_out * (inputs.nnz if hasattr(inputs, "nnz") else inputs.size) * len(products)
    square = rng.random((_SQUARE, _SQUARE), dtype=np.float32)
    rate = 2 * _SQUARE**3 / _product_seconds(square, square)
    n_bytes = 4 * sum((n_in + 1) * n_out for n_in, n_out in itertools.pairwise(widths))
    memory_rate = 2 * n_bytes / _copy_seconds(n_bytes // 4)
    steps = network.epochs * -(-X.shape[0] // network.batch_size)
    product_seconds = steps * operations / rate
    traffic_seconds = steps * PASSES[network.optimizer] * n_bytes / memory_rate
    return {
        "seconds": product_seconds + traffic_seconds,
        "product_seconds": product_seconds,
        "traffic_seconds": traffic_seconds,
        "at_shapes_seconds": steps * at_shapes + traffic_seconds,
        "best_gflop_per_s": rate / 1e9,
        "gflop_per_s_at_shapes": operations / at_shapes / 1e9,
        "gbyte_per_s": memory_rate / 1e9,
    }


def _product_seconds(a: Any, b: Any) -> float:
    """Seconds of ``a @ b``, on one core or on all of them."""
    seconds = []
    for threads in (1, _CORES):
        with threadpool_limits(threads):
            seconds.append(_least_seconds(lambda: a @ b))
    return min(seconds)


def _copy_seconds(n: int) -> float:
    """Seconds of copying so many float32, on one core or on all of them."""
    source, destination = np.ones((2, n), np.float32)
    parts = list(zip(np.array_split(destination, _CORES), np.array_split(source, _CORES), strict=True))
    with ThreadPoolExecutor(_CORES) as pool:
        return min(
            _least_seconds(lambda: np.copyto(destination, source)),
            _least_seconds(lambda: list(pool.map(lambda part: np.copyto(*part), parts))),
        )


def _least_seconds(call: Callable[[], object]) -> float:
    """The least of at least five calls, over at least 50 ms, after one that is not counted: this is to be a bound."""
    call()
    seconds: list[float] = []
    end = time.perf_counter() + 0.05
    while len(seconds) < 5 or time.perf_counter() < end:
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return min(seconds)
