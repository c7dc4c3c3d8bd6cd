"""Several networks in one fit: each is trained as if it were alone, and the mean of their predictions is returned."""

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.metrics import mean_poisson_deviance

from skmlp import KerasMLPClassifier, KerasMLPRegressor, TabularMLPClassifier, WeightMatrixDisplay, cache_info

SETTINGS = {"hidden_layer_sizes": (5, 4), "activation": "tanh", "epochs": 3, "batch_size": 16, "random_state": 0}
N_MEMBERS = 2


class Drawn:
    """An initializer: the kernels of members one after the other, from one of them on."""

    def __init__(self, member=0):
        self.member = member

    def __call__(self, shape, dtype=None):
        kernel = np.random.default_rng(self.member).normal(size=shape) / 2
        self.member += shape[1] == 3  # the last layer of a member
        return kernel.astype(dtype)


def members_alone(estimator):
    """The estimator with each of its members as the only one, with the weights of the fit."""
    result = []
    for member in range(estimator.n_members):
        alone = copy.copy(estimator).set_params(n_members=1, epochs=1, early_stopping=False)
        alone.fit(*estimator.seen)
        alone.coefs_ = [each[member] for each in estimator.coefs_]
        alone.intercepts_ = [each[member] for each in estimator.intercepts_]
        result.append(alone)
    return result


def fitted(estimator, X, y):
    estimator.fit(X, y)
    estimator.seen = X, y
    return estimator


@pytest.mark.parametrize("batch_size", [16, 3], ids=["plain graph", "xla"])
@pytest.mark.parametrize(
    "parameters",
    [
        {"optimizer": "sgd", "learning_rate": 0.1, "l2": 0.01},
        {"optimizer": "adam", "l1": 0.01, "regularize_bias": True},
        {"optimizer": "sgd", "momentum": 0.9, "normalization": "batch"},
        {"optimizer": "adam", "clipnorm": 0.01},
    ],
    ids=["l2", "l1", "batch normalization", "clipping"],
)
def test_each_member_is_trained_as_if_it_were_alone(parameters, batch_size, blobs):
    common = SETTINGS | parameters | {"batch_size": batch_size, "dtype": "float64"}
    ensemble = KerasMLPClassifier(**common, n_members=N_MEMBERS, kernel_initializer=Drawn()).fit(*blobs)
    losses = []
    for member in range(N_MEMBERS):
        alone = KerasMLPClassifier(**common, kernel_initializer=Drawn(member)).fit(*blobs)
        for ours, theirs in zip(
            (*ensemble.coefs_, *ensemble.intercepts_), (*alone.coefs_, *alone.intercepts_), strict=True
        ):
            np.testing.assert_allclose(ours[member], theirs, rtol=1e-8, atol=1e-10)
        losses.append(alone.loss_curve_)
    np.testing.assert_allclose(ensemble.loss_curve_, np.mean(losses, axis=0), rtol=1e-8)


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel", "several outputs"])
def test_probabilities_are_the_mean_of_those_of_the_members(kind, blobs):
    X, y = blobs
    y = {
        "binary": y > 0,
        "multiclass": y,
        "multilabel": np.stack([y > 0, y > 1], axis=1).astype(int),
        "several outputs": np.stack([y, y[::-1]], axis=1),
    }[kind]
    ensemble = fitted(KerasMLPClassifier(**SETTINGS, n_members=N_MEMBERS), X, y)
    of_members = [alone.predict_proba(X) for alone in members_alone(ensemble)]
    np.testing.assert_allclose(ensemble.predict_proba(X), np.mean(of_members, axis=0), atol=1e-6)
    assert np.ptp(of_members, axis=0).max() > 1e-3


