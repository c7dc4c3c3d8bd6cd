"""The axis of a hyperparameter: its scale and its ticks."""

from __future__ import annotations

import numbers
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmlp._displays.search_results import distinct, key, text

LEAST_GAP = 0.08
"""Values are the ticks of an axis if each two of them are this share of its length apart."""

LONGEST_ROW = 50
"""Names of categories of more letters in all are written aslant."""


def scale_of(values: Sequence[Any]) -> str:
    """The scale for the values of a hyperparameter.

    Parameters
    ----------
    values : sequence
        The values, in any order.

    Returns
    -------
    scale : {"linear", "log", "symlog", "categorical"}
        "log" if the values are `log_spaced`; "symlog" if they are 0 and other values that are; "categorical" if one is
        not a number, a bool for example.

    Examples
    --------
    >>> from skmlp._displays.scales import scale_of
    >>> (
    ...     scale_of([16, 32, 64]),
    ...     scale_of([0.0, 1e-4, 1e-2]),
    ...     scale_of([0.1, 0.2, 0.3]),
    ...     scale_of(["adam", None]),
    ... )
    ('log', 'symlog', 'linear', 'categorical')
    """
    if any(isinstance(value, bool) or not isinstance(value, numbers.Real) for value in values):
        return "categorical"
    if log_spaced(values):
        return "log"
    if 0 in values and log_spaced([value for value in values if value]):
        return "symlog"
    return "linear"


def log_spaced(values: Sequence[float]) -> bool:
    """Whether positive numbers span two decades, or are a geometric sequence of three or more that spans a doubling."""
    distinct_values = np.unique(np.asarray(values, dtype=np.float64))
    if len(distinct_values) < 2 or distinct_values[0] <= 0 or not np.isfinite(distinct_values).all():
        return False
    along = np.log(distinct_values)
    span, steps = along[-1] - along[0], np.diff(along)
    # A fiftieth allows for values that were rounded, as in 1, 3.2, 10; equal differences are never that close to equal
    # ratios over a doubling.
    geometric = len(steps) > 1 and span > np.log(2) - 1e-9 and np.allclose(steps, steps.mean(), rtol=0.02, atol=0)
    return bool(geometric or span > np.log(100) - 1e-9)


def draw_scale(ax: Any, values: Sequence[Any], scale: str) -> NDArray[np.float64]:
    """Give an axis its scale and its ticks.

    Parameters
    ----------
    ax : matplotlib Axes
        The axes whose x-axis it is.
    values : sequence of length n_candidates
        The values of the hyperparameter.
    scale : {"linear", "log", "symlog", "categorical"}
        From `scale_of`.

    Returns
    -------
    positions : ndarray of shape (n_candidates,)
        Where each value is on the axis.
    """
    once = distinct(values)
    if scale == "categorical":
        labels = [text(value) for value in once]
        aslant = {"rotation": 20, "ha": "right"} if sum(map(len, labels)) > LONGEST_ROW else {}
        ax.set_xticks(range(len(once)), labels, **aslant)
        ax.set_xlim(-0.5, len(once) - 0.5)
        place = {key(value): i for i, value in enumerate(once)}
        return np.array([place[key(value)] for value in values], dtype=np.float64)
    positions = np.array(values, dtype=np.float64)
    if scale == "symlog":
        ax.set_xscale("symlog", linthresh=positions[positions > 0].min())
    else:
        ax.set_xscale(scale)
    ticks = np.unique(positions)
    along = ax.xaxis.get_transform().transform(ticks)
    if len(ticks) > 1 and np.diff(along).min() >= LEAST_GAP * np.ptp(along):
        ax.set_xticks(ticks, [text(value) for value in ticks.tolist()])
        ax.set_xticks([], minor=True)
    return positions
