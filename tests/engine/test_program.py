"""The compiled program against plain Keras, step by step."""

from unittest.mock import patch

import keras
import numpy as np
import pytest
import tensorflow as tf
from models import assert_same_weights, mean_squared_error, train_plain_keras
from sklearn.base import clone
from sklearn.model_selection import ParameterGrid

from skmlp import KerasMLPClassifier, KerasMLPRegressor, cache_info, clear_cache
from skmlp._engine.graphs import CompiledGraph
from skmlp._engine.traced import update_in_one_pass
from skmlp._network import initial_weights
from skmlp._optimizers import known_optimizers
from skmlp._schedules import SCHEDULES
from skmlp._spec import steps_per_epoch

OPTIMIZER_SETTINGS = [
    ("sgd", {}),
    ("sgd", {"momentum": 0.9}),
    ("sgd", {"momentum": 0.9, "nesterov": True}),
    ("sgd", {"weight_decay": 0.01, "clipnorm": 0.5}),
    ("rmsprop", {"rho": 0.8, "epsilon": 1e-5}),
    ("rmsprop", {"momentum": 0.5}),
    ("adam", {}),
    ("adam", {"beta_1": 0.8, "beta_2": 0.99, "epsilon": 1e-4, "clipnorm": 0.1}),
    ("adamw", {}),
    ("adamw", {"weight_decay": 0.1}),
    ("adamax", {"beta_1": 0.8}),
    ("nadam", {"beta_2": 0.98}),
    ("adadelta", {"rho": 0.9}),
    ("adagrad", {"epsilon": 1e-3}),
    ("ftrl", {}),
    ("lamb", {"beta_1": 0.8}),
    ("lion", {"beta_1": 0.8, "beta_2": 0.95}),
    ("adafactor", {}),
    ("adafactor", {"weight_decay": 0.01, "clipnorm": 0.1}),
]
MUON_SETTINGS = [
    ("muon", {}),
    ("muon", {"momentum": 0.8, "nesterov": False, "epsilon": 1e-4, "clipnorm": 0.1}),
    ("muon", {"momentum": 0.0, "weight_decay": 0.0}),
]


@pytest.mark.parametrize("batch_size", [5, 40], ids=["xla", "plain graph"])
@pytest.mark.parametrize(("optimizer", "settings"), OPTIMIZER_SETTINGS)
def test_every_optimizer_takes_the_steps_of_plain_keras(optimizer, settings, batch_size, line):
    X, y = line
    X, y = X[:78], y[:78]  # the last batch is short
    estimator = KerasMLPRegressor(
        (6,),
        activation="tanh",
        optimizer=optimizer,
        learning_rate=0.02,
        batch_size=batch_size,
        epochs=2,
        shuffle=False,
        random_state=0,
        dtype="float64",
        **settings,
    ).fit(X, y)
    assert (steps_per_epoch(len(X), batch_size) >= 16) == (batch_size == 5)  # XLA, or a plain graph
    model, losses = train_plain_keras(estimator, X, y, mean_squared_error)
    # Keras rounds its learning rate and its betas to float32 even here: 1 - 0.999 is then wrong by 1.3e-5. Up to 32
    # steps of at most 0.02 that differ by half of that add up to less than 5e-6.
    for ours, theirs in zip(estimator._fitted.state.weights, model.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=5e-6)
    steps = len(losses) // 2
    sizes = np.minimum(batch_size, 78 - batch_size * np.arange(steps))
    expected = [np.average(losses[:steps], weights=sizes), np.average(losses[steps:], weights=sizes)]
    np.testing.assert_allclose(estimator.loss_curve_, expected, rtol=1e-4)


