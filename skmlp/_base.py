"""The estimator template: validate, hand over to the engine, keep what it returns."""

from __future__ import annotations

import copy
from abc import ABCMeta, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from skmlp._callbacks import EarlyStopping, History
from skmlp._progress import ProgressLine
from skmlp._spec import Plan
from skmlp._targets import Target
from skmlp._validation import (
    PARAMETER_CONSTRAINTS,
    check_hyperparameters,
    check_sample_weight,
    check_samples,
    check_together,
    split_rows,
)

if TYPE_CHECKING:
    from skmlp._engine.loop import Epoch

Self = TypeVar("Self", bound="BaseKerasMLP")


@dataclass(frozen=True)
class Validation:
    """Samples that the fit is watched on: what the engine takes, and the weights for the score."""

    X: NDArray[np.floating]
    target: Target
    weight: NDArray[np.float64]


class BaseKerasMLP(BaseEstimator, metaclass=ABCMeta):  # type: ignore[misc]  # scikit-learn has no types
    """What the classifier and the regressor share; they add the target and the predictions."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = PARAMETER_CONSTRAINTS

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (100,),
        activation: str | Sequence[str] = "relu",
        *,
        dropout: float | Sequence[float] = 0.0,
        input_dropout: float = 0.0,
        l1: float = 0.0,
        l2: float = 0.0,
        regularize_bias: bool = False,
        normalization: str | None = None,
        kernel_initializer: str = "glorot_uniform",
        bias_initializer: str = "zeros",
        loss: str = "auto",
        output_activation: str = "auto",
        optimizer: str = "adam",
        learning_rate: float | None = None,
        learning_rate_schedule: str | Callable[[int], float] | None = None,
        momentum: float | None = None,
        nesterov: bool | None = None,
        beta_1: float | None = None,
        beta_2: float | None = None,
        rho: float | None = None,
        epsilon: float | None = None,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        batch_size: int | str = "auto",
        epochs: int = 100,
        shuffle: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 10,
        tol: float = 1e-4,
        random_state: int | np.random.RandomState | None = None,
        verbose: int | bool = 0,
        dtype: str = "float32",
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.dropout = dropout
        self.input_dropout = input_dropout
        self.l1 = l1
        self.l2 = l2
        self.regularize_bias = regularize_bias
        self.normalization = normalization
        self.kernel_initializer = kernel_initializer
        self.bias_initializer = bias_initializer
        self.loss = loss
        self.output_activation = output_activation
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.learning_rate_schedule = learning_rate_schedule
        self.momentum = momentum
        self.nesterov = nesterov
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.rho = rho
        self.epsilon = epsilon
        self.weight_decay = weight_decay
        self.clipnorm = clipnorm
        self.batch_size = batch_size
        self.epochs = epochs
        self.shuffle = shuffle
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.random_state = random_state
        self.verbose = verbose
        self.dtype = dtype

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
        """Train the network from scratch.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Training samples; cast to ``dtype``, in a copy if need be.
        y : array-like of shape (n_samples,), or (n_samples, n_outputs) for a regressor
            Target values: labels of any dtype for a classifier, finite numbers for a regressor.
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
        """
        candidate = copy.copy(self)  # an earlier fit stays whole until this one has succeeded
        candidate._forget_fit()
        candidate._fit(X, y, sample_weight, X_val, y_val, sample_weight_val)
        self.__dict__ = candidate.__dict__
        return self

    @property
    def model_(self) -> Any:
        """The fitted network as a compiled ``keras.Model`` with its own optimizer, loss and regularisers.

        Made on first access and kept until the next fit; training it does not change the estimator.
        """
        check_is_fitted(self)
        if "_model" not in self.__dict__:
            from skmlp._engine.export import keras_model

            self._model = keras_model(self._plan, self._weights, metrics=self._keras_metrics())
        return self._model

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = super().__getstate__()
        return {name: value for name, value in state.items() if name != "_model"}

    def _forget_fit(self) -> None:
        """Remove every attribute that a fit sets."""
        parameters = self.get_params(deep=False)
        for name in [name for name in vars(self) if name not in parameters and _is_fitted_name(name)]:
            delattr(self, name)

    def _fit(self, X: Any, y: Any, sample_weight: Any, X_val: Any, y_val: Any, sample_weight_val: Any) -> None:
        """Validate, train, and set the fitted attributes on an estimator that has none."""
        self._validate_params()
        hyperparameters = check_hyperparameters(self.get_params(deep=False))
        explicit = check_together(X_val, y_val, sample_weight_val)
        X, y = check_samples(self, X, y, dtype=self.dtype, **self._y_checks)
        weight = check_sample_weight(sample_weight, len(X), "sample_weight")
        target = self._encode(y)
        seed = int(check_random_state(self.random_state).randint(2**30))

        rows = np.flatnonzero(weight)  # a sample of weight 0 counts neither as a row nor as a step
        validation = None
        if explicit:
            validation = self._check_validation(X_val, y_val, sample_weight_val, target)
        elif self.early_stopping:
            codes = None if target.codes is None else target.codes[rows]
            kept, held_out = split_rows(len(rows), codes, self.validation_fraction, seed)
            val = rows[held_out]
            rows = rows[kept]
            validation = Validation(X[val], target.rows(val), weight[val])

        plan = Plan(
            hyperparameters=hyperparameters,
            n_features=X.shape[1],
            n_outputs=target.n_outputs,
            loss=target.loss,
            output_activation=target.output_activation,
            batch_size=min(200 if self.batch_size == "auto" else int(self.batch_size), len(rows)),
            seed=seed,
        )
        if len(rows) < len(X):
            X, target, weight = X[rows], target.rows(rows), weight[rows]
        self._train(plan, X, target, weight / weight.mean(), validation)

    def _train(
        self,
        plan: Plan,
        X: NDArray[np.floating],
        target: Target,
        weight: NDArray[np.float64],
        validation: Validation | None,
    ) -> None:
        """Run the epochs and set the fitted attributes."""
        from skmlp._engine.batches import Data
        from skmlp._engine.loop import train

        history = History()
        stopping = EarlyStopping(self.tol, self.n_iter_no_change) if self.early_stopping else None
        progress = ProgressLine(type(self).__name__, plan.hyperparameters.epochs) if self.verbose else None

        def on_epoch(epoch: Epoch) -> bool:
            values = {"loss": epoch.loss}
            if validation is not None:
                values["val_loss"], values["val_score"] = self._validate(plan, epoch.live_weights(), validation)
            history.append(**values, learning_rate=epoch.learning_rate)
            stop = stopping is not None and stopping.update(values["val_score"], epoch)
            if progress is not None:
                last = stop or epoch.number == plan.hyperparameters.epochs
                (progress.close if last else progress.update)(epoch.number, values)
            return stop

        weights = train(plan, Data(X, target.encoded, weight.astype(plan.hyperparameters.dtype)), on_epoch)
        if stopping is not None and stopping.best_weights is not None:
            weights = stopping.best_weights
        self._keep(plan, weights, history.values, len(X))

    def _keep(
        self, plan: Plan, weights: list[NDArray[np.floating]], history: dict[str, list[float]], n_samples: int
    ) -> None:
        """Set the fitted attributes that do not depend on the data's form."""
        from skmlp._network import weights_of

        self._plan = plan
        self._weights = weights
        self.coefs_ = weights_of(plan.network, weights, ("kernel",))
        self.intercepts_ = weights_of(plan.network, weights, ("bias",))
        self.n_layers_ = len(self.coefs_) + 1
        self.n_outputs_ = plan.n_outputs
        self.out_activation_ = plan.output_activation
        self.history_ = history
        self.loss_curve_ = history["loss"]
        self.loss_ = self.loss_curve_[-1]
        self.best_loss_ = None if self.early_stopping else min(self.loss_curve_)
        self.validation_scores_ = history.get("val_score")
        self.best_validation_score_ = max(self.validation_scores_) if self.validation_scores_ else None
        self.n_iter_ = len(self.loss_curve_)
        self.t_ = self.n_iter_ * n_samples

    def _validate(self, plan: Plan, weights: list[Any], validation: Validation) -> tuple[float, float]:
        """The loss, penalty included, and the score on the validation samples."""
        from skmlp._engine.predict import evaluate, forward

        logits, outputs = forward(plan.network, weights, validation.X)
        loss = evaluate(plan, weights, logits, validation.target.encoded, validation.weight)
        return loss, self._score_outputs(validation.target, logits, outputs, validation.weight)

    def _check_validation(self, X: Any, y: Any, sample_weight: Any, target: Target) -> Validation:
        """Explicit validation data, held to what the training data set."""
        X = check_samples(self, X, dtype=self.dtype, reset=False)
        weight = check_sample_weight(sample_weight, len(X), "sample_weight_val")
        return Validation(X, self._encode_more(y, target), weight)

    def _forward(self, X: Any) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
        """Logits and outputs, (n_samples, n_outputs) each, for samples to predict."""
        check_is_fitted(self)
        X = check_samples(self, X, dtype=self._plan.hyperparameters.dtype, reset=False)
        from skmlp._engine.predict import forward

        return forward(self._plan.network, self._weights, X)

    @property
    @abstractmethod
    def _y_checks(self) -> dict[str, bool]:
        """How scikit-learn is to check the target: keyword arguments of ``validate_data``."""

    @abstractmethod
    def _encode(self, y: NDArray[Any]) -> Target:
        """Make the target of a fit. Sets what predictions need to be turned back, such as ``classes_``."""

    @abstractmethod
    def _encode_more(self, y: ArrayLike, target: Target) -> Target:
        """Make a target that is like the one that is trained on, from validation data."""

    @abstractmethod
    def _score_outputs(
        self, target: Target, logits: NDArray[np.floating], outputs: NDArray[np.floating], weight: NDArray[np.float64]
    ) -> float:
        """What ``score`` would return for these predictions."""

    @abstractmethod
    def _keras_metrics(self) -> list[str]:
        """The metrics that ``model_`` is compiled with."""


_PRIVATE_FITTED = ("_plan", "_weights", "_model", "_flat", "_output_dtype")


def _is_fitted_name(name: str) -> bool:
    """Whether an attribute is set by a fit."""
    return name in _PRIVATE_FITTED or (name.endswith("_") and not name.startswith("_"))
