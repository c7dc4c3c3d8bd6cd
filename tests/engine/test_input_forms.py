"""Dense and sparse samples give a network the same numbers, those of Keras."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from skmlp._engine.architectures import architecture_of
from skmlp._engine.input_forms import BUFFERS, INPUTS
from skmlp._network import initial_weights
from skmlp._spec import NetworkSpec


def built(hidden_layer_sizes, weights=None):
    """A network of 7 features and 2 outputs, as the engine has it, with weights."""
    n = len(hidden_layer_sizes)
    spec = NetworkSpec(7, hidden_layer_sizes, ("tanh",) * n, None, 2, "linear", "float64")
    architecture = architecture_of(spec)
    network = architecture.build(None)
    for variable, value in zip(
        network.weights, initial_weights(spec, "glorot_uniform", "random_normal", 0), strict=True
    ):
        variable.assign(value)
    return architecture, network


def samples(n, seed=0):
    rng = np.random.default_rng(seed)
    return np.where(rng.random((n, 7)) < 0.3, rng.normal(size=(n, 7)), 0.0)


def loss_of(raw):
    loss = tf.reduce_sum(tf.square(raw[0] - 1.0))
    return loss, loss


def outputs(network, X):
    return network.call([tf.constant(X)], training=False)[0]


@pytest.mark.parametrize("sparse", INPUTS)
@pytest.mark.parametrize("hidden_layer_sizes", [(), (5, 4)])
def test_predictions_are_those_of_keras(hidden_layer_sizes, sparse):
    architecture, network = built(hidden_layer_sizes)
    X = samples(9)
    inputs = INPUTS[sparse](architecture)
    arrays = inputs.prepare([csr_matrix(X) if sparse else X])
    tensors = []
    for array, (dtype, shape) in zip(arrays, inputs.of_prediction(), strict=True):
        tensors.append(tf.constant(array, dtype))
        assert tensors[-1].shape.is_compatible_with(shape)
    (logits,) = inputs.predict(network, tensors)
    np.testing.assert_allclose(logits, outputs(network, X), rtol=1e-12, atol=1e-14)


@settings(deadline=None, max_examples=10)
@given(
    sparse=st.booleans(), batch_size=st.integers(1, 7), n_steps=st.integers(1, 3), hidden=st.sampled_from([(), (5, 4)])
)
def test_losses_and_gradients_of_each_batch_are_those_of_keras(sparse, batch_size, n_steps, hidden):
    architecture, network = built(hidden)
    forms = architecture.inputs
    n = batch_size * n_steps
    X = samples(n, seed=n)
    rows = np.random.default_rng(0).permutation(n)
    buffer = BUFFERS[sparse](n, batch_size, forms)
    arrays = [tf.constant(array) for array in buffer.fill([csr_matrix(X) if sparse else X], rows, n)]
    inputs = INPUTS[sparse](architecture)
    for array, (dtype, shape) in zip(arrays, inputs.of_block(n_steps, batch_size, forms), strict=True):
        assert array.dtype == dtype
        assert array.shape.is_compatible_with(shape)
    variables = [variable.value for variable in network.trainable]
    for i in range(n_steps):
        loss, gradients = inputs.differentiate(network, loss_of, i, batch_size, arrays)
        with tf.GradientTape() as tape:
            expected, _ = loss_of([outputs(network, X[rows][i * batch_size : (i + 1) * batch_size])])
        np.testing.assert_allclose(loss, expected, rtol=1e-12)
        for ours, theirs in zip(gradients, tape.gradient(expected, variables), strict=True):
            np.testing.assert_allclose(keras.ops.convert_to_numpy(ours), theirs, rtol=1e-10, atol=1e-12)
