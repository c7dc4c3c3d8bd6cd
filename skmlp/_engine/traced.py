"""Stand-ins that let Keras layers and optimizers read values which arrive when a compiled program runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Traced:
    """What the layers of a network read while a program is traced.

    Attributes
    ----------
    values : TracedValues
        By name; also "seed", "step", "learning_rate" and "filled", the places of the batch that a sample fills.
    names : tuple of str
        The values that the program is given, as hyperparameters.
    xla : bool
        Whether XLA compiles the program. Then masks are computed of the numbers of their places, and windows are looked
        through by slices; else they come from TensorFlow's stateless generator and its kernels. Each is the fastest
        where it is used.
    """

    values: TracedValues
    names: tuple[str, ...]
    xla: bool = False

    def seed(self, salt: int) -> Any:
        """Two int32 that depend on the seed of the fit, the step, and a number that a layer has to itself."""
        return tf.stack([self.values["seed"] + salt, self.values["step"]])

    def drop(self, inputs: Any, rate: Any, salt: int, noise_shape: Sequence[int | None] | None = None) -> Any:
        """Inverted dropout [1]_, by a mask that depends on the seed of the fit and the step alone.

        Keras' own layer draws with the generator that TensorFlow selects, which under XLA on a CPU takes ten times as
        long as the rest of a training step.

        References
        ----------
        .. [1] Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from Overfitting", JMLR 15, 2014.
        """
        shape = tf.shape(inputs)
        if noise_shape is not None:
            shape = tf.stack([shape[axis] if size is None else size for axis, size in enumerate(noise_shape)])
        if self.xla:
            kept = self._hashed(shape, salt) >= tf.cast(rate * 2**24, tf.int32)
        else:
            uniform = tf.random.stateless_uniform(shape, self.seed(salt), alg="philox")
            kept = uniform >= tf.cast(rate, uniform.dtype)
        return tf.where(kept, inputs * (1 / (1 - rate)), tf.zeros_like(inputs))

    def _hashed(self, shape: Any, salt: int) -> Any:
        """Random int32 of 24 bits: the mixing function of MurmurHash3 [1]_ of a counter and a key.

        Under XLA on a CPU, TensorFlow's generators take as long as all the rest of a step of a small network.

        References
        ----------
        .. [1] Appleby, "MurmurHash3", 2011.
        """
        bits = tf.bitcast(tf.range(tf.reduce_prod(shape)), tf.uint32)
        seed, step = tf.unstack(tf.bitcast(self.seed(salt), tf.uint32))
        key = _mixed(seed) + step * tf.constant(0x9E3779B9, tf.uint32)
        hashed = _mixed(bits * tf.constant(0x9E3779B1, tf.uint32) + _mixed(key))
        return tf.reshape(tf.bitcast(tf.bitwise.right_shift(hashed, 8), tf.int32), shape)


def _mixed(bits: Any) -> Any:
    """Have each bit of uint32 depend on all of them."""
    shift, xor = tf.bitwise.right_shift, tf.bitwise.bitwise_xor
    bits = xor(bits, shift(bits, 16)) * tf.constant(0x85EBCA6B, tf.uint32)
    bits = xor(bits, shift(bits, 13)) * tf.constant(0xC2B2AE35, tf.uint32)
    return xor(bits, shift(bits, 16))


class TracedDropout(keras.layers.Layer):  # type: ignore[misc]  # Keras has no types
    """Dropout whose rate is a traced value; each member of several has masks of its own."""

    def __init__(self, traced: Traced, name: str, dtype: str, member: int = 0) -> None:
        super().__init__(name=name, dtype=dtype)
        self.traced = traced
        self.salt = traced.names.index(name) + member * len(traced.names)

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Zero each input with the traced probability and scale the others up, while training."""
        values = self.traced.values
        if not training or not values.now:  # Keras calls a layer once, to learn its shape, before any tracing
            return inputs
        return self.traced.drop(inputs, values[self.name], self.salt)


class MaskedBatchNormalization(keras.layers.BatchNormalization):  # type: ignore[misc]  # Keras has no types
    """Batch normalisation over the places of a batch that a sample fills: a short last batch is padded."""

    def __init__(self, values: TracedValues, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.values = values

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Normalise with the statistics of the filled places while training, else with the moving ones."""
        mask = self.values["filled"] if training and self.values.now else None
        return super().call(inputs, training=training, mask=mask)


def draw_by(generator: Any, traced: Traced, salt: int) -> None:
    """Have a seed generator of Keras give seeds of the fit and the step, rather than count in a variable.

    Where nothing is trained, it gives the same seed again and again.
    """

    def following(ordered: bool = True) -> Any:
        seed = traced.seed(salt) if "seed" in traced.values.now else tf.constant([salt, 0])
        return tf.cast(seed, generator.state.dtype)

    generator.next = following


def with_filled_mask(outputs: Any, filled: Any) -> bool:
    """Take the places that no sample fills out of the mask that Keras' layers left on outputs; whether there is one.

    The attribute is private, and what Keras' losses read; tests/engine/test_user_model.py notices a change.
    """
    mask = getattr(outputs, "_keras_mask", None)
    if mask is None:
        return False
    filled = tf.reshape(filled, (-1, *[1] * (len(mask.shape) - 1)))
    outputs._keras_mask = tf.logical_and(tf.cast(mask, tf.bool), filled)
    return True


def sum_over_one_replica(optimizer: Any) -> None:
    """Have an optimizer take gradients as they are, rather than summed over the replicas of `tf.distribute`.

    There are no replicas here, and Keras sums by a function with a custom gradient, which TensorFlow registers for
    good, with the whole graph that it is in. This is the leak of every Keras fit. Where Keras calls the sum by another
    name, this does nothing, and tests/engine/test_graphs.py notices the leak.
    """
    optimizer._all_reduce_sum_gradients = list


LARGE = 1 << 16
"""Numbers of a variable from which a step of Adam in one pass is worth the threads that it starts."""


def update_in_one_pass(optimizer: Any) -> None:
    """Have Adam update each large variable by one operation, TensorFlow's own, rather than by ten of Keras'.

    For a plain graph: each of Keras' passes over the weights and their moments on its own. TensorFlow's kernel computes
    the same formula number by number, so that its threads change no bits. Where Keras has other names for what it
    keeps, this does nothing, and tests/engine/test_program.py notices.
    """
    known = type(optimizer) in (keras.optimizers.Adam, keras.optimizers.AdamW) and not optimizer.amsgrad
    if not known or not all(hasattr(optimizer, name) for name in ("_momentums", "_velocities", "_get_variable_index")):
        return
    by_keras = optimizer.update_step

    def update_step(gradient: Any, variable: Any, learning_rate: Any) -> None:
        if variable.shape.num_elements() < LARGE:
            by_keras(gradient, variable, learning_rate)
            return
        index, dtype = optimizer._get_variable_index(variable), variable.dtype
        beta_1, beta_2 = (tf.cast(each, dtype) for each in (optimizer.beta_1, optimizer.beta_2))
        count = tf.cast(optimizer.iterations.value + 1, dtype)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=optimizer._momentums[index].value.handle,
            v=optimizer._velocities[index].value.handle,
            beta1_power=tf.pow(beta_1, count),
            beta2_power=tf.pow(beta_2, count),
            lr=tf.cast(learning_rate, dtype),
            beta1=beta_1,
            beta2=beta_2,
            epsilon=tf.cast(optimizer.epsilon, dtype),
            grad=tf.cast(gradient, dtype),
        )

    optimizer.update_step = update_step
