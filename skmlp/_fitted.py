"""What a fit leaves: one object, and the attributes through which an estimator shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.exceptions import NotFittedError

from skmlp._folds import OutOfFoldOutputs
from skmlp._forks import require_not_forked
from skmlp._spec import NetworkSpec, Plan, State
from skmlp._target_forms import TargetForm
from skmlp._targets import Coding
from skmlp._weights import weight_names, weights_of


@dataclass(frozen=True)
class Fitted:
    """Everything that a fit leaves, whole or not at all.

    Attributes
    ----------
    plan : Plan
        What was trained, and how.
    state : State
        Where the training stands; its weights are the fitted network's.
    form : TargetForm
        The form of the target, which predictions are given.
    coding : Coding
        How the target was compared with the outputs.
    history, step_history : dict of str to list of float
        By epoch, and by step (None, if it was not asked for).
    unrecorded : tuple of float
        Losses of the steps since the last record.
    n_seen : int
        Training samples seen, counted once an epoch.
    stopped_early : bool
        Whether early stopping chose the epoch.
    metrics : tuple
        The user's own, as they were given.
    callbacks : tuple of keras.callbacks.Callback
        Those that were used; not pickled.
    preprocessor : object
        What makes inputs of the network of samples, if the fit has learned any of that.
    out_of_fold : OutOfFoldOutputs or None
        What members predicted of samples that they were not trained on.
    """

    plan: Plan
    state: State
    form: TargetForm
    coding: Coding
    history: dict[str, list[float]]
    step_history: dict[str, list[float]] | None
    unrecorded: tuple[float, ...]
    n_seen: int
    stopped_early: bool
    metrics: tuple[Any, ...]
    callbacks: tuple[Any, ...] = ()
    preprocessor: Any = None
    out_of_fold: OutOfFoldOutputs | None = None

    @cached_property
    def model(self) -> Any:
        """The network as a compiled Keras model, which is not pickled."""
        require_not_forked("model_")
        from skmlp._engine.export import keras_model

        return keras_model(self.plan, self.state.weights, self.model_metrics(), self.form.scale)

    def model_metrics(self) -> list[Any]:
        """The metrics that the model is compiled with: the nearest to the score, and the user's own."""
        from skmlp._metrics import model_metrics

        return model_metrics(self.metrics, self.coding)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name not in ("model", "callbacks")}

    @property
    def _layers(self) -> NetworkSpec:
        """The multi-layer perceptron; other networks do not have weights of the same kinds in each layer."""
        assert isinstance(self.plan.network, NetworkSpec)  # noqa: S101  (for the type checker)
        return self.plan.network

    def weights(self, kind: str) -> tuple[NDArray[np.floating], ...]:
        """The weights of a kind, such as "kernel", one for each layer, as arrays that cannot be written to.

        Those of several members are one array, (n_members, ...).
        """
        found, n_members = weights_of(self._layers, self.state.weights, (kind,)), self._layers.n_members
        n_layers = len(found) // n_members
        of_layers = (found[layer::n_layers] for layer in range(n_layers))
        arrays = tuple(of_layer[0].view() if n_members == 1 else np.stack(of_layer) for of_layer in of_layers)
        for array in arrays:
            array.flags.writeable = False
        return arrays

    def with_weights(self, kind: str, given: Sequence[ArrayLike], name: str) -> Fitted:
        """The same with other weights of a kind.

        Raises
        ------
        ValueError
            If they do not have the shapes of the network's, or are not finite; the message calls them ``name``.
        """
        dtype = self.plan.network.dtype
        try:
            arrays = [np.asarray(weight) for weight in given]
            if any(np.iscomplexobj(array) for array in arrays):
                raise ValueError(f"{name} holds complex numbers: give real ones.")
            with np.errstate(over="ignore"):
                new = [np.array(array, dtype=dtype) for array in arrays]
        except (TypeError, ValueError) as error:
            raise ValueError(f"{name} must be a sequence of arrays, one for each layer: {error}") from error
        old = self.weights(kind)
        if [weight.shape for weight in new] != [weight.shape for weight in old]:
            raise ValueError(
                f"{name} has the shapes {[weight.shape for weight in new]}, but the network's are "
                f"{[weight.shape for weight in old]}: give it arrays of these."
            )
        if not all(np.isfinite(weight).all() for weight in new):
            raise ValueError(f"{name} holds values that are NaN, infinite or too large for {dtype}: give finite ones.")
        members = [new] if self._layers.n_members == 1 else zip(*new, strict=True)
        replacements = chain.from_iterable(members)
        names = weight_names(self._layers)
        weights = [
            next(replacements) if each == kind else weight
            for each, weight in zip(names, self.state.weights, strict=True)
        ]
        return replace(self, state=replace(self.state, weights=weights))


