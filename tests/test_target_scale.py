"""A scaled target is the target that one would scale by hand, and predictions come back in its units."""

import functools
import pickle

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import sparse
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.metrics import mean_absolute_error
from sklearn.preprocessing import StandardScaler

from skmlp import KerasMLPClassifier, KerasMLPRegressor, cache_info
from skmlp._target_scale import TargetScale, moments

DOLLARS = np.array([2e5, -40.0]), np.array([1e5, 0.01])
"""What is added to and multiplied with each of two outputs."""

SAME = {"batch_size": 16, "epochs": 3, "learning_rate": 0.05, "random_state": 0, "dtype": "float64"}


@pytest.fixture
def dollars(line):
    """80 samples of two outputs, far from a mean of 0 and a deviation of 1: X (80, 3), y (80, 2)."""
    X, y = line
    return X, np.column_stack([y, X[:, 0] ** 2]) * DOLLARS[1] + DOLLARS[0]


def make(**parameters):
    return KerasMLPRegressor((4,), **{**SAME, "target_scaling": "standard", **parameters})


@given(
    hnp.arrays(np.float64, (7, 2), elements=st.floats(-1e6, 1e6)),
    hnp.arrays(np.float64, 7, elements=st.floats(0.125, 10)),
)
def test_the_scale_is_that_of_scikit_learn(y, weight):
    with np.errstate(invalid="ignore"):  # scikit-learn's variance of equal numbers may be just below 0
        scaler = StandardScaler().fit(y, sample_weight=weight)
    scale = TargetScale.of(y, weight)
    np.testing.assert_allclose(scale.mean, scaler.mean_, rtol=1e-9, atol=1e-9)
    varies = scaler.var_ > 1e-20 * (1 + scaler.mean_**2)  # below, rounding decides whether numbers are equal
    np.testing.assert_allclose(scale.deviation[varies], scaler.scale_[varies], rtol=1e-6)
    np.testing.assert_allclose(scale.restored(scale.standardized(y)), y, rtol=1e-9, atol=1e-6)


@given(st.floats(-1e30, 1e30), st.integers(1, 1000), st.integers(0, 100))
def test_equal_numbers_have_no_variance(value, n_samples, seed):
    weight = np.random.default_rng(seed).random(n_samples) + 0.01
    _, variance = moments(np.full((n_samples, 1), value), weight)
    assert variance == [0.0]
    assert TargetScale.of(np.full((n_samples, 1), value), weight).deviation == [1.0]


@pytest.mark.parametrize("n_outputs", [0, 1, 2])
def test_it_is_what_a_transformed_target_would_be(n_outputs, dollars):
    X, y = dollars[0], dollars[1][:, :n_outputs] if n_outputs else dollars[1][:, 0]
    scaled = make().fit(X, y)
    by_hand = TransformedTargetRegressor(make(target_scaling=None), transformer=StandardScaler()).fit(X, y)
    assert scaled.predict(X).shape == y.shape
    np.testing.assert_allclose(scaled.predict(X), by_hand.predict(X).reshape(y.shape), rtol=1e-9)
    np.testing.assert_allclose(scaled.loss_curve_, by_hand.regressor_.loss_curve_, rtol=1e-9)
    np.testing.assert_allclose(scaled.target_mean_, np.atleast_1d(y.mean(axis=0)))
    np.testing.assert_allclose(scaled.target_scale_, np.atleast_1d(y.std(axis=0)))


@pytest.mark.parametrize(
    "stopping", [{}, {"early_stopping": True, "monitor": "loss", "n_iter_no_change": 1, "tol": 0.05}]
)
def test_weights_validation_and_early_stopping_see_the_scaled_target(stopping, dollars):
    X, y = dollars
    weight = np.linspace(0, 2, 80)
    val = {"X_val": X[:30], "sample_weight_val": weight[:30]}
    scaler = StandardScaler().fit(y, sample_weight=weight)
    watching = {"record_every": 4, "epochs": 12, "learning_rate": 0.3, **stopping}
    scaled = make(**watching).fit(X, y, weight, y_val=y[:30], **val)
    by_hand = make(target_scaling=None, **watching)
    by_hand.fit(X, scaler.transform(y), weight, y_val=scaler.transform(y[:30]), **val)
    assert scaled.n_iter_ == by_hand.n_iter_
    assert (scaled.n_iter_ < 12) == bool(stopping)
    for history, other in ((scaled.history_, by_hand.history_), (scaled.step_history_, by_hand.step_history_)):
        for name, values in other.items():
            np.testing.assert_allclose(history[name], values, rtol=1e-7, err_msg=name)
    np.testing.assert_allclose(scaled.predict(X), scaler.inverse_transform(by_hand.predict(X)), rtol=1e-7)


