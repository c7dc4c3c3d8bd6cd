"""Keras losses, as one value for each sample or for each of its labels, and the penalty on the weights."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any

from skmlp._copies import check_copies
from skmlp._keras import keras
from skmlp._loss_table import LOSSES, NOT_OF_A_SAMPLE, GivenLoss
from skmlp._names import nearest
from skmlp._network import activate
from skmlp._own import Own
from skmlp._spec import Loss, NetworkShape

_MEANS = ("sum_over_batch_size", "mean", "mean_with_sample_weight", "none", None)
"""Keras' reductions under which a fit minimises the weighted mean over its samples; without one, that is ours to do."""


_OF_CLASS_NUMBERS = ("sparse_categorical_crossentropy", "categorical_generalized_cross_entropy")
"""Keras' losses whose targets are class numbers, whatever their arguments."""


def known_losses() -> list[str]:
    """The names of the losses of a sample: those of the table that the installed Keras has, and ours."""
    return [
        name for name, row in LOSSES.items() if row.has_name and (name == "quantile" or hasattr(keras.losses, name))
    ]


def resolve_loss(loss: Any, dtype: str) -> GivenLoss:
    """What a loss is, however it was given: whatever ``keras.losses.get`` takes, "auto", or "quantile".

    One of Keras' losses as Keras makes it is a name, so that all ways to give it are one structure.

    Raises
    ------
    ValueError
        If the name is unknown, or the loss is not one that a fit can train.
    """
    if isinstance(loss, str) and loss in ("auto", "quantile"):
        return GivenLoss(loss, loss, None if loss == "auto" else loss)
    value = _by_name(loss) if isinstance(loss, str) else loss
    row = _row(value)
    if row in NOT_OF_A_SAMPLE:
        raise ValueError(
            f"loss={loss!r} does not compare one row of outputs with one row of targets: choose one of "
            f"{', '.join(known_losses())}."
        )
    if isinstance(value, keras.losses.Loss):
        check_copies("loss", value)
        _check_object(value, loss, dtype)
    if row is not None and LOSSES[row].has_name and _is_plain(value):
        return GivenLoss(loss, row, row)
    return GivenLoss(loss, Own.of(value), row, _takes_logits(value))


def loss_name(loss: Any) -> str | None:
    """The row of a loss that is one of Keras', however it was given and whatever its arguments; None for others."""
    return _row(_by_name(loss)) if isinstance(loss, str) and loss not in ("auto", "quantile") else _row(loss)


def _by_name(name: str) -> Any:
    """The function or the object that Keras has under a name."""
    try:
        return keras.losses.get(name)
    except (ValueError, TypeError):
        question = nearest(name, (*known_losses(), *_CLASS_NAMES))
        raise ValueError(
            f"loss={name!r} is unknown{': ' + question if question else '.'} Choose 'auto' or one of "
            f"{', '.join(known_losses())}."
        ) from None


_CLASS_NAMES = [name for name, value in vars(keras.losses).items() if isinstance(value, type)]


def _row(value: Any) -> str | None:
    """The name of the Keras function that a loss computes with."""
    if isinstance(value, functools.partial):
        return _row(value.func)
    if isinstance(value, keras.losses.Loss) and type(value).call is not keras.losses.MeanSquaredError.call:
        return None  # a user's own class, or one that is not a function of a row
    function = getattr(value, "fn", None) if isinstance(value, keras.losses.Loss) else value
    name = getattr(function, "__name__", "")
    known = name in LOSSES or name in NOT_OF_A_SAMPLE
    return name if known and getattr(keras.losses, name, None) is function else None


def _is_plain(value: Any) -> bool:
    """Whether a loss of Keras' is a function, or an object with the arguments that it has by default."""
    if not isinstance(value, keras.losses.Loss):
        return not isinstance(value, functools.partial)
    cls = type(value)
    if getattr(keras.losses, cls.__name__, None) is not cls:
        return False
    return Own.of(value) == Own.of(cls(reduction=value.reduction, name=value.name, dtype=value.dtype))


def _takes_logits(value: Any) -> bool:
    """Whether a loss was told that the outputs are logits."""
    if isinstance(value, functools.partial):
        return bool(value.keywords.get("from_logits"))
    return isinstance(value, keras.losses.Loss) and bool(value.get_config().get("from_logits"))


