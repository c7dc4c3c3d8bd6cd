"""Sparse samples on their way into a network, whose first layer multiplies their entries."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skmlp._engine.memory import aligned_zeros
from skmlp._keras import keras, tf
from skmlp._spec import NetworkSpec

PARTS = 2
"""Of a sparse batch. TensorFlow multiplies a sparse matrix on one processor; it is fixed, so that results repeat."""

_ALIGNED_ENTRIES = 16
"""TensorFlow takes slices without a copy where they begin and end at multiples of 64 bytes: 16 float32 entries."""

PLACES_IN_A_ROW = 8
"""So many places of two int32 are 64 bytes, and a row of ``places``, of which TensorFlow slices whole ones."""


class SparseBatches(NamedTuple):
    """Batches of a CSR matrix, each in `PARTS` parts of rows that are multiplied side by side.

    Part p of batch i has the entries from ``starts[PARTS * i + p]`` up to the next start: entry j is ``values[j]``, in
    the row (of its part) and the column ``places.reshape(-1, 2)[j]``. Starts are multiples of `_ALIGNED_ENTRIES`, and
    entries of 0 fill the gaps.
    """

    places: NDArray[np.int32]
    values: NDArray[np.floating]
    starts: NDArray[np.int64]


class SparseBuffer:
    """The memory of sparse batches, which grows to the largest of them."""

    def __init__(self, n_rows: int, batch_size: int, n_features: int, dtype: Any) -> None:
        self.parts = part_sizes(batch_size)
        self.places = np.zeros((0, 2), np.int32)
        self.values = np.zeros(0, dtype)

    def fill(self, X: Any, rows: NDArray[np.intp], n_rows: int) -> SparseBatches:
        """Take the rows of some whole batches."""
        X = X[rows]
        sizes = np.tile(self.parts, X.shape[0] // sum(self.parts))
        first_rows = np.concatenate([[0], np.cumsum(sizes)])
        bounds = X.indptr[first_rows]
        lengths = np.diff(bounds)
        starts = np.concatenate([[0], np.cumsum(-(-lengths // _ALIGNED_ENTRIES) * _ALIGNED_ENTRIES)])
        if starts[-1] > len(self.values):
            capacity = int(starts[-1] * 1.2)
            self.places = aligned_zeros((capacity, 2), np.int32)
            self.values = aligned_zeros((capacity,), self.values.dtype)
        row_of_part = np.arange(X.shape[0], dtype=np.int32) - np.repeat(first_rows[:-1], sizes).astype(np.int32)
        row = np.repeat(row_of_part, np.diff(X.indptr))
        for begin, source, length, end in zip(starts, bounds, lengths, starts[1:], strict=False):
            there, here = slice(begin, begin + length), slice(source, source + length)
            self.places[there, 0] = row[here]
            self.places[there, 1] = X.indices[here]
            self.values[there] = X.data[here]
            self.places[begin + length : end] = self.values[begin + length : end] = 0
        places = self.places[: starts[-1]].reshape(-1, 2 * PLACES_IN_A_ROW)
        return SparseBatches(places, self.values[: starts[-1]], starts.astype(np.int64))


class SparseInputs:
    """The samples of a network as the entries of a CSR matrix (see `skmlp._engine.input_forms.Inputs`)."""

    def __init__(self, network: NetworkSpec) -> None:
        self._network = network

    def of_block(self, n_steps: int | None, batch_size: int | None) -> list[tuple[Any, tuple[int | None, ...]]]:
        """The dtypes and shapes of `SparseBatches`."""
        return [(tf.int32, (None, 2 * PLACES_IN_A_ROW)), (self._network.dtype, (None,)), (tf.int64, (None,))]

    def of_prediction(self) -> list[tuple[Any, tuple[int | None, ...]]]:
        """The dtypes and shapes of places, entries, and the number of rows."""
        return [(tf.int32, (None, 2)), (self._network.dtype, (None,)), (tf.int64, ())]

    @property
    def n_values(self) -> int:
        """The values of a row of samples to predict: few."""
        return 1

    def prepare(self, X: Any) -> tuple[Any, ...]:
        """Samples to predict, as a program takes them."""
        row = np.repeat(np.arange(X.shape[0]), np.diff(X.indptr))
        places = np.stack([row, X.indices], axis=1, dtype=np.int32, casting="same_kind")
        return places, X.data.astype(self._network.dtype, copy=False), X.shape[0]

    def predict(self, model: Any, samples: Sequence[Any]) -> Any:
        """The logits of samples that `prepare` made."""
        places, entries, n_rows = samples
        kernel, upper = _split_first_layer(self._network, model)
        return upper(_SparseRows(places, entries, (n_rows, self._network.n_features)).times(kernel), training=False)

    def differentiate(
        self, model: Any, loss_of: Callable[[Any], Any], i: Any, batch_size: Any, samples: Sequence[Any]
    ) -> tuple[Any, list[Any]]:
        """The loss of batch ``i`` of a block, multiplied part by part, and its gradients by the trainable variables."""
        places, entries, starts = samples
        kernel, upper = _split_first_layer(self._network, model)
        sizes = part_sizes(tf.cast(batch_size, tf.int64))
        parts = []
        for part, size in enumerate(sizes):
            begin, end = starts[PARTS * i + part], starts[PARTS * i + part + 1]
            its_places = tf.reshape(places[begin // PLACES_IN_A_ROW : end // PLACES_IN_A_ROW], (-1, 2))
            parts.append(_SparseRows(its_places, entries[begin:end], (size, self._network.n_features)))
        product = tf.concat([rows.times(kernel) for rows in parts], axis=0)
        others = [variable.value for variable in model.trainable_variables[1:]]
        with tf.GradientTape() as tape:
            tape.watch(product)
            loss = loss_of(upper(product, training=True))
        of_product, *gradients = tape.gradient(loss, [product, *others])
        of_parts = tf.split(of_product, sizes)
        of_kernel = tf.add_n([rows.times(of, transposed=True) for rows, of in zip(parts, of_parts, strict=True)])
        return loss, [of_kernel, *gradients]


class _SparseRows(NamedTuple):
    """A sparse matrix of ``shape``: ``entries`` (n,) at ``places`` (n, 2) of int32, the row and the column."""

    places: Any
    entries: Any
    shape: tuple[Any, Any]

    def times(self, matrix: Any, *, transposed: bool = False) -> Any:
        """Multiply by a dense matrix, itself or its transpose."""
        # tf.sparse.sparse_dense_matmul is the same with int64 places, which take twice the memory.
        return tf.raw_ops.SparseTensorDenseMatMul(
            a_indices=self.places,
            a_values=self.entries,
            a_shape=[tf.cast(size, tf.int64) for size in self.shape],
            b=matrix,
            adjoint_a=transposed,
        )


def _split_first_layer(spec: NetworkSpec, model: Any) -> tuple[Any, Callable[..., Any]]:
    """A network of `build_network` without input dropout, as its first product and what comes after.

    Returns
    -------
    kernel : tf.Variable
        (n_features, width), which the samples are multiplied by.
    upper : callable
        (samples @ kernel, training) -> logits.
    """
    first = model.get_layer("hidden_0" if spec.hidden_layer_sizes else "output")
    rest = keras.Model(first.output, model.output) if spec.hidden_layer_sizes else None

    def upper(product: Any, *, training: bool) -> Any:
        hidden = product + keras.ops.convert_to_tensor(first.bias)
        return hidden if rest is None else rest(hidden, training=training)

    return keras.ops.convert_to_tensor(first.kernel), upper


def part_sizes(batch_size: int) -> list[int]:
    """The number of rows of each part of a sparse batch."""
    return [(batch_size + part) // PARTS for part in reversed(range(PARTS))]
