"""Whether a fitted regressor is better than the mean of its target, and what to do if not."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning

from skmlp._engine.data import Data
from skmlp._fitted import Fitted
from skmlp._target_scale import can_be_scaled, moments

_LARGEST = 3.0
"""A target whose root mean square is above this is far from what a network gives at first."""

_LEAST = 0.1
"""So is one whose standard deviation is below this."""

_EPOCHS = 2
"""The fewest epochs after which a network is judged."""

_SAMPLES = 10
"""The fewest samples whose mean and standard deviation say what the target is like: of two, both may be anything."""

_ROWS = 4096
"""The most samples that are predicted, about."""


def warn_if_worse_than_mean(fitted: Fitted, data: Data, name: str, stacklevel: int) -> None:
    """Warn of a network whose squared errors on its own training samples are above the variance of their target.

    Only of a target that is far from a mean of 0 and a standard deviation of 1: another one is not learned any better
    when it is scaled. And only after a second epoch: one alone is a part of a training, or a trial. The loss of the
    last epoch, which costs nothing, is looked at first; but dropout and penalties may be in it, and the network may
    have been learning still. So the samples are predicted before anything is said.

    Parameters
    ----------
    fitted : Fitted
        What a fit leaves.
    data : Data
        What it was trained on.
    name : str
        Of the estimator.
    stacklevel : int
        Of the warning, as for ``warnings.warn``.
    """
    losses = fitted.history["loss"]
    scalable = fitted.form.scale is None and can_be_scaled(fitted.coding)
    if len(losses) < _EPOCHS or len(data.rows) < _SAMPLES or fitted.plan.loss != "mean_squared_error" or not scalable:
        return
    weights = data.weight.reshape(len(data.weight), -1).mean(axis=1)  # those of the members, where they have their own
    mean, variance = moments(data.y[0][data.rows], weights[data.rows])
    size, deviation = np.sqrt(mean**2 + variance), np.sqrt(variance)
    unlike = (size > _LARGEST) | (deviation < _LEAST)
    if losses[-1] <= variance.mean() or not unlike[variance > 0].any():
        return
    rows = data.rows[:: -(-len(data.rows) // _ROWS)]
    error = _squared_error(fitted, data, rows, weights)
    variance = moments(data.y[0][rows], weights[rows])[1]
    if error > variance.mean() > 0:
        warnings.warn(
            f"{name} ends worse than the mean of its target: its mean squared error on the training samples is "
            f"{error:.3g}, and the variance of y is {variance.mean():.3g}. Networks learn targets of about 1: set "
            "target_scaling='standard'.",
            ConvergenceWarning,
            stacklevel=stacklevel,
        )


def _squared_error(fitted: Fitted, data: Data, rows: NDArray[np.intp], weights: NDArray[np.floating]) -> float:
    """The weighted mean squared error of the predictions of some samples."""
    from skmlp._engine.predict import forward

    _, outputs = forward(fitted.plan.network, fitted.state.weights, [each[rows] for each in data.X])
    errors = (outputs - data.y[0][rows].astype(np.float64)) ** 2
    return float(np.average(errors.mean(axis=1), weights=weights[rows]))
