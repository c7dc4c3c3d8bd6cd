"""Keras multi-layer perceptrons that are scikit-learn estimators."""

from skmlp._classifier import KerasMLPClassifier
from skmlp._displays import LossCurveDisplay, SearchCurveDisplay, WeightMatrixDisplay
from skmlp._engine.cache import CacheInfo, cache_info, clear_cache
from skmlp._regressor import KerasMLPRegressor

__version__ = "0.1.0"

__all__ = [
    "CacheInfo",
    "KerasMLPClassifier",
    "KerasMLPRegressor",
    "LossCurveDisplay",
    "SearchCurveDisplay",
    "WeightMatrixDisplay",
    "cache_info",
    "clear_cache",
]
