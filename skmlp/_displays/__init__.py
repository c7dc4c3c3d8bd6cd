"""Figures of fitted estimators and searches; matplotlib is imported when one is drawn."""

from skmlp._displays.loss_curve import LossCurveDisplay
from skmlp._displays.search_curve import SearchCurveDisplay
from skmlp._displays.weight_matrix import WeightMatrixDisplay

__all__ = ["LossCurveDisplay", "SearchCurveDisplay", "WeightMatrixDisplay"]