def _check_object(value: Any, given: Any, dtype: str) -> None:
    """Refuse settings of a Keras loss object that would not be in force."""
    if value.reduction not in _MEANS:
        raise ValueError(
            f"loss={given!r} has reduction={value.reduction!r}, but a step minimises the mean over its batch: leave "
            "reduction out; for steps as long as the sum's, multiply learning_rate by the batch size."
        )
    if type(value).__call__ is not keras.losses.Loss.__call__:
        raise ValueError(
            f"loss={given!r} overrides __call__, which weighs and averages losses, as a fit does by itself: override "
            "call, which returns one for each sample."
        )
    if getattr(value, "ignore_class", None) is not None:
        raise ValueError(
            f"loss={given!r} has ignore_class={value.ignore_class!r}, by which fewer samples would count than a step "
            "has: give samples of that class the sample_weight 0."
        )
    if value.dtype not in (dtype, keras.config.floatx()):
        raise ValueError(
            f"loss={given!r} has dtype={value.dtype!r}, but losses are computed in the estimator's "
            f"dtype={dtype!r}: leave the dtype of the loss out, or change the estimator's."
        )


def smoothes_labels(loss: Loss) -> bool:
    """Whether a Keras loss of that name has label smoothing."""
    return (
        isinstance(loss, str)
        and loss != "quantile"
        and "label_smoothing" in inspect.signature(getattr(keras.losses, loss)).parameters
    )


def takes_class_numbers(loss: Loss, output_activation: str) -> bool:
    """Whether a loss compares with class numbers rather than with one-hot rows.

    Cross-entropy of a softmax does, since that is the same and takes less memory; so does Keras' sparse one.
    """
    if isinstance(loss, Own):
        return _row(loss.held) in _OF_CLASS_NUMBERS
    return loss == "categorical_crossentropy" and output_activation == "softmax"


def loss_function(loss: Loss, network: NetworkShape, *, sparse_labels: bool) -> Callable[..., Any]:
    """The loss as a function of targets, logits, and the values ``label_smoothing`` and ``quantile``.

    Returns
    -------
    function : callable
        (y, logits, values) -> (n_samples,), or (n_samples, n_labels) for a network of several heads. ``values`` has
        ``label_smoothing``, or None, and ``quantile`` where the loss is "quantile".
    """
    if network.heads is not None:
        return _headed(network.heads)
    compare = _comparison(loss, network)

    def function(y: Any, logits: Any, values: Any) -> Any:
        smoothing = values.get("label_smoothing")
        if sparse_labels and smoothing is None and isinstance(loss, str):
            return keras.losses.sparse_categorical_crossentropy(y, logits, from_logits=True)
        if sparse_labels and isinstance(loss, str):
            y = keras.ops.one_hot(y, network.n_outputs, dtype=logits.dtype)
        if smoothing is not None:
            # As Keras does it: towards 1/2 for two classes, and towards 1/n for n of them.
            n_classes = 2 if str(loss).startswith("binary") else network.n_outputs
            y = y * (1 - smoothing) + smoothing / n_classes
        return compare(y, logits, values)

    return function


def keras_loss(loss: Loss, quantile: float, *, sparse_labels: bool, headed: bool) -> Any:
    """What a Keras model of the network is compiled with; it knows no label smoothing."""
    if headed:
        return "kl_divergence"  # of one-hot rows: the sum of the cross-entropies of the heads
    if isinstance(loss, Own):
        return loss.value
    if loss == "quantile":
        return PinballLoss(quantile)
    return "sparse_categorical_crossentropy" if sparse_labels else loss


def per_label(function: Callable[..., Any]) -> Callable[..., Any]:
    """A loss of rows as a loss of each of their labels: (n_samples, n_outputs) -> (n_samples, n_outputs)."""

    def each(y: Any, logits: Any, values: Any) -> Any:
        return function(y[..., None], logits[..., None], values)

    return each


def penalty(weights: Sequence[Any], l1: Any, l2: Any) -> Any:
    """Keras' ``L1L2`` summed over weights: ``l1 * sum|w| + l2 * sum(w ** 2)``; a factor of None is left out."""
    terms = []
    if l1 is not None:
        terms.append(l1 * sum(keras.ops.sum(keras.ops.abs(weight)) for weight in weights))
    if l2 is not None:
        terms.append(l2 * sum(keras.ops.sum(keras.ops.square(weight)) for weight in weights))
    return sum(terms)


