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
    """Multi-layer perceptron classifier, trained by Keras.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int, default=(100,)
        The width of each hidden layer; ``()`` is softmax regression.
    activation : str or sequence of str, default="relu"
        The activation of the hidden layers, one for all or one for each: any name that ``keras.activations`` has.
    dropout : float or sequence of float, default=0.0
        The share of a hidden layer's outputs that each training step drops, one for all layers or one for each; at
        least 0 and less than 1.
    input_dropout : float, default=0.0
        The share of the features that each training step drops.
    l1, l2 : float, default=0.0
        Penalties on the kernels, output layer included, added to the loss: ``l1 * sum(|w|) + l2 * sum(w ** 2)``, as in
        ``keras.regularizers.L1L2``. scikit-learn's ``alpha`` is ``l2 = alpha / (2 * batch size)``.
    regularize_bias : bool, default=False
        Whether the penalties are on the biases, too.
    normalization : {"batch", "layer"}, default=None
        A normalisation of every hidden layer, between its weights and its activation.
    kernel_initializer : str, default="glorot_uniform"
        Where the kernels start from: any name that ``keras.initializers`` has.
    bias_initializer : str, default="zeros"
        Where the biases start from.
    loss : str, default="auto"
        The Keras loss. "auto" is cross-entropy: "binary_crossentropy" for two classes, "categorical_crossentropy" for
        more. The others for two classes are "binary_focal_crossentropy", "mean_squared_error" and
        "mean_absolute_error"; for more "categorical_focal_crossentropy", "kl_divergence", "mean_squared_error",
        "mean_absolute_error" and "binary_crossentropy", on one-hot rows.
    output_activation : str, default="auto"
        "auto" is "sigmoid" for two classes and "softmax" for more, which are the only ones.
    optimizer : str, default="adam"
        One of "sgd", "rmsprop", "adam", "adamw", "adamax", "nadam", "adadelta", "adagrad", "ftrl", "lamb", "lion".
    learning_rate : float, default=None
        The learning rate; None is Keras' default for the optimizer: 0.01 for "sgd", else 0.001.
    learning_rate_schedule : str or callable, default=None
        A factor on the learning rate, by step: "cosine" falls from 1 to 0 over the fit as
        ``(1 + cos(pi * step / steps)) / 2``, "exponential" is ``0.95 ** epoch`` and "inverse_time"
        ``1 / (1 + 0.1 * epoch)``, with fractions of epochs. A callable takes the number of the step, from 0, and
        returns the factor.
    momentum, nesterov, beta_1, beta_2, rho, epsilon : float (nesterov: bool), default=None
        Settings of the optimizer, as Keras names them; None is Keras' default. One that the optimizer does not have is
        an error.
    weight_decay : float, default=None
        Decoupled weight decay per step, times the learning rate; every optimizer has it.
    clipnorm : float, default=None
        The norm to which the gradient of each weight is clipped; every optimizer has it.
    batch_size : int or "auto", default="auto"
        Samples per training step; "auto" is ``min(200, n_samples)``. The last batch of an epoch may be short.
    epochs : int, default=100
        Passes over the training samples. All of them are made, unless ``early_stopping`` ends the fit.
    shuffle : bool, default=True
        Whether each epoch takes the samples in a new order.
    early_stopping : bool, default=False
        Whether to stop when the score on validation samples no longer rises, and to keep the weights of the best epoch.
        The samples are those given to `fit`, else a part of the training samples, stratified by class.
    validation_fraction : float, default=0.1
        The share of the training samples that ``early_stopping`` holds out.
    n_iter_no_change : int, default=10
        Training stops after more than so many epochs in a row without improvement.
    tol : float, default=1e-4
        The least rise of the score that is an improvement.
    random_state : int, RandomState instance or None, default=None
        Decides initial weights, shuffles, dropout and the validation split. The same int gives the same weights again,
        bit by bit, on the same machine with the same number of threads; no global generator is touched.
    verbose : int, default=0
        1 shows a line of progress: epoch, loss and time left.
    dtype : {"float32", "float64"}, default="float32"
        What the network computes in.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted.
    n_features_in_ : int
        Features seen by `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, if all are strings.
    n_iter_ : int
        Epochs that were run.
    t_ : int
        Training samples that were seen, counted once an epoch.
    loss_ : float
        The training loss of the last epoch, penalties included.
    best_loss_ : float or None
        The least training loss of an epoch; None with ``early_stopping``.
    loss_curve_ : list of float
        The training loss of each epoch: the mean over its samples, each before its own step.
    validation_scores_ : list of float or None
        The accuracy on the validation samples after each epoch; None without validation samples.
    best_validation_score_ : float or None
        The highest of them.
    history_ : dict of str to list of float
        By epoch: "loss", "learning_rate" (of its first step), and with validation samples "val_loss" and "val_score".
    coefs_, intercepts_ : list of ndarray
        The kernel, (inputs, outputs), and the bias, (outputs,), of each layer.
    n_layers_ : int
        Layers, input and output included.
    n_outputs_ : int
        Units of the output layer.
    out_activation_ : str
        Its activation.
    model_ : keras.Model
        The fitted network as a compiled Keras model, made on first access.

    See Also
    --------
    KerasMLPRegressor : The regressor.
    sklearn.neural_network.MLPClassifier : scikit-learn's own.
    skmlp.cache_info : How many training programs were compiled.

    Notes
    -----
    A fit compiles its network once for each structure: layer sizes, activations, optimizer, batch size, and which
    penalties and dropouts there are. Learning rates, penalties, dropout rates and the optimizer's settings are values,
    so that a search over them compiles once.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skmlp import KerasMLPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> mlp = KerasMLPClassifier((50, 20), dropout=0.1, learning_rate=0.01, epochs=50, random_state=0)
    >>> pipeline = make_pipeline(StandardScaler(), mlp).fit(X, y)
    >>> pipeline.score(X, y) > 0.95
    True
    """

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
