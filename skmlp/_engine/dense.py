"""Dense samples on their way into a network: gathered, multiplied and differentiated as one array an input."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from skmlp._engine.architecture import Architecture, Network
from skmlp._engine.memory import aligned_zeros, gather
from skmlp._keras import tf
from skmlp._spec import Form


class DenseBuffer:
    """The memory of a block of batches, (n_rows, ...) for each input."""

    def __init__(self, n_rows: int, batch_size: int, forms: Sequence[Form]) -> None:
        self._batch_size = batch_size
        self._rows = [aligned_zeros((n_rows, *form.sizes), form.dtype) for form in forms]

    def fill(self, X: Sequence[Any], rows: NDArray[np.intp], n_rows: int) -> tuple[NDArray[Any], ...]:
        """Gather rows into the first of ``n_rows`` rows: an array an input, (steps, batch, ...)."""
        for source, target in zip(X, self._rows, strict=True):
            gather(source, rows, target[: len(rows)])
        return tuple(each[:n_rows].reshape(-1, self._batch_size, *each.shape[1:]) for each in self._rows)


class DenseInputs:
    """The samples of a network as dense arrays (see `skmlp._engine.input_forms.Inputs`)."""

    def __init__(self, architecture: Architecture) -> None:
        self._architecture = architecture

    def of_block(
        self, n_steps: int | None, batch_size: int | None, forms: Sequence[Form]
    ) -> list[tuple[Any, tuple[int | None, ...]]]:
        """The dtypes and shapes of the samples of a block."""
        return [(form.dtype, (n_steps, batch_size, *form.shape)) for form in forms]

    def of_prediction(self) -> list[tuple[Any, tuple[int | None, ...]]]:
        """The dtypes and shapes of samples to predict."""
        return [(form.dtype, (None, *form.shape)) for form in self._architecture.inputs]

    def widest(self, X: Sequence[Any]) -> int:
        """The values of a row of samples to predict."""
        return sum(math.prod(each.shape[1:]) for each in X)

    def prepare(self, X: Sequence[Any]) -> tuple[Any, ...]:
        """Samples to predict, as a program takes them."""
        forms = self._architecture.inputs
        dense = (each.toarray() if issparse(each) else each for each in X)
        return tuple(np.asarray(each, dtype=form.dtype) for each, form in zip(dense, forms, strict=True))

    def predict(self, network: Network, samples: Sequence[Any]) -> list[Any]:
        """The raw outputs for samples that `prepare` made."""
        return network.call([*samples], training=False)

    def differentiate(
        self,
        network: Network,
        loss_of: Callable[[list[Any]], tuple[Any, Any]],
        i: Any,
        batch_size: Any,
        samples: Sequence[Any],
    ) -> tuple[Any, list[Any]]:
        """What ``loss_of`` records of batch ``i`` of a block, cut to ``batch_size``, and its gradients."""
        batch = [each[i] if batch_size is None else each[i][:batch_size] for each in samples]
        variables = [variable.value for variable in network.trainable]
        with tf.GradientTape() as tape:
            loss, record = loss_of(network.call(batch, training=True))
        return record, tape.gradient(loss, variables)
