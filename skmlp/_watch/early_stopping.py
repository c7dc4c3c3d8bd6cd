"""Early stopping by scikit-learn's rule."""

from __future__ import annotations

from skmlp._spec import State
from skmlp._watch.recorders import Recorder
from skmlp._watch.watcher import Training, Watcher


class EarlyStopping(Watcher):
    """Stops when the validation no longer gets better, and keeps the state after its best epoch.

    The rule is that of scikit-learn's MLP: an epoch counts as no improvement when it does not better the best one so
    far by ``tol``, and training ends after more than ``patience`` such epochs in a row.
    """

    attentive = beside = True

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

    def end_epoch(self, training: Training, loss: float) -> None:
        """Compare with the best epoch so far. Sets ``best`` and ``best_state``."""
        value = self._value(self.recorder.latest)
        self.stalled = 0 if value >= self.best + self.tol else self.stalled + 1
        if self.best_state is None or value > self.best:
            self.best = value
            self.best_state = training.state()
        training.stop = training.stop or self.stalled > self.patience

    def _value(self, latest: dict[str, float]) -> float:
        return latest["val_score"] if self.monitor == "score" else -latest["val_loss"]
