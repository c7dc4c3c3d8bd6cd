"""Losses are Keras' losses, one value a sample, from logits where Keras takes them."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from skmlp import KerasMLPClassifier, KerasMLPRegressor
from skmlp._loss_table import LOSSES, fitting_losses
from skmlp._losses import known_losses, loss_function, penalty
from skmlp._spec import NetworkSpec
from skmlp._targets import TARGETS

KERAS = [loss for loss in known_losses() if loss != "quantile"]
BINARY = fitting_losses("binary", KERAS)
MULTICLASS = [loss for loss in fitting_losses("multiclass", KERAS) if LOSSES[loss].trained_as is None]
# Losses of a direction, or of a margin that a softmax does not reach: they compute, but do not teach this network.
NOT_FOR_LEARNING = {
    "categorical_hinge",
    "cosine_similarity",
    "hinge",
    "squared_hinge",
    "mean_absolute_percentage_error",
}


def per_sample_loss(loss, spec):
    sparse = loss == "sparse_categorical_crossentropy"
    function = loss_function("categorical_crossentropy" if sparse else loss, spec, sparse_labels=sparse)
    return lambda y, logits: function(tf.constant(y), tf.constant(logits), {})


def network(n_outputs, activation):
    return NetworkSpec(3, (), (), None, n_outputs, activation, "float64")


def reference(loss, y, outputs):
    return np.asarray(getattr(keras.losses, loss)(y, outputs))


@pytest.mark.parametrize("loss", MULTICLASS)
def test_multiclass_losses(loss, rng):
    logits = rng.normal(size=(6, 4))
    y = np.eye(4)[[0, 1, 2, 3, 0, 1]]
    outputs = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    ours = np.asarray(per_sample_loss(loss, network(4, "softmax"))(y, logits))
    assert ours.shape == (6,)
    np.testing.assert_allclose(ours, reference(loss, y, outputs), rtol=1e-5)


def test_class_numbers_and_one_hot_rows_give_the_same_loss(rng):
    logits = rng.normal(size=(6, 4))
    codes = np.array([0, 1, 2, 3, 0, 1], dtype=np.int32)
    sparse = per_sample_loss("sparse_categorical_crossentropy", network(4, "softmax"))(codes, logits)
    dense = per_sample_loss("categorical_crossentropy", network(4, "softmax"))(np.eye(4)[codes], logits)
    np.testing.assert_allclose(np.asarray(sparse), np.asarray(dense), rtol=1e-12)


@pytest.mark.parametrize("loss", BINARY)
def test_binary_losses(loss, rng):
    logits = rng.normal(size=(6, 1))
    y = np.array([[0.0], [1.0]] * 3)
    ours = np.asarray(per_sample_loss(loss, network(1, "sigmoid"))(y, logits))
    np.testing.assert_allclose(ours, reference(loss, y, 1 / (1 + np.exp(-logits))), rtol=1e-5)


def test_cross_entropy_is_exact_where_outputs_saturate():
    losses = per_sample_loss("binary_crossentropy", network(1, "sigmoid"))(np.array([[0.0]]), np.array([[200.0]]))
    np.testing.assert_allclose(np.asarray(losses), [200.0])


@pytest.mark.parametrize("activation", TARGETS["regression"].output_activations)
@pytest.mark.parametrize("loss", ["mean_squared_error", "huber"])
def test_regression_losses_see_the_activated_output(loss, activation, rng):
    logits = rng.normal(size=(6, 2))
    y = rng.random((6, 2))
    outputs = np.asarray(keras.activations.get(activation)(logits))
    ours = per_sample_loss(loss, network(2, activation))(y, logits)
    np.testing.assert_allclose(np.asarray(ours), reference(loss, y, outputs), rtol=1e-6)


def test_penalties_are_keras_l1l2(rng):
    weights = [rng.normal(size=(3, 2)), rng.normal(size=4)]
    expected = sum(float(keras.regularizers.L1L2(0.1, 0.2)(weight)) for weight in weights)
    assert float(penalty(weights, 0.1, 0.2)) == pytest.approx(expected)
    assert float(penalty(weights, None, 0.2)) == pytest.approx(sum(0.2 * (weight**2).sum() for weight in weights))


@pytest.mark.parametrize("loss", sorted(set(fitting_losses("multiclass", KERAS)) - NOT_FOR_LEARNING))
def test_every_loss_learns_three_classes(loss, blobs):
    estimator = KerasMLPClassifier((8,), loss=loss, learning_rate=0.05, epochs=40, random_state=0).fit(*blobs)
    assert estimator.score(*blobs) > 0.85


@pytest.mark.parametrize("loss", sorted(set(BINARY) - NOT_FOR_LEARNING - {"kl_divergence", "poisson"}))
def test_every_loss_learns_two_classes(loss, blobs):
    X, y = blobs[0], blobs[1] == 2
    estimator = KerasMLPClassifier((8,), loss=loss, learning_rate=0.05, epochs=40, random_state=0).fit(X, y)
    assert estimator.score(X, y) > 0.9


@pytest.mark.parametrize(
    "loss",
    [
        "mean_squared_error",
        "mean_absolute_error",
        "mean_absolute_percentage_error",
        "mean_squared_logarithmic_error",
        "huber",
        "log_cosh",
        "poisson",
        "binary_crossentropy",
        "quantile",
    ],
)
def test_every_loss_fits_a_positive_target(loss, line):
    X, y = line
    y = 0.1 + 0.8 * (y - y.min()) / (y.max() - y.min())
    activation = {"binary_crossentropy": "sigmoid", "poisson": "exponential"}.get(loss, "auto")
    estimator = KerasMLPRegressor(
        (8,), loss=loss, output_activation=activation, learning_rate=0.02, batch_size=20, epochs=100, random_state=0
    ).fit(X, y)
    assert estimator.score(X, y) > 0.8