def test_batch_normalisation_decay_and_clipping_are_those_of_plain_keras(line):
    # `tox -e soak` tries every optimizer with each of them.
    X, y = line[0][:78], line[1][:78]
    estimator = KerasMLPRegressor(
        (6, 4), normalization="batch", weight_decay=0.02, clipnorm=0.1, batch_size=5, epochs=2, shuffle=False,
        random_state=0, dtype="float64",
    ).fit(X, y)  # fmt: skip
    model, _ = train_plain_keras(estimator, X, y, mean_squared_error)
    assert_same_weights(estimator, model, rtol=0, atol=5e-6)


@pytest.fixture
def _all_variables_are_large(monkeypatch):
    """Counts as large what has one number, in programs that only this test has."""
    clear_cache()
    monkeypatch.setattr("skmlp._engine.traced.LARGE", 1)
    yield
    clear_cache()


@pytest.mark.usefixtures("_all_variables_are_large")
@pytest.mark.parametrize(
    ("optimizer", "settings"),
    [
        ("adam", {}),
        ("adam", {"beta_1": 0.8, "beta_2": 0.99, "epsilon": 1e-4, "clipnorm": 0.1, "weight_decay": 0.1}),
        ("adamw", {"weight_decay": 0.1}),
    ],
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_adam_in_one_pass_takes_the_steps_of_plain_keras(optimizer, settings, dtype, line):
    X, y = line[0][:78], line[1][:78].astype(dtype)
    with patch.object(tf.raw_ops, "ResourceApplyAdam", wraps=tf.raw_ops.ResourceApplyAdam) as one_pass:
        estimator = KerasMLPRegressor(
            (6,), activation="tanh", optimizer=optimizer, learning_rate=0.02, batch_size=40, epochs=8, shuffle=False,
            random_state=0, dtype=dtype, **settings,
        ).fit(X, y)  # fmt: skip
    assert one_pass.called
    model, _ = train_plain_keras(estimator, X, y, mean_squared_error)
    assert_same_weights(estimator, model, rtol=0, atol=1e-5)  # betas in single precision, as above


@pytest.mark.usefixtures("_all_variables_are_large")
def test_parts_of_a_training_in_one_pass_are_the_training_at_once(line):
    X, y = line
    settings = {"hidden_layer_sizes": (6,), "batch_size": 40, "random_state": 0}
    at_once = KerasMLPRegressor(epochs=4, **settings).fit(X, y)
    parts = KerasMLPRegressor(epochs=2, warm_start=True, **settings).fit(X, y).fit(X, y)
    for ours, theirs in zip(at_once._fitted.state.weights, parts._fitted.state.weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.usefixtures("_all_variables_are_large")
@pytest.mark.parametrize("made", [keras.optimizers.Adam(amsgrad=True), keras.optimizers.Nadam()])
def test_what_is_no_plain_adam_takes_keras_steps(made):
    before = made.update_step
    update_in_one_pass(made)
    assert made.update_step == before


@pytest.mark.parametrize("batch_size", [5, 40], ids=["xla", "plain graph"])
@pytest.mark.parametrize(("optimizer", "settings"), MUON_SETTINGS if "muon" in known_optimizers() else [])
def test_muon_takes_the_steps_of_plain_keras(optimizer, settings, batch_size, line):
    X, y = line[0][:78], line[1][:78]
    estimator = KerasMLPRegressor(
        (6, 4), activation="tanh", optimizer=optimizer, batch_size=batch_size, epochs=2, shuffle=False, random_state=0,
        **settings,
    ).fit(X, y)  # fmt: skip
    model, losses = train_plain_keras(estimator, X, y.astype("float32"), mean_squared_error)
    # Its steps are close to orthogonal matrices whatever the size of the gradient, in single precision alone.
    for ours, theirs in zip(estimator._fitted.state.weights, model.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=2e-5)
    assert estimator.loss_curve_[0] == pytest.approx(
        np.average(
            losses[: len(losses) // 2], weights=np.minimum(batch_size, 78 - batch_size * np.arange(len(losses) // 2))
        ),
        rel=1e-4,
    )


def test_the_settings_are_keras_defaults_in_float32_too(line):
    X, y = line
    estimator = KerasMLPRegressor((8,), epochs=20, batch_size=10, shuffle=False, random_state=0).fit(X, y)
    model, _ = train_plain_keras(estimator, X, y.astype("float32"), mean_squared_error)
    for ours, theirs in zip(estimator._fitted.state.weights, model.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("regularize_bias", [False, True])
@pytest.mark.parametrize(("l1", "l2"), [(0.01, 0.0), (0.0, 0.02), (0.01, 0.02)])
def test_penalties_are_those_of_keras(l1, l2, regularize_bias, line):
    X, y = line
    estimator = KerasMLPRegressor(
        (6, 4),
        activation=["tanh", "elu"],
        l1=l1,
        l2=l2,
        regularize_bias=regularize_bias,
        bias_initializer="ones",
        optimizer="sgd",
        learning_rate=0.05,
        batch_size=16,
        epochs=3,
        shuffle=False,
        random_state=0,
        dtype="float64",
    ).fit(X, y)
    model, losses = train_plain_keras(estimator, X, y, mean_squared_error)
    for ours, theirs in zip(estimator._fitted.state.weights, model.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(estimator.loss_curve_[0], np.mean(losses[:5]), rtol=1e-6)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_classification_losses_are_those_of_keras(n_classes, blobs):
    X, y = blobs
    y = y % n_classes
    estimator = KerasMLPClassifier(
        (5,),
        optimizer="sgd",
        learning_rate=0.1,
        batch_size=16,
        epochs=2,
        shuffle=False,
        random_state=0,
        dtype="float64",
    ).fit(X, y)
    if n_classes == 2:
        loss = keras.losses.BinaryCrossentropy(from_logits=True, dtype="float64")
        model, losses = train_plain_keras(estimator, X, y[:, None].astype("float64"), loss)
    else:
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, dtype="float64")
        model, losses = train_plain_keras(estimator, X, y, loss)
    for ours, theirs in zip(estimator._fitted.state.weights, model.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(estimator.loss_curve_[0], np.average(losses[:4], weights=[16, 16, 16, 12]), rtol=1e-6)


def test_the_seed_of_the_masks_and_the_step_decide_dropout(line):
    X, y = line
    make = KerasMLPRegressor((50,), epochs=3, dropout=0.5, input_dropout=0.2, batch_size=4)
    first, second = (make.set_params(random_state=seed).fit(X, y).coefs_[0].copy() for seed in (0, 0))
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, make.set_params(random_state=1).fit(X, y).coefs_[0])


@pytest.mark.parametrize("batch_size", [2, 200], ids=["xla", "plain graph"])
@pytest.mark.parametrize("rate", [0.2, 0.7])
def test_dropout_keeps_the_right_share_and_the_mean(rate, batch_size):
    # With the kernels fixed at one and a learning rate of almost nothing, the loss of a step is the square of what is
    # left of the input: for n inputs of 1/n its mean is 1 + rate / (1 - rate) / n.
    n = 400
    X = np.full((200, n), 1 / n)
    y = np.zeros(200)
    estimator = KerasMLPRegressor(
        (),
        input_dropout=rate,
        kernel_initializer="ones",
        optimizer="sgd",
        learning_rate=1e-30,
        batch_size=batch_size,
        epochs=1,
        random_state=0,
    ).fit(X, y)
    variance = rate / (1 - rate) / n
    # 200 samples of the squared mean of n inputs: its standard error is about 2 * sqrt(variance / 200).
    assert abs(estimator.loss_ - (1 + variance)) < 5 * 2 * np.sqrt(variance / 200)


def test_batch_normalisation_ignores_the_padding_of_a_short_batch(line):
    X, y = line
    settings = {"epochs": 4, "normalization": "batch", "optimizer": "sgd", "shuffle": False, "random_state": 0}
    estimator = KerasMLPRegressor((6,), batch_size=32, dtype="float64", **settings).fit(X, y)  # 32, 32 and 16 rows
    plan = estimator._fitted.plan
    model = keras.Sequential(
        [
            keras.Input((3,), dtype="float64"),
            keras.layers.Dense(6, dtype="float64"),
            keras.layers.BatchNormalization(dtype="float64"),
            keras.layers.Activation("relu", dtype="float64"),
            keras.layers.Dense(1, dtype="float64"),
        ]
    )
    model.set_weights(initial_weights(plan.network, "glorot_uniform", "zeros", plan.seed))
    optimizer = keras.optimizers.SGD(0.01)
    for _ in range(4):
        for batch in (slice(0, 32), slice(32, 64), slice(64, 80)):
            with tf.GradientTape() as tape:
                value = mean_squared_error(y[batch], model(X[batch], training=True))
            optimizer.apply(tape.gradient(value, model.trainable_variables), model.trainable_variables)
    for ours, theirs in zip(estimator._fitted.state.weights, model.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(estimator.predict(X), np.ravel(model(X)), rtol=1e-4, atol=1e-5)


def test_a_program_is_traced_once_whatever_the_values(line):
    X, y = line
    make = KerasMLPRegressor(
        (7, 3), l1=0.1, l2=0.1, dropout=0.1, input_dropout=0.1, optimizer="sgd", momentum=0.5, clipnorm=1.0, epochs=1
    )
    make.fit(X, y)
    before = cache_info()
    for changes in (
        {"learning_rate": 0.3, "random_state": 5},
        {"l1": 0.2, "l2": 0.7},
        {"dropout": [0.5, 0.2], "input_dropout": 0.9},
        {"dropout_schedule": "coslog4"},
        {"momentum": 0.1, "clipnorm": 3.0},
        {"kernel_initializer": "he_normal", "bias_initializer": "ones", "learning_rate_schedule": "cosine"},
        {"batch_size": 11, "epochs": 2},
        {"shuffle": False, "early_stopping": True},
    ):
        make.set_params(**changes).fit(X, y)
    make.fit(X[:70], y[:70], np.arange(70))
    assert cache_info().traces == before.traces
    assert cache_info().hits == before.hits + 9


@pytest.mark.parametrize("batch_size", [2, 200], ids=["xla", "plain graph"])
def test_dropout_follows_its_schedule_step_by_step(batch_size):
    # As above, the loss of a step tells how much of the input is left: 1 where nothing is dropped, and where the rate
    # is r, 1 + r / (1 - r) / n in the mean.
    n = 400
    X, y = np.full((200, n), 1 / n), np.zeros(200)
    still = {"kernel_initializer": "ones", "optimizer": "sgd", "learning_rate": 1e-30, "random_state": 0}
    make = KerasMLPRegressor((), input_dropout=0.8, batch_size=batch_size, epochs=2, record_every=1, **still)

    def losses(schedule):
        return np.array(clone(make).set_params(dropout_schedule=schedule).fit(X, y).step_history_["loss"])

    n_steps = 2 * 200 // batch_size
    by_turns = losses(lambda step: step % 2)
    np.testing.assert_allclose(by_turns[::2], 1, rtol=1e-5)
    assert np.mean(abs(by_turns[1::2] - 1) > 1e-4) > 0.8  # by chance, just a fifth is left
    np.testing.assert_array_equal(losses(lambda step: 1.0), losses(None))
    t = np.arange(n_steps) / n_steps
    rates = 0.8 * 0.5 * (1 - np.cos(2 * np.pi * np.log2(1 + 15 * t)))
    waves = losses("coslog4")
    np.testing.assert_array_equal(waves, losses(lambda step: rates[step] / 0.8))
    variances = rates / (1 - rates) / n
    assert abs(waves - 1 - variances).max() < 6 * np.sqrt(4 * variances.max() / batch_size)


def test_a_grid_over_schedules_and_rates_compiles_one_program(blobs):
    X, y = blobs
    make = KerasMLPClassifier((9, 4), dropout=0.1, epochs=1, batch_size=20, random_state=0).fit(X, y)
    before = cache_info()
    names = [None, *SCHEDULES, lambda step: 0.5]
    grid = {"dropout_schedule": names, "learning_rate_schedule": names, "dropout": [0.1, 0.4]}
    for chosen in ParameterGrid(grid):
        make.set_params(**chosen).fit(X, y)
    assert cache_info().traces == before.traces


def test_learning_rate_schedules_reach_the_optimizer(line):
    X, y = line
    # Plain SGD moves by the sum of its steps; with a factor of zero from step 5 on, it stands still.
    make = KerasMLPRegressor((4,), optimizer="sgd", batch_size=16, shuffle=False, random_state=0)
    once = make.set_params(epochs=1).fit(X, y).coefs_[0].copy()
    stopped = make.set_params(epochs=3, learning_rate_schedule=lambda step: float(step < 5)).fit(X, y)
    np.testing.assert_array_equal(stopped.coefs_[0], once)
    assert stopped.history_["learning_rate"] == [0.01, 0.0, 0.0]


HALF = {"tensor": tf.constant(0.5), "large tensor": tf.fill([300], 0.5), "array": np.full(300, 0.5, "float32")}


class Scaled(keras.losses.Loss):
    """The mean squared error times a factor, which is an attribute."""

    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def call(self, y_true, y_pred):
        return tf.reduce_mean(tf.reshape(self.factor, [-1])[0] * (y_true - y_pred) ** 2, axis=-1)


@pytest.mark.parametrize("batch_size", [5, 40], ids=["xla", "plain graph"])
@pytest.mark.parametrize("half", HALF)
def test_own_functions_may_hold_tensors(half, batch_size, line):
    X, y = line
    half = HALF[half]
    settings = {"batch_size": batch_size, "epochs": 2, "random_state": 0}

    def fit(**own):
        return KerasMLPRegressor((4,), **settings, **own).fit(X, y, X_val=X, y_val=y)

    expected = fit(loss=Scaled(0.5), activation=lambda x: tf.nn.relu(x) * 0.5)
    for loss in (Scaled(half), lambda y, outputs: Scaled(half).call(y, outputs)):
        fitted = fit(loss=loss, activation=lambda x: tf.nn.relu(x) * tf.reshape(half, [-1])[0])
        for name in ("loss", "val_loss"):
            assert fitted.history_[name] == pytest.approx(expected.history_[name], rel=1e-5)
        np.testing.assert_allclose(fitted.predict(X), expected.predict(X), rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(
            np.ravel(fitted.model_(X.astype("float32"))), fitted.predict(X), rtol=1e-4, atol=1e-6
        )


@pytest.mark.parametrize("variable", [tf.Variable(0.5), keras.Variable(0.5)], ids=["tf", "keras"])
def test_own_functions_that_hold_variables_are_refused(variable, line):
    with pytest.raises(ValueError, match=r"refers to a variable.*tf\.constant"):
        KerasMLPRegressor((4,), activation=lambda x: x * variable, epochs=1).fit(*line)
    with pytest.raises(ValueError, match=r"refers to a variable.*tf\.constant"):
        KerasMLPRegressor((4,), loss=lambda y, outputs: (variable * (y - outputs) ** 2)[:, 0], epochs=1).fit(*line)
    with pytest.raises(ValueError, match=r"draws random numbers.*dropout"):
        KerasMLPRegressor((4,), activation=lambda x: keras.random.dropout(x, 0.5), epochs=1).fit(*line)


def test_a_program_whose_run_failed_is_not_lent_again(line):
    clear_cache()
    with patch.object(CompiledGraph, "function", failing_function), pytest.raises(RuntimeError, match="run"):
        KerasMLPRegressor((21,), epochs=1).fit(*line)
    assert cache_info().currsize == 0
    KerasMLPRegressor((21,), epochs=1).fit(*line)
    assert cache_info().misses == 2


def failing_function(graph, outputs, inputs=()):
    def function(*arrays):
        raise RuntimeError("run")

    return function
