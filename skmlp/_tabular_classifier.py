"""The classifier for tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from skmlp._classification import Classification
from skmlp._names import TABULAR_ANSWERS, knows_names
from skmlp._tabular import TABULAR_CONSTRAINTS, BaseTabularMLP
from skmlp._types import (
    Activation,
    CategoricalFeatures,
    ClassWeight,
    Dtype,
    EarlyStopping,
    Monitor,
    NumericEmbedding,
    NumericScaling,
    Schedule,
    TabularActivation,
)
from skmlp._validation import PARAMETER_CONSTRAINTS


class TabularMLPClassifier(Classification, BaseTabularMLP):
    """Classifier for tables with categories and missing values: an ensemble of small networks.

    Several small networks are trained side by side on the same batches, and predictions are their mean. Each leaves out
    a part of the samples; the predictions of these parts choose the epoch, so that no sample is lost to validation.
    Numbers are mapped to quantiles and embedded by cosines. The method and most defaults follow RealMLP [1]_, the
    periodic embedding follows [2]_, and the members form a deep ensemble [3]_. Read more in the :doc:`user guide
    </user_guide/tables>`.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int, default=(128, 128)
        The number of units in each hidden layer of a member. Typical: two layers of 128 or 256 units.
    activation : str, callable or sequence of these, default="auto"
        The activation of the hidden layers, one for all layers or one for each: the name of a function in
        ``keras.activations``, or a function of tensors. "auto" is "selu".
    n_members : int, default=8
        The number of networks in the ensemble. They are trained side by side. Each has weights, dropout masks and
        embeddings of categories of its own; they share the embedding of numbers. Typical: 4 to 16.
    input_scale : bool, default=True
        Whether each member learns a factor for each of its inputs.
    parametric_activation : bool, default=True
        Whether each unit learns the slope of its activation: ``x + slope * (activation(x) - x)``.
    dtype : {"float32", "float64"}, default="float32"
        The floating-point type that the network computes with. "float64" is slower and seldom more accurate.
    categorical_features : {"from_dtype"}, array-like of str, int or bool, or None, default="from_dtype"
        The columns that hold categories. "from_dtype" takes the columns of a data frame that hold strings, categories,
        or objects that are not all numbers; columns of booleans, and of objects that are all numbers, count as numbers.
        Or give names, positions or a mask; None means that there are none. The categories of a column must be all
        strings or all numbers, in `fit` and in `predict` alike.
    max_one_hot : int, default=64
        Columns of up to this many categories are one-hot encoded. Columns of more categories get a learned embedding.
        Typical: 8 to 64; lower it to save memory.
    category_dim : int, default=8
        The number of dimensions of the embedding of a category. Typical: 4 to 16.
    numeric_scaling : {"quantile", "standard"}, transformer or None, default="quantile"
        How columns of numbers with more than two values are scaled. "quantile" maps their quantiles to those of the
        normal distribution, "standard" standardizes them. A transformer of your own, which must return one number for
        each, is cloned and fitted. Columns of two values are always standardized.
    numeric_embedding : {"periodic"} or None, default="periodic"
        How these columns are embedded. "periodic" learns
        ``mixing.T @ cos(2 * pi * frequencies * x + phases) + offsets`` for each column [2]_, and keeps the number
        itself beside it.
    n_frequencies : int, default=16
        The number of cosines for each column. Typical: 8 to 64.
    frequency_scale : float, default=0.1
        The standard deviation of the initial frequencies: larger ones let the network learn finer steps. Members share
        the embedding, which hands what one learns to the others: above about 0.3, scores out of fold are too good.
        Typical: 0.03 to 0.3.
    periodic_dim : int, default=3
        The number of outputs that the cosines of a column are mixed to. Typical: 2 to 8.
    label_smoothing : float, default=0.1
        How far the targets are moved towards equal probabilities. Typical: 0 to 0.2.
    class_weight : dict, "balanced" or None, default=None
        Weights of the classes, by label; they multiply the sample weights. A label that is not named has weight 1.
        "balanced" is ``n_samples / (n_classes * count)``, with weighted counts. Only for targets of one label a sample.
    dropout : float or sequence of float, default=0.15
        The probability that a training step sets an output of a hidden layer to zero, one for all layers or one for
        each; at least 0 and less than 1. Typical: 0.1 to 0.5.
    dropout_schedule : str, callable or None, default="flat_cosine"
        A factor on all dropout rates that changes with the step: the same choices as for ``learning_rate_schedule``.
        The factors of a function must be between 0 and 1.
    weight_decay : float or None, default=None
        Decoupled weight decay: each step subtracts ``learning rate * weight_decay * w`` from every weight ``w``.
        Typical: 1e-4 to 0.1.
    learning_rate : float, default=0.04
        The learning rate of Adam. The embedding of numbers, biases and slopes learn at a tenth of it, input scales at
        six times the rate. Typical: 0.02 to 0.3.
    learning_rate_schedule : str, callable or None, default="coslog4"
        A factor on the learning rate that changes with the step. With ``t = step / steps``, which goes from 0 to 1 over
        the fit, "cosine" is ``(1 + cos(pi * t)) / 2``; "flat_cosine" is 1 during the first half of the fit and
        ``(1 + cos(pi * (2 * t - 1))) / 2`` from there; "coslog4" is ``(1 - cos(2 * pi * log2(1 + 15 * t))) / 2``, four
        waves between 0 and 1, each twice as long as the one before [1]_. "exponential" is ``0.95 ** epoch`` and
        "inverse_time" ``1 / (1 + 0.1 * epoch)``, both with fractions of epochs. A function takes the number of the
        step, from 0, and returns the factor.
    beta_1 : float, default=0.9
        The decay rate of the mean of the gradients. Typical: 0.9.
    beta_2 : float, default=0.95
        The decay rate of the mean of the squared gradients. Typical: 0.95 to 0.999.
    epsilon : float, default=1e-8
        The constant that keeps Adam from dividing by zero.
    batch_size : int, default=256
        The number of samples in a training step. Typical: 128 to 1024.
    epochs : int, default=64
        The number of passes over the training samples. Typical: 16 to 128, fewer for many samples.
    shuffle : bool, default=True
        Whether each epoch takes the samples in a new order.
    random_state : int, RandomState instance or None, default=None
        Determines the initial weights, folds, shuffles, dropout, the noise of quantiles and the validation split. The
        same int gives the same weights again, bit by bit, on the same machine with the same number of threads.
    early_stopping : {"out-of-fold", "validation"} or None, default="out-of-fold"
        How the epoch is chosen whose weights are kept. "out-of-fold": each member leaves out a part of the samples and
        predicts it after every second epoch; the last epoch with the best score is kept, and all epochs are run. With
        ``n_members=1`` there is nothing to leave out, and the last epoch is kept. "validation": the epoch with the best
        score on the validation samples given to `fit`, otherwise on a part of the training samples; training stops when
        the score no longer improves. None: the last epoch.
    validation_fraction : float, default=0.1
        The fraction of the training samples that ``early_stopping="validation"`` holds out. Typical: 0.1 to 0.2.
    monitor : {"score", "loss"}, default="score"
        What ``early_stopping="validation"`` monitors: the accuracy, or the loss.
    n_iter_no_change : int or numpy.inf, default=10
        ``early_stopping="validation"`` ends training after more than this many epochs in a row without improvement.
        Typical: 5 to 20.
    tol : float, default=1e-4
        The least change that counts as an improvement.
    metrics : list of str, keras.metrics.Metric or callable, or None, default=None
        Metrics that are recorded on the validation samples, as ``"val_"`` and their name: "accuracy" of labels, any
        name that ``keras.metrics.get`` takes, a Keras object, of which each fit uses a copy, or a function of targets
        and outputs that returns a value for each sample.
    callbacks : keras.callbacks.Callback, list of them, callable or None, default=None
        Keras callbacks, as for `KerasMLPClassifier`.
    record_every : int or None, default=None
        Also record the loss, and the validation, every so many steps, in ``step_history_``.
    verbose : int, default=0
        1 shows the progress as a line, or a bar of tqdm's if it is installed: epoch, loss, out-of-fold score and time
        left; in a search the candidate and the fold, too.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,), or list of such for several outputs
        The labels, sorted; for independent labels and one-hot rows, the numbers of the columns.
    n_features_in_ : int
        The number of features seen by `fit`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        The names of the features, if all of them are strings.
    oof_predictions_ : ndarray
        The out-of-fold predictions: for each sample given to `fit`, in order, the probabilities of the classes, as
        `predict_proba` returns them, predicted by the member that left the sample out. Samples with weight 0 are
        predicted, too. Only with ``early_stopping="out-of-fold"`` and several members.
    oof_score_ : float
        The accuracy of the out-of-fold predictions, an estimate of the accuracy on new samples. It is the accuracy of
        single members, and their mean predicts better; it also chose the epoch, which makes it slightly optimistic.
    best_epoch_ : int
        The epoch, counted from 1, whose weights were kept.
    preprocessor_ : object
        The fitted transformers of scikit-learn, in the attributes ``imputer_``, ``indicator_``, ``scaler_``,
        ``one_hot_`` and others. `model_inputs` applies them to a table.
    model_ : keras.Model
        The fitted network as a compiled Keras model, made on first access. It takes what `model_inputs` returns for a
        table, and returns probabilities.
    n_iter_ : int
        The number of epochs that were run.
    t_ : int
        The number of training samples seen, counted once in each epoch.
    loss_ : float
        The training loss of the last epoch, the mean over members and samples.
    best_loss_ : float or None
        The lowest training loss of an epoch; None with ``early_stopping``.
    loss_curve_ : list of float
        The training loss of each epoch, the mean over members and samples.
    validation_scores_ : list of float or None
        The accuracy on the validation samples after each epoch; None without validation samples.
    best_validation_score_ : float or None
        The highest validation score.
    history_ : dict of str to list of float
        By epoch: "loss", "learning_rate", "oof_score" (NaN in epochs without one), and with validation samples
        "val_loss", "val_score" and the ``metrics``.
    step_history_ : dict of str to list of float, or None
        With ``record_every``, the history by step.
    callbacks_ : list of keras.callbacks.Callback
        The callbacks that the fit used: copies of ``callbacks``, or what the function returned. Empty after loading.
    n_layers_ : int
        The number of layers of a member, input and output layer included.
    n_outputs_ : int
        The number of units of the output layer.
    out_activation_ : str
        The activation of the output layer.

    See Also
    --------
    TabularMLPRegressor : The regressor.
    KerasMLPClassifier : A plain network on numbers, with more options.
    sklearn.ensemble.HistGradientBoostingClassifier : Trees for the same tables.

    Notes
    -----
    The compiled structure depends on the number of columns, rounded up, and of embedded categories, and on members,
    widths, activations and the batch size. Rates, schedules, frequency scales and label smoothing are values that are
    passed to the compiled program, so that a search over them compiles once.

    To make a fit faster, turn down ``epochs`` first, then ``n_members``.

    References
    ----------
    .. [1] Holzmüller, Grinsztajn and Steinwart, "Better by Default: Strong Pre-Tuned MLPs and Boosted Trees on Tabular
       Data", NeurIPS 2024.
    .. [2] Gorishniy, Rubachev and Babenko, "On Embeddings for Numerical Features in Tabular Deep Learning", NeurIPS
       2022.
    .. [3] Gorishniy, Kotelnikov and Babenko, "TabM: Advancing Tabular Deep Learning with Parameter-Efficient
       Ensembling", ICLR 2025, which compares such ensembles.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmlp import TabularMLPClassifier
    >>> ages, jobs = (
    ...     [23, 31, None, 52, 64, 40],
    ...     ["cook", None, "clerk", "cook", "clerk", "cook"],
    ... )
    >>> X = pd.DataFrame({"age": ages * 10, "job": jobs * 10})
    >>> y = ["no", "no", "no", "yes", "yes", "yes"] * 10
    >>> mlp = TabularMLPClassifier(n_members=2, epochs=20, random_state=0).fit(X, y)
    >>> mlp.predict(pd.DataFrame({"age": [60], "job": ["pilot"]}))
    array(['yes'], dtype='<U3')
    """

    __module__ = "skmlp"  # files name it

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **TABULAR_CONSTRAINTS,
        **{name: PARAMETER_CONSTRAINTS[name] for name in ("class_weight", "label_smoothing")},
    }

    _answers: ClassVar[Mapping[str, str]] = {
        **TABULAR_ANSWERS,
        **dict.fromkeys(("loss", "objective"), "the loss is the cross-entropy, with label_smoothing"),
    }
    _default_activation = "selu"

    # What `Classification` reads beside the parameters.
    loss = "auto"

    @knows_names
    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (128, 128),
        activation: TabularActivation | Sequence[Activation] = "auto",
        *,
        n_members: int = 8,
        input_scale: bool = True,
        parametric_activation: bool = True,
        dtype: Dtype = "float32",
        categorical_features: CategoricalFeatures = "from_dtype",
        max_one_hot: int = 64,
        category_dim: int = 8,
        numeric_scaling: NumericScaling = "quantile",
        numeric_embedding: NumericEmbedding = "periodic",
        n_frequencies: int = 16,
        frequency_scale: float = 0.1,
        periodic_dim: int = 3,
        label_smoothing: float = 0.1,
        class_weight: ClassWeight = None,
        dropout: float | Sequence[float] = 0.15,
        dropout_schedule: Schedule = "flat_cosine",
        weight_decay: float | None = None,
        learning_rate: float = 0.04,
        learning_rate_schedule: Schedule = "coslog4",
        beta_1: float = 0.9,
        beta_2: float = 0.95,
        epsilon: float = 1e-8,
        batch_size: int = 256,
        epochs: int = 64,
        shuffle: bool = True,
        random_state: int | np.random.RandomState | None = None,
        early_stopping: EarlyStopping = "out-of-fold",
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
        self.input_scale = input_scale
        self.parametric_activation = parametric_activation
        self.dtype: str = dtype
        self.categorical_features = categorical_features
        self.max_one_hot = max_one_hot
        self.category_dim = category_dim
        self.numeric_scaling = numeric_scaling
        self.numeric_embedding: str | None = numeric_embedding
        self.n_frequencies = n_frequencies
        self.frequency_scale = frequency_scale
        self.periodic_dim = periodic_dim
        self.label_smoothing = label_smoothing
        self.class_weight = class_weight
        self.dropout = dropout
        self.dropout_schedule = dropout_schedule
        self.weight_decay = weight_decay
        self.learning_rate = learning_rate
        self.learning_rate_schedule = learning_rate_schedule
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.batch_size: int | str = batch_size
        self.epochs = epochs
        self.shuffle = shuffle
        self.random_state = random_state
        self.early_stopping: str | None = early_stopping
        self.validation_fraction = validation_fraction
        self.monitor = monitor
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.metrics = metrics
        self.callbacks = callbacks
        self.record_every = record_every
        self.verbose = verbose

    @property
    def oof_predictions_(self) -> NDArray[np.floating]:
        """The probabilities of the classes, for each sample given to `fit` by the member that left it out."""
        outputs = self._out_of_fold.outputs
        probabilities: NDArray[np.floating] = self._labels.probabilities(outputs, widened=False)
        return probabilities
