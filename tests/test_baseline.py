"""A regressor that is worse than the mean of its target says so, and nothing else does."""

import warnings

import numpy as np
import pytest
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning

from skmlp import KerasMLPClassifier, KerasMLPRegressor

# A linear network that starts at weights of 5, and learns nothing.
STILL = {"kernel_initializer": lambda shape, dtype: np.full(shape, 5.0), "optimizer": "sgd", "learning_rate": 1e-30}


@pytest.fixture
def samples(rng):
    return rng.normal(size=(80, 3))


@pytest.fixture
def right(samples):
    """What `STILL` predicts: a target of a standard deviation of about 9."""
    return 5.0 * samples.sum(axis=1)


def fit(X, y, sample_weight=None, **parameters):
    return KerasMLPRegressor((), **{**STILL, "epochs": 2, "random_state": 0, **parameters}).fit(X, y, sample_weight)


def test_a_target_that_is_not_scaled_and_not_learned_is_said_to_be_so(samples):
    y = 2e5 + 1e5 * samples[:, 0]
    said = r"^KerasMLPRegressor ends worse than the mean.*4\.73e\+10, .*1\.21e\+10.*set target_scaling='standard'"
    with pytest.warns(ConvergenceWarning, match=said) as caught:
        fitted = fit(samples, y)
    assert np.mean((fitted.predict(samples) - y) ** 2) == pytest.approx(4.73e10, rel=0.001)
    assert np.var(y) == pytest.approx(1.21e10, rel=0.01)
    assert [warning.filename for warning in caught] == [__file__]
    scaled = KerasMLPRegressor((), learning_rate=0.05, target_scaling="standard", random_state=0).fit(samples, y)
    assert scaled.score(samples, y) > 0.99


@pytest.mark.parametrize(
    "change", [lambda y: -y, lambda y: 1e-3 * y, lambda y: y + 100, lambda y: np.column_stack([y, -y])]
)
def test_it_is_so_for_large_small_shifted_and_several_targets_and_samples_of_any_form(change, samples, right, tmp_path):
    mapped = np.memmap(tmp_path / "X", dtype="float64", mode="w+", shape=samples.shape)
    mapped[:] = samples
    for form in (samples, sparse.csr_array(samples), mapped):
        with pytest.warns(ConvergenceWarning, match="worse than the mean"):
            fit(form, change(right))


@pytest.mark.parametrize(
    "parameters",
    [{}, {"l2": 10.0}, {"input_dropout": 0.9}, {"l1": 9.0, "regularize_bias": True}],
    ids=["plain", "l2", "dropout", "l1"],
)
def test_penalties_and_dropout_in_the_loss_are_no_errors(parameters, samples, right):
    fitted = fit(samples, right, **parameters)
    assert (fitted.loss_ > right.var()) == bool(parameters)
    assert fitted.score(samples, right) > 0.99


def test_a_network_that_was_learning_still_is_judged_as_it_is_at_the_end(samples, right):
    # The only step of the last epoch begins at the wrong weights, and ends near the right ones.
    first = {"kernel_initializer": "zeros", "bias_initializer": "ones"}
    fitted = fit(samples, right, learning_rate=0.45, learning_rate_schedule=lambda step: step, **first)
    assert fitted.loss_ > right.var()
    assert fitted.score(samples, right) > 0


def test_samples_count_by_their_weights(samples, right):
    y, weight = right.copy(), np.ones(80)
    y[:40] *= -1
    weight[:40] = 1e-6
    fit(samples, y, weight)
    with pytest.warns(ConvergenceWarning, match="worse than the mean"):
        fit(samples, y, weight[::-1].copy())
    fit(samples, y, np.repeat([0.0, 1.0], 40))


@pytest.mark.parametrize(
    ("y", "parameters"),
    [
        (lambda right: np.full(80, 500.0), {}),
        (lambda right: -0.1 * right, {}),
        (lambda right: np.column_stack([0 * right + 7, -0.1 * right]), {}),
        (lambda right: -right, {"target_scaling": "standard"}),
        (lambda right: -right, {"loss": "mean_absolute_error"}),
        (abs, {"output_activation": "tanh"}),
    ],
    ids=["constant", "of about 1", "constant or about 1", "scaled", "another loss", "other outputs"],
)
def test_what_scaling_would_not_help_is_not_warned_of(y, parameters, samples, right):
    assert fit(samples, y(right), **parameters).score(samples, y(right)) <= 0


def test_neither_parts_nor_a_single_epoch_are_judged(samples, right):
    KerasMLPRegressor((), **STILL).partial_fit(samples, -right).partial_fit(samples[:1], -right[:1])
    going = KerasMLPRegressor((), **STILL, epochs=1, warm_start=True).fit(samples, -right)
    with pytest.warns(ConvergenceWarning, match="worse than the mean"):
        going.fit(samples, -right)


def test_only_a_fit_whose_loss_is_too_high_is_looked_at(samples, right, monkeypatch):
    def predicts(*args):
        raise AssertionError

    monkeypatch.setattr("skmlp._engine.predict.forward", predicts)
    fit(samples, right)
    fit(samples, -0.1 * right)
    KerasMLPClassifier((), epochs=1).fit(samples, right > 0)
    with pytest.raises(AssertionError):
        fit(samples, -right)


def test_some_of_many_samples_are_enough(samples, right, monkeypatch):
    monkeypatch.setattr("skmlp._baseline._ROWS", 10)
    with pytest.warns(ConvergenceWarning, match="worse than the mean"):
        fit(samples, -right)
    fit(samples, right, l2=10.0)


def test_a_warning_that_is_an_error_leaves_the_earlier_fit(samples, right):
    fitted = fit(samples, right)
    before = fitted.predict(samples)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ConvergenceWarning):
            fitted.fit(samples, -right)
    np.testing.assert_array_equal(fitted.predict(samples), before)


@pytest.mark.parametrize("batch_size", [4, 80], ids=["xla", "plain graph"])
def test_a_diverged_regressor_says_to_scale_the_target_where_that_is_possible(batch_size, samples, right):
    diverging = {"optimizer": "sgd", "learning_rate": 1e30, "epochs": 50, "batch_size": batch_size}
    with pytest.raises(ValueError, match=r"diverged.*clipnorm=1.0, target_scaling='standard', or features scaled"):
        fit(samples, right, **diverging)
    for y, parameters in ((right, {"target_scaling": "standard"}), (abs(right), {"output_activation": "softplus"})):
        with pytest.raises(ValueError, match=r"diverged.*clipnorm=1.0, or features scaled to about 1"):
            fit(samples, y, **diverging, **parameters)
    with pytest.raises(ValueError, match=r"diverged.*clipnorm=1.0, or features scaled to about 1"):
        KerasMLPClassifier((), loss="mse", output_activation="linear", **diverging).fit(samples, right > 0)


def test_a_regressor_that_diverges_beside_validation_samples_says_so(line):
    X, y = line
    regressor = KerasMLPRegressor((4,), optimizer="sgd", learning_rate=1e20, epochs=3, random_state=0)
    with pytest.raises(ValueError, match="training diverged"):
        regressor.fit(X, y, X_val=X, y_val=y)
