"""A fit as it runs: what watches it, its epochs, and what it leaves."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmlp._fitted import Fitted
from skmlp._samples import Arguments, Samples
from skmlp._spec import State
from skmlp._watch.early_stopping import EarlyStopping
from skmlp._watch.progress import Progress, ProgressLine
from skmlp._watch.recorders import Recorder, StepRecorder
from skmlp._watch.sklearn_callbacks import FRAMES_OF_CALLBACKS, ScikitLearnCallbacks, has_callbacks
from skmlp._watch.watcher import Watcher


@dataclass(frozen=True)
class Run:
    """A fit that is ready to run.

    Attributes
    ----------
    estimator : estimator
        The one that is fitted, as its user and scikit-learn's callbacks know it.
    given : Arguments
        The arguments of its fit.
    parameters : mapping
        Its parameters.
    features : mapping
        What scikit-learn has noted of the features, by name of the attribute.
    samples : Samples
    metrics : sequence of Metric
        What is recorded of the validation samples beside loss and score.
    start : Fitted
        What it would leave if it stopped before its first epoch.
    """

    estimator: Any
    given: Arguments
    parameters: Mapping[str, Any]
    features: Mapping[str, Any]
    samples: Samples
    metrics: Sequence[Any]
    start: Fitted

    def train(self) -> Fitted:
        """Run the epochs, and return what they leave.

        Raises
        ------
        ValueError
            If the loss, or a weight that would be kept, becomes NaN or infinite.

        Warns
        -----
        UserWarning
            If a KeyboardInterrupt ended the fit after its first epoch.
        """
        from skmlp._engine.keras_callbacks import callbacks_of_fit
        from skmlp._engine.loop import require_finite_weights, train

        start, data = self.start, self.samples.data
        recorder = Recorder(self._validate if self.samples.validation else None, start.history)
        steps, stopping = self._step_recorder(recorder), self._early_stopping(recorder)
        callbacks = callbacks_of_fit(self.parameters["callbacks"], self.estimator)
        keras = self._keras_callbacks(callbacks, recorder)
        others = [each for each in (steps, stopping, keras, *self._others(recorder)) if each is not None]
        try:
            horizon = start.plan.hyperparameters.epochs if self.given.partial else None
            state, interrupted = train(start.plan, data, start.state, self._n_epochs, [recorder, *others], horizon)
        finally:
            for watcher in others:
                watcher.leave()
        if interrupted:
            self._cut(recorder, steps, state)
        n_seen = start.n_seen + (state.epoch - start.state.epoch) * len(data.rows)
        if stopping is not None and stopping.best_state is not None:
            state = stopping.best_state
        require_finite_weights(start.plan, state)
        return replace(
            self._left(recorder, state),
            step_history=None if steps is None else steps.history,
            unrecorded=() if steps is None else tuple(steps.unrecorded),
            n_seen=n_seen,
            callbacks=tuple(callbacks),
        )

    @property
    def _n_epochs(self) -> int:
        return 1 if self.given.partial else self.start.plan.hyperparameters.epochs

    def _step_recorder(self, recorder: Recorder) -> StepRecorder | None:
        every = self.parameters["record_every"]
        if every is None:
            return None
        return StepRecorder(int(every), recorder.validate, self.start.step_history, self.start.unrecorded)

    def _early_stopping(self, recorder: Recorder) -> EarlyStopping | None:
        if not self.parameters["early_stopping"]:
            return None
        return EarlyStopping(recorder, *(self.parameters[name] for name in ("monitor", "tol", "n_iter_no_change")))

    def _keras_callbacks(self, callbacks: list[Any], recorder: Recorder) -> Watcher | None:
        if not callbacks:
            return None
        from skmlp._engine.keras_callbacks import KerasCallbacks

        start = self.start
        n_steps = start.plan.steps_per_epoch(len(self.samples.data.rows))
        metrics = start.model_metrics()
        return KerasCallbacks(callbacks, start.plan, start.state, recorder, metrics, self._n_epochs, n_steps)

    def _others(self, recorder: Recorder) -> list[Watcher]:
        """Those that are told last, since they show what the others have done."""
        others: list[Watcher] = []
        if has_callbacks(self.estimator):
            others.append(
                ScikitLearnCallbacks(
                    self.estimator, self.given, lambda state: {**self.features, "_fitted": self._left(recorder, state)}
                )
            )
        if self.parameters["verbose"]:
            line = ProgressLine(type(self.estimator).__name__, self.start.state.epoch + self._n_epochs)
            others.append(Progress(line, recorder))
        return others

    def _left(self, recorder: Recorder, state: State) -> Fitted:
        """What the fit leaves, or would if it stopped here."""
        return replace(self.start, state=state, history=recorder.history)

    def _cut(self, recorder: Recorder, steps: StepRecorder | None, state: State) -> None:
        """Forget what an interrupted epoch recorded, and warn of it."""
        before = len(self.start.history.get("loss", ()))
        done = before + state.epoch - self.start.state.epoch
        recorder.cut(done)
        if steps is not None:
            steps.cut(state.step)
        name = type(self.estimator).__name__
        warnings.warn(
            f"The fit was interrupted: {name} is as it was after epoch {done}.", stacklevel=7 + FRAMES_OF_CALLBACKS
        )

    def _validate(self, weights: list[NDArray[np.floating]]) -> dict[str, float]:
        """The loss, penalty included, the score and the metrics on the validation samples."""
        from skmlp._engine.predict import evaluate, forward

        plan, validation = self.start.plan, self.samples.validation
        assert validation is not None  # noqa: S101  (for the type checker: it is called where there is one)
        target, weight = validation.target, validation.weight
        logits, outputs = forward(plan.network, weights, validation.X)
        values = {
            "val_loss": evaluate(plan, weights, logits, target.encoded, weight),
            "val_score": self.start.form.score(target, logits - self.start.coding.boundary, outputs, weight),
        }
        for metric in self.metrics:
            values[f"val_{metric.name}"] = metric.of(target.encoded, outputs, weight)
        return values
