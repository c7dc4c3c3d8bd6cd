"""A fit trains on the rows that its data names, and on nothing else."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from specs import plan

from skmlp._engine.data import Data
from skmlp._engine.loop import initial_state, train

N = 24
X = np.random.default_rng(0).normal(size=(N, 3)).astype("float32")
X[X < 0.8] = 0.0
Y = np.random.default_rng(1).normal(size=(N, 2)).astype("float32")
ROWS = np.array([20, 3, 11, 4, 9, 0, 17, 8, 15])


@pytest.mark.parametrize("form", [np.asarray, csr_matrix], ids=["dense", "sparse"])
def test_rows_that_are_not_named_do_not_matter(form):
    chosen = plan(batch_size=4, epochs=2, kernel_initializer="glorot_uniform", shuffle=True)
    others = np.setdiff1d(np.arange(N), ROWS)
    spoilt, targets, weight = X.copy(), Y.copy(), np.ones(N, "float32")
    spoilt[others] = targets[others] = weight[others] = np.nan
    named = Data((form(spoilt),), (targets,), weight, ROWS)
    alone = Data((form(X[ROWS]),), (Y[ROWS],), np.ones(len(ROWS), "float32"), np.arange(len(ROWS)))
    ours, theirs = (train(chosen, data, initial_state(chosen), 2)[0] for data in (named, alone))
    for one, other in zip(ours.weights, theirs.weights, strict=True):
        np.testing.assert_array_equal(one, other)
    assert any(
        (weight != start).any() for weight, start in zip(ours.weights, initial_state(chosen).weights, strict=True)
    )
