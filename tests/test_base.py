"""What every fit sets, and early stopping."""

import warnings

import numpy as np
import pandas as pd
import polars
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier, MLPRegressor

from skmlp import KerasMLPClassifier, KerasMLPRegressor


def test_fitted_attributes(blobs):
    X, y = blobs
    estimator = KerasMLPClassifier((6, 5), epochs=4, batch_size=16, random_state=0).fit(X, y)
    assert estimator.n_features_in_ == 4
    assert estimator.n_iter_ == 4
    assert estimator.t_ == 4 * 60
    assert estimator.n_layers_ == 4
    assert estimator.n_outputs_ == 3
    assert [coef.shape for coef in estimator.coefs_] == [(4, 6), (6, 5), (5, 3)]
    assert [intercept.shape for intercept in estimator.intercepts_] == [(6,), (5,), (3,)]
    assert estimator.loss_curve_ == estimator.history_["loss"]
    assert len(estimator.loss_curve_) == 4
    assert estimator.loss_ == estimator.loss_curve_[-1]
    assert estimator.best_loss_ == min(estimator.loss_curve_)
    assert estimator.validation_scores_ is None
    assert estimator.best_validation_score_ is None
    assert estimator.history_["learning_rate"] == [0.001] * 4
    assert all(type(value) is float for values in estimator.history_.values() for value in values)


def test_the_loss_curve_falls(blobs):
    estimator = KerasMLPClassifier((6,), learning_rate=0.05, epochs=20, random_state=0).fit(*blobs)
    assert estimator.loss_curve_[-1] < 0.5 * estimator.loss_curve_[0]


def test_coefs_are_the_network(line):
    X, y = line
    estimator = KerasMLPRegressor((6,), activation="tanh", epochs=3, dtype="float64").fit(X, y)
    hidden = np.tanh(X @ estimator.coefs_[0] + estimator.intercepts_[0])
    by_hand = hidden @ estimator.coefs_[1] + estimator.intercepts_[1]
    np.testing.assert_allclose(estimator.predict(X), by_hand[:, 0])


def test_validation_samples_are_watched_and_not_trained_on(blobs):
    X, y = blobs
    make = KerasMLPClassifier((6,), epochs=5, random_state=0)
    alone = clone(make).fit(X[:40], y[:40])
    watched = clone(make).fit(X[:40], y[:40], X_val=X[40:], y_val=y[40:])
    np.testing.assert_array_equal(alone.coefs_[0], watched.coefs_[0])
    assert len(watched.validation_scores_) == len(watched.history_["val_loss"]) == 5
    assert watched.validation_scores_[-1] == pytest.approx(watched.score(X[40:], y[40:]))
    assert watched.best_validation_score_ == max(watched.validation_scores_)


@pytest.mark.parametrize("explicit", [False, True])
def test_early_stopping_restores_the_best_weights(explicit, blobs):
    X, y = blobs
    estimator = KerasMLPClassifier(
        (6,), learning_rate=0.3, batch_size=8, epochs=200, early_stopping=True, n_iter_no_change=5, random_state=1
    )
    held_out = {"X_val": X[45:], "y_val": y[45:]} if explicit else {}
    estimator.fit(X[:45], y[:45], **held_out)
    scores = estimator.validation_scores_
    rises = [epoch for epoch, score in enumerate(scores) if score >= max(scores[:epoch], default=-1) + 1e-4]
    assert estimator.n_iter_ == len(scores) == rises[-1] + 1 + 6 < 200  # the sixth epoch without a rise is the last
    assert max(np.diff(rises), default=0) <= 6
    assert estimator.best_validation_score_ == max(scores)
    if explicit:
        assert estimator.score(X[45:], y[45:]) == pytest.approx(max(scores))
        best = clone(estimator).set_params(early_stopping=False, epochs=rises[-1] + 1).fit(X[:45], y[:45])
        np.testing.assert_array_equal(estimator.coefs_[0], best.coefs_[0])


