"""Dense samples on their way into a network: gathered, multiplied and differentiated as one array."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmlp._engine.memory import aligned_zeros, gather
from skmlp._keras import tf
from skmlp._spec import NetworkSpec


class DenseBuffer:
    """The memory of a block of batches, (n_rows, n_features)."""

    def __init__(self, n_rows: int, batch_size: int, n_features: int, dtype: Any) -> None:
        self._batch_size = batch_size
        self._rows = aligned_zeros((n_rows, n_features), dtype)

    def fill(self, X: Any, rows: NDArray[np.intp], n_rows: int) -> tuple[NDArray[Any], ...]:
        """Gather rows into the first of ``n_rows`` rows: one array, (steps, batch, features)."""
        gather(X, rows, self._rows[: len(rows)])
        return (self._rows[:n_rows].reshape(-1, self._batch_size, self._rows.shape[1]),)


class DenseInputs:
    """The samples of a network as one dense array (see `skmlp._engine.input_forms.Inputs`)."""

    def __init__(self, network: NetworkSpec) -> None:
        self._network = network

    def of_block(self, n_steps: int | None, batch_size: int | None) -> list[tuple[Any, tuple[int | None, ...]]]:
        """The dtype and shape of the samples of a block."""
        return [(self._network.dtype, (n_steps, batch_size, self._network.n_features))]

    def of_prediction(self) -> list[tuple[Any, tuple[int | None, ...]]]:
        """The dtype and shape of samples to predict."""
        return [(self._network.dtype, (None, self._network.n_features))]

    @property
    def n_values(self) -> int:
        """The values of a row of samples to predict."""
        return self._network.n_features

    def prepare(self, X: Any) -> tuple[Any, ...]:
        """Samples to predict, as a program takes them."""
        return (np.asarray(X, dtype=self._network.dtype),)

    def predict(self, model: Any, samples: Sequence[Any]) -> Any:
        """The logits of samples that `prepare` made."""
        return model(samples[0], training=False)

    def differentiate(
        self, model: Any, loss_of: Callable[[Any], Any], i: Any, batch_size: Any, samples: Sequence[Any]
    ) -> tuple[Any, list[Any]]:
        """The loss of batch ``i`` of a block, and its gradients by the model's trainable variables."""
        variables = [variable.value for variable in model.trainable_variables]
        with tf.GradientTape() as tape:
            loss = loss_of(model(samples[0][i], training=True))
        return loss, tape.gradient(loss, variables)
