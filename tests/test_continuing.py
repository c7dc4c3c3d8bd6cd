"""warm_start, partial_fit and interrupts go on exactly where training stopped."""

import os
import pickle
import subprocess
import sys

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from skmlp import KerasMLPClassifier, KerasMLPRegressor
from skmlp._optimizers import known_optimizers

NETWORK = {"dropout": 0.2, "l2": 1e-3, "normalization": "batch", "random_state": 3}


def assert_same(one, other):
    for ours, theirs in zip(one._fitted.state.weights, other._fitted.state.weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert one.history_ == other.history_
    assert (one.n_iter_, one.t_) == (other.n_iter_, other.t_)


@pytest.mark.parametrize("pickled", [False, True])
@pytest.mark.parametrize("batch_size", [4, 64], ids=["xla", "plain graph"])
def test_five_epochs_and_five_more_are_ten(batch_size, pickled, blobs):
    make = KerasMLPClassifier((6,), batch_size=batch_size, **NETWORK)
    at_once = clone(make).set_params(epochs=10).fit(*blobs)
    in_parts = clone(make).set_params(epochs=5, warm_start=True).fit(*blobs)
    if pickled:
        in_parts = pickle.loads(pickle.dumps(in_parts))
    assert_same(in_parts.fit(*blobs), at_once)


@settings(max_examples=10, deadline=None)
@given(
    st.lists(st.integers(1, 3), min_size=2, max_size=3),
    st.sampled_from(known_optimizers()),
    st.sampled_from([None, "exponential", "inverse_time"]),
    st.integers(5, 40),
)
def test_any_parts_are_the_whole(parts, optimizer, schedule, batch_size):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(33, 3)), rng.normal(size=33)
    make = KerasMLPRegressor(
        (4,),
        optimizer=optimizer,
        dropout=0.2,
        batch_size=batch_size,
        random_state=1,
        learning_rate_schedule=schedule,
        dropout_schedule=schedule,
    )
    whole = clone(make).set_params(epochs=sum(parts)).fit(X, y)
    going = clone(make).set_params(warm_start=True)
    for epochs in parts:
        going.set_params(epochs=epochs).fit(X, y)
    assert_same(going, whole)


def test_a_schedule_over_the_whole_fit_ends_with_each_part(line):
    going = KerasMLPRegressor((3,), epochs=4, learning_rate_schedule="cosine", warm_start=True, random_state=0)
    rates = going.fit(*line).fit(*line).history_["learning_rate"]
    np.testing.assert_allclose(rates[:4], 0.0005 * (1 + np.cos(np.pi * np.arange(4) / 4)))
    np.testing.assert_allclose(rates[4:], 0.0005 * (1 + np.cos(np.pi * np.arange(4, 8) / 8)))


def test_warm_start_may_change_values(line):
    going = KerasMLPRegressor((3,), epochs=2, warm_start=True, random_state=0).fit(*line)
    before = going.coefs_[0].copy()
    going.set_params(learning_rate=1e-12, l2=0.0).fit(*line)
    np.testing.assert_allclose(going.coefs_[0], before, atol=1e-6)
    going.set_params(optimizer="sgd").fit(*line)  # its state starts anew
    assert going.n_iter_ == 6


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"hidden_layer_sizes": (5,)}, r"hidden_layer_sizes was \(3,\) and is \(5,\).*warm_start=False"),
        ({"activation": "tanh"}, "activation was"),
        ({"normalization": "layer"}, "normalization was"),
        ({"dtype": "float64"}, "dtype was"),
    ],
)
def test_another_network_cannot_go_on(change, message, line):
    going = KerasMLPRegressor((3,), epochs=2, warm_start=True).fit(*line)
    before = going.predict(line[0])
    going.set_params(**change)
    with pytest.raises(ValueError, match=message):
        going.fit(*line)
    np.testing.assert_array_equal(going.predict(line[0]), before)


def test_another_target_cannot_go_on(blobs, line):
    X, y = blobs
    going = KerasMLPClassifier((3,), epochs=1, warm_start=True).fit(X, y)
    with pytest.raises(ValueError, match=r"labels that the target of this fit does not: \[9\]"):
        going.fit(X, np.where(y == 0, 9, y))
    with pytest.raises(ValueError, match="X has 3 features"):
        going.fit(X[:, :3], y)
    regressor = KerasMLPRegressor((3,), epochs=1, warm_start=True).fit(*line)
    with pytest.raises(ValueError, match="2 outputs"):
        regressor.fit(line[0], np.ones((80, 2)))


def test_early_stopping_goes_on_from_the_best_epoch(blobs):
    going = KerasMLPClassifier(
        (4,), learning_rate=0.3, batch_size=8, epochs=60, early_stopping=True, n_iter_no_change=3, warm_start=True,
        random_state=0,
    )  # fmt: skip
    going.fit(*blobs)
    first = len(going.loss_curve_)
    best = int(np.argmax(going.validation_scores_)) + 1
    assert going._fitted.state.epoch == best
    going.fit(*blobs)
    assert len(going.loss_curve_) > first


