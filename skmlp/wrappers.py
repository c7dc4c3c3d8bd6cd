"""Scikit-learn estimators around your own Keras models, with SciKeras' parameters, trained by the compiled engine.

Parameters, their routing, encoders and attributes are those of SciKeras: to port working code, change its import. These
classes replace SciKeras' calls of Keras' ``fit`` and ``predict``, and work with scikit-learn 1.6 and later.
"""

from __future__ import annotations

import copy
import inspect
from collections import defaultdict
from contextlib import suppress
from pickle import PicklingError
from typing import Any, Self, TypeVar

from skmlp._copies import check_copies
from skmlp._engine.keras_callbacks import callbacks_of_fit, is_function
from skmlp._forks import require_not_forked
from skmlp._keras import keras
from skmlp._sparse_format import check_sparse_format

# isort: split
# SciKeras imports Keras and TensorFlow too: after the line above, they are loaded, and were quiet about it
import numpy as np
from numpy.typing import ArrayLike, NDArray
from scikeras import _utils as lookup
from scikeras import wrappers as scikeras
from scikeras._saving_utils import pack_keras_model, unpack_keras_model
from scikeras.utils import metric_name
from scipy import sparse
from sklearn.utils import Tags, _safe_indexing
from sklearn.utils.validation import _num_samples, validate_data

from skmlp._compiled_fit import check_engine
from skmlp._fit_parameters import check_fit_parameters
from skmlp._function_model import FunctionModel
from skmlp._model_parts import Unsupported, lambdas
from skmlp._scikeras import ClassifierWrapper, RegressorWrapper, seeding_undone, with_mixins_on_the_right
from skmlp._told import said
from skmlp._types import Engine, SamplesLike, TargetsLike

__all__ = ["BaseWrapper", "KerasClassifier", "KerasRegressor"]

Classifier = TypeVar("Classifier", bound="KerasClassifier")


