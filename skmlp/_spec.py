"""What is compiled and what is passed: checked hyperparameters, the key of a training program, and its values."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from skmlp._own import Own

Activation: TypeAlias = str | Own
Loss: TypeAlias = str | Own
Schedule: TypeAlias = str | Callable[[int], float] | None
"""The name of a schedule, or a function of the number of the step that returns a factor."""


@dataclass(frozen=True)
class Form:
    """What one sample is in an input or in a target: its shape, with None for any length, and its dtype."""

    shape: tuple[int | None, ...]
    dtype: str

    @property
    def sizes(self) -> tuple[int, ...]:
        """The shape, with 1 for any length."""
        return tuple(1 if size is None else size for size in self.shape)


@dataclass(frozen=True)
class Objective:
    """What one output is trained for: its loss, the form of its target, and whether it has a share in all of the loss.

    A share is a traced value (see `share_name`); without one, the loss counts as it is. ``code`` is what a user's own
    loss computes with.
    """

    loss: Loss
    target: Form
    shared: bool = False
    code: Hashable = ()


class NetworkShape(Protocol):
    """What there is to know of any network of ours, whatever its layers are."""

    def __hash__(self) -> int: ...
    @property
    def inputs(self) -> tuple[Form, ...]: ...
    @property
    def hidden_layer_sizes(self) -> tuple[int, ...]: ...
    @property
    def activation(self) -> tuple[Activation, ...]: ...
    @property
    def n_outputs(self) -> int: ...
    @property
    def output_activation(self) -> str: ...
    @property
    def dtype(self) -> str: ...
    @property
    def heads(self) -> tuple[int, ...] | None: ...


@dataclass(frozen=True)
class NetworkSpec:
    """The shape of a multi-layer perceptron: everything that decides its weights and what it predicts.

    ``heads`` are the widths of the slices of the outputs that have a softmax each, if it is not one for all.
    ``n_members`` networks of this shape are trained side by side, and the mean of what they predict is returned.
    """

    n_features: int
    hidden_layer_sizes: tuple[int, ...]
    activation: tuple[Activation, ...]
    normalization: str | None
    n_outputs: int
    output_activation: str
    dtype: str
    heads: tuple[int, ...] | None = None
    n_members: int = 1

    @property
    def inputs(self) -> tuple[Form, ...]:
        """The one input, of ``n_features`` numbers."""
        return (Form((self.n_features,), self.dtype),)


@dataclass(frozen=True)
class ModelSpec:
    """The structure of a user's own Keras model, which `skmlp._models` reads.

    ``key`` is all that there is to know of it but for the traced values and the weights; ``model`` a weak reference to
    a model that has this structure, of which a program is built.
    """

    key: Hashable
    model: Callable[[], Any] = field(compare=False, repr=False)


@dataclass(frozen=True)
class OptimizerSpec:
    """An optimizer: its name, or its class, and those of its settings that are compiled, by name."""

    kind: str | type
    static: tuple[tuple[str, Hashable], ...] = ()


@dataclass(frozen=True)
class TrainingSpec:
    """The key of a compiled training program.

    ``architecture`` is the structure of the network (see `skmlp._engine.architectures`), and ``dtype`` that of its
    values and losses. ``values`` names the traced values in the order in which the program receives them: a dropout
    layer, a penalty, a setting of the optimizer is there if its value is; ``scheduled`` are those of them that are
    passed for every step, as the learning rate is. ``n_weights`` is the number of weights of a
    sample when each of its labels has one of its own. ``batch_size`` and ``block_steps`` are the fixed shape of a
    block, both None where the program takes any. ``sparse`` says that the first layer multiplies sparse batches,
    ``exact`` that no batch is filled up: a plain graph cuts a short one to its samples. ``measures`` are the
    metrics that the program keeps.
    """

    architecture: Hashable
    inputs: tuple[Form, ...]
    objectives: tuple[Objective, ...]
    dtype: str
    values: tuple[str, ...]
    scheduled: tuple[str, ...]
    n_weights: int | None
    optimizer: OptimizerSpec
    jit_compile: bool
    batch_size: int | None
    block_steps: int | None
    sparse: bool = False
    exact: bool = False
    measures: Any = None

    @property
    def settings(self) -> tuple[str, ...]:
        """Those of the values that are settings of the optimizer: each travels with its complement."""
        return tuple(name for name in self.values if complement_name(name) in self.values)

    def pack(self, values: Mapping[str, float]) -> NDArray[np.floating]:
        """The traced values as one vector, in the network's dtype."""
        return np.array([values[name] for name in self.values], dtype=self.dtype)


