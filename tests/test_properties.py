"""Any legal combination of the constructor's values trains, predicts, pickles and clones."""

import pickle

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.base import clone

from skmlp import KerasMLPClassifier, KerasMLPRegressor
from skmlp._network import known_activations, known_initializers
from skmlp._optimizers import OPTIMIZERS, known_optimizers
from skmlp._schedules import SCHEDULES

pytestmark = pytest.mark.newest

# A new structure is compiled for most examples, about 0.3 s each: few of them, and no deadline.
few = settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow])
more = settings(max_examples=40, deadline=None)

rates = st.floats(0, 0.95)
amounts = st.sampled_from([0.0, 1e-6, 1e-3, 0.1])
in_unit = st.floats(0.05, 0.95)
SETTINGS = {
    "momentum": in_unit,
    "beta_1": in_unit,
    "beta_2": in_unit,
    "rho": in_unit,
    "epsilon": st.sampled_from([1e-8, 1e-3]),
    "weight_decay": st.sampled_from([0.0, 1e-3]),
    "clipnorm": st.sampled_from([0.1, 10.0]),
}


INITIALIZERS = sorted(name for name, lower in known_initializers().items() if lower != "identity")


@st.composite
def networks(draw):
    """Constructor parameters that both estimators take."""
    sizes = draw(st.lists(st.integers(2, 9), max_size=3))
    activations = st.sampled_from(sorted(set(known_activations()) - {"exponential"}))  # it overflows on its own
    optimizer = draw(st.sampled_from(sorted(known_optimizers())))
    # Ftrl divides by the learning rate, which is 0 at first in "coslog4".
    schedules = sorted(SCHEDULES.keys() - ({"coslog4"} if optimizer == "ftrl" else set()))
    chosen = draw(st.sets(st.sampled_from([name for name in OPTIMIZERS[optimizer].settings if name != "nesterov"])))
    return {
        "hidden_layer_sizes": draw(st.sampled_from([sizes, tuple(sizes), np.array(sizes, dtype=int)])),
        "activation": draw(st.one_of(activations, st.lists(activations, min_size=len(sizes), max_size=len(sizes)))),
        "dropout": draw(st.one_of(rates, st.lists(rates, min_size=len(sizes), max_size=len(sizes)))),
        "input_dropout": draw(rates),
        "l1": draw(amounts),
        "l2": draw(amounts),
        "regularize_bias": draw(st.booleans()),
        "normalization": draw(st.sampled_from([None, "batch", "layer"])),
        "kernel_initializer": draw(st.sampled_from(INITIALIZERS)),
        "bias_initializer": draw(st.sampled_from(["zeros", "ones", "random_normal"])),
        "optimizer": optimizer,
        "learning_rate": draw(st.sampled_from([None, 1e-4, 0.01])),
        "learning_rate_schedule": draw(st.sampled_from([None, *schedules])),
        "dropout_schedule": draw(st.sampled_from([None, *SCHEDULES])),
        "batch_size": draw(st.sampled_from(["auto", 1, 3, 7, 50])),
        "epochs": draw(st.integers(1, 3)),
        "shuffle": draw(st.booleans()),
        "early_stopping": draw(st.booleans()),
        "validation_fraction": 0.3,
        "monitor": draw(st.sampled_from(["score", "loss"])),
        "record_every": draw(st.sampled_from([None, 1, 4])),
        "n_iter_no_change": draw(st.integers(1, 3)),
        "random_state": draw(st.integers(0, 2**32 - 1)),
        "dtype": draw(st.sampled_from(OPTIMIZERS[optimizer].dtypes)),
        **{name: draw(SETTINGS[name]) for name in sorted(chosen)},
    }


def check_round_trips(estimator, X, y):
    """Fit it, and compare it with its clone and its pickle."""
    n_samples = len(X)
    before = X.copy(), y.copy()
    estimator.fit(X, y)
    assert np.array_equal(X, before[0])
    assert np.array_equal(y, before[1])
    predictions = estimator.predict(X)
    assert len(predictions) == n_samples
    assert estimator.n_iter_ == len(estimator.loss_curve_) <= estimator.epochs
    assert all(coef.dtype == estimator.dtype for coef in estimator.coefs_)
    restored = pickle.loads(pickle.dumps(estimator))
    np.testing.assert_array_equal(restored.predict(X), predictions)
    again = clone(estimator).fit(X, y)
    np.testing.assert_array_equal(again.predict(X), predictions)
    assert again.history_ == estimator.history_


@few
@given(networks(), st.integers(2, 4), st.integers(1, 5), st.sampled_from(["i", "U", "?", "f", "objects", "words"]))
def test_any_legal_classifier(parameters, n_classes, n_features, kind):
    n_classes = 2 if kind == "?" else n_classes
    rng = np.random.default_rng(n_features)
    codes = np.arange(40) % n_classes
    if kind == "words":
        y = np.array(["ant", "bee", "cat", "dog"], dtype=object)[codes]
    elif kind == "objects":
        y = codes.astype(object)
    else:
        y = codes.astype(kind)
    loss = {1: "auto", 2: "mean_squared_error", 3: "binary_crossentropy"}[parameters["epochs"]]
    estimator = KerasMLPClassifier(**parameters, loss=loss)
    check_round_trips(estimator, rng.normal(size=(40, n_features)), y)
    probabilities = estimator.predict_proba(rng.normal(size=(5, n_features)))
    assert probabilities.shape == (5, n_classes)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    assert list(estimator.classes_) == sorted(set(y.tolist()))
    assert estimator.predict(rng.normal(size=(5, n_features))).dtype == (int if kind == "objects" else y.dtype)


