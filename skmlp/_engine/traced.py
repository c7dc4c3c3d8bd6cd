"""Stand-ins that let Keras layers and optimizers read values which arrive when a compiled program runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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

    Keras computes with these attributes (``__tf_tensor__``, and the operators of a tensor) and compares some of them
    with zero, to see whether they are on; one that is off is never replaced by a stand-in. So it is more than zero,
    and more is not known of it while a program is traced: every other question is a TypeError.
    """

    def __init__(self, values: TracedValues, name: str, complement: str) -> None:
        self.values = values
        self.name = name
        self.complement = complement

    def __tf_tensor__(self, dtype: Any = None, name: str | None = None) -> Any:
        value = self.values[self.name]
        return value if dtype is None else tf.cast(value, dtype)

    def __rsub__(self, other: Any) -> Any:
        return self.values[self.complement] if _is(other, 1) else other - self.values[self.name]

    def __sub__(self, other: Any) -> Any:
        return -self.values[self.complement] if _is(other, 1) else self.values[self.name] - other

    def __bool__(self) -> bool:
        return True

    def __ne__(self, other: object) -> bool:
        return self._compare("!=", other, known=True)

    def __eq__(self, other: object) -> bool:
        return self._compare("==", other, known=False)

    def __gt__(self, other: object) -> bool:
        return self._compare(">", other, known=True)

    def __ge__(self, other: object) -> bool:
        return self._compare(">=", other, known=True)

    def __lt__(self, other: object) -> bool:
        return self._compare("<", other, known=False)

    def __le__(self, other: object) -> bool:
        return self._compare("<=", other, known=False)

    __hash__ = object.__hash__

    def _compare(self, operator: str, other: object, *, known: bool) -> bool:
        if _is(other, 0):
            return known
        raise self._refusal(f"compares it by {operator} with {other!r}")

    def _refusal(self, what: str) -> TypeError:
        return TypeError(
            f"Keras' optimizer {what}, the setting {self.name}, of which nothing but that it is more than 0 is known "
            "before the compiled program runs: this release of skmlp cannot train by it with this release of Keras."
        )

    def __float__(self) -> float:
        raise self._refusal("makes a number of it")

    __int__ = __index__ = __float__


def _is(other: Any, number: int) -> bool:
    return isinstance(other, int | float) and other == number


def _arithmetic(name: str) -> Callable[..., Any]:
    def compute(setting: TracedSetting, *others: Any) -> Any:
        return getattr(setting.values[setting.name], name)(*others)

    return compute


for _name in ("add", "radd", "mul", "rmul", "truediv", "rtruediv", "pow", "rpow", "neg"):
    setattr(TracedSetting, f"__{_name}__", _arithmetic(f"__{_name}__"))


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


def sum_over_one_replica(optimizer: Any) -> None:
    """Have an optimizer take gradients as they are, rather than summed over the replicas of `tf.distribute`.

    There are no replicas here, and Keras sums by a function with a custom gradient, which TensorFlow registers for
    good, with the whole graph that it is in. This is the leak of every Keras fit. Where Keras calls the sum by another
    name, this does nothing, and tests/engine/test_graphs.py notices the leak.
    """
    optimizer._all_reduce_sum_gradients = list
