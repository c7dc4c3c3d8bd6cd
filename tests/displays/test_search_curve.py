"""Search curves show the scores of a search by one of its hyperparameters."""

import numpy as np
import pytest
from scipy.stats import loguniform
from sklearn.experimental import enable_halving_search_cv  # noqa: F401  (the next import needs it)
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV, RandomizedSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeRegressor

from skmlp import SearchCurveDisplay

draw = SearchCurveDisplay.from_estimator


def search(line, grid, estimator=None, **options):
    return GridSearchCV(
        DecisionTreeRegressor(random_state=0) if estimator is None else estimator, grid, cv=3, **options
    ).fit(*line)


def labels(artists):
    return [artist.get_label() for artist in artists]


def legend(display):
    return [text.get_text() for text in display.ax_.get_legend().get_texts()]


@pytest.fixture
def grid(line):
    """3 depths × 2 leaves."""
    return search(line, {"max_depth": [4, 1, 2], "min_samples_leaf": [1, 5]}, return_train_score=True)


def test_one_hyperparameter_is_one_line_in_the_order_of_its_values(line):
    pipeline = make_pipeline(StandardScaler(), Ridge())
    fitted = search(line, {"ridge__alpha": [10.0, 0.1, 1.0]}, pipeline, scoring="neg_mean_squared_error")
    display = draw(fitted, "alpha")
    scores = dict(zip([10.0, 0.1, 1.0], fitted.cv_results_["mean_test_score"], strict=True))
    np.testing.assert_array_equal(display.lines_[0].get_xdata(), [0.1, 1.0, 10.0])
    np.testing.assert_array_equal(display.lines_[0].get_ydata(), [scores[0.1], scores[1.0], scores[10.0]])
    assert (display.scale, display.ax_.get_xscale()) == ("log", "log")
    assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == (
        "alpha",
        "negative mean squared error, mean of 3 folds",
    )


def test_the_other_hyperparameters_tell_lines_apart(grid):
    display = draw(grid, "max_depth")
    results = grid.cv_results_
    assert labels(display.lines_) == ["min_samples_leaf=1", "min_samples_leaf=5"]
    for line, train, leaf in zip(display.lines_, display.train_lines_, [1, 5], strict=True):
        rows = [results["params"].index({"max_depth": depth, "min_samples_leaf": leaf}) for depth in (1, 2, 4)]
        np.testing.assert_array_equal(line.get_ydata(), results["mean_test_score"][rows])
        np.testing.assert_array_equal(train.get_ydata(), results["mean_train_score"][rows])
        assert line.get_color() == train.get_color()
    assert legend(display)[:4] == ["min_samples_leaf=1", "min_samples_leaf=5", "test", "train"]


def test_the_best_candidate_is_marked_on_its_line(grid):
    display = draw(grid, "max_depth")
    assert display.best_.get_xdata().tolist() == [grid.best_params_["max_depth"]]
    assert display.best_.get_ydata().tolist() == [grid.best_score_]
    leaf = grid.best_params_["min_samples_leaf"]
    own = next(line for line in display.lines_ if line.get_label() == f"min_samples_leaf={leaf}")
    assert display.best_.get_transform() is own.get_transform()
    assert legend(display)[-1] == f"best: {grid.best_score_:.4g}"


def test_error_bars_stand_side_by_side_within_the_axes(grid):
    display = draw(grid, "max_depth")
    display.figure_.draw_without_rendering()
    box = display.ax_.get_window_extent()
    at = []
    for line, bars in zip(display.lines_, display.spreads_, strict=True):
        pixels = line.get_transform().transform(line.get_xydata())
        at.append(pixels[:, 0])
        assert box.x0 < pixels[:, 0].min() < pixels[:, 0].max() < box.x1
        ends = bars.lines[2][0].get_segments()
        np.testing.assert_array_equal([end[0, 0] for end in ends], line.get_xdata())
        assert bars.lines[2][0].get_transform() is line.get_transform()
    np.testing.assert_allclose(at[1] - at[0], 3.0 * display.figure_.dpi / 72)


