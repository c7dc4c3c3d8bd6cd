"""The classifier against scikit-learn's logistic regression, and its own promises."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression

from skmlp import KerasMLPClassifier


@pytest.mark.parametrize("n_classes", [2, 3])
def test_without_hidden_layers_it_finds_scikit_learns_optimum(n_classes, blobs):
    X, y = blobs
    y = np.minimum(y, n_classes - 1)
    l2 = 0.05
    estimator = KerasMLPClassifier(
        (), l2=l2, optimizer="sgd", learning_rate=1.0, momentum=0.9, epochs=400, dtype="float64", random_state=0
    ).fit(X, y)
    # Ours minimises mean loss + l2 * sum(w ** 2); scikit-learn C * sum of losses + sum(w ** 2) / 2.
    reference = LogisticRegression(C=1 / (2 * l2 * len(X)), tol=1e-10, max_iter=10_000).fit(X, y)
    np.testing.assert_allclose(estimator.predict_proba(X), reference.predict_proba(X), atol=2e-6)
    if n_classes == 2:
        np.testing.assert_allclose(estimator.decision_function(X), reference.decision_function(X), atol=2e-5)


def test_a_weighted_fit_finds_the_weighted_optimum(blobs):
    X, y = blobs
    weight = np.where(y == 1, 3.0, 0.5)
    estimator = KerasMLPClassifier(
        (), l2=0.05, optimizer="sgd", learning_rate=1.0, momentum=0.9, epochs=400, dtype="float64", random_state=0
    ).fit(X, y, weight)
    reference = LogisticRegression(C=1 / (2 * 0.05 * weight.sum()), tol=1e-10, max_iter=10_000)
    reference.fit(X, y, sample_weight=weight)
    np.testing.assert_allclose(estimator.predict_proba(X), reference.predict_proba(X), atol=2e-6)


def test_it_learns_what_a_line_cannot():
    X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]] * 10, dtype=float)
    y = np.logical_xor(X[:, 0], X[:, 1])
    settings = {"learning_rate": 0.05, "epochs": 200, "random_state": 0}
    assert KerasMLPClassifier((8,), activation="tanh", **settings).fit(X, y).score(X, y) == 1.0
    assert KerasMLPClassifier((), **settings).fit(X, y).score(X, y) <= 0.75


def test_outputs_agree_with_one_another(blobs):
    X, y = blobs
    labels = np.array(["red", "green", "blue"])[y]
    for target in (labels, labels == "red"):
        estimator = KerasMLPClassifier((5,), epochs=5, random_state=0).fit(X, target)
        probabilities = estimator.predict_proba(X)
        np.testing.assert_array_equal(estimator.predict(X), estimator.classes_[probabilities.argmax(axis=1)])
        np.testing.assert_allclose(np.exp(estimator.predict_log_proba(X)), probabilities, atol=1e-6)
        assert estimator.predict(X).dtype == target.dtype


def test_whether_there_are_probabilities_is_a_matter_of_the_fit(blobs):
    X, y = blobs
    estimator = KerasMLPClassifier((4,), epochs=1)
    assert not hasattr(clone(estimator).set_params(output_activation="linear"), "predict_proba")
    fitted = estimator.fit(X, y).set_params(output_activation="linear")
    np.testing.assert_allclose(fitted.predict_proba(X).sum(axis=1), 1)
    scores = KerasMLPClassifier((4,), output_activation="linear", loss="categorical_hinge", epochs=1).fit(X, y)
    assert not hasattr(scores.set_params(output_activation="auto", loss="auto"), "predict_proba")


def test_a_confident_network_has_finite_logarithms(blobs):
    X, y = blobs
    estimator = KerasMLPClassifier((5,), epochs=1, random_state=0).fit(X, y == 0)
    logarithms = estimator.predict_log_proba(1e6 * X)
    assert np.isfinite(logarithms).all()
    assert logarithms.min() < -1000


def test_a_class_without_weight_is_known_but_not_learned(blobs):
    X, y = blobs
    estimator = KerasMLPClassifier((5,), learning_rate=0.05, epochs=30, random_state=0).fit(X, y, y != 1)
    assert estimator.classes_.tolist() == [0, 1, 2]
    assert estimator.predict_proba(X)[:, 1].mean() < 0.05


@pytest.mark.parametrize(("labels", "activation", "n_outputs"), [([0, 1], "sigmoid", 1), ([0, 1, 2], "softmax", 3)])
def test_the_output_layer_fits_the_target(labels, activation, n_outputs, blobs):
    X, y = blobs
    rows = np.isin(y, labels)
    estimator = KerasMLPClassifier((5,), epochs=1).fit(X[rows], y[rows])
    assert estimator.out_activation_ == activation
    assert estimator.n_outputs_ == n_outputs
    assert estimator.coefs_[-1].shape == (5, n_outputs)
