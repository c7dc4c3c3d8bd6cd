"""Memory begins where TensorFlow takes it without a copy, and holds the rows that were asked for."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array, csr_matrix

from skmlp._engine.memory import aligned_zeros, gather

FLOATS = ["float32", "float64"]


@settings(deadline=None)
@given(
    shape=st.lists(st.integers(0, 9), min_size=1, max_size=3), dtype=st.sampled_from(["float32", "float64", "int32"])
)
def test_memory_is_aligned_and_zero(shape, dtype):
    array = aligned_zeros(tuple(shape), dtype)
    assert array.shape == tuple(shape)
    assert array.dtype == dtype
    assert array.size == 0 or array.ctypes.data % 64 == 0
    assert not array.any()
    assert array.flags.c_contiguous
    assert array.flags.writeable


def test_two_pieces_of_memory_are_two():
    one, other = aligned_zeros((3, 4), "float32"), aligned_zeros((3, 4), "float32")
    one[:] = 1.0
    assert not other.any()


@st.composite
def numbers_and_rows(draw):
    """A table, and numbers of its rows: any of them, as often as you like, or a slice."""
    n = draw(st.integers(1, 9))
    table = np.random.default_rng(draw(st.integers(0, 99))).integers(0, 200, (n, draw(st.integers(1, 5))))
    table[table < draw(st.sampled_from([0, 150]))] = 0  # zeros are what a sparse matrix leaves out
    if draw(st.booleans()):
        first = draw(st.integers(0, n - 1))
        return table, slice(first, draw(st.integers(first + 1, n)))
    return table, np.array(draw(st.lists(st.integers(0, n - 1), min_size=1, max_size=12)), dtype=np.intp)


@settings(deadline=None)  # another process may take the processor
@given(
    numbers_and_rows(),
    st.sampled_from(["uint8", "int64", *FLOATS]),
    st.sampled_from(FLOATS),
    st.sampled_from([np.asarray, np.asfortranarray, csr_matrix, csr_array]),
)
def test_gathered_rows_are_those_of_a_naive_loop(numbers_and_rows, dtype, target_dtype, form):
    table, rows = numbers_and_rows
    numbers = range(len(table))[rows] if isinstance(rows, slice) else rows
    target = aligned_zeros((len(numbers), table.shape[1]), target_dtype)
    target[:] = 7.0  # what other rows have left
    gather(form(table.astype(dtype)), rows, target)
    assert target.tolist() == [[float(value) for value in table[number]] for number in numbers]


@pytest.mark.parametrize("dtype", FLOATS)
def test_rows_of_one_number_each_are_gathered_too(dtype):
    target = aligned_zeros((3,), "float32")
    gather(np.array([0.5, 1.5, 2.5], dtype), np.array([2, 0, 2]), target)
    assert target.tolist() == [2.5, 0.5, 2.5]


@pytest.mark.parametrize("dtype", ["uint8", *FLOATS])
def test_rows_of_a_mapped_file_are_gathered_and_the_file_stays(dtype, tmp_path):
    mapped = np.memmap(tmp_path / "X", dtype=dtype, mode="w+", shape=(4, 2))
    mapped[:] = np.arange(8).reshape(4, 2)
    mapped = np.memmap(tmp_path / "X", dtype=dtype, mode="r", shape=(4, 2))
    target = aligned_zeros((2, 2), "float32")
    gather(mapped, np.array([3, 1]), target)
    target += 1.0
    assert target.tolist() == [[7.0, 8.0], [3.0, 4.0]]
    assert mapped.tolist() == [[0, 1], [2, 3], [4, 5], [6, 7]]
