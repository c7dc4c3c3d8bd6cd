"""Metrics of validation samples: by name as Keras resolves them, functions, and Keras' own objects."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmlp._apart import apart
from skmlp._keras import keras
from skmlp._names import nearest
from skmlp._targets import Coding

_OF_MANY = ("multiclass", "one-hot")
_EXCLUDED = ("get", "serialize", "deserialize", "ctc", "circle", "dice", "tversky")


@dataclass(frozen=True)
class Metric:
    """A metric under the name that its user gave it.

    Attributes
    ----------
    name : str
        "val_" and this is its key in the history.
    value : str, callable or keras.metrics.Metric
        The name of a Keras function of a sample, a function of targets and outputs that returns a value for each
        sample, or an object with a state, which belongs to one fit.
    """

    name: str
    value: Any

    @property
    def has_state(self) -> bool:
        """Whether it is an object of Keras', computed over all samples at once."""
        return isinstance(self.value, keras.metrics.Metric)

    def of(self, y: NDArray[Any], outputs: NDArray[Any], weight: NDArray[Any]) -> float:
        """The value for a target as the loss takes it, outputs, and weights of the samples.

        Metrics of class numbers take those, and others one-hot rows, whichever the loss takes.

        Raises
        ------
        ValueError
            If the metric fails, or does not return what it must.
        """
        return apart(self._of_all if self.has_state else self._mean_of_each, y, outputs, weight)

    def _mean_of_each(self, y: NDArray[Any], outputs: NDArray[Any], weight: NDArray[Any]) -> float:
        """The weighted mean of a function of each sample."""
        function = getattr(keras.metrics, self.value) if isinstance(self.value, str) else self.value
        try:
            y = _as_taken(self.value, y, outputs)
            returned = keras.ops.convert_to_tensor(function(y, keras.ops.convert_to_tensor(outputs)))
            values = keras.ops.convert_to_numpy(returned).astype(np.float64)
        except Exception as error:  # a user's function may raise anything
            raise self._failure(error) from error
        if not values.ndim or len(values) != len(outputs):
            said = f"{len(values)} values for {len(outputs)} samples" if values.ndim else "a single number"
            raise ValueError(
                f"metrics holds {self.value!r}, which returned {said}: it must return one for each sample."
            )
        return float(np.average(values.reshape(len(values), -1).mean(axis=1), weights=weight))

    def _failure(self, error: Exception) -> ValueError:
        return ValueError(f"metrics holds {self.name!r}, which failed on the validation samples: {error}")

    def _of_all(self, y: NDArray[Any], outputs: NDArray[Any], weight: NDArray[Any]) -> float:
        """The value of an object with a state."""
        metric = self.value
        try:
            metric.reset_state()
            # Metrics that count in integers take no other weights.
            weights = None if (weight == weight[0]).all() else weight.astype(outputs.dtype)
            metric.update_state(_as_taken(metric, y, outputs), outputs, sample_weight=weights)
            result = np.asarray(metric.result())
        except Exception as error:  # a user's function may raise anything
            raise self._failure(error) from error
        if result.size != 1:
            raise ValueError(
                f"metrics holds {self.name!r}, which returned {result.size} numbers: make it return one, such as "
                "keras.metrics.F1Score(average='macro')."
            )
        return float(result.reshape(()))


def known_metrics() -> list[str]:
    """The names of Keras' metrics of a sample, functions of targets and outputs."""
    names = (name for name, value in vars(keras.metrics).items() if name.islower() and callable(value))
    return sorted(name for name in names if name not in _EXCLUDED and _takes_two(getattr(keras.metrics, name)))


def resolve_metrics(metrics: Iterable[Any] | None, coding: Coding) -> list[Metric]:
    """What metrics are: whatever ``keras.metrics.get`` takes, "accuracy", or functions with a name of their own.

    Raises
    ------
    ValueError
        If one is unknown, does not go with the target type, or has a name that is taken.
    """
    return apart(_resolve_all, metrics, coding) if metrics else []


