"""Both estimators wherever scikit-learn takes an estimator."""

import pickle
import warnings
from email.message import Message

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.base import BaseEstimator, TransformerMixin, clone, is_classifier, is_regressor
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.datasets import load_iris, make_regression
from sklearn.ensemble import (
    AdaBoostClassifier,
    AdaBoostRegressor,
    BaggingClassifier,
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.experimental import enable_halving_search_cv  # noqa: F401  (imported for its effect)
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    RandomizedSearchCV,
    StratifiedKFold,
    check_cv,
    cross_val_predict,
    cross_val_score,
    cross_validate,
    learning_curve,
    validation_curve,
)
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import parametrize_with_checks

import skmlp
from skmlp import KerasMLPClassifier, KerasMLPRegressor

_IN_FLOAT32 = "the check compares with a relative tolerance of 1e-7, which is the rounding of one float32 operation"


def expected_failures(estimator):
    """The two checks that float32 cannot pass; none in float64."""
    if estimator.dtype == "float64":
        return {}
    names = ("check_sample_weight_equivalence_on_dense_data", "check_sample_weight_equivalence_on_sparse_data")
    return dict.fromkeys(names, _IN_FLOAT32)


@parametrize_with_checks(
    [
        KerasMLPClassifier(),
        KerasMLPRegressor(),
        KerasMLPClassifier(dtype="float64"),
        KerasMLPRegressor(dtype="float64"),
    ],
    expected_failed_checks=expected_failures,
)
def test_scikit_learns_estimator_checks(estimator, check):
    with warnings.catch_warnings():
        # Checks warn on purpose, and skip with a warning what this machine's packages do not offer.
        warnings.simplefilter("default")
        check(estimator)


@pytest.fixture(scope="module")
def iris():
    X, y = load_iris(return_X_y=True)
    return X, y


@pytest.fixture
def classifier():
    return KerasMLPClassifier((8,), learning_rate=0.05, batch_size=16, epochs=15, random_state=0)


@pytest.fixture
def regressor():
    return KerasMLPRegressor((8,), learning_rate=0.05, batch_size=16, epochs=15, random_state=0)


@pytest.fixture(scope="module")
def plane():
    return make_regression(120, 5, noise=1.0, random_state=0)


def test_it_is_a_classifier_or_a_regressor_to_scikit_learn(classifier, regressor, iris):
    assert is_classifier(classifier)
    assert not is_regressor(classifier)
    assert is_regressor(regressor)
    assert isinstance(check_cv(5, iris[1], classifier=is_classifier(classifier)), StratifiedKFold)


def test_parameters_survive_get_set_and_clone():
    parameters = {
        "hidden_layer_sizes": [5, 4],
        "activation": ["relu", "tanh"],
        "dropout": [0.1, 0.2],
        "optimizer": "sgd",
        "momentum": 0.9,
        "nesterov": True,
        "learning_rate_schedule": np.cos,
        "epochs": 7,
        "random_state": np.random.RandomState(3),
    }
    estimator = KerasMLPClassifier(**parameters)
    for name, value in clone(estimator).get_params().items():
        expected = estimator.get_params()[name]
        assert value == expected or name == "random_state", name
    assert KerasMLPClassifier().set_params(**parameters).get_params() == estimator.get_params()


@pytest.mark.parametrize("copy", [lambda e: pickle.loads(pickle.dumps(e)), None], ids=["pickle", "joblib"])
def test_a_fitted_estimator_survives_serialisation(copy, classifier, iris, tmp_path):
    X, y = iris
    classifier.fit(X, y)
    classifier.model_  # noqa: B018  (a Keras model is made, and must not hinder)
    if copy is None:
        joblib.dump(classifier, tmp_path / "classifier.joblib")
        restored = joblib.load(tmp_path / "classifier.joblib")
    else:
        restored = copy(classifier)
    np.testing.assert_array_equal(restored.predict_proba(X), classifier.predict_proba(X))
    np.testing.assert_array_equal(restored.model_.get_weights()[0], classifier.coefs_[0])
    assert restored.history_ == classifier.history_


def test_pipeline_and_column_transformer(classifier):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"size": rng.normal(size=90), "colour": rng.choice(["red", "green", "blue"], 90)})
    y = np.where((frame["size"] > 0) & (frame["colour"] != "red"), "yes", "no")
    columns = ColumnTransformer(
        [("scale", StandardScaler(), ["size"]), ("encode", OneHotEncoder(sparse_output=False), ["colour"])]
    )
    pipeline = make_pipeline(columns, classifier.set_params(epochs=60)).fit(frame, y)
    assert pipeline.score(frame, y) > 0.95
    with pytest.raises(ValueError, match="columns are missing"):
        pipeline.predict(frame[["size"]])


