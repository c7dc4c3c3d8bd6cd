"""What watches a training: its history, early stopping, and the progress line."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from skmlp._progress import ProgressLine

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from skmlp._engine.loop import Training
    from skmlp._spec import State

Validate = Callable[[list[Any]], dict[str, float]]
"""From a network's weights, "val_loss", "val_score" and further metrics on the validation samples."""


class Watcher:
    """Is told how a training goes; does nothing by itself.

    ``every`` is the number of steps after which it wants to be told, or None for epochs alone. ``interferes`` says
    that it may change the weights or the learning rate. ``attentive`` says that it has to see each epoch, with the
    network as it is then: several short epochs may otherwise be run, and then told of, together.
    """

    every: int | None = None
    interferes = False
    attentive = False

    def begin_training(self, training: Training) -> None:
        """Take note of a training that begins."""

    def begin_epoch(self, training: Training) -> None:
        """Take note of an epoch that begins, or of several that are run together."""

    def begin_steps(self, training: Training) -> None:
        """Take note of a group of up to ``every`` steps, or a shorter one, that begins."""

    def end_steps(self, training: Training, losses: NDArray[np.floating]) -> None:
        """Take note of its losses, one for each step."""

    def end_epoch(self, training: Training, loss: float) -> None:
        """Take note of an epoch that has ended with this mean loss; may set ``training.stop``."""

    def end_training(self, training: Training) -> None:
        """Take note of a training that has ended; may change its weights."""

    def leave(self) -> None:
        """Let go, however the training ended."""


class Recorder(Watcher):
    """Keeps the history of a training by epoch.

    Attributes
    ----------
    history : dict of str to list of float
        "loss", "learning_rate", and with validation samples "val_loss", "val_score" and further metrics.
    latest : dict of str to float
        The losses and the score of the last epoch.
    """

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

    def cut(self, n_epochs: int) -> None:
        """Forget what an interrupted epoch added."""
        for values in self.history.values():
            del values[n_epochs:]


class StepRecorder(Watcher):
    """Keeps a record every few steps: their number, the mean loss since the last record, and the validation."""

    def __init__(self, every: int, validate: Validate | None, history: dict[str, list[float]] | None = None) -> None:
        self.every: int = every
        self.validate = validate
        self.history = {name: list(values) for name, values in (history or {}).items()}
        self._losses: list[float] = []

    def end_steps(self, training: Training, losses: NDArray[np.floating]) -> None:
        """Add a record, if it is time."""
        self._losses += [float(loss) for loss in losses]
        if training.step % self.every:
            return
        record = {"step": float(training.step), "loss": sum(self._losses) / len(self._losses)}
        if self.validate is not None:
            record |= self.validate(training.weights())
        _append(self.history, record)
        self._losses = []

    def cut(self, step: int) -> None:
        """Forget the records of an interrupted epoch."""
        kept = sum(each <= step for each in self.history.get("step", []))
        for values in self.history.values():
            del values[kept:]


class EarlyStopping(Watcher):
    """Stops when the validation no longer gets better, and keeps the state after its best epoch.

    The rule is that of scikit-learn's MLP: an epoch counts as no improvement when it does not better the best one so
    far by ``tol``, and training ends after more than ``patience`` such epochs in a row.
    """

    attentive = True

    def __init__(self, recorder: Recorder, monitor: str, tol: float, patience: int) -> None:
        self.recorder = recorder
        self.monitor = monitor
        self.tol = tol
        self.patience = patience
        self.best = -float("inf")
        self.best_state: State | None = None
        self.stalled = 0

    def begin_training(self, training: Training) -> None:
        """Where a training goes on, it has to better where it stands."""
        if training.epoch and self.recorder.validate is not None:
            self.best = self._value(self.recorder.validate(training.weights()))
            self.best_state = training.state()

    def _value(self, latest: dict[str, float]) -> float:
        return latest["val_score"] if self.monitor == "score" else -latest["val_loss"]

    def end_epoch(self, training: Training, loss: float) -> None:
        """Compare with the best epoch so far. Sets ``best`` and ``best_state``."""
        value = self._value(self.recorder.latest)
        self.stalled = 0 if value >= self.best + self.tol else self.stalled + 1
        if self.best_state is None or value > self.best:
            self.best = value
            self.best_state = training.state()
        training.stop = training.stop or self.stalled > self.patience


class Progress(Watcher):
    """Shows a line of progress."""

    def __init__(self, line: ProgressLine, recorder: Recorder) -> None:
        self.line = line
        self.recorder = recorder

    def end_epoch(self, training: Training, loss: float) -> None:
        """Show the state after an epoch; after the last one, end the line."""
        last = training.stop or training.epoch == self.line.epochs
        (self.line.close if last else self.line.update)(training.epoch, self.recorder.latest)

    def leave(self) -> None:
        """End the line, if the last epoch has not."""
        self.line.leave()


def _append(history: dict[str, list[float]], values: dict[str, float]) -> None:
    """Add an entry to each list; NaN stands where there was no value, or is none."""
    length = max((len(each) for each in history.values()), default=0)
    for name in values:
        history.setdefault(name, [math.nan] * length)
    for name, each in history.items():
        each.append(values.get(name, math.nan))
