"""Metrics by every name that Keras has, and Keras' own objects, against scikit-learn and plain Keras."""

import pickle

import keras
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.metrics import accuracy_score, f1_score, precision_score, r2_score, recall_score, roc_auc_score

from skmlp import KerasMLPClassifier, KerasMLPRegressor
from skmlp._loss_table import GivenLoss
from skmlp._metrics import known_metrics, resolve_metrics
from skmlp._targets import Coding

WEIGHT = np.linspace(0.2, 2, 60)


def coding(kind, *, sparse=False, activation="sigmoid", boundary=0.0):
    return Coding(kind, "x", activation, sparse, GivenLoss("x", "x", None), boundary)


def fit(metrics, X, y, **settings):
    estimator = KerasMLPClassifier((4,), metrics=metrics, epochs=2, random_state=0, **settings)
    return estimator.fit(X, y, X_val=X, y_val=y, sample_weight_val=WEIGHT)


def last(fitted, name):
    return fitted.history_[f"val_{name}"][-1]


def test_metrics_of_two_classes_are_scikit_learns(blobs):
    X, y = blobs[0], (blobs[1] == 0).astype(int)
    metrics = ["accuracy", "mae", "Precision", "Recall", keras.metrics.AUC(num_thresholds=5000, name="auc")]
    metrics.append(keras.metrics.F1Score(average="macro", threshold=0.5, name="f1"))
    fitted = fit(metrics, X, y, class_weight={1: 3.0})
    probabilities = fitted.predict_proba(X)[:, 1]
    predicted = fitted.predict(X)
    assert last(fitted, "accuracy") == pytest.approx(accuracy_score(y, predicted, sample_weight=WEIGHT), rel=1e-5)
    assert last(fitted, "mae") == pytest.approx(np.average(abs(y - probabilities), weights=WEIGHT), rel=1e-5)
    precision = precision_score(y, predicted, sample_weight=WEIGHT, zero_division=0)
    assert last(fitted, "Precision") == pytest.approx(precision, rel=1e-5)
    assert last(fitted, "Recall") == pytest.approx(recall_score(y, predicted, sample_weight=WEIGHT), rel=1e-5)
    assert last(fitted, "f1") == pytest.approx(f1_score(y, predicted, sample_weight=WEIGHT), rel=1e-5)
    assert last(fitted, "auc") == pytest.approx(roc_auc_score(y, probabilities, sample_weight=WEIGHT), abs=2e-3)


@pytest.mark.parametrize("one_hot", [False, True])
def test_metrics_of_several_classes_are_scikit_learns(one_hot, blobs):
    X, y = blobs
    macro = keras.metrics.F1Score(average="macro")
    metrics = [
        "accuracy",
        macro,
        keras.metrics.MeanIoU(3, sparse_y_pred=False, name="iou", dtype="float32"),
        "AUC",
        "Precision",
    ]
    settings = {"loss": "mse", "output_activation": "softmax"} if one_hot else {}
    fitted = fit(metrics, X, np.eye(3)[y] if one_hot else y, **settings)
    predicted = fitted.predict(X).argmax(axis=1) if one_hot else fitted.predict(X)
    assert last(fitted, "accuracy") == pytest.approx(last(fitted, "score"), rel=1e-6)
    expected = f1_score(y, predicted, average="macro", sample_weight=WEIGHT)
    assert last(fitted, "f1_score") == pytest.approx(expected, rel=1e-5)
    overlaps = [WEIGHT[(y == k) & (predicted == k)].sum() / WEIGHT[(y == k) | (predicted == k)].sum() for k in range(3)]
    assert last(fitted, "iou") == pytest.approx(np.mean(overlaps), rel=1e-5)
    auc = keras.metrics.AUC()
    auc.update_state(np.eye(3)[y], fitted.predict_proba(X), sample_weight=WEIGHT)
    assert last(fitted, "AUC") == pytest.approx(float(auc.result()), rel=1e-5)


def test_metrics_of_a_regressor_are_scikit_learns(line):
    X, y = line
    weight = np.linspace(0.1, 1, 80)
    metrics = ["mse", "MeanAbsoluteError", "R2Score", "RootMeanSquaredError", "huber"]
    fitted = KerasMLPRegressor((4,), metrics=metrics, epochs=2, random_state=0)
    fitted.fit(X, y, X_val=X, y_val=y, sample_weight_val=weight)
    predicted = fitted.predict(X)
    errors = predicted - y
    expected = {
        "mse": np.average(errors**2, weights=weight),
        "MeanAbsoluteError": np.average(abs(errors), weights=weight),
        "R2Score": r2_score(y, predicted, sample_weight=weight),
        "RootMeanSquaredError": np.sqrt(np.average(errors**2, weights=weight)),
        "huber": fitted.history_["val_huber"][-1],
    }
    assert {name: last(fitted, name) for name in metrics} == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("loss", ["hinge", "mse", "msle"])
def test_accuracy_of_scores_is_decided_where_predictions_are(loss, blobs):
    X, y = blobs[0], blobs[1] == 0
    fitted = fit(["accuracy"], X, y, loss=loss, output_activation="linear")
    assert last(fitted, "accuracy") == pytest.approx(last(fitted, "score"), rel=1e-6)
    assert fitted.model_.evaluate(X, y[:, None].astype("float32"), verbose=0)[1] == pytest.approx(fitted.score(X, y))
    bare = clone(fitted).set_params(metrics=None).fit(X, y)
    assert bare.model_.evaluate(X, y[:, None].astype("float32"), verbose=0)[1] == pytest.approx(bare.score(X, y))


