"""Forward passes against NumPy, whatever the number of rows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skmlp import KerasMLPClassifier, KerasMLPRegressor
from skmlp._engine import predict
from skmlp._network import initial_weights
from skmlp._spec import NetworkSpec

SPEC = NetworkSpec(5, (7, 4), ("relu", "tanh"), None, 3, "softmax", "float64")
WEIGHTS = initial_weights(SPEC, "glorot_uniform", "random_normal", 0)


def numpy_forward(X):
    hidden = np.maximum(X @ WEIGHTS[0] + WEIGHTS[1], 0)
    hidden = np.tanh(hidden @ WEIGHTS[2] + WEIGHTS[3])
    logits = hidden @ WEIGHTS[4] + WEIGHTS[5]
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return logits, powers / powers.sum(axis=1, keepdims=True)


@settings(deadline=None)
@given(st.integers(1, 300))
def test_any_number_of_rows_in_chunks(n_samples):
    X = np.random.default_rng(n_samples).normal(size=(n_samples, 5))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(predict, "_CHUNK_BYTES", 1)  # chunks of 64 rows
        logits, outputs = predict.forward(SPEC, WEIGHTS, [X])
    np.testing.assert_allclose(logits, numpy_forward(X)[0], rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(outputs, numpy_forward(X)[1], rtol=1e-12, atol=1e-14)


def test_one_row_gives_the_bits_that_it_gives_among_others():
    spec = NetworkSpec(30, (50,), ("relu",), None, 2, "linear", "float32")
    weights = initial_weights(spec, "glorot_uniform", "zeros", 0)
    X = np.random.default_rng(0).random((20, 30), dtype=np.float32)
    together, _ = predict.forward(spec, weights, [X])
    for row in range(20):
        alone, _ = predict.forward(spec, weights, [X[row : row + 1]])
        np.testing.assert_array_equal(alone[0], together[row])


@pytest.mark.parametrize("regularize_bias", [False, True])
def test_the_validation_loss_is_what_keras_evaluates(blobs, regularize_bias):
    X, y = blobs
    weight = np.arange(1.0, 61.0)
    estimator = KerasMLPClassifier(
        (4,), l1=0.01, l2=0.02, bias_initializer="ones", regularize_bias=regularize_bias, epochs=2, random_state=0
    ).fit(X, y, X_val=X, y_val=y, sample_weight_val=weight)
    loss, accuracy = estimator.model_.evaluate(
        X.astype("float32"), y, sample_weight=60 * weight / weight.sum(), batch_size=60, verbose=0
    )
    assert estimator.history_["val_loss"][-1] == pytest.approx(loss, rel=1e-5)
    assert accuracy == pytest.approx(estimator.score(X, y))
    assert estimator.validation_scores_[-1] == pytest.approx(estimator.score(X, y, weight))


def test_the_validation_score_of_a_regressor(line):
    X, y = line
    estimator = KerasMLPRegressor((4,), epochs=2, random_state=0).fit(X, y, X_val=X[:30], y_val=y[:30])
    assert estimator.validation_scores_[-1] == pytest.approx(estimator.score(X[:30], y[:30]))
    assert estimator.history_["val_loss"][-1] == pytest.approx(np.mean((estimator.predict(X[:30]) - y[:30]) ** 2))
