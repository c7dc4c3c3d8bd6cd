"""A fit as it runs: what watches it, its epochs, and what it leaves."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmlp._baseline import warn_if_worse_than_mean
from skmlp._fitted import Fitted
from skmlp._folds import Folds, OutOfFoldOutputs
from skmlp._samples import Arguments, Samples
from skmlp._spec import State, steps_per_epoch
from skmlp._tabular_spec import TabularSpec
from skmlp._target_scale import can_be_scaled
from skmlp._watch.early_stopping import EarlyStopping
from skmlp._watch.finite import RequireFinite, require_finite
from skmlp._watch.out_of_fold import OutOfFold
from skmlp._watch.progress import Progress, display
from skmlp._watch.recorders import Recorder, StepRecorder
from skmlp._watch.sklearn_callbacks import FRAMES_OF_CALLBACKS, ScikitLearnCallbacks, has_callbacks
from skmlp._watch.watcher import Training, Watcher

_STACKLEVEL = 7 + FRAMES_OF_CALLBACKS
"""From where a method of `Run` or a function that it calls warns, to the line of the user's that called ``fit``."""


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
    folds : Folds or None
        Of the samples that members leave out, if the epoch is chosen by them.
    """

    estimator: Any
    given: Arguments
    parameters: Mapping[str, Any]
    features: Mapping[str, Any]
    samples: Samples
    metrics: Sequence[Any]
    start: Fitted
    folds: Folds | None = None

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
        ConvergenceWarning
            If it ends with a regressor that is worse than the mean of its target, which was not scaled.
        """
        from skmlp._engine.keras_callbacks import callbacks_of_fit
        from skmlp._engine.loop import train

        start, data = self.start, self.samples.data
        recorder = Recorder(self._validate if self.samples.validation else None, start.history)
        steps, stopping = self._step_recorder(recorder), self._early_stopping(recorder)
        callbacks = callbacks_of_fit(self.parameters["callbacks"], self.estimator)
        keras = self._keras_callbacks(callbacks, recorder)
        others = [each for each in (steps, stopping, keras, *self._others(recorder)) if each is not None]
        try:
            horizon = start.plan.hyperparameters.epochs if self.given.partial else None
            finite = RequireFinite(start.state.epoch + self._n_epochs, self._remedies)
            watchers = [finite, recorder, *others]
            state, interrupted = train(start.plan, data, start.state, self._n_epochs, watchers, horizon)
        finally:
            for watcher in others:
                watcher.leave()
        if interrupted:
            self._cut(recorder, steps, state)
        n_seen = start.n_seen + (state.epoch - start.state.epoch) * len(data.rows)
        if stopping is not None and stopping.best_state is not None:
            state = stopping.best_state
        out_of_fold = self._outputs_out_of_fold(stopping)
        kept = (state.epoch, start.plan.learning_rate, self._remedies)
        require_finite("A weight", state.weights, *kept)
        if out_of_fold is not None:
            require_finite("A prediction", [out_of_fold.outputs], *kept)
        fitted = replace(
            self._left(recorder, state),
            step_history=None if steps is None else steps.history,
            unrecorded=() if steps is None else tuple(steps.unrecorded),
            n_seen=n_seen,
            callbacks=tuple(callbacks),
            out_of_fold=out_of_fold,
        )
        if not (self.given.partial or interrupted):
            warn_if_worse_than_mean(fitted, data, type(self.estimator).__name__, _STACKLEVEL)
        return fitted

    @property
    def _remedies(self) -> list[str]:
        """What the user may try if it diverges: where the target could be scaled, and is not, that too."""
        remedies = list(self.estimator._remedies)
        if self.start.form.scale is None and can_be_scaled(self.start.coding):
            remedies.insert(-1, "target_scaling='standard'")
        return remedies

    @property
    def _n_epochs(self) -> int:
        return 1 if self.given.partial else self.start.plan.hyperparameters.epochs

    def _step_recorder(self, recorder: Recorder) -> StepRecorder | None:
        every = self.parameters["record_every"]
        if every is None:
            return None
        return StepRecorder(int(every), recorder.validate, self.start.step_history, self.start.unrecorded)

    def _early_stopping(self, recorder: Recorder) -> EarlyStopping | OutOfFold | None:
        if self.folds is not None:
            return OutOfFold(recorder, self._out_of_fold, self._score, self._n_epochs)
        if not self.parameters["early_stopping"]:
            return None
        return EarlyStopping(recorder, *(self.parameters[name] for name in ("monitor", "tol", "n_iter_no_change")))

    def _keras_callbacks(self, callbacks: list[Any], recorder: Recorder) -> Watcher | None:
        if not callbacks:
            return None
        from skmlp._engine.keras_callbacks import KerasCallbacks, watched_model

        start = self.start
        n_steps = steps_per_epoch(len(self.samples.data.rows), start.plan.batch_size)
        metrics = start.model_metrics()
        model = watched_model(start.plan, start.state, metrics, start.form.scale)
        score = getattr(metrics[0], "name", metrics[0])

        def logs(rate: float) -> dict[str, float]:
            """The losses and the scores of an epoch, under Keras' names."""
            found = {**recorder.latest, "learning_rate": rate}
            if "val_score" in found and score == "accuracy":
                found.setdefault("val_accuracy", found["val_score"])
            return found

        def of_a_batch(training: Training, loss: float, batch: int) -> dict[str, float]:
            return {"loss": loss}

        return KerasCallbacks(callbacks, model, logs, of_a_batch, start.state.epoch, self._n_epochs, n_steps)

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
            shown = display(type(self.estimator).__name__, self.start.state.epoch + self._n_epochs)
            others.append(Progress(shown, recorder))
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
        warnings.warn(f"The fit was interrupted: {name} is as it was after epoch {done}.", stacklevel=_STACKLEVEL)

    def _out_of_fold(self, weights: list[NDArray[np.floating]]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Logits and outputs of each sample by the member that is not trained on it."""
        assert self.folds is not None  # noqa: S101  (for the type checker: it is called where there are folds)
        network = self.start.plan.network
        assert isinstance(network, TabularSpec)  # noqa: S101  (for the type checker: it alone has members)
        return self.folds.predict(network, weights, self.samples.data.X)

    def _score(self, predictions: tuple[NDArray[Any], NDArray[Any]]) -> float:
        """The score of what was predicted out of fold, by the weights of the samples."""
        logits, outputs = predictions
        rows, start = self.samples.data.rows, self.start
        weight = self.samples.data.weight.sum(axis=1, dtype=np.float64)[rows]
        target = self.samples.target.rows(rows)
        return start.form.score(target, logits[rows] - start.coding.boundary, outputs[rows], weight)

    @staticmethod
    def _outputs_out_of_fold(stopping: Any) -> OutOfFoldOutputs | None:
        if not isinstance(stopping, OutOfFold) or stopping.best_state is None:
            return None
        return OutOfFoldOutputs(stopping.best_predictions[1], stopping.best, stopping.best_state.epoch)

    def _validate(self, weights: list[NDArray[np.floating]]) -> dict[str, float]:
        """The loss, penalty included, the score and the metrics on the validation samples."""
        from skmlp._engine.predict import evaluate, forward

        plan, form, validation = self.start.plan, self.start.form, self.samples.validation
        assert validation is not None  # noqa: S101  (for the type checker: it is called where there is one)
        target, weight = validation.target, validation.weight
        logits, outputs = forward(plan.network, weights, validation.X)
        values = {
            "val_loss": evaluate(plan, weights, logits, target.encoded, weight),
            "val_score": form.score(target, logits - self.start.coding.boundary, outputs, weight),
        }
        for metric in self.metrics:
            values[f"val_{metric.name}"] = metric.of(form.in_units(target.encoded), form.predicted(outputs), weight)
        return values
