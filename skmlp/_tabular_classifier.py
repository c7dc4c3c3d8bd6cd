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
    """Classifier for tables as they come, with categories and gaps: an ensemble of small networks.

    Several small networks are trained side by side on the same batches; the mean of what they predict is returned. Each
    leaves out a part of the samples, by which the epoch to keep is chosen, so that none is lost to validation. Numbers
    are scaled by their quantiles and embedded by cosines. It is after RealMLP [1]_, whose paper has most of the
    defaults, with the periodic embedding of [2]_; members side by side are those of a deep ensemble [3]_.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int, default=(128, 128)
        The width of each hidden layer of a member.
    activation : str, callable or sequence of these, default="auto"
        The activation of the hidden layers, one for all or one for each: any name that ``keras.activations`` has, or a
        function of tensors. "auto" is "selu".
    n_members : int, default=8
        Networks that are trained side by side. They have dropout, weights and embeddings of categories of
        their own, and share the embedding of numbers.
    categorical_features : "from_dtype", array-like of str, int or bool, or None, default="from_dtype"
        The columns that hold categories: in a data frame by default those of strings, of categories, and of objects
        unless all are numbers; or names, positions or a mask; or none. Columns of booleans, and of objects that are
        numbers, count as numbers. The categories of a column are all strings, or all numbers, when it is fitted and
        when it is predicted.
    max_one_hot : int, default=64
        Columns of so many categories at most are one-hot encoded. Those of more have an embedding, which is learned.
    category_dim : int, default=8
        The width of the embedding of a category.
    numeric_scaling : {"quantile", "standard"}, transformer or None, default="quantile"
        What is done to columns of numbers with more than two values: their quantiles are mapped to those of the normal
        distribution, or they are standardised; a transformer of your own, which makes one number of each, is cloned
        and fitted. Columns of two values are standardised.
    numeric_embedding : {"periodic"} or None, default="periodic"
        Whether these columns are embedded: ``mixing.T @ cos(2 * pi * frequencies * x + phases) + offsets`` is learned
        of each, beside the number itself.
    n_frequencies : int, default=16
        The cosines of a column.
    frequency_scale : float, default=0.1
        The standard deviation of the frequencies before training: larger ones learn finer steps. Members share the
        embedding, which hands what one learns to the others: above about 0.3, scores out of fold are too good.
    periodic_dim : int, default=3
        The numbers that the cosines of a column are mixed to.
    input_scale : bool, default=True
        Whether each member learns a factor for each of its inputs.
    parametric_activation : bool, default=True
        Whether each unit learns how far it is activated: ``x + slope * (activation(x) - x)``.
    dropout : float or sequence of float, default=0.15
        The share of a hidden layer's outputs that each training step drops, one for all layers or one for each.
    dropout_schedule : str or callable, default="flat_cosine"
        A factor on the dropout rates, by step: "flat_cosine" is 1 up to half of the fit, and then falls to 0. The other
        names are those of ``learning_rate_schedule``.
    label_smoothing : float, default=0.1
        How far targets are moved towards equal probabilities.
    learning_rate : float, default=0.04
        The learning rate of Adam; embeddings, biases and slopes learn at a tenth of it, input scales at six times.
    learning_rate_schedule : str or callable, default="coslog4"
        A factor on the learning rate, by step: "coslog4", four waves from 0 to 1 and back, each twice as long as the
        one before; "cosine", "flat_cosine", "exponential", "inverse_time", or a function of the number of the step.
    beta_1, beta_2, epsilon : float, default=0.9, 0.95, 1e-8
        Settings of Adam.
    weight_decay : float, default=None
        Decoupled weight decay per step, times the learning rate.
    batch_size : int, default=256
        Samples per training step.
    epochs : int, default=64
        Passes over the training samples.
    shuffle : bool, default=True
        Whether each epoch takes the samples in a new order.
    early_stopping : {"out-of-fold", "validation"} or None, default="out-of-fold"
        How the epoch is chosen whose weights are kept. "out-of-fold": each member leaves out a part of the samples and
        predicts it after every second epoch; the last epoch with the best score is kept, and all epochs are run. With
        ``n_members=1`` there is nothing to leave out, and the last epoch is kept. "validation": by the score on samples
        that are given to `fit`, or held out, and training stops when it no longer rises. None: the last epoch.
    validation_fraction : float, default=0.1
        The share of the training samples that ``early_stopping="validation"`` holds out.
    monitor : {"score", "loss"}, default="score"
        What ``early_stopping="validation"`` looks at.
    n_iter_no_change : int or numpy.inf, default=10
        It stops after more than so many epochs in a row without improvement.
    tol : float, default=1e-4
        The least change for the better that is an improvement.
    class_weight : dict, "balanced" or None, default=None
        Weights by label, which multiply those of the samples, for targets of one label a sample.
    metrics : list of str, keras.metrics.Metric or callable, default=None
        Recorded on validation samples, as ``"val_"`` and the name.
    callbacks : keras.callbacks.Callback, list of them, or callable, default=None
        As in `KerasMLPClassifier`.
    record_every : int, default=None
        Also keep a record every so many steps, in ``step_history_``.
    random_state : int, RandomState instance or None, default=None
        Decides initial weights, folds, shuffles, dropout, the noise of quantiles and the validation split. The same int
        gives the same weights again, bit by bit, on the same machine with the same number of threads.
    verbose : int, default=0
        1 shows a line of progress: epoch, loss, score out of fold and time left.
    dtype : {"float32", "float64"}, default="float32"
        What the network computes in.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,), or list of such for several outputs
        The labels, sorted.
    n_features_in_ : int
        Features seen by `fit`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, if all are strings.
    oof_predictions_ : ndarray
        The probabilities of the classes, as `predict_proba` returns them, by the member that left a sample out.
        Of all samples given to `fit`, in their order; those of weight 0 are predicted, too. With
        ``early_stopping="out-of-fold"`` and several members.
    oof_score_ : float
        Their accuracy, an estimate of that on new samples. It is of single members, whose mean is better, and it chose
        the epoch, which is a little to its advantage.
    best_epoch_ : int
        The epoch, from 1, after which the network was as it is.
    preprocessor_ : object
        What was learned of the columns: transformers of scikit-learn as its attributes ``imputer_``, ``indicator_``,
        ``scaler_``, ``one_hot_`` and others. `model_inputs` applies them to a table.
    model_ : keras.Model
        The fitted network as a compiled Keras model, made on first access. Its inputs are what
        `model_inputs` makes of a table. It returns probabilities.
    n_iter_, t_ : int
        Epochs that were run; training samples that were seen, counted once an epoch.
    loss_, loss_curve_ : float, list of float
        The training loss of the last epoch, and of each; the mean over members and samples.
    history_ : dict of str to list of float
        By epoch: "loss", "learning_rate", "oof_score" (NaN where it was not looked at), and with validation samples
        "val_loss", "val_score" and the ``metrics``.
    step_history_ : dict of str to list of float, or None
        With ``record_every``, by step.
    n_layers_, n_outputs_, out_activation_
        Layers of a member, input and output included; units of its output layer; their activation.

    See Also
    --------
    TabularMLPRegressor : The regressor.
    KerasMLPClassifier : A plain network on numbers, with more choices.
    sklearn.ensemble.HistGradientBoostingClassifier : Trees for the same tables.

    Notes
    -----
    What is compiled is decided by the numbers of columns, filled up to a multiple, and of categories that are embedded,
    by members, widths, activations and the batch size. Rates, schedules, scales of frequencies and label smoothing are
    values: a search over them compiles once.

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
    >>> ages, jobs = [23, 31, None, 52, 64, 40], ["cook", None, "clerk", "cook", "clerk", "cook"]
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
        categorical_features: CategoricalFeatures = "from_dtype",
        max_one_hot: int = 64,
        category_dim: int = 8,
        numeric_scaling: NumericScaling = "quantile",
        numeric_embedding: NumericEmbedding = "periodic",
        n_frequencies: int = 16,
        frequency_scale: float = 0.1,
        periodic_dim: int = 3,
        input_scale: bool = True,
        parametric_activation: bool = True,
        dropout: float | Sequence[float] = 0.15,
        dropout_schedule: Schedule = "flat_cosine",
        label_smoothing: float = 0.1,
        learning_rate: float = 0.04,
        learning_rate_schedule: Schedule = "coslog4",
        beta_1: float = 0.9,
        beta_2: float = 0.95,
        epsilon: float = 1e-8,
        weight_decay: float | None = None,
        batch_size: int = 256,
        epochs: int = 64,
        shuffle: bool = True,
        early_stopping: EarlyStopping = "out-of-fold",
        validation_fraction: float = 0.1,
        monitor: Monitor = "score",
        n_iter_no_change: float = 10,
        tol: float = 1e-4,
        class_weight: ClassWeight = None,
        metrics: Sequence[Any] | None = None,
        callbacks: Any = None,
        record_every: int | None = None,
        random_state: int | np.random.RandomState | None = None,
        verbose: int | bool = 0,
        dtype: Dtype = "float32",
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.n_members = n_members
        self.categorical_features = categorical_features
        self.max_one_hot = max_one_hot
        self.category_dim = category_dim
        self.numeric_scaling = numeric_scaling
        self.numeric_embedding: str | None = numeric_embedding
        self.n_frequencies = n_frequencies
        self.frequency_scale = frequency_scale
        self.periodic_dim = periodic_dim
        self.input_scale = input_scale
        self.parametric_activation = parametric_activation
        self.dropout = dropout
        self.dropout_schedule = dropout_schedule
        self.label_smoothing = label_smoothing
        self.learning_rate = learning_rate
        self.learning_rate_schedule = learning_rate_schedule
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.weight_decay = weight_decay
        self.batch_size: int | str = batch_size
        self.epochs = epochs
        self.shuffle = shuffle
        self.early_stopping: str | None = early_stopping
        self.validation_fraction = validation_fraction
        self.monitor = monitor
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.class_weight = class_weight
        self.metrics = metrics
        self.callbacks = callbacks
        self.record_every = record_every
        self.random_state = random_state
        self.verbose = verbose
        self.dtype: str = dtype

    @property
    def oof_predictions_(self) -> NDArray[np.floating]:
        """The probabilities of the classes of each sample given to `fit`, by the member that left it out."""
        outputs = self._out_of_fold.outputs
        probabilities: NDArray[np.floating] = self._labels.probabilities(outputs, widened=False)
        return probabilities
