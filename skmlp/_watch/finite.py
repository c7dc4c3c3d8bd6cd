"""What a fit must not become: NaN or infinite."""

from __future__ import annotations

import numpy as np

from skmlp._spec import State
from skmlp._watch.watcher import Training, Watcher


class RequireFinite(Watcher):
    """Ends a training whose loss has become NaN or infinite, by an error.

    Parameters
    ----------
    last : int
        The epoch at which the training would end.
    scalable : bool
        Whether the target could be scaled, and is not.
    """

    def __init__(self, last: int, *, scalable: bool) -> None:
        self.last = last
        self.scalable = scalable

    def end_epoch(self, training: Training, loss: float) -> None:
        """Look at the loss.

        Raises
        ------
        ValueError
            If it is NaN or infinite.
        """
        if not np.isfinite(loss):
            what = f"The loss became {loss} in epoch {training.epoch} of {self.last}"
            raise _diverged(what, training.learning_rate, scalable=self.scalable)


def require_finite_weights(state: State, learning_rate: float, *, scalable: bool) -> None:
    """Refuse a state that no one can go on from, or predict with: its last steps may have spoilt what the loss saw.

    Raises
    ------
    ValueError
        If a weight is NaN or infinite.
    """
    for weight in state.weights:
        if not np.isfinite(weight).all():
            value = weight[~np.isfinite(weight)][0]
            raise _diverged(f"A weight became {value} by epoch {state.epoch}", learning_rate, scalable=scalable)


def _diverged(what: str, learning_rate: float, *, scalable: bool) -> ValueError:
    tries = [f"a smaller learning_rate (it is {learning_rate:g})", "clipnorm=1.0"]
    tries += ["target_scaling='standard'"] if scalable else []
    return ValueError(
        f"{what}: training diverged. Try {', '.join(tries)}, or features scaled to about 1 (StandardScaler)."
    )
