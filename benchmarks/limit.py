"""The arithmetic limit: what a training step's products and its traffic to memory take by themselves, as measured.

A step multiplies matrices: the outputs of each layer, the gradients of its kernel, and of its inputs (the first layer
needs no gradient of its inputs). These products are run with NumPy's float32 routine at the step's own shapes, or
SciPy's where the samples are sparse. It also passes over the parameters: the update reads the gradient and reads and
writes the parameter, and Adam does so with its two moments as well. That is run as copies of arrays of the
parameters' total size, which are in the cache if the parameters would be. Activations, losses, gathering of rows and
calls are not counted, so this is a bound for those who multiply by these routines, and no promise that it is reached.
"""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks._case import Readings
from benchmarks.peers import Network

PASSES = {"sgd": 3, "adam": 7}
"""Arrays that an update reads or writes: gradient 1, parameter 2, two moments 4."""


def limit(network: Network, n_features: int, n_classes: int, X: Any, seed: int) -> Readings:
    """Seconds of the products and of the traffic of a fit, with the rates that they are from."""
    rng = np.random.default_rng(seed)
    batch = min(network.batch_size, X.shape[0])
    widths = [n_features, *network.hidden, 1 if n_classes == 2 else n_classes]
    product_seconds = operations = 0.0
    for layer, (n_in, n_out) in enumerate(itertools.pairwise(widths)):
        inputs = X[:batch] if layer == 0 else rng.random((batch, n_in), dtype=np.float32)
        kernel = rng.random((n_in, n_out), dtype=np.float32)
        gradient = rng.random((batch, n_out), dtype=np.float32)
        products = [(inputs, kernel), (inputs.T, gradient)]
        if layer:
            products.append((gradient, kernel.T))
        product_seconds += sum(_seconds(lambda a=a, b=b: a @ b) for a, b in products)
        inputs_nonzero = inputs.nnz if hasattr(inputs, "nnz") else inputs.size
        operations += 2 * n_out * inputs_nonzero * len(products)
    n_parameters = sum((n_in + 1) * n_out for n_in, n_out in itertools.pairwise(widths))
    source, destination = np.ones((2, n_parameters), np.float32)
    copy_seconds = _seconds(lambda: np.copyto(destination, source))
    steps = network.epochs * -(-X.shape[0] // network.batch_size)
    passes = PASSES[network.optimizer]
    return {
        "seconds": steps * (product_seconds + copy_seconds * passes / 2),
        "product_seconds": steps * product_seconds,
        "traffic_seconds": steps * copy_seconds * passes / 2,
        "gflop_per_s": operations / product_seconds / 1e9,
        "gbyte_per_s": 2 * 4 * n_parameters / copy_seconds / 1e9,
    }


def _seconds(call: Callable[[], object]) -> float:
    """The median of at least five calls, over at least 50 ms, after one that is not counted."""
    call()
    seconds: list[float] = []
    end = time.perf_counter() + 0.05
    while len(seconds) < 5 or time.perf_counter() < end:
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)
