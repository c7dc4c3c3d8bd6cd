"""The regressor: what it adds to the template."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils import Tags, check_array

from skmlp._base import BaseKerasMLP
from skmlp._targets import Target, regression_target


class KerasMLPRegressor(RegressorMixin, BaseKerasMLP):  # type: ignore[misc]  # scikit-learn has no types
    """Multi-layer perceptron regressor, trained by Keras."""

    def predict(self, X: ArrayLike) -> NDArray[np.floating]:
        """Predict target values.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        y : ndarray of shape (n_samples,), or (n_samples, n_outputs) if the fitted target had two dimensions
            Floating point, as precise as the fitted target and the network: float32 if both are, else float64.
        """
        _, outputs = self._forward(X)
        outputs = outputs.astype(self._output_dtype, copy=False)
        return outputs.ravel() if self._flat else outputs

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    @property
    def _y_checks(self) -> dict[str, bool]:
        return {"multi_output": True, "y_numeric": True}

    def _encode(self, y: NDArray[Any]) -> Target:
        self._flat = y.ndim == 1
        self._output_dtype = np.promote_types(y.dtype if y.dtype.kind == "f" else np.float64, self.dtype)
        return regression_target(y, self.loss, self.output_activation, self.dtype)

    def _encode_more(self, y: ArrayLike, target: Target) -> Target:
        values = check_array(y, ensure_2d=False, dtype=self.dtype, input_name="y_val")
        more = regression_target(values, target.loss, target.output_activation, self.dtype)
        if more.n_outputs != target.n_outputs:
            raise ValueError(f"y_val has {more.n_outputs} outputs, but y has {target.n_outputs}: give it as many.")
        if len(values) < 2:
            raise ValueError("y_val has one sample: give it at least two, so that R² is defined.")
        return more

    def _score_outputs(
        self, target: Target, logits: NDArray[np.floating], outputs: NDArray[np.floating], weight: NDArray[np.float64]
    ) -> float:
        return float(r2_score(target.encoded, outputs, sample_weight=weight))

    def _keras_metrics(self) -> list[str]:
        return ["mean_absolute_error"]
