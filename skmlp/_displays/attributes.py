"""What the displays read: an attribute of a fitted estimator, or of the last step of a fitted pipeline."""

from __future__ import annotations

from typing import Any

from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted


def last_step(estimator: Any) -> Any:
    """What counts of a pipeline, perhaps of pipelines: its last step. Another estimator is itself."""
    while isinstance(estimator, Pipeline):
        estimator = estimator.steps[-1][1]
    return estimator


def fitted_attribute(estimator: Any, attribute: str, remedy: str) -> Any:
    """An attribute that a fit has set.

    Parameters
    ----------
    estimator : estimator or Pipeline
        Fitted; of a pipeline, the last step counts.
    attribute : str
        The name of the attribute.
    remedy : str
        What to give instead, for the error.

    Raises
    ------
    NotFittedError
        If the estimator is not fitted.
    TypeError
        If it is, and does not have the attribute.
    """
    estimator = last_step(estimator)
    check_is_fitted(estimator)
    if not hasattr(estimator, attribute):
        message = f"{type(estimator).__name__} has no {attribute}: give {remedy}"
        if hasattr(estimator, "best_estimator_"):
            message += "; of a search, its best_estimator_"
        raise TypeError(message + ".")
    return getattr(estimator, attribute)