@pytest.mark.parametrize("activation", ["linear", "sigmoid", "softplus", "exponential", "relu", "tanh"])
def test_numbers_are_the_mean_of_those_of_the_members_and_so_is_the_validation_loss(activation, line):
    X, y = line
    y = (y - y.min()) / np.ptp(y)
    ensemble = KerasMLPRegressor(**SETTINGS, n_members=N_MEMBERS, output_activation=activation)
    ensemble.fit(X, y, X_val=X, y_val=y)
    ensemble.seen = X, y
    predicted = np.mean([alone.predict(X) for alone in members_alone(ensemble)], axis=0)
    np.testing.assert_allclose(ensemble.predict(X), predicted, atol=1e-6)
    np.testing.assert_allclose(ensemble.history_["val_loss"][-1], np.mean((predicted - y) ** 2), rtol=1e-4)


def test_the_validation_loss_of_rates_is_that_of_their_mean(line):
    X, y = line
    y = np.round(np.exp(y - y.max()) * 5)
    ensemble = KerasMLPRegressor(**SETTINGS, n_members=N_MEMBERS, loss="poisson", output_activation="exponential")
    ensemble.fit(X, y, X_val=X, y_val=y)
    predicted = ensemble.predict(X)
    ours = ensemble.history_["val_loss"][-1]
    assert ours == pytest.approx(np.mean(predicted - y * np.log(predicted)), rel=1e-4)
    assert np.isfinite(mean_poisson_deviance(y, predicted))


def test_scores_of_linear_outputs_are_means(blobs):
    X, y = blobs
    ensemble = fitted(KerasMLPClassifier(**SETTINGS, n_members=2, loss="hinge", output_activation="linear"), X, y > 0)
    of_members = [alone.decision_function(X) for alone in members_alone(ensemble)]
    np.testing.assert_allclose(ensemble.decision_function(X), np.mean(of_members, axis=0), atol=1e-6)


@pytest.mark.parametrize("batch_size", [80, 4], ids=["plain graph", "xla"])
def test_members_have_masks_and_weights_of_their_own(batch_size, line):
    still = SETTINGS | {"hidden_layer_sizes": (5,), "epochs": 1, "learning_rate": 1e-30, "batch_size": batch_size}
    same = KerasMLPRegressor(**still, n_members=2, dropout=0.5, kernel_initializer="ones").fit(*line)
    alone = KerasMLPRegressor(**still, dropout=0.5, kernel_initializer="ones").fit(*line)
    assert same.loss_ != pytest.approx(alone.loss_, rel=1e-3)  # else the second one's masks are the first one's
    kernels = KerasMLPRegressor(**still, n_members=2).fit(*line).coefs_[0]
    assert kernels.shape == (2, 3, 5)
    assert np.abs(kernels[0] - kernels[1]).max() > 0.01


@settings(max_examples=8, deadline=None)
@given(
    n_members=st.integers(2, 4),
    hidden=st.sampled_from([(), (3,), (4, 3)]),
    normalization=st.sampled_from([None, "batch", "layer"]),
    optimizer=st.sampled_from(["adam", "sgd", "lamb"]),
)
def test_training_in_parts_and_files_go_on_where_it_stopped(n_members, hidden, normalization, optimizer):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(20, 3)), np.arange(20) % 3
    settings_ = SETTINGS | {"hidden_layer_sizes": hidden, "n_members": n_members, "epochs": 2}
    first = KerasMLPClassifier(**settings_, normalization=normalization, optimizer=optimizer, warm_start=True)
    at_once = copy.deepcopy(first).set_params(epochs=4).fit(X, y)
    parts = pickle.loads(pickle.dumps(first.fit(X, y)))
    np.testing.assert_array_equal(parts.predict_proba(X), first.predict_proba(X))
    np.testing.assert_array_equal(parts.fit(X, y).predict_proba(X), at_once.predict_proba(X))


@pytest.mark.parametrize("hidden", [(), (5, 4)])
def test_sparse_samples_give_what_dense_ones_give(hidden, blobs):
    X, y = blobs
    X = np.where(np.random.default_rng(0).random((60, 40)) < 0.05, 1.0, 0.0)
    common = SETTINGS | {"hidden_layer_sizes": hidden, "n_members": N_MEMBERS, "dtype": "float64"}
    dense = KerasMLPClassifier(**common).fit(X, y)
    of_sparse = KerasMLPClassifier(**common).fit(sparse.csr_array(X), y)
    np.testing.assert_allclose(of_sparse.predict_proba(sparse.csr_array(X)), dense.predict_proba(X), rtol=1e-7)