def test_partial_fit_on_all_samples_is_an_epoch(blobs, line):
    for make, (X, y) in ((KerasMLPClassifier, blobs), (KerasMLPRegressor, line)):
        whole = make((6,), epochs=4, batch_size=16, **NETWORK).fit(X, y)
        parts = make((6,), epochs=4, batch_size=16, **NETWORK)
        classes = {} if make is KerasMLPRegressor else {"classes": np.unique(y)}
        for _ in range(4):
            parts.partial_fit(X, y, **classes)
            parts = pickle.loads(pickle.dumps(parts))
        assert_same(parts, whole)


def test_partial_fit_goes_on_after_fit(blobs):
    X, y = blobs
    make = KerasMLPClassifier((6,), batch_size=16, **NETWORK)
    whole = clone(make).set_params(epochs=3).fit(X, y)
    going = clone(make).set_params(epochs=2).fit(X, y).partial_fit(X, y)
    assert_same(going, whole)


def test_mini_batches_of_any_size_learn(blobs):
    X, y = blobs
    going = KerasMLPClassifier((8,), learning_rate=0.05, random_state=0)
    rng = np.random.default_rng(0)
    for _ in range(60):
        rows = rng.choice(60, rng.integers(1, 30))
        going.partial_fit(X[rows], y[rows], classes=[0, 1, 2], sample_weight=0.5 + rng.random(len(rows)))
    assert going.score(X, y) > 0.85
    assert going.n_iter_ == 60


def test_the_first_call_needs_the_classes(blobs):
    X, y = blobs
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        KerasMLPClassifier().partial_fit(X, y)
    going = KerasMLPClassifier((3,)).partial_fit(X[:5], y[:5], classes=[0, 1, 2])
    with pytest.raises(ValueError, match=r"labels that the target of this fit does not: \[7\]"):
        going.partial_fit(X, np.where(y == 0, 7, y))
    with pytest.raises(ValueError, match=r"classes=.*is not the same"):
        going.partial_fit(X, y, classes=[0, 1])
    assert going.partial_fit(X, y, classes=[0, 1, 2]).classes_.tolist() == [0, 1, 2]


def test_many_labels_in_parts(blobs):
    X, y = blobs
    table = np.column_stack([y == 0, y > 0, X[:, 0] > 0]).astype(int)
    going = KerasMLPClassifier((8,), learning_rate=0.05, random_state=0)
    for _ in range(80):
        going.partial_fit(X, table)
    assert going.predict(X).shape == (60, 3)
    assert (going.predict(X) == table).mean() > 0.9


def test_partial_fit_says_what_it_cannot_do(blobs):
    X, y = blobs
    with pytest.raises(ValueError, match="early_stopping=True needs whole epochs"):
        KerasMLPClassifier(early_stopping=True).partial_fit(X, y, classes=[0, 1, 2])
    with pytest.raises(ValueError, match="class_weight='balanced' counts the labels of all samples"):
        KerasMLPClassifier(class_weight="balanced").partial_fit(X, y, classes=[0, 1, 2])
    KerasMLPClassifier(class_weight={0: 2.0}).partial_fit(X, y, classes=[0, 1, 2])


class Interrupt(keras.callbacks.Callback):
    """Stands for a user who presses Ctrl-C in an epoch."""

    def __init__(self, epoch):
        super().__init__()
        self.epoch = epoch

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == self.epoch:
            raise KeyboardInterrupt


def interrupting(step):
    """A schedule of ones that stands for the same, at a step."""
    calls = []

    def schedule(now):
        calls.append(now)
        if now == step and calls.count(step) == 1:
            raise KeyboardInterrupt
        return 1.0

    return schedule


@pytest.mark.parametrize("block_steps", [1, 256])
@pytest.mark.parametrize("how", ["callback", "schedule"])
def test_an_interrupt_keeps_the_last_finished_epoch(how, block_steps, blobs, monkeypatch):
    monkeypatch.setattr("skmlp._engine.blocks._BLOCK_STEPS", block_steps)
    make = KerasMLPClassifier((6,), batch_size=16, **NETWORK)
    whole = clone(make).set_params(epochs=3).fit(*blobs)
    settings = {"callbacks": [Interrupt(3)]} if how == "callback" else {"learning_rate_schedule": interrupting(14)}
    going = clone(make).set_params(epochs=10)
    for name, value in settings.items():
        setattr(going, name, value)
    with pytest.warns(UserWarning, match="interrupted: KerasMLPClassifier is as it was after epoch 3"):
        going.fit(*blobs)
    assert_same(going, whole)


