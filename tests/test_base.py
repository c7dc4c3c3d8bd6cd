"""What every fit sets, and early stopping."""

import numpy as np
import pytest
from sklearn.base import clone

from skmlp import KerasMLPClassifier, KerasMLPRegressor
from skmlp._callbacks import EarlyStopping, Recorder


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


class Pretended:
    """A training whose state is the number of its epoch."""

    def __init__(self):
        self.stop = False
        self.epoch = 0

    def state(self):
        return self.epoch


def stop_on(values, monitor="score", tol=0.01, patience=2):
    """The epoch that early stopping ends, and the one that it keeps, for the values of an epoch each."""
    recorder = Recorder(None)
    stopping = EarlyStopping(recorder, monitor, tol, patience)
    training = Pretended()
    for training.epoch, value in enumerate(values, 1):
        recorder.latest = {f"val_{monitor}": value}
        stopping.end_epoch(training, 0.0)
        if training.stop:
            return training.epoch, stopping.best_state
    return None, stopping.best_state


def test_the_stopping_rule_is_scikit_learns():
    assert stop_on([0.1, 0.2, 0.3, 0.4]) == (None, 4)
    assert stop_on([0.5, 0.4, 0.4, 0.4, 0.4]) == (4, 1)
    assert stop_on([0.5, 0.505, 0.505, 0.505]) == (4, 2)
    assert stop_on([0.5, 0.4, 0.4, 0.6, 0.4, 0.4]) == (None, 4)


def test_a_loss_is_better_when_it_is_smaller():
    assert stop_on([0.5, 0.6, 0.6, 0.6], monitor="loss") == (4, 1)
    assert stop_on([0.5, 0.4, 0.3, 0.2], monitor="loss") == (None, 4)


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
