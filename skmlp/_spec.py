"""What is compiled and what is passed: checked hyperparameters, the key of a training program, and its values."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Own:
    """A user's own object in a spec, such as a Keras loss: as good as another of the same class and configuration.

    scikit-learn clones parameters by copying them, and a copy should not compile its network again.
    """

    value: Any = field(compare=False)
    key: Hashable

    @classmethod
    def of(cls, value: Any) -> Own:
        """Wrap an object; one whose configuration does not tell all, such as a function, is itself alone."""
        if _is_configured(value):
            # Keras 3.6 leaves the arguments of some losses out of their configuration; a loss is small, and its
            # attributes have them. A layer's change as it is used, and its configuration is whole.
            attributes = () if hasattr(value, "weights") else _frozen(vars(value))
            return cls(value, (type(value), _frozen(value.get_config()), attributes))
        return cls(value, value if value.__hash__ is not None else id(value))


def _is_configured(value: Any) -> bool:
    """Whether an object's class, or one that it derives its ``__init__`` from, says what ``__init__`` was given."""
    classes = type(value).__mro__
    definers = [next((i for i, each in enumerate(classes) if name in vars(each)), None) for name in _CONFIGURED]
    return definers[0] is not None and definers[1] is not None and definers[0] <= definers[1]


_CONFIGURED = ("get_config", "__init__")


def _frozen(value: Any) -> Hashable:
    """A configuration as something that can be compared and hashed, arrays by all of their values."""
    if isinstance(value, Mapping):
        return tuple((name, _frozen(each)) for name, each in sorted(value.items()))
    if isinstance(value, list | tuple):
        return tuple(_frozen(each) for each in value)
    if isinstance(value, np.ndarray):
        return (value.dtype.str, value.shape, value.tobytes())
    return value if isinstance(value, str | int | float | bool | None) else repr(value)


Activation: TypeAlias = str | Own
Loss: TypeAlias = str | Own


@dataclass(frozen=True)
class NetworkSpec:
    """The shape of a network: everything that decides its Keras layers, and nothing that a fit can pass as a value.

    ``dropout`` and ``input_dropout`` say where a dropout layer stands; the rates are values. ``heads`` are the widths
    of the slices of the outputs that have a softmax each, if it is not one for all.
    """

    n_features: int
    hidden_layer_sizes: tuple[int, ...]
    activation: tuple[Activation, ...]
    dropout: tuple[bool, ...]
    input_dropout: bool
    normalization: str | None
    n_outputs: int
    output_activation: str
    dtype: str
    heads: tuple[int, ...] | None = None

    def without_dropout(self) -> NetworkSpec:
        """The same network as it predicts, when dropout does nothing."""
        return replace(self, dropout=(False,) * len(self.dropout), input_dropout=False)


@dataclass(frozen=True)
class TrainingSpec:
    """The key of a compiled training program.

    ``batch_size`` and ``block_steps`` are the fixed shape of a block, both None where the program takes any.
    ``settings`` names the optimizer's traced settings; ``nesterov`` is static because Keras branches on it.
    ``sparse_labels`` says that targets are class numbers, int32 of shape (n_samples,), rather than (n_samples,
    n_outputs). ``n_weights`` is the number of weights of a sample when each of its labels has one of its own.
    ``sparse`` says that the first layer multiplies sparse batches.
    """

    network: NetworkSpec
    loss: Loss
    sparse_labels: bool
    label_smoothing: bool
    n_weights: int | None
    optimizer: str
    settings: tuple[str, ...]
    nesterov: bool
    l1: bool
    l2: bool
    regularize_bias: bool
    jit_compile: bool
    batch_size: int | None
    block_steps: int | None
    sparse: bool = False

    @property
    def value_names(self) -> tuple[str, ...]:
        """The traced values in the order in which a program receives them."""
        network = self.network
        names = [name for name, used in (("l1", self.l1), ("l2", self.l2)) if used]
        if self.label_smoothing:
            names.append("label_smoothing")
        if self.loss == "quantile":
            names.append("quantile")
        if network.input_dropout:
            names.append("input_dropout")
        names += [dropout_name(layer) for layer, used in enumerate(network.dropout) if used]
        for setting in self.settings:
            names += [setting, complement_name(setting)]
        return tuple(names)

    def pack(self, values: Mapping[str, float]) -> NDArray[np.floating]:
        """The traced values as one vector, in the network's dtype.

        A setting travels with its complement, ``1 - value``, taken in double precision: in float32,
        ``1 - 0.999`` is wrong by 1.3e-5.
        """
        complete = dict(values)
        for setting in self.settings:
            complete[complement_name(setting)] = 1.0 - values[setting]
        return np.array([complete[name] for name in self.value_names], dtype=self.network.dtype)


