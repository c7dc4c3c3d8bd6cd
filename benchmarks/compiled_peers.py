"""Peers that an expert writes by hand, without an estimator: JAX, and PyTorch with `torch.compile`.

Both start from the same weights, take the same rows in the same order (a `Start` of the seed), and fill the last batch
of an epoch up with rows of weight 0, so that each has one compiled step of one shape.
"""

from __future__ import annotations

import functools
import itertools
import os
import tempfile
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from benchmarks.peers import Network

Weights = list[tuple[np.ndarray, np.ndarray]]
"""Kernel (inputs, outputs) and bias (outputs,) of each layer."""


class Start:
    """What a seed gives: initial weights, and the batches of one epoch after another.

    Attributes
    ----------
    weights : list of (kernel, bias)
        Kernels uniformly as Glorot and Bengio propose, biases 0.
    """

    def __init__(self, network: Network, n_features: int, n_classes: int, seed: int) -> None:
        self._batch_size = network.batch_size
        self._rng = np.random.default_rng(seed)
        self.weights: Weights = []
        for inputs, outputs in itertools.pairwise((n_features, *network.hidden, n_classes)):
            bound = np.sqrt(6 / (inputs + outputs))
            kernel = self._rng.uniform(-bound, bound, (inputs, outputs)).astype(np.float32)
            self.weights.append((kernel, np.zeros(outputs, np.float32)))

    def batches(self, n_samples: int) -> tuple[np.ndarray, np.ndarray]:
        """The numbers of the rows of an epoch's batches, and their weights, each (steps, batch)."""
        n_steps = -(-n_samples // self._batch_size)
        n_places = n_steps * self._batch_size
        rows = np.pad(self._rng.permutation(n_samples), (0, n_places - n_samples), mode="edge")
        weight = (np.arange(n_places) < n_samples).astype(np.float32)
        shape = n_steps, self._batch_size
        return rows.reshape(shape), weight.reshape(shape)


class JaxFit:
    """JAX: an epoch is one compiled call, a `lax.scan` over the batches, which are gathered inside; Adam is optax's."""

    def __init__(self, network: Network, n_features: int, n_classes: int, seed: int) -> None:
        import jax

        self._epochs = network.epochs
        self._start = Start(network, n_features, n_classes, seed)
        self._key = jax.random.key(seed)
        self._optimizer, self._epoch, self._outputs = _jax_functions(replace(network, epochs=1))
        self.weights: Any = self._start.weights

    def fit(self, X: np.ndarray, y: np.ndarray) -> None:
        """Train."""
        import jax

        X, y = jax.device_put(X), jax.device_put(y.astype(np.int32))
        weights = jax.device_put(self._start.weights)
        state = self._optimizer.init(weights)
        for epoch in range(self._epochs):
            rows, weight = self._start.batches(len(X))
            key = jax.random.fold_in(self._key, epoch)
            weights, state = self._epoch(weights, state, X, y, rows.astype(np.int32), weight, key)
        self.weights = jax.device_get(weights)

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Predict class numbers."""
        return np.asarray(self._outputs(self.weights, X)).argmax(axis=1)


@functools.cache
def _jax_functions(network: Network) -> tuple[Any, Callable[..., Any], Callable[..., Any]]:
    """The optimizer, a compiled epoch and compiled outputs, for all fits of a network."""
    import jax
    import optax
    from jax import numpy as jnp

    activation = {"relu": jax.nn.relu, "tanh": jnp.tanh}[network.activation]
    make = {"adam": functools.partial(optax.adam, eps=1e-7), "sgd": optax.sgd}[network.optimizer]
    optimizer = make(network.learning_rate)
    kept = 1 - network.dropout

    def outputs(weights: Any, x: Any, key: Any = None) -> Any:
        *hidden, last = weights
        for layer, (kernel, bias) in enumerate(hidden):
            x = activation(x @ kernel + bias)
            if key is not None and network.dropout:
                mask = jax.random.bernoulli(jax.random.fold_in(key, layer), kept, x.shape)
                x = jnp.where(mask, x / kept, 0)
        return x @ last[0] + last[1]

    def loss_of(weights: Any, x: Any, y: Any, weight: Any, key: Any) -> Any:
        losses = optax.softmax_cross_entropy_with_integer_labels(outputs(weights, x, key), y)
        return losses @ weight / weight.sum() + network.l2 * sum((kernel**2).sum() for kernel, _ in weights)

    @functools.partial(jax.jit, donate_argnums=(0, 1))
    def epoch(weights: Any, state: Any, X: Any, y: Any, rows: Any, weight: Any, key: Any) -> Any:
        def step(carry: Any, batch: Any) -> Any:
            weights, state = carry
            number, its_rows, its_weight = batch
            its_key = jax.random.fold_in(key, number)
            gradients = jax.grad(loss_of)(weights, X[its_rows], y[its_rows], its_weight, its_key)
            updates, state = optimizer.update(gradients, state, weights)
            return (optax.apply_updates(weights, updates), state), None

        return jax.lax.scan(step, (weights, state), (jnp.arange(len(rows)), rows, weight))[0]

    return optimizer, epoch, jax.jit(outputs)


class TorchFit:
    """PyTorch: the whole step is compiled, from the gathering of a batch to Adam's update, and called in a loop."""

    def __init__(self, network: Network, n_features: int, n_classes: int, seed: int) -> None:
        import torch

        torch.manual_seed(seed)
        self._epochs = network.epochs
        self._start = Start(network, n_features, n_classes, seed)
        self._step, self._outputs = _torch_functions(replace(network, epochs=1))
        self.weights: Any = self._start.weights

    def fit(self, X: np.ndarray, y: np.ndarray) -> None:
        """Train."""
        import torch

        samples, labels = torch.from_numpy(X), torch.from_numpy(y)
        weights = [torch.from_numpy(array.copy()) for array in itertools.chain(*self._start.weights)]
        moments = [[torch.zeros_like(each) for each in weights] for _ in range(2)]
        count = torch.zeros(())
        for _ in range(self._epochs):
            for batch in zip(*map(torch.from_numpy, self._start.batches(len(X))), strict=True):
                self._step(weights, moments, count, samples, labels, *batch)
        arrays = [each.numpy() for each in weights]
        self.weights = list(zip(arrays[::2], arrays[1::2], strict=True))

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Predict class numbers."""
        import torch

        weights = [torch.from_numpy(array) for array in itertools.chain(*self.weights)]
        with torch.no_grad():
            return self._outputs(weights, torch.from_numpy(X)).argmax(dim=1).numpy()


@functools.cache
def _torch_functions(network: Network) -> tuple[Callable[..., None], Callable[..., Any]]:
    """A compiled step, and outputs, for all fits of a network."""
    import torch
    from torch.nn import functional

    # PyTorch keeps compiled code on the disk, and a process is to compile its own.
    os.environ["TORCHINDUCTOR_CACHE_DIR"] = _folder().name
    activation = {"relu": torch.relu, "tanh": torch.tanh}[network.activation]
    beta_1, beta_2 = 0.9, 0.999

    def outputs(weights: Any, x: Any, *, training: bool = False) -> Any:
        for kernel, bias in zip(weights[:-2:2], weights[1:-2:2], strict=True):
            x = activation(torch.addmm(bias, x, kernel))
            if network.dropout:
                x = functional.dropout(x, network.dropout, training)
        return torch.addmm(weights[-1], x, weights[-2])

    def loss_of(weights: Any, x: Any, y: Any, weight: Any) -> Any:
        losses = functional.cross_entropy(outputs(weights, x, training=True), y, reduction="none")
        loss = (losses * weight).sum() / weight.sum()
        return loss + network.l2 * sum((kernel**2).sum() for kernel in weights[::2]) if network.l2 else loss

    gradients_of = torch.func.grad(loss_of)

    @torch.compile(fullgraph=True, dynamic=False)
    def step(weights: Any, moments: Any, count: Any, X: Any, y: Any, rows: Any, weight: Any) -> None:
        gradients = gradients_of(weights, X[rows], y[rows], weight)
        if network.optimizer == "sgd":
            for each, gradient in zip(weights, gradients, strict=True):
                each.sub_(network.learning_rate * gradient)
            return
        count.add_(1)
        rate = network.learning_rate / (1 - beta_1**count)
        for each, mean, square, gradient in zip(weights, *moments, gradients, strict=True):
            mean.lerp_(gradient, 1 - beta_1)
            square.mul_(beta_2).addcmul_(gradient, gradient, value=1 - beta_2)
            each.sub_(rate * mean / ((square / (1 - beta_2**count)).sqrt() + 1e-7))

    return step, outputs


@functools.cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    """A folder that is there as long as the process."""
    return tempfile.TemporaryDirectory()