class FittedAttributes:
    """The public attributes of a fitted estimator, read from the one object that its fit left."""

    _fitted: Fitted | None = None

    # What scikit-learn notes of the samples
    n_features_in_: int
    feature_names_in_: NDArray[np.object_]

    def __sklearn_is_fitted__(self) -> bool:
        return self._fitted is not None

    @property
    def _fit_result(self) -> Fitted:
        """What the fit left.

        Raises
        ------
        NotFittedError
            If there was none; it is an AttributeError too, so that ``hasattr`` answers False.
        """
        if self._fitted is None:
            raise NotFittedError(
                f"This {type(self).__name__} instance is not fitted yet. Call 'fit' with appropriate arguments before "
                "using this estimator."
            )
        return self._fitted

    @property
    def history_(self) -> dict[str, list[float]]:
        """By epoch: "loss", "learning_rate", and with validation samples "val_loss", "val_score" and ``metrics``."""
        return self._fit_result.history

    @property
    def step_history_(self) -> dict[str, list[float]] | None:
        """With ``record_every``, by step: "step", "loss" (the mean since the last record), and validation."""
        return self._fit_result.step_history

    @property
    def loss_curve_(self) -> list[float]:
        """The training loss of each epoch: the mean over its samples, each measured just before its own step."""
        return self.history_["loss"]

    @property
    def loss_(self) -> float:
        """The training loss of the last epoch, penalties included."""
        return self.loss_curve_[-1]

    @property
    def best_loss_(self) -> float | None:
        """The lowest training loss of an epoch; None with ``early_stopping``."""
        return None if self._fit_result.stopped_early else min(self.loss_curve_)

    @property
    def validation_scores_(self) -> list[float] | None:
        """The accuracy, or R² of a regressor, on the validation samples after each epoch; None without them."""
        return self.history_.get("val_score")

    @property
    def best_validation_score_(self) -> float | None:
        """The highest validation score."""
        scores = self.validation_scores_
        return float(np.nanmax(scores)) if scores else None

    @property
    def n_iter_(self) -> int:
        """The number of epochs that were run."""
        return len(self.loss_curve_)

    @property
    def t_(self) -> int:
        """The number of training samples seen, counted once in each epoch."""
        return self._fit_result.n_seen

    @property
    def n_layers_(self) -> int:
        """The number of layers, input and output layer included."""
        return len(self._fit_result.plan.network.hidden_layer_sizes) + 2

    @property
    def n_outputs_(self) -> int:
        """The number of units of the output layer."""
        return self._fit_result.plan.network.n_outputs

    @property
    def out_activation_(self) -> str:
        """The name of the activation of the output layer."""
        return self._fit_result.plan.network.output_activation

    @property
    def callbacks_(self) -> list[Any]:
        """The callbacks that the fit used: copies, or what the function returned; empty after loading."""
        return list(self._fit_result.callbacks)

    @property
    def model_(self) -> Any:
        """The fitted network as a compiled ``keras.Model`` with its own optimizer, loss and regularizers.

        It is made on first access and kept until the next fit; training it does not change the estimator. Its learning
        rate and its dropout rates are those before their schedules. Its loss does not smooth labels, and is the sum
        over several outputs rather than the mean. It takes class numbers as targets, a column of 0 and 1 for two
        classes, and one-hot rows side by side for several outputs. With ``target_scaling``, its outputs and its loss
        are in the units of the target; it does not clip its outputs.
        """
        return self._fit_result.model


class FittedLayers(FittedAttributes):
    """The weights of a multi-layer perceptron, layer by layer."""

    @property
    def coefs_(self) -> tuple[NDArray[np.floating], ...]:
        """The kernel of each layer, (inputs, outputs): read-only; assign arrays of the same shapes to change them.

        For several members, (n_members, inputs, outputs).
        """
        return self._fit_result.weights("kernel")

    @coefs_.setter
    def coefs_(self, kernels: Sequence[ArrayLike]) -> None:
        self._fitted = self._fit_result.with_weights("kernel", kernels, "coefs_")

    @property
    def intercepts_(self) -> tuple[NDArray[np.floating], ...]:
        """The bias of each layer, (outputs,): read-only; assign arrays of the same shapes to change them.

        For several members, (n_members, outputs).
        """
        return self._fit_result.weights("bias")

    @intercepts_.setter
    def intercepts_(self, biases: Sequence[ArrayLike]) -> None:
        self._fitted = self._fit_result.with_weights("bias", biases, "intercepts_")
