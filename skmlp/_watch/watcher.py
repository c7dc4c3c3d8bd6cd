"""What a watcher is told of a training, and what it sees of it."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from skmlp._spec import State


class Training(Protocol):
    """A training under way.

    Attributes
    ----------
    epoch, step : int
        Epochs and steps done, those before this training included.
    learning_rate : float
        The learning rate before its schedule; a watcher may change it.
    rate : float
        The learning rate of the first step of the last epoch.
    stop : bool
        Set by a watcher to end the training after the epoch.
    output_losses : list of float
        The mean losses of the last epoch by output, if there are several.
    """

    epoch: int
    step: int
    learning_rate: float
    rate: float
    stop: bool
    output_losses: list[float]

    def weights(self) -> list[NDArray[np.floating]]:
        """Copy the network's weights."""

    def set_weights(self, weights: list[NDArray[np.floating]]) -> None:
        """Replace the network's weights."""

    def state(self) -> State:
        """Copy all that it takes to go on from here."""

    def reset_metrics(self) -> None:
        """Begin to measure the batches that are trained on anew, if the program has metrics."""

    def metrics(self) -> dict[str, NDArray[Any]]:
        """The metrics of the batches since they were reset, by name."""

    def evaluate(self, data: Any, batch_size: int) -> tuple[list[float], dict[str, NDArray[Any]]]:
        """The mean loss of other samples, and that of each output if there are several; and their metrics, by name."""


class Watcher:
    """Is told how a training goes; does nothing by itself.

    ``every`` is the number of steps after which it wants to be told, or None for epochs alone. Its groups of steps end
    where the number of the step is a multiple of ``every``, and with the epoch, whatever other watchers ask for.
    ``interferes`` says that it may change, or have changed, the weights or the learning rate. ``attentive`` says that
    it has to see each epoch, and each group of steps, with the network as it is then: several may otherwise be run, and
    then told of, together. ``beside`` says that it may be told of an epoch while the next one is run: of the training
    it reads numbers, `Training.weights` and `Training.state` alone, and it sets nothing but ``stop``.
    """

    every: int | None = None
    interferes = False
    attentive = False
    beside = False

    def begin_training(self, training: Training) -> None:
        """Take note of a training that begins."""

    def begin_epoch(self, training: Training) -> None:
        """Take note of an epoch that begins, or of several that are run together."""

    def begin_steps(self, training: Training) -> None:
        """Take note of a group of steps that begins; only with ``every``."""

    def end_steps(self, training: Training, losses: NDArray[np.floating]) -> None:
        """Take note of a group of steps that has ended, and of its losses, one for each step; only with ``every``."""

    def end_epoch(self, training: Training, loss: float) -> None:
        """Take note of an epoch that has ended with this mean loss; may set ``training.stop``."""

    def end_training(self, training: Training) -> None:
        """Take note of a training that has ended; may change its weights."""

    def leave(self) -> None:
        """Let go, however the training ended."""