def _resolve_all(metrics: Iterable[Any], coding: Coding) -> list[Metric]:
    resolved: list[Metric] = []
    for metric in metrics:
        made = _resolve(metric, coding)
        if made.name in ("loss", "score", *(each.name for each in resolved)):
            raise ValueError(f"metrics holds {made.name!r}, a name that is taken: give each metric a name of its own.")
        _check_kind(made, coding.kind)
        resolved.append(made)
    return resolved


def compiled_metrics(metrics: Iterable[Metric], *, sparse_labels: bool) -> list[Any]:
    """Metrics as a Keras model of the network is compiled with them, whatever targets it takes."""
    made = []
    for metric in metrics:
        whole = _object(metric.value)
        if sparse_labels and not _takes_numbers(whole):
            whole = OfClassNumbers(whole, name=metric.name)
        elif callable(metric.value) and not metric.has_state:
            whole = metric.value  # by whose name Keras calls it
        else:
            whole.name = metric.name
        made.append(whole)
    return made


def model_metrics(metrics: Iterable[Any], coding: Coding) -> list[Any]:
    """The metrics that a Keras model of the network is compiled with: the nearest to the score, and a user's own."""
    return apart(_model_metrics, metrics, coding)


def _model_metrics(metrics: Iterable[Any], coding: Coding) -> list[Any]:
    own = resolve_metrics(metrics, coding)
    score = "mean_absolute_error" if coding.kind == "regression" else "accuracy"
    scores: list[Metric] = []
    if coding.output_activation == "linear" and coding.kind in ("binary", "multilabel"):
        scores = resolve_metrics([score], coding)  # Keras' own compares with 1/2
    made = compiled_metrics([*scores, *own], sparse_labels=coding.sparse)
    return made if scores or score in [metric.name for metric in own] else [score, *made]


def try_metrics(metrics: Iterable[Metric], y: NDArray[Any], n_outputs: int) -> None:
    """Compute the objects with a state for the first samples of an encoded target, as if all outputs were right.

    Raises
    ------
    ValueError
        If one fails, or returns several numbers.
    """
    y = y[:2]
    outputs = y if y.ndim > 1 else np.eye(n_outputs, dtype=np.float32)[y]
    for metric in metrics:
        if metric.has_state:
            metric.of(y, outputs, np.ones(len(y)))


