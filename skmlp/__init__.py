"""Keras multi-layer perceptrons that are scikit-learn estimators."""

from skmlp._classifier import KerasMLPClassifier
from skmlp._displays import LossCurveDisplay, SearchCurveDisplay, WeightMatrixDisplay
from skmlp._engine.cache import CacheInfo, cache_info, clear_cache
from skmlp._pickles import new_beside_keras as new_beside_keras  # pickles name it, and so it stays
from skmlp._regressor import KerasMLPRegressor
from skmlp._search_space import SearchSpace, search_space
from skmlp._tabular_classifier import TabularMLPClassifier
from skmlp._tabular_regressor import TabularMLPRegressor
from skmlp._trusted import SKOPS_TRUSTED_TYPES
from skmlp._version import __version__ as __version__

__all__ = [
    "SKOPS_TRUSTED_TYPES",
    "CacheInfo",
    "KerasMLPClassifier",
    "KerasMLPRegressor",
    "LossCurveDisplay",
    "SearchCurveDisplay",
    "SearchSpace",
    "TabularMLPClassifier",
    "TabularMLPRegressor",
    "WeightMatrixDisplay",
    "cache_info",
    "clear_cache",
    "search_space",
]