def test_feature_names_are_checked(classifier, iris):
    frame = pd.DataFrame(iris[0], columns=["a", "b", "c", "d"])
    classifier.fit(frame, iris[1])
    assert list(classifier.feature_names_in_) == ["a", "b", "c", "d"]
    with pytest.raises(ValueError, match="feature names should match"):
        classifier.predict(frame[["b", "a", "c", "d"]])


def test_grid_search_compiles_one_program_a_structure(classifier, iris):
    pipeline = make_pipeline(StandardScaler(), classifier)
    grid = {
        "kerasmlpclassifier__learning_rate": [1e-4, 1e-2, 5e-2],
        "kerasmlpclassifier__l2": [1e-3, 1e-4],
        "kerasmlpclassifier__epochs": [2, 10],
    }
    skmlp.clear_cache()
    before = skmlp.cache_info().traces
    search = GridSearchCV(pipeline, grid, cv=4).fit(*iris)  # 150 rows: folds of 112 and 113
    assert skmlp.cache_info().traces == before + 1
    assert search.best_score_ > 0.9
    assert search.best_params_["kerasmlpclassifier__epochs"] == 10


def test_grid_search_trains_each_candidate_for_its_epochs(classifier, iris):
    search = GridSearchCV(classifier, {"epochs": [3, 7]}, cv=2).fit(*iris)
    assert search.best_estimator_.n_iter_ == search.best_params_["epochs"]
    for epochs in (3, 7):
        assert clone(search.best_estimator_).set_params(epochs=epochs).fit(*iris).n_iter_ == epochs


def test_randomized_search(regressor, plane):
    search = RandomizedSearchCV(
        make_pipeline(StandardScaler(), regressor),
        {"kerasmlpregressor__learning_rate": [0.01, 0.1], "kerasmlpregressor__activation": ["relu", "tanh"]},
        n_iter=3,
        cv=3,
        random_state=0,
    ).fit(*plane)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


@pytest.mark.parametrize("resource", ["n_samples", "epochs"])
def test_halving_search(resource, classifier, iris):
    settings = {"min_resources": 3, "max_resources": 12} if resource == "epochs" else {}
    search = HalvingGridSearchCV(
        classifier, {"learning_rate": [1e-4, 1e-2, 1e-1]}, resource=resource, cv=3, random_state=0, **settings
    ).fit(*iris)
    assert search.best_params_["learning_rate"] > 1e-4
    if resource == "epochs":
        assert search.best_estimator_.n_iter_ == search.n_resources_[-1]


def test_cross_validation_functions(classifier, regressor, iris, plane):
    assert cross_val_score(classifier, *iris, cv=3).min() > 0.8
    results = cross_validate(classifier, *iris, cv=3, return_estimator=True, return_train_score=True)
    assert [estimator.n_iter_ for estimator in results["estimator"]] == [15, 15, 15]
    assert results["train_score"].min() > 0.8
    probabilities = cross_val_predict(classifier, *iris, cv=3, method="predict_proba")
    assert probabilities.shape == (150, 3)
    assert cross_val_predict(regressor, *plane, cv=3).shape == (120,)
    _, _, scores = learning_curve(classifier, *iris, cv=3, train_sizes=[0.5, 1.0], shuffle=True, random_state=0)
    assert scores.shape == (2, 3)
    _, scores = validation_curve(classifier, *iris, param_name="epochs", param_range=[1, 15], cv=3)
    assert (scores[0] < scores[1]).all()


@pytest.mark.parametrize("scoring", ["roc_auc_ovr", "roc_auc_ovo", "neg_log_loss", "f1_macro", "top_k_accuracy"])
def test_multiclass_scoring(scoring, classifier, iris):
    assert np.isfinite(cross_val_score(classifier, *iris, cv=3, scoring=scoring)).all()


@pytest.mark.parametrize("scoring", ["roc_auc", "average_precision", "neg_brier_score"])
def test_binary_scoring(scoring, classifier, iris):
    X, y = iris[0][50:], iris[1][50:]
    assert np.isfinite(cross_val_score(classifier, X, y, cv=3, scoring=scoring)).all()


@pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
def test_calibration(method, classifier, iris):
    calibrated = CalibratedClassifierCV(classifier, method=method, cv=3).fit(*iris)
    assert calibrated.score(*iris) > 0.85


