"""Dense and sparse samples give a network the same numbers, those of Keras."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from skmlp._engine.input_forms import BUFFERS, INPUTS
from skmlp._engine.memory import aligned_zeros
from skmlp._network import build_network, initial_weights
from skmlp._spec import NetworkSpec


def network(hidden_layer_sizes):
    """A network of 7 features and 2 outputs, as a spec and as a Keras model with weights."""
    n = len(hidden_layer_sizes)
    spec = NetworkSpec(7, hidden_layer_sizes, ("tanh",) * n, None, 2, "linear", "float64")
    model = build_network(spec, activate_output=False)
    model.set_weights(initial_weights(spec, "glorot_uniform", "random_normal", 0))
    return spec, model


def samples(n, seed=0):
    rng = np.random.default_rng(seed)
    return np.where(rng.random((n, 7)) < 0.3, rng.normal(size=(n, 7)), 0.0)


def loss_of(logits):
    return tf.reduce_sum(tf.square(logits - 1.0))


@pytest.mark.parametrize("sparse", INPUTS)
@pytest.mark.parametrize("hidden_layer_sizes", [(), (5, 4)])
def test_predictions_are_those_of_keras(hidden_layer_sizes, sparse):
    spec, model = network(hidden_layer_sizes)
    X = samples(9)
    inputs = INPUTS[sparse](spec)
    arrays = inputs.prepare(csr_matrix(X) if sparse else X)
    tensors = []
    for array, (dtype, shape) in zip(arrays, inputs.of_prediction(), strict=True):
        tensors.append(tf.constant(array, dtype))
        assert tensors[-1].shape.is_compatible_with(shape)
    logits = inputs.predict(model, tensors)
    np.testing.assert_allclose(logits, model(tf.constant(X)), rtol=1e-12, atol=1e-14)


@settings(deadline=None, max_examples=10)
@given(
    sparse=st.booleans(), batch_size=st.integers(1, 7), n_steps=st.integers(1, 3), hidden=st.sampled_from([(), (5, 4)])
)
def test_losses_and_gradients_of_each_batch_are_those_of_keras(sparse, batch_size, n_steps, hidden):
    spec, model = network(hidden)
    n = batch_size * n_steps
    X = samples(n, seed=n)
    rows = np.random.default_rng(0).permutation(n)
    buffer = BUFFERS[sparse](n, batch_size, 7, "float64")
    arrays = [tf.constant(array) for array in buffer.fill(csr_matrix(X) if sparse else X, rows, n)]
    inputs = INPUTS[sparse](spec)
    for array, (dtype, shape) in zip(arrays, inputs.of_block(n_steps, batch_size), strict=True):
        assert array.dtype == dtype
        assert array.shape.is_compatible_with(shape)
    for i in range(n_steps):
        loss, gradients = inputs.differentiate(model, loss_of, i, batch_size, arrays)
        with tf.GradientTape() as tape:
            expected = loss_of(model(tf.constant(X[rows][i * batch_size : (i + 1) * batch_size])))
        np.testing.assert_allclose(loss, expected, rtol=1e-12)
        for ours, theirs in zip(gradients, tape.gradient(expected, model.trainable_variables), strict=True):
            np.testing.assert_allclose(keras.ops.convert_to_numpy(ours), theirs, rtol=1e-10, atol=1e-12)


@given(
    shape=st.lists(st.integers(0, 9), min_size=1, max_size=3), dtype=st.sampled_from(["float32", "float64", "int32"])
)
def test_memory_is_aligned_and_zero(shape, dtype):
    array = aligned_zeros(tuple(shape), dtype)
    assert array.shape == tuple(shape)
    assert array.dtype == dtype
    assert array.size == 0 or array.ctypes.data % 64 == 0
    assert not array.any()