class BaseWrapper(FunctionModel):
    """A scikit-learn estimator around a Keras model, to derive transformers and other kinds of estimators from.

    It is ``scikeras.wrappers.BaseWrapper``, made to work with scikit-learn 1.6 and later. A subclass builds the model
    in the method ``_keras_build_fn``, inherits from the mixins of scikit-learn that say what it is, and has a ``score``
    of its own. Read more in the :doc:`user guide </user_guide/your_own_keras_model>`.

    Parameters
    ----------
    model : callable or keras.Model, default=None
        Builds the model, or is it. It is called with the parameters ``model__*``, and with ``meta`` (a dictionary of
        fitted attributes such as ``n_features_in_``), ``compile_kwargs`` and ``params`` if it has such arguments. None,
        if the class has a method ``_keras_build_fn``.
    build_fn : callable or keras.Model, default=None
        The old name of ``model``.
    warm_start : bool, default=False
        Whether ``fit`` continues training the model of the last fit, with its weights, the state of its optimizer, and
        the step of its learning-rate schedule. The model is neither built nor compiled again, so that only the
        parameters of the training take effect, such as ``epochs``, ``batch_size`` and ``callbacks``. ``history_``, and
        the epochs that callbacks see, start again; those of ``partial_fit`` continue.
    random_state : int, RandomState instance or None, default=None
        Seeds the model function and the training. With an int or an instance, every fit gives the same weights; an
        instance is copied before numbers are drawn from it. While the model function runs, the generators of Python and
        NumPy are seeded, and then restored. The function is called once for all fits with the same seed, arguments and
        compilation, unless the model depends on more than can be compared. Seeded fits by Keras' ``fit`` take turns in
        threads, because TensorFlow has one random state for the whole process.
    optimizer : str, keras.optimizers.Optimizer or its class, default="rmsprop"
        Compiles a model that the function returns uncompiled. Its settings are routed as
        ``optimizer__learning_rate``.
    loss : str, Keras object, its class, or a list or dict of these, default=None
        Compiles such a model, too. Settings are routed as ``loss__*`` to classes, which you may also give by name, as
        in ``loss="BinaryCrossentropy", loss__from_logits=True``.
    metrics : str, Keras object, its class, or a list or dict of these, default=None
        Compile such a model, too; settings are routed as ``metrics__*``.
    batch_size : int, default=None
        The number of samples in a training step; None is Keras' 32, and -1 takes all samples at once.
    validation_batch_size : int, default=None
        The number of validation samples that are evaluated at once; -1 takes all.
    verbose : int, default=1
        0 is silent. The compiled engine shows a line of progress for any other number; Keras' ``fit`` has its own
        output for each.
    callbacks : keras.callbacks.Callback, its class, a list or dict of these, or a function, default=None
        Settings of a class are routed as ``callbacks__*``. A function returns the callbacks of each fit.
    validation_split : float, default=0.0
        The fraction of the samples that validation uses, taken from their end.
    shuffle : bool, default=True
        Whether each epoch takes the samples in a new order.
    run_eagerly : bool, default=False
        Whether a model that is compiled here runs without a traced function.
    epochs : int, default=1
        The number of passes over the training samples.
    engine : {"auto", "compiled", "keras"}, default="auto"
        What trains the model. "auto" is the compiled engine if it can train the model, otherwise Keras' ``fit``;
        "compiled" is the compiled engine, or an error that says why it cannot train the model; "keras" is Keras'
        ``fit``.
    **kwargs : dict
        Arguments of the model function, and routed parameters such as ``model__hidden`` or ``fit__verbose``.

    Attributes
    ----------
    model_ : keras.Model
        The fitted, compiled model, made on first access. Predictions follow the changes that you make to it.
    engine_ : {"compiled", "keras"}
        What trained the model.
    engine_reason_ : str or None
        Why Keras' ``fit`` trained it; None for the compiled engine.
    history_ : dict of str to list
        Losses and metrics after every epoch, as Keras records them.
    n_features_in_ : int
        The number of features.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        The names of the features, if ``X`` was a data frame whose column names are strings.

    See Also
    --------
    KerasClassifier : For classification.
    KerasRegressor : For regression.

    Examples
    --------
    An autoencoder, whose ``transform`` gives the values of its hidden layer:

    >>> import keras
    >>> from sklearn.base import TransformerMixin
    >>> from sklearn.datasets import load_iris
    >>> from skmlp.wrappers import BaseWrapper
    >>> class AutoEncoder(BaseWrapper, TransformerMixin):
    ...     def _keras_build_fn(self, width, meta):
    ...         n_features = meta["n_features_in_"]
    ...         inputs = keras.Input((n_features,))
    ...         codes = keras.layers.Dense(width, activation="relu")(inputs)
    ...         self.encoder_model_ = keras.Model(inputs, codes)
    ...         return keras.Model(inputs, keras.layers.Dense(n_features)(codes))
    ...
    ...     def fit(self, X, y=None):
    ...         return super().fit(X, X)
    ...
    ...     def transform(self, X):
    ...         return self.encoder_model_.predict(X, verbose=0)
    >>> X, _ = load_iris(return_X_y=True)
    >>> AutoEncoder(width=2, loss="mse", random_state=0, verbose=0).fit_transform(X).shape
    (150, 2)
    """

    def __init__(self, *args: Any, engine: Engine = "auto", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.engine = engine

    # without it, `set_params` takes a callback's own method of that name for scikit-learn's
    _routing_prefixes = scikeras.BaseWrapper._routing_prefixes | {"callbacks"}

    @classmethod
    def mro(cls) -> list[type]:
        """The classes that scikit-learn asks for tags."""
        # scikit-learn 1.6 gives up the new tags, with a warning, if a class in this list has the old `_more_tags` and
        # no `__sklearn_tags__` of its own, as SciKeras' base class has. Python goes by `__mro__`, which keeps it
        return [base for base in cls.__mro__ if base is not scikeras.BaseWrapper]

    def __sklearn_clone__(self: Self) -> Self:
        check_copies("loss", getattr(self, "loss", None))
        return super().__sklearn_clone__()  # type: ignore[no-any-return]  # scikit-learn has no types

    def __sklearn_tags__(self) -> Tags:
        tags = with_mixins_on_the_right(self, super().__sklearn_tags__())
        tags.target_tags.multi_output = True
        tags.input_tags.sparse = True
        for kind in filter(None, (tags.classifier_tags, tags.regressor_tags)):
            kind.poor_score = True
        return tags

    def _validate_data(
        self, X: Any = None, y: Any = None, reset: bool = False, y_numeric: bool = False
    ) -> tuple[Any, Any]:
        """Check what SciKeras does not: that y is there, and the names and the number of features."""
        require_not_forked(type(self).__name__)  # the first that a fit does, and a prediction
        if X is not None:
            if sparse.issparse(X):
                check_sparse_format(X, "X")
                X = sparse.csr_matrix(X)  # SciKeras overlooks SciPy's sparse arrays, and NaN in some of its matrices
            validate_data(
                self,
                X,
                y if reset else "no_validation",
                reset=reset,
                skip_check_array=True,
                ensure_2d=getattr(X, "ndim", None) != 1,  # SciKeras' check says how to repair an array of one dimension
            )
        checked: tuple[Any, Any] = super()._validate_data(X=X, y=y, reset=reset, y_numeric=y_numeric)
        return checked

    @staticmethod
    def _validate_sample_weight(X: Any, y: Any, sample_weight: Any) -> tuple[Any, Any, Any]:
        """Drop the samples of weight 0, also from a data frame or a list, which ``score`` passes as they are."""
        rows, y, sample_weight = scikeras.BaseWrapper._validate_sample_weight(
            np.arange(_num_samples(X)), y, sample_weight
        )
        return _safe_indexing(X, rows), y, sample_weight

    def _fit(
        self, X: Any, y: Any, sample_weight: Any, warm_start: bool, epochs: int, initial_epoch: int, **kwargs: Any
    ) -> None:
        """Fit; where it fails, an earlier fit stays as it was."""
        check_engine(self.engine)
        check_fit_parameters(self.get_params(), {**kwargs, "epochs": epochs, "initial_epoch": initial_epoch})
        with self._refit():
            if self.warm_start and self.initialized_ and initial_epoch == 0:
                self._initialize_callbacks()  # SciKeras would keep those of the first fit
            super()._fit(X, y, sample_weight, warm_start, epochs, initial_epoch, **kwargs)

    def _initialize_callbacks(self) -> None:
        """Make the callbacks of a fit; SciKeras knows no function that returns them."""
        given = self
        if is_function(self.callbacks):
            given = copy.copy(self)
            given.callbacks = callbacks_of_fit(self.callbacks, self)
        super(BaseWrapper, given)._initialize_callbacks()
        self._fit_callbacks, self._predict_callbacks = given._fit_callbacks, given._predict_callbacks

    def _initialize(self, X: Any, y: Any = None) -> tuple[Any, Any]:
        self._forget_training()
        checked: tuple[Any, Any] = super()._initialize(X, y)
        return checked

    def _check_model_compatibility(self, y: Any) -> None:
        """Compare the model with the target, unless it does not know its outputs before it is trained."""
        if self.model_.built and getattr(self.model_, "outputs", None) is not None:
            super()._check_model_compatibility(y)

    def _fit_keras_model(
        self, X: Any, y: Any, sample_weight: Any, warm_start: bool, epochs: int, initial_epoch: int, **kwargs: Any
    ) -> None:
        """Train by the compiled engine, or by Keras' ``fit`` where the engine cannot or is not to be used."""
        arguments = lookup.route_params(self.get_params(), "fit", self._fit_kwargs)
        held_out = kwargs.get("validation_data", arguments.get("validation_data"))
        if isinstance(held_out, list | tuple) and len(held_out) > 1:
            kwargs["validation_data"] = held_out[0], self._encoded(held_out[1]), *held_out[2:]
        try:
            if self.engine == "keras":
                raise Unsupported("engine='keras' was asked for")
            arguments = {name: value for name, value in arguments.items() if not name.startswith("callbacks")}
            self._train(X, y, sample_weight, epochs, initial_epoch, {**arguments, **kwargs})
            return
        except Unsupported as reason:
            if self.engine == "compiled":
                raise ValueError(
                    f"engine='compiled' cannot train this model: {reason}. Give engine='auto', which then uses Keras' "
                    "fit, or change the model."
                ) from reason
            said = str(reason)
        self._own_model()
        with seeding_undone(self._random_state):
            super()._fit_keras_model(X, y, sample_weight, warm_start, epochs, initial_epoch, **kwargs)
        self._leave_to_keras(said)

    def _encoded(self, y: Any) -> Any:
        """Targets to validate on, as the model takes them: as SciKeras has it, as they are given."""
        return y

    def _record(self, history: dict[str, list[float]], initial_epoch: int, *, warm_start: bool) -> None:
        """Keep the history of a training as SciKeras does."""
        if not warm_start or not hasattr(self, "history_") or initial_epoch == 0:
            self.history_: dict[str, list[Any]] = defaultdict(list)
        for name, values in history.items():
            key = name
            if not (name == "loss" or name.startswith("val_")):
                with suppress(ValueError):
                    key = metric_name(name)
            self.history_[key] += values

    @staticmethod
    def _pack(model: keras.Model) -> NDArray[np.uint8]:
        """A model as a file of Keras', in memory.

        Raises
        ------
        PicklingError
            If Keras cannot save it, or would not load it, with what to do.
        """
        if lambdas(model):
            raise PicklingError(
                "A layer of the fitted model was given a lambda, which Keras does not load from a file: define it by "
                "def in a module."
            )
        try:
            _, (archive,) = pack_keras_model(model)
        except Exception as error:  # what a user's get_config may raise
            raise PicklingError(
                f"Keras cannot save the fitted model: {said(error)}. Give the classes of your own a get_config that "
                "tells what they were made with, or save the weights alone by model_.save_weights."
            ) from error
        return np.array(archive, dtype=np.uint8)

    @staticmethod
    def _unpack(archive: NDArray[np.uint8]) -> keras.Model:
        """The model of such a file."""
        return unpack_keras_model(archive)

    def predict(self, X: SamplesLike, **kwargs: Any) -> NDArray[Any]:
        """Predict the target of each sample.

        While another thread fits the estimator again, the earlier fit predicts.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, ...)
            The samples to predict, of the shape that `fit` was given.
        **kwargs : dict
            Further arguments of ``keras.Model.predict``.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            The predictions, in the form of the target of `fit`.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If ``X`` has other features than in `fit`.
        RuntimeError
            If this process was forked after TensorFlow had started.

        See Also
        --------
        score : Scores the predictions.

        Examples
        --------
        >>> import keras
        >>> import numpy as np
        >>> from skmlp.wrappers import KerasRegressor
        >>> def network(meta):
        ...     return keras.Sequential(
        ...         [keras.Input((meta["n_features_in_"],)), keras.layers.Dense(1)]
        ...     )
        >>> X = np.linspace(-1, 1, 50).reshape(-1, 1)
        >>> regressor = KerasRegressor(network, loss="mse", random_state=0, verbose=0).fit(
        ...     X, 2 * X.ravel()
        ... )
        >>> regressor.predict(X[:2]).shape
        (2,)
        """
        predictions: NDArray[Any] = super(BaseWrapper, self._settled()).predict(X, **kwargs)
        return predictions

    def score(self, X: SamplesLike, y: TargetsLike, sample_weight: ArrayLike | None = None) -> float:
        """Compute the score of the predictions: accuracy for a classifier, R² for a regressor.

        The static method ``scorer`` of the class computes it. While another thread fits the estimator again, the
        earlier fit predicts.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, ...)
            The samples to predict, of the shape that `fit` was given.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Their true targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Their weights; None weighs all alike.

        Returns
        -------
        float
            The score.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If ``X`` has other features than in `fit`.
        RuntimeError
            If this process was forked after TensorFlow had started.

        See Also
        --------
        predict : The predictions.

        Examples
        --------
        >>> import keras
        >>> import numpy as np
        >>> from skmlp.wrappers import KerasRegressor
        >>> def network(meta):
        ...     return keras.Sequential(
        ...         [keras.Input((meta["n_features_in_"],)), keras.layers.Dense(1)]
        ...     )
        >>> X = np.linspace(-1, 1, 50).reshape(-1, 1)
        >>> regressor = KerasRegressor(network, loss="mse", random_state=0, verbose=0).fit(
        ...     X, 2 * X.ravel()
        ... )
        >>> regressor.score(X, 2 * X.ravel()) <= 1
        True
        """
        score: float = super(BaseWrapper, self._settled()).score(X, y, sample_weight=sample_weight)
        return score

    def _predict_raw(self, X: Any, **kwargs: Any) -> Any:
        """Predict as the model returns it."""
        routed = lookup.route_params(self.get_params(), "predict", set(), strict=True)
        check_fit_parameters(self.get_params(), kwargs)
        if getattr(self, "engine_", None) != "compiled" or {*routed, *kwargs} - {"verbose", "batch_size"}:
            return super()._predict_raw(X, **kwargs)
        checked, _ = self._validate_data(X=X, y=None)
        try:
            return self._forward(self.feature_encoder_.transform(checked))
        except Unsupported:
            return super()._predict_raw(X, **kwargs)


class KerasClassifier(BaseWrapper, ClassifierWrapper):
    """A scikit-learn classifier around a function that builds a Keras model.

    It takes what ``scikeras.wrappers.KerasClassifier`` takes, works with scikit-learn 1.6 and later, and trains most
    models by the compiled engine: with one program for all fits whose models differ only in values, such as learning
    rates, dropout rates and penalties. Read more in the :doc:`user guide </user_guide/your_own_keras_model>`.

    Parameters
    ----------
    model : callable or keras.Model, default=None
        Builds the model, or is it. It is called with the parameters ``model__*``, and with ``meta`` (a dictionary of
        fitted attributes such as ``n_features_in_``), ``compile_kwargs`` and ``params`` if it has such arguments.
    build_fn : callable or keras.Model, default=None
        The old name of ``model``.
    warm_start : bool, default=False
        Whether ``fit`` continues training the model of the last fit, with its weights, the state of its optimizer, and
        the step of its learning-rate schedule. The model is neither built nor compiled again, so that only the
        parameters of the training take effect, such as ``epochs``, ``batch_size`` and ``callbacks``. ``history_``, and
        the epochs that callbacks see, start again; those of ``partial_fit`` continue.
    random_state : int, RandomState instance or None, default=None
        Seeds the model function and the training. With an int or an instance, every fit gives the same weights; an
        instance is copied before numbers are drawn from it. While the model function runs, the generators of Python and
        NumPy are seeded, and then restored. The function is called once for all fits with the same seed, arguments and
        compilation, unless the model depends on more than can be compared. Seeded fits by Keras' ``fit`` take turns in
        threads, because TensorFlow has one random state for the whole process.
    optimizer : str, keras.optimizers.Optimizer or its class, default="rmsprop"
        Compiles a model that the function returns uncompiled. Its settings are routed as
        ``optimizer__learning_rate``.
    loss : str, Keras object, its class, or a list or dict of these, default=None
        Compiles such a model, too. Settings are routed as ``loss__*`` to classes, which you may also give by name, as
        in ``loss="BinaryCrossentropy", loss__from_logits=True``.
    metrics : str, Keras object, its class, or a list or dict of these, default=None
        Compile such a model, too; settings are routed as ``metrics__*``.
    batch_size : int, default=None
        The number of samples in a training step; None is Keras' 32, and -1 takes all samples at once.
    validation_batch_size : int, default=None
        The number of validation samples that are evaluated at once; -1 takes all.
    verbose : int, default=1
        0 is silent. The compiled engine shows a line of progress for any other number; Keras' ``fit`` has its own
        output for each.
    callbacks : keras.callbacks.Callback, its class, a list or dict of these, or a function, default=None
        Settings of a class are routed as ``callbacks__*``. A function returns the callbacks of each fit.
    validation_split : float, default=0.0
        The fraction of the samples that validation uses, taken from their end.
    shuffle : bool, default=True
        Whether each epoch takes the samples in a new order.
    run_eagerly : bool, default=False
        Whether a model that is compiled here runs without a traced function.
    epochs : int, default=1
        The number of passes over the training samples.
    class_weight : dict, "balanced" or None, default=None
        Weights of the classes, by label; they multiply the sample weights.
    engine : {"auto", "compiled", "keras"}, default="auto"
        What trains the model. "auto" is the compiled engine if it can train the model, otherwise Keras' ``fit``;
        "compiled" is the compiled engine, or an error that says why it cannot train the model; "keras" is Keras'
        ``fit``.
    **kwargs : dict
        Arguments of the model function, and routed parameters such as ``model__hidden`` or ``fit__verbose``. The labels
        of ``fit__validation_data`` are encoded as those of ``y``, unless they are encoded already.

    Attributes
    ----------
    model_ : keras.Model
        The fitted, compiled model, made on first access. Predictions follow the changes that you make to it.
    engine_ : {"compiled", "keras"}
        What trained the model.
    engine_reason_ : str or None
        Why Keras' ``fit`` trained it; None for the compiled engine.
    history_ : dict of str to list
        Losses and metrics after every epoch, as Keras records them.
    classes_ : ndarray of shape (n_classes,)
        The labels.
    n_features_in_ : int
        The number of features.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        The names of the features, if ``X`` was a data frame whose column names are strings.

    See Also
    --------
    KerasRegressor : The regressor.
    skmlp.KerasMLPClassifier : Needs no model function.

    Examples
    --------
    >>> import keras
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import GridSearchCV
    >>> from skmlp.wrappers import KerasClassifier
    >>> def network(hidden, meta):
    ...     return keras.Sequential(
    ...         [
    ...             keras.Input((meta["n_features_in_"],)),
    ...             keras.layers.Dense(hidden, activation="relu"),
    ...             keras.layers.Dense(meta["n_classes_"], activation="softmax"),
    ...         ]
    ...     )
    >>> classifier = KerasClassifier(
    ...     network,
    ...     model__hidden=16,
    ...     loss="sparse_categorical_crossentropy",
    ...     optimizer="adam",
    ...     epochs=20,
    ...     random_state=0,
    ...     verbose=0,
    ... )
    >>> grid = {"optimizer__learning_rate": [1e-6, 0.05]}
    >>> search = GridSearchCV(classifier, grid, cv=3).fit(*load_iris(return_X_y=True))
    >>> search.best_params_
    {'optimizer__learning_rate': 0.05}
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

    def fit(
        self: Classifier, X: SamplesLike, y: TargetsLike, sample_weight: ArrayLike | None = None, **kwargs: Any
    ) -> Classifier:
        """Build the model and train it.

        With ``warm_start``, training continues with the model of the last fit.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, ...)
            The training samples.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Their labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Their weights. ``class_weight`` multiplies a copy of them.
        **kwargs : dict
            Further arguments of ``keras.Model.fit``.

        Returns
        -------
        object
            The fitted estimator itself. A fit that fails leaves it as it was before.

        Raises
        ------
        ValueError
            If a parameter or an array is not usable, the model function returns no model, or the compiled engine cannot
            train the model with ``engine="compiled"``.
        RuntimeError
            If this process was forked after TensorFlow had started.

        See Also
        --------
        partial_fit : Train for one more epoch.

        Examples
        --------
        >>> import keras
        >>> from sklearn.datasets import load_iris
        >>> from skmlp.wrappers import KerasClassifier
        >>> def network(meta):
        ...     return keras.Sequential(
        ...         [keras.Input((meta["n_features_in_"],)), keras.layers.Dense(3, "softmax")]
        ...     )
        >>> X, y = load_iris(return_X_y=True)
        >>> classifier = KerasClassifier(
        ...     network, loss="sparse_categorical_crossentropy", random_state=0, verbose=0
        ... )
        >>> classifier.fit(X, y, epochs=2).engine_
        'compiled'
        """
        with self._refit():
            super().fit(X, y, sample_weight=self._own(sample_weight), **kwargs)
        return self

    def partial_fit(  # type: ignore[override]  # SciKeras' order of arguments
        self: Classifier,
        X: SamplesLike,
        y: TargetsLike,
        classes: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
        **kwargs: Any,
    ) -> Classifier:
        """Train the model for one more epoch on these samples.

        The first call builds the model.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, ...)
            The training samples of this call.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Their labels.
        classes : array-like of shape (n_classes,), default=None
            All labels that any call will have. Only the first call needs them.
        sample_weight : array-like of shape (n_samples,), default=None
            Their weights. ``class_weight`` multiplies a copy of them.
        **kwargs : dict
            Further arguments of ``keras.Model.fit``.

        Returns
        -------
        object
            The fitted estimator itself. A call that fails leaves it as it was before.

        Raises
        ------
        ValueError
            If a parameter or an array is not usable, or ``y`` has labels that the first call did not know.
        RuntimeError
            If this process was forked after TensorFlow had started.

        See Also
        --------
        fit : Train for ``epochs``.

        Examples
        --------
        >>> import keras
        >>> from sklearn.datasets import load_iris
        >>> from skmlp.wrappers import KerasClassifier
        >>> def network(meta):
        ...     return keras.Sequential(
        ...         [keras.Input((meta["n_features_in_"],)), keras.layers.Dense(3, "softmax")]
        ...     )
        >>> X, y = load_iris(return_X_y=True)
        >>> classifier = KerasClassifier(
        ...     network, loss="sparse_categorical_crossentropy", random_state=0, verbose=0
        ... )
        >>> for part in (slice(0, 150, 2), slice(1, 150, 2)):
        ...     classifier = classifier.partial_fit(X[part], y[part], classes=[0, 1, 2])
        >>> len(classifier.history_["loss"])
        2
        """
        with self._refit():
            super().partial_fit(X, y, classes=classes, sample_weight=self._own(sample_weight), **kwargs)
        return self

    def predict_proba(self, X: SamplesLike, **kwargs: Any) -> NDArray[np.floating]:
        """Predict the probability of each class.

        They are the outputs of the model, which therefore must end in a softmax or a sigmoid. A network with one unit
        gives two columns, even if it was fitted to a single class, as scikit-learn's multi-layer perceptron does.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, ...)
            The samples to predict, of the shape that `fit` was given.
        **kwargs : dict
            Further arguments of ``keras.Model.predict``.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            The probabilities, with columns in the order of ``classes_``.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If ``X`` has other features than in `fit`.
        RuntimeError
            If this process was forked after TensorFlow had started.

        See Also
        --------
        BaseWrapper.predict : The labels.

        Examples
        --------
        >>> import keras
        >>> from sklearn.datasets import load_iris
        >>> from skmlp.wrappers import KerasClassifier
        >>> def network(meta):
        ...     return keras.Sequential(
        ...         [keras.Input((meta["n_features_in_"],)), keras.layers.Dense(3, "softmax")]
        ...     )
        >>> X, y = load_iris(return_X_y=True)
        >>> classifier = KerasClassifier(
        ...     network, loss="sparse_categorical_crossentropy", random_state=0, verbose=0
        ... )
        >>> classifier.fit(X, y).predict_proba(X[:2]).shape
        (2, 3)
        """
        settled = self._settled()
        probabilities: NDArray[np.floating] = super(KerasClassifier, settled).predict_proba(X, **kwargs)
        is_binary = settled.target_type_ == "binary"
        if probabilities.ndim < 2:  # SciKeras drops every axis of length 1, the one of a single sample too
            probabilities = probabilities.reshape(_num_samples(X), -1)
        if is_binary and probabilities.shape[1] == 1:  # SciKeras overlooks it if there is one class
            probabilities = np.hstack([1 - probabilities, probabilities])
        return probabilities

    def _encoded(self, y: Any) -> Any:
        """Labels to validate on, encoded as those of ``fit``; what is encoded already, such as one-hot rows, stays.

        Raises
        ------
        ValueError
            If they are strings that ``fit`` was not given.
        """
        if isinstance(y, dict | list | tuple) and np.ndim(next(iter(y.values() if isinstance(y, dict) else y), 0)):
            return y
        labels = np.asarray(y)
        if labels.ndim != 1 and labels.shape[1:] != (1,):
            return y
        known = np.isin(labels, self.classes_)
        if known.all():
            return self.target_encoder_.transform(labels.reshape(-1) if self.y_ndim_ == 1 else labels.reshape(-1, 1))
        if labels.dtype.kind in "OUST":
            raise ValueError(
                f"validation_data has labels that y does not have: {sorted({*map(str, labels[~known])})[:5]}. Leave "
                "these samples out, or give fit samples of their classes, too."
            )
        return y

    def _own(self, sample_weight: ArrayLike | None) -> ArrayLike | None:
        """Weights that SciKeras may multiply by those of the classes in place."""
        if sample_weight is None or self.class_weight is None:
            return sample_weight
        return np.array(sample_weight, dtype=np.float64)


class KerasRegressor(BaseWrapper, RegressorWrapper):
    """A scikit-learn regressor around a function that builds a Keras model.

    It takes what ``scikeras.wrappers.KerasRegressor`` takes, works with scikit-learn 1.6 and later, and trains most
    models by the compiled engine: with one program for all fits whose models differ only in values, such as learning
    rates, dropout rates and penalties. Read more in the :doc:`user guide </user_guide/your_own_keras_model>`.

    Parameters
    ----------
    model : callable or keras.Model, default=None
        Builds the model, or is it. It is called with the parameters ``model__*``, and with ``meta`` (a dictionary of
        fitted attributes such as ``n_features_in_``), ``compile_kwargs`` and ``params`` if it has such arguments.
    build_fn : callable or keras.Model, default=None
        The old name of ``model``.
    warm_start : bool, default=False
        Whether ``fit`` continues training the model of the last fit, with its weights, the state of its optimizer, and
        the step of its learning-rate schedule. The model is neither built nor compiled again, so that only the
        parameters of the training take effect, such as ``epochs``, ``batch_size`` and ``callbacks``. ``history_``, and
        the epochs that callbacks see, start again; those of ``partial_fit`` continue.
    random_state : int, RandomState instance or None, default=None
        Seeds the model function and the training. With an int or an instance, every fit gives the same weights; an
        instance is copied before numbers are drawn from it. While the model function runs, the generators of Python and
        NumPy are seeded, and then restored. The function is called once for all fits with the same seed, arguments and
        compilation, unless the model depends on more than can be compared. Seeded fits by Keras' ``fit`` take turns in
        threads, because TensorFlow has one random state for the whole process.
    optimizer : str, keras.optimizers.Optimizer or its class, default="rmsprop"
        Compiles a model that the function returns uncompiled. Its settings are routed as
        ``optimizer__learning_rate``.
    loss : str, Keras object, its class, or a list or dict of these, default=None
        Compiles such a model, too. Settings are routed as ``loss__*`` to classes, which you may also give by name, as
        in ``loss="BinaryCrossentropy", loss__from_logits=True``.
    metrics : str, Keras object, its class, or a list or dict of these, default=None
        Compile such a model, too; settings are routed as ``metrics__*``.
    batch_size : int, default=None
        The number of samples in a training step; None is Keras' 32, and -1 takes all samples at once.
    validation_batch_size : int, default=None
        The number of validation samples that are evaluated at once; -1 takes all.
    verbose : int, default=1
        0 is silent. The compiled engine shows a line of progress for any other number; Keras' ``fit`` has its own
        output for each.
    callbacks : keras.callbacks.Callback, its class, a list or dict of these, or a function, default=None
        Settings of a class are routed as ``callbacks__*``. A function returns the callbacks of each fit.
    validation_split : float, default=0.0
        The fraction of the samples that validation uses, taken from their end.
    shuffle : bool, default=True
        Whether each epoch takes the samples in a new order.
    run_eagerly : bool, default=False
        Whether a model that is compiled here runs without a traced function.
    epochs : int, default=1
        The number of passes over the training samples.
    engine : {"auto", "compiled", "keras"}, default="auto"
        What trains the model. "auto" is the compiled engine if it can train the model, otherwise Keras' ``fit``;
        "compiled" is the compiled engine, or an error that says why it cannot train the model; "keras" is Keras'
        ``fit``.
    **kwargs : dict
        Arguments of the model function, and routed parameters such as ``model__hidden`` or ``fit__verbose``.

    Attributes
    ----------
    model_ : keras.Model
        The fitted, compiled model, made on first access. Predictions follow the changes that you make to it.
    engine_ : {"compiled", "keras"}
        What trained the model.
    engine_reason_ : str or None
        Why Keras' ``fit`` trained it; None for the compiled engine.
    history_ : dict of str to list
        Losses and metrics after every epoch, as Keras records them.
    n_features_in_ : int
        The number of features.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        The names of the features, if ``X`` was a data frame whose column names are strings.

    See Also
    --------
    KerasClassifier : The classifier.
    skmlp.KerasMLPRegressor : Needs no model function.

    Examples
    --------
    >>> import keras
    >>> import numpy as np
    >>> from skmlp.wrappers import KerasRegressor
    >>> def network(meta):
    ...     return keras.Sequential(
    ...         [keras.Input((meta["n_features_in_"],)), keras.layers.Dense(1)]
    ...     )
    >>> X = np.linspace(-1, 1, 50).reshape(-1, 1)
    >>> regressor = KerasRegressor(
    ...     network,
    ...     loss="mse",
    ...     optimizer="sgd",
    ...     optimizer__learning_rate=0.1,
    ...     epochs=50,
    ...     random_state=0,
    ...     verbose=0,
    ... )
    >>> bool(regressor.fit(X, 2 * X.ravel() + 1).score(X, 2 * X.ravel() + 1) > 0.99)
    True
    """


def _with_engine(wrapper: type, scikeras_wrapper: type) -> None:
    """Let a constructor say what it takes: SciKeras' parameters, which it looks up here, and the engine."""
    signature = inspect.signature(vars(scikeras_wrapper)["__init__"])
    parameters = list(signature.parameters.values())
    engine = inspect.Parameter("engine", inspect.Parameter.KEYWORD_ONLY, default="auto", annotation=str)
    parameters.insert(-1, engine)
    vars(wrapper)["__init__"].__signature__ = signature.replace(parameters=parameters)


_with_engine(BaseWrapper, scikeras.BaseWrapper)
_with_engine(KerasClassifier, scikeras.KerasClassifier)
