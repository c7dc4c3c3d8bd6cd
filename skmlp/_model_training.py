"""A fit of a user's own Keras model by the compiled engine: the plan of it, and how it runs."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from skmlp._apart import apart
from skmlp._building import BUILDING
from skmlp._builds import Build
from skmlp._compilations import compilation
from skmlp._engine.architectures import architecture_of
from skmlp._engine.blocks import training_spec
from skmlp._engine.data import Data
from skmlp._engine.loop import probe, train
from skmlp._engine.rates import ScheduledRates
from skmlp._keras import keras
from skmlp._measures import Measures
from skmlp._model_parts import Unsupported, flat_arrays, output_names, structure
from skmlp._own import Own
from skmlp._spec import Form, ModelSpec, Objective, OptimizerSpec, State
from skmlp._told import said
from skmlp._watch.keras_history import KerasHistory
from skmlp._watch.watcher import Watcher


@dataclass(frozen=True)
class ModelPlan:
    """How a user's own Keras model is trained (see `skmlp._spec.TrainingPlan`)."""

    architecture: ModelSpec
    inputs: tuple[Form, ...]
    objectives: tuple[Objective, ...]
    optimizer: OptimizerSpec
    values: Mapping[str, float]
    learning_rate: float
    learning_rate_schedule: Callable[[int], float] | None
    shuffle: bool
    dtype: str
    batch_size: int
    seed: int
    measures: Measures
    jit_compile: bool | str
    compiles: bool
    convolved: int
    exact: bool
    scheduled: tuple[str, ...] = field(default=(), init=False)
    dropout_schedule: None = field(default=None, init=False)
    n_weights: None = field(default=None, init=False)
    multiplies_sparse: bool = field(default=False, init=False)


@dataclass(frozen=True)
class ModelSamples:
    """Samples as the engine takes them: an array for each input and each output, and a weight for each sample."""

    X: tuple[Any, ...]
    y: tuple[NDArray[Any], ...]
    weight: NDArray[np.floating]

    def __len__(self) -> int:
        return len(self.weight)

    def rows(self, part: slice) -> ModelSamples:
        """A part of them."""
        return ModelSamples(
            tuple(each[part] for each in self.X), tuple(each[part] for each in self.y), self.weight[part]
        )

    def like(self, others: ModelSamples) -> ModelSamples:
        """The same with targets of the shape and the dtype of others'.

        Raises
        ------
        Unsupported
            If samples or targets are of another shape.
        """
        targets = []
        for each, other in zip(self.y, others.y, strict=True):
            if np.prod(each.shape[1:]) != np.prod(other.shape[1:]):
                raise Unsupported(f"validation targets have the shape {each.shape[1:]}, the others {other.shape[1:]}")
            targets.append(each.reshape(-1, *other.shape[1:]).astype(other.dtype))
        shapes = [[each.shape[1:] for each in samples.X] for samples in (self, others)]
        if shapes[0] != shapes[1]:
            raise Unsupported(f"validation samples have the shapes {shapes[0]}, the others {shapes[1]}")
        return replace(self, y=tuple(targets))

    @property
    def data(self) -> Data:
        """All of them, as the engine trains on."""
        return Data(self.X, self.y, self.weight, np.arange(len(self)))


def model_samples(model: Any, X: Any, y: Any, sample_weight: Any) -> ModelSamples:
    """Samples as they are given to Keras, for the engine.

    Raises
    ------
    Unsupported
        If they are not what the model takes, or not numbers.
    """
    inputs = input_arrays(model, X)
    targets = [_target(each) for each in flat_arrays(model, y, "outputs")]
    weight = np.ones(inputs[0].shape[0]) if sample_weight is None else np.asarray(sample_weight)
    if weight.ndim != 1:
        raise Unsupported(f"sample_weight has {weight.ndim} axes")
    lengths = {each.shape[0] for each in (*inputs, *targets, weight)}
    if len(lengths) != 1:
        raise Unsupported(f"the arrays have different lengths: {sorted(lengths)}")
    if not (np.isfinite(weight).all() and (weight > 0).all()):
        raise Unsupported("sample_weight has values that are not above 0")
    return ModelSamples(tuple(inputs), tuple(targets), weight.astype(keras.config.floatx()))


def input_arrays(model: Any, X: Any) -> list[Any]:
    """The samples of each input of a model.

    Raises
    ------
    Unsupported
        If they are not what the model takes, or not numbers.
    """
    arrays = flat_arrays(model, X, "inputs")
    return [_input(array, tuple(tensor.shape[1:])) for array, tensor in zip(arrays, model.inputs, strict=True)]


def _input(given: Any, shape: tuple[int | None, ...]) -> Any:
    """Samples of one input; as in Keras, a last axis of length 1 may be left out, or there may be one more."""
    if issparse(given):
        return given.tocsr()
    array = np.asarray(given)
    if array.dtype.kind not in "biuf":
        raise Unsupported(f"X has the dtype {array.dtype}")
    if array.ndim == len(shape) and shape and shape[-1] == 1:
        array = array[..., np.newaxis]
    elif array.ndim == len(shape) + 2 and array.shape[-1] == 1:
        array = array[..., 0]
    if len(shape) != array.ndim - 1 or any(
        size is not None and size != there for size, there in zip(shape, array.shape[1:], strict=True)
    ):
        raise Unsupported(f"samples of the shape {array.shape[1:]} are not what the model takes, {shape}")
    return array


def _target(given: Any) -> NDArray[Any]:
    array = np.asarray(given)
    if array.dtype.kind not in "biuf":
        raise Unsupported(f"y has the dtype {array.dtype}")
    return array.astype(keras.config.floatx()) if array.dtype.kind in "bf" else array


