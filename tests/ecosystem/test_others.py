"""Packages that resample, encode, forecast, stack and judge do so with our estimators."""

import category_encoders as ce
import numpy as np
import pandas as pd
import pytest
import skrub
from fairlearn.metrics import MetricFrame
from fairlearn.postprocessing import ThresholdOptimizer
from fairlearn.reductions import DemographicParity, ExponentiatedGradient
from imblearn.ensemble import BalancedBaggingClassifier
from imblearn.over_sampling import SMOTE, RandomOverSampler
from imblearn.pipeline import make_pipeline as make_imbalanced_pipeline
from mlxtend.classifier import EnsembleVoteClassifier, StackingCVClassifier
from mlxtend.evaluate import bias_variance_decomp
from mlxtend.feature_selection import SequentialFeatureSelector
from skforecast.direct import ForecasterDirect
from skforecast.model_selection import TimeSeriesFold, backtesting_forecaster
from skforecast.recursive import ForecasterRecursive
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sktime.classification.compose import SklearnClassifierPipeline
from sktime.forecasting.compose import make_reduction
from sktime.transformations.series.summarize import SummaryTransformer

from skmlp import KerasMLPClassifier, KerasMLPRegressor, TabularMLPClassifier

pytestmark = [
    # skrub 0.11 makes timedeltas of plain numbers, which NumPy 2.5 deprecates.
    pytest.mark.filterwarnings("ignore:The 'generic' unit for NumPy timedelta:DeprecationWarning:skrub"),
    # sktime tells of a default that will change.
    pytest.mark.filterwarnings("ignore:The default of config ``remember_data``:FutureWarning:sktime"),
]

MLP = KerasMLPClassifier((8,), learning_rate=0.05, epochs=10, batch_size=20, random_state=0)
PIPELINE = make_pipeline(StandardScaler(), MLP)
REGRESSOR = KerasMLPRegressor((8,), learning_rate=0.05, epochs=20, batch_size=20, random_state=0)


@pytest.fixture
def rare(blobs):
    """Two classes, of which one is rare."""
    X, y = blobs
    kept = (y != 2) | (np.arange(60) % 2 == 0)
    return X[kept], (y[kept] == 2).astype(int)


@pytest.fixture
def table(blobs):
    X, y = blobs
    frame = pd.DataFrame(X, columns=list("abcd"))
    return frame.assign(kind=np.array(["low", "mid", "high"])[y], when=pd.date_range("2024-01-01", periods=60)), y


@pytest.fixture
def wave():
    return pd.Series(np.sin(np.arange(80) / 5), index=pd.date_range("2024-01-01", periods=80, freq="D"), name="y")


def test_fairlearn_reduces_the_difference_of_rates(rng):
    group = np.repeat([0, 1], 60)
    X = np.column_stack([rng.normal(size=120), group])
    y = (X[:, 0] + group > 0.5).astype(int)

    def difference(model, **arguments):
        rates = MetricFrame(
            metrics=lambda _, predicted: np.mean(predicted),
            y_true=y,
            y_pred=model.predict(X, **arguments),
            sensitive_features=group,
        )
        return rates.difference()

    unfair = difference(clone(MLP).fit(X, y))
    reduced = ExponentiatedGradient(MLP, DemographicParity(difference_bound=0.05), max_iter=5)
    assert difference(reduced.fit(X, y, sensitive_features=group), random_state=0) < unfair / 2
    moved = ThresholdOptimizer(estimator=PIPELINE, constraints="demographic_parity", predict_method="predict_proba")
    moved.fit(X, y, sensitive_features=group)
    assert difference(moved, sensitive_features=group, random_state=0) < unfair / 2


def test_fairlearn_weights_the_samples_of_a_pipeline(rng):
    group = np.repeat([0, 1], 30)
    X = np.column_stack([rng.normal(size=60), group])
    y = (X[:, 0] > 0).astype(int)
    reduced = ExponentiatedGradient(
        PIPELINE, DemographicParity(), max_iter=2, sample_weight_name="kerasmlpclassifier__sample_weight"
    ).fit(X, y, sensitive_features=group)
    assert accuracy_score(y, reduced.predict(X, random_state=0)) > 0.8


@pytest.mark.parametrize("sampler", [SMOTE(random_state=0), RandomOverSampler(random_state=0)], ids=["smote", "random"])
def test_imbalanced_learn_resamples_before_the_fit(rare, sampler):
    X, y = rare
    model = make_imbalanced_pipeline(StandardScaler(), sampler, MLP).fit(X, y)
    by_hand = clone(MLP).fit(*sampler.fit_resample(StandardScaler().fit_transform(X), y))
    assert np.array_equal(model.predict_proba(X), by_hand.predict_proba(StandardScaler().fit_transform(X)))


