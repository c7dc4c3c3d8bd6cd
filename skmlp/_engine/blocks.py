"""Which program runs a plan: XLA or a plain graph, sparse or dense, and how many batches a call takes."""

from __future__ import annotations

import numpy as np
from scipy.sparse import issparse

from skmlp._engine.data import Data
from skmlp._spec import Plan, TrainingSpec

_XLA_STEPS = 16
"""XLA makes a step three times as fast, and its compilation takes 0.3 s longer (docs/design.md has measurements)."""

_BLOCK_STEPS = 256

_BLOCK_BYTES = 1 << 22
"""Memory of a block: enough to make a call worth while, little enough to stay near the processor."""

_SPARSE_BLOCK_BYTES = 1 << 24
"""Memory of a sparse block, which is larger than a dense one, since a step reads its entries just twice."""


def training_spec(plan: Plan, data: Data) -> TrainingSpec:
    """The key of the program that runs a plan on some samples.

    Whether XLA compiles it depends on the number of steps in an epoch alone: never on what ran before, so that results
    repeat, nor on the number of epochs, so that training in parts is training at once.
    """
    chosen = plan.hyperparameters
    sparse = stays_sparse(plan, data)
    xla = plan.steps_per_epoch(len(data.rows)) >= _XLA_STEPS and not sparse  # XLA knows no sparse matrix
    values = tuple(plan.values)
    return TrainingSpec(
        network=plan.network,
        values=values,
        loss=plan.loss,
        sparse_labels=plan.sparse_labels,
        n_weights=plan.n_weights,
        optimizer=chosen.optimizer,
        nesterov=chosen.nesterov,
        regularize_bias=chosen.regularize_bias and bool({"l1", "l2"} & {*values}),
        jit_compile=xla,
        batch_size=plan.batch_size if xla else None,
        block_steps=block_steps(plan, data) if xla else None,
        sparse=sparse,
    )


def stays_sparse(plan: Plan, data: Data) -> bool:
    """Whether batches are multiplied as they are, rather than made dense.

    Above a tenth of the entries, the product of dense matrices is the faster one. Input dropout draws a number for
    each feature, so that it is the same for a matrix of either form.
    """
    few = issparse(data.X) and 10 * data.X.nnz <= data.X.shape[0] * data.X.shape[1]
    return bool(few and "input_dropout" not in plan.values)


def block_steps(plan: Plan, data: Data) -> int:
    """The most batches in a block, by the memory of a row; that of a dense block does not depend on the samples."""
    itemsize = np.dtype(plan.network.dtype).itemsize
    if stays_sparse(plan, data):
        row_bytes, block_bytes = (2 * 4 + itemsize) * data.X.nnz / data.X.shape[0], _SPARSE_BLOCK_BYTES
    else:
        row_bytes, block_bytes = plan.network.n_features * itemsize, _BLOCK_BYTES
    return int(np.clip(block_bytes // (plan.batch_size * max(row_bytes, 1)), 1, _BLOCK_STEPS))