@few
@given(
    networks(),
    st.integers(0, 3),
    st.integers(1, 5),
    st.sampled_from(["auto", "huber", "poisson", "binary_crossentropy", "quantile"]),
)
def test_any_legal_regressor(parameters, n_outputs, n_features, loss):
    activation = {"binary_crossentropy": "sigmoid", "poisson": "softplus"}.get(loss, "auto")
    rng = np.random.default_rng(n_features)
    y = rng.random((40, n_outputs) if n_outputs else 40)
    estimator = KerasMLPRegressor(**parameters, loss=loss, output_activation=activation)
    check_round_trips(estimator, rng.normal(size=(40, n_features)), y)
    assert estimator.predict(rng.normal(size=(5, n_features))).shape == (5, *y.shape[1:])


MAKE = KerasMLPRegressor(
    (4,), activation="tanh", optimizer="sgd", learning_rate=0.1, epochs=3, dtype="float64", random_state=0
)


@more
@given(st.lists(st.integers(0, 3), min_size=6, max_size=20).filter(any), st.integers(0, 10**6))
def test_a_weight_is_a_number_of_copies(counts, seed):
    # A whole batch is the same set of rows either way; the order in which it is summed differs.
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(len(counts), 3))
    y = rng.normal(size=len(counts))
    weighted = clone(MAKE).fit(X, y, counts)
    copied = clone(MAKE).fit(np.repeat(X, counts, axis=0), np.repeat(y, counts))
    np.testing.assert_allclose(weighted.predict(X), copied.predict(X), rtol=1e-9, atol=1e-11)


def test_hypothesis_tries_as_much_as_it_does_by_default():
    # Profiles are for the whole process: one of the tests that run for hours made these run for minutes.
    assert settings.default.max_examples <= 100


@more
@given(st.lists(st.booleans(), min_size=6, max_size=30).filter(any), st.integers(1, 7), st.integers(0, 10**6))
def test_a_weight_of_zero_is_an_absent_row(present, batch_size, seed):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(len(present), 3))
    y = rng.normal(size=len(present))
    make = clone(MAKE).set_params(batch_size=batch_size, epochs=2)
    weighted = clone(make).fit(X, y, present)
    removed = clone(make).fit(X[present], y[present])
    np.testing.assert_array_equal(weighted.predict(X), removed.predict(X))


@more
@given(st.floats(1e-3, 1e3), st.integers(0, 10**6))
def test_only_the_proportions_of_weights_matter(factor, seed):
    rng = np.random.default_rng(seed)
    X, y, weight = rng.normal(size=(20, 3)), rng.normal(size=20), rng.random(20)
    one, other = clone(MAKE).fit(X, y, weight), clone(MAKE).fit(X, y, factor * weight)
    np.testing.assert_allclose(one.predict(X), other.predict(X), rtol=1e-9, atol=1e-11)


@more
@given(st.permutations(range(20)), st.integers(0, 10**6))
def test_the_order_of_the_rows_does_not_matter_to_a_whole_batch(order, seed):
    rng = np.random.default_rng(seed)
    X, y = rng.normal(size=(20, 3)), rng.normal(size=20)
    one, other = clone(MAKE).fit(X, y), clone(MAKE).fit(X[order], y[list(order)])
    np.testing.assert_allclose(one.predict(X), other.predict(X), rtol=1e-9, atol=1e-11)


@more
@given(st.permutations(["ant", "bee", "cat"]), st.integers(0, 10**6))
def test_names_of_classes_do_not_matter(names, seed):
    rng = np.random.default_rng(seed)
    X, codes = rng.normal(size=(30, 3)), np.arange(30) % 3
    make = KerasMLPClassifier((4,), epochs=2, random_state=0)
    sorted_names = np.sort(names)
    one = clone(make).fit(X, codes)
    other = clone(make).fit(X, sorted_names[codes])
    np.testing.assert_array_equal(sorted_names[one.predict(X)], other.predict(X))


@more
@given(st.integers(1, 60), st.integers(1, 60), st.booleans(), st.integers(0, 10**6))
def test_every_row_is_seen_once_an_epoch(n_samples, batch_size, shuffle, seed):
    # Linear regression from zero with a rate so small that the weights stand still: the loss of the epoch is then the
    # mean square of the target, whatever the batches.
    y = np.random.default_rng(seed).normal(size=n_samples)
    estimator = KerasMLPRegressor(
        (),
        kernel_initializer="zeros",
        optimizer="sgd",
        learning_rate=1e-30,
        batch_size=min(batch_size, n_samples),
        epochs=1,
        shuffle=shuffle,
        dtype="float64",
        random_state=seed,
    ).fit(np.ones((n_samples, 1)), y)
    np.testing.assert_allclose(estimator.loss_, np.mean(y**2), rtol=1e-12)