def test_imbalanced_learn_bags_balanced_samples(rare):
    X, y = rare
    bags = BalancedBaggingClassifier(PIPELINE, n_estimators=2, random_state=0).fit(X, y)
    assert len(bags.estimators_) == 2
    assert bags.score(X, y) > 0.8


def test_skrub_makes_a_pipeline_for_a_table(table):
    X, y = table
    model = skrub.tabular_pipeline(MLP).fit(X, y)
    assert model[-1].n_features_in_ > X.shape[1]
    assert model.score(X, y) > 0.9


def test_skrub_makes_features_for_the_estimators_of_tables(table):
    X, y = table
    model = make_pipeline(skrub.TableVectorizer(), TabularMLPClassifier(epochs=2, n_members=2, random_state=0))
    assert model.fit(X, y).predict(X).shape == (60,)


def test_skrub_searches_over_choices(table):
    X, y = table
    mlp = clone(MLP).set_params(learning_rate=skrub.choose_float(1e-3, 1e-1, log=True, name="rate"))
    plan = skrub.X(X).skb.apply(skrub.TableVectorizer()).skb.apply(mlp, y=skrub.y(y))
    search = plan.skb.make_randomized_search(n_iter=2, cv=2, fitted=True, random_state=0)
    assert sorted(search.results_.columns) == ["mean_test_score", "rate"]
    assert search.results_["mean_test_score"].between(0, 1).all()


@pytest.mark.parametrize("encoder", [ce.TargetEncoder, ce.BinaryEncoder, ce.CatBoostEncoder, ce.HashingEncoder])
def test_category_encoders_encode_for_us(table, encoder):
    X, y = table
    options = {"max_process": 1} if encoder is ce.HashingEncoder else {}
    model = make_pipeline(encoder(cols=["kind"], **options), StandardScaler(), MLP)
    model.fit(X.drop(columns="when"), (y == 0).astype(int))
    assert model.score(X.drop(columns="when"), (y == 0).astype(int)) > 0.9


def test_skforecast_forecasts_with_us(wave):
    truth = np.sin(np.arange(80, 85) / 5)
    recursive = ForecasterRecursive(estimator=REGRESSOR, lags=10)
    recursive.fit(wave)
    assert np.abs(recursive.predict(5) - truth).max() < 0.5
    direct = ForecasterDirect(estimator=REGRESSOR, lags=10, steps=5)
    direct.fit(wave)
    assert np.abs(direct.predict() - truth).max() < 0.5
    errors, predictions = backtesting_forecaster(
        ForecasterRecursive(estimator=REGRESSOR, lags=10),
        wave,
        cv=TimeSeriesFold(steps=5, initial_train_size=60),
        metric="mean_squared_error",
        show_progress=False,
    )
    assert len(predictions) == 20
    assert errors["mean_squared_error"].item() < wave.var()


@pytest.mark.parametrize("strategy", ["recursive", "direct"])
def test_sktime_reduces_forecasts_to_our_regression(wave, strategy):
    series = wave.set_axis(wave.index.to_period("D"))
    forecaster = make_reduction(REGRESSOR, window_length=10, strategy=strategy).fit(series, fh=[1, 2, 3])
    assert np.abs(forecaster.predict() - np.sin(np.arange(80, 83) / 5)).max() < 0.5


def test_sktime_classifies_series_with_us(rng):
    labels = np.arange(40) % 2
    series = rng.normal(size=(40, 1, 20)) + 2 * labels[:, None, None]
    model = SummaryTransformer() * PIPELINE
    assert isinstance(model, SklearnClassifierPipeline)
    assert np.mean(model.fit(series, labels).predict(series) == labels) > 0.9


def test_mlxtend_selects_stacks_and_decomposes(blobs, line):
    X, y = blobs
    selected = SequentialFeatureSelector(PIPELINE, k_features=3, cv=2).fit(X, y)
    assert selected.k_feature_idx_ == (0, 1, 2)  # the fourth feature is noise
    others = [PIPELINE, LogisticRegression()]
    for model in (
        StackingCVClassifier(others, LogisticRegression(), cv=2, use_probas=True, random_state=0),
        EnsembleVoteClassifier(others, voting="soft"),
    ):
        assert model.fit(X, y).score(X, y) > 0.9
    X, y = line
    error, bias, variance = bias_variance_decomp(
        REGRESSOR, X[:60], y[:60], X[60:], y[60:], loss="mse", num_rounds=2, random_seed=0
    )
    assert error == pytest.approx(bias + variance)