@keras.saving.register_keras_serializable(package="skmlp")
class OfClassNumbers(keras.metrics.Metric):  # type: ignore[misc]  # Keras has no types
    """A metric of one-hot rows, for class numbers.

    Parameters
    ----------
    metric : keras.metrics.Metric
        Takes the one-hot rows.
    """

    def __init__(self, metric: Any, name: str, **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        self.metric = keras.saving.deserialize_keras_object(metric) if isinstance(metric, dict) else metric
        # Private: by it, Keras' callbacks ask whether more is better. tests/test_metrics.py notices a change.
        self._direction = getattr(self.metric, "_direction", None)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take note of samples."""
        rows = keras.ops.one_hot(keras.ops.reshape(keras.ops.cast(y_true, "int32"), (-1,)), y_pred.shape[-1])
        self.metric.update_state(rows, y_pred, sample_weight=sample_weight)

    def result(self) -> Any:
        """The metric of all of them."""
        return self.metric.result()

    def reset_state(self) -> None:
        """Forget them."""
        self.metric.reset_state()

    def get_config(self) -> dict[str, Any]:
        """What Keras saves."""
        return {**super().get_config(), "metric": keras.saving.serialize_keras_object(self.metric)}


def _resolve(metric: Any, coding: Coding) -> Metric:
    if isinstance(metric, str):
        return Metric(metric, _named(metric, coding))
    if isinstance(metric, keras.metrics.Metric):
        return Metric(metric.name, copy.deepcopy(metric))
    if isinstance(metric, type):
        raise ValueError(f"metrics holds {metric!r}, which is a class: give it an instance, with its arguments.")
    if callable(metric) and hasattr(metric, "__name__"):
        return Metric(metric.__name__, metric)
    raise ValueError(
        f"metrics holds {metric!r}, which is neither a name, a keras.metrics.Metric, nor a function with a name."
    )


def _named(name: str, coding: Coding) -> Any:
    """What a name stands for."""
    if name.lower() in ("accuracy", "acc"):
        return _accuracy(name, coding)
    known = known_metrics()
    if name in known:
        return name
    try:
        made = keras.metrics.get(name)
    except TypeError:
        raise ValueError(
            f"metrics holds {name!r}, which needs arguments: give an object, such as "
            "keras.metrics.MeanIoU(num_classes=3, sparse_y_pred=False)."
        ) from None
    except ValueError:
        classes = [each for each, value in vars(keras.metrics).items() if isinstance(value, type)]
        question = nearest(name, ("accuracy", "mae", "mse", *known, *classes))
        raise ValueError(
            f"metrics={name!r} is unknown{': ' + question if question else '.'} Give a function, a "
            f"keras.metrics.Metric, or a name, such as accuracy, {', '.join(known)}."
        ) from None
    # A class that Keras makes of a function by its name is that function: one way to compute it.
    if isinstance(made, keras.metrics.MeanMetricWrapper) and made.name in known:
        return str(made.name)
    made.name = name
    return made


def _object(value: Any) -> Any:
    """A metric as an object of Keras', which may know whether more is better, and which no fit has used."""
    if isinstance(value, keras.metrics.Metric):
        return copy.deepcopy(value)
    if not isinstance(value, str):
        return keras.metrics.MeanMetricWrapper(value)
    try:
        return keras.metrics.get(value)
    except ValueError:  # some are functions alone
        return keras.metrics.MeanMetricWrapper(getattr(keras.metrics, value))


def _accuracy(name: str, coding: Coding) -> Any:
    """The accuracy that Keras takes for a target type."""
    if coding.kind in _OF_MANY:
        return "sparse_categorical_accuracy" if coding.sparse else "categorical_accuracy"
    if coding.kind not in ("binary", "multilabel"):
        raise ValueError(
            f"metrics holds {name!r}, which does not fit a {coding.kind} target: 'val_score' is recorded anyway."
        )
    if coding.output_activation != "linear":
        return "binary_accuracy"
    return keras.metrics.BinaryAccuracy(name=name, threshold=coding.boundary)


def _check_kind(metric: Metric, kind: str) -> None:
    """Refuse metrics of one class of many, or of a threshold that is none, for other targets."""
    said = metric.value if isinstance(metric.value, str) else type(metric.value).__name__
    if "categorical" in said.lower() and kind not in _OF_MANY:
        raise ValueError(f"metrics holds {metric.name!r} ({said}), which does not fit a {kind} target: choose another.")
    if kind == "binary" and isinstance(metric.value, keras.metrics.FBetaScore) and metric.value.threshold is None:
        raise ValueError(
            f"metrics holds {metric.name!r}, which without a threshold takes every sample of two classes for the "
            f"second: give keras.metrics.{said}(average='macro', threshold=0.5)."
        )


def _takes_numbers(metric: Any) -> bool:
    """Whether a Keras metric of one class of many compares class numbers."""
    if isinstance(metric, str):
        return metric.startswith("sparse")
    return type(metric).__name__.startswith("Sparse") or bool(getattr(metric, "sparse_y_true", False))


def _as_taken(metric: Any, y: NDArray[Any], outputs: NDArray[Any]) -> NDArray[Any]:
    """Class numbers or one-hot rows of one class of many, whichever a metric takes; other targets as they are."""
    if y.ndim == 1 and not _takes_numbers(metric):
        y = np.eye(outputs.shape[1], dtype=outputs.dtype)[y]
    elif y.ndim > 1 and y.shape[1] > 1 and _takes_numbers(metric):
        y = y.argmax(axis=1)
    return y


def _takes_two(function: Any) -> bool:
    """Whether targets and outputs are all that a function must be given."""
    parameters = inspect.signature(function).parameters.values()
    return sum(each.default is inspect.Parameter.empty for each in parameters) == 2
