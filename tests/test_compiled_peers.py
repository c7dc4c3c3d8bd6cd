"""The benchmarks' peers that are written by hand train the network that they are said to train.

They need JAX or PyTorch, which the group `bench` brings: `tox -e bench-peers` runs them.
"""

import importlib.util

import numpy as np
import pytest

from benchmarks.compiled_peers import JaxFit, Start, TorchFit
from benchmarks.peers import PEERS, Network

PACKAGES = {"JAX": ("jax", "optax"), "torch.compile": ("torch",)}
MISSING = {name for name, needed in PACKAGES.items() if not all(map(importlib.util.find_spec, needed))}
INSTALLED = [pytest.param(name, marks=pytest.mark.skipif(name in MISSING, reason="not installed")) for name in PACKAGES]


def samples():
    rng = np.random.default_rng(0)
    return rng.normal(size=(21, 5)).astype(np.float32), rng.integers(0, 3, 21)


def trained_by_numpy(network, X, y):
    """The weights after a loop of NumPy's over the same batches, in float64, with gradients by hand."""
    start = Start(network, X.shape[1], 3, 0)
    weights = [array.astype(float) for layer in start.weights for array in layer]
    mean, square = ([np.zeros_like(each) for each in weights] for _ in range(2))
    n_steps = 0
    for _ in range(network.epochs):
        for places, weight in zip(*start.batches(len(X)), strict=True):
            n_steps += 1
            rows = places[weight > 0]
            inputs = [X[rows].astype(float)]
            for kernel, bias in zip(weights[:-2:2], weights[1:-2:2], strict=True):
                before = inputs[-1] @ kernel + bias
                inputs.append(np.tanh(before) if network.activation == "tanh" else np.maximum(before, 0))
            scores = np.exp(inputs[-1] @ weights[-2] + weights[-1])
            error = (scores / scores.sum(axis=1, keepdims=True) - np.eye(3)[y[rows]]) / len(rows)
            gradients = []
            for layer in reversed(range(len(inputs))):
                kernel, x = weights[2 * layer], inputs[layer]
                gradients = [x.T @ error + 2 * network.l2 * kernel, error.sum(axis=0), *gradients]
                error = error @ kernel.T * (1 - x**2 if network.activation == "tanh" else x > 0)
            for i, gradient in enumerate(gradients):
                if network.optimizer == "sgd":
                    weights[i] -= network.learning_rate * gradient
                    continue
                mean[i] += 0.1 * (gradient - mean[i])
                square[i] += 0.001 * (gradient**2 - square[i])
                first, second = mean[i] / (1 - 0.9**n_steps), square[i] / (1 - 0.999**n_steps)
                weights[i] -= network.learning_rate * first / (np.sqrt(second) + 1e-7)
    return weights


@pytest.mark.parametrize("peer", INSTALLED)
@pytest.mark.parametrize(
    "network",
    [
        Network((6, 4), batch_size=8, epochs=2),
        Network((6, 4), "tanh", l2=0.01, optimizer="sgd", learning_rate=0.1, batch_size=8, epochs=2),
    ],
)
def test_a_loop_of_numpys_trains_the_same_weights(peer, network):
    X, y = samples()
    fit = PEERS[peer].make(network, 5, 3, 0)
    before = [array for layer in fit.weights for array in layer]
    fit.fit(X, y)
    after = [array for layer in fit.weights for array in layer]
    for was, found, expected in zip(before, after, trained_by_numpy(network, X, y), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)
        assert np.abs(found - was).max() > 1e-3


@pytest.mark.parametrize("peer", INSTALLED)
def test_a_peer_learns_with_dropout_and_predicts_without(peer):
    X, _ = samples()
    y = (X[:, 0] > 0).astype(int)
    fit = PEERS[peer].make(Network((32,), dropout=0.5, learning_rate=0.01, batch_size=8, epochs=60), 5, 2, 0)
    fit.fit(X, y)
    np.testing.assert_array_equal(fit.predict(X), y)
    np.testing.assert_array_equal(fit.predict(X), fit.predict(X))


def test_an_epoch_has_each_row_once_and_fills_its_last_batch_with_weight_0():
    start = Start(Network((2,), batch_size=8), 5, 3, 0)
    first, second = start.batches(21), start.batches(21)
    for rows, weight in (first, second):
        assert rows.shape == weight.shape == (3, 8)
        assert sorted(rows[weight > 0]) == list(range(21))
    assert (first[0] != second[0]).any()


def test_the_hand_written_peers_are_in_the_table():
    assert (PEERS["JAX"].make, PEERS["torch.compile"].make) == (JaxFit, TorchFit)
