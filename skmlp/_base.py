"""The estimator template: validate, hand over to the engine, keep what it returns."""

from __future__ import annotations

import copy
import warnings
from abc import ABCMeta, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from importlib.metadata import PackageNotFoundError, metadata
from typing import Any, ClassVar, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.utils import Tags, check_random_state
from sklearn.utils.validation import check_is_fitted

from skmlp._callbacks import EarlyStopping, Progress, Recorder, StepRecorder, Watcher
from skmlp._names import answer, knows_names
from skmlp._progress import ProgressLine
from skmlp._sklearn_callbacks import CallbackSupportMixin, ScikitLearnCallbacks, has_callbacks, with_callbacks
from skmlp._spec import Hyperparameters, Plan, State
from skmlp._targets import Coding, Target
from skmlp._validation import (
    check_callbacks,
    check_hyperparameters,
    check_sample_weight,
    check_samples,
    check_together,
    split_rows,
)

Self = TypeVar("Self", bound="BaseKerasMLP")


@dataclass(frozen=True)
class Validation:
    """Samples that the fit is watched on: what the engine takes, and the weights for loss and score."""

    X: Any
    target: Target
    weight: NDArray[np.float64]


@dataclass(frozen=True)
class Samples:
    """Samples as the engine takes them, and the ``rows`` that are trained on."""

    X: Any
    target: Target
    weight: NDArray[np.float64]
    rows: NDArray[np.intp]
    validation: Validation | None


@dataclass(frozen=True)
class Fit:
    """The arguments of ``fit`` or ``partial_fit``."""

    X: Any
    y: Any
    sample_weight: Any = None
    X_val: Any = None
    y_val: Any = None
    sample_weight_val: Any = None
    classes: Any = None
    partial: bool = False


