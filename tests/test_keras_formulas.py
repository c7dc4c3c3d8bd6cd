"""Where Keras does not compute its own formulas: as the page on mathematics says, until Keras changes."""

import keras
import numpy as np
import pytest

from skmlp import KerasMLPRegressor
from skmlp._network import known_activations

EPSILON = 1e-7
"""What Keras adds to the number of the places of a batch that are filled, unless its user sets another."""


def projected(z):
    """The nearest point whose coordinates are at least 0 and have the sum 1 (Martins and Astudillo, 2016)."""
    ordered = np.sort(z)[::-1]
    sums = np.cumsum(ordered)
    size = np.flatnonzero(1 + np.arange(1, len(z) + 1) * ordered > sums)[-1] + 1
    return np.maximum(z - (sums[size - 1] - 1) / size, 0)


@pytest.mark.skipif("sparsemax" not in known_activations(), reason="Keras has sparsemax from version 3.8 on")
def test_sparsemax_is_the_projection_only_where_one_unit_is_left():
    def by_keras(z):
        return np.asarray(keras.activations.sparsemax(np.array([z])))[0]

    np.testing.assert_allclose(by_keras([3.0, 1.0, 0.0]), projected(np.array([3.0, 1.0, 0.0])))
    np.testing.assert_allclose(projected(np.array([0.5, 0.4, -9.0])), [0.55, 0.45, 0])
    # All sums of the units that are left, 0.5 and 0.9, take part in the threshold, (0.5 + 0.9 - 1) / 2.
    np.testing.assert_allclose(by_keras([0.5, 0.4, -9.0]), [0.3, 0.2, 0], rtol=1e-6)


def test_log_cosh_takes_log_2_in_single_precision():
    y = np.zeros((3, 1))
    loss = np.asarray(keras.losses.log_cosh(y, y))
    assert loss.dtype == np.float64
    np.testing.assert_allclose(loss, np.log(2.0) - float(np.log(np.float32(2.0))), rtol=1e-6)
    fitted = KerasMLPRegressor(
        (), loss="log_cosh", kernel_initializer="zeros", dtype="float64", batch_size=20, epochs=1
    ).fit(np.ones((20, 1)), np.zeros(20))
    assert fitted.loss_ == pytest.approx(-1.9e-9, rel=0.01)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_batch_normalization_divides_by_a_little_more_than_the_number_of_samples(dtype, rng):
    for n in (1, 2, 40):
        X = (5 + rng.normal(size=(n, 3))).astype(dtype)
        layer = keras.layers.BatchNormalization(momentum=0.0, dtype=dtype)
        layer(X, training=True, mask=np.ones(n, bool))
        share = n / (n + np.asarray(EPSILON, dtype))
        np.testing.assert_allclose(layer.moving_mean, X.mean(axis=0) * share, rtol=4 * np.finfo(dtype).eps)
        if dtype == "float64":
            assert np.all(np.abs(np.asarray(layer.moving_mean) / X.mean(axis=0) - 1) > EPSILON / n / 2)
            np.testing.assert_allclose(layer.moving_variance, X.var(axis=0) * share, atol=1e-12)
