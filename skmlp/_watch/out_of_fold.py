"""The choice of an epoch by what members predict of samples that they are not trained on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmlp._spec import State
from skmlp._watch.recorders import Recorder
from skmlp._watch.watcher import Training, Watcher

_EVERY = 2
"""Epochs from one prediction to the next: it takes about as long as an eighth of an epoch of training."""


class OutOfFold(Watcher):
    """Keeps the state after the last epoch with the best score.

    Parameters
    ----------
    recorder : Recorder
        Keeps the scores, as "oof_score".
    predict : callable
        From a network's weights to predictions.
    score : callable
        Of predictions; more is better.
    last : int
        The epoch at which the training ends, unless it is stopped.
    """

    attentive = beside = True

    def __init__(
        self,
        recorder: Recorder,
        predict: Callable[[list[NDArray[np.floating]]], Any],
        score: Callable[[Any], float],
        last: int,
    ) -> None:
        self.recorder = recorder
        self.predict = predict
        self.score = score
        self.last = last
        self.best = -float("inf")
        self.best_state: State | None = None
        self.best_predictions: Any = None

    def end_epoch(self, training: Training, loss: float) -> None:
        """Predict, and compare with the best epoch so far. Sets ``best``, ``best_state`` and ``best_predictions``."""
        if training.epoch % _EVERY and training.epoch != self.last and not training.stop:
            return
        weights = training.weights()
        predictions = self.predict(weights)
        score = self.score(predictions)
        self.recorder.add("oof_score", score)
        if self.best_state is None or score >= self.best or np.isnan(self.best):
            self.best, self.best_predictions = score, predictions
            self.best_state = State(weights, None, training.epoch, training.step)