def test_a_held_out_part_is_stratified(blobs):
    X, y = blobs
    y = np.where(np.arange(60) < 6, 0, 1)
    estimator = KerasMLPClassifier((4,), early_stopping=True, validation_fraction=0.34, epochs=3, random_state=0)
    assert estimator.fit(X, y).t_ == 3 * 39


def test_the_callers_arrays_stay_as_they_are(blobs):
    X, y = blobs
    weight = np.arange(60.0)
    copies = X.copy(), y.copy(), weight.copy()
    estimator = KerasMLPClassifier((4,), epochs=2, early_stopping=True)
    estimator.fit(X, y, weight, X_val=X, y_val=y, sample_weight_val=weight).predict(X)
    for array, before in zip((X, y, weight), copies, strict=True):
        np.testing.assert_array_equal(array, before)


@pytest.mark.parametrize(
    "change",
    [
        np.asfortranarray,
        lambda X: X[::-1][::-1],
        lambda X: np.repeat(X, 2, axis=1)[:, ::2],
        lambda X: X.tolist(),
    ],
    ids=["Fortran", "reversed twice", "strided", "list"],
)
def test_the_layout_of_the_array_does_not_matter(change, blobs):
    X, y = blobs
    make = KerasMLPClassifier((4,), epochs=2, random_state=0)
    expected = make.fit(X, y).predict_proba(X)
    np.testing.assert_array_equal(make.fit(change(X), y).predict_proba(X), expected)


def test_read_only_arrays(blobs):
    X, y = blobs
    X.setflags(write=False)
    y.setflags(write=False)
    KerasMLPClassifier((4,), epochs=1).fit(X, y).predict(X)


def test_a_new_fit_forgets_the_old_one(blobs):
    X, y = blobs
    estimator = KerasMLPClassifier((4,), epochs=2, early_stopping=True).fit(X, y)
    estimator.set_params(early_stopping=False, hidden_layer_sizes=(3,)).fit(X[:, :2], y)
    assert estimator.validation_scores_ is None
    assert estimator.coefs_[0].shape == (2, 3)
    assert "val_loss" not in estimator.history_


def test_attributes_of_a_subclass_survive_a_fit(blobs):
    class Noted(KerasMLPClassifier):
        note = None

    estimator = Noted((4,), epochs=1)
    estimator.note = "kept"
    assert estimator.fit(*blobs).note == "kept"


class Small(KerasMLPClassifier):
    """A subclass with a smaller constructor."""

    def __init__(self, hidden_layer_sizes=(5,), *, epochs=3):
        super().__init__(hidden_layer_sizes, epochs=epochs, batch_size=20, random_state=0)


def test_a_subclass_may_have_a_smaller_constructor(blobs):
    X, y = blobs
    expected = KerasMLPClassifier((5,), epochs=3, batch_size=20, random_state=0).fit(X, y)
    np.testing.assert_array_equal(clone(Small()).fit(X, y).predict_proba(X), expected.predict_proba(X))
    search = GridSearchCV(Small(), {"epochs": [1, 3]}, cv=2).fit(X, y)
    assert search.best_params_["epochs"] == 3
    assert set(Small().get_params()) == {"hidden_layer_sizes", "epochs"}


def test_what_a_smaller_constructor_leaves_out_is_checked(blobs):
    estimator = Small()
    estimator.l2 = -1.0
    with pytest.raises(ValueError, match="The 'l2' parameter of Small must be"):
        estimator.fit(*blobs)


