"""The network for tables as Keras layers: embeddings, members side by side, and the mean of what they predict.

Weights that learn at a rate of their own are kept divided by a factor: what Adam does to ``v`` at some learning rate is
what it would do to ``factor * v`` at ``factor`` times that rate, as its steps do not depend on the scale of gradients.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmlp._keras import keras
from skmlp._own import unwrapped
from skmlp._spec import dropout_name
from skmlp._tabular_spec import COSINE, RATES, TabularSpec

ops = keras.ops

_SELU_SCALE, _SELU_ALPHA = 1.0507009873554805, 1.6732632423543772


def selu(x: Any) -> Any:
    """Keras' selu by ``exp`` instead of ``expm1``, which takes XLA four times as long on a CPU."""
    return _SELU_SCALE * ops.where(x > 0, x, _SELU_ALPHA * (ops.exp(ops.minimum(x, 0)) - 1))


def mish(x: Any) -> Any:
    """Keras' mish, ``x * tanh(log(1 + exp(x)))``, as a fraction of one exponential."""
    e = ops.exp(ops.minimum(x, 20))
    n = e * (e + 2)
    return x * (n * ops.reciprocal(n + 2))


_QUICK: Mapping[str, Callable[[Any], Any]] = {"selu": selu, "mish": mish}


def mish_with_slope(x: Any, slope: Any) -> Any:
    """``x + slope * (mish(x) - x)``: the difference is ``-2 * x / (e * (e + 2) + 2)`` with ``e = exp(x)``."""
    e = ops.exp(ops.minimum(x, 20))
    return x + x * ((-2 * slope) * ops.reciprocal(e * (e + 2) + 2))


_QUICK_WITH_SLOPE: Mapping[str, Callable[[Any, Any], Any]] = {"mish": mish_with_slope}


def cosine_of_turns(turns: Any) -> Any:
    """``cos(2 * pi * turns)`` as a polynomial, whose gradient is one, too: XLA takes ten times as long for a cosine."""
    r = turns - ops.stop_gradient(ops.round(turns))
    square = r * r
    value = ops.full_like(square, COSINE[-1])
    for coefficient in COSINE[-2::-1]:
        value = value * square + coefficient
    return value


