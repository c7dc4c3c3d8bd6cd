"""The layers of the network for tables: what they compute quickly is what Keras computes."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from skmlp._tabular_network import _QUICK, _QUICK_WITH_SLOPE, ParametricActivation, cosine_of_turns

X = np.concatenate([np.linspace(-30, 30, 2000), [-1e4, -100.0, 20.0, 100.0, 1e4]])  # without 0, selu's corner


def value_and_gradients(function, *arguments):
    tensors = [tf.constant(each, "float64") for each in arguments]
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        value = function(*tensors)
    return [value, *tape.gradient(value, tensors)]


@pytest.mark.parametrize("name", _QUICK)
def test_quick_activations_are_those_of_keras(name):
    quick = value_and_gradients(_QUICK[name], X)
    slow = value_and_gradients(keras.activations.get(name), X)
    for found, expected in zip(quick, slow, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("name", _QUICK_WITH_SLOPE)
def test_quick_activations_with_a_slope_are_those_that_are_written_out(name):
    slopes = np.linspace(-0.5, 1.5, len(X))
    activation = keras.activations.get(name)
    quick = value_and_gradients(_QUICK_WITH_SLOPE[name], X, slopes)
    slow = value_and_gradients(lambda x, slope: x + slope * (activation(x) - x), X, slopes)
    for found, expected in zip(quick, slow, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("activation", ["mish", "selu", "tanh", keras.activations.relu])
def test_the_gradient_of_a_slope_is_summed_over_members_and_samples(activation):
    layer = ParametricActivation(activation, dtype="float64")
    inputs = tf.constant(np.random.default_rng(0).normal(size=(3, 5, 4)))
    layer(inputs)  # builds it
    slopes = np.linspace(2.0, 12.0, 4)
    layer.set_weights([slopes])
    with tf.GradientTape() as tape:
        outputs = layer(inputs)
        loss = tf.reduce_sum(outputs**2)
    gradient = tape.gradient(loss, layer.slope.value)
    difference = keras.activations.get(activation)(inputs) - inputs
    np.testing.assert_allclose(outputs, inputs + 0.1 * slopes * difference, rtol=1e-9)
    np.testing.assert_allclose(gradient, 0.1 * np.sum(2 * outputs * difference, axis=(0, 1)), rtol=1e-9)


def test_a_polynomial_takes_the_place_of_the_cosine_and_of_its_gradient():
    turns = np.linspace(-3.2, 3.2, 1001)
    value, gradient = value_and_gradients(cosine_of_turns, turns)
    np.testing.assert_allclose(value, np.cos(2 * np.pi * turns), atol=1e-6)
    np.testing.assert_allclose(gradient, -2 * np.pi * np.sin(2 * np.pi * turns), atol=1e-4)
