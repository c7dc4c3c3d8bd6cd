"""The classifier: what it adds to the template."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike

from skmlp._base import BaseKerasMLP
from skmlp._classification import Classification
from skmlp._fitted import FittedLayers
from skmlp._names import knows_names
from skmlp._samples import Arguments
from skmlp._types import (
    Activation,
    BatchSize,
    ClassifierLoss,
    ClassifierOutput,
    ClassWeights,
    Dtype,
    Initializer,
    Monitor,
    Normalization,
    Optimizer,
    SamplesLike,
    Schedule,
    TargetsLike,
)
from skmlp._validation import PARAMETER_CONSTRAINTS
from skmlp._watch.sklearn_callbacks import ScikitLearnCallbacks, with_callbacks


class KerasMLPClassifier(Classification, FittedLayers, BaseKerasMLP):
    """Multi-layer perceptron classifier, trained by Keras.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int, default=(100,)
        The width of each hidden layer; ``()`` is softmax regression.
    activation : str, callable or sequence of these, default="relu"
        The activation of the hidden layers, one for all or one for each: any name that ``keras.activations`` has, or a
        function of tensors.
    n_members : int, default=1
        Networks that are trained side by side on the same batches, from initial weights and with dropout masks of their
        own, each as if it were alone. The mean of what they predict is returned, an ensemble [2]_ that takes one
        fit; `loss_` is the mean of theirs. The work, compiling included, is as many times
        that of one.
    dropout : float or sequence of float, default=0.0
        The probability with which each training step sets an output of a hidden layer to zero, one for all layers or
        one for each; at least 0 and less than 1.
    input_dropout : float, default=0.0
        The probability with which each training step sets a feature to zero.
    dropout_schedule : str or callable, default=None
        A factor on all dropout rates, by step, as ``learning_rate_schedule`` is on the learning rate: the same names,
        or a callable, whose factors must be between 0 and 1.
    l1, l2 : float, default=0.0
        Penalties on the kernels, output layer included, added to the loss: ``l1 * sum(|w|) + l2 * sum(w ** 2)``, as in
        ``keras.regularizers.L1L2``. scikit-learn's ``alpha`` is ``l2 = alpha / (2 * batch size)``, and for k
        independent labels ``l2 = alpha / (2 * batch size * k)``.
    regularize_bias : bool, default=False
        Whether the penalties apply to the biases, too.
    normalization : {"batch", "layer"}, default=None
        Batch or layer normalization in every hidden layer, between its weights and its activation.
    kernel_initializer : str or keras.Initializer, default="glorot_uniform"
        Where the kernels start from: any name that ``keras.initializers`` has, an initializer, which is given a seed
        from ``random_state``, or a function of shape and dtype.
    bias_initializer : str or keras.Initializer, default="zeros"
        Where the biases start from.
    loss : str, keras.Loss or callable, default="auto"
        Any loss of a sample that ``keras.losses`` has, by any name that ``keras.losses.get`` takes or as an object, or
        a function of targets and outputs that returns a loss for each sample. An object's ``reduction`` must leave the
        mean over the samples to the fit, and its ``dtype`` is the estimator's. A search over a class of one's own needs
        it registered with Keras, which otherwise cannot copy it. "auto" is cross-entropy: "binary_crossentropy" for two
        classes and for independent labels, "categorical_crossentropy" for more classes. Losses other than that one get
        one-hot rows.
    label_smoothing : float, default=0.0
        How far targets are moved towards equal probabilities; for cross-entropies by name.
    output_activation : str, default="auto"
        "auto" is "sigmoid" for two classes and for independent labels, and "softmax" for more classes. "linear" leaves
        scores without probabilities, for losses such as "hinge". Two classes and independent labels are then decided
        at the score at which the loss is the same for both labels: 0 for "hinge", 1/2 for "mean_squared_error".
    optimizer : str or keras.Optimizer, default="adam"
        One of "sgd", "rmsprop", "adam", "adamw", "adamax", "nadam", "adadelta", "adafactor", "adagrad", "ftrl", "lamb",
        "lion", "muon" (in float32, where Keras has it), or an unbuilt object of one of these classes. An object's
        learning rate and settings are read, and go behind those parameters below that are not None.
    learning_rate : float, default=None
        The learning rate; None is Keras' default for the optimizer: 0.01 for "sgd", else 0.001.
    learning_rate_schedule : str or callable, default=None
        A factor on the learning rate, by step. With ``t = step / steps``, which goes from 0 to 1 over the fit, "cosine"
        falls as ``(1 + cos(pi * t)) / 2``; "flat_cosine" is 1 up to half of the fit, and then
        ``(1 + cos(pi * (2 * t - 1))) / 2``; "coslog4" is ``(1 - cos(2 * pi * log2(1 + 15 * t))) / 2``, four waves from
        0 to 1 and back, each twice as long as the one before [1]_. "exponential" is ``0.95 ** epoch`` and
        "inverse_time" ``1 / (1 + 0.1 * epoch)``, with fractions of epochs. A callable takes the number of the step,
        from 0, and returns the factor.
    momentum, nesterov, beta_1, beta_2, rho, epsilon : float (nesterov: bool), default=None
        Settings of the optimizer, as Keras names them; None is Keras' default. One that the optimizer does not have is
        an error. ``nesterov`` does nothing where ``momentum`` is set to 0.
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
        The fraction of the training samples that ``early_stopping`` holds out.
    monitor : {"score", "loss"}, default="score"
        What early stopping looks at on the validation samples: the accuracy, or the loss.
    n_iter_no_change : int or numpy.inf, default=10
        Training stops after more than so many epochs in a row without improvement.
    tol : float, default=1e-4
        The least change for the better that is an improvement.
    class_weight : dict, "balanced" or list of these, default=None
        Weights by label, which multiply those of the samples; a label that is not named has weight 1. "balanced" is
        ``n_samples / (n_classes * count)``, counted by weight. For independent labels or several outputs, one for all
        of them or a list of one each.
    metrics : list of str, keras.metrics.Metric or callable, default=None
        Recorded on validation samples, as ``"val_"`` and the name: "accuracy" of labels, any name that
        ``keras.metrics.get`` takes, an object of Keras', of which each fit uses a copy, or a function of targets and
        outputs that returns a value for each sample.
    callbacks : keras.callbacks.Callback, list of them, or callable, default=None
        Each fit uses deep copies of its own, of the callbacks and of whatever they hold. Callbacks that are to report
        to an object outside, or that cannot be copied, come from a function: it is called at each fit, with the
        estimator if it has an argument without a default, and the callback or the list of callbacks that it returns
        is used as it is. A callback with batch hooks makes the fit go batch by batch; hooks of validation and
        prediction are not called. scikit-learn's callbacks are given to ``set_callbacks`` (scikit-learn 1.9 and later).
    record_every : int, default=None
        Also keep a record every so many steps, in ``step_history_``.
    warm_start : bool, default=False
        Whether ``fit`` resumes training where the last one stopped, for ``epochs`` more: 5 epochs and 5 more give the
        weights of 10, if no schedule depends on the number of epochs.
    random_state : int, RandomState instance or None, default=None
        Decides initial weights, shuffles, dropout and the validation split. The same int gives the same weights again,
        bit by bit, on the same machine with the same number of threads; no global generator is touched.
    verbose : int, default=0
        1 shows a line of progress: epoch, loss and time left.
    dtype : {"float32", "float64"}, default="float32"
        The floating-point type that the network computes with.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,), or list of such for several outputs
        The labels, sorted; the numbers of the columns for independent labels and one-hot rows.
    n_features_in_ : int
        Features seen by `fit`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
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
        By epoch: "loss", "learning_rate" (of its first step), and with validation samples "val_loss", "val_score" and
        the ``metrics``.
    step_history_ : dict of str to list of float, or None
        With ``record_every``, by step: "step" is their number, "loss" the mean since the last record, and with
        validation samples the same as in ``history_``.
    callbacks_ : list of keras.callbacks.Callback
        The callbacks that were used, copies of those in ``callbacks`` or what the function returned; empty after
        pickling.
    coefs_, intercepts_ : tuple of ndarray
        The kernel, (inputs, outputs), and the bias, (outputs,), of each layer: read-only arrays. Assign a sequence of
        arrays of the same shapes to give the network other weights. Of several members they have a first axis more.
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
    so that a search over them compiles once; so are schedules.

    References
    ----------
    .. [1] Holzmüller, Grinsztajn and Steinwart, "Better by Default: Strong Pre-Tuned MLPs and Boosted Trees on Tabular
       Data", NeurIPS 2024.
    .. [2] Lakshminarayanan, Pritzel and Blundell, "Simple and Scalable Predictive Uncertainty Estimation using Deep
       Ensembles", NeurIPS 2017.

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

    __module__ = "skmlp"  # files name it

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        name: constraints
        for name, constraints in PARAMETER_CONSTRAINTS.items()
        if name not in ("quantile", "target_scaling", "clip_predictions")
    }

    @knows_names
    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (100,),
        activation: Activation | Sequence[Activation] = "relu",
        *,
        n_members: int = 1,
        dropout: float | Sequence[float] = 0.0,
        input_dropout: float = 0.0,
        dropout_schedule: Schedule = None,
        l1: float = 0.0,
        l2: float = 0.0,
        regularize_bias: bool = False,
        normalization: Normalization = None,
        kernel_initializer: Initializer = "glorot_uniform",
        bias_initializer: Initializer = "zeros",
        loss: ClassifierLoss = "auto",
        label_smoothing: float = 0.0,
        output_activation: ClassifierOutput = "auto",
        optimizer: Optimizer = "adam",
        learning_rate: float | None = None,
        learning_rate_schedule: Schedule = None,
        momentum: float | None = None,
        nesterov: bool | None = None,
        beta_1: float | None = None,
        beta_2: float | None = None,
        rho: float | None = None,
        epsilon: float | None = None,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        batch_size: BatchSize = "auto",
        epochs: int = 100,
        shuffle: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        monitor: Monitor = "score",
        n_iter_no_change: float = 10,
        tol: float = 1e-4,
        class_weight: ClassWeights = None,
        metrics: Sequence[Any] | None = None,
        callbacks: Any = None,
        record_every: int | None = None,
        warm_start: bool = False,
        random_state: int | np.random.RandomState | None = None,
        verbose: int | bool = 0,
        dtype: Dtype = "float32",
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.n_members = n_members
        self.dropout = dropout
        self.input_dropout = input_dropout
        self.dropout_schedule = dropout_schedule
        self.l1 = l1
        self.l2 = l2
        self.regularize_bias = regularize_bias
        self.normalization = normalization
        self.kernel_initializer = kernel_initializer
        self.bias_initializer = bias_initializer
        self.loss = loss
        self.label_smoothing = label_smoothing
        self.output_activation: str = output_activation
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
        self.batch_size: int | str = batch_size
        self.epochs = epochs
        self.shuffle = shuffle
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.monitor = monitor
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.class_weight = class_weight
        self.metrics = metrics
        self.callbacks = callbacks
        self.record_every = record_every
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose
        self.dtype: str = dtype

    @knows_names
    @with_callbacks
    def partial_fit(
        self, X: SamplesLike, y: TargetsLike, classes: ArrayLike | None = None, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Train for one epoch more on these samples, from where the last call or fit stopped.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Samples; any number of them.
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Labels.
        classes : array-like of shape (n_classes,), default=None
            Every label that any call will have. The first call needs it, unless ``y`` is a table of 0 and 1.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights; only their proportions within the call matter.

        Returns
        -------
        self : object
            The estimator. The optimizer and its learning-rate schedule go on, too.
        """
        before = getattr(self, "classes_", None)
        same = before is None or (
            not isinstance(before, list) and np.array_equal(np.unique(np.asarray(classes)), before)
        )
        if classes is not None and not same:
            raise ValueError(f"classes={classes!r} is not the same as before: leave it out, or give {before!r}.")
        ScikitLearnCallbacks.begin_fit(self, 1)
        return self._replace_fit(Arguments(X, y, sample_weight, classes=classes, partial=True))
