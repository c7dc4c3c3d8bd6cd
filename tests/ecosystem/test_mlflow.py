"""MLflow stores our estimators, logs their fits by themselves, and their epochs."""

import doctest
import sys

import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow.exceptions import MlflowException
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skmlp.mlflow
from skmlp import (
    SKOPS_TRUSTED_TYPES,
    KerasMLPClassifier,
    KerasMLPRegressor,
    TabularMLPClassifier,
    TabularMLPRegressor,
)

pytestmark = [
    # MLflow's own classes have hints that its schemas do not tell apart.
    pytest.mark.filterwarnings("ignore:.*Any type hint is inferred:UserWarning:mlflow.types"),
    # SQLAlchemy 2.1 deprecates what MLflow 3.17 loads relations with.
    pytest.mark.filterwarnings("ignore::DeprecationWarning:mlflow.store.tracking"),
    # MLflow calls scikit-learn's log loss and ROC by the former names of their arguments.
    pytest.mark.filterwarnings("ignore:`y_pred` was renamed:FutureWarning:sklearn.metrics"),
]

CLASSIFIER = KerasMLPClassifier((8,), learning_rate=0.05, epochs=10, random_state=0)
SMALL = {
    "classifier": CLASSIFIER,
    "regressor": KerasMLPRegressor((5,), epochs=2, random_state=0),
    "classifier of tables": TabularMLPClassifier(epochs=10, n_members=2, learning_rate=0.05, random_state=0),
    "regressor of tables": TabularMLPRegressor(epochs=2, n_members=2, random_state=0),
}


@pytest.fixture(scope="module", autouse=True)
def _store(tmp_path_factory):
    """One store of runs, since making its tables takes seconds."""
    folder = tmp_path_factory.mktemp("mlflow")
    with pytest.MonkeyPatch.context() as patch:  # what MLflow is told by calls would stay for the page about it
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{folder}/runs.db")
        patch.setenv("MLFLOW_EXPERIMENT_ID", mlflow.create_experiment("tests", artifact_location=folder.as_uri()))
        yield


@pytest.fixture
def _logging():
    skmlp.mlflow.autolog(log_models=False, log_datasets=False)
    yield
    skmlp.mlflow.autolog(disable=True)


def runs():
    return mlflow.search_runs(output_format="list")


def logged(fit):
    """What is logged of a fit: the runs that it made, the last one first."""
    before = {run.info.run_id for run in runs()}
    fit()
    return [run for run in runs() if run.info.run_id not in before]


@pytest.mark.parametrize("name", SMALL)
def test_a_logged_model_predicts_as_before(blobs, name):
    X, y = blobs
    if "tables" in name:
        X = pd.DataFrame(X).rename(columns="c{}".format).assign(kind=np.where(X[:, 0] > 0, "high", "low"))
        model = SMALL[name].fit(X, y)
    else:
        model = make_pipeline(StandardScaler(), SMALL[name]).fit(X, y)
    stored = mlflow.sklearn.log_model(
        model, name="mlp", skops_trusted_types=SKOPS_TRUSTED_TYPES, pip_requirements=["skmlp"]
    )
    assert stored.flavors["sklearn"]["serialization_format"] == "skops"
    for load in (mlflow.sklearn.load_model, mlflow.pyfunc.load_model):
        assert np.array_equal(load(stored.model_uri).predict(X), model.predict(X))


def test_mlflow_asks_before_it_loads_a_class_that_is_not_scikit_learns(blobs):
    with pytest.raises(MlflowException, match=r"skops_trusted_types(.|\n)*\['skmlp.KerasMLPClassifier'\]"):
        mlflow.sklearn.log_model(CLASSIFIER.fit(*blobs), name="mlp", pip_requirements=["skmlp"])


@pytest.mark.usefixtures("_logging")
@pytest.mark.parametrize("name", SMALL)
def test_a_fit_alone_logs_its_parameters_and_scores(blobs, name):
    X, y = blobs
    model = SMALL[name]
    (run,) = logged(lambda: model.fit(X, y))
    assert run.data.params == {key: str(value) for key, value in model.get_params().items()}
    assert run.data.metrics["training_score"] == model.score(X, y)
    assert run.data.tags["estimator_name"] == type(model).__name__


@pytest.mark.usefixtures("_logging")
def test_what_a_model_is_scored_with_later_is_logged_too(blobs):
    X, y = blobs
    (run,) = logged(lambda: CLASSIFIER.fit(X, y))
    score = CLASSIFIER.score(X[:20], y[:20])
    assert mlflow.get_run(run.info.run_id).data.metrics["KerasMLPClassifier_score_unknown_dataset"] == score


@pytest.mark.usefixtures("_logging")
def test_a_fit_within_another_one_is_a_part_of_it(blobs):
    (run,) = logged(lambda: make_pipeline(StandardScaler(), CLASSIFIER).fit(*blobs))
    assert run.data.params["kerasmlpclassifier__epochs"] == "10"
    search = GridSearchCV(CLASSIFIER, {"l2": [1e-4, 1e-2]}, cv=2)
    made = logged(lambda: search.fit(*blobs))
    (whole,) = (run for run in made if "mlflow.parentRunId" not in run.data.tags)
    candidates = [run for run in made if run is not whole]
    assert whole.data.params["best_l2"] == str(search.best_params_["l2"])
    assert {run.data.params["l2"] for run in candidates} == {"0.0001", "0.01"}
    assert {run.data.tags["mlflow.parentRunId"] for run in candidates} == {whole.info.run_id}


@pytest.mark.usefixtures("_logging")
def test_it_is_logged_once_however_often_autologging_is_asked_for(blobs):
    skmlp.mlflow.autolog(log_models=False, log_datasets=False)
    assert len(logged(lambda: CLASSIFIER.fit(*blobs))) == 1


def test_nothing_is_logged_when_autologging_is_off(blobs):
    skmlp.mlflow.autolog(log_models=False)
    skmlp.mlflow.autolog(disable=True)
    assert logged(lambda: CLASSIFIER.fit(*blobs)) == []


def test_mlflows_own_autologging_stays_as_it_was():
    before = mlflow.sklearn._gen_estimators_to_patch
    skmlp.mlflow.autolog(disable=True)
    assert mlflow.sklearn._gen_estimators_to_patch is before
    assert KerasMLPClassifier not in before()


def test_a_mlflow_that_chooses_in_another_way_is_an_error_with_the_way_out(monkeypatch):
    monkeypatch.delattr(mlflow.sklearn, "_gen_estimators_to_patch")
    with pytest.raises(RuntimeError, match=r"fit make_pipeline\(estimator\)"):
        skmlp.mlflow.autolog()


def test_without_mlflow_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "mlflow.sklearn", None)
    with pytest.raises(ImportError, match="pip install mlflow"):
        skmlp.mlflow.autolog()


def test_mlflows_callback_of_keras_logs_each_epoch(blobs):
    X, y = blobs
    model = KerasMLPClassifier((5,), epochs=3, random_state=0, callbacks=[mlflow.keras.MlflowCallback()])
    with mlflow.start_run() as run:
        model.fit(X, y, X_val=X[:20], y_val=y[:20])
    mlflow.flush_async_logging()
    history = mlflow.MlflowClient().get_metric_history
    for name in ("loss", "val_loss"):
        assert [each.value for each in history(run.info.run_id, name)] == model.history_[name]
    assert mlflow.get_run(run.info.run_id).data.params["optimizer_name"] == "adam"


def test_examples_run():
    assert doctest.testmod(skmlp.mlflow).failed == 0
