"""Keras callbacks as they are, driven by the training loop."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmlp._callbacks import Recorder, Watcher
from skmlp._engine.export import keras_model
from skmlp._engine.loop import Training
from skmlp._engine.program import Weights
from skmlp._keras import keras
from skmlp._spec import Plan, State

_BATCH_HOOKS = ("on_train_batch_begin", "on_train_batch_end", "on_batch_begin", "on_batch_end")


class KerasCallbacks(Watcher):
    """Copies of a user's Keras callbacks, and the Keras model that they see.

    The model is given the weights of the training before every hook that may look at them. What a hook does to the
    weights, to ``model.optimizer.learning_rate`` or to ``model.stop_training`` is done to the training.

    Attributes
    ----------
    callbacks : list of keras.callbacks.Callback
        The copies, which belong to this training alone.
    """

    interferes = attentive = True

    def __init__(
        self,
        callbacks: Sequence[Any],
        plan: Plan,
        state: State,
        recorder: Recorder,
        metrics: Sequence[Any],
        n_epochs: int,
        n_steps: int,
    ) -> None:
        self.callbacks = [copy.deepcopy(callback) for callback in callbacks]
        self.recorder = recorder
        self.score_name = getattr(metrics[0], "name", metrics[0])
        self.model = keras_model(plan, state.weights, metrics)
        _build_metrics(self.model, plan)
        self.every = 1 if any(_wants_batches(callback) for callback in self.callbacks) else None
        self._rate = float(self.model.optimizer.learning_rate)
        self._batch = 0
        self._step = -1
        self._weights: Weights = []
        for callback in self.callbacks:
            callback.set_params({"verbose": 0, "epochs": state.epoch + n_epochs, "steps": n_steps})
            callback.set_model(self.model)

    def begin_training(self, training: Training) -> None:
        """Call ``on_train_begin``."""
        self.model.stop_training = False
        self._step = -1
        self._call(training, "on_train_begin", logs={})

    def begin_epoch(self, training: Training) -> None:
        """Call ``on_epoch_begin``."""
        self._batch = 0
        self._call(training, "on_epoch_begin", training.epoch, logs={})

    def begin_steps(self, training: Training) -> None:
        """Call ``on_train_batch_begin``, if a callback wants it."""
        if self.every is not None:
            self._call(training, "on_train_batch_begin", self._batch, logs={})

    def end_steps(self, training: Training, losses: NDArray[np.floating]) -> None:
        """Call ``on_train_batch_end``, if a callback wants it."""
        if self.every is not None:
            self._call(training, "on_train_batch_end", self._batch, logs={"loss": float(losses[-1])})
            self._batch += 1

    def end_epoch(self, training: Training, loss: float) -> None:
        """Call ``on_epoch_end`` with the losses and the scores of the epoch."""
        logs = {**self.recorder.latest, "learning_rate": training.rate}
        if "val_score" in logs and self.score_name == "accuracy":
            logs.setdefault("val_accuracy", logs["val_score"])
        self._call(training, "on_epoch_end", training.epoch - 1, logs=logs)

    def end_training(self, training: Training) -> None:
        """Call ``on_train_end``."""
        self._call(training, "on_train_end", logs=dict(self.recorder.latest))

    def _call(self, training: Training, hook: str, *args: Any, logs: dict[str, float]) -> None:
        if training.step != self._step:  # setting and copying weights takes longer than a small step
            self._step, self._weights = training.step, training.weights()
            self.model.set_weights(self._weights)
        for callback in self.callbacks:
            getattr(callback, hook)(*args, logs=logs)
        changed = self.model.get_weights()
        if not all(np.array_equal(new, old, equal_nan=True) for new, old in zip(changed, self._weights, strict=True)):
            training.set_weights(changed)
            self._weights = changed
        rate = float(self.model.optimizer.learning_rate)
        if rate != self._rate:
            training.learning_rate = self._rate = rate
        training.stop = training.stop or bool(self.model.stop_training)


def _wants_batches(callback: Any) -> bool:
    """Whether a callback has batch hooks of its own that do something.

    TensorBoard and the checkpoints have some for every frequency, and leave them idle when it is "epoch".
    """
    if "epoch" in (getattr(callback, "update_freq", None), getattr(callback, "save_freq", None)):
        return False
    if any(hook in vars(callback) for hook in _BATCH_HOOKS):  # as a LambdaCallback has them
        return True
    return any(getattr(type(callback), hook) is not getattr(keras.callbacks.Callback, hook) for hook in _BATCH_HOOKS)


def _build_metrics(model: Any, plan: Plan) -> None:
    """Build a model's metrics, as ``fit`` does: callbacks ask them whether more is better."""
    outputs = np.zeros((2, plan.n_outputs), plan.hyperparameters.dtype)
    targets = np.zeros(2, np.int32) if plan.sparse_labels else outputs
    model.compute_metrics(None, targets, outputs)
    model.reset_metrics()