def dropout_name(layer: int) -> str:
    """The name of the traced dropout rate after a hidden layer, counted from 0."""
    return f"dropout_{layer}"


def complement_name(setting: str) -> str:
    """The name under which ``1 - setting`` is passed."""
    return f"1 - {setting}"


@dataclass(frozen=True)
class Hyperparameters:
    """The constructor's values, checked and completed; ``settings`` holds those of the optimizer that are on."""

    hidden_layer_sizes: tuple[int, ...]
    activation: tuple[Activation, ...]
    dropout: tuple[float, ...]
    input_dropout: float
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
    learning_rate_schedule: str | Callable[[int], float] | None
    nesterov: bool
    settings: Mapping[str, float]
    epochs: int
    shuffle: bool
    dtype: str


_XLA_STEPS = 16
_BLOCK_BYTES = 1 << 22
_BLOCK_STEPS = 256


@dataclass(frozen=True)
class Plan:
    """What a fit does: its hyperparameters, and what its data decides."""

    hyperparameters: Hyperparameters
    n_features: int
    n_outputs: int
    heads: tuple[int, ...] | None
    loss: Loss
    sparse_labels: bool
    n_weights: int | None
    output_activation: str
    batch_size: int
    seed: int

    @property
    def network(self) -> NetworkSpec:
        """The network that is trained."""
        chosen = self.hyperparameters
        return NetworkSpec(
            n_features=self.n_features,
            hidden_layer_sizes=chosen.hidden_layer_sizes,
            activation=chosen.activation,
            dropout=tuple(rate > 0 for rate in chosen.dropout),
            input_dropout=chosen.input_dropout > 0,
            normalization=chosen.normalization,
            n_outputs=self.n_outputs,
            output_activation=self.output_activation,
            dtype=chosen.dtype,
            heads=self.heads,
        )

    def steps_per_epoch(self, n_samples: int) -> int:
        """The number of batches that the samples fill, the last one perhaps in part."""
        return -(-n_samples // self.batch_size)

    def block_steps(self, row_bytes: float | None = None, block_bytes: int = _BLOCK_BYTES) -> int:
        """The most batches in a block: enough to make a call worth while, few enough to stay near the processor.

        ``row_bytes`` is the memory of a row, that of a dense one by default.
        """
        if row_bytes is None:
            row_bytes = self.n_features * np.dtype(self.hyperparameters.dtype).itemsize
        return int(np.clip(block_bytes // (self.batch_size * max(row_bytes, 1)), 1, _BLOCK_STEPS))

    def training_spec(self, n_samples: int, *, sparse: bool = False) -> TrainingSpec:
        """The key of the program that runs this plan on so many samples, made dense or not.

        XLA makes a step three times as fast, and its compilation takes 0.3 s longer (docs/design.md has the
        measurements). Whether it is used depends on the number of steps in an epoch alone: never on what ran before,
        so that results repeat, nor on the number of epochs, so that training in parts is training at once.
        """
        chosen = self.hyperparameters
        jit_compile = self.steps_per_epoch(n_samples) >= _XLA_STEPS and not sparse  # XLA knows no sparse matrix
        l1, l2 = chosen.l1 > 0, chosen.l2 > 0
        return TrainingSpec(
            network=self.network,
            loss=self.loss,
            sparse_labels=self.sparse_labels,
            label_smoothing=chosen.label_smoothing > 0,
            n_weights=self.n_weights,
            optimizer=chosen.optimizer,
            settings=tuple(chosen.settings),
            nesterov=chosen.nesterov,
            l1=l1,
            l2=l2,
            regularize_bias=chosen.regularize_bias and (l1 or l2),
            jit_compile=jit_compile,
            batch_size=self.batch_size if jit_compile else None,
            block_steps=self.block_steps() if jit_compile else None,
            sparse=sparse,
        )

    @property
    def values(self) -> dict[str, float]:
        """Every traced value by name, apart from the learning rate, which is passed step by step."""
        chosen = self.hyperparameters
        return {
            "l1": chosen.l1,
            "l2": chosen.l2,
            "label_smoothing": chosen.label_smoothing,
            "quantile": chosen.quantile,
            "input_dropout": chosen.input_dropout,
            **{dropout_name(layer): rate for layer, rate in enumerate(chosen.dropout)},
            **chosen.settings,
        }


@dataclass(frozen=True)
class State:
    """Where a training stands after an epoch: everything that it takes to go on from there.

    ``optimizer`` holds the optimizer's variables, or None for a fresh one.
    """

    weights: list[NDArray[np.floating]]
    optimizer: list[NDArray[Any]] | None = None
    epoch: int = 0
    step: int = 0
