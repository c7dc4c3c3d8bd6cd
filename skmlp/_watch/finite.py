"""What a fit must not become: NaN or infinite."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from skmlp._watch.watcher import Training, Watcher


class RequireFinite(Watcher):
    """Ends a training whose loss has become NaN or infinite, by an error.

    Parameters
    ----------
    last : int
        The epoch at which the training would end.
    remedies : sequence of str
        What to try beside a smaller learning rate.
    """

    beside = True

    def __init__(self, last: int, remedies: Sequence[str]) -> None:
        self.last = last
        self.remedies = remedies

    def end_epoch(self, training: Training, loss: float) -> None:
        """Look at the loss.

        Raises
        ------
        ValueError
            If it is NaN or infinite.
        """
        if not np.isfinite(loss):
            what = f"The loss became {loss} in epoch {training.epoch} of {self.last}"
            raise _diverged(what, training.learning_rate, self.remedies)


def require_finite(
    what: str, arrays: Iterable[NDArray[np.floating]], epoch: int, learning_rate: float, remedies: Sequence[str]
) -> None:
    """Refuse what no one can go on from, or predict with: the last steps may have spoilt what the loss saw.

    Raises
    ------
    ValueError
        If a number is NaN or infinite.
    """
    for array in arrays:
        if not np.isfinite(array).all():
            value = array[~np.isfinite(array)][0]
            raise _diverged(f"{what} became {value} by epoch {epoch}", learning_rate, remedies)


def _diverged(what: str, learning_rate: float, remedies: Sequence[str]) -> ValueError:
    tries = [f"a smaller learning_rate (it is {learning_rate:g})", *remedies]
    return ValueError(f"{what}: training diverged. Try {', '.join(tries[:-1])}, or {tries[-1]}.")
