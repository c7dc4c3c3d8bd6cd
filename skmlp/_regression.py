"""Predictions of numbers, and what a fit has to know of them: what all regressors have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import RegressorMixin

from skmlp._fitted import FittedAttributes
from skmlp._samples import Arguments
from skmlp._target_forms import Numbers, TargetForm, made_dense
from skmlp._target_scale import check_target_scaling
from skmlp._targets import Coding, choose
from skmlp._types import SamplesLike, TargetsLike


class Regression(RegressorMixin, FittedAttributes):  # type: ignore[misc]  # scikit-learn has no types
    """What a regressor adds to the template, apart from its parameters."""

    _target_form: ClassVar[type[TargetForm]] = Numbers

    loss: Any
    quantile: float
    target_scaling: str | None
    clip_predictions: bool
    output_activation: str
    dtype: str
    _forward: Callable[[Any], tuple[NDArray[np.floating], NDArray[np.floating]]]

    def predict(self, X: SamplesLike) -> NDArray[np.floating]:
        """Predict the target of each sample.

        Predictions are in the units of the target that `fit` was given, also with ``target_scaling``.

        Parameters
        ----------
        X : array-like, sparse matrix or data frame of shape (n_samples, n_features)
            The samples to predict, with the features that `fit` was given, in the same order.

        Returns
        -------
        ndarray of shape (n_samples,), or (n_samples, n_outputs) if the target of `fit` had two dimensions
            The predictions. The dtype is float32 if both ``X`` and the network are, otherwise float64.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If ``X`` has other features than in `fit`, or values that `fit` would refuse.
        RuntimeError
            If this process was forked after TensorFlow had started.

        See Also
        --------
        score : R² on samples with known targets.

        Examples
        --------
        >>> from sklearn.datasets import load_diabetes
        >>> from skmlp import KerasMLPRegressor
        >>> X, y = load_diabetes(return_X_y=True)
        >>> mlp = KerasMLPRegressor(
        ...     (10,), target_scaling="standard", learning_rate=0.1, epochs=30, random_state=0
        ... )
        >>> mlp = mlp.fit(X, y)
        >>> mlp.predict(X[:2]).shape
        (2,)
        """
        _, outputs = self._forward(X)
        return self._restored(outputs)

    def score(self, X: SamplesLike, y: TargetsLike, sample_weight: ArrayLike | None = None) -> float:
        """Compute R², the coefficient of determination, on samples with known targets.

        R² is the fraction of the variance of the target that the predictions explain: 1 for perfect predictions, and 0
        for predicting its mean. Of several outputs, it is their mean.

        Parameters
        ----------
        X : array-like, sparse matrix or data frame of shape (n_samples, n_features)
            The samples to predict, with the features that `fit` was given, in the same order.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Their true targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Their weights; None weighs all alike.

        Returns
        -------
        float
            R², at most 1.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If `predict` refuses ``X``, or if ``X``, ``y`` and ``sample_weight`` differ in their number of samples.
        RuntimeError
            If this process was forked after TensorFlow had started.

        See Also
        --------
        sklearn.metrics.root_mean_squared_error : The error in the units of the target.

        Examples
        --------
        >>> from sklearn.datasets import load_diabetes
        >>> from skmlp import KerasMLPRegressor
        >>> X, y = load_diabetes(return_X_y=True)
        >>> mlp = KerasMLPRegressor(
        ...     (10,), target_scaling="standard", learning_rate=0.1, epochs=30, random_state=0
        ... )
        >>> mlp = mlp.fit(X, y)
        >>> mlp.score(X, y) > 0.4
        True
        """
        return float(super().score(X, y, sample_weight))

    def _restored(self, outputs: NDArray[np.floating]) -> NDArray[np.floating]:
        """Outputs as predictions in the form of the target."""
        form = self._fit_result.form
        assert isinstance(form, Numbers)  # noqa: S101  (for the type checker)
        return form.restore(outputs)

    @property
    def _y_checks(self) -> dict[str, bool]:
        return {"multi_output": True, "y_numeric": True}

    def _table(self, y: NDArray[Any]) -> NDArray[Any]:
        return np.asarray(made_dense(y))

    def _form(
        self, y: NDArray[Any], weight: NDArray[np.float64], given: Arguments, previous: TargetForm | None
    ) -> Numbers:
        scaled, clip = self.target_scaling is not None, bool(self.clip_predictions)
        if previous is None:
            return Numbers.of(y, weight, clip=clip, scaled=scaled)
        assert isinstance(previous, Numbers)  # noqa: S101  (for the type checker)
        if scaled != (previous.scale is not None):
            before = None if previous.scale is None else "standard"
            raise ValueError(
                f"A fit can only continue with the same target_scaling, but it was {before!r} and is "
                f"{self.target_scaling!r}: to start again, call fit with warm_start=False."
            )
        return previous.going_on(y, weight, clip=clip)

    def _coding(self, form: Numbers, hyperparameters: Any) -> Coding:
        from skmlp._losses import known_losses, resolve_loss

        if not (isinstance(self.loss, str) and self.loss == "quantile") and self.quantile != 0.5:
            raise ValueError(f"quantile={self.quantile!r} needs loss='quantile', but loss is {self.loss!r}.")

        given = resolve_loss(self.loss, self.dtype)
        choice = choose(form.kind, given, self.output_activation, known_losses())
        coding = Coding(form.kind, choice.loss, choice.output_activation, sparse=False, given=given)
        if form.scale is not None:
            check_target_scaling(coding)
        return coding

    @property
    def target_mean_(self) -> NDArray[np.float64] | None:
        """With ``target_scaling``, the mean of each output of the target, (n_outputs,)."""
        scale = self._fit_result.form.scale
        return None if scale is None else scale.mean

    @property
    def target_scale_(self) -> NDArray[np.float64] | None:
        """With ``target_scaling``, their standard deviations, (n_outputs,); 1 for an output that does not vary."""
        scale = self._fit_result.form.scale
        return None if scale is None else scale.deviation
