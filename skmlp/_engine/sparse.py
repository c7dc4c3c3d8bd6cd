"""Sparse samples on their way into a network, whose first layer multiplies their entries."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skmlp._engine.architecture import Architecture, Network
from skmlp._engine.memory import aligned_zeros
from skmlp._keras import tf
from skmlp._spec import Form

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

    def __init__(self, n_rows: int, batch_size: int, forms: Sequence[Form]) -> None:
        (form,) = forms
        self.parts = part_sizes(batch_size)
        self.places = np.zeros((0, 2), np.int32)
        self.values = np.zeros(0, form.dtype)

    def fill(self, X: Sequence[Any], rows: NDArray[np.intp], n_rows: int) -> SparseBatches:
        """Take the rows of some whole batches."""
        (matrix,) = X
        some = matrix[rows]
        sizes = np.tile(self.parts, some.shape[0] // sum(self.parts))
        first_rows = np.concatenate([[0], np.cumsum(sizes)])
        bounds = some.indptr[first_rows]
        lengths = np.diff(bounds)
        starts = np.concatenate([[0], np.cumsum(-(-lengths // _ALIGNED_ENTRIES) * _ALIGNED_ENTRIES)])
        if starts[-1] > len(self.values):
            capacity = int(starts[-1] * 1.2)
            self.places = aligned_zeros((capacity, 2), np.int32)
            self.values = aligned_zeros((capacity,), self.values.dtype)
        row_of_part = np.arange(some.shape[0], dtype=np.int32) - np.repeat(first_rows[:-1], sizes).astype(np.int32)
        row = np.repeat(row_of_part, np.diff(some.indptr))
        for begin, source, length, end in zip(starts, bounds, lengths, starts[1:], strict=False):
            there, here = slice(begin, begin + length), slice(source, source + length)
            self.places[there, 0] = row[here]
            self.places[there, 1] = some.indices[here]
            self.values[there] = some.data[here]
            self.places[begin + length : end] = self.values[begin + length : end] = 0
        places = self.places[: starts[-1]].reshape(-1, 2 * PLACES_IN_A_ROW)
        return SparseBatches(places, self.values[: starts[-1]], starts.astype(np.int64))


class SparseInputs:
    """The samples of a network as the entries of a CSR matrix (see `skmlp._engine.input_forms.Inputs`).

    The network begins with a dense layer without anything before it, and splits there (`Network.split`).
    """

    def __init__(self, architecture: Architecture) -> None:
        self._dtype = architecture.dtype
        self._n_features = architecture.inputs[0].shape[0]

    def of_block(
        self, n_steps: int | None, batch_size: int | None, forms: Sequence[Form]
    ) -> list[tuple[Any, tuple[int | None, ...]]]:
        """The dtypes and shapes of `SparseBatches`."""
        return [(tf.int32, (None, 2 * PLACES_IN_A_ROW)), (self._dtype, (None,)), (tf.int64, (None,))]

    def of_prediction(self) -> list[tuple[Any, tuple[int | None, ...]]]:
        """The dtypes and shapes of places, entries, and the number of rows."""
        return [(tf.int32, (None, 2)), (self._dtype, (None,)), (tf.int64, ())]

    def widest(self, X: Sequence[Any]) -> int:
        """The values of a row of samples to predict: few."""
        return 1

    def prepare(self, X: Sequence[Any]) -> tuple[Any, ...]:
        """Samples to predict, as a program takes them."""
        (matrix,) = X
        row = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
        places = np.stack([row, matrix.indices], axis=1, dtype=np.int32, casting="same_kind")
        return places, matrix.data.astype(self._dtype, copy=False), matrix.shape[0]

    def predict(self, network: Network, samples: Sequence[Any]) -> list[Any]:
        """The raw outputs for samples that `prepare` made."""
        places, entries, n_rows = samples
        kernels, upper = network.split()
        rows = _SparseRows(places, entries, (n_rows, self._n_features))
        return [upper(rows.times(_side_by_side(kernels)), training=False)]

    def differentiate(
        self,
        network: Network,
        loss_of: Callable[[list[Any]], tuple[Any, Any]],
        i: Any,
        batch_size: Any,
        samples: Sequence[Any],
    ) -> tuple[Any, list[Any]]:
        """What ``loss_of`` records of batch ``i`` of a block, multiplied part by part, and its gradients."""
        places, entries, starts = samples
        kernels, upper = network.split()
        first = _side_by_side(kernels)
        sizes = part_sizes(tf.cast(batch_size, tf.int64))
        parts = []
        for part, size in enumerate(sizes):
            begin, end = starts[PARTS * i + part], starts[PARTS * i + part + 1]
            its_places = tf.reshape(places[begin // PLACES_IN_A_ROW : end // PLACES_IN_A_ROW], (-1, 2))
            parts.append(_SparseRows(its_places, entries[begin:end], (size, self._n_features)))
        product = tf.concat([rows.times(first) for rows in parts], axis=0)
        others = [each for each in network.trainable if not any(each is kernel for kernel in kernels)]
        with tf.GradientTape() as tape:
            tape.watch(product)
            loss, record = loss_of([upper(product, training=True)])
        of_product, *of_others = tape.gradient(loss, [product, *(each.value for each in others)])
        of_parts = tf.split(of_product, sizes)
        of_first = tf.add_n([rows.times(of, transposed=True) for rows, of in zip(parts, of_parts, strict=True)])
        of_kernels = [of_first] if len(kernels) == 1 else tf.split(of_first, len(kernels), axis=1)
        pairs = zip([*kernels, *others], [*of_kernels, *of_others], strict=True)
        gradients = {id(variable): gradient for variable, gradient in pairs}
        return record, [gradients[id(variable)] for variable in network.trainable]


def _side_by_side(kernels: Sequence[Any]) -> Any:
    """Kernels of as many outputs each as one, (n_features, outputs of all)."""
    tensors = [tf.convert_to_tensor(kernel) for kernel in kernels]
    return tensors[0] if len(tensors) == 1 else tf.concat(tensors, axis=1)


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


def part_sizes(batch_size: int) -> list[int]:
    """The number of rows of each part of a sparse batch."""
    return [(batch_size + part) // PARTS for part in reversed(range(PARTS))]
