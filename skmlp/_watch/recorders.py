"""The history of a training, by epoch and by step."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from skmlp._watch.watcher import Training, Watcher

Validate = Callable[[list[NDArray[np.floating]]], dict[str, float]]
"""From a network's weights, "val_loss", "val_score" and further metrics on the validation samples."""


class Recorder(Watcher):
    """Keeps the history of a training by epoch.

    Attributes
    ----------
    history : dict of str to list of float
        "loss", "learning_rate", and with validation samples "val_loss", "val_score" and further metrics.
    latest : dict of str to float
        The losses and the score of the last epoch.
    """

    beside = True

    def __init__(self, validate: Validate | None, history: dict[str, list[float]] | None = None) -> None:
        self.validate = validate
        self.attentive = validate is not None
        self.history = {name: list(values) for name, values in (history or {}).items()}
        self.latest: dict[str, float] = {}

    def end_epoch(self, training: Training, loss: float) -> None:
        """Validate, and add an entry to each list."""
        self.latest = {"loss": loss}
        if self.validate is not None:
            self.latest |= self.validate(training.weights())
        _append(self.history, {**self.latest, "learning_rate": training.rate})

    def add(self, name: str, value: float) -> None:
        """Add to the record of the last epoch what another watcher has measured."""
        self.latest[name] = value
        self.history.setdefault(name, [math.nan] * len(self.history["loss"]))[-1] = value

    def cut(self, n_epochs: int) -> None:
        """Forget what an interrupted epoch added."""
        for values in self.history.values():
            del values[n_epochs:]


class StepRecorder(Watcher):
    """Keeps a record every few steps: their number, the mean loss since the last record, and the validation.

    ``unrecorded`` are the losses of the steps since the last record.
    """

    def __init__(
        self,
        every: int,
        validate: Validate | None,
        history: dict[str, list[float]] | None = None,
        unrecorded: Sequence[float] = (),
    ) -> None:
        self.every: int = every
        self.validate = validate
        self.attentive = validate is not None
        self.history = {name: list(values) for name, values in (history or {}).items()}
        self.unrecorded = list(unrecorded)

    def end_steps(self, training: Training, losses: NDArray[np.floating]) -> None:
        """Add a record, if it is time."""
        self.unrecorded += [float(loss) for loss in losses]
        if training.step % self.every:
            return
        record = {"step": float(training.step), "loss": sum(self.unrecorded) / len(self.unrecorded)}
        if self.validate is not None:
            record |= self.validate(training.weights())
        _append(self.history, record)
        self.unrecorded = []

    def cut(self, step: int) -> None:
        """Forget the records of an interrupted epoch."""
        self.unrecorded = []
        kept = sum(each <= step for each in self.history.get("step", []))
        for values in self.history.values():
            del values[kept:]


def _append(history: dict[str, list[float]], values: dict[str, float]) -> None:
    """Add an entry to each list; NaN stands where there was no value, or is none."""
    length = max((len(each) for each in history.values()), default=0)
    for name in values:
        history.setdefault(name, [math.nan] * length)
    for name, each in history.items():
        each.append(values.get(name, math.nan))
