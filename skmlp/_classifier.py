"""The classifier: what it adds to the template."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score

from skmlp._base import BaseKerasMLP
from skmlp._targets import (
    Target,
    class_numbers,
    class_target,
    decide,
    encode_classes,
    log_probabilities,
    probabilities,
)


class KerasMLPClassifier(ClassifierMixin, BaseKerasMLP):  # type: ignore[misc]  # scikit-learn has no types
    """Multi-layer perceptron classifier, trained by Keras."""

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Predict the class of each sample.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        y : ndarray of shape (n_samples,)
            Labels, of the dtype of ``classes_``.
        """
        logits, _ = self._forward(X)
        return np.asarray(self.classes_[decide(logits)])

    def predict_proba(self, X: ArrayLike) -> NDArray[np.floating]:
        """Predict the probability of each class.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            In the order of ``classes_``, of the fitted ``dtype``; each row sums to 1.
        """
        _, outputs = self._forward(X)
        return probabilities(outputs)

    def predict_log_proba(self, X: ArrayLike) -> NDArray[np.floating]:
        """Predict the logarithm of the probability of each class, from the logits, so that none is minus infinity.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        log_probabilities : ndarray of shape (n_samples, n_classes)
            In the order of ``classes_``.
        """
        logits, _ = self._forward(X)
        return log_probabilities(logits)

    def decision_function(self, X: ArrayLike) -> NDArray[np.floating]:
        """The network's logits.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        logits : ndarray of shape (n_samples,) with two classes, else (n_samples, n_classes)
            The class with the largest is predicted; with two classes, the second one where it is above 0.
        """
        logits, _ = self._forward(X)
        return logits.ravel() if logits.shape[1] == 1 else logits

    @property
    def _y_checks(self) -> dict[str, bool]:
        return {}

    def _encode(self, y: NDArray[Any]) -> Target:
        self.classes_, codes = encode_classes(y)
        return class_target(codes, len(self.classes_), self.loss, self.output_activation, self.dtype)

    def _encode_more(self, y: ArrayLike, target: Target) -> Target:
        codes = class_numbers(y, self.classes_, "y_val")
        return class_target(codes, len(self.classes_), self.loss, self.output_activation, self.dtype)

    def _score_outputs(
        self, target: Target, logits: NDArray[np.floating], outputs: NDArray[np.floating], weight: NDArray[np.float64]
    ) -> float:
        return float(accuracy_score(target.codes, decide(logits), sample_weight=weight))

    def _keras_metrics(self) -> list[str]:
        return ["accuracy"]