@pytest.mark.parametrize("make", [KerasMLPClassifier, KerasMLPRegressor])
@pytest.mark.parametrize(
    ("form", "network", "expected"),
    [
        (lambda X: X.astype("float32"), "float32", "float32"),
        (lambda X: X.astype("float32"), "float64", "float64"),
        (lambda X: X, "float32", "float64"),
        (lambda X: (10 * X).astype(int), "float32", "float64"),
        (lambda X: X.astype("float16"), "float32", "float64"),
        (lambda X: X.tolist(), "float32", "float64"),
        (lambda X: sparse.csr_matrix(X.astype("float32")), "float32", "float32"),
        (lambda X: pd.DataFrame(X.astype("float32")), "float32", "float32"),
        (pd.DataFrame, "float32", "float64"),
        (lambda X: polars.DataFrame(X.astype("float32")), "float32", "float64"),
        (polars.DataFrame, "float32", "float64"),
    ],
    ids=["32", "32 on 64", "64", "int", "16", "list", "sparse 32", "pandas 32", "pandas 64", "polars 32", "polars 64"],
)
def test_predictions_have_the_dtype_of_scikit_learns(make, form, network, expected, blobs):
    X, y = blobs
    samples = form(X)
    peers = {KerasMLPClassifier: MLPClassifier, KerasMLPRegressor: MLPRegressor}
    fitted = make((3,), epochs=1, dtype=network).fit(samples, y)
    methods = ["predict_proba", "predict_log_proba", "decision_function"] if make is KerasMLPClassifier else ["predict"]
    for method in methods:
        assert getattr(fitted, method)(samples).dtype == expected
    if network == "float32":  # as scikit-learn's network is, for samples of float32
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            peer = peers[make](hidden_layer_sizes=(3,), max_iter=1).fit(samples, y)
        assert getattr(peer, methods[0])(samples).dtype == expected


def test_probabilities_of_double_precision_sum_to_one_in_it(blobs):
    X, y = blobs
    fitted = KerasMLPClassifier((3,), epochs=1, learning_rate=0.3).fit(X, y)
    np.testing.assert_allclose(fitted.predict_proba(X).sum(axis=1), 1.0, rtol=1e-15)
    assert log_loss(y, fitted.predict_proba(X)) < 5  # scikit-learn warns of probabilities that do not


@pytest.mark.parametrize("labels", [["a", 1], ["a", None], [b"a", "a"]], ids=["int", "None", "bytes"])
def test_labels_of_mixed_types_are_named(labels, blobs):
    X, y = blobs
    mixed = np.array([labels[label % 2] for label in y], dtype=object)
    with pytest.raises(ValueError, match=r"y mixes labels of the types .*, which have no order"):
        KerasMLPClassifier((3,), epochs=1).fit(X, mixed)
    fitted = KerasMLPClassifier((3,), epochs=1).fit(X, np.where(y == 0, "a", "b"))
    with pytest.raises(ValueError, match="y_val"):
        fitted.fit(X, np.where(y == 0, "a", "b"), X_val=X, y_val=mixed)


def test_a_column_of_labels_is_warned_of_once(blobs):
    X, y = blobs
    with pytest.warns(DataConversionWarning, match="column-vector") as caught:
        KerasMLPClassifier((3,), epochs=1).fit(X, y[:, None])
    assert len(caught) == 1


def test_a_fold_may_lack_a_label_that_class_weight_names(blobs):
    X, y = blobs
    weights = {0: 1.0, 1: 2.0, 2: 3.0}
    make = KerasMLPClassifier((3,), epochs=2, random_state=0)
    two = y != 2
    expected = clone(make).set_params(class_weight={0: 1.0, 1: 2.0}).fit(X[two], y[two])
    fitted = clone(make).set_params(class_weight=weights).fit(X[two], y[two])
    np.testing.assert_array_equal(fitted.coefs_[0], expected.coefs_[0])
    with pytest.raises(ValueError, match=r"class_weight names labels that y does not have, \[7\]"):
        clone(make).set_params(class_weight={0: 1.0, 7: 2.0}).fit(X, y)


@pytest.mark.parametrize("way", ["fit", "partial_fit"])
def test_weights_that_a_last_step_spoilt_are_not_kept(way, line):
    X, y = line
    estimator = KerasMLPRegressor((4,), optimizer="sgd", epochs=1, batch_size=80, warm_start=True, random_state=0)
    estimator.fit(X, y)
    before = estimator.predict(X)
    # The loss before the one step is finite; the weights after it are not.
    estimator.set_params(learning_rate=3e38)
    with pytest.raises(ValueError, match=r"A weight became (nan|-?inf) by epoch 2: training diverged.*learning_rate"):
        getattr(estimator, way)(X, y)
    np.testing.assert_array_equal(estimator.predict(X), before)
    assert estimator.n_iter_ == 1