@pytest.mark.parametrize("style", ["errorbar", "fill_between"])
def test_the_spread_is_one_standard_deviation(line, style):
    fitted = search(line, {"max_depth": [1, 2]})
    display = draw(fitted, "max_depth", std_display_style=style)
    mean, std = fitted.cv_results_["mean_test_score"], fitted.cv_results_["std_test_score"]
    (spread,) = display.spreads_
    if style == "errorbar":
        ends = [end[:, 1] for end in spread.lines[2][0].get_segments()]
        np.testing.assert_allclose(ends, np.transpose([mean - std, mean + std]))
    else:
        vertices = spread.get_paths()[0].vertices
        for depth, centre, half in zip([1, 2], mean, std, strict=True):
            at = vertices[vertices[:, 0] == depth, 1]
            np.testing.assert_allclose([at.min(), at.max()], [centre - half, centre + half])
    assert draw(fitted, "max_depth", std_display_style=None).spreads_ == []


def test_scores_are_those_asked_for(grid):
    test, train = (draw(grid, "max_depth", score_type=kind) for kind in ("test", "train"))
    assert (len(test.lines_), len(test.train_lines_)) == (2, 0)
    assert (len(train.lines_), len(train.train_lines_), train.best_) == (0, 2, None)
    assert len(train.spreads_) == 2


def test_other_hyperparameters_can_be_held(grid):
    display = draw(grid, "max_depth", where={"min_samples_leaf": 5}, score_type="test")
    assert labels(display.lines_) == ["test"]
    assert set(display.settings[0]) == set()
    best_is_shown = grid.best_params_["min_samples_leaf"] == 5
    assert (display.best_ is not None) == best_is_shown
    with pytest.raises(ValueError, match=r"where=\{'min_samples_leaf': 7\} leaves no candidate"):
        draw(grid, "max_depth", where={"min_samples_leaf": 7})


def test_beyond_the_most_lines_the_best_of_each_value_is_drawn_among_points(grid):
    display = draw(grid, "max_depth", max_lines=1)
    assert labels(display.lines_) == ["best of each value"]
    means = grid.cv_results_["mean_test_score"].reshape(3, 2)
    np.testing.assert_array_equal(display.lines_[0].get_ydata(), means.max(axis=1)[[1, 2, 0]])
    assert len(display.points_.get_xdata()) == 6
    assert legend(display)[0] == "candidates"


def test_a_random_search_over_a_distribution_is_points(line):
    space = {"alpha": loguniform(1e-4, 1e2), "tol": loguniform(1e-6, 1e-2)}
    fitted = RandomizedSearchCV(Ridge(), space, n_iter=10, random_state=0, cv=3).fit(*line)
    display = draw(fitted, "alpha")
    assert display.lines_ == []
    np.testing.assert_array_equal(display.points_.get_xdata(), [each["alpha"] for each in fitted.cv_results_["params"]])
    assert display.best_.get_xdata().tolist() == [fitted.best_params_["alpha"]]
    assert display.scale == "log"


def test_categories_are_drawn_side_by_side(line):
    grid = {"max_features": [None, "sqrt", 0.5], "criterion": ["squared_error", "absolute_error"]}
    display = draw(search(line, grid), "max_features")
    assert display.scale == "categorical"
    assert display.lines_[0].get_xdata().tolist() == [0, 1, 2]
    assert [label.get_text() for label in display.ax_.get_xticklabels()] == ["None", "sqrt", "0.5"]


def test_of_several_metrics_that_of_refit_or_the_one_asked_for_is_drawn(line):
    metrics = ["r2", "neg_mean_absolute_error"]
    fitted = search(line, {"max_depth": [1, 2, 9]}, scoring=metrics, refit="neg_mean_absolute_error")
    display = draw(fitted, "max_depth")
    np.testing.assert_array_equal(
        display.lines_[0].get_ydata(), fitted.cv_results_["mean_test_neg_mean_absolute_error"]
    )
    assert display.best_index == fitted.best_index_
    other = draw(fitted, "max_depth", scoring="r2")
    assert other.best_index == np.argmax(fitted.cv_results_["mean_test_r2"])
    assert other.ax_.get_ylabel() == "r2, mean of 3 folds"
    unsure = search(line, {"max_depth": [1, 2]}, scoring=metrics, refit=False)
    with pytest.raises(ValueError, match="scoring=None is not in the search: give one of"):
        draw(unsure, "max_depth")