def names_of_keras_get():
    from keras.src.metrics import ALL_OBJECTS_DICT  # the one list of what keras.metrics.get knows

    return sorted(ALL_OBJECTS_DICT)


@pytest.mark.parametrize("kind", ["binary", "multiclass", "regression"])
def test_every_name_of_keras_is_resolved_or_answered(kind):
    for name in [*names_of_keras_get(), *known_metrics()]:
        try:
            (metric,) = resolve_metrics([name], coding(kind))
        except ValueError as error:
            assert "needs arguments" in str(error) or "which does not fit a" in str(error) or "threshold" in str(error)  # noqa: PT017
        else:
            assert metric.name == name


def test_a_metric_of_a_fit_is_its_own_and_goes_through_clone_and_pickle(blobs):
    X, y = blobs
    metric = keras.metrics.AUC(name="auc")
    make = KerasMLPClassifier((4,), metrics=[metric], epochs=1, random_state=0)
    first = clone(make).fit(X, y, X_val=X, y_val=y)
    second = pickle.loads(pickle.dumps(make)).fit(X, y, X_val=X, y_val=y)
    assert first.history_ == second.history_
    assert pickle.loads(pickle.dumps(first)).history_ == first.history_
    make.fit(X, y, X_val=X, y_val=y)
    assert float(metric.result()) == 0.0


@pytest.mark.parametrize(
    ("metrics", "message"),
    [
        (["acuracy"], "metrics='acuracy' is unknown: did you mean 'accuracy'"),
        (["F1Score"], "returned 3 numbers: make it return one, such as"),
        (["MeanIoU"], r"needs arguments: give an object, such as"),
        ([keras.metrics.AUC], "is a class: give it an instance"),
        ([3], "neither a name"),
        (["AUC", "AUC"], "a name that is taken"),
        ([keras.metrics.AUC(num_labels=7, multi_label=True, name="auc")], "'auc', which failed"),
    ],
)
def test_what_is_no_metric_is_named(metrics, message, blobs):
    X, y = blobs
    with pytest.raises(ValueError, match=message):
        KerasMLPClassifier((3,), metrics=metrics, epochs=1).fit(X, y, X_val=X, y_val=y)


@pytest.mark.parametrize(
    ("metric", "message"),
    [("F1Score", "without a threshold"), ("categorical_accuracy", "not fit a binary target")],
)
def test_metrics_of_other_targets_are_refused_for_two_classes(metric, message, blobs):
    with pytest.raises(ValueError, match=message):
        KerasMLPClassifier((3,), metrics=[metric], epochs=1).fit(blobs[0], blobs[1] == 0)


def test_accuracy_is_not_for_numbers(line):
    with pytest.raises(ValueError, match="not fit a regression target"):
        KerasMLPRegressor((3,), metrics=["accuracy"], epochs=1).fit(*line)


def own(y_true, y_pred):
    return keras.ops.mean(keras.ops.square(y_true - y_pred), axis=-1)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras' own reading of HDF5
def test_the_keras_model_measures_what_the_fit_measured(blobs, tmp_path):
    X, y = blobs
    names = ["accuracy", "AUC", "mean_absolute_error", "top_k_categorical_accuracy", "sparse_categorical_accuracy"]
    fitted = KerasMLPClassifier((4,), metrics=[*names, own], epochs=2, random_state=0).fit(X, y, X_val=X, y_val=y)
    measured = fitted.model_.evaluate(X.astype("float32"), y, batch_size=60, verbose=0, return_dict=True)
    for name in (*names, "own"):
        assert measured[name] == pytest.approx(last(fitted, name), rel=1e-5)
    fitted.model_.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", custom_objects={"own": own})
    again = loaded.evaluate(X.astype("float32"), y, batch_size=60, verbose=0, return_dict=True)
    assert again == pytest.approx(measured, rel=1e-5)


def test_keras_callbacks_know_which_way_a_metric_gets_better(blobs):
    X, y = blobs
    for monitor in ("val_AUC", "val_top_k_categorical_accuracy", "val_mae"):
        stopping = keras.callbacks.EarlyStopping(monitor=monitor, patience=50)
        estimator = KerasMLPClassifier((4,), metrics=[monitor[4:]], callbacks=[stopping], epochs=2, random_state=0)
        estimator.fit(X, y, X_val=X, y_val=y)
        upward = estimator.callbacks_[0].monitor_op(1.0, 0.0)
        assert upward == (monitor != "val_mae")


def test_keras_callbacks_know_whether_more_of_a_metric_is_better(blobs):
    X, y = blobs
    stop = keras.callbacks.EarlyStopping(monitor="val_AUC", patience=3, restore_best_weights=True)
    make = KerasMLPClassifier((4,), metrics=["AUC"], callbacks=stop, learning_rate=0.05, epochs=30, random_state=0)
    fitted = make.fit(X[:40], y[:40], X_val=X[40:], y_val=y[40:])
    best = max(fitted.history_["val_AUC"])
    measured = fitted.model_.evaluate(X[40:].astype("float32"), y[40:], batch_size=20, verbose=0, return_dict=True)
    assert measured["AUC"] == pytest.approx(best, abs=1e-4)
