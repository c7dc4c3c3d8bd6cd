"""Blocks hold every row once, in order, padded with weight zero."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from skmlp._engine.batches import Data, blocks


@given(
    n_samples=st.integers(1, 80),
    batch_size=st.integers(1, 30),
    block_steps=st.integers(1, 5),
    fixed=st.booleans(),
    n_outputs=st.integers(0, 2),
    seed=st.integers(0, 99),
)
def test_blocks_against_a_naive_loop(n_samples, batch_size, block_steps, fixed, n_outputs, seed):
    rng = np.random.default_rng(seed)
    X = rng.random((n_samples, 3))
    y = rng.random((n_samples, n_outputs)) if n_outputs else rng.integers(0, 9, n_samples)
    weight = 1 + rng.random(n_samples)
    order = rng.permutation(n_samples)
    batches = []
    shapes = set()
    data = Data(X, y, weight, np.arange(n_samples))
    for block in blocks(data, order, batch_size, block_steps, fixed=fixed):
        shapes.add(len(block.X))
        assert block.X.shape[:2] == block.y.shape[:2] == block.weight.shape == (len(block.X), batch_size)
        assert 1 <= block.n_steps <= len(block.X) <= block_steps
        for step in range(block.n_steps):
            n = block.n_samples[step]
            assert (block.weight[step, n:] == 0).all()
            assert (block.weight[step, :n] > 0).all()
            batches.append((block.X[step, :n].copy(), block.y[step, :n].copy(), block.weight[step, :n].copy()))
    naive = [order[start : start + batch_size] for start in range(0, n_samples, batch_size)]
    assert len(batches) == len(naive)
    for (x, target, w), rows in zip(batches, naive, strict=True):
        np.testing.assert_array_equal(x, X[rows])
        np.testing.assert_array_equal(target, y[rows])
        np.testing.assert_array_equal(w, weight[rows])
    if fixed:
        assert shapes == {block_steps}
