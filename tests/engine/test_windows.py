"""Layers with a window as products of matrices and maxima of slices: what Keras computes, and so its gradients."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skmlp._engine.windows import rewrite_windows
from skmlp._keras import keras, tf

L = keras.layers


def outputs_and_gradients(layer, samples):
    inputs = tf.constant(samples)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        outputs = layer(inputs)
        total = tf.reduce_sum(outputs * tf.reshape(tf.range(tf.size(outputs), dtype=outputs.dtype), outputs.shape))
    gradients = tape.gradient(total, [inputs, *(each.value for each in layer.trainable_variables)])
    return [outputs.numpy(), *(each.numpy() for each in gradients)]


def require_the_same(layer, samples):
    expected = outputs_and_gradients(layer, samples)
    call = layer.call
    rewrite_windows(layer)
    assert layer.call != call
    for ours, keras_ in zip(outputs_and_gradients(layer, samples), expected, strict=True):
        np.testing.assert_allclose(ours, keras_, rtol=1e-9, atol=1e-9)


def sizes(n_axes, least, most):
    return st.tuples(*[st.integers(least, most)] * n_axes)


@st.composite
def convolutions(draw):
    n_axes = draw(st.integers(1, 3))
    window = draw(sizes(n_axes, 1, 3))
    # TensorFlow's 3-D operation begins elsewhere than the others where a step skips values.
    stride = draw(st.integers(1, 3 if n_axes < 3 else min(window)))
    dilation = draw(st.integers(1, 2)) if stride == 1 and n_axes < 3 else 1  # TensorFlow has no 3-D gradient of them
    make = partial(
        [L.Conv1D, L.Conv2D, L.Conv3D][n_axes - 1],
        draw(st.integers(1, 3)),
        window,
        strides=stride,
        dilation_rate=dilation,
        padding=draw(st.sampled_from(["valid", "same", *["causal"] * (n_axes == 1)])),
        use_bias=draw(st.booleans()),
        activation=draw(st.sampled_from([None, "tanh"])),
        dtype="float64",
    )
    return make, (draw(st.integers(1, 3)), *draw(sizes(n_axes, 5, 7)), draw(st.integers(1, 3)))


@settings(deadline=None, max_examples=30)
@given(convolutions(), st.integers(0, 9))
def test_a_convolution_is_a_product(case, seed):
    make, shape = case
    require_the_same(make(), np.random.default_rng(seed).normal(size=shape))


@st.composite
def pools(draw):
    n_axes = draw(st.integers(1, 3))
    kind = [L.MaxPooling1D, L.MaxPooling2D, L.MaxPooling3D][n_axes - 1]
    strides = draw(st.none() | st.integers(1, 3))
    layer = kind(draw(sizes(n_axes, 1, 3)) if n_axes > 1 else 2, strides, draw(st.sampled_from(["valid", "same"])))
    return layer, (draw(st.integers(1, 3)), *draw(sizes(n_axes, 3, 6)), draw(st.integers(1, 3)))


@settings(deadline=None, max_examples=30)
@given(pools(), st.integers(0, 9), st.booleans())
def test_a_maximum_is_that_of_slices(case, seed, ties):
    layer, shape = case
    rng = np.random.default_rng(seed)
    ties = ties and len(shape) < 5  # TensorFlow's 3-D operation takes another one of several that are equal
    require_the_same(layer, rng.integers(0, 2, shape).astype("float32") if ties else -rng.random(shape, "float32"))


@pytest.mark.parametrize(
    "layer",
    [
        L.Conv1D(2, 65),
        L.Conv2D(2, 1, groups=2),
        L.MaxPooling2D(40),
        L.AveragePooling1D(2),
        L.Dense(2),
        L.MaxPooling1D(2, data_format="channels_first"),
        type("Own", (L.Conv1D,), {})(2, 1),
    ],
)
def test_other_layers_stay_as_they_are(layer):
    call = layer.call
    rewrite_windows(layer)
    assert layer.call == call


def test_whole_numbers_and_sizes_that_are_not_known_are_left_to_keras():
    pool, convolution = L.MaxPooling1D(2), L.Conv1D(2, 2)
    rewrite_windows(pool)
    rewrite_windows(convolution)
    assert pool(np.arange(4).reshape(1, 4, 1)).numpy().ravel().tolist() == [1, 3]
    model = keras.Sequential([keras.Input((None, 1)), pool, convolution])
    assert model(np.ones((1, 6, 1), "float32")).shape == (1, 2, 2)
