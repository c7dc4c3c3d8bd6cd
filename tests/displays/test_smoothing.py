"""Exponential smoothing is that of a naive loop, and of pandas."""

import numpy as np
import pandas as pd
from hypothesis import example, given
from hypothesis import strategies as st

from skmlp._displays.smoothing import smooth

numbers = st.floats(-1e6, 1e6)
curves = st.lists(numbers, max_size=30)
factors = st.floats(0, 1, exclude_max=True)
TINY = np.finfo(float).tiny  # below it, numbers have fewer digits


@given(curves, factors)
def test_it_is_the_naive_loop(values, factor):
    expected = []
    for value in values:
        expected.append(factor * expected[-1] + (1 - factor) * value if expected else value)
    assert smooth(values, factor).tolist() == expected


@given(curves, factors)
def test_it_is_what_pandas_computes(values, factor):
    expected = pd.Series(values, dtype=float).ewm(alpha=1 - factor, adjust=False, ignore_na=True).mean()
    np.testing.assert_allclose(smooth(values, factor), expected, rtol=1e-9, atol=1e-6)


@given(numbers, st.integers(1, 30), factors)
@example(5e-324, 2, 0.5)
def test_a_constant_stays_constant(value, n, factor):
    np.testing.assert_allclose(smooth([value] * n, factor), [value] * n, rtol=1e-12, atol=TINY)


@given(curves, factors)
@example([5e-324, 5e-324], 0.5)
def test_length_and_range_are_kept(values, factor):
    smoothed = smooth(values, factor)
    assert len(smoothed) == len(values)
    if values:
        slack = 1e-9 * max(map(abs, values)) + TINY
        assert min(values) - slack <= smoothed.min() <= smoothed.max() <= max(values) + slack


@given(curves)
def test_no_smoothing_changes_nothing(values):
    assert smooth(values, 0.0).tolist() == values


def test_what_is_not_finite_stays_and_is_passed_over():
    values = [np.nan, 4.0, np.inf, np.nan, 2.0]
    np.testing.assert_array_equal(smooth(values, 0.5), [np.nan, 4.0, np.inf, np.nan, 3.0])


def test_the_values_given_are_left_alone():
    values = np.array([4.0, 2.0])
    smooth(values, 0.5)
    assert values.tolist() == [4.0, 2.0]