def plan_model(build: Build, samples: ModelSamples, *, batch_size: int, shuffle: bool, seed: int) -> ModelPlan:
    """Plan the training of a compiled Keras model.

    Raises
    ------
    Unsupported
        If the engine cannot train it.
    """
    read = build.read
    training = build.training(tuple(Form(each.shape[1:], str(each.dtype)) for each in samples.y))
    optimizer, schedule = training.optimizer, training.optimizer.schedule
    inputs = tuple(
        Form(tuple(each.shape[1:]), str(tensor.dtype))
        for each, tensor in zip(samples.X, build.model.inputs, strict=True)
    )
    return ModelPlan(
        architecture=read.spec,
        inputs=inputs,
        objectives=training.objectives,
        optimizer=optimizer.spec,
        values={**read.values, **training.values},
        learning_rate=optimizer.learning_rate,
        learning_rate_schedule=None if schedule is None else ScheduledRates(Own.of(schedule)),
        shuffle=shuffle,
        dtype=keras.config.floatx(),
        batch_size=batch_size,
        seed=seed,
        measures=training.measures,
        jit_compile=compilation(build.model).get("jit_compile") is True or "auto",  # Keras makes False of "auto"
        compiles=read.compiles,
        convolved=read.convolved,
        exact=read.own or training.own,
    )


@dataclass(frozen=True)
class Fit:
    """A planned fit of a Keras model.

    Attributes
    ----------
    plan : ModelPlan
    model : keras.Model
        The compiled model that it was planned for.
    samples : ModelSamples
    validation : ModelSamples or None
    validation_batch_size : int
    """

    plan: ModelPlan
    model: Any
    samples: ModelSamples
    validation: ModelSamples | None = None
    validation_batch_size: int = 32

    def proven(self) -> Fit:
        """The fit with a plan whose program was built and compiled: a plain graph, if XLA cannot.

        Raises
        ------
        Unsupported
            If the model cannot be trained in a graph, or is another one when it is made anew of its configuration.
        """
        key = training_spec(self.plan, self.samples.data)
        if key in _PROVEN:
            return replace(self, plan=replace(self.plan, compiles=_PROVEN[key]))
        _require_same(self.model, self.plan.architecture, self.samples)
        fit = self
        error = _attempt(fit)
        if error is not None and key.jit_compile:
            fit = replace(self, plan=replace(self.plan, compiles=False))
            error = _attempt(fit)
        if error is not None:
            raise Unsupported(f"it cannot be made a graph: {said(error)}") from error
        _PROVEN[key] = fit.plan.compiles
        while len(_PROVEN) > _MOST_PROVEN:
            _PROVEN.popitem(last=False)
        return fit

    def train(
        self, state: State, n_epochs: int, watchers: Sequence[Watcher], history: KerasHistory
    ) -> tuple[State, bool]:
        """Train for some epochs more; the state at the end, and whether a KeyboardInterrupt ended it."""
        return train(self.plan, self.samples.data, state, n_epochs, [history, *watchers])

    def history(self) -> KerasHistory:
        """What records the fit."""
        return KerasHistory(
            output_names(self.model),
            measured=self.plan.measures.any,
            validation=None if self.validation is None else self.validation.data,
            validation_batch_size=self.validation_batch_size,
        )


_PROVEN: OrderedDict[Any, bool] = OrderedDict()
"""By the key of a program, whether XLA compiles it."""

_MOST_PROVEN = 256


def _attempt(fit: Fit) -> Exception | None:
    """Build and compile the program of a fit; what went wrong, if it did."""
    try:
        probe(fit.plan, fit.samples.data, fit.model.get_weights())
    except Unsupported:
        raise
    except Exception as error:  # what layers, losses and TensorFlow may raise in a graph
        return error
    return None


def _require_same(model: Any, spec: ModelSpec, samples: ModelSamples) -> None:
    """Refuse a model whose layers do not say all that they compute, since the engine makes them of what they say."""
    X = [np.asarray(each[:2].toarray() if issparse(each) else each[:2]) for each in samples.X]
    X = [each.astype(form.dtype) for each, form in zip(X, model.inputs, strict=True)]
    try:
        with BUILDING:
            ours = apart(_remade_outputs, spec, model.get_weights(), X)
        theirs = apart(_outputs, model, X)
    except Unsupported:
        raise
    except Exception as error:  # what layers may raise
        raise Unsupported(f"it cannot be made anew of its configuration: {said(error)}") from error
    for each, other in zip(ours, theirs, strict=True):
        if each.shape != other.shape or not np.allclose(each, other, rtol=1e-3, atol=1e-4, equal_nan=True):
            raise Unsupported("a layer computes something else when it is made anew of its get_config")


def _remade_outputs(spec: ModelSpec, weights: Sequence[NDArray[Any]], X: Sequence[Any]) -> list[NDArray[Any]]:
    """What the engine's network of a model predicts, without a graph, which would be kept for predictions."""
    network = architecture_of(spec).build(None)
    for variable, value in zip(network.weights, weights, strict=True):
        variable.assign(value)
    outputs = network.call([keras.ops.convert_to_tensor(each) for each in X], training=False)
    return [keras.ops.convert_to_numpy(each) for each in outputs]


def _outputs(model: Any, X: Sequence[Any]) -> list[NDArray[Any]]:
    outputs = model(keras.tree.pack_sequence_as(structure(model, "inputs"), list(X)), training=False)
    return [keras.ops.convert_to_numpy(each) for each in keras.tree.flatten(outputs)]
