"""A user's own Keras model, as the engine builds it: cloned, with layers that read traced values and seeds."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from skmlp._engine.architecture import Network
from skmlp._engine.traced import Traced, TracedValues, draw_by, with_filled_mask
from skmlp._engine.windows import rewrite_windows
from skmlp._keras import keras, tf
from skmlp._model_parts import (
    all_layers,
    custom_objects,
    functions_held,
    has_own_layers,
    is_plain_dropout,
    lambdas_named,
    model_inputs,
    norm_name,
    own_additions,
    rate_name,
    smoothing_name,
)
from skmlp._spec import ModelSpec, Objective
from skmlp._told import NORMS, require_alike, require_alike_variables

_MEANS = ("sum_over_batch_size", "mean")
"""Reductions of a Keras loss that divide by the number of places in a batch."""


class UserModel:
    """A user's own Keras model (see `skmlp._engine.architecture.Architecture`)."""

    def __init__(self, spec: ModelSpec) -> None:
        self._spec = spec
        model = self._present_model()
        self.inputs = model_inputs(model)
        self.dtype = keras.config.floatx()
        self.multiplies_sparse = False
        self.rewritten = True
        self.by_row = not has_own_layers(model)
        self.widest = max(_size(each) for layer in model.layers for each in keras.tree.flatten(layer.output))

    def _present_model(self) -> Any:
        """The model, which is kept alive by whoever trains or predicts, and not by what is cached of it."""
        model = self._spec.model()
        if model is None:
            raise RuntimeError("The Keras model of this spec is gone.")
        return model

    def build(self, traced: Traced | None) -> Network:
        """Clone the model, and have its layers read what is traced; or as it predicts."""
        model, made = self._present_model(), {}

        def clone_layer(layer: Any) -> Any:
            if not isinstance(layer, keras.layers.Layer):  # an operation, such as one that makes a mask
                return type(layer).from_config(layer.get_config())
            made[id(layer)] = layer, _clone_layer(layer)
            return made[id(layer)][1]

        bare = keras.Model(model.inputs, model.outputs)  # clone_model would compile a compiled one
        scope = keras.saving.custom_object_scope(custom_objects(model))
        with _python_random_kept(), lambdas_named(model), scope:
            clone = keras.models.clone_model(bare, clone_function=clone_layer, recursive=True)
        flat = keras.Model(clone.inputs, clone.outputs)
        pairs = [pair for each in made.values() for pair in zip(*map(_with_inner_layers, each), strict=True)]
        for layer, copied in pairs:
            require_alike(layer, copied, f"the layer {layer.name!r}")
            require_alike_variables(layer, copied)
        clones = {id(layer): copied for layer, copied in pairs}
        variables = {
            id(variable): copied
            for layer, copy in made.values()
            for variable, copied in zip(layer.weights, copy.weights, strict=True)
        }
        for copied in clones.values():
            if isinstance(copied, keras.layers.Normalization):
                copied.call = partial(_finalized, copied, copied.call)
        reading = Traced(TracedValues(), ()) if traced is None else traced
        _trace_layers([clones[id(layer)] for layer in all_layers(model) if id(layer) in clones], reading)

        def call(inputs: list[Any], *, training: bool) -> list[Any]:
            outputs: list[Any] = keras.tree.flatten(flat(inputs, training=training))
            return outputs

        trainable = [variables[id(variable)] for variable in model.trainable_variables]
        return Network(
            call,
            [variables[id(variable)] for variable in model.weights],
            trainable,
            None if traced is None else _penalty(trainable, traced),
            added=partial(_added, flat) if traced is not None and own_additions(model) else None,
        )

    def predictions(self, raw: Sequence[Any]) -> list[Any]:
        """The outputs."""
        return list(raw)

    def loss(self, objective: Objective, output: int, *, per_label: bool) -> Callable[..., Any]:
        """A Keras loss, as Keras computes it of the places that are filled."""
        held = objective.loss.value  # type: ignore[union-attr]  # a loss of a model is no name
        smoothing = smoothing_name(output)

        def loss(y: Any, outputs: Any, values: Any, weight: Any, filled: Any) -> Any:
            amount = values.get(smoothing)
            if amount is not None:
                n_classes = 2 if isinstance(held, keras.losses.BinaryCrossentropy) else outputs.shape[-1]
                y = tf.cast(y, outputs.dtype) * (1 - amount) + amount / n_classes
            masked = with_filled_mask(outputs, filled)
            value = held(y, outputs, sample_weight=weight)
            if masked or held.reduction not in _MEANS:
                return value
            n_places = tf.cast(tf.shape(weight)[0], value.dtype)
            return value * (n_places / tf.reduce_sum(tf.cast(filled, value.dtype)))

        return loss


def _size(tensor: Any) -> int:
    """The values of a sample in a symbolic tensor, with 1 for what is not known."""
    size = 1
    for each in tensor.shape[1:]:
        size *= each or 1
    return size