@pytest.mark.parametrize("clip_predictions", [False, True])
def test_losses_are_of_deviations_and_metrics_and_scores_in_the_units_of_the_target(clip_predictions, dollars):
    X, y = dollars
    val = {"X_val": 9 * X[:30], "y_val": y[:30], "sample_weight_val": np.linspace(1, 2, 30)}
    fitted = make(metrics=["mean_absolute_error"], clip_predictions=clip_predictions).fit(X, y, **val)
    predicted, weight = fitted.predict(val["X_val"]), val["sample_weight_val"]
    last = {name: values[-1] for name, values in fitted.history_.items()}
    assert last["val_score"] == pytest.approx(fitted.score(val["X_val"], y[:30], weight))
    error = mean_absolute_error(y[:30], predicted, sample_weight=weight)
    assert last["val_mean_absolute_error"] == pytest.approx(error, rel=1e-5)
    if not clip_predictions:
        deviations = (y[:30] - predicted) / fitted.target_scale_
        assert last["val_loss"] == pytest.approx(np.average((deviations**2).mean(axis=1), weights=weight))


def test_samples_of_weight_0_are_as_good_as_absent(dollars):
    X, y = dollars
    weight = (np.arange(80) % 3 > 0).astype(float)
    y[weight == 0] *= 100
    some = weight > 0
    weighted = make(clip_predictions=True, batch_size=80).fit(X, y, weight)
    without = make(clip_predictions=True, batch_size=80).fit(X[some], y[some])
    np.testing.assert_allclose(weighted.predict(9 * X), without.predict(9 * X), rtol=1e-9)


def test_predictions_are_clipped_to_the_targets_that_were_trained_on(dollars):
    X, y = dollars
    for scaling in ("standard", None):
        clipped = make(target_scaling=scaling, clip_predictions=True).fit(X, (y - DOLLARS[0]) / DOLLARS[1])
        free = clone(clipped).set_params(clip_predictions=False).fit(X, (y - DOLLARS[0]) / DOLLARS[1])
        low, high = ((y - DOLLARS[0]) / DOLLARS[1]).min(axis=0), ((y - DOLLARS[0]) / DOLLARS[1]).max(axis=0)
        assert not ((free.predict(99 * X) >= low) & (free.predict(99 * X) <= high)).all()
        np.testing.assert_array_equal(clipped.predict(99 * X), np.clip(free.predict(99 * X), low, high))


def test_parts_keep_the_first_scale_and_widen_the_range(dollars):
    X, y = dollars
    going = make(clip_predictions=True).partial_fit(X[:40], y[:40])
    mean, deviation = going.target_mean_, going.target_scale_
    np.testing.assert_allclose(mean, y[:40].mean(axis=0))
    far = y[40:] + 9 * deviation
    going = pickle.loads(pickle.dumps(going)).partial_fit(X[40:], far)
    np.testing.assert_array_equal(going.target_mean_, mean)
    np.testing.assert_array_equal(going.target_scale_, deviation)
    for _ in range(60):
        going.partial_fit(X[40:], far)
    predicted = going.predict(9 * X)
    assert (predicted.max(axis=0) > y[:40].max(axis=0)).all()
    assert (predicted >= y[:40].min(axis=0)).all()
    assert (predicted <= far.max(axis=0)).all()
    with pytest.raises(ValueError, match="y has 1 outputs, but the target of this fit has 2"):
        going.partial_fit(X, y[:, 0])


def test_five_epochs_and_five_more_are_ten(dollars):
    at_once = make(epochs=10).fit(*dollars)
    parts = make(epochs=5, warm_start=True).fit(*dollars)
    parts.fit(*dollars)
    np.testing.assert_array_equal(parts.predict(dollars[0]), at_once.predict(dollars[0]))
    parts.set_params(target_scaling=None)
    with pytest.raises(ValueError, match=r"same target_scaling, but it was 'standard' and is None.*warm_start=False"):
        parts.fit(*dollars)
    np.testing.assert_array_equal(parts.predict(dollars[0]), at_once.predict(dollars[0]))


def test_a_target_of_any_form_is_scaled(dollars, tmp_path):
    X, y = dollars[0], np.round(dollars[1])
    mapped = np.memmap(tmp_path / "y", dtype="int64", mode="w+", shape=y.shape)
    mapped[:] = y
    expected = make().fit(X, y)
    for form in (sparse.csr_array(y), sparse.coo_matrix(y), mapped, y.astype("int32"), y.tolist()):
        fitted = make().fit(X, form, X_val=X, y_val=form)
        np.testing.assert_array_equal(fitted.predict(X), expected.predict(X))
        np.testing.assert_array_equal(fitted.target_scale_, expected.target_scale_)


def test_predictions_are_of_the_dtype_of_the_samples_and_the_network(dollars):
    X, y = dollars
    fitted = make(dtype="float32", clip_predictions=True).fit(X, y)
    assert fitted.predict(X.astype("float32")).dtype == "float32"
    assert fitted.predict(X).dtype == "float64"
    np.testing.assert_allclose(fitted.predict(X.astype("float32")), fitted.predict(X), rtol=1e-6)


