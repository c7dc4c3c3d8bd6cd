"""The forms that samples take on their way into a network."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from skmlp._engine.dense import DenseBuffer, DenseInputs
from skmlp._engine.sparse import SparseBuffer, SparseInputs
from skmlp._spec import NetworkSpec

Placeholders = list[tuple[Any, tuple[int | None, ...]]]
"""Dtypes and shapes."""


class Buffer(Protocol):
    """The memory of a block of batches, used again and again."""

    def __init__(self, n_rows: int, batch_size: int, n_features: int, dtype: Any) -> None: ...

    def fill(self, X: Any, rows: NDArray[np.intp], n_rows: int) -> tuple[NDArray[Any], ...]:
        """Gather some whole batches, in the memory of ``n_rows`` rows, as the arrays of `Inputs.of_block`."""


class Inputs(Protocol):
    """A form of the samples of a network."""

    def __init__(self, network: NetworkSpec) -> None: ...

    def of_block(self, n_steps: int | None, batch_size: int | None) -> Placeholders:
        """The arrays of a block of batches."""

    def of_prediction(self) -> Placeholders:
        """The arrays of samples to predict."""

    @property
    def n_values(self) -> int:
        """The values of a row of samples to predict, about."""

    def prepare(self, X: Any) -> tuple[Any, ...]:
        """Samples to predict, as the arrays of `of_prediction`."""

    def predict(self, model: Any, samples: Sequence[Any]) -> Any:
        """The logits of the arrays of `of_prediction`, as operations."""

    def differentiate(
        self, model: Any, loss_of: Callable[[Any], Any], i: Any, batch_size: Any, samples: Sequence[Any]
    ) -> tuple[Any, list[Any]]:
        """The loss of batch ``i`` of a block, as a function of logits, and its gradients, as operations."""


BUFFERS: Mapping[bool, type[Buffer]] = {False: DenseBuffer, True: SparseBuffer}
"""By whether samples are sparse; as `INPUTS` are."""

INPUTS: Mapping[bool, type[Inputs]] = {False: DenseInputs, True: SparseInputs}
