"""Displays read fitted estimators, alone or at the end of pipelines."""

import pytest
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmlp import KerasMLPRegressor, LossCurveDisplay, SearchCurveDisplay, WeightMatrixDisplay
from skmlp._displays.attributes import fitted_attribute


def test_the_last_step_of_nested_pipelines_counts(line):
    pipeline = make_pipeline(StandardScaler(), make_pipeline(StandardScaler(), Ridge())).fit(*line)
    assert fitted_attribute(pipeline, "coef_", "a Ridge") is pipeline[-1][-1].coef_


@pytest.mark.parametrize(
    "draw",
    [
        LossCurveDisplay.from_estimator,
        WeightMatrixDisplay.from_estimator,
        lambda estimator: SearchCurveDisplay.from_estimator(GridSearchCV(estimator, {}), "l2"),
    ],
)
@pytest.mark.parametrize("wrap", [lambda estimator: estimator, make_pipeline])
def test_what_is_not_fitted_is_refused(draw, wrap):
    with pytest.raises(NotFittedError):
        draw(wrap(KerasMLPRegressor()))


def test_another_estimator_is_refused(line):
    with pytest.raises(TypeError, match="Ridge has no history_: give a fitted KerasMLPClassifier"):
        LossCurveDisplay.from_estimator(Ridge().fit(*line))
    with pytest.raises(TypeError, match="Ridge has no cv_results_: give a fitted GridSearchCV"):
        SearchCurveDisplay.from_estimator(Ridge().fit(*line), "alpha")


def test_of_a_search_the_best_estimator_is_asked_for(line):
    search = GridSearchCV(Ridge(), {"alpha": [1.0]}).fit(*line)
    with pytest.raises(TypeError, match="its best_estimator_"):
        LossCurveDisplay.from_estimator(search)
