"""The scale of a regressor's target: a network is trained on standard deviations from the mean."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skmlp._loss_table import LOSSES
from skmlp._targets import TARGETS, Coding


@dataclass(frozen=True, eq=False)
class TargetScale:
    """The mean and the standard deviation of each output, (n_outputs,); 1 is that of an output that does not vary."""

    mean: NDArray[np.float64]
    deviation: NDArray[np.float64]

    @classmethod
    def of(cls, y: NDArray[np.float64], sample_weight: NDArray[np.float64]) -> TargetScale:
        """Learn the scale of a target, (n_samples, n_outputs), by the weights of its samples, (n_samples,).

        Raises
        ------
        ValueError
            If the numbers are too large for their variance.
        """
        mean, variance = moments(y, sample_weight)
        if not np.isfinite([mean, variance]).all():
            raise ValueError(
                f"target_scaling='standard' cannot scale y, which goes from {y.min():g} to {y.max():g}: its variance "
                "is too large for double precision. Divide y by a constant."
            )
        return cls(mean, np.where(variance > 0, np.sqrt(variance), 1.0))

    def standardized(self, y: NDArray[np.floating]) -> NDArray[np.float64]:
        """Numbers in the units of the target, (..., n_outputs), as standard deviations from the mean."""
        return (y - self.mean) / self.deviation

    def restored(self, standardized: NDArray[np.floating]) -> NDArray[np.floating]:
        """Standard deviations from the mean, (..., n_outputs), in the units of the target and of their own dtype."""
        return (standardized * self.deviation + self.mean).astype(standardized.dtype, copy=False)


def moments(
    y: NDArray[np.floating], sample_weight: NDArray[np.floating]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The mean and the variance of each output, (n_outputs,): infinite, or NaN, if they are too large for float64.

    Equal numbers may differ from their mean by rounding, and have a variance of 0.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        mean = np.average(y, axis=0, weights=sample_weight.astype(np.float64))
        variance = np.average((y - mean) ** 2, axis=0, weights=sample_weight)
    rounding = 8 * np.finfo(np.float64).eps * np.abs(mean)
    return mean, np.where(np.sqrt(variance) <= rounding, 0.0, variance)


def can_be_scaled(coding: Coding) -> bool:
    """Whether the loss and the outputs are for any target with a mean of 0 and a variance of 1."""
    return coding.kind == "regression" and coding.output_activation == "linear" and _is_of_differences(coding)


def _is_of_differences(coding: Coding) -> bool:
    """Whether a loss is of differences between targets and outputs; one of a user's own is taken to be."""
    row = TARGETS[coding.kind].loss if coding.given.loss == "auto" else coding.given.row
    return row is None or LOSSES[row].of_differences


def check_target_scaling(coding: Coding) -> None:
    """Refuse to scale a target for a loss, or for outputs, that compare it as it is.

    Raises
    ------
    ValueError
    """
    if can_be_scaled(coding):
        return
    fitting = f"one of the losses {', '.join(name for name, row in LOSSES.items() if row.of_differences)}"
    if _is_of_differences(coding):
        said = f"output_activation={coding.output_activation!r}, whose outputs do not reach every number of deviations"
    else:
        said = f"loss={coding.given.given!r}, which is not a loss of differences between targets and outputs"
    if coding.output_activation != "linear":
        fitting = f"output_activation='linear' and {fitting}"
    raise ValueError(
        f"target_scaling='standard' trains on standard deviations from the mean of y, and does not work with {said}: "
        f"set target_scaling=None, or take {fitting}, or one of your own."
    )
