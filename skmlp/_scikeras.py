"""What SciKeras 0.13 gets wrong on scikit-learn 1.6 and Keras 3 and later, and how it is mended."""

from __future__ import annotations

import functools
import inspect
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

from skmlp._compilations import is_called_for_its_rate
from skmlp._keras import keras, tf

# isort: split
# SciKeras imports Keras and TensorFlow too: after the line above, they are loaded, and were quiet about it
import numpy as np
from numpy.typing import ArrayLike, NDArray
from scikeras import _utils as lookup
from scikeras import wrappers as scikeras
from scikeras.utils.random_state import tf_disable_op_determinism, tf_enable_op_determinism, tf_get_seed
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils import Tags

from skmlp._types import SamplesLike, TargetsLike

if TYPE_CHECKING:  # what is public of SciKeras' classes, which have no types

    class Wrapper(BaseEstimator):  # type: ignore[misc]  # nor has scikit-learn
        """SciKeras' ``BaseWrapper``."""

        model: Any
        build_fn: Any
        warm_start: bool
        random_state: Any
        optimizer: Any
        loss: Any
        metrics: Any
        batch_size: int | None
        validation_batch_size: int | None
        verbose: int
        callbacks: Any
        validation_split: float
        shuffle: bool
        run_eagerly: bool
        epochs: int

        history_: dict[str, list[Any]]
        feature_encoder_: Any
        target_encoder_: Any
        n_features_in_: int
        feature_names_in_: NDArray[np.object_]
        n_outputs_expected_: int
        target_type_: str
        X_dtype_: np.dtype[Any]
        X_shape_: tuple[int, ...]
        y_dtype_: np.dtype[Any]
        y_ndim_: int

        _routing_prefixes: set[str]

        def __init__(self, model: Any = None, **kwargs: Any) -> None: ...

        @property
        def current_epoch(self) -> int:
            """The number of epochs that were trained."""
            ...

        @property
        def initialized_(self) -> bool:
            """Whether there is a model."""
            ...

        @property
        def feature_encoder(self) -> Any:
            """A transformer of the samples, which is not fitted."""
            ...

        @property
        def target_encoder(self) -> Any:
            """A transformer of the target, which is not fitted."""
            ...

        @staticmethod
        def scorer(y_true: Any, y_pred: Any, **kwargs: Any) -> float:
            """The score of predictions."""
            ...

        def initialize(self, X: SamplesLike, y: TargetsLike | None = None) -> Self:
            """Build the model, and do not train it."""
            ...

        def fit(
            self, X: SamplesLike, y: TargetsLike, sample_weight: ArrayLike | None = None, **kwargs: Any
        ) -> Self: ...

        def partial_fit(
            self, X: SamplesLike, y: TargetsLike, sample_weight: ArrayLike | None = None, **kwargs: Any
        ) -> Self: ...

        def get_params(self, deep: bool = True) -> dict[str, Any]: ...

        def set_params(self, **params: Any) -> Self: ...

    class ClassifierWrapper(Wrapper, ClassifierMixin):  # type: ignore[misc]  # scikit-learn has no types
        """SciKeras' ``KerasClassifier``."""

        class_weight: Any
        classes_: NDArray[Any]
        n_classes_: int

    class RegressorWrapper(Wrapper, RegressorMixin):  # type: ignore[misc]  # scikit-learn has no types
        """SciKeras' ``KerasRegressor``."""

else:
    Wrapper, ClassifierWrapper, RegressorWrapper = (
        scikeras.BaseWrapper,
        scikeras.KerasClassifier,
        scikeras.KerasRegressor,
    )


def with_mixins_on_the_right(estimator: scikeras.BaseWrapper, tags: Tags) -> Tags:
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


def _optimizer_named(name: str) -> Any:
    """The class of Keras' optimizers that ``name`` stands for, or the name, if it is Keras' to resolve.

    SciKeras asks Keras for an optimizer, and takes its class.
    """
    return _OPTIMIZERS.get(name.lower(), name)


_OPTIMIZERS = {
    name.lower(): each
    for name, each in vars(keras.optimizers).items()
    if inspect.isclass(each) and issubclass(each, keras.optimizers.Optimizer)
}

CLASSES = {
    "optimizer": _optimizer_named,
    "loss": functools.partial(_class_named, module=keras.losses, get=lookup.get_loss_class_function_or_string),
    "metrics": functools.partial(_class_named, module=keras.metrics, get=lookup.get_metric_class),
}
"""By parameter, what finds the class that a name in it stands for."""


def takes(function: Callable[..., Any], name: str) -> bool:
    """Whether a function takes an argument of that name."""
    return bool(lookup.has_param(function, name) or lookup.accepts_kwargs(function))


def fresh(optimizer: Any) -> Any:
    """An optimizer of Keras as a new object: one that another model has had has its state."""
    if not isinstance(optimizer, keras.optimizers.Optimizer) or type(optimizer).__module__.partition(".")[0] != "keras":
        return optimizer
    try:
        config = optimizer.get_config() if not is_called_for_its_rate(optimizer) else None
        return optimizer if config is None else type(optimizer).from_config(config)
    except Exception:  # what a schedule of a user's own raises that has no configuration
        return optimizer


_SEEDING = threading.RLock()

_LONGEST_REPLAY = 1_000_000  # draws, a few seconds: never reached unless the stream is not what it was


@contextmanager
def seeding_undone(seed: int | None) -> Iterator[None]:
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