def test_the_keras_model_predicts_and_penalizes_the_same(blobs):
    X, y = blobs
    ensemble = KerasMLPClassifier(**SETTINGS, n_members=N_MEMBERS, dropout=0.2, l2=0.01).fit(X, y)
    model = ensemble.model_
    np.testing.assert_allclose(model.predict(X, verbose=0), ensemble.predict_proba(X), atol=1e-6)
    squares = sum(np.sum(kernel.astype(float) ** 2) for kernel in ensemble.coefs_)
    assert float(sum(model.losses)) == pytest.approx(0.01 * squares / N_MEMBERS, rel=1e-5)


def test_weights_are_assigned_and_refused_by_member(blobs):
    ensemble = KerasMLPClassifier(**SETTINGS, n_members=2).fit(*blobs)
    coefs = [each[::-1] for each in ensemble.coefs_]
    before = ensemble.predict_proba(blobs[0])
    ensemble.coefs_ = coefs
    ensemble.intercepts_ = [each[::-1] for each in ensemble.intercepts_]
    np.testing.assert_allclose(ensemble.predict_proba(blobs[0]), before, atol=1e-6)  # the other way round
    np.testing.assert_array_equal(ensemble.coefs_[0], coefs[0])
    with pytest.raises(ValueError, match=r"coefs_ has the shapes \[\(4, 5\)"):
        ensemble.coefs_ = [each[0] for each in coefs]
    with pytest.raises(ValueError, match="read-only"):
        ensemble.coefs_[0][0] = 0


def test_a_search_over_values_compiles_one_program(blobs):
    traces = []
    for rate in (0.001, 0.01):
        KerasMLPClassifier(**SETTINGS, n_members=2, learning_rate=rate, l2=rate, dropout=rate).fit(*blobs)
        traces.append(cache_info().traces)
    assert traces[0] == traces[1]


def test_another_number_of_members_is_another_network(blobs):
    ensemble = KerasMLPClassifier(**SETTINGS, n_members=2, warm_start=True).fit(*blobs)
    with pytest.raises(ValueError, match=r"n_members was 2 and is 3: to start again, call fit with warm_start=False"):
        ensemble.set_params(n_members=3).fit(*blobs)
    with pytest.raises(ValueError, match=r"'n_members' parameter of KerasMLPClassifier must be an int"):
        ensemble.set_params(n_members=0).fit(*blobs)


def test_early_stopping_looks_at_the_mean(blobs):
    X, y = blobs
    ensemble = KerasMLPClassifier(**SETTINGS | {"epochs": 30}, n_members=2, early_stopping=True)
    ensemble.fit(X, y, X_val=X, y_val=y)
    assert ensemble.score(X, y) == pytest.approx(ensemble.best_validation_score_)


def test_the_picture_of_weights_is_of_the_first_member(blobs):
    ensemble = KerasMLPClassifier(**SETTINGS, n_members=2).fit(*blobs)
    display = WeightMatrixDisplay.from_estimator(ensemble)
    assert display.names == ["coefs_[0][0]", "coefs_[1][0]", "coefs_[2][0]"]
    np.testing.assert_array_equal(display.kernels[1], ensemble.coefs_[1][0])


def test_files_of_versions_without_members_have_one(blobs):
    estimator = KerasMLPClassifier(**SETTINGS).fit(*blobs)
    state = estimator.__getstate__()
    del state["n_members"], state["_fitted"]["network"]["n_members"], state["_seal"]
    old = KerasMLPClassifier.__new__(KerasMLPClassifier)
    from skmlp._seal import seal

    old.__setstate__({**state, "_seal": seal(estimator._sealed(state))})
    assert old.n_members == 1
    np.testing.assert_array_equal(old.predict_proba(blobs[0]), estimator.predict_proba(blobs[0]))


def test_the_estimators_for_tables_have_the_parameter_too():
    assert TabularMLPClassifier().n_members == 8
