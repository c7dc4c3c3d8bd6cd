"""A run leaves what its epochs made: weights, histories and counts that belong together."""

import math
from dataclasses import replace
from unittest.mock import patch

import numpy as np
import pytest
from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score

from skmlp import KerasMLPRegressor
from skmlp._training import Run

L2 = 0.01


class Ready(Exception):  # noqa: N818  (it is no error)
    """Ends a fit where its run would begin."""


@pytest.fixture
def make(line):
    """Makes the run of a fit to 80 samples, of a network that all tests share; as it stands before its first epoch."""

    def make(*, method="fit", given=None, **parameters):
        settings = {"activation": "tanh", "l2": L2, "optimizer": "sgd", "learning_rate": 0.05, "batch_size": 20}
        settings |= {"epochs": 3, "dtype": "float64", "random_state": 0} | parameters
        estimator = KerasMLPRegressor((3,))
        for name, value in settings.items():
            setattr(estimator, name, value)
        runs = []

        def capture(run):
            runs.append(run)
            raise Ready

        with patch.object(Run, "train", capture), pytest.raises(Ready):
            getattr(estimator, method)(*line, **(given or {}))
        return runs[0]

    return make


@pytest.fixture
def validation():
    """Samples of their own, with weights, for the arguments of fit."""
    rng = np.random.default_rng(5)
    return {"X_val": rng.normal(size=(30, 3)), "y_val": rng.normal(size=30), "sample_weight_val": rng.random(30) + 0.1}


def outputs(weights, X):
    """The network by hand."""
    kernel, bias, out_kernel, out_bias = weights
    return (np.tanh(X @ kernel + bias) @ out_kernel + out_bias)[:, 0]


def assert_same(one, other):
    for ours, theirs in zip(one.state.weights, other.state.weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert one.history == other.history
    assert (one.state.epoch, one.state.step, one.n_seen) == (other.state.epoch, other.state.step, other.n_seen)


def test_what_a_run_starts_from_stays_as_it_is(make):
    run = make()
    before = [weight.copy() for weight in run.start.state.weights]
    left = run.train()
    assert run.start.history == {}
    assert (run.start.n_seen, run.start.state.epoch) == (0, 0)
    for weight, expected in zip(run.start.state.weights, before, strict=True):
        np.testing.assert_array_equal(weight, expected)
    assert_same(run.train(), left)


def test_epochs_steps_and_samples_are_counted(make):
    left = make().train()
    assert (left.state.epoch, left.state.step, left.n_seen) == (3, 3 * 4, 3 * 80)
    assert [len(values) for values in left.history.values()] == [3, 3]
    weighted = make(given={"sample_weight": np.arange(80) % 2}).train()
    assert (weighted.state.step, weighted.n_seen) == (3 * 2, 3 * 40)  # samples of weight 0 are not there


def test_a_run_that_starts_where_another_ended_makes_one_of_both(make):
    run = make()
    assert_same(replace(run, start=run.train()).train(), make(epochs=6).train())


def test_a_partial_fit_is_one_epoch_whatever_the_epochs(make):
    left = make(method="partial_fit", epochs=9).train()
    assert_same(left, make(epochs=1).train())


def test_validation_is_that_of_the_weights_after_the_epoch(make, validation):
    left = make(given=validation, metrics=["mean_absolute_error"]).train()
    X, y, weight = validation.values()
    predicted = outputs(left.state.weights, X)
    penalty = L2 * sum((kernel**2).sum() for kernel in left.state.weights[::2])
    last = {name: values[-1] for name, values in left.history.items()}
    assert last["val_loss"] == pytest.approx(mean_squared_error(y, predicted, sample_weight=weight) + penalty, rel=1e-6)
    assert last["val_score"] == pytest.approx(r2_score(y, predicted, sample_weight=weight), rel=1e-6)
    error = mean_absolute_error(y, predicted, sample_weight=weight)
    assert last["val_mean_absolute_error"] == pytest.approx(error, rel=1e-6)


@pytest.mark.parametrize("monitor", ["loss", "score"])
def test_early_stopping_leaves_the_best_epoch_and_counts_all(monitor, make, validation):
    stopping = {"early_stopping": True, "monitor": monitor, "tol": 0.0, "n_iter_no_change": 3}
    left = make(given=validation, epochs=40, learning_rate=0.3, **stopping).train()
    losses = np.array(left.history[f"val_{monitor}"]) * (1 if monitor == "loss" else -1)
    assert left.state.epoch == 1 + np.argmin(losses)
    assert left.n_seen == 80 * len(losses)
    best = make(epochs=left.state.epoch, learning_rate=0.3).train()
    for ours, theirs in zip(left.state.weights, best.state.weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_records_by_step_are_there_if_they_were_asked_for(make):
    assert make().train().step_history is None
    left = make(record_every=1).train()
    assert left.step_history["step"] == [float(step) for step in range(1, 13)]
    means = np.mean(np.reshape(left.step_history["loss"], (3, 4)), axis=1)
    np.testing.assert_allclose(means, left.history["loss"], rtol=1e-12)
    # Five steps after the last record, three are left over.
    assert len(make(record_every=5, epochs=2).train().unrecorded) == 3


def interrupt_at(number):
    """A schedule of ones that stands for Ctrl-C at a step, once."""
    steps = []

    def schedule(step):
        steps.append(step)
        if steps.count(number) == 1 and step == number:
            raise KeyboardInterrupt
        return 1.0

    return schedule


def test_an_interrupt_leaves_the_epochs_before_it(make):
    run = make(epochs=50, learning_rate_schedule=interrupt_at(10), record_every=1)
    with pytest.warns(UserWarning, match="KerasMLPRegressor is as it was after epoch 2"):
        left = run.train()
    assert_same(left, make(epochs=2).train())
    assert left.step_history["step"] == [float(step) for step in range(1, 9)]


@pytest.mark.parametrize("learning_rate", [0.05, 1e200], ids=["finished", "diverged"])
def test_whatever_happens_watchers_are_told_to_leave(learning_rate, make, capsys):
    run = make(learning_rate=learning_rate, verbose=1)
    with patch("skmlp._training.Progress.leave", autospec=True) as leave:
        if learning_rate < 1:
            assert math.isfinite(run.train().history["loss"][-1])
        else:
            with pytest.raises(ValueError, match="training diverged"):
                run.train()
    leave.assert_called_once()
    capsys.readouterr()
