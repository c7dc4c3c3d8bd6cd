"""What is compiled and what is passed: checked hyperparameters, the key of a training program, and its values."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from skmlp._own import Own

Activation: TypeAlias = str | Own
Loss: TypeAlias = str | Own


@dataclass(frozen=True)
class NetworkSpec:
    """The shape of a network: everything that decides its weights and what it predicts.

    ``heads`` are the widths of the slices of the outputs that have a softmax each, if it is not one for all.
    """

    n_features: int
    hidden_layer_sizes: tuple[int, ...]
    activation: tuple[Activation, ...]
    normalization: str | None
    n_outputs: int
    output_activation: str
    dtype: str
    heads: tuple[int, ...] | None = None


@dataclass(frozen=True)
class TrainingSpec:
    """The key of a compiled training program.

    ``values`` names the traced values in the order in which the program receives them: a dropout layer, a penalty, a
    setting of the optimizer is there if its value is. ``nesterov`` is static because Keras branches on it.
    ``batch_size`` and ``block_steps`` are the fixed shape of a block, both None where the program takes any.
    ``sparse_labels`` says that targets are class numbers, int32 of shape (n_samples,), rather than (n_samples,
    n_outputs). ``n_weights`` is the number of weights of a sample when each of its labels has one of its own.
    ``sparse`` says that the first layer multiplies sparse batches.
    """

    network: NetworkSpec
    values: tuple[str, ...]
    loss: Loss
    sparse_labels: bool
    n_weights: int | None
    optimizer: str
    nesterov: bool
    regularize_bias: bool
    jit_compile: bool
    batch_size: int | None
    block_steps: int | None
    sparse: bool = False

    @property
    def settings(self) -> tuple[str, ...]:
        """Those of the values that are settings of the optimizer: each travels with its complement."""
        return tuple(name for name in self.values if complement_name(name) in self.values)

    def pack(self, values: Mapping[str, float]) -> NDArray[np.floating]:
        """The traced values as one vector, in the network's dtype."""
        return np.array([values[name] for name in self.values], dtype=self.network.dtype)


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


@dataclass(frozen=True)
class Plan:
    """What a fit does: its hyperparameters, and what its data decides."""

    hyperparameters: Hyperparameters
    network: NetworkSpec
    loss: Loss
    sparse_labels: bool
    n_weights: int | None
    batch_size: int
    seed: int

    @property
    def values(self) -> dict[str, float]:
        """Every traced value that is on, by name, apart from the learning rate, which is passed step by step."""
        return dict(_values_on(self.hyperparameters, self.loss))

    def steps_per_epoch(self, n_samples: int) -> int:
        """The number of batches that the samples fill, the last one perhaps in part."""
        return -(-n_samples // self.batch_size)


def _values_on(chosen: Hyperparameters, loss: Loss) -> Iterator[tuple[str, float]]:
    """The traced values that are on: what is off has no place in the program.

    A setting travels with its complement, ``1 - value``, taken in double precision: in float32, ``1 - 0.999`` is wrong
    by 1.3e-5.
    """
    for name in ("l1", "l2", "label_smoothing"):
        if value := getattr(chosen, name):
            yield name, value
    if loss == "quantile":
        yield "quantile", chosen.quantile
    rates = {"input_dropout": chosen.input_dropout} | {
        dropout_name(layer): rate for layer, rate in enumerate(chosen.dropout)
    }
    yield from ((name, rate) for name, rate in rates.items() if rate)
    for name, value in chosen.settings.items():
        yield name, value
        yield complement_name(name), 1.0 - value


@dataclass(frozen=True)
class State:
    """Where a training stands after an epoch: everything that it takes to go on from there.

    ``optimizer`` holds the optimizer's variables, or None for a fresh one.
    """

    weights: list[NDArray[np.floating]]
    optimizer: list[NDArray[Any]] | None = None
    epoch: int = 0
    step: int = 0