class BaseKerasMLP(CallbackSupportMixin, BaseEstimator, metaclass=ABCMeta):  # type: ignore[misc]  # scikit-learn has no types
    """What the classifier and the regressor share; they add the target and the predictions."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]]

    # What both constructors take, and this class reads.
    early_stopping: bool
    validation_fraction: float
    monitor: str
    n_iter_no_change: int
    tol: float
    loss: Any
    output_activation: str
    optimizer: Any
    batch_size: int | str
    epochs: int
    metrics: Sequence[Any] | None
    callbacks: Sequence[Any] | None
    record_every: int | None
    warm_start: bool
    random_state: Any
    verbose: int | bool
    dtype: str
    t_: int

    @knows_names
    @with_callbacks
    def fit(
        self: Self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        X_val: ArrayLike | None = None,
        y_val: ArrayLike | None = None,
        sample_weight_val: ArrayLike | None = None,
    ) -> Self:
        """Train the network: from scratch, or with ``warm_start`` for ``epochs`` more.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Training samples. A dense array is cast to ``dtype``, in a copy if need be; a sparse one is kept as CSR, and
            not made dense unless more than a tenth of it is filled or there is input dropout, and then block by block;
            a ``numpy.memmap`` is read block by block.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Target values. For a classifier labels of any dtype; a table of 0 and 1 is several labels a sample, or
            one-hot rows if ``loss`` or ``output_activation`` asks for a softmax; a table of more labels is several
            outputs. For a regressor finite numbers.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights. Only their proportions matter, and a sample of weight 0 is as good as absent.
        X_val : array-like of shape (n_val, n_features), default=None
            Samples to validate on after every epoch. With ``early_stopping`` they take the place of the part of ``X``
            that it would hold out. Inside a pipeline, ``Pipeline(..., transform_input=["X_val"])`` sends them through
            its transformers.
        y_val : array-like of shape (n_val,) or (n_val, n_outputs), default=None
            Their target values.
        sample_weight_val : array-like of shape (n_val,), default=None
            Their weights.

        Returns
        -------
        self : object
            The fitted estimator. A fit that fails leaves it as it was before.

        Raises
        ------
        ValueError
            If a parameter or an array is not usable, before anything is compiled; or if the loss becomes NaN or
            infinite.

        Warns
        -----
        UserWarning
            If a KeyboardInterrupt ended the fit. The estimator is then as it was after the last finished epoch; before
            the first, the interrupt is passed on.
        """
        ScikitLearnCallbacks.begin_fit(self, self.epochs)
        return self._replace_fit(Fit(X, y, sample_weight, X_val, y_val, sample_weight_val))

    def _replace_fit(self: Self, fit: Fit) -> Self:
        """Fit a copy, so that an earlier fit stays whole until this one has succeeded."""
        candidate = copy.copy(self)
        previous = vars(self).get("_state") if fit.partial or self.warm_start else None
        if previous is None:
            candidate._forget_fit()
        candidate._fit(fit, previous, watched=self)
        self.__dict__ = candidate.__dict__
        return self

    def set_params(self: Self, **params: Any) -> Self:
        """Set parameters, as in scikit-learn.

        Parameters
        ----------
        **params : dict
            Parameters of the constructor.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If a name is not one of the constructor's; the message says what Keras' and scikit-learn's names are here.
        """
        known = self._get_param_names()
        for name in params:
            if name.partition("__")[0] not in known or (name not in known and answer(name, ())):
                ours = answer(name, known)
                raise ValueError(
                    f"Invalid parameter {name!r} for estimator {type(self).__name__}{ours}{'' if '?' in ours else '.'} "
                    f"Valid parameters are: {', '.join(known)}."
                )
        super().set_params(**params)
        return self

    @property
    def model_(self) -> Any:
        """The fitted network as a compiled ``keras.Model`` with its own optimizer, loss and regularisers.

        Made on first access and kept until the next fit; training it does not change the estimator. Its loss does not
        smooth labels, and for several outputs it is the sum of theirs rather than the mean; the targets that it takes
        are class numbers, a column of 0 and 1 for two classes, and one-hot rows side by side for several outputs.
        """
        check_is_fitted(self)
        if "_model" not in self.__dict__:
            from skmlp._engine.export import keras_model

            self._model = keras_model(self._plan, self._state.weights, metrics=self._compiled_metrics())
        return self._model

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = super().__getstate__()
        return {name: value for name, value in state.items() if name not in ("_model", "callbacks_")}

    def _get_doc_link(self) -> str:
        """Where scikit-learn's HTML representation links to: the page of the class in the documentation.

        scikit-learn asks each estimator with this method; its own answer is of classes of scikit-learn alone. There is
        a link once the package's metadata name the address of its documentation.
        """
        if not type(self).__module__.startswith("skmlp."):
            return ""
        try:
            urls = [line.partition(", ") for line in metadata("skmlp").get_all("Project-URL") or ()]
        except PackageNotFoundError:  # imported from a source tree
            return ""
        base = next((url for label, _, url in urls if label == "Documentation"), None)
        return f"{base.rstrip('/')}/generated/skmlp.{type(self).__name__}.html" if base else ""

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.target_tags.multi_output = True
        return tags

    def _forget_fit(self) -> None:
        """Remove every attribute that a fit sets."""
        parameters = self.get_params(deep=False)
        for name in [name for name in vars(self) if name not in parameters and _is_fitted_name(name)]:
            delattr(self, name)

    def _fit(self, fit: Fit, previous: State | None, watched: BaseKerasMLP) -> None:
        """Validate, train, and set the fitted attributes.

        ``previous`` is where the fit that these attributes are of stopped, if this one goes on from there;
        ``watched`` the estimator that scikit-learn's callbacks know.
        """
        from skmlp._metrics import resolve_metrics

        self._validate_params()
        hyperparameters = check_hyperparameters(self.get_params(deep=False))
        check_callbacks(self.callbacks)
        if fit.partial and self.early_stopping:
            raise ValueError("early_stopping=True needs whole epochs: partial_fit takes early_stopping=False.")
        explicit = check_together(fit.X_val, fit.y_val, fit.sample_weight_val)
        X, y = check_samples(self, fit.X, fit.y, dtype=self.dtype, reset=previous is None, **self._y_checks)
        weight = check_sample_weight(fit.sample_weight, X.shape[0], "sample_weight")
        if previous is None:
            self._learn_target(y, fit.classes, partial=fit.partial)
        coding = self._coded = self._coding(hyperparameters)
        target = self._encode(y, coding, "y")
        metrics = resolve_metrics(self.metrics, coding)
        seed = int(check_random_state(self.random_state).randint(2**30)) if previous is None else self._plan.seed

        rows = np.flatnonzero(weight)  # a sample of weight 0 counts neither as a row nor as a step
        validation = None
        if explicit:
            validation = self._check_validation(fit, coding)
        elif self.early_stopping:
            strata = None if target.strata is None else target.strata[rows]
            kept, held_out = split_rows(len(rows), strata, self.validation_fraction, seed)
            val = rows[held_out]
            rows = rows[kept]
            validation = Validation(X[val], target.rows(val), weight[val])

        mean = weight[rows].mean()
        weight = self._weigh_labels(weight, target, rows, partial=fit.partial)
        rows = rows[weight[rows].reshape(len(rows), -1).any(axis=1)]
        if not len(rows):
            raise ValueError(
                "class_weight leaves no sample with a weight above 0: give a weight to a class that y has."
            )
        plan = Plan(
            hyperparameters=hyperparameters,
            n_features=X.shape[1],
            n_outputs=target.encoded.shape[1] if target.encoded.ndim > 1 else coding.n_outputs,
            heads=coding.heads,
            loss=coding.loss,
            sparse_labels=coding.sparse,
            n_weights=weight.shape[1] if weight.ndim > 1 else None,
            output_activation=coding.output_activation,
            batch_size=min(200 if self.batch_size == "auto" else int(self.batch_size), len(rows)),
            seed=seed,
        )
        if previous is not None:
            previous = continued(previous, self._plan, plan)
        if not fit.partial:  # the labels of a part do not tell what the class weights are relative to
            mean = weight[rows].mean()
        self._train(fit, plan, Samples(X, target, weight / mean, rows, validation), metrics, previous, watched)

    def _train(
        self,
        fit: Fit,
        plan: Plan,
        samples: Samples,
        metrics: Sequence[Any],
        previous: State | None,
        watched: BaseKerasMLP,
    ) -> None:
        """Run the epochs and set the fitted attributes."""
        from skmlp._engine.batches import Data
        from skmlp._engine.loop import initial_state, train
        from skmlp._engine.trial import try_own
        from skmlp._metrics import try_metrics

        try_own(plan)
        if samples.validation is not None:
            try_metrics(metrics, samples.validation.target.encoded, plan.n_outputs)
        state = initial_state(plan) if previous is None else previous
        n_epochs = 1 if fit.partial else plan.hyperparameters.epochs
        recorder, others = self._watch(fit, plan, samples, metrics, state, n_epochs, watched)
        stopping = next((watcher for watcher in others if isinstance(watcher, EarlyStopping)), None)
        steps = next((watcher for watcher in others if isinstance(watcher, StepRecorder)), None)

        data = Data(samples.X, samples.target.encoded, samples.weight.astype(self.dtype), samples.rows)
        horizon = plan.hyperparameters.epochs if fit.partial else None
        before, seen = (0, 0) if previous is None else (len(self.loss_curve_), self.t_)
        start = state.epoch
        try:
            state, interrupted = train(plan, data, state, n_epochs, [recorder, *others], horizon)
        finally:
            for watcher in others:
                watcher.leave()
        done = state.epoch - start
        if interrupted:
            recorder.cut(before + done)
            if steps is not None:
                steps.cut(state.step)
            warnings.warn(
                f"The fit was interrupted: {type(self).__name__} is as it was after epoch {before + done}.",
                stacklevel=6,
            )
        if stopping is not None and stopping.best_state is not None:
            state = stopping.best_state
        self._keep(plan, state, recorder.history, None if steps is None else steps.history)
        self.t_ = seen + done * len(samples.rows)

    def _watch(
        self,
        fit: Fit,
        plan: Plan,
        samples: Samples,
        metrics: Sequence[Any],
        state: State,
        n_epochs: int,
        watched: BaseKerasMLP,
    ) -> tuple[Recorder, list[Watcher]]:
        """What watches the training, in the order in which it is told."""
        validation = samples.validation
        validate = None if validation is None else partial(self._validate, plan, validation, metrics)
        earlier = state.epoch > 0
        recorder = Recorder(validate, self.history_ if earlier else None)
        others: list[Watcher] = []
        if self.record_every is not None:
            history = self.step_history_ if earlier else None
            others.append(StepRecorder(int(self.record_every), validate, history))
        if self.early_stopping:
            others.append(EarlyStopping(recorder, self.monitor, self.tol, self.n_iter_no_change))
        if self.callbacks:
            from skmlp._engine.keras_callbacks import KerasCallbacks

            n_steps = plan.steps_per_epoch(len(samples.rows))
            keras = KerasCallbacks(self.callbacks, plan, state, recorder, self._compiled_metrics(), n_epochs, n_steps)
            self.callbacks_ = keras.callbacks
            others.append(keras)
        if has_callbacks(watched):
            others.append(ScikitLearnCallbacks(watched, fit, partial(self._attributes_at, plan, recorder)))
        if self.verbose:
            others.append(Progress(ProgressLine(type(self).__name__, state.epoch + n_epochs), recorder))
        return recorder, others

    def _keep(
        self,
        plan: Plan,
        state: State,
        history: dict[str, list[float]],
        step_history: dict[str, list[float]] | None,
    ) -> None:
        """Set the fitted attributes that do not depend on the target's form."""
        from skmlp._network import weights_of

        self._plan = plan
        self._state = state
        self.__dict__.pop("_model", None)
        self.coefs_ = weights_of(plan.network, state.weights, ("kernel",))
        self.intercepts_ = weights_of(plan.network, state.weights, ("bias",))
        self.n_layers_ = len(self.coefs_) + 1
        self.n_outputs_ = plan.n_outputs
        self.out_activation_ = plan.output_activation
        self.history_ = history
        self.step_history_ = step_history
        self.loss_curve_ = history["loss"]
        self.loss_ = self.loss_curve_[-1]
        self.best_loss_ = None if self.early_stopping else min(self.loss_curve_)
        self.validation_scores_ = history.get("val_score")
        self.best_validation_score_ = float(np.nanmax(self.validation_scores_)) if self.validation_scores_ else None
        self.n_iter_ = len(self.loss_curve_)

    def _attributes_at(self, plan: Plan, recorder: Recorder, state: State) -> dict[str, Any]:
        """The attributes of an estimator whose fit ended in this state."""
        at = copy.copy(self)
        at._keep(plan, state, recorder.history, None)
        parameters = self.get_params(deep=False)
        return {name: value for name, value in vars(at).items() if name not in parameters}

    def _validate(
        self, plan: Plan, validation: Validation, metrics: Sequence[Any], weights: list[Any]
    ) -> dict[str, float]:
        """The loss, penalty included, the score and the metrics on the validation samples."""
        from skmlp._engine.predict import evaluate, forward, measure

        target, weight = validation.target, validation.weight
        logits, outputs = forward(plan.network, weights, validation.X)
        values = {
            "val_loss": evaluate(plan, weights, logits, target.encoded, weight),
            "val_score": self._score_outputs(target, logits, outputs, weight),
        }
        for metric in metrics:
            values[f"val_{metric.name}"] = (
                metric.of(target.encoded, outputs, weight)
                if metric.has_state
                else measure(metric.value, outputs, target.encoded, weight)
            )
        return values

    def _check_validation(self, fit: Fit, coding: Coding) -> Validation:
        """Explicit validation data, held to what the training data set."""
        X = check_samples(self, fit.X_val, dtype=self.dtype, reset=False)
        weight = check_sample_weight(fit.sample_weight_val, X.shape[0], "sample_weight_val")
        return Validation(X, self._encode(fit.y_val, coding, "y_val"), weight)

    def _forward(self, X: Any) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
        """Logits and outputs, (n_samples, n_outputs) each, for samples to predict."""
        check_is_fitted(self)
        X = check_samples(self, X, dtype=self._plan.hyperparameters.dtype, reset=False)
        from skmlp._engine.predict import forward

        return forward(self._plan.network, self._state.weights, X)

    def _compiled_metrics(self) -> list[Any]:
        """The metrics that ``model_`` is compiled with: the nearest to the score, and the user's own."""
        from skmlp._metrics import compiled_metrics, resolve_metrics

        own = resolve_metrics(self.metrics, self._coded)
        score = self._keras_metric
        if self._coded.output_activation == "linear" and self._coded.kind in ("binary", "multilabel"):
            scores = resolve_metrics([score], self._coded)  # Keras' own compares with 1/2
        else:
            scores = []
        made = compiled_metrics([*scores, *own], sparse_labels=self._coded.sparse)
        return made if scores or score in [metric.name for metric in own] else [score, *made]

    @property
    @abstractmethod
    def _y_checks(self) -> dict[str, bool]:
        """How scikit-learn is to check the target: keyword arguments of ``validate_data``."""

    @abstractmethod
    def _learn_target(self, y: NDArray[Any], classes: Any, *, partial: bool) -> None:
        """Learn what predictions need to be turned back. Sets ``classes_``, or the form of a regressor's target.

        ``partial`` says that later samples may have other labels, which are then all in ``classes``.
        """

    @abstractmethod
    def _coding(self, hyperparameters: Hyperparameters) -> Coding:
        """How the target is compared with the network's outputs."""

    @abstractmethod
    def _encode(self, y: ArrayLike, coding: Coding, name: str) -> Target:
        """Encode a target of the learned form."""

    @abstractmethod
    def _weigh_labels(
        self, weight: NDArray[np.float64], target: Target, rows: NDArray[np.intp], *, partial: bool
    ) -> NDArray[np.float64]:
        """The weights of samples, (n_samples,), times those of their labels, (n_samples,) or (n_samples, n_labels)."""

    @abstractmethod
    def _score_outputs(
        self, target: Target, logits: NDArray[np.floating], outputs: NDArray[np.floating], weight: NDArray[np.float64]
    ) -> float:
        """What ``score`` would return for these predictions."""

    _keras_metric: ClassVar[str]


_PRIVATE_FITTED = ("_plan", "_state", "_model", "_coded", "_labels", "_flat", "_output_dtype")


def _is_fitted_name(name: str) -> bool:
    """Whether an attribute is set by a fit."""
    return name in _PRIVATE_FITTED or (name.endswith("_") and not name.startswith("_"))


def continued(state: State, before: Plan, now: Plan) -> State:
    """The state to go on from under a new plan: with a fresh optimizer, if it is another one.

    Raises
    ------
    ValueError
        If the network is another one.
    """
    old, new = before.network.without_dropout(), now.network.without_dropout()
    different = [field.name for field in fields(old) if getattr(old, field.name) != getattr(new, field.name)]
    if different:
        changes = ", ".join(f"{name} was {getattr(old, name)!r} and is {getattr(new, name)!r}" for name in different)
        raise ValueError(
            f"A fit can only go on with the same network, but {changes}: set warm_start=False to start anew."
        )
    names = ("optimizer", "nesterov")
    same = all(getattr(before.hyperparameters, name) == getattr(now.hyperparameters, name) for name in names)
    same = same and before.hyperparameters.settings.keys() == now.hyperparameters.settings.keys()
    return state if same else replace(state, optimizer=None)
