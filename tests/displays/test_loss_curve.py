"""Loss curves show what the histories of fitted estimators hold."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.model_selection import KFold, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmlp import KerasMLPClassifier, KerasMLPRegressor, LossCurveDisplay
from skmlp._displays.smoothing import smooth


@pytest.fixture
def classifier(blobs):
    X, y = blobs
    settings = {"epochs": 4, "batch_size": 20, "record_every": 2, "metrics": ["mean_squared_error"], "random_state": 0}
    return KerasMLPClassifier((5,), **settings).fit(X, y, X_val=X, y_val=y)


@pytest.fixture
def folds():
    return [
        {"loss": [3.0, 2.0, 1.0], "val_loss": [4.0, 3.0, 3.0]},
        {"loss": [5.0, 2.0, 2.0], "val_loss": [6.0, 5.0, 4.0]},
    ]


def keys(display):
    return [curve.key for curve in display.curves_]


def legend(display):
    return [text.get_text() for text in display.ax_.get_legend().get_texts()]


def test_training_is_solid_and_validation_dashed(classifier):
    display = LossCurveDisplay.from_estimator(classifier)
    assert keys(display) == ["loss", "val_loss"]
    training, validation = display.lines_
    np.testing.assert_array_equal(training.get_xdata(), [1, 2, 3, 4])
    np.testing.assert_array_equal(training.get_ydata(), classifier.history_["loss"])
    np.testing.assert_array_equal(validation.get_ydata(), classifier.history_["val_loss"])
    assert (training.get_linestyle(), validation.get_linestyle()) == ("-", "--")
    assert legend(display) == ["training", "validation"]
    assert display.bands_ == [None, None]


def test_without_validation_samples_the_training_loss_is_drawn(line):
    regressor = KerasMLPRegressor((3,), epochs=2).fit(*line)
    assert keys(LossCurveDisplay.from_estimator(make_pipeline(StandardScaler(), regressor))) == ["loss"]


@pytest.mark.parametrize(
    ("metric", "drawn", "label"),
    [
        ("val_loss", ["val_loss"], "validation loss"),
        ("val_score", ["val_score"], "validation score"),
        ("score", ["val_score"], "score"),
        ("mean_squared_error", ["val_mean_squared_error"], "mean squared error"),
        ("learning_rate", ["learning_rate"], "learning rate"),
    ],
)
def test_a_metric_is_drawn_where_it_was_recorded(classifier, metric, drawn, label):
    display = LossCurveDisplay.from_estimator(classifier, metrics=metric)
    assert keys(display) == drawn
    assert display.ax_.get_ylabel() == label


def test_each_metric_has_axes(classifier):
    display = LossCurveDisplay.from_estimator(classifier, metrics=["loss", "val_score", "mean_squared_error"])
    assert len(display.axes_) == len(display.figure_.axes) == 3
    assert display.ax_ is display.axes_[0]
    assert [axes.get_ylabel() for axes in display.axes_] == ["loss", "validation score", "mean squared error"]
    assert [len(axes.get_lines()) for axes in display.axes_] == [2, 1, 1]


def test_records_by_step_are_drawn_at_their_steps(classifier):
    display = LossCurveDisplay.from_estimator(classifier, by="step")
    np.testing.assert_array_equal(display.lines_[0].get_xdata(), classifier.step_history_["step"])
    np.testing.assert_array_equal(display.lines_[0].get_ydata(), classifier.step_history_["loss"])
    assert display.ax_.get_xlabel() == "step"


def test_values_that_are_nan_are_left_out_and_the_others_joined():
    nan = float("nan")
    history = {"loss": [5.0, 4.0, 3.0, 2.0, 1.0], "oof_score": [nan, 0.5, nan, 0.7, 0.8]}
    display = LossCurveDisplay({"": [history]}).plot(metrics=["loss", "oof_score"], smoothing=0.5)
    loss, score = display.lines_
    assert list(loss.get_xdata()) == [1, 2, 3, 4, 5]
    assert list(score.get_xdata()) == [2, 4, 5]
    np.testing.assert_allclose(score.get_ydata(), [0.5, 0.6, 0.7])
    assert [curve.part for curve in display.curves_] == ["training", "out of fold"]
    assert score.get_linestyle() == "--"
    assert display.axes_[1].get_ylabel() == "oof score"
    folds = LossCurveDisplay({"": [history, {**history, "oof_score": [nan, 0.1, nan, 0.3, nan]}]})
    assert list(folds.plot(metrics="oof_score").lines_[0].get_xdata()) == [2, 4]


def test_several_estimators_have_a_colour_each():
    histories = {name: [{"loss": [2.0, 1.0], "val_loss": [3.0, 2.0]}] for name in ("SGD", "Adam")}
    display = LossCurveDisplay(histories).plot()
    colours = [line.get_color() for line in display.lines_]
    assert colours[0] == colours[1] != colours[2] == colours[3]
    assert legend(display) == ["SGD", "Adam", "training", "validation"]
    assert [line.get_label() for line in display.lines_[:2]] == ["SGD, training", "SGD, validation"]


def test_the_legend_explains_line_styles_where_there_are_several():
    histories = {name: [{"loss": [2.0, 1.0], "val_loss": [3.0, 2.0]}] for name in ("SGD", "Adam")}
    assert legend(LossCurveDisplay(histories).plot(metrics="val_loss")) == ["SGD", "Adam"]


def test_a_single_name_is_in_the_legend():
    display = LossCurveDisplay({"SGD": [{"loss": [2.0, 1.0]}]}).plot()
    assert legend(display) == ["SGD, training"]


def test_folds_are_a_mean_and_a_band_from_the_least_to_the_greatest(folds):
    display = LossCurveDisplay({"": folds}).plot()
    np.testing.assert_array_equal(display.lines_[0].get_ydata(), [4.0, 2.0, 1.5])
    vertices = display.bands_[0].get_paths()[0].vertices
    for epoch, least, greatest in [(1, 3.0, 5.0), (2, 2.0, 2.0), (3, 1.0, 2.0)]:
        at = vertices[vertices[:, 0] == epoch, 1]
        assert (at.min(), at.max()) == (least, greatest)
    assert display.ax_.get_legend().get_title().get_text() == "mean and range of 2 folds"


def test_folds_are_drawn_as_far_as_all_have_records(folds):
    folds[1] = {name: values[:2] for name, values in folds[1].items()}
    assert LossCurveDisplay({"": folds}).plot().curves_[0].folds.tolist() == [[3.0, 2.0], [5.0, 2.0]]


def test_the_smoothed_mean_is_the_mean_of_the_smoothed_folds(folds):
    display = LossCurveDisplay({"": folds}).plot(smoothing=0.9)
    np.testing.assert_allclose(display.curves_[0].mean, smooth([4.0, 2.0, 1.5], 0.9))


def test_records_are_skipped_before_the_smoothing_and_keep_their_numbers():
    display = LossCurveDisplay({"": [{"loss": [1e7, 4.0, 2.0]}]}).plot(smoothing=0.5, skip=1)
    np.testing.assert_array_equal(display.lines_[0].get_xdata(), [2, 3])
    np.testing.assert_array_equal(display.lines_[0].get_ydata(), [4.0, 3.0])


def test_a_cross_validation_is_drawn(blobs):
    X, y = blobs
    classifier = KerasMLPClassifier((3,), epochs=2, early_stopping=True, validation_fraction=0.3)
    results = cross_validate(classifier, X, y, cv=KFold(3), return_estimator=True)
    display = LossCurveDisplay.from_cv_results(results, metrics="val_loss", name="small")
    expected = np.mean([each.history_["val_loss"] for each in results["estimator"]], axis=0)
    np.testing.assert_array_equal(display.lines_[0].get_ydata(), expected)
    again = LossCurveDisplay.from_estimators({"a": results, "b": results["estimator"], "c": results["estimator"][0]})
    assert [len(curve.folds) for curve in again.curves_] == [3, 3, 3, 3, 1, 1]


def test_line_settings_are_passed_on(folds):
    display = LossCurveDisplay({"": folds}).plot(lw=3, c="red")
    assert {(line.get_linewidth(), line.get_color()) for line in display.lines_} == {(3, "red")}


def test_axes_of_ones_own_are_used(folds):
    figure, axes = plt.subplots(1, 2)
    display = LossCurveDisplay({"": folds}).plot(axes, metrics=["loss", "val_loss"])
    assert display.axes_.tolist() == axes.tolist()
    assert LossCurveDisplay({"": folds}).plot(axes[1]).figure_ is figure
    axes[0].set_xscale("log")
    assert LossCurveDisplay({"": folds}).plot(axes[0]).ax_.get_xscale() == "log"
    with pytest.raises(ValueError, match="ax has 1 axes, but metrics has 2"):
        LossCurveDisplay({"": folds}).plot(axes[0], metrics=["loss", "val_loss"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"metrics": "val_f1"}, "metrics: 'val_f1' is not in the history of 'A', which has loss, val_loss."),
        ({"metrics": "step"}, "metrics: 'step' is not in the history"),
        ({"metrics": []}, r"metrics=\[\] names none"),
        ({"smoothing": 1.0}, "smoothing=1.0 must be at least 0 and less than 1"),
        ({"smoothing": float("nan")}, "smoothing=nan must be"),
        ({"skip": -1}, "skip=-1 must be at least 0"),
        ({"skip": 3}, "skip=3 leaves nothing of the 3 records of 'A'"),
    ],
)
def test_bad_options_are_refused(folds, options, message):
    with pytest.raises(ValueError, match=message):
        LossCurveDisplay({"A": folds}).plot(**options)
    assert plt.get_fignums() == []


def test_steps_without_records_are_refused(line):
    regressor = KerasMLPRegressor((3,), epochs=1).fit(*line)
    with pytest.raises(ValueError, match="fit it with record_every"):
        LossCurveDisplay.from_estimator(regressor, by="step")
    with pytest.raises(ValueError, match="step_history_ is empty"):
        LossCurveDisplay.from_estimator(regressor.set_params(record_every=1000).fit(*line), by="step")
    with pytest.raises(ValueError, match="by='batch' is not known: take one of 'epoch', 'step'"):
        LossCurveDisplay.from_estimator(regressor, by="batch")


def test_folds_of_different_steps_are_refused():
    histories = [{"step": [2.0, 4.0], "loss": [1.0, 1.0]}, {"step": [3.0, 6.0], "loss": [1.0, 1.0]}]
    with pytest.raises(ValueError, match="records of different steps"):
        LossCurveDisplay({"": histories}, by="step").plot()


def test_what_holds_no_estimators_is_refused():
    with pytest.raises(ValueError, match="call cross_validate with return_estimator=True"):
        LossCurveDisplay.from_cv_results({"test_score": [1.0]})
    with pytest.raises(ValueError, match="cv_results has no estimators"):
        LossCurveDisplay.from_cv_results([])
    with pytest.raises(TypeError, match="cv_results=3 is neither"):
        LossCurveDisplay.from_cv_results(3)
    with pytest.raises(ValueError, match="names no estimator"):
        LossCurveDisplay.from_estimators({})