def _comparison(loss: Loss, network: NetworkShape) -> Callable[[Any, Any, Any], Any]:
    """The loss of encoded targets and logits."""

    def outputs_of(logits: Any) -> Any:
        # Keras' activations leave their logits on the tensor that they return, and its cross-entropies take those
        # instead of the outputs, even of a softmax as if they were a sigmoid's. A copy of the tensor has none.
        return keras.ops.copy(activate(network, logits))

    if loss == "quantile":
        return lambda y, logits, values: PinballLoss(values["quantile"]).call(y, outputs_of(logits))
    if isinstance(loss, str):
        function = getattr(keras.losses, loss)
        if LOSSES[loss].logits_of == network.output_activation:
            return lambda y, logits, _: function(y, logits, from_logits=True)
        return lambda y, logits, _: function(y, outputs_of(logits))
    own = loss.value
    function = own.call if isinstance(own, keras.losses.Loss) else own
    if _takes_logits(own):
        return lambda y, logits, _: _own_losses(function, own, y, logits)
    return lambda y, logits, _: _own_losses(function, own, y, outputs_of(logits))


def _own_losses(function: Callable[[Any, Any], Any], own: Any, y: Any, outputs: Any) -> Any:
    """A user's losses with all axes of the outputs but the last: the mean over what other axes there are."""
    try:
        losses = keras.ops.convert_to_tensor(function(y, outputs))
    except Exception as error:  # a user's function may raise anything
        raise ValueError(f"loss={own!r} failed on targets and outputs of {outputs.shape}: {error}") from error
    axes = len(outputs.shape) - 1
    if len(losses.shape) == 0:
        raise ValueError(
            f"loss={own!r} returned a single number: it must return one for each sample, of shape (n_samples,)."
        )
    pairs = zip(losses.shape, outputs.shape[:axes], strict=False)
    if len(losses.shape) < axes or any(None not in pair and pair[0] != pair[1] for pair in pairs):
        raise ValueError(
            f"loss={own!r} returned the shape {losses.shape} for outputs of {outputs.shape}: it must return one loss "
            "for each sample, of shape (n_samples,)."
        )
    dtype = keras.backend.standardize_dtype(losses.dtype)
    if not keras.backend.is_float_dtype(dtype):
        raise ValueError(f"loss={own!r} returned {dtype}: it must return floating-point numbers.")
    return keras.ops.mean(keras.ops.cast(losses, outputs.dtype), axis=tuple(range(axes, len(losses.shape))))


@keras.saving.register_keras_serializable(package="skmlp")
class PinballLoss(keras.losses.Loss):  # type: ignore[misc]  # Keras has no types
    """The pinball loss [1]_, whose least mean is at a quantile of the target.

    Parameters
    ----------
    quantile : float or tensor
        Between 0 and 1.

    References
    ----------
    .. [1] Koenker and Bassett, "Regression Quantiles", Econometrica 46, 1978.
    """

    def __init__(self, quantile: Any, **kwargs: Any) -> None:
        super().__init__(**{"name": "pinball", **kwargs})
        self.quantile = quantile

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The loss of each sample, (n_samples,), the mean over its outputs."""
        short = y_true - y_pred
        return keras.ops.mean(keras.ops.maximum(self.quantile * short, (self.quantile - 1) * short), axis=-1)

    def get_config(self) -> dict[str, Any]:
        """What Keras saves."""
        return {**super().get_config(), "quantile": self.quantile}


def _headed(heads: tuple[int, ...]) -> Callable[..., Any]:
    """Cross-entropy of each of several softmax outputs, (n_samples, n_labels)."""
    edges = list(accumulate(heads))[:-1]

    def function(y: Any, logits: Any, values: Any) -> Any:
        smoothing = values.get("label_smoothing")
        columns = []
        parts = (keras.ops.split(each, edges, axis=-1) for each in (y, logits))
        pairs = zip(*parts, heads, strict=True)
        for one_hot, head, n_classes in pairs:
            smooth = one_hot if smoothing is None else one_hot * (1 - smoothing) + smoothing / n_classes
            columns.append(keras.losses.categorical_crossentropy(smooth, head, from_logits=True))
        return keras.ops.stack(columns, axis=-1)

    return function
