"""Code of a user's own, which passes ``mypy --strict``; tox runs mypy on it, and this file is no test."""

import numpy as np
from numpy.typing import NDArray

import skmlp
from skmlp import (
    KerasMLPClassifier,
    KerasMLPRegressor,
    LossCurveDisplay,
    SearchCurveDisplay,
    WeightMatrixDisplay,
)


def classify(X: NDArray[np.float64], y: NDArray[np.int64]) -> NDArray[np.floating]:
    """Fit, go on, and predict."""
    classifier = KerasMLPClassifier((10, 5), activation=["relu", "tanh"], dropout=0.1, class_weight="balanced")
    classifier.fit(X, y, sample_weight=np.ones(len(y))).partial_fit(X, y)
    accuracy: float = classifier.score(X, y)
    return classifier.decision_function(X) * accuracy


def regress(X: list[list[float]], y: list[float]) -> NDArray[np.floating]:
    """Fit with validation samples, and count programs."""
    regressor = KerasMLPRegressor(
        hidden_layer_sizes=8,
        dropout=0.1,
        dropout_schedule="flat_cosine",
        target_scaling="standard",
        learning_rate_schedule=lambda step: 1 / (1 + step),
    )
    fitted: KerasMLPRegressor = regressor.fit(X, y, X_val=X, y_val=y)
    traces: int = skmlp.cache_info().traces
    mean = 0.0 if fitted.target_mean_ is None else float(fitted.target_mean_[0])
    return fitted.predict(X) + traces - mean


def draw(classifiers: dict[str, KerasMLPClassifier], cv_results: dict[str, object]) -> int:
    """Draw losses, kernels and a search."""
    display: LossCurveDisplay = LossCurveDisplay.from_estimators(classifiers, metrics=["loss", "val_score"], skip=2)
    again = display.plot(metrics="loss", smoothing=0.9, linewidth=1)
    kernels = WeightMatrixDisplay.from_estimator(classifiers["adam"], layers=[0, 1])
    share: float = kernels.shares[0]
    search = SearchCurveDisplay.from_cv_results(cv_results, "learning_rate", where={"l2": 0.0})
    return len(again.curves_) + len(search.param_values) + round(share)