class TrainingPlan(Protocol):
    """What the engine must know of a fit, whatever it trains.

    ``learning_rate`` is a number, which ``learning_rate_schedule`` multiplies: the name of a schedule, or a function of
    the number of the step. ``values`` are the traced values that are on, by name, apart from the learning rate, which
    is passed step by step; so are the dropout rates, those named in ``scheduled``, which ``dropout_schedule``
    multiplies.
    """

    @property
    def architecture(self) -> Hashable: ...
    @property
    def inputs(self) -> tuple[Form, ...]: ...
    @property
    def objectives(self) -> tuple[Objective, ...]: ...
    @property
    def optimizer(self) -> OptimizerSpec: ...
    @property
    def values(self) -> Mapping[str, float]: ...
    @property
    def learning_rate(self) -> float: ...
    @property
    def learning_rate_schedule(self) -> Schedule: ...
    @property
    def scheduled(self) -> tuple[str, ...]: ...
    @property
    def dropout_schedule(self) -> Schedule: ...
    @property
    def shuffle(self) -> bool: ...
    @property
    def dtype(self) -> str: ...
    @property
    def n_weights(self) -> int | None: ...
    @property
    def batch_size(self) -> int: ...
    @property
    def seed(self) -> int: ...
    @property
    def measures(self) -> Any:
        """The metrics that the program keeps, or None."""

    @property
    def jit_compile(self) -> bool | str:
        """Whether XLA compiles it if it can; or "auto", by the number of steps in an epoch."""

    @property
    def compiles(self) -> bool:
        """Whether XLA can compile the network."""

    @property
    def convolved(self) -> int:
        """What the convolutions of one sample cost XLA: about the products of numbers in them."""

    @property
    def exact(self) -> bool:
        """Whether the network has to see a short last batch as it is."""

    @property
    def multiplies_sparse(self) -> bool:
        """Whether the first layer can multiply sparse batches."""


def dropout_name(layer: int) -> str:
    """The name of the traced dropout rate after a hidden layer, counted from 0."""
    return f"dropout_{layer}"


def penalty_name(kind: str, norm: str) -> str:
    """The name of the traced penalty on the weights of a kind, "kernel" or "bias", by their "l1" or "l2" norm."""
    return f"{kind}_{norm}"


def share_name(output: int) -> str:
    """The name of the traced share of an output in the loss."""
    return f"share_{output}"


def complement_name(setting: str) -> str:
    """The name under which ``1 - setting`` is passed."""
    return f"1 - {setting}"


