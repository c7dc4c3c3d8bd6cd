"""SciKeras' wrappers of a user's own Keras model function, repaired for today's scikit-learn.

Working SciKeras code changes its import line and nothing else. What is overridden here is what SciKeras 0.13 gets
wrong on scikit-learn 1.6 and later; parameters, routing and attributes are SciKeras'.
"""

from __future__ import annotations

import copy
import functools
import inspect
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from skmlp._keras import keras, tf

# isort: split
# SciKeras imports Keras and TensorFlow too: after the line above, they are loaded, and were quiet about it
import numpy as np
from numpy.typing import ArrayLike, NDArray
from scikeras import _utils as lookup
from scikeras import wrappers as scikeras
from scikeras.utils.random_state import tf_disable_op_determinism, tf_enable_op_determinism, tf_get_seed
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.utils import Tags, _safe_indexing
from sklearn.utils.validation import _num_samples, validate_data

__all__ = ["BaseWrapper", "KerasClassifier", "KerasRegressor"]

Classifier = TypeVar("Classifier", bound="KerasClassifier")


class BaseWrapper(scikeras.BaseWrapper):  # type: ignore[misc]  # SciKeras has no types
    """A scikit-learn estimator around a Keras model, to derive transformers and other kinds of estimators from.

    It is ``scikeras.wrappers.BaseWrapper``, made to work with scikit-learn 1.6 and later. A subclass gives the model as
    the method ``_keras_build_fn``, says by scikit-learn's mixins what it is, and has a ``score`` of its own.

    Parameters
    ----------
    model : callable or keras.Model, default=None
        Builds the model, or is it; see `KerasClassifier`, whose other parameters this class has too, but for
        ``class_weight``. None, if the class has a method ``_keras_build_fn``.
    **kwargs : dict
        The other parameters, arguments of the model function, and routed parameters such as ``model__hidden``.

    Attributes
    ----------
    model_ : keras.Model
        The fitted model.
    history_ : dict of str to list
        Loss and metrics after every epoch.
    n_features_in_ : int
        The number of features.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, if ``X`` was a data frame with column names.

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

    # without it, `set_params` takes a callback's own method of that name for scikit-learn's
    _routing_prefixes = scikeras.BaseWrapper._routing_prefixes | {"callbacks"}

    @classmethod
    def mro(cls) -> list[type]:
        """The classes that scikit-learn asks for tags."""
        # scikit-learn 1.6 gives up the new tags, with a warning, if a class in this list has the old `_more_tags` and
        # no `__sklearn_tags__` of its own, as SciKeras' base class has. Python goes by `__mro__`, which keeps it
        return [base for base in cls.__mro__ if base is not scikeras.BaseWrapper]

    def __sklearn_tags__(self) -> Tags:
        tags = _with_mixins_on_the_right(self, super().__sklearn_tags__())
        tags.target_tags.multi_output = True
        tags.input_tags.sparse = True
        for kind in filter(None, (tags.classifier_tags, tags.regressor_tags)):
            kind.poor_score = True
        return tags

    def _validate_data(
        self, X: Any = None, y: Any = None, reset: bool = False, y_numeric: bool = False
    ) -> tuple[Any, Any]:
        """Check what SciKeras does not: that y is there, and the names and the number of features."""
        if X is not None:
            if sparse.issparse(X):
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

    def _get_compile_kwargs(self) -> dict[str, Any]:
        """Find the classes of losses and metrics that are given by name, so that SciKeras routes settings to them."""
        given = copy.copy(self)
        for parameter, found in _CLASSES.items():
            for name in filter(functools.partial(hasattr, self), (parameter, f"compile__{parameter}")):
                setattr(given, name, lookup.try_to_convert_strings_to_classes(getattr(self, name), found))
        arguments: dict[str, Any] = super(BaseWrapper, given)._get_compile_kwargs()
        return arguments

    def _build_keras_model(self) -> keras.Model:
        if isinstance(self.random_state, np.random.RandomState):
            # as SciKeras promises, the same instance gives the same fit again; it draws from [0, 1), however, and so
            # every instance would give the weights of seed 0
            self._random_state = int(copy.deepcopy(self.random_state).randint(2**31 - 1))
        elif self.random_state is not None:
            self._random_state = int(self.random_state)  # Python's `random` takes no NumPy integer
        with _seeding_undone(self._random_state):
            return super()._build_keras_model()

    def _fit_keras_model(self, *args: Any, **kwargs: Any) -> None:
        with _seeding_undone(self._random_state):
            super()._fit_keras_model(*args, **kwargs)


class KerasClassifier(BaseWrapper, scikeras.KerasClassifier):  # type: ignore[misc]  # SciKeras has no types
    """A scikit-learn classifier around a function that builds a Keras model.

    It is ``scikeras.wrappers.KerasClassifier``, made to work with scikit-learn 1.6 and later: the parameters, their
    routing and the fitted attributes are described in SciKeras' documentation.

    Parameters
    ----------
    model : callable or keras.Model, default=None
        Builds the model. It is called with the parameters ``model__*``, and with ``meta`` (a dictionary of fitted
        attributes such as ``n_features_in_``), ``compile_kwargs`` and ``params`` if it has such arguments.
    build_fn : callable or keras.Model, default=None
        The old name of ``model``.
    warm_start : bool, default=False
        Whether ``fit`` goes on from the weights of the fit before.
    random_state : int, RandomState instance or None, default=None
        Seeds the model function and the training. With an integer or an instance, every fit gives the same weights: of
        an instance a copy is drawn from. Seeded fits take turns if they run in threads, since TensorFlow's random state
        is the whole process's.
    optimizer : str, keras.optimizers.Optimizer or its class, default="rmsprop"
        Compiles a model that the function left uncompiled; settings are routed as ``optimizer__learning_rate``.
    loss, metrics : str, Keras object, its class, or a list or dict of these, default=None
        The same, for ``loss__*`` and ``metrics__*``. Only classes have settings, and are given by name, too, as in
        ``loss="BinaryCrossentropy", loss__from_logits=True``.
    batch_size, validation_batch_size : int, default=None
        Samples per step; -1 takes all of them at once.
    verbose : int, default=1
        As in ``keras.Model.fit``.
    callbacks : keras.callbacks.Callback, its class, or a list or dict of these, default=None
        Settings of a class are routed as ``callbacks__*``.
    validation_split : float, default=0.0
        The part of the samples, taken from their end, that Keras validates on.
    shuffle : bool, default=True
        Whether every epoch has an order of its own.
    run_eagerly : bool, default=False
        Whether a model that is compiled here runs without a traced function.
    epochs : int, default=1
        Passes over the samples.
    class_weight : dict or "balanced", default=None
        Weights of the classes; they multiply the sample weights.
    **kwargs : dict
        Arguments of the model function, and routed parameters such as ``model__hidden`` or ``fit__verbose``.

    Attributes
    ----------
    model_ : keras.Model
        The fitted model.
    history_ : dict of str to list
        Loss and metrics after every epoch.
    classes_ : ndarray of shape (n_classes,)
        The labels.
    n_features_in_ : int
        The number of features.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, if ``X`` was a data frame with column names.

    See Also
    --------
    KerasRegressor : The same for regression.
    skmlp.KerasMLPClassifier : Needs no model function, and trains many times faster.

    Examples
    --------
    >>> import keras
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import GridSearchCV
    >>> from skmlp.wrappers import KerasClassifier
    >>> def network(hidden, meta):
    ...     return keras.Sequential([
    ...         keras.Input((meta["n_features_in_"],)),
    ...         keras.layers.Dense(hidden, activation="relu"),
    ...         keras.layers.Dense(meta["n_classes_"], activation="softmax"),
    ...     ])
    >>> classifier = KerasClassifier(
    ...     network, model__hidden=16, loss="sparse_categorical_crossentropy", optimizer="adam", epochs=20,
    ...     random_state=0, verbose=0,
    ... )
    >>> grid = {"optimizer__learning_rate": [1e-6, 0.05]}
    >>> search = GridSearchCV(classifier, grid, cv=3).fit(*load_iris(return_X_y=True))
    >>> search.best_params_
    {'optimizer__learning_rate': 0.05}
    """

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

    def fit(
        self: Classifier, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None, **kwargs: Any
    ) -> Classifier:
        """Build the model and train it.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, ...)
            Training samples.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights; multiplied by those of the classes in a copy.
        **kwargs : dict
            Further arguments of ``keras.Model.fit``.

        Returns
        -------
        self : object
            The fitted classifier.
        """
        super().fit(X, y, sample_weight=self._own(sample_weight), **kwargs)
        return self

    def partial_fit(
        self: Classifier,
        X: ArrayLike,
        y: ArrayLike,
        classes: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
        **kwargs: Any,
    ) -> Classifier:
        """Train the model for one more epoch.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, ...)
            Training samples.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Labels.
        classes : array-like of shape (n_classes,), default=None
            All labels of all calls; only the first call needs them.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights; multiplied by those of the classes in a copy.
        **kwargs : dict
            Further arguments of ``keras.Model.fit``.

        Returns
        -------
        self : object
            The fitted classifier.
        """
        super().partial_fit(X, y, classes=classes, sample_weight=self._own(sample_weight), **kwargs)
        return self

    def predict_proba(self, X: ArrayLike, **kwargs: Any) -> NDArray[np.floating]:
        """Predict the probabilities of the classes.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, ...)
            Samples.
        **kwargs : dict
            Further arguments of ``keras.Model.predict``.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            Columns in the order of ``classes_``. A network with one unit gives two columns, also if it was fitted to
            one class alone, as scikit-learn's multi-layer perceptron does.
        """
        probabilities: NDArray[np.floating] = super().predict_proba(X, **kwargs)
        if probabilities.ndim < 2:  # SciKeras drops every axis of length 1, the one of a single sample too
            probabilities = probabilities.reshape(_num_samples(X), -1)
        if self.target_type_ == "binary" and probabilities.shape[1] == 1:  # SciKeras overlooks it if there is one class
            probabilities = np.hstack([1 - probabilities, probabilities])
        return probabilities

    def _own(self, sample_weight: ArrayLike | None) -> ArrayLike | None:
        """Weights that SciKeras may multiply by those of the classes in place."""
        if sample_weight is None or self.class_weight is None:
            return sample_weight
        return np.array(sample_weight, dtype=np.float64)


class KerasRegressor(BaseWrapper, scikeras.KerasRegressor):  # type: ignore[misc]  # SciKeras has no types
    """A scikit-learn regressor around a function that builds a Keras model.

    It is ``scikeras.wrappers.KerasRegressor``, made to work with scikit-learn 1.6 and later: the parameters, their
    routing and the fitted attributes are described in SciKeras' documentation.

    Parameters
    ----------
    model : callable or keras.Model, default=None
        Builds the model; see `KerasClassifier`, whose other parameters this class has too, but for ``class_weight``.
    **kwargs : dict
        The other parameters, arguments of the model function, and routed parameters such as ``model__hidden``.

    Attributes
    ----------
    model_ : keras.Model
        The fitted model.
    history_ : dict of str to list
        Loss and metrics after every epoch.
    n_features_in_ : int
        The number of features.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, if ``X`` was a data frame with column names.

    See Also
    --------
    KerasClassifier : The same for classification.
    skmlp.KerasMLPRegressor : Needs no model function, and trains many times faster.

    Examples
    --------
    >>> import keras
    >>> import numpy as np
    >>> from skmlp.wrappers import KerasRegressor
    >>> def network(meta):
    ...     return keras.Sequential([keras.Input((meta["n_features_in_"],)), keras.layers.Dense(1)])
    >>> X = np.linspace(-1, 1, 50).reshape(-1, 1)
    >>> regressor = KerasRegressor(
    ...     network, loss="mse", optimizer="sgd", optimizer__learning_rate=0.1, epochs=50, random_state=0, verbose=0
    ... )
    >>> bool(regressor.fit(X, 2 * X.ravel() + 1).score(X, 2 * X.ravel() + 1) > 0.99)
    True
    """


def _with_mixins_on_the_right(estimator: scikeras.BaseWrapper, tags: Tags) -> Tags:
    """Let the mixins that stand right of ``BaseEstimator`` in the list of classes, as SciKeras', add to the tags.

    They ask the class on their right for the tags that they add to, and scikit-learn wants them on the left of
    ``BaseEstimator``, which asks none. Here they get a class on their right that has the tags.
    """
    order = type(estimator).__mro__
    mixins = [base for base in order[order.index(BaseEstimator) + 1 :] if "__sklearn_tags__" in vars(base)]
    given = type("Given", (), {"__sklearn_tags__": lambda self: tags})
    mixed = type("Mixed", (*mixins, given), {})()
    vars(mixed).update(vars(estimator))
    found: Tags = mixed.__sklearn_tags__()
    return found


def _class_named(name: str, module: Any, get: Callable[[str], Any]) -> Any:
    """The class of ``module`` that ``name`` stands for, or the name, if it is a function's or Keras' to resolve.

    SciKeras asks Keras, which answers in Keras 3 with an instance.
    """
    found = getattr(module, name, None)  # a class that needs a setting, too, of which Keras can make no instance
    if inspect.isclass(found):
        return found
    found = get(name)
    return type(found) if isinstance(found, (keras.losses.Loss, keras.metrics.Metric)) else name


_CLASSES = {
    "loss": functools.partial(_class_named, module=keras.losses, get=lookup.get_loss_class_function_or_string),
    "metrics": functools.partial(_class_named, module=keras.metrics, get=lookup.get_metric_class),
}

_SEEDING = threading.RLock()

_LONGEST_REPLAY = 1_000_000  # draws, a few seconds: never reached unless the stream is not what it was


@contextmanager
def _seeding_undone(seed: int | None) -> Iterator[None]:
    """Give back, after SciKeras has seeded and determined a step, the TensorFlow state that it does not.

    SciKeras sets seeds that the whole process shares, and so one thread at a time may do it.
    """
    if seed is None:  # nothing is seeded
        yield
        return
    with _SEEDING:
        # TensorFlow reads TF_DETERMINISTIC_OPS when it is first asked whether ops are deterministic. SciKeras sets the
        # variable and then asks, hears yes, and leaves determinism on for good: ask before it does
        if not tf_enable_op_determinism():
            tf_disable_op_determinism()
        global_seed = tf_get_seed()
        if global_seed is None:  # then there is no stream of op seeds
            yield
            return
        upcoming = tf.compat.v1.random.get_seed(None)
        try:
            yield
        finally:
            _replay(global_seed, upcoming)


def _replay(global_seed: int, upcoming: tuple[int, int]) -> None:
    """Bring the seeds that TensorFlow draws for its ops back to where ``upcoming`` is the next one.

    SciKeras restores the global seed, which starts them anew: noise drawn before a fit would be drawn again after it.
    """
    draw = tf.compat.v1.random.get_seed
    draws = next((n for n in range(_LONGEST_REPLAY) if draw(None) == upcoming), 0)
    tf.random.set_seed(global_seed)
    for _ in range(draws):
        draw(None)
