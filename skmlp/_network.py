"""A network's spec made into a Keras model."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import cache
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmlp._keras import keras
from skmlp._own import unwrapped
from skmlp._spec import NetworkShape, NetworkSpec, dropout_name
from skmlp._weights import weight_names, weight_shapes


def build_network(
    spec: NetworkSpec,
    *,
    dropout: Callable[[str], Any] | None = None,
    batch_normalization: Callable[..., Any] = keras.layers.BatchNormalization,
    kernel_initializer: Any = "zeros",
    bias_initializer: Any = "zeros",
    kernel_regularizer: Any = None,
    bias_regularizer: Any = None,
    activate_output: bool = True,
    name: str = "mlp",
) -> Any:
    """Build the Keras model of a spec, or of one of its members, for weights that are set afterwards.

    Parameters
    ----------
    spec : NetworkSpec
        The layers. Every one is dense; a hidden layer is followed by its normalisation, activation and dropout.
    dropout : callable, optional
        Makes the dropout layer of a given name ("input_dropout", or see `skmlp._spec.dropout_name`), or returns None
        where none stands; without it, dropout is left out.
    batch_normalization : callable, optional
        Makes a batch-normalisation layer, given its dtype and name.
    kernel_initializer, bias_initializer : str or keras.Initializer, default="zeros"
        Set on every dense layer. A random one without a seed would draw from Python's global generator.
    kernel_regularizer, bias_regularizer : keras.Regularizer, optional
        Set on every dense layer.
    activate_output : bool, default=True
        False leaves the output activation out, so that the model returns logits.
    name : str, default="mlp"
        Of the model.

    Returns
    -------
    model : keras.Model
        Takes (n_samples, n_features), returns (n_samples, n_outputs), with weights in the order of `skmlp._weights`.
    """
    dtype = spec.dtype
    options = {
        "dtype": dtype,
        "kernel_initializer": kernel_initializer,
        "bias_initializer": bias_initializer,
        "kernel_regularizer": kernel_regularizer,
        "bias_regularizer": bias_regularizer,
    }
    normalizations = {"batch": batch_normalization, "layer": keras.layers.LayerNormalization}
    hidden = inputs = keras.Input((spec.n_features,), dtype=dtype)
    hidden = _dropped(hidden, dropout, "input_dropout")
    for layer, width in enumerate(spec.hidden_layer_sizes):
        hidden = keras.layers.Dense(width, name=f"hidden_{layer}", **options)(hidden)
        if spec.normalization is not None:
            hidden = normalizations[spec.normalization](dtype=dtype, name=f"normalization_{layer}")(hidden)
        activation = keras.layers.Activation(unwrapped(spec.activation[layer]), dtype=dtype, name=f"activation_{layer}")
        hidden = activation(hidden)
        hidden = _dropped(hidden, dropout, dropout_name(layer))
    activation = spec.output_activation if activate_output and spec.heads is None else None
    outputs = keras.layers.Dense(spec.n_outputs, activation, name="output", **options)(hidden)
    if activate_output and spec.heads is not None:
        outputs = SoftmaxHeads(spec.heads, dtype=dtype, name="heads")(outputs)
    return keras.Model(inputs, outputs, name=name)


def _dropped(hidden: Any, dropout: Callable[[str], Any] | None, name: str) -> Any:
    """A tensor after the dropout layer of that name, if there is one."""
    layer = None if dropout is None else dropout(name)
    return hidden if layer is None else layer(hidden)


@keras.saving.register_keras_serializable(package="skmlp")
class SoftmaxHeads(keras.layers.Layer):  # type: ignore[misc]  # Keras has no types
    """A softmax over each of several slices of its input.

    Parameters
    ----------
    heads : sequence of int
        The widths of the slices.
    """

    def __init__(self, heads: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.heads = tuple(heads)

    def call(self, inputs: Any) -> Any:
        """Activate (n_samples, sum of heads)."""
        slices = keras.ops.split(inputs, list(accumulate(self.heads))[:-1], axis=-1)
        return keras.ops.concatenate([keras.activations.softmax(part) for part in slices], axis=-1)

    def get_config(self) -> dict[str, Any]:
        """What Keras saves."""
        return {**super().get_config(), "heads": self.heads}


def activate(spec: NetworkShape, logits: Any) -> Any:
    """Turn logits into outputs."""
    if spec.heads is not None:
        return SoftmaxHeads(spec.heads, dtype=spec.dtype)(logits)
    return keras.activations.get(spec.output_activation)(logits)


def initial_weights(
    spec: NetworkSpec, kernel_initializer: Any, bias_initializer: Any, seed: int
) -> list[NDArray[np.floating]]:
    """Draw the weights that a fit starts from, with Keras' initializers, the same ones for the same seed."""
    weights = []
    for position, (name, initializer, shape) in enumerate(
        weight_initializers(spec, kernel_initializer, bias_initializer)
    ):
        weight = np.asarray(seeded_initializer(initializer, (seed, position))(shape, dtype=spec.dtype), spec.dtype)
        if weight.shape != shape:
            raise ValueError(
                f"{name}_initializer={initializer!r} returned the shape {weight.shape} for {shape}: it must return the "
                "shape that it is asked for."
            )
        weights.append(weight)
    return weights


