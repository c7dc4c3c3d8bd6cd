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
    JitCompile,
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
    """Multi-layer perceptron (MLP) classifier, trained by Keras.

    A network of dense layers with dropout, penalties, normalization, and any activation and optimizer of Keras. The
    target determines the output layer and the loss: two classes, more classes, independent labels (multi-label), or
    several outputs. All options are constructor parameters, so that scikit-learn's searches can tune them. Read more in
    the :doc:`user guide </user_guide/classify>`.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int, default=(100,)
        The number of units in each hidden layer; ``()`` is softmax regression. Typical: one to three layers of 32 to
        512 units.
    activation : str, callable or sequence of these, default="relu"
        The activation of the hidden layers, one for all layers or one for each: the name of a function in
        ``keras.activations``, or a function of tensors.
    n_members : int, default=1
        The number of networks in the ensemble. They are trained side by side on the same batches, each with initial
        weights and dropout masks of its own, and predictions are their mean [2]_. ``loss_`` is the mean of their
        losses. The time of a fit, and of compiling it, grows with the number of members. Typical: 1, or 4 to 16.
    normalization : {"batch", "layer"} or None, default=None
        Batch or layer normalization in every hidden layer, between its weights and its activation.
    kernel_initializer : str, keras.Initializer or callable, default="glorot_uniform"
        How the kernels (the weight matrices) are initialized: a name in ``keras.initializers``, an initializer, which
        gets a seed derived from ``random_state``, or a function of shape and dtype. Typical: "he_normal" with "relu",
        "lecun_normal" with "selu".
    bias_initializer : str, keras.Initializer or callable, default="zeros"
        How the biases are initialized: the same choices as for ``kernel_initializer``.
    dtype : {"float32", "float64"}, default="float32"
        The floating-point type that the network computes with. "float64" is slower and seldom more accurate.
    loss : str, keras.Loss or callable, default="auto"
        "auto" is cross-entropy: "binary_crossentropy" for two classes and for independent labels,
        "categorical_crossentropy" for more classes. Or any loss in ``keras.losses`` that is defined for a single
        sample, by name or as an object, or a function of targets and outputs that returns one loss for each sample. An
        object's ``reduction`` must leave the mean over the samples to the fit, and its ``dtype`` must be the
        estimator's. Register a loss class of your own with Keras, or a search cannot copy it. Losses other than the
        categorical cross-entropy get one-hot rows.
    label_smoothing : float, default=0.0
        How far cross-entropies that are given by name move their targets towards equal probabilities. Typical: 0 to
        0.2.
    output_activation : str, default="auto"
        "auto" is "sigmoid" for two classes and for independent labels, and "softmax" for more classes. "linear" returns
        scores without probabilities, as losses such as "hinge" need them. Two classes and independent labels are then
        separated at the score where the loss is the same for both labels: 0 for "hinge", 1/2 for "mean_squared_error".
    class_weight : dict, "balanced", list of these, or None, default=None
        Weights of the classes, by label; they multiply the sample weights. A label that is not named has weight 1.
        "balanced" is ``n_samples / (n_classes * count)``, with weighted counts. For independent labels or several
        outputs, give one for all of them or a list with one for each.
    dropout : float or sequence of float, default=0.0
        The probability that a training step sets an output of a hidden layer to zero, one for all layers or one for
        each; at least 0 and less than 1. Typical: 0.1 to 0.5.
    input_dropout : float, default=0.0
        The probability that a training step sets a feature to zero. Typical: 0 to 0.2.
    dropout_schedule : str, callable or None, default=None
        A factor on all dropout rates that changes with the step: the same choices as for ``learning_rate_schedule``.
        The factors of a function must be between 0 and 1.
    l1 : float, default=0.0
        The L1 penalty, ``l1 * sum(|w|)`` over all kernels, output layer included, is added to the loss, as in
        ``keras.regularizers.L1``. Typical: 1e-6 to 1e-3.
    l2 : float, default=0.0
        The L2 penalty, ``l2 * sum(w ** 2)`` over all kernels, output layer included, is added to the loss, as in
        ``keras.regularizers.L2``. scikit-learn's ``alpha`` is ``l2 = alpha / (2 * batch size)``, and for k independent
        labels ``l2 = alpha / (2 * batch size * k)``. Typical: 1e-6 to 1e-2.
    regularize_bias : bool, default=False
        Whether the penalties apply to the biases, too.
    weight_decay : float or None, default=None
        Decoupled weight decay: each step subtracts ``learning rate * weight_decay * w`` from every weight ``w``. All
        optimizers have it; None is Keras' default, 0.004 for "adamw" and "muon" and 0 for the others. Typical: 1e-4 to
        0.1.
    optimizer : str or keras.Optimizer, default="adam"
        One of "sgd", "rmsprop", "adam", "adamw", "adamax", "nadam", "adadelta", "adafactor", "adagrad", "ftrl", "lamb",
        "lion" and "muon" (in float32, if your Keras has it), or an unbuilt object of one of these classes. The
        parameters below override the settings of an object, unless they are None.
    learning_rate : float or None, default=None
        The learning rate. None is Keras' default: 0.01 for "sgd" and 0.001 for the others. Typical: 3e-4 to 1e-2 for
        "adam", 0.01 to 0.5 for "sgd". Tune it first, on a logarithmic scale.
    learning_rate_schedule : str, callable or None, default=None
        A factor on the learning rate that changes with the step. With ``t = step / steps``, which goes from 0 to 1 over
        the fit, "cosine" is ``(1 + cos(pi * t)) / 2``; "flat_cosine" is 1 during the first half of the fit and
        ``(1 + cos(pi * (2 * t - 1))) / 2`` from there; "coslog4" is ``(1 - cos(2 * pi * log2(1 + 15 * t))) / 2``, four
        waves between 0 and 1, each twice as long as the one before [1]_. "exponential" is ``0.95 ** epoch`` and
        "inverse_time" ``1 / (1 + 0.1 * epoch)``, both with fractions of epochs. A function takes the number of the
        step, from 0, and returns the factor.
    momentum : float or None, default=None
        The momentum of "sgd", "rmsprop" and "muon". This and the following settings are Keras'; None is Keras' default,
        and a setting that the optimizer does not have raises an error. Typical: 0.9.
    nesterov : bool or None, default=None
        Whether "sgd" and "muon" use Nesterov momentum. It has no effect if ``momentum`` is 0.
    beta_1 : float or None, default=None
        The decay rate of the mean of the gradients in "adam" and its relatives; in "lion", the weight of the momentum
        in a step. Typical: 0.9.
    beta_2 : float or None, default=None
        The decay rate of the mean of the squared gradients in "adam" and its relatives; in "lion", of the momentum.
        Typical: 0.95 to 0.999.
    rho : float or None, default=None
        The decay rate of the mean of squared gradients in "rmsprop" and "adadelta". Typical: 0.9 to 0.95.
    epsilon : float or None, default=None
        The constant that keeps the optimizer from dividing by zero. Typical: 1e-8 to 1e-4.
    clipnorm : float or None, default=None
        The largest norm of the gradient of each weight array; longer gradients are scaled down to it. All optimizers
        have it. Typical: 1.
    batch_size : int or "auto", default="auto"
        The number of samples in a training step. "auto" is ``min(200, n_samples)``. The last batch of an epoch may be
        smaller. Typical: 16 to 512; tune the learning rate again when you change it.
    epochs : int, default=100
        The number of passes over the training samples. All of them are run, unless ``early_stopping`` ends the fit.
        Typical: 10 to 200.
    shuffle : bool, default=True
        Whether each epoch takes the samples in a new order.
    jit_compile : bool or "auto", default="auto"
        Whether XLA compiles the training, wherever it can: sparse samples are always trained by a plain TensorFlow
        graph. XLA takes half a second or more for each new structure, and then trains small networks two to five times
        as fast. "auto" takes it from 16 batches an epoch on. False is faster where most fits have a structure of their
        own, as in a search over ``hidden_layer_sizes``; the weights then differ in their last digits, and dropout masks
        are others.
    warm_start : bool, default=False
        Whether ``fit`` continues training where the last fit stopped, for ``epochs`` more. 5 epochs and 5 more give the
        weights of 10, unless a schedule depends on the number of epochs.
    random_state : int, RandomState instance or None, default=None
        Determines the initial weights, the shuffles, dropout and the validation split. The same int gives the same
        weights again, bit by bit, on the same machine with the same number of threads. With an int, no global random
        generator is used or changed.
    early_stopping : bool, default=False
        Whether to stop when the score on the validation samples no longer improves, and to keep the weights of the best
        epoch. The validation samples are those given to `fit`, otherwise a part of the training samples, stratified by
        class.
    validation_fraction : float, default=0.1
        The fraction of the training samples that ``early_stopping`` holds out. Typical: 0.1 to 0.2.
    monitor : {"score", "loss"}, default="score"
        What early stopping monitors on the validation samples: the accuracy, or the loss.
    n_iter_no_change : int or numpy.inf, default=10
        Early stopping ends training after more than this many epochs in a row without improvement. Typical: 5 to 20.
    tol : float, default=1e-4
        The least change that counts as an improvement.
    metrics : list of str, keras.metrics.Metric or callable, or None, default=None
        Metrics that are recorded on the validation samples, as ``"val_"`` and their name: "accuracy" of labels, any
        name that ``keras.metrics.get`` takes, a Keras object, of which each fit uses a copy, or a function of targets
        and outputs that returns a value for each sample.
    callbacks : keras.callbacks.Callback, list of them, callable or None, default=None
        Keras callbacks. Each fit uses deep copies of them, and of whatever they hold. If a callback must report to an
        object of yours, or cannot be copied, give a function: each fit calls it, with the estimator if it has an
        argument without a default, and uses the callback or list of callbacks that it returns as it is. A callback with
        batch hooks makes training run batch by batch; hooks of validation and prediction are not called. Give
        scikit-learn's callbacks to ``set_callbacks`` (scikit-learn 1.9 or later).
    record_every : int or None, default=None
        Also record the loss, and the validation, every so many steps, in ``step_history_``.
    verbose : int, default=0
        1 shows the progress as a line, or a bar of tqdm's if it is installed: epoch, loss and time
        left; in a search the candidate and the fold, too.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,), or list of such for several outputs
        The labels, sorted; for independent labels and one-hot rows, the numbers of the columns.
    n_features_in_ : int
        The number of features seen by `fit`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        The names of the features, if all of them are strings.
    n_iter_ : int
        The number of epochs that were run.
    t_ : int
        The number of training samples seen, counted once in each epoch.
    loss_ : float
        The training loss of the last epoch, penalties included.
    best_loss_ : float or None
        The lowest training loss of an epoch; None with ``early_stopping``.
    loss_curve_ : list of float
        The training loss of each epoch: the mean over its samples, each measured just before the step that uses it.
    validation_scores_ : list of float or None
        The accuracy on the validation samples after each epoch; None without validation samples.
    best_validation_score_ : float or None
        The highest validation score.
    history_ : dict of str to list of float
        By epoch: "loss", "learning_rate" (at the first step of the epoch), and with validation samples "val_loss",
        "val_score" and the ``metrics``.
    step_history_ : dict of str to list of float, or None
        With ``record_every``, by step: "step" is the number of the step, "loss" the mean since the last record, and
        with validation samples the same entries as in ``history_``.
    callbacks_ : list of keras.callbacks.Callback
        The callbacks that the fit used: copies of ``callbacks``, or what the function returned. Empty after loading.
    coefs_ : tuple of ndarray
        The kernel of each layer, of shape (inputs, outputs), or (n_members, inputs, outputs) for several members. The
        arrays are read-only; assign a sequence of arrays of the same shapes to change the weights.
    intercepts_ : tuple of ndarray
        The bias of each layer, of shape (outputs,), or (n_members, outputs) for several members. Read-only; assign to
        it as to ``coefs_``.
    n_layers_ : int
        The number of layers, input and output layer included.
    n_outputs_ : int
        The number of units of the output layer.
    out_activation_ : str
        The activation of the output layer.
    model_ : keras.Model
        The fitted network as a compiled Keras model, made on first access.

    See Also
    --------
    KerasMLPRegressor : The regressor.
    TabularMLPClassifier : For tables with categories and missing values.
    sklearn.neural_network.MLPClassifier : scikit-learn's own.
    skmlp.cache_info : How many training programs were compiled.

    Notes
    -----
    Each structure is compiled once: layer sizes, activations, optimizer, batch size, and which penalties and dropout
    rates are on. Learning rates, penalties, dropout rates, settings of the optimizer and schedules are values that are
    passed to the compiled program, so that a search over them compiles once.

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
    >>> mlp = KerasMLPClassifier(
    ...     (50, 20), dropout=0.1, learning_rate=0.01, epochs=50, random_state=0
    ... )
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
        normalization: Normalization = None,
        kernel_initializer: Initializer = "glorot_uniform",
        bias_initializer: Initializer = "zeros",
        dtype: Dtype = "float32",
        loss: ClassifierLoss = "auto",
        label_smoothing: float = 0.0,
        output_activation: ClassifierOutput = "auto",
        class_weight: ClassWeights = None,
        dropout: float | Sequence[float] = 0.0,
        input_dropout: float = 0.0,
        dropout_schedule: Schedule = None,
        l1: float = 0.0,
        l2: float = 0.0,
        regularize_bias: bool = False,
        weight_decay: float | None = None,
        optimizer: Optimizer = "adam",
        learning_rate: float | None = None,
        learning_rate_schedule: Schedule = None,
        momentum: float | None = None,
        nesterov: bool | None = None,
        beta_1: float | None = None,
        beta_2: float | None = None,
        rho: float | None = None,
        epsilon: float | None = None,
        clipnorm: float | None = None,
        batch_size: BatchSize = "auto",
        epochs: int = 100,
        shuffle: bool = True,
        jit_compile: JitCompile = "auto",
        warm_start: bool = False,
        random_state: int | np.random.RandomState | None = None,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        monitor: Monitor = "score",
        n_iter_no_change: float = 10,
        tol: float = 1e-4,
        metrics: Sequence[Any] | None = None,
        callbacks: Any = None,
        record_every: int | None = None,
        verbose: int | bool = 0,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.n_members = n_members
        self.normalization = normalization
        self.kernel_initializer = kernel_initializer
        self.bias_initializer = bias_initializer
        self.dtype: str = dtype
        self.loss = loss
        self.label_smoothing = label_smoothing
        self.output_activation: str = output_activation
        self.class_weight = class_weight
        self.dropout = dropout
        self.input_dropout = input_dropout
        self.dropout_schedule = dropout_schedule
        self.l1 = l1
        self.l2 = l2
        self.regularize_bias = regularize_bias
        self.weight_decay = weight_decay
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.learning_rate_schedule = learning_rate_schedule
        self.momentum = momentum
        self.nesterov = nesterov
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.rho = rho
        self.epsilon = epsilon
        self.clipnorm = clipnorm
        self.batch_size: int | str = batch_size
        self.epochs = epochs
        self.shuffle = shuffle
        self.jit_compile: bool | str = jit_compile
        self.warm_start = warm_start
        self.random_state = random_state
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.monitor = monitor
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.metrics = metrics
        self.callbacks = callbacks
        self.record_every = record_every
        self.verbose = verbose

    @knows_names
    @with_callbacks
    def partial_fit(
        self, X: SamplesLike, y: TargetsLike, classes: ArrayLike | None = None, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Train for one epoch on these samples, from where the last call or fit stopped.

        The weights, the optimizer and its learning-rate schedule continue. The samples need not be those of the call
        before.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The training samples of this call, any number of them, in batches of ``batch_size``.
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Their labels.
        classes : array-like of shape (n_classes,), default=None
            All labels that any call will have. The first call needs them, unless ``y`` is an array of 0 and 1 with
            several columns.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights; only their proportions within the call matter.

        Returns
        -------
        object
            The estimator itself. A call that fails leaves it as it was before.

        Raises
        ------
        ValueError
            If a parameter or an array is not usable; if the network has changed since the last call or fit; with
            ``early_stopping`` or ``class_weight="balanced"``, which need the whole data set; if the first call lacks
            ``classes``, or ``y`` has others; or if
            the loss, or a weight, becomes NaN or infinite.
        RuntimeError
            If this process was forked after TensorFlow had started.

        See Also
        --------
        fit : Train for ``epochs``.

        Examples
        --------
        >>> import numpy as np
        >>> from sklearn.datasets import load_iris
        >>> from skmlp import KerasMLPClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> mlp = KerasMLPClassifier((10,), random_state=0)
        >>> for part in np.array_split(np.random.default_rng(0).permutation(150), 3):
        ...     mlp = mlp.partial_fit(X[part], y[part], classes=[0, 1, 2])
        >>> mlp.n_iter_
        3
        """
        before = getattr(self, "classes_", None)
        same = before is None or (
            not isinstance(before, list) and np.array_equal(np.unique(np.asarray(classes)), before)
        )
        if classes is not None and not same:
            raise ValueError(f"classes={classes!r} is not the same as before: leave it out, or give {before!r}.")
        ScikitLearnCallbacks.begin_fit(self, 1)
        return self._replace_fit(Arguments(X, y, sample_weight, classes=classes, partial=True))
