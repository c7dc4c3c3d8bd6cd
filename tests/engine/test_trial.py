"""A user's own loss and activations are tried before a fit, and say what is wrong with them."""

import functools

import keras
import numpy as np
import pytest
from sklearn.metrics import accuracy_score

import skmlp
from skmlp import KerasMLPClassifier, KerasMLPRegressor
from skmlp._engine.trial import find_boundary
from skmlp._spec import Own


def weighted_hinge(y, scores):
    signs = 2 * y - 1
    return keras.ops.mean(keras.ops.relu(1 - signs * (scores - 2.25)), axis=-1)


def cubed(y, scores):
    return keras.ops.mean(keras.ops.abs(y - scores) ** 3, axis=-1)


@pytest.mark.parametrize(("loss", "expected"), [(weighted_hinge, 2.25), (cubed, 0.5)])
def test_the_boundary_of_a_function_is_where_its_losses_cross(loss, expected):
    assert find_boundary(Own.of(loss), 1, "float32") == pytest.approx(expected, abs=1e-6)


def backwards(y, scores):
    return keras.ops.mean(keras.ops.square(1 - y - scores), axis=-1)


def weighted_square(y, scores):
    return keras.ops.mean((1 + 2 * y) * keras.ops.square(y - scores), axis=-1)  # crosses at .634 and at 2.37


def flat(y, scores):
    return keras.ops.mean(keras.ops.relu(keras.ops.abs(scores - y) - 1), axis=-1)  # the same from 0 to 1


@pytest.mark.parametrize("loss", [backwards, weighted_square, flat])
def test_a_loss_without_exactly_one_boundary_is_refused(loss, blobs):
    X, y = blobs
    misses = skmlp.cache_info().misses
    with pytest.raises(ValueError, match=r"loss=.*exactly one boundary.*set output_activation='sigmoid'"):
        KerasMLPClassifier((3,), loss=loss, output_activation="linear", epochs=1).fit(X, y == 0)
    assert skmlp.cache_info().misses == misses
    KerasMLPClassifier((3,), loss=loss, epochs=1).fit(X, y == 0)
    KerasMLPClassifier((3,), loss=loss, output_activation="linear", epochs=1).fit(X, y)  # the largest of three


@pytest.mark.parametrize(
    "loss", [cubed, keras.losses.Huber(reduction="none"), functools.partial(keras.losses.huber, delta=0.5)]
)
def test_a_loss_of_ones_own_is_decided_at_its_boundary(loss, blobs):
    X, y = blobs[0], blobs[1] == 0
    fitted = KerasMLPClassifier(
        (8,), loss=loss, output_activation="linear", learning_rate=0.05, epochs=60, random_state=0
    ).fit(X, y)
    outputs = fitted.model_.predict(X, verbose=0)[:, 0]
    np.testing.assert_array_equal(fitted.predict(X), outputs > 0.5)
    assert fitted.score(X, y) == accuracy_score(y, outputs > 0.5) > 0.9


def refused_before_work(estimator, message, X, y):
    misses = skmlp.cache_info().misses
    with pytest.raises(ValueError, match=f"(?s){message}"):
        estimator.fit(X, y)
    assert skmlp.cache_info().misses == misses


def total(y, outputs):
    return keras.ops.mean(y - outputs)


def short(y, outputs):
    return keras.ops.mean(keras.ops.square(y - outputs), axis=-1)[1:]


def across(y, outputs):
    return keras.ops.mean(keras.ops.square(y - outputs), axis=0)


def whole(y, outputs):
    return keras.ops.cast(keras.ops.mean(keras.ops.square(y - outputs), axis=-1), "int32")


def raising(y, outputs):
    raise RuntimeError("lost in space")


def of_targets(y, outputs):
    return keras.ops.mean(keras.ops.square(y), axis=-1)


def steps(y, outputs):
    return keras.ops.mean(keras.ops.sign(y - outputs), axis=-1)


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        (total, "returned a single number: it must return one for each sample"),
        (short, r"returned the shape \(2,\).*one loss for each sample"),
        (across, r"returned the shape \(1,\).*one loss for each sample"),
        (whole, "returned int32: it must return floating-point numbers"),
        (raising, "failed on targets and outputs.*lost in space"),
        (of_targets, "does not depend on the outputs"),
    ],
)
def test_a_loss_that_is_none_is_named(loss, message, line):
    refused_before_work(
        KerasMLPRegressor((3,), loss=loss, epochs=1), f"loss=<function {loss.__name__}.*{message}", *line
    )


def precise(y, outputs):
    return keras.ops.mean(keras.ops.square(keras.ops.cast(y - outputs, "float64")), axis=-1)


def test_a_loss_in_another_precision_is_computed(line):
    ours = KerasMLPRegressor((3,), loss=precise, epochs=2, random_state=0).fit(*line)
    named = KerasMLPRegressor((3,), loss="mse", epochs=2, random_state=0).fit(*line)
    np.testing.assert_allclose(ours.predict(line[0]), named.predict(line[0]), rtol=1e-4, atol=1e-6)


def halved(x):
    return x[:, : x.shape[1] // 2]


def of_words(x):
    raise KeyError("word")


@pytest.mark.parametrize(
    ("activation", "message"),
    [
        (halved, r"returned float32 of the shape \(3, 1\)"),
        (lambda x: x > 0, "returned bool"),
        (of_words, "failed on inputs.*word"),
        (keras.layers.Flatten(), None),
        (keras.layers.Reshape((1, 2)), r"returned float32 of the shape \(3, 1, 2\)"),
    ],
)
def test_an_activation_that_is_none_is_named(activation, message, line):
    estimator = KerasMLPRegressor((2,), activation=activation, epochs=1)
    if message is None:
        estimator.fit(*line)
    else:
        refused_before_work(estimator, f"activation=.*{message}", *line)
