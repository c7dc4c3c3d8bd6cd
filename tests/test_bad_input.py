"""Bad input is refused by name, before anything is compiled, and an earlier fit survives it."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

import skmlp
from skmlp import KerasMLPClassifier, KerasMLPRegressor

ILLEGAL_PARAMETERS = [
    ("hidden_layer_sizes", (10, 0), "hidden_layer_sizes"),
    ("hidden_layer_sizes", (10, 2.5), "hidden_layer_sizes"),
    ("hidden_layer_sizes", -3, "hidden_layer_sizes"),
    ("hidden_layer_sizes", "big", "hidden_layer_sizes"),
    ("activation", "reluu", "activation='reluu'.*relu.*tanh"),
    ("activation", ["relu", "tanh", "relu"], "activation=.*3 values for 2 hidden layers"),
    ("dropout", 1.0, "dropout"),
    ("dropout", 1.5, "dropout"),
    ("dropout", -0.1, "dropout"),
    ("dropout", [0.1], "dropout=.*1 values for 2 hidden layers"),
    ("dropout", [0.1, 1.0], "dropout=.*less than 1"),
    ("dropout", [0.1, float("nan")], "dropout"),
    ("input_dropout", 1.0, "input_dropout"),
    ("l1", -1e-9, "l1"),
    ("l2", float("inf"), "l2"),
    ("l2", float("nan"), "l2"),
    ("regularize_bias", "yes", "regularize_bias"),
    ("normalization", "group", "normalization.*batch"),
    ("kernel_initializer", "glorot", "kernel_initializer='glorot'.*glorot_uniform"),
    ("bias_initializer", "onse", "bias_initializer='onse'.*ones"),
    ("loss", "crossentropy", "loss='crossentropy'.*categorical_crossentropy"),
    ("output_activation", "relu", "output_activation='relu'.*softmax"),
    ("optimizer", "adamm", "optimizer.*adam"),
    ("optimizer", None, "optimizer"),
    ("label_smoothing", 1.0, "label_smoothing"),
    ("monitor", "accuracy", "monitor.*score"),
    ("class_weight", "even", "class_weight"),
    ("class_weight", {7: 1.0}, "class_weight names labels that y does not have"),
    ("class_weight", [{0: 1.0}], "class_weight=.*must be a dictionary"),
    ("callbacks", ["early"], "callbacks holds 'early'.*set_callbacks"),
    ("metrics", ["accuracyy"], "metrics='accuracyy'.*categorical_accuracy"),
    ("record_every", 0, "record_every"),
    ("warm_start", 2.5, "warm_start"),
    ("learning_rate", 0.0, "learning_rate"),
    ("learning_rate", -0.1, "learning_rate"),
    ("learning_rate", "fast", "learning_rate"),
    ("learning_rate", float("inf"), "learning_rate"),
    ("learning_rate_schedule", "linear", "learning_rate_schedule.*cosine"),
    ("dropout_schedule", "linear", "dropout_schedule.*coslog4"),
    ("beta_1", 1.0, "beta_1"),
    ("beta_2", 0.0, "beta_2"),
    ("epsilon", 0.0, "epsilon"),
    ("weight_decay", -1.0, "weight_decay"),
    ("clipnorm", 0.0, "clipnorm"),
    ("momentum", 0.9, "momentum=0.9 is not a setting of optimizer='adam', which has beta_1, beta_2"),
    ("nesterov", True, "nesterov=True is not a setting of optimizer='adam'.*sgd"),
    ("rho", 0.9, "rho=0.9 is not a setting of optimizer='adam'.*rmsprop"),
    ("batch_size", 0, "batch_size"),
    ("batch_size", 2.5, "batch_size"),
    ("batch_size", "all", "batch_size"),
    ("n_members", 0, "n_members"),
    ("epochs", 0, "epochs"),
    ("epochs", 1.5, "epochs"),
    ("shuffle", "no", "shuffle"),
    ("jit_compile", "yes", "jit_compile"),
    ("early_stopping", 3.5, "early_stopping"),
    ("validation_fraction", 0.0, "validation_fraction"),
    ("validation_fraction", 1.0, "validation_fraction"),
    ("n_iter_no_change", 0, "n_iter_no_change"),
    ("tol", -1e-4, "tol"),
    ("random_state", "seed", "random_state"),
    ("verbose", -1, "verbose"),
    ("dtype", "float16", "dtype"),
]


@pytest.fixture
def fitted(blobs):
    return KerasMLPClassifier((4, 3), epochs=1, random_state=0).fit(*blobs)


def refused(estimator, message, X, y, **fit_parameters):
    """Fitting raises the message, compiles nothing, and leaves the earlier fit whole."""
    attributes = {name: id(value) for name, value in vars(estimator).items() if name.endswith("_")}
    misses = skmlp.cache_info().misses
    with pytest.raises(ValueError, match=f"(?s){message}"):
        estimator.fit(X, y, **fit_parameters)
    assert skmlp.cache_info().misses == misses
    assert {name: id(value) for name, value in vars(estimator).items() if name.endswith("_")} == attributes


@pytest.mark.parametrize(("name", "value", "message"), ILLEGAL_PARAMETERS)
def test_illegal_parameters(name, value, message, fitted, blobs):
    before = fitted.predict_proba(blobs[0])
    fitted.set_params(**{name: value})
    refused(fitted, message, *blobs)
    np.testing.assert_array_equal(fitted.predict_proba(blobs[0]), before)


def test_nesterov_needs_momentum(fitted, blobs):
    refused(fitted.set_params(optimizer="sgd", nesterov=True), "nesterov=True needs a momentum", *blobs)


def test_quantile_is_between_0_and_1(line):
    for value in (0.0, 1.0, "median"):
        refused(KerasMLPRegressor((4,), epochs=1, quantile=value), "quantile", *line)


def test_label_smoothing_needs_a_loss_that_has_it(fitted, blobs):
    smooth = fitted.set_params(label_smoothing=0.1, loss="mean_squared_error")
    refused(smooth, "label_smoothing=0.1 is not a setting of loss='mean_squared_error'", *blobs)


def test_every_parameter_has_an_illegal_value_here():
    assert {name for name, _, _ in ILLEGAL_PARAMETERS} == set(KerasMLPClassifier().get_params())


def with_value(X, value):
    X = X.copy()
    X[3, 1] = value
    return X


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda X: with_value(X, np.nan), "NaN"),
        (lambda X: with_value(X, np.inf), "infinity"),
        (lambda X: with_value(X, 1e300), "too large for dtype"),
        (lambda X: X[:0], "0 sample"),
        (lambda X: X[:, :0], r"0 feature"),
        (lambda X: X[:, 0], "Expected 2D array"),
        (lambda X: X[:, :, None], "Found array with dim 3"),
        (lambda X: X[:-1], "inconsistent numbers of samples"),
        (lambda X: X + 1j, "Complex data not supported"),
        (lambda X: np.full(X.shape, "a"), "could not convert string|dtype='numeric'"),
        (lambda X: None, "(?i)array|None"),
    ],
    ids=["nan", "inf", "too large", "no rows", "no columns", "1-D", "3-D", "lengths", "complex", "strings", "none"],
)
def test_samples(change, message, fitted, blobs):
    X, y = blobs
    refused(fitted, message, change(X), y)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda y: np.zeros(len(y), int), "one class, .*0"),
        (lambda y: y + 0.5, "Unknown label type: continuous"),
        (lambda y: np.where(y == 0, np.nan, y), "NaN"),
        (lambda y: None, "y"),
    ],
    ids=["one class", "continuous", "nan", "none"],
)
def test_class_labels(change, message, fitted, blobs):
    refused(fitted, message, blobs[0], change(blobs[1]))


@pytest.mark.parametrize(
    ("settings", "change", "message"),
    [
        ({}, lambda y: np.where(y > 0, np.inf, y), "infinity"),
        ({}, lambda y: y.astype(str), "could not convert|dtype"),
        ({}, lambda y: np.arange(len(y)).astype("datetime64[D]"), "y holds dates or times: make numbers of it"),
        ({}, lambda y: np.arange(len(y)).astype("timedelta64[h]"), "y holds dates or times"),
        ({"loss": "binary_crossentropy", "output_activation": "sigmoid"}, lambda y: 2 * y, "from 0 to 1"),
        ({"loss": "binary_crossentropy"}, lambda y: y * 0, "output_activation='sigmoid'"),
        ({"loss": "poisson", "output_activation": "exponential"}, lambda y: -abs(y), "at least 0"),
        ({"loss": "poisson"}, abs, "output_activation='exponential'"),
    ],
)
def test_regression_targets(settings, change, message, line):
    estimator = KerasMLPRegressor((4,), epochs=1).fit(*line)
    refused(
        estimator.set_params(**settings),
        message,
        line[0],
        np.array([f"a{v}" for v in line[1]]) if message.startswith("could") else change(line[1]),
    )


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        (np.ones(59), r"sample_weight has shape \(59,\), but there are 60"),
        (np.ones((60, 1)), "sample_weight has shape"),
        (-np.ones(60), "sample_weight has negative values"),
        (np.zeros(60), "sample_weight is zero for every sample"),
        (np.full(60, np.nan), "sample_weight contains NaN"),
        (np.full(60, np.inf), "sample_weight contains infinity"),
    ],
)
def test_sample_weight(weight, message, fitted, blobs):
    refused(fitted, message, *blobs, sample_weight=weight)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"X_val": True}, "X_val was given without y_val"),
        ({"y_val": True}, "y_val was given without X_val"),
        ({"sample_weight_val": True}, "sample_weight_val was given without"),
    ],
)
def test_validation_data_come_together(arguments, message, fitted, blobs):
    values = {"X_val": blobs[0], "y_val": blobs[1], "sample_weight_val": np.ones(60)}
    refused(fitted, message, *blobs, **{name: values[name] for name in arguments})


def test_validation_data_are_like_the_training_data(fitted, blobs, line):
    X, y = blobs
    refused(fitted, "X has 3 features", X, y, X_val=X[:, :3], y_val=y)
    refused(fitted, "inconsistent numbers of samples", X, y, X_val=X, y_val=y[:-1])
    refused(
        fitted,
        r"y_val holds labels that the target of this fit does not: \[9\]",
        X,
        y,
        X_val=X,
        y_val=np.where(y == 0, 9, y),
    )
    refused(fitted, "sample_weight_val has shape", X, y, X_val=X, y_val=y, sample_weight_val=np.ones(3))
    refused(fitted, "NaN", X, y, X_val=with_value(X, np.nan), y_val=y)
    regressor = KerasMLPRegressor((4,), epochs=1).fit(*line)
    refused(
        regressor, "y_val has 2 outputs, but the target of this fit has 1", *line, X_val=line[0], y_val=np.ones((80, 2))
    )
    refused(regressor, "y_val has one sample", *line, X_val=line[0][:1], y_val=line[1][:1])


def test_a_split_leaves_every_class_and_row(fitted, blobs, line):
    X, y = blobs
    stopping = fitted.set_params(early_stopping=True)
    refused(stopping.set_params(validation_fraction=0.03), "validation_fraction=0.03 of 60.*each of the 3", X, y)
    refused(stopping.set_params(validation_fraction=0.99), "validation_fraction=0.99", X, y)
    lonely = np.where(np.arange(60) == 0, 7, y)
    refused(stopping.set_params(validation_fraction=0.5), "validation_fraction=0.5", X, lonely)
    regressor = KerasMLPRegressor((4,), epochs=1).fit(*line).set_params(early_stopping=True)
    refused(regressor.set_params(validation_fraction=0.01), "validation_fraction=0.01 of 80", *line)
    refused(regressor.set_params(validation_fraction=0.999), "validation_fraction=0.999", *line)


def test_predictions_check_their_samples(fitted, blobs):
    X, _ = blobs
    for method in ("predict", "predict_proba", "predict_log_proba", "decision_function"):
        with pytest.raises(ValueError, match="X has 3 features"):
            getattr(fitted, method)(X[:, :3])
        with pytest.raises(ValueError, match="NaN"):
            getattr(fitted, method)(with_value(X, np.nan))
        with pytest.raises(ValueError, match="0 sample"):
            getattr(fitted, method)(X[:0])
        with pytest.raises(NotFittedError):
            getattr(clone(fitted), method)(X)
    with pytest.raises(NotFittedError):
        _ = clone(fitted).model_


@pytest.mark.parametrize("batch_size", [4, 80], ids=["xla", "plain graph"])
def test_a_diverging_fit_names_the_epoch_and_what_to_try(batch_size, line):
    estimator = KerasMLPRegressor((4,), epochs=3, random_state=0, batch_size=batch_size).fit(*line)
    before = estimator.predict(line[0])
    estimator.set_params(optimizer="sgd", learning_rate=1e30, epochs=50)
    with pytest.raises(
        ValueError, match=r"The loss became (nan|inf) in epoch \d+ of 50.*smaller learning_rate.*clipnorm"
    ):
        estimator.fit(*line)
    np.testing.assert_array_equal(estimator.predict(line[0]), before)
    # The program went back to the pool, and is as good as new.
    again = clone(estimator).set_params(optimizer="sgd", learning_rate=0.01).fit(*line)
    assert np.isfinite(again.loss_)


def test_a_schedule_that_returns_nonsense_is_named(line):
    for value in (-1.0, float("nan"), float("inf"), None, "slow", [0.5, 0.5]):
        for parameter in ("learning_rate_schedule", "dropout_schedule"):
            with pytest.raises(ValueError, match=rf"{parameter} returned .* at step 0"):
                KerasMLPRegressor((4,), dropout=0.5, epochs=1, **{parameter: lambda step, value=value: value}).fit(
                    *line
                )


def test_a_schedule_that_would_drop_more_than_dropout_says_is_refused(line):
    with pytest.raises(ValueError, match=r"dropout_schedule returned 1.5 at step 0.*at most 1.*dropout is multiplied"):
        KerasMLPRegressor((4,), dropout=0.5, epochs=1, dropout_schedule=lambda step: 1.5).fit(*line)


@pytest.mark.parametrize("rate", ["constant", "invscaling", "adaptive"])
def test_scikit_learns_words_for_learning_rates_are_answered(rate, fitted, blobs):
    refused(fitted.set_params(learning_rate=rate), f"learning_rate='{rate}' is a number here.*schedule", *blobs)
