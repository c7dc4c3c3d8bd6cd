"""Which program runs a plan depends on its shape alone, and blocks stay within their memory."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from specs import plan

from skmlp._engine.blocks import _BLOCK_BYTES, _SPARSE_BLOCK_BYTES, block_steps, stays_sparse, training_spec
from skmlp._engine.data import Data


def data(X):
    n = X.shape[0]
    return Data((X,), (np.zeros((n, 2), "float32"),), np.ones(n, "float32"), np.arange(n))


def thin(n_samples, density):
    return sparse.random(n_samples, 100, density=density, format="csr", random_state=0)


@pytest.mark.parametrize(("n_samples", "xla"), [(32 * 15, False), (32 * 15 + 1, True)])
def test_xla_compiles_what_has_sixteen_steps_an_epoch(n_samples, xla):
    spec = training_spec(plan(batch_size=32), data(np.zeros((n_samples, 3))))
    assert spec.jit_compile == xla
    assert (spec.batch_size, spec.block_steps) == ((32, 256) if xla else (None, None))


@pytest.mark.parametrize("n_samples", [32 * 15, 32 * 15 + 1])
def test_a_plan_may_say_whether_xla_compiles_it(n_samples):
    samples = data(np.zeros((n_samples, 3)))
    for said in (True, False):
        assert training_spec(replace(plan(), jit_compile=said), samples).jit_compile is said
    assert not training_spec(replace(plan(batch_size=1), jit_compile=True), data(thin(100, 0.1))).jit_compile


def test_folds_that_differ_by_a_row_share_a_structure():
    specs = {training_spec(plan(batch_size=8), data(np.zeros((n, 3)))) for n in (400, 401, 407)}
    assert len(specs) == 1


def test_values_are_no_part_of_the_structure():
    samples = data(np.zeros((50, 3)))
    assert training_spec(plan(l2=0.1), samples) == training_spec(plan(l2=0.2), samples)
    assert training_spec(plan(l2=0.1), samples) != training_spec(plan(), samples)


def test_biases_are_regularised_only_if_anything_is():
    samples = data(np.zeros((50, 3)))
    assert training_spec(plan(regularize_bias=True), samples) == training_spec(plan(), samples)
    assert training_spec(plan(regularize_bias=True, l1=0.1), samples) != training_spec(plan(l1=0.1), samples)


def test_a_matrix_stays_sparse_if_a_tenth_of_it_is_filled_and_nothing_drops_features():
    assert stays_sparse(plan(), data(thin(100, 0.1)))
    assert not stays_sparse(plan(), data(thin(100, 0.11)))
    assert not stays_sparse(plan(input_dropout=0.1), data(thin(100, 0.1)))
    assert not stays_sparse(plan(), data(np.zeros((100, 3))))
    assert not training_spec(plan(batch_size=1), data(thin(100, 0.1))).jit_compile


@given(st.integers(1, 10**6), st.sampled_from([0.01, 0.1]))
def test_blocks_stay_within_their_memory(batch_size, density):
    chosen = plan(batch_size=batch_size)
    dense = block_steps(chosen, data(np.zeros((5, 3))))
    assert 1 <= dense <= 256
    assert dense == 1 or dense * batch_size * 3 * 4 <= _BLOCK_BYTES
    samples = data(thin(100, density))
    few = block_steps(chosen, samples)
    assert few == 1 or few * batch_size * (samples.X[0].nnz / 100) * 12 <= _SPARSE_BLOCK_BYTES


def test_xla_is_left_to_small_convolutions():
    samples = data(np.zeros((32 * 16, 3)))

    class Convolved:
        """A plan with some products in the convolutions of a sample."""

        def __init__(self, products):
            self.convolved = products

        def __getattr__(self, name):
            return getattr(plan(batch_size=32), name)

    assert training_spec(Convolved(2**20), samples).jit_compile
    large = Convolved(2**20 + 1)
    assert not training_spec(large, samples).jit_compile
    large.jit_compile = True
    assert training_spec(large, samples).jit_compile
