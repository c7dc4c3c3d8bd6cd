"""The forms that samples take on their way into a network."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from skmlp._engine.architecture import Architecture, Network
from skmlp._engine.dense import DenseBuffer, DenseInputs
from skmlp._engine.sparse import SparseBuffer, SparseInputs
from skmlp._spec import Form

Placeholders = list[tuple[Any, tuple[int | None, ...]]]
"""Dtypes and shapes."""


class Buffer(Protocol):
    """The memory of a block of batches, used again and again."""

    def __init__(self, n_rows: int, batch_size: int, forms: Sequence[Form]) -> None: ...

    def fill(self, X: Sequence[Any], rows: NDArray[np.intp], n_rows: int) -> tuple[NDArray[Any], ...]:
        """Gather some whole batches, in the memory of ``n_rows`` rows, as the arrays of `Inputs.of_block`."""


class Inputs(Protocol):
    """How the samples of a network are given to it."""

    def __init__(self, architecture: Architecture) -> None: ...

    def of_block(self, n_steps: int | None, batch_size: int | None, forms: Sequence[Form]) -> Placeholders:
        """The arrays of a block of batches of these forms."""

    def of_prediction(self) -> Placeholders:
        """The arrays of samples to predict."""

    def widest(self, X: Sequence[Any]) -> int:
        """The values of a row of samples to predict, about."""

    def prepare(self, X: Sequence[Any]) -> tuple[Any, ...]:
        """Samples to predict, as the arrays of `of_prediction`."""

    def predict(self, network: Network, samples: Sequence[Any]) -> list[Any]:
        """The raw outputs for the arrays of `of_prediction`, as operations."""

    def differentiate(
        self,
        network: Network,
        loss_of: Callable[[list[Any]], tuple[Any, Any]],
        i: Any,
        batch_size: Any,
        samples: Sequence[Any],
    ) -> tuple[Any, list[Any]]:
        """Differentiate the loss of batch ``i`` of a block, as operations.

        Parameters
        ----------
        network : Network
        loss_of : callable
            From raw outputs to the loss, and what is to be recorded of it.
        i : integer tensor
        batch_size : integer tensor or None
            What the batch is cut to, or None for the whole of it.
        samples : sequence of tensors
            Those of `of_block`.

        Returns
        -------
        record : tensor
        gradients : list of tensors
            By the trainable variables.
        """


BUFFERS: Mapping[bool, type[Buffer]] = {False: DenseBuffer, True: SparseBuffer}
"""By whether samples are sparse; as `INPUTS` are."""

INPUTS: Mapping[bool, type[Inputs]] = {False: DenseInputs, True: SparseInputs}
