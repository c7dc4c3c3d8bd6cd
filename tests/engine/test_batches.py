"""Blocks hold every row once, in order, padded with weight zero."""

import itertools
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from skmlp._engine.batches import Gatherer
from skmlp._engine.data import Data
from skmlp._engine.sparse import PARTS, part_sizes
from skmlp._spec import Form


@pytest.fixture(scope="module")
def helper():
    with ThreadPoolExecutor(1) as executor:
        yield executor


def dense(batches, n_steps, batch_size):
    """Sparse batches as an array of (n_steps, batch_size, 3)."""
    X = np.zeros((n_steps, batch_size, 3))
    places = batches.places.reshape(-1, 2)
    for i, (begin, end) in enumerate(itertools.pairwise(batches.starts)):
        step, part = divmod(i, PARTS)
        row, column = places[begin:end].T
        np.add.at(X[step], (row + sum(part_sizes(batch_size)[:part]), column), batches.values[begin:end])
        assert (row < part_sizes(batch_size)[part]).all()
    return X


@settings(deadline=None)  # another process may take the processor
@given(
    n_samples=st.integers(1, 80),
    batch_size=st.integers(1, 30),
    block_steps=st.integers(1, 5),
    fixed=st.booleans(),
    n_outputs=st.integers(0, 2),
    n_epochs=st.integers(1, 3),
    sparse=st.booleans(),
    helped=st.booleans(),
    seed=st.integers(0, 99),
)
def test_blocks_against_a_naive_loop(
    n_samples, batch_size, block_steps, fixed, n_outputs, n_epochs, sparse, helped, helper, seed
):
    rng = np.random.default_rng(seed)
    X = rng.random((n_samples, 3))
    y = rng.random((n_samples, n_outputs)) if n_outputs else rng.integers(0, 9, n_samples)
    codes = rng.integers(0, 9, (n_samples, 2, 2))  # the target of another output
    weight = 1 + rng.random(n_samples)
    orders = [rng.permutation(n_samples) for _ in range(n_epochs)]
    batches = []
    shapes = set()
    X[X < 0.3] = 0
    data = Data((csr_matrix(X) if sparse else X,), (y, codes), weight, np.arange(n_samples))
    forms = [Form((3,), "float64")]
    gatherer = Gatherer(
        data, forms, batch_size, block_steps, fixed=fixed, sparse=sparse, helper=helper if helped else None
    )
    for _ in gatherer.blocks(orders[:1]):  # memory that has been used before
        pass
    for block in gatherer.blocks(orders):
        samples = dense(block.X, len(block.weight), batch_size) if sparse else block.X[0]
        shapes.add(len(samples))
        assert (
            samples.shape[:2]
            == block.y[0].shape[:2]
            == block.y[1].shape[:2]
            == block.weight.shape
            == (len(samples), batch_size)
        )
        assert 1 <= block.n_steps <= len(samples) <= block_steps
        for step in range(block.n_steps):
            n = block.n_samples[step]
            assert (block.weight[step, n:] == 0).all()
            assert (block.weight[step, :n] > 0).all()
            arrays = (samples, *block.y, block.weight)
            batches.append([array[step, :n].copy() for array in arrays])
    naive = [order[start : start + batch_size] for order in orders for start in range(0, n_samples, batch_size)]
    assert len(batches) == len(naive)
    for (x, target, code, w), rows in zip(batches, naive, strict=True):
        np.testing.assert_array_equal(x, X[rows])
        np.testing.assert_array_equal(target, y[rows])
        np.testing.assert_array_equal(code, codes[rows])
        np.testing.assert_array_equal(w, weight[rows])
    if fixed:
        assert shapes == {block_steps}


class Helper:
    """An executor whose work is done when somebody waits for it."""

    pending = 0

    def submit(self, function, *args):
        self.pending += 1
        self.call = lambda: function(*args)
        return self

    def cancel(self):
        return False

    def result(self):
        self.pending -= 1
        return self.call()

    exception = result


def test_what_is_broken_off_waits_for_the_helper_whose_memory_is_used_again():
    helper = Helper()
    data = Data((np.ones((9, 2)),), (np.zeros(9),), np.ones(9), np.arange(9))
    gathering = Gatherer(data, [Form((2,), "float64")], 1, 2, fixed=False, helper=helper).blocks([np.arange(9)])
    next(gathering)
    assert helper.pending == 1
    gathering.close()
    assert helper.pending == 0


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_sparse_matrix_without_entries(dtype):
    data = Data((csr_matrix((5, 3), dtype=dtype),), (np.zeros(5),), np.ones(5, dtype), np.arange(5))
    gatherer = Gatherer(data, [Form((3,), dtype)], 2, 9, fixed=False, sparse=True)
    (block,) = gatherer.blocks([np.arange(5)])
    assert block.X.starts.tolist() == [0] * 7
    assert block.X.values.size == block.X.places.size == 0


def test_the_memory_of_two_blocks_is_used_again_and_again():
    data = Data((np.ones((9, 2)),), (np.zeros(9),), np.ones(9), np.arange(9))
    gatherer = Gatherer(data, [Form((2,), "float64")], 1, 2, fixed=False)

    def places(order):
        return [block.weight.__array_interface__["data"][0] for block in gatherer.blocks([order])]

    first = places(np.arange(9))
    assert len(first) == 5
    assert first == [first[0], first[1]] * 2 + [first[0]]
    assert first[0] != first[1]
    assert places(np.arange(9)) == first
    assert places(np.arange(2)) == first[:1]
    assert len(gatherer._buffers) == 2


def test_a_single_block_has_the_memory_of_one():
    data = Data((np.ones((9, 2)),), (np.zeros(9),), np.ones(9), np.arange(9))
    gatherer = Gatherer(data, [Form((2,), "float64")], 3, 3, fixed=False)
    assert len([*gatherer.blocks([np.arange(9)])]) == len(gatherer._buffers) == 1


def test_larger_blocks_get_larger_memory():
    data = Data((np.arange(18.0).reshape(9, 2),), (np.zeros(9),), np.ones(9), np.arange(9))
    gatherer = Gatherer(data, [Form((2,), "float64")], 2, 3, fixed=False)
    assert [len(block.weight) for block in gatherer.blocks([np.arange(2)])] == [1]
    blocks = [block.X[0].copy() for block in gatherer.blocks([np.arange(9)])]
    np.testing.assert_array_equal(np.concatenate(blocks).reshape(-1, 2)[:9], data.X[0])


@pytest.mark.parametrize("fixed", [False, True])
def test_a_place_that_no_sample_fills_repeats_the_last_one_of_its_epoch(fixed):
    X = np.arange(1.0, 6.0)[:, None]
    data = Data((X,), (10 * X[:, 0],), np.full(5, 2.0), np.arange(5))
    gatherer = Gatherer(data, [Form((1,), "float64")], 3, 5, fixed=fixed)
    (block,) = gatherer.blocks([np.arange(5), np.array([4, 2, 0, 1, 3])])
    assert (block.n_steps, block.n_samples.tolist(), len(block.weight)) == (4, [3, 2, 3, 2], 5 if fixed else 4)
    rows = [[1, 2, 3], [4, 5, 5], [5, 3, 1], [2, 4, 4]]
    np.testing.assert_array_equal(block.X[0][:4, :, 0], rows)
    np.testing.assert_array_equal(block.y[0][:4], 10 * np.array(rows))
    np.testing.assert_array_equal(block.weight[:4], [[2, 2, 2], [2, 2, 0]] * 2)
