"""Stand-ins that let Keras layers and optimizers read values which arrive when a compiled program runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from skmlp._keras import keras, tf


class TracedValues:
    """The values of the program that is being traced, by name; empty outside of a tracing."""

    def __init__(self) -> None:
        self.now: Mapping[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        return self.now[name]

    def get(self, name: str) -> Any | None:
        """The value of that name, or None if the structure has none."""
        return self.now.get(name)


class TracedRate(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]  # Keras has no types
    """A Keras schedule whose rate is passed to the program for every step."""

    def __init__(self, values: TracedValues) -> None:
        super().__init__()
        self.values = values

    def __call__(self, step: Any) -> Any:
        return self.values["learning_rate"]


class TracedSetting:
    """Takes the place of a float attribute of a Keras optimizer, such as ``beta_1``.

    Keras computes with these attributes (``__tf_tensor__`` and the operators below) and compares some of them with
    zero, to see whether they are on; one that is off is never replaced by a stand-in.
    """

    def __init__(self, values: TracedValues, name: str, complement: str) -> None:
        self.values = values
        self.name = name
        self.complement = complement

    def __tf_tensor__(self, dtype: Any = None, name: str | None = None) -> Any:
        value = self.values[self.name]
        return value if dtype is None else tf.cast(value, dtype)

    def __rsub__(self, other: float) -> Any:
        return self.values[self.complement] if other == 1 else other - self.values[self.name]

    def __sub__(self, other: float) -> Any:
        return -self.values[self.complement] if other == 1 else self.values[self.name] - other

    def __mul__(self, other: Any) -> Any:
        return self.values[self.name] * other

    __rmul__ = __mul__

    def __ne__(self, other: object) -> bool:
        return True if isinstance(other, (int, float)) and other == 0 else self is not other

    def __gt__(self, other: float) -> bool:
        return True

    __hash__ = object.__hash__


class TracedDropout(keras.layers.Layer):  # type: ignore[misc]  # Keras has no types
    """Inverted dropout [1]_ whose rate is a traced value and whose mask depends on the seed and the step alone.

    Keras' own layer draws with the generator that TensorFlow selects, which under XLA on a CPU takes ten times as
    long as the rest of a training step.

    References
    ----------
    .. [1] Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from Overfitting", JMLR 15, 2014.
    """

    def __init__(self, values: TracedValues, name: str, salt: int, algorithm: str, dtype: str) -> None:
        super().__init__(name=name, dtype=dtype)
        self.values = values
        self.salt = salt
        self.algorithm = algorithm

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Zero each input with the traced probability and scale the others up, while training."""
        if not training or not self.values.now:  # Keras calls a layer once, to learn its shape, before any tracing
            return inputs
        rate = self.values[self.name]
        seed = tf.stack([self.values["seed"] + self.salt, self.values["step"]])
        uniform = tf.random.stateless_uniform(tf.shape(inputs), seed, alg=self.algorithm)
        kept = uniform >= tf.cast(rate, uniform.dtype)
        return tf.where(kept, inputs / (1 - rate), tf.zeros_like(inputs))


class MaskedBatchNormalization(keras.layers.BatchNormalization):  # type: ignore[misc]  # Keras has no types
    """Batch normalisation over the places of a batch that a sample fills: a short last batch is padded."""

    def __init__(self, values: TracedValues, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.values = values

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Normalise with the statistics of the filled places while training, else with the moving ones."""
        mask = self.values["filled"] if training and self.values.now else None
        return super().call(inputs, training=training, mask=mask)