@pytest.mark.parametrize(
    "ensemble",
    [
        lambda e: VotingClassifier([("mlp", e), ("linear", LogisticRegression(max_iter=1000))], voting="soft"),
        lambda e: StackingClassifier([("mlp", e), ("linear", LogisticRegression(max_iter=1000))], cv=2),
        lambda e: BaggingClassifier(e, n_estimators=3, random_state=0),
        lambda e: AdaBoostClassifier(e, n_estimators=3, random_state=0),
        OneVsRestClassifier,
        OneVsOneClassifier,
    ],
    ids=["voting", "stacking", "bagging", "boosting", "one versus rest", "one versus one"],
)
def test_ensembles_of_classifiers(ensemble, classifier, iris):
    assert ensemble(classifier).fit(*iris).score(*iris) > 0.85


def test_one_classifier_an_output(classifier, iris):
    X, y = iris
    several = MultiOutputClassifier(classifier).fit(X, np.column_stack([y, y > 0]))
    assert several.score(X, np.column_stack([y, y > 0])) > 0.8


@pytest.mark.parametrize(
    "ensemble",
    [
        lambda e: VotingRegressor([("one", e), ("two", clone(e).set_params(random_state=1))]),
        lambda e: StackingRegressor([("one", e), ("two", clone(e).set_params(random_state=1))], cv=2),
        lambda e: AdaBoostRegressor(e, n_estimators=2, random_state=0),
        lambda e: TransformedTargetRegressor(e, transformer=StandardScaler()),
    ],
    ids=["voting", "stacking", "boosting", "transformed target"],
)
def test_ensembles_of_regressors(ensemble, regressor, plane):
    X, y = plane
    y = y / y.std()
    assert ensemble(regressor).fit(X, y).score(X, y) > 0.8


def test_permutation_importance_finds_the_feature_that_matters(regressor):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100, 3))
    importance = permutation_importance(regressor.fit(X, X[:, 1]), X, X[:, 1], random_state=0, n_repeats=3)
    assert importance.importances_mean.argmax() == 1


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_two_jobs_give_the_scores_of_one(backend, classifier, iris):
    one = cross_val_score(classifier, *iris, cv=4)
    with joblib.parallel_backend(backend):
        two = cross_val_score(classifier, *iris, cv=4, n_jobs=2)
    np.testing.assert_array_equal(one, two)


class Shift(TransformerMixin, BaseEstimator):
    """Moves X by its mean over the training samples."""

    def fit(self, X, y=None):
        self.mean_ = np.mean(X, axis=0)
        return self

    def transform(self, X):
        return X - self.mean_


def test_a_pipeline_transforms_the_validation_samples(classifier, iris):
    X, y = iris
    with config_context(enable_metadata_routing=True):
        last = classifier.set_fit_request(X_val=True, y_val=True)
        pipeline = Pipeline([("shift", Shift()), ("mlp", last)], transform_input=["X_val"])
        pipeline.fit(X[::2], y[::2], X_val=X[1::2], y_val=y[1::2])
    by_hand = clone(classifier).fit(
        X[::2] - X[::2].mean(axis=0), y[::2], X_val=X[1::2] - X[::2].mean(axis=0), y_val=y[1::2]
    )
    assert pipeline[-1].validation_scores_ == by_hand.validation_scores_
    assert pipeline[-1].history_["val_loss"] == by_hand.history_["val_loss"]


def test_sample_weight_is_routed_through_a_search(classifier, iris):
    X, y = iris
    weight = (y != 1).astype(float)
    with config_context(enable_metadata_routing=True):
        routed = classifier.set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        search = GridSearchCV(routed, {"epochs": [20]}, cv=3).fit(X, y, sample_weight=weight)
    assert search.best_score_ > 0.95  # the class between the two others has no weight


def test_tags_tell_the_truth(classifier, regressor):
    for estimator in (classifier, regressor):
        tags = get_tags(estimator)
        assert tags.input_tags.sparse
        assert not tags.input_tags.allow_nan
        assert tags.target_tags.required
        assert tags.target_tags.multi_output
        assert not tags.non_deterministic
    assert get_tags(classifier).classifier_tags.multi_class
    assert get_tags(classifier).classifier_tags.multi_label
    assert not get_tags(classifier).classifier_tags.poor_score
    assert get_tags(regressor).classifier_tags is None


@pytest.mark.parametrize("address", ["https://example.org/docs/", None])
def test_the_html_representation_links_to_the_documentation(address, classifier, monkeypatch):
    described = Message()
    if address:
        described["Project-URL"] = "Source, https://example.org/source"
        described["Project-URL"] = f"Documentation, {address}"
    monkeypatch.setattr("skmlp._base.metadata", lambda name: described)
    shown = make_pipeline(StandardScaler(), classifier)._repr_html_()
    assert "KerasMLPClassifier" in shown
    linked = "https://example.org/docs/generated/skmlp.KerasMLPClassifier.html" in shown
    assert linked == (address is not None)
