"""What a fit leaves is one object: whole, forgotten at once, and the only truth."""

import copy
import io
import pickle

import joblib
import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from skmlp import KerasMLPClassifier, KerasMLPRegressor

ATTRIBUTES = [
    "best_loss_", "best_validation_score_", "callbacks_", "classes_", "coefs_", "history_", "intercepts_",
    "loss_", "loss_curve_", "model_", "n_iter_", "n_layers_", "n_outputs_", "out_activation_", "step_history_", "t_",
    "validation_scores_",
]  # fmt: skip


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_nothing_is_there_before_a_fit(name, blobs):
    estimator = KerasMLPClassifier((3,), epochs=1)
    assert not hasattr(estimator, name)
    with pytest.raises(NotFittedError, match="KerasMLPClassifier instance is not fitted yet"):
        getattr(estimator, name)
    with pytest.raises(NotFittedError):
        check_is_fitted(estimator)
    assert hasattr(estimator.fit(*blobs), name)


def test_assigned_weights_predict(line):
    X, _ = line
    fitted = KerasMLPRegressor((2,), activation="tanh", epochs=1, dtype="float64").fit(*line)
    old_model = fitted.model_
    fitted.coefs_ = [np.full((3, 2), 0.5), np.array([[1.0], [2.0]])]
    fitted.intercepts_ = [[0.1, 0.2], [0.3]]
    by_hand = np.tanh(X @ np.full((3, 2), 0.5) + [0.1, 0.2]) @ [1.0, 2.0] + 0.3
    np.testing.assert_allclose(fitted.predict(X), by_hand)
    np.testing.assert_allclose(np.ravel(fitted.model_(X)), by_hand)
    np.testing.assert_array_equal(fitted.coefs_[1], [[1.0], [2.0]])
    assert fitted.model_ is not old_model


def test_training_goes_on_from_assigned_weights(line):
    fitted = KerasMLPRegressor((2,), epochs=1, learning_rate=1e-12, warm_start=True).fit(*line)
    fitted.coefs_ = [np.full((3, 2), 0.5), np.ones((2, 1))]
    np.testing.assert_allclose(fitted.fit(*line).coefs_[0], 0.5)


def test_weights_are_not_changed_behind_the_estimators_back(line):
    fitted = KerasMLPRegressor((2,), epochs=1).fit(*line)
    for restored in (fitted, pickle.loads(pickle.dumps(fitted)), copy.deepcopy(fitted)):
        with pytest.raises(ValueError, match="read-only"):
            restored.coefs_[0][:] = 0
        with pytest.raises(TypeError):
            restored.coefs_[0] = np.zeros((3, 2))


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("coefs_", [np.zeros((3, 2))], r"coefs_ has the shapes \[\(3, 2\)\]"),
        ("coefs_", [np.zeros((2, 3)), np.zeros((2, 1))], r"the network's are \[\(3, 2\), \(2, 1\)\]"),
        ("intercepts_", [np.zeros(2), np.array([np.nan])], "intercepts_ holds values that are NaN"),
        ("intercepts_", [np.zeros(2), np.array([1e300])], "too large for float32"),
        ("coefs_", None, "coefs_ must be a sequence of arrays"),
        ("coefs_", [[[1.0], [1.0, 2.0]], [1.0]], "coefs_ must be a sequence of arrays"),
        ("intercepts_", [np.zeros(2), np.array([1j])], "intercepts_ holds complex numbers"),
    ],
)
def test_weights_that_do_not_fit_are_refused(name, value, message, line):
    fitted = KerasMLPRegressor((2,), epochs=1).fit(*line)
    before = fitted.predict(line[0])
    with pytest.raises(ValueError, match=message):
        setattr(fitted, name, value)
    np.testing.assert_array_equal(fitted.predict(line[0]), before)


def test_a_shallow_copy_is_an_estimator_of_its_own(line):
    fitted = KerasMLPRegressor((2,), epochs=1).fit(*line)
    other = copy.copy(fitted)
    other.coefs_ = [np.zeros((3, 2)), np.zeros((2, 1))]
    assert np.any(fitted.coefs_[0])


def test_the_weights_are_stored_once(line):
    fitted = KerasMLPRegressor((400, 300), epochs=1, optimizer="sgd").fit(*line)
    _ = fitted.model_
    file = io.BytesIO()
    joblib.dump(fitted, file)
    n_bytes = sum(weight.nbytes for weight in (*fitted.coefs_, *fitted.intercepts_))
    assert n_bytes < len(file.getvalue()) < 1.1 * n_bytes


def test_a_restored_estimator_is_whole(blobs):
    fitted = KerasMLPClassifier((3,), epochs=2, metrics=["mean_absolute_error"]).fit(*blobs)
    restored = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(restored.predict_proba(blobs[0]), fitted.predict_proba(blobs[0]))
    np.testing.assert_allclose(np.asarray(restored.model_(blobs[0])), np.asarray(fitted.model_(blobs[0])))
    assert restored.history_ == fitted.history_
    assert restored.callbacks_ == []