def test_an_interrupt_after_a_stop_keeps_the_last_finished_epoch(blobs, monkeypatch):
    monkeypatch.setattr("skmlp._engine.blocks._BLOCK_STEPS", 1)

    def stop_and_interrupt(self, training, loss):
        if training.epoch == 3:
            training.stop = True
            raise KeyboardInterrupt

    monkeypatch.setattr("skmlp._watch.progress.Progress.end_epoch", stop_and_interrupt)
    make = KerasMLPClassifier((6,), batch_size=16, **NETWORK)
    whole = clone(make).set_params(epochs=2).fit(*blobs)
    going = clone(make).set_params(epochs=10, verbose=1)
    with pytest.warns(UserWarning, match="as it was after epoch 2"):
        going.fit(*blobs)
    assert_same(going, whole)


def test_an_interrupt_before_the_first_epoch_is_passed_on(blobs):
    going = KerasMLPClassifier((6,), epochs=3).fit(*blobs)
    before = going.predict_proba(blobs[0])
    going.callbacks = [Interrupt(0)]
    with pytest.raises(KeyboardInterrupt):
        going.fit(*blobs)
    np.testing.assert_array_equal(going.predict_proba(blobs[0]), before)


def test_a_search_goes_on_after_the_one_fit_that_is_interrupted(blobs):
    make = KerasMLPClassifier((6,), batch_size=16, epochs=3, **NETWORK)
    grid = {"callbacks": [None, [Interrupt(1)]], "l2": [0.0, 0.1]}
    with pytest.warns(UserWarning, match="interrupted: KerasMLPClassifier is as it was after epoch 1") as caught:
        search = GridSearchCV(make, grid, cv=2).fit(*blobs)
    assert sum("interrupted" in str(each.message) for each in caught) in (4, 5)  # one more, if the best is fitted again
    whole = GridSearchCV(clone(make).set_params(epochs=1), {"l2": [0.0, 0.1]}, cv=2).fit(*blobs)
    np.testing.assert_array_equal(search.cv_results_["mean_test_score"][2:], whole.cv_results_["mean_test_score"])
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process")
def test_a_signal_from_outside():
    code = """
import faulthandler, os, signal, warnings
faulthandler.dump_traceback_later(100, exit=True)  # should it hang, the test shows where
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored, where a shell runs the tests in the background
import numpy as np
from skmlp import KerasMLPRegressor
X = np.ones((50, 2))
class Out:
    lines = 0
    def isatty(self): return True
    def write(self, text):
        self.lines += 1
        if self.lines == 5: os.kill(os.getpid(), signal.SIGINT)
    def flush(self): pass
import sys
out, sys.stdout = sys.stdout, Out()
import skmlp._watch.progress
skmlp._watch.progress._TERMINAL_SECONDS = 0
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    fitted = KerasMLPRegressor((3,), epochs=10**6, verbose=1).fit(X, X[:, 0])
print(fitted.n_iter_ < 10**6, "interrupted" in str(caught[0].message), file=out)
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120)
    assert result.stdout == "True True\n", result.stderr


def test_histories_stay_aligned(line):
    X, y = line
    going = KerasMLPRegressor((3,), epochs=2, warm_start=True, random_state=0).fit(X, y, X_val=X, y_val=y)
    best = going.best_validation_score_
    going.fit(X, y)
    assert {name: len(values) for name, values in going.history_.items()} == dict.fromkeys(going.history_, 4)
    assert np.isnan(going.validation_scores_[2:]).all()
    assert going.best_validation_score_ == best
    other = KerasMLPRegressor((3,), epochs=2, warm_start=True, random_state=0).fit(X, y).fit(X, y, X_val=X, y_val=y)
    assert np.isnan(other.history_["val_loss"]).tolist() == [True, True, False, False]


def test_going_on_does_not_make_an_early_stopped_fit_worse(blobs):
    X, y = blobs
    going = KerasMLPClassifier(
        (4,), learning_rate=0.1, batch_size=8, epochs=60, early_stopping=True, warm_start=True, random_state=3
    ).fit(X[:40], y[:40], X_val=X[40:], y_val=y[40:])
    before = going.score(X[40:], y[40:])
    going.set_params(learning_rate=3.0, epochs=5).fit(X[:40], y[:40], X_val=X[40:], y_val=y[40:])
    assert going.score(X[40:], y[40:]) >= before


def test_records_of_an_interrupted_epoch_are_forgotten(blobs):
    going = KerasMLPClassifier((4,), batch_size=10, epochs=9, record_every=2, random_state=0)
    going.learning_rate_schedule = interrupting(16)
    with pytest.warns(UserWarning, match="after epoch 2"):
        going.fit(*blobs)
    assert going.step_history_["step"] == [2, 4, 6, 8, 10, 12]


def test_classes_of_several_outputs_cannot_be_given_again(blobs):
    several = np.column_stack([blobs[1], blobs[1] % 2])
    going = KerasMLPClassifier((3,), epochs=1).fit(blobs[0], several)
    with pytest.raises(ValueError, match="is not the same as before: leave it out"):
        going.partial_fit(blobs[0], several, classes=[0, 1, 2])
    assert going.partial_fit(blobs[0], several).n_iter_ == 2
