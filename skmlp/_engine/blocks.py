"""Which program runs a plan: XLA or a plain graph, sparse or dense, and how many batches a call takes."""

from __future__ import annotations

import math

import numpy as np
from scipy.sparse import issparse

from skmlp._engine.data import Data
from skmlp._spec import TrainingPlan, TrainingSpec, steps_per_epoch

_XLA_STEPS = 16
"""XLA makes a step three times as fast, and its compilation takes 0.3 s longer (docs/design.md has measurements)."""

_XLA_PRODUCTS = 1 << 25
"""In the convolutions of a step, beyond which TensorFlow's own kernels are faster than XLA's on a CPU."""

_BLOCK_STEPS = 256

_BLOCK_BYTES = 1 << 22
"""Memory of a block: enough to make a call worth while, little enough to stay near the processor."""

_SPARSE_BLOCK_BYTES = 6 << 20
"""Memory of a sparse block, which is larger than a dense one, since a step reads its entries just twice."""


def training_spec(plan: TrainingPlan, data: Data) -> TrainingSpec:
    """The key of the program that runs a plan on some samples.

    Unless the plan says whether XLA compiles it, that depends on the number of steps in an epoch alone: never on what
    ran before, so that results repeat, nor on the number of epochs, so that training in parts is training at once.
    """
    sparse = stays_sparse(plan, data)
    short = plan.exact and len(data.rows) % plan.batch_size > 0
    able = plan.compiles and not sparse and not short  # XLA knows no sparse matrix, and no batch of another size
    xla = able and (_pays(plan, data) if plan.jit_compile == "auto" else bool(plan.jit_compile))
    return TrainingSpec(
        architecture=plan.architecture,
        inputs=plan.inputs,
        objectives=plan.objectives,
        dtype=plan.dtype,
        values=tuple(plan.values),
        scheduled=plan.scheduled,
        n_weights=plan.n_weights,
        optimizer=plan.optimizer,
        jit_compile=xla,
        batch_size=plan.batch_size if xla else None,
        block_steps=block_steps(plan, data) if xla else None,
        sparse=sparse,
        exact=plan.exact,
        measures=plan.measures,
    )


def _pays(plan: TrainingPlan, data: Data) -> bool:
    """Whether XLA has many steps to make faster, and knows how."""
    many = steps_per_epoch(len(data.rows), plan.batch_size) >= _XLA_STEPS
    return many and plan.convolved * plan.batch_size <= _XLA_PRODUCTS


def stays_sparse(plan: TrainingPlan, data: Data) -> bool:
    """Whether batches are multiplied as they are, rather than made dense.

    Above a tenth of the entries, the product of dense matrices is the faster one. Input dropout draws a number for
    each feature, so that it is the same for a matrix of either form.
    """
    X = data.X[0]
    few = issparse(X) and 10 * X.nnz <= X.shape[0] * X.shape[1]
    return bool(few and plan.multiplies_sparse)


def block_steps(plan: TrainingPlan, data: Data) -> int:
    """The most batches in a block, by the memory of a row; that of a dense block does not depend on the samples."""
    if stays_sparse(plan, data):
        X = data.X[0]
        row_bytes, block_bytes = (2 * 4 + np.dtype(plan.dtype).itemsize) * X.nnz / X.shape[0], _SPARSE_BLOCK_BYTES
    else:
        row_bytes = sum(math.prod(form.sizes) * np.dtype(form.dtype).itemsize for form in plan.inputs)
        block_bytes = _BLOCK_BYTES
    return int(np.clip(block_bytes // (plan.batch_size * max(row_bytes, 1)), 1, _BLOCK_STEPS))
