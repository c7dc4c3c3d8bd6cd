"""What explains, selects and bounds predictions does so with our estimators."""

import eli5
import numpy as np
import pandas as pd
import pytest
import shap
from eli5.sklearn import PermutationImportance
from mapie.classification import SplitConformalClassifier
from mapie.regression import ConformalizedQuantileRegressor, CrossConformalRegressor
from mapie.regression.quantile_regression import _MapieQuantileRegressor
from sklearn.base import clone
from sklearn.feature_selection import RFE, RFECV, SelectFromModel
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmlp import KerasMLPClassifier, KerasMLPRegressor, TabularMLPRegressor

CLASSIFIER = make_pipeline(
    StandardScaler(), KerasMLPClassifier((8,), learning_rate=0.05, epochs=15, batch_size=20, random_state=0)
)
REGRESSOR = KerasMLPRegressor((8,), learning_rate=0.05, epochs=30, batch_size=20, random_state=0)


@pytest.fixture
def informative():
    """Two classes that the first of four features decides, the last a little, and the others not at all."""
    X = np.random.default_rng(3).normal(size=(120, 4))
    return X, (X[:, 0] + 0.2 * X[:, 3] > 0).astype(int)


def weight_of_features(mlp):
    """How much each feature weighs in the first layer."""
    return np.linalg.norm(mlp.coefs_[0], axis=1)


def test_shaps_values_add_up_to_the_prediction(blobs):
    X, y = blobs
    model = CLASSIFIER.fit(X, y)
    values = shap.Explainer(model.predict_proba, X[:20], seed=0)(X[:5])
    assert np.allclose(values.values.sum(axis=1) + values.base_values, model.predict_proba(X[:5]))
    assert np.abs(values.values).max() > 0.01


def test_shaps_values_of_a_table_add_up(line):
    X, y = line
    table = pd.DataFrame(X, columns=["a", "b", "c"])
    model = TabularMLPRegressor(epochs=2, n_members=2, random_state=0).fit(table, y)
    values = shap.Explainer(model.predict, table[:20], seed=0)(table[:3])
    assert np.allclose(values.values.sum(axis=1) + values.base_values, model.predict(table[:3]), atol=1e-5)


# shap gives the model of Keras a list of one input where it has one.
@pytest.mark.filterwarnings("ignore:The structure of `inputs` doesn't match:UserWarning:keras")
def test_shaps_gradients_go_through_the_model_of_keras(line):
    X, y = line
    X = X.astype("float32")
    model = clone(REGRESSOR).fit(X, y)
    values = shap.GradientExplainer(model.model_, X[:40]).shap_values(X[:5], rseed=0)
    assert values.shape == (5, 3, 1)
    gaps = values.sum(axis=(1, 2)) - (model.predict(X[:5]) - model.predict(X[:40]).mean())
    assert np.abs(gaps).max() < 0.5  # expected gradients are drawn
    assert np.corrcoef(values[:, 1, 0], X[:5, 1])[0, 1] < -0.9  # its coefficient is -2


def test_eli5s_permutation_finds_the_informative_feature(informative):
    X, y = informative
    importance = PermutationImportance(CLASSIFIER.fit(X, y), n_iter=3, random_state=0).fit(X, y)
    assert importance.feature_importances_.argmax() == 0
    assert eli5.format_as_text(eli5.explain_weights(importance)).rstrip().splitlines()[-4].endswith("x0")


def test_recursive_elimination_keeps_the_informative_features(informative):
    X, y = informative
    kept = RFE(CLASSIFIER[-1], n_features_to_select=1, importance_getter=weight_of_features).fit(X, y)
    assert list(kept.support_) == [True, False, False, False]
    by_folds = RFECV(CLASSIFIER[-1], cv=2, importance_getter=weight_of_features).fit(X, y)
    assert by_folds.support_[0]


def test_a_selection_is_the_first_step_of_a_pipeline(informative):
    X, y = informative
    selection = SelectFromModel(CLASSIFIER[-1], importance_getter=weight_of_features, max_features=2)
    model = make_pipeline(StandardScaler(), selection, clone(CLASSIFIER[-1])).fit(X, y)
    assert model[1].get_support()[0]
    assert model[-1].n_features_in_ == model[1].get_support().sum() <= 2
    assert model.score(X, y) > 0.85


def test_mapies_sets_of_classes_hold_the_label(blobs):
    X, y = blobs
    model = SplitConformalClassifier(CLASSIFIER.fit(X[:30], y[:30]), confidence_level=0.9, prefit=True)
    _, sets = model.conformalize(X[30:45], y[30:45]).predict_set(X[45:])
    assert sets.shape == (15, 3, 1)
    assert np.mean(sets[np.arange(15), y[45:], 0]) > 0.8


def test_mapies_cross_conformal_intervals_hold_the_target(line):
    X, y = line
    model = CrossConformalRegressor(REGRESSOR, confidence_level=0.9, cv=3, random_state=0)
    model.fit_conformalize(X[:60], y[:60])
    _, intervals = model.predict_interval(X[60:])
    assert np.mean((intervals[:, 0, 0] <= y[60:]) & (y[60:] <= intervals[:, 1, 0])) > 0.7


QUANTILE = clone(REGRESSOR).set_params(loss="quantile", quantile=0.5)


def covered(model, X, y):
    _, intervals = model.conformalize(X[:60], y[:60]).predict_interval(X[60:])
    low, high = intervals[:, 0, 0], intervals[:, 1, 0]
    assert (low <= high).all()
    return np.mean((low <= y[60:]) & (y[60:] <= high))


@pytest.fixture
def noisy():
    rng = np.random.default_rng(4)
    X = rng.normal(size=(200, 2))
    return X, X[:, 0] + (0.2 + np.abs(X[:, 1])) * rng.normal(size=200)


def test_mapie_conformalizes_three_fitted_quantiles(noisy):
    X, y = noisy
    three = [clone(QUANTILE).set_params(quantile=level).fit(X[:100], y[:100]) for level in (0.1, 0.9, 0.5)]
    assert covered(ConformalizedQuantileRegressor(three, confidence_level=0.8, prefit=True), X[100:], y[100:]) > 0.6


@pytest.mark.parametrize("pipeline", [False, True], ids=["alone", "in a pipeline"])
def test_mapie_fits_three_quantiles_once_its_table_has_our_class(noisy, monkeypatch, pipeline):
    X, y = noisy
    estimator = make_pipeline(StandardScaler(), QUANTILE) if pipeline else QUANTILE
    table = _MapieQuantileRegressor.quantile_estimator_params
    with pytest.raises(ValueError, match="add your base model to `quantile_estimator_params`"):
        ConformalizedQuantileRegressor(estimator, confidence_level=0.8).fit(X, y)
    monkeypatch.setitem(table, "KerasMLPRegressor", {"loss_name": "loss", "alpha_name": "quantile"})
    model = ConformalizedQuantileRegressor(estimator, confidence_level=0.8).fit(X[:100], y[:100])
    for each, level in zip(model._mapie_quantile_regressor.estimators_, (0.1, 0.9, 0.5), strict=True):
        alone = clone(each).fit(X[:100], y[:100])
        assert (each[-1] if pipeline else each).quantile == pytest.approx(level)
        assert np.array_equal(each.predict(X), alone.predict(X))
    assert covered(model, X[100:], y[100:]) > 0.6
