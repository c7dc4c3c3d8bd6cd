"""Exponential smoothing of a curve."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray


def smooth(values: ArrayLike, factor: float) -> NDArray[np.float64]:
    """Simple exponential smoothing: ``s[0] = x[0]``, then ``s[t] = factor * s[t - 1] + (1 - factor) * x[t]``.

    It is what pandas computes as ``Series(x).ewm(alpha=1 - factor, adjust=False, ignore_na=True).mean()`` [1]_, but for
    values that are not finite: they stay as they are, and the average goes on from the last finite one.

    Parameters
    ----------
    values : array-like of shape (n,)
        The curve.
    factor : float
        The share of the past: 0 leaves the curve as it is, 0.9 averages over about 10 values.

    Returns
    -------
    smoothed : ndarray of shape (n,)
        Of dtype float64.

    References
    ----------
    .. [1] pandas documentation, "Exponentially weighted window", and before it R. G. Brown, "Statistical Forecasting
       for Inventory Control", McGraw-Hill, 1959.

    Examples
    --------
    >>> from skmlp._displays.smoothing import smooth
    >>> smooth([4.0, 2.0, 2.0], 0.5).tolist()
    [4.0, 3.0, 2.5]
    """
    smoothed = np.array(values, dtype=np.float64)
    last = math.nan
    for i, value in enumerate(smoothed):
        if math.isfinite(value):
            last = value if math.isnan(last) else factor * last + (1 - factor) * value
            smoothed[i] = last
    return smoothed
