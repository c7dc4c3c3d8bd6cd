"""Keras losses, as one value for each sample or for each of its labels, and the penalty on the weights."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from skmlp._keras import keras, tf
from skmlp._network import activate
from skmlp._own import Own
from skmlp._spec import Loss, NetworkSpec

_FROM_LOGITS = {
    "categorical_crossentropy": "softmax",
    "categorical_focal_crossentropy": "softmax",
    "binary_crossentropy": "sigmoid",
    "binary_focal_crossentropy": "sigmoid",
}
"""Losses that Keras takes from logits, exactly where the outputs saturate, and the activation that they imply."""

_NOT_PER_SAMPLE = ("circle", "ctc", "dice", "tversky", "sparse_categorical_crossentropy")
"""Losses of other things than a row of outputs beside a row of targets; class numbers are chosen by themselves."""


def known_losses() -> list[str]:
    """The names of Keras' losses of a sample."""
    excluded = ("get", "serialize", "deserialize", *_NOT_PER_SAMPLE)
    names = (name for name, value in vars(keras.losses).items() if name.islower() and callable(value))
    return sorted(name for name in names if name not in excluded and _takes_two(getattr(keras.losses, name)))


def loss_name(loss: Any) -> str | None:
    """The name of a loss that is one of Keras', given by name, as an object or as a function; None for others."""
    if isinstance(loss, str):
        return loss
    function = getattr(loss, "fn", loss)
    name = getattr(function, "__name__", None)
    return name if name is not None and getattr(keras.losses, name, None) is function else None


def known_metrics() -> list[str]:
    """The names of Keras' metrics of a sample."""
    names = (name for name, value in vars(keras.metrics).items() if name.islower() and callable(value))
    excluded = ("get", "serialize", "deserialize", "ctc", "circle", "dice", "tversky")
    return sorted(name for name in names if name not in excluded and _takes_two(getattr(keras.metrics, name)))


def metric_values(metric: Any, y: Any, outputs: Any) -> Any:
    """A Keras metric by name, or a user's own function, for each sample: (n_samples,).

    ``y`` has the encoded targets, or the class numbers if the loss takes them; metrics of class numbers take those,
    and the others one-hot rows.
    """
    name = metric if isinstance(metric, str) else ""
    if y.ndim == 1 and not name.startswith("sparse"):
        y = tf.one_hot(y, outputs.shape[1], dtype=outputs.dtype)
    elif y.ndim > 1 and name.startswith("sparse"):
        y = tf.argmax(y, axis=-1)
    function = getattr(keras.metrics, metric) if name else metric
    values = tf.convert_to_tensor(function(y, tf.convert_to_tensor(outputs)))
    values = tf.cast(values, outputs.dtype)
    if values.shape.rank == 0:
        raise ValueError(
            f"metrics holds {metric!r}, which returned a single number: it must return one for each sample."
        )
    return tf.reduce_mean(values, axis=list(range(1, values.shape.rank)))


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
        return isinstance(loss.value, keras.losses.SparseCategoricalCrossentropy)
    return loss == "categorical_crossentropy" and output_activation == "softmax"


def loss_function(loss: Loss, network: NetworkSpec, *, sparse_labels: bool) -> Callable[..., Any]:
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
            y = tf.one_hot(y, network.n_outputs, dtype=logits.dtype)
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
        return function(y[..., tf.newaxis], logits[..., tf.newaxis], values)

    return each


def penalty(weights: Sequence[Any], l1: Any, l2: Any) -> Any:
    """Keras' ``L1L2`` summed over weights: ``l1 * sum|w| + l2 * sum(w ** 2)``; a factor of None is left out."""
    terms = []
    if l1 is not None:
        terms.append(l1 * tf.add_n([tf.reduce_sum(tf.abs(weight)) for weight in weights]))
    if l2 is not None:
        terms.append(l2 * tf.add_n([tf.reduce_sum(tf.square(weight)) for weight in weights]))
    return tf.add_n(terms)


def _comparison(loss: Loss, network: NetworkSpec) -> Callable[[Any, Any, Any], Any]:
    """The loss of encoded targets and logits."""

    def outputs_of(logits: Any) -> Any:
        # Keras' activations leave their logits on the tensor that they return, and its cross-entropies take those
        # instead of the outputs, even of a softmax as if they were a sigmoid's. A copy of the tensor has none.
        return tf.identity(activate(network, logits))

    if loss == "quantile":
        return lambda y, logits, values: PinballLoss(values["quantile"]).call(y, outputs_of(logits))
    if isinstance(loss, str):
        function = getattr(keras.losses, loss)
        if _FROM_LOGITS.get(loss) == network.output_activation:
            return lambda y, logits, _: function(y, logits, from_logits=True)
        return lambda y, logits, _: function(y, outputs_of(logits))
    own = loss.value
    if isinstance(own, keras.losses.Loss):
        if own.get_config().get("from_logits"):
            return lambda y, logits, _: _by_sample(own.call(y, logits), logits, loss)
        return lambda y, logits, _: _by_sample(own.call(y, outputs_of(logits)), logits, loss)
    return lambda y, logits, _: _by_sample(own(y, outputs_of(logits)), logits, loss)


def _by_sample(losses: Any, logits: Any, loss: Own) -> Any:
    """A user's losses with all axes of the logits but the last: the mean over what other axes there are."""
    losses = tf.convert_to_tensor(losses)
    if losses.shape.rank == 0:
        raise ValueError(
            f"loss={loss.value!r} returned a single number: it must return one for each sample, of shape (n_samples,)."
        )
    return tf.reduce_mean(losses, axis=list(range(logits.shape.rank - 1, losses.shape.rank)))


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
        return tf.reduce_mean(tf.maximum(self.quantile * short, (self.quantile - 1) * short), axis=-1)

    def get_config(self) -> dict[str, Any]:
        """What Keras saves."""
        return {**super().get_config(), "quantile": self.quantile}


def _headed(heads: tuple[int, ...]) -> Callable[..., Any]:
    """Cross-entropy of each of several softmax outputs, (n_samples, n_labels)."""

    def function(y: Any, logits: Any, values: Any) -> Any:
        smoothing = values.get("label_smoothing")
        columns = []
        pairs = zip(tf.split(y, heads, axis=-1), tf.split(logits, heads, axis=-1), heads, strict=True)
        for one_hot, head, n_classes in pairs:
            smooth = one_hot if smoothing is None else one_hot * (1 - smoothing) + smoothing / n_classes
            columns.append(keras.losses.categorical_crossentropy(smooth, head, from_logits=True))
        return tf.stack(columns, axis=-1)

    return function


def _takes_two(function: Any) -> bool:
    """Whether targets and outputs are all that a function must be given."""
    parameters = inspect.signature(function).parameters.values()
    return sum(each.default is inspect.Parameter.empty for each in parameters) == 2