def test_a_choice_of_the_users_own_is_marked(line):
    fitted = search(line, {"max_depth": [1, 2, 9]}, refit=lambda results: 0)
    assert draw(fitted, "max_depth").best_.get_xdata().tolist() == [1]


def test_results_alone_are_enough(grid):
    from_results = SearchCurveDisplay.from_cv_results(grid.cv_results_, "max_depth")
    from_search = draw(make_pipeline(grid), "max_depth", scoring=grid.scoring)
    assert from_results.best_index == from_search.best_index
    assert from_results.param_values == from_search.param_values
    np.testing.assert_array_equal(from_results.test_mean, from_search.test_mean)


def test_the_iterations_of_a_halving_search_are_lines(line):
    options = {"factor": 2, "min_resources": 20, "cv": 3, "random_state": 0}
    fitted = HalvingGridSearchCV(Ridge(), {"alpha": [0.01, 0.1, 1.0, 10.0]}, **options).fit(*line)
    display = draw(fitted, "alpha", score_type="test")
    assert labels(display.lines_) == ["n_resources=20", "n_resources=40", "n_resources=80"]
    assert [len(each.get_xdata()) for each in display.lines_] == [4, 2, 1]
    assert display.best_.get_xdata().tolist() == [fitted.best_params_["alpha"]]
    assert SearchCurveDisplay.from_cv_results(fitted.cv_results_, "alpha").best_index == fitted.best_index_


def test_candidates_without_the_hyperparameter_are_left_out(line):
    fitted = search(line, [{"max_depth": [1, 2, 4]}, {"min_samples_leaf": [3, 5]}])
    display = draw(fitted, "max_depth")
    assert display.param_values == [1, 2, 4]
    assert labels(display.lines_) == ["test"]


def test_failed_fits_are_gaps(grid):
    results = {name: np.array(values, copy=True) for name, values in grid.cv_results_.items() if name != "params"}
    results["mean_test_score"][0] = np.nan
    display = SearchCurveDisplay.from_cv_results({**results, "params": grid.cv_results_["params"]}, "max_depth")
    assert np.isnan(display.lines_[0].get_ydata()).sum() == 1
    display.figure_.draw_without_rendering()


def test_settings_with_the_same_text_are_lines_of_their_own():
    settings = [{"f": 0.12345671}, {"f": 0.12345671}, {"f": 0.12345672}, {"f": 0.12345672}]
    display = SearchCurveDisplay(
        param_name="n", param_values=[1, 2, 1, 2], settings=settings, test_mean=[0, 1, 2, 3], test_std=[0] * 4
    )
    assert [each.get_ydata().tolist() for each in display.plot().lines_] == [[0, 1], [2, 3]]


def test_line_settings_and_axes_of_ones_own_are_used(grid):
    ax = draw(grid, "max_depth").ax_.figure.add_subplot()
    display = draw(grid, "max_depth", ax=ax, lw=3)
    assert display.ax_ is ax
    assert {line.get_linewidth() for line in display.lines_} == {3}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"param_name": "alpha"}, "param_name='alpha' is not in the search, which has max_depth"),
        ({"score_type": "valid"}, "score_type='valid' is not known"),
        ({"score_type": "both"}, "needs training scores: search with return_train_score=True"),
        ({"std_display_style": "bars"}, "std_display_style='bars' is not known"),
        ({"scoring": "f1"}, "scoring='f1' is not in the search: give one of score"),
        ({"where": {"alpha": 1}}, "where='alpha' is not in the search"),
    ],
)
def test_bad_options_are_refused(line, options, message):
    with pytest.raises(ValueError, match=message):
        draw(search(line, {"max_depth": [1, 2]}), **{"param_name": "max_depth", **options})
