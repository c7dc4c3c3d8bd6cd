"""Members: networks that are trained side by side, and what is made of their predictions."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from skmlp._keras import keras, tf
from skmlp._spec import NetworkShape
from skmlp._tabular_network import by_head


def with_gradient_of_sum(mean: Any, n_members: int) -> Any:
    """A mean over members, with the gradient of their sum: each learns as if it were alone."""
    return mean if n_members == 1 else mean + (n_members - 1) * (mean - tf.stop_gradient(mean))


def mean_prediction(spec: NetworkShape, logits: Any) -> list[Any]:
    """The mean of what members predict, as its logits and itself, (n_samples, n_outputs) each.

    ``logits`` are those of each member, (n_members, n_samples, n_outputs).
    """
    activate = keras.activations.get(spec.output_activation)
    mean = tf.reduce_mean(by_head(activate, logits, spec.heads), axis=0)
    of_logits = _OF_LOGITS.get(spec.output_activation)
    return [_INVERSE[spec.output_activation](mean) if of_logits is None else of_logits(logits, spec.heads), mean]


def _log_mean(logarithms: Any) -> Any:
    """The logarithm of the mean over members, none of them lost to rounding."""
    return tf.reduce_logsumexp(logarithms, axis=0) - math.log(logarithms.shape[0])


def _of_sigmoids(logits: Any, heads: Any) -> Any:
    return _log_mean(tf.math.log_sigmoid(logits)) - _log_mean(tf.math.log_sigmoid(-logits))


_OF_LOGITS: Mapping[str, Callable[[Any, Any], Any]] = {
    "linear": lambda logits, heads: tf.reduce_mean(logits, axis=0),
    "softmax": lambda logits, heads: by_head(lambda head: _log_mean(tf.nn.log_softmax(head)), logits, heads),
    "sigmoid": _of_sigmoids,
    "exponential": lambda logits, heads: _log_mean(logits),
}
"""By output activation, what it makes the mean of the members' outputs of, from their logits."""

_INVERSE: Mapping[str, Callable[[Any], Any]] = {
    "relu": lambda mean: mean,
    "tanh": tf.math.atanh,
    "softplus": lambda mean: mean + tf.math.log(-tf.math.expm1(-mean)),
}
"""The same from the mean of their outputs."""