def weight_initializers(
    spec: NetworkSpec, kernel_initializer: Any, bias_initializer: Any
) -> list[tuple[str, Any, tuple[int, ...]]]:
    """The name, the initializer and the shape of each weight, in Keras' order."""
    initializers = {
        "kernel": kernel_initializer,
        "bias": bias_initializer,
        "gamma": "ones",
        "beta": "zeros",
        "moving_mean": "zeros",
        "moving_variance": "ones",
    }
    shapes = zip(weight_names(spec), weight_shapes(spec), strict=True)
    return [(name, initializers[name], shape) for name, shape in shapes]


def seeded_initializer(initializer: Any, entropy: Sequence[int]) -> Any:
    """A Keras initializer, given by name or as one, with a seed of our own; a user's own function as it is."""
    seed = initial_seed(*entropy)
    if isinstance(initializer, keras.Initializer):
        config = initializer.get_config()
        return type(initializer).from_config({**config, "seed": seed}) if "seed" in config else initializer
    return named_initializer(initializer, seed) if isinstance(initializer, str) else initializer


def initial_seed(*entropy: int) -> int:
    """The seed of one weight, from that of the fit and the number of the weight."""
    return int(np.random.SeedSequence(entropy).generate_state(1)[0] >> 1)  # Keras takes a signed 32-bit seed


def named_initializer(name: str, seed: Any) -> Any:
    """An initializer of Keras, with a seed or a seed generator if it draws."""
    make = getattr(keras.initializers, name)
    return make(seed=seed) if _draws(name) else make()


@cache
def _draws(name: str) -> bool:
    """Whether an initializer of that name takes a seed."""
    return "seed" in inspect.signature(getattr(keras.initializers, name)).parameters


@cache
def known_activations() -> list[str]:
    """The names of Keras' activations; without GLU, which halves the width, and threshold, which needs arguments."""
    return [name for name in _names(keras.activations) if name not in ("glu", "threshold")]


def activation_name(activation: Any) -> str | None:
    """The name of one of Keras' activations, by one of its names or as the function, or None for another function."""
    if isinstance(activation, str):
        return str(getattr(keras.activations, activation).__name__)
    name = getattr(activation, "__name__", "")
    return name if name in known_activations() and getattr(keras.activations, name) is activation else None


@cache
def known_initializers() -> dict[str, str]:
    """Every name of Keras' initializers, and the one in lower case; without STFT, which only makes convolutions."""
    names = [name for name in _names(keras.initializers) if name != "stft"]
    known = {name: name for name in names}
    for name, value in vars(keras.initializers).items():
        same = [lower for lower in names if getattr(keras.initializers, lower) is value]
        if same and not name.islower():
            known[name] = same[0]
    return known | {other: name for other, name in _OTHER_INITIALIZERS.items() if name in names}


_OTHER_INITIALIZERS = {
    "identity_initializer": "identity",
    "normal": "random_normal",
    "one": "ones",
    "orthogonal_initializer": "orthogonal",
    "uniform": "random_uniform",
    "zero": "zeros",
}
"""Names that only Keras' ``get`` knows, which cannot be asked: it makes the initializer, and draws its seed."""


def _names(module: Any) -> list[str]:
    """The lower-case names that a Keras module resolves with its ``get``."""
    excluded = {"get", "serialize", "deserialize"}
    return sorted(
        name for name, value in vars(module).items() if name.islower() and callable(value) and name not in excluded
    )