def steps_per_epoch(n_samples: int, batch_size: int) -> int:
    """The number of batches that the samples fill, the last one perhaps in part."""
    return -(-n_samples // batch_size)


@dataclass(frozen=True)
class Hyperparameters:
    """The constructor's values, checked and completed; ``settings`` holds those of the optimizer that are on."""

    hidden_layer_sizes: tuple[int, ...]
    activation: tuple[Activation, ...]
    dropout: tuple[float, ...]
    input_dropout: float
    dropout_schedule: Schedule
    l1: float
    l2: float
    regularize_bias: bool
    normalization: str | None
    kernel_initializer: Any
    bias_initializer: Any
    label_smoothing: float
    quantile: float
    optimizer: str
    learning_rate: float
    learning_rate_schedule: Schedule
    nesterov: bool
    settings: Mapping[str, float]
    epochs: int
    shuffle: bool
    dtype: str


@dataclass(frozen=True)
class Plan:
    """What a fit does: its hyperparameters, and what its data decides."""

    hyperparameters: Hyperparameters
    network: NetworkShape
    loss: Loss
    sparse_labels: bool
    n_weights: int | None
    batch_size: int
    seed: int
    jit_compile: bool | str = "auto"

    measures = None
    compiles = True
    convolved = 0
    exact = False

    @property
    def multiplies_sparse(self) -> bool:
        """Whether nothing stands before the first layer."""
        return not self.hyperparameters.input_dropout

    @property
    def architecture(self) -> NetworkShape:
        """The structure of the network."""
        return self.network

    @property
    def inputs(self) -> tuple[Form, ...]:
        """Those of the network."""
        return self.network.inputs

    @property
    def objectives(self) -> tuple[Objective, ...]:
        """The one objective, of all outputs."""
        target = Form((), "int32") if self.sparse_labels else Form((self.network.n_outputs,), self.dtype)
        return (Objective(self.loss, target),)

    @property
    def optimizer(self) -> OptimizerSpec:
        """The optimizer. Whether it is Nesterov's is compiled, because Keras branches on it."""
        static = (("nesterov", True),) if self.hyperparameters.nesterov else ()
        return OptimizerSpec(self.hyperparameters.optimizer, static)

    @property
    def learning_rate(self) -> float:
        """The learning rate before its schedule."""
        return self.hyperparameters.learning_rate

    @property
    def learning_rate_schedule(self) -> Schedule:
        """The schedule, as the user gave it."""
        return self.hyperparameters.learning_rate_schedule

    @property
    def scheduled(self) -> tuple[str, ...]:
        """The names of the dropout rates that are on, with or without a schedule: both have one program."""
        return tuple(dict(_rates_on(self.hyperparameters)))

    @property
    def dropout_schedule(self) -> Schedule:
        """That of all dropout rates, as the user gave it."""
        return self.hyperparameters.dropout_schedule

    @property
    def shuffle(self) -> bool:
        """Whether each epoch has an order of its own."""
        return self.hyperparameters.shuffle

    @property
    def dtype(self) -> str:
        """Of weights, values and losses."""
        return self.network.dtype

    @property
    def values(self) -> dict[str, float]:
        """Every traced value that is on, by name, apart from the learning rate, which is passed step by step."""
        return dict(_values_on(self.hyperparameters, self.loss))


def _values_on(chosen: Hyperparameters, loss: Loss) -> Iterator[tuple[str, float]]:
    """The traced values that are on: what is off has no place in the program.

    A setting travels with its complement, ``1 - value``, taken in double precision: in float32, ``1 - 0.999`` is wrong
    by 1.3e-5.
    """
    for kind in ("kernel", "bias") if chosen.regularize_bias else ("kernel",):
        yield from ((penalty_name(kind, norm), value) for norm in ("l1", "l2") if (value := getattr(chosen, norm)))
    if chosen.label_smoothing:
        yield "label_smoothing", chosen.label_smoothing
    if loss == "quantile":
        yield "quantile", chosen.quantile
    yield from _rates_on(chosen)
    for name, value in chosen.settings.items():
        yield name, value
        yield complement_name(name), 1.0 - value


def _rates_on(chosen: Hyperparameters) -> Iterator[tuple[str, float]]:
    """The dropout rates that are on."""
    rates = [("input_dropout", chosen.input_dropout)]
    rates += [(dropout_name(layer), rate) for layer, rate in enumerate(chosen.dropout)]
    yield from ((name, rate) for name, rate in rates if rate)


@dataclass(frozen=True)
class State:
    """Where a training stands after an epoch: everything that it takes to go on from there.

    ``optimizer`` holds the optimizer's variables, or None for a fresh one.
    """

    weights: list[NDArray[np.floating]]
    optimizer: list[NDArray[Any]] | None = None
    epoch: int = 0
    step: int = 0