@keras.saving.register_keras_serializable(package="skmlp")
class PeriodicEmbedding(keras.layers.Layer):  # type: ignore[misc]  # Keras has no types
    """An embedding of each number by cosines [1]_, beside the number itself.

    Of a column x it makes ``mixing.T @ cos(2 * pi * frequencies * x + phases) + offsets``, and x.

    Parameters
    ----------
    n_frequencies : int
        Cosines of each column.
    dim : int
        What they are mixed to.

    References
    ----------
    .. [1] Gorishniy, Rubachev and Babenko, "On Embeddings for Numerical Features in Tabular Deep Learning", NeurIPS
       2022.
    """

    def __init__(self, n_frequencies: int, dim: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.n_frequencies = n_frequencies
        self.dim = dim

    def build(self, shape: Sequence[int | None]) -> None:
        """Make the weights: a column each, so that products run along the columns of a batch."""
        n_columns = shape[-1]
        self.frequencies = self.add_weight(name="frequencies", shape=(self.n_frequencies, 1, n_columns))
        self.phases = self.add_weight(name="phases", shape=(self.n_frequencies, 1, n_columns))
        self.mixing = self.add_weight(name="mixing", shape=(self.dim, self.n_frequencies, 1, n_columns))
        self.offsets = self.add_weight(name="offsets", shape=(self.dim, n_columns))

    def call(self, inputs: Any) -> Any:
        """From (n_samples, columns) to (n_samples, (dim + 1) * columns)."""
        rate = RATES["periodic"]
        turns = inputs[None] * (rate * self.frequencies) + (rate / (2 * math.pi)) * self.phases
        cosines = cosine_of_turns(turns)
        mixed = [ops.sum(cosines * (rate * self.mixing[j]), axis=0) + rate * self.offsets[j] for j in range(self.dim)]
        return ops.concatenate([*mixed, inputs], axis=-1)

    def get_config(self) -> dict[str, Any]:
        """What Keras saves."""
        return {**super().get_config(), "n_frequencies": self.n_frequencies, "dim": self.dim}


@keras.saving.register_keras_serializable(package="skmlp")
class CategoryEmbedding(keras.layers.Layer):  # type: ignore[misc]  # Keras has no types
    """The embeddings of the codes of several columns, which each member looks up in a table of its own.

    If members shared a table, what one learns of samples that another leaves out would be in the other's predictions of
    them: rare categories would give the targets away.

    Parameters
    ----------
    n_members, n_categories, dim : int
    """

    def __init__(self, n_members: int, n_categories: int, dim: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.n_members = n_members
        self.n_categories = n_categories
        self.dim = dim

    def build(self, shape: Sequence[int | None]) -> None:
        """Make the tables."""
        self.table = self.add_weight(name="table", shape=(self.n_members, self.n_categories, self.dim))

    def call(self, codes: Any) -> Any:
        """From (n_samples, columns), or (n_members, n_samples, columns), to (n_members, n_samples, columns * dim)."""
        tables = ops.reshape(self.table, (-1, self.dim))
        first = ops.reshape(ops.arange(self.n_members, dtype=codes.dtype) * self.n_categories, (-1, 1, 1))
        embedded = ops.take(tables, codes + first, axis=0)
        return ops.reshape(embedded, (self.n_members, -1, codes.shape[-1] * self.dim))

    def get_config(self) -> dict[str, Any]:
        """What Keras saves."""
        own = {name: getattr(self, name) for name in ("n_members", "n_categories", "dim")}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable(package="skmlp")
class MemberDense(keras.layers.Layer):  # type: ignore[misc]  # Keras has no types
    """A dense layer of each member: ``x @ kernel / sqrt(inputs) + bias``.

    Parameters
    ----------
    n_members, units : int
    input_scale : bool, default=False
        Whether each member has a factor for each input.
    first : bool, default=False
        Whether a weight says which inputs are used; the others count as absent.
    """

    def __init__(
        self, n_members: int, units: int, *, input_scale: bool = False, first: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.n_members = n_members
        self.units = units
        self.input_scale = input_scale
        self.first = first

    def build(self, shape: Sequence[int | None]) -> None:
        """Make the weights."""
        n_inputs = shape[-1]
        self.used = self.add_weight(name="used", shape=(n_inputs,), trainable=False) if self.first else None
        self.scale = self.add_weight(name="scale", shape=(self.n_members, n_inputs)) if self.input_scale else None
        self.kernel = self.add_weight(name="kernel", shape=(self.n_members, n_inputs, self.units))
        self.bias = self.add_weight(name="bias", shape=(self.n_members, self.units))

    def call(self, inputs: Any) -> Any:
        """From (n_samples, inputs), the same for all members, or (n_members, n_samples, inputs)."""
        kernel = ops.convert_to_tensor(self.kernel)
        if self.scale is not None:
            kernel = kernel * (RATES["scale"] * self.scale)[:, :, None]
        if self.used is None:
            kernel = kernel * (1 / math.sqrt(self.kernel.shape[1]))
        else:
            kernel = kernel * (self.used / ops.sqrt(ops.sum(self.used)))[:, None]
        if len(inputs.shape) == 2:
            inputs = ops.broadcast_to(inputs, (self.n_members, *ops.shape(inputs)))
        return ops.matmul(inputs, kernel) + (RATES["bias"] * self.bias)[:, None]

    def get_config(self) -> dict[str, Any]:
        """What Keras saves."""
        own = {name: getattr(self, name) for name in ("n_members", "units", "input_scale", "first")}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable(package="skmlp")
class ParametricActivation(keras.layers.Layer):  # type: ignore[misc]  # Keras has no types
    """An activation with a slope for each unit: ``x + slope * (activation(x) - x)``.

    Parameters
    ----------
    activation : str or callable
    """

    def __init__(self, activation: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.activation = activation
        self._function = _with_slope(activation)

    def build(self, shape: Sequence[int | None]) -> None:
        """Make the slopes."""
        self.slope = self.add_weight(name="slope", shape=(shape[-1],))

    def call(self, inputs: Any) -> Any:
        """Activate (n_members, n_samples, units)."""
        # By a product, a row for each member: gradients are then summed over samples first, for which XLA is quick.
        members = ops.ones((inputs.shape[0], 1), self.compute_dtype)
        slopes = ops.matmul(members, (RATES["slope"] * self.slope)[None])
        return self._function(inputs, slopes[:, None])

    def get_config(self) -> dict[str, Any]:
        """What Keras saves."""
        return {**super().get_config(), "activation": keras.activations.serialize(_keras_function(self.activation))}


def _keras_function(activation: Any) -> Any:
    return keras.activations.get(activation) if isinstance(activation, str | dict) else activation


def _function(activation: Any) -> Callable[[Any], Any]:
    """An activation, given by name, as saved, or as a function."""
    quick = _QUICK.get(activation) if isinstance(activation, str) else None
    function: Callable[[Any], Any] = _keras_function(activation) if quick is None else quick
    return function


def _with_slope(activation: Any) -> Callable[[Any, Any], Any]:
    """The function ``x + slope * (activation(x) - x)``."""
    quick = _QUICK_WITH_SLOPE.get(activation) if isinstance(activation, str) else None
    function = _function(activation)
    return (lambda x, slope: x + slope * (function(x) - x)) if quick is None else quick


@keras.saving.register_keras_serializable(package="skmlp")
class MeanOfMembers(keras.layers.Layer):  # type: ignore[misc]  # Keras has no types
    """The mean of what the members predict, (n_members, n_samples, outputs), each activated by itself.

    Parameters
    ----------
    activation : str
    heads : sequence of int, default=None
        The widths of the slices of the outputs that have a softmax each.
    """

    def __init__(self, activation: str, heads: Sequence[int] | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.activation = activation
        self.heads = None if heads is None else tuple(heads)

    def call(self, inputs: Any) -> Any:
        """From (n_members, n_samples, outputs) to (n_samples, outputs)."""
        activate = keras.activations.get(self.activation)
        return ops.mean(by_head(activate, inputs, self.heads), axis=0)

    def get_config(self) -> dict[str, Any]:
        """What Keras saves."""
        return {**super().get_config(), "activation": self.activation, "heads": self.heads}


def by_head(function: Callable[[Any], Any], values: Any, heads: Sequence[int] | None) -> Any:
    """A function of the last axis, applied to each slice of it, or to the whole."""
    if heads is None:
        return function(values)
    slices = ops.split(values, list(accumulate(heads))[:-1], axis=-1)
    return ops.concatenate([function(part) for part in slices], axis=-1)


def _embedded(spec: TabularSpec, inputs: Sequence[Any]) -> Any:
    """The input of the first dense layer: (n_samples, n_inputs), or (n_members, n_samples, n_inputs)."""
    options = {"dtype": spec.dtype}
    rows = [ops.transpose(table, (1, 0, 2)) for table in inputs] if spec.own_rows else list(inputs)
    parts = []
    if spec.n_periodic:
        parts.append(_periodic(spec, rows.pop(0)))
    if spec.n_plain:
        parts.append(rows.pop(0))
    if spec.n_codes:
        embedding = CategoryEmbedding(
            spec.n_members, spec.n_categories, spec.category_dim, name="categories", **options
        )
        embedded = embedding(rows.pop(0))
        parts = [*(_of_members(spec, part) for part in parts), embedded]
    return ops.concatenate(parts, axis=-1) if len(parts) > 1 else parts[0]


def _periodic(spec: TabularSpec, numbers: Any) -> Any:
    """The periodic embedding of numbers; rows of members are rows like others to it."""
    embedding = PeriodicEmbedding(spec.n_frequencies, spec.periodic_dim, name="periodic", dtype=spec.dtype)
    if not spec.own_rows:
        return embedding(numbers)
    embedded = embedding(ops.reshape(numbers, (-1, numbers.shape[-1])))
    return ops.reshape(embedded, (spec.n_members, -1, embedded.shape[-1]))


def _of_members(spec: TabularSpec, part: Any) -> Any:
    """What each member gets, where there is one for all of them."""
    return part if spec.own_rows else ops.tile(ops.expand_dims(part, 0), (spec.n_members, 1, 1))


def build_tabular(spec: TabularSpec, *, dropout: Callable[[str], Any] | None = None, average: bool = False) -> Any:
    """Build the Keras model of a spec, for weights that are set afterwards.

    Parameters
    ----------
    spec : TabularSpec
    dropout : callable, optional
        Makes the dropout layer of a given name (see `skmlp._spec.dropout_name`), or returns None where none stands;
        without it, dropout is left out.
    average : bool, default=False
        Whether it returns the mean of what the members predict rather than the logits of each.

    Returns
    -------
    model : keras.Model
        Takes the tables of the spec, (n_samples, columns) each; returns (n_members, n_samples, n_outputs), or if it
        averages (n_samples, n_outputs); with weights in the order of `weight_shapes`.
    """
    inputs = [keras.Input(form.shape, dtype=form.dtype) for form in spec.inputs]
    hidden = _embedded(spec, inputs)
    options = {"dtype": spec.dtype}
    widths = [*spec.hidden_layer_sizes, spec.n_outputs]
    for layer, width in enumerate(widths):
        first, last = layer == 0, layer == len(widths) - 1
        dense = MemberDense(
            spec.n_members,
            width,
            input_scale=first and spec.input_scale,
            first=first,
            name="output" if last else f"hidden_{layer}",
            **options,
        )
        hidden = dense(hidden)
        if last:
            break
        activation, name = unwrapped(spec.activation[layer]), f"activation_{layer}"
        if spec.parametric_activation:
            hidden = ParametricActivation(activation, name=name, **options)(hidden)
        else:
            hidden = keras.layers.Activation(_function(activation), name=name, **options)(hidden)
        dropped = None if dropout is None else dropout(dropout_name(layer))
        hidden = hidden if dropped is None else dropped(hidden)
    if average:
        hidden = MeanOfMembers(spec.output_activation, spec.heads, name="mean", **options)(hidden)
    return keras.Model(inputs if len(inputs) > 1 else inputs[0], hidden, name="tabular_mlp")


def initial_weights(
    spec: TabularSpec, used: NDArray[np.bool_], frequency_scale: float, seed: int
) -> list[NDArray[np.floating]]:
    """Draw the weights that a fit starts from, in the order of the weights of `build_tabular`.

    ``used`` (n_inputs,) says which inputs are there.
    """
    rng = np.random.default_rng((seed, 0))
    k, columns, dim = spec.n_members, spec.n_periodic, spec.periodic_dim
    weights: list[NDArray[Any]] = []
    if columns:
        h = spec.n_frequencies
        bound = 1 / math.sqrt(h)
        drawn = [
            rng.normal(0, frequency_scale, (h, 1, columns)),
            rng.uniform(-math.pi, math.pi, (h, 1, columns)),
            rng.uniform(-bound, bound, (dim, h, 1, columns)),
            rng.uniform(-bound, bound, (dim, columns)),
        ]
        weights += [each / RATES["periodic"] for each in drawn]
    if spec.n_codes:
        tables = rng.normal(size=(k, spec.n_categories, spec.category_dim))
        tables[:, 0] = 0  # unknown categories: there are none to learn it of
        weights.append(tables)
    n_inputs = spec.n_inputs
    for layer, width in enumerate([*spec.hidden_layer_sizes, spec.n_outputs]):
        if layer == 0 and spec.input_scale:
            weights.append(np.full((k, n_inputs), 1 / RATES["scale"]))
        weights += [rng.normal(size=(k, n_inputs, width)), np.zeros((k, width))]
        if layer == 0:
            weights.append(used.astype(float))
        if spec.parametric_activation and layer < len(spec.hidden_layer_sizes):
            weights.append(np.full(width, 1 / RATES["slope"]))
        n_inputs = width
    return [each.astype(spec.dtype) for each in weights]