@contextmanager
def _python_random_kept() -> Iterator[None]:
    """Give Python's generator back as it was: layers without a seed draw one from it as they are made."""
    state = random.getstate()
    try:
        yield
    finally:
        random.setstate(state)


def _with_inner_layers(layer: Any) -> list[Any]:
    return [layer, *all_layers(layer)]


def _clone_layer(layer: Any) -> Any:
    """A layer of the same configuration, made without drawing initial weights, which are set afterwards."""
    if isinstance(layer, keras.layers.Lambda):
        options = {"output_shape": layer._output_shape, "mask": layer.mask, "arguments": layer.arguments}
        return keras.layers.Lambda(layer.function, **options, name=layer.name, dtype=layer.dtype_policy)
    own = type(layer).__module__.partition(".")[0] != "keras"
    config = layer.get_config() if own else _without_initializers(layer.get_config())
    given = {name: each for name, each in functions_held(layer).items() if name in config}
    return type(layer).from_config({**config, **given})


def _without_initializers(config: Any) -> Any:
    """A configuration with zeros for Keras' initializers, and seeds that are none."""
    if isinstance(config, dict):
        if isinstance(getattr(keras.initializers, str(config.get("class_name")), None), type):
            return "zeros"
        return {name: 0 if name == "seed" else _without_initializers(value) for name, value in config.items()}
    if isinstance(config, list | tuple):
        return type(config)(map(_without_initializers, config))
    return config


def _trace_layers(layers: Sequence[Any], traced: Traced) -> None:
    """Have layers draw by the seed and the step, drop by traced rates, and normalise over the filled places.

    Where XLA compiles them, layers with a window compute by slices, too.
    """
    n_dropouts = 0
    for salt, layer in enumerate(layers):
        for generator in vars(layer).values():
            if isinstance(generator, keras.random.SeedGenerator):
                draw_by(generator, traced, salt)
        if is_plain_dropout(layer):
            name = rate_name(n_dropouts)
            n_dropouts += 1
            rate = partial(traced.values.__getitem__, name) if name in traced.names else partial(float, layer.rate)
            layer.call = partial(_dropped, layer, traced, rate, salt)
        elif isinstance(layer, keras.layers.BatchNormalization):
            layer.call = partial(_normalized, layer.call, traced)
        elif traced.xla:
            rewrite_windows(layer)


def _dropped(
    layer: Any, traced: Traced, rate: Callable[[], Any], salt: int, inputs: Any, training: bool = False
) -> Any:
    """`keras.layers.Dropout.call` with a mask that is ours."""
    if not training or not layer.rate or not traced.values.now:
        return inputs
    return traced.drop(inputs, rate(), salt, layer.noise_shape)


def _normalized(call: Callable[..., Any], traced: Traced, inputs: Any, training: Any = None, mask: Any = None) -> Any:
    """`keras.layers.BatchNormalization.call` over the places that a sample fills."""
    if training and traced.values.now:
        filled = traced.values["filled"]
        shape = tf.shape(inputs)[:-1]
        filled = tf.broadcast_to(tf.reshape(filled, (-1, *[1] * (len(inputs.shape) - 2))), shape)
        mask = filled if mask is None else tf.logical_and(tf.cast(mask, tf.bool), filled)
    return call(inputs, training=training, mask=mask)


def _finalized(layer: Any, call: Callable[..., Any], inputs: Any) -> Any:
    """`keras.layers.Normalization.call` by the weights as they are in the graph, of which Keras makes constants."""
    layer.finalize_state()
    return call(inputs)


def _penalty(variables: Sequence[Any], traced: Traced) -> Callable[[], Any] | None:
    """The sum of the regularizers of the variables, those that are L1 and L2 by traced strengths."""
    terms: list[Callable[[], Any]] = []
    for number, variable in enumerate(variables):
        names = {norm: norm_name(norm, number) for norm in ("l1", "l2")}
        on = {norm: name for norm, name in names.items() if name in traced.names}
        if on:
            terms.append(partial(_norms, variable, on, traced))
        elif variable.regularizer is not None and type(variable.regularizer) not in NORMS:
            terms.append(partial(variable.regularizer, variable))
    return (lambda: sum(term() for term in terms)) if terms else None


def _norms(variable: Any, names: dict[str, str], traced: Traced) -> Any:
    value = keras.ops.convert_to_tensor(variable)
    sums = {"l1": keras.ops.abs, "l2": keras.ops.square}
    return sum(traced.values[name] * keras.ops.sum(sums[norm](value)) for norm, name in names.items())


def _added(flat: Any) -> Any:
    """The losses that layers added in the last call; those of weight regularizers, which Keras lists last, are ours."""
    n_regularizers = sum(variable.regularizer is not None for variable in flat.trainable_variables)
    losses = flat.losses
    return sum(losses[: len(losses) - n_regularizers], start=tf.zeros((), keras.config.floatx()))
