"""Predictions of labels, and what a fit has to know of them: what all classifiers have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.utils import Tags

from skmlp._fitted import FittedAttributes
from skmlp._samples import Arguments
from skmlp._target_forms import Labels, TargetForm, label_table
from skmlp._targets import Coding, choose
from skmlp._types import SamplesLike, TargetsLike
from skmlp._validation import check_sample_weight

if TYPE_CHECKING:  # so that the methods that it decorates keep their types
    Method = TypeVar("Method", bound=Callable[..., Any])

    def available_if(check: Callable[[Any], bool]) -> Callable[[Method], Method]: ...

else:
    from sklearn.utils.metaestimators import available_if


def _has_probabilities(estimator: Classification) -> bool:
    """Whether the outputs are probabilities: those of the fitted network, or of the one that the next fit makes."""
    fitted = estimator._fitted
    return (estimator.output_activation if fitted is None else fitted.coding.output_activation) != "linear"


class Classification(ClassifierMixin, FittedAttributes):  # type: ignore[misc]  # scikit-learn has no types
    """What a classifier adds to the template, apart from its parameters."""

    _target_form: ClassVar[type[TargetForm]] = Labels

    loss: Any
    output_activation: str
    dtype: str
    _forward: Callable[[Any], tuple[NDArray[np.floating], NDArray[np.floating]]]

    def predict(self, X: SamplesLike) -> NDArray[Any]:
        """Predict the label, or labels, of each sample.

        The class with the highest probability is predicted; of independent labels, those with a probability above 1/2.

        Parameters
        ----------
        X : array-like, sparse matrix or data frame of shape (n_samples, n_features)
            The samples to predict, with the features that `fit` was given, in the same order.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_labels)
            The labels, in the form in which `fit` was given them.

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
        predict_proba : The probabilities of the classes.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from skmlp import KerasMLPClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> mlp = KerasMLPClassifier((10,), epochs=3, random_state=0).fit(X, y)
        >>> mlp.predict(X[:2]).shape
        (2,)
        """
        return self._labels.label(self._labels.decide(self._scores(X)))

    @available_if(_has_probabilities)
    def predict_proba(self, X: SamplesLike) -> Any:
        """Predict the probability of each class.

        Estimators with ``output_activation="linear"`` do not have this method.

        Parameters
        ----------
        X : array-like, sparse matrix or data frame of shape (n_samples, n_features)
            The samples to predict, with the features that `fit` was given, in the same order.

        Returns
        -------
        ndarray of shape (n_samples, n_classes), or a list of such for several outputs
            The probabilities, with columns in the order of ``classes_``. Each row sums to 1, except for independent
            labels. The dtype is float32 if both ``X`` and the network are, otherwise float64.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If ``X`` has other features than in `fit`, or values that `fit` would refuse.
        RuntimeError
            If this process was forked after TensorFlow had started.
        AttributeError
            If the outputs are linear.

        See Also
        --------
        predict_log_proba : Their logarithms.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from skmlp import KerasMLPClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> mlp = KerasMLPClassifier((10,), epochs=3, random_state=0).fit(X, y)
        >>> mlp.predict_proba(X[:2]).shape
        (2, 3)
        """
        _, outputs = self._forward(X)
        return self._labels.probabilities(outputs, widened=outputs.dtype != self._fit_result.plan.network.dtype)

    @available_if(_has_probabilities)
    def predict_log_proba(self, X: SamplesLike) -> Any:
        """Predict the logarithm of the probability of each class.

        It is computed from the logits, so that none is minus infinity. Estimators with ``output_activation="linear"``
        do not have this method.

        Parameters
        ----------
        X : array-like, sparse matrix or data frame of shape (n_samples, n_features)
            The samples to predict, with the features that `fit` was given, in the same order.

        Returns
        -------
        ndarray of shape (n_samples, n_classes), or a list of such for several outputs
            The logarithms of the probabilities, with columns in the order of ``classes_``.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If ``X`` has other features than in `fit`, or values that `fit` would refuse.
        RuntimeError
            If this process was forked after TensorFlow had started.
        AttributeError
            If the outputs are linear.

        See Also
        --------
        predict_proba : The probabilities of the classes.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from skmlp import KerasMLPClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> mlp = KerasMLPClassifier((10,), epochs=3, random_state=0).fit(X, y)
        >>> bool((mlp.predict_log_proba(X) < 0).all())
        True
        """
        logits, _ = self._forward(X)
        return self._labels.log_probabilities(logits)

    def decision_function(self, X: SamplesLike) -> NDArray[np.floating]:
        """Compute the scores from which `predict` takes the labels: the logits of the network.

        For linear outputs, the boundary between two labels is subtracted, the output at which the loss is the same for
        both: 1/2 for "mean_squared_error", 0 for "hinge".

        Parameters
        ----------
        X : array-like, sparse matrix or data frame of shape (n_samples, n_features)
            The samples to predict, with the features that `fit` was given, in the same order.

        Returns
        -------
        ndarray of shape (n_samples,) with two classes, otherwise (n_samples, n_outputs)
            The scores. With two classes, the second one is predicted where its score is above 0. With more classes, the
            one with the largest score is predicted, and with several outputs, the largest in the columns of each. Of
            independent labels, those with scores above 0 are predicted.

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
        predict_proba : The probabilities of the classes.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from skmlp import KerasMLPClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> mlp = KerasMLPClassifier((10,), epochs=3, random_state=0).fit(X, y)
        >>> bool((mlp.decision_function(X).argmax(axis=1) == mlp.predict(X)).all())
        True
        """
        scores = self._scores(X)
        return scores.ravel() if self._labels.kind == "binary" else scores

    def score(self, X: SamplesLike, y: TargetsLike, sample_weight: ArrayLike | None = None) -> float:
        """Compute the accuracy on samples with known labels.

        With several labels for a sample, it counts as right if all of them are.

        Parameters
        ----------
        X : array-like, sparse matrix or data frame of shape (n_samples, n_features)
            The samples to predict, with the features that `fit` was given, in the same order.
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Their true labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Their weights; None weighs all alike.

        Returns
        -------
        float
            The accuracy, from 0 to 1.

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
        sklearn.metrics.balanced_accuracy_score : For imbalanced classes.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from skmlp import KerasMLPClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> mlp = KerasMLPClassifier((10,), batch_size=16, epochs=60, random_state=0).fit(X, y)
        >>> mlp.score(X, y) > 0.9
        True
        """
        predicted = self.predict(X)
        if self._labels.kind != "multioutput":
            return float(accuracy_score(y, predicted, sample_weight=sample_weight))
        weight = check_sample_weight(sample_weight, len(predicted), "sample_weight")
        return float(np.average((predicted == np.asarray(y)).all(axis=1), weights=weight))

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

    @property
    def _y_checks(self) -> dict[str, bool]:
        return {"multi_output": True}

    @property
    def classes_(self) -> Any:
        """The labels, sorted; for independent labels and one-hot rows, the numbers of the columns."""
        return self._labels.classes

    @property
    def _labels(self) -> Labels:
        labels = self._fit_result.form
        assert isinstance(labels, Labels)  # noqa: S101  (for the type checker)
        return labels

    def _scores(self, X: SamplesLike) -> NDArray[np.floating]:
        """Logits relative to the boundary that the loss puts between labels."""
        logits, _ = self._forward(X)
        scores: NDArray[np.floating] = logits - self._fit_result.coding.boundary
        return scores

    def _table(self, y: NDArray[Any]) -> NDArray[Any]:
        return label_table(y)

    def _form(
        self, y: NDArray[Any], weight: NDArray[np.float64], given: Arguments, previous: TargetForm | None
    ) -> TargetForm:
        from skmlp._losses import loss_name

        if previous is not None:
            return previous
        one_hot = self.output_activation == "softmax" or str(loss_name(self.loss)).startswith("categorical")
        if given.partial:
            return Labels.of_classes(given.classes, y, one_hot=one_hot)
        return Labels.of(y, one_hot=one_hot)

    def _coding(self, form: Labels, hyperparameters: Any) -> Coding:
        from skmlp._losses import known_losses, resolve_loss, smoothes_labels, takes_class_numbers

        given = resolve_loss(self.loss, self.dtype)
        choice = choose(form.kind, given, self.output_activation, known_losses())
        loss, output_activation, boundary = choice.loss, choice.output_activation, choice.boundary
        if hyperparameters.label_smoothing and not smoothes_labels(loss):
            raise ValueError(
                f"label_smoothing={hyperparameters.label_smoothing!r} is not a setting of loss={self.loss!r}: set it "
                "to 0, or take a cross-entropy by name."
            )
        sparse = form.kind in ("multiclass", "one-hot") and takes_class_numbers(loss, output_activation)
        if boundary is None:
            from skmlp._engine.trial import find_boundary

            boundary = find_boundary(loss, form.n_outputs, self.dtype)
        return Coding(form.kind, loss, output_activation, sparse, given, boundary)
