"""Keras losses by name, as one value per sample."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from skmlp._keras import keras, tf
from skmlp._spec import NetworkSpec

_FROM_LOGITS = {
    "sparse_categorical_crossentropy": "softmax",
    "categorical_crossentropy": "softmax",
    "categorical_focal_crossentropy": "softmax",
    "binary_crossentropy": "sigmoid",
    "binary_focal_crossentropy": "sigmoid",
}
"""Losses that Keras takes from logits, exactly where the outputs saturate, and the activation that they imply."""


def per_sample_loss(loss: str, network: NetworkSpec) -> Callable[[Any, Any], Any]:
    """A function of the targets and the network's logits that gives the loss of each sample, (n_samples,)."""
    function = getattr(keras.losses, loss)
    if _FROM_LOGITS.get(loss) == network.output_activation:
        return lambda y, logits: function(y, logits, from_logits=True)
    activation = keras.activations.get(network.output_activation)
    # Keras' activations leave their logits on the tensor that they return, and its cross-entropies take those instead
    # of the outputs, even of a softmax as if they were a sigmoid's. A copy of the tensor has none.
    return lambda y, logits: function(y, tf.identity(activation(logits)))


def penalty(weights: Sequence[Any], l1: Any, l2: Any) -> Any:
    """Keras' ``L1L2`` summed over weights: ``l1 * sum|w| + l2 * sum(w ** 2)``; a factor of None is left out."""
    terms = []
    if l1 is not None:
        terms.append(l1 * tf.add_n([tf.reduce_sum(tf.abs(weight)) for weight in weights]))
    if l2 is not None:
        terms.append(l2 * tf.add_n([tf.reduce_sum(tf.square(weight)) for weight in weights]))
    return tf.add_n(terms)
