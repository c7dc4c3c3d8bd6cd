"""Code of a user's own, which passes ``mypy --strict``; tox runs mypy on it, and this file is no test."""

import numpy as np
from numpy.typing import NDArray

import skmlp
from skmlp import KerasMLPClassifier, KerasMLPRegressor


def classify(X: NDArray[np.float64], y: NDArray[np.int64]) -> NDArray[np.floating]:
    """Fit, go on, and predict."""
    classifier = KerasMLPClassifier((10, 5), activation=["relu", "tanh"], dropout=0.1, class_weight="balanced")
    classifier.fit(X, y, sample_weight=np.ones(len(y))).partial_fit(X, y)
    accuracy: float = classifier.score(X, y)
    return classifier.decision_function(X) * accuracy


def regress(X: list[list[float]], y: list[float]) -> NDArray[np.floating]:
    """Fit with validation samples, and count programs."""
    regressor = KerasMLPRegressor(hidden_layer_sizes=8, learning_rate_schedule=lambda step: 1 / (1 + step))
    fitted: KerasMLPRegressor = regressor.fit(X, y, X_val=X, y_val=y)
    traces: int = skmlp.cache_info().traces
    return fitted.predict(X) + traces