def test_numbers_that_single_precision_does_not_hold_are_scaled_first(line):
    X, y = line
    huge = make(dtype="float32").fit(X, 1e60 * y)
    np.testing.assert_allclose(huge.predict(X), 1e60 * make(dtype="float32").fit(X, y).predict(X), rtol=1e-5)
    near = make(dtype="float32").fit(X, 1e9 + y)
    np.testing.assert_allclose(near.predict(X) - 1e9, make(dtype="float32").fit(X, y).predict(X), atol=1e-4)
    with pytest.raises(ValueError, match=r"target_scaling='standard' cannot scale y.*too large for double"):
        make().fit(X, 1e300 * y)


def test_an_output_that_does_not_vary_is_learned(dollars):
    X, y = dollars
    fitted = make(epochs=100).fit(X, np.column_stack([np.full(80, 0.1), y[:, 0]]))
    assert fitted.target_scale_[0] == 1.0
    np.testing.assert_allclose(fitted.predict(X)[:, 0], 0.1, atol=0.1)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras' own reading of HDF5
@pytest.mark.parametrize("n_outputs", [1, 2])
def test_its_keras_model_predicts_in_the_units_of_the_target(n_outputs, dollars, tmp_path):
    X, y = dollars[0].astype("float32"), dollars[1][:, :n_outputs]
    fitted = make(dtype="float32", metrics=["mean_absolute_error"]).fit(X, y, X_val=X, y_val=y)
    fitted.model_.save(tmp_path / "model.keras")
    for model in (fitted.model_, keras.saving.load_model(tmp_path / "model.keras")):
        np.testing.assert_allclose(model.predict(X, verbose=0), fitted.predict(X), rtol=1e-5)
    measured = fitted.model_.evaluate(X, y, verbose=0, return_dict=True)
    assert measured["mean_absolute_error"] == pytest.approx(fitted.history_["val_mean_absolute_error"][-1], rel=1e-4)
    assert measured["loss"] == pytest.approx(np.mean((fitted.predict(X) - y) ** 2), rel=1e-4)


def test_callbacks_see_a_model_that_predicts_in_the_units_of_the_target(dollars):
    X, y = dollars[0].astype("float32"), dollars[1]
    seen = []

    class Predicts(keras.callbacks.Callback):
        def on_train_end(self, logs=None):
            seen.append(np.asarray(self.model(X)))

    fitted = make(dtype="float32", callbacks=lambda: [Predicts()]).fit(X, y)
    np.testing.assert_allclose(seen[0], fitted.predict(X), rtol=1e-5)


@pytest.mark.parametrize(
    "loss",
    ["poisson", "mean_squared_logarithmic_error", "mean_absolute_percentage_error", "kl_divergence", "hinge",
     "squared_hinge", "cosine_similarity", functools.partial(keras.losses.cosine_similarity, axis=0)],
)  # fmt: skip
def test_losses_that_are_not_of_differences_are_refused_by_name(loss, line):
    outputs = "exponential" if loss in ("poisson", "kl_divergence") else "auto"
    with pytest.raises(ValueError, match=r"target_scaling='standard'.*not work with loss=.*target_scaling=None"):
        make(loss=loss, output_activation=outputs).fit(line[0], 1 + abs(line[1]))


@pytest.mark.parametrize("outputs", ["sigmoid", "softplus", "tanh"])
def test_outputs_that_do_not_reach_every_number_are_refused_by_name(outputs, line):
    with pytest.raises(ValueError, match=f"target_scaling='standard'.*output_activation='{outputs}'.*linear"):
        make(output_activation=outputs).fit(line[0], line[1] > 0)


@pytest.mark.parametrize(
    "loss", ["mae", "quantile", functools.partial(keras.losses.huber, delta=0.5), lambda y, p: (y - p)[:, 0] ** 4]
)
def test_losses_of_differences_and_those_of_ones_own_are_of_deviations(loss, dollars):
    X, y = dollars[0], dollars[1][:, 0]
    scaled = make(loss=loss).fit(X, y)
    by_hand = make(loss=loss, target_scaling=None).fit(X, (y - y.mean()) / y.std())
    np.testing.assert_allclose(scaled.loss_curve_, by_hand.loss_curve_, rtol=1e-9)
    np.testing.assert_allclose(scaled.predict(X), by_hand.predict(X) * y.std() + y.mean(), rtol=1e-9)


def test_scaling_and_clipping_compile_nothing(dollars):
    make(target_scaling=None).fit(dollars[0], (dollars[1] - DOLLARS[0]) / DOLLARS[1])
    before = cache_info()
    for scaling, clip in (("standard", False), ("standard", True)):
        make(target_scaling=scaling, clip_predictions=clip).fit(*dollars).predict(dollars[0])
    assert cache_info().traces == before.traces


def test_they_are_for_numbers_alone(line):
    fitted = KerasMLPRegressor((4,), **SAME).fit(*line)
    assert fitted.target_mean_ is None
    assert fitted.target_scale_ is None
    with pytest.raises(TypeError, match="unexpected keyword argument 'target_scaling'"):
        KerasMLPClassifier(target_scaling="standard")
    with pytest.raises(ValueError, match=r"target_scaling.*'standard'.*Got 'minmax'"):
        make(target_scaling="minmax").fit(*line)
    with pytest.raises(ValueError, match=r"clip_predictions.*Got 'yes'"):
        make(clip_predictions="yes").fit(*line)
