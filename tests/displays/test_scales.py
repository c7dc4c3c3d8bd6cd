"""A hyperparameter's axis has the scale on which its values were spaced."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skmlp._displays.scales import draw_scale, log_spaced, scale_of


@given(st.floats(1e-8, 1e3), st.floats(1.5, 10), st.integers(3, 8), st.randoms())
def test_geometric_sequences_are_logarithmic_in_any_order(first, ratio, n, random):
    values = [first * ratio**i for i in range(n)]
    random.shuffle(values)
    assert log_spaced(values)
    assert scale_of([0.0, *values]) == "symlog"


@given(st.floats(1e-3, 1e3), st.floats(0.1, 10), st.integers(3, 8))
def test_arithmetic_sequences_within_two_decades_are_linear(first, step, n):
    values = [first * (1 + step * i) for i in range(n)]
    assert not log_spaced(values)
    assert scale_of(values) == "linear"


@given(st.floats(1e-8, 1e3), st.floats(100, 1e6))
def test_two_decades_are_logarithmic(least, factor):
    assert log_spaced([least, least * factor])


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=6), st.floats(-1e3, 0))
def test_numbers_that_are_not_positive_are_never_logarithmic(values, other):
    assert not log_spaced([*values, other])


@given(st.lists(st.integers(1, 10_000), max_size=6), st.integers(-20, 20))
def test_the_unit_does_not_matter(values, exponent):
    assert log_spaced(values) == log_spaced([value * 2.0**exponent for value in values])


@pytest.mark.parametrize(
    ("values", "scale"),
    [
        ([1e-4, 1e-3, 5e-3, 5e-2], "log"),
        ([1, 3.2, 10], "log"),
        ([np.float32(0.01), np.int64(1)], "log"),
        ([0.1, 0.2], "linear"),
        ([100, 101, 102], "linear"),
        ([64, 128, 256], "log"),
        ([5], "linear"),
        ([0, 1, 2], "linear"),
        ([-1.0, 0.0, 100.0, 10_000.0], "linear"),
        ([True, False], "categorical"),
        (["sgd", "adam"], "categorical"),
        ([None, 0.1, 10.0], "categorical"),
        ([(100,), (100, 50)], "categorical"),
        ([[100], [100, 50]], "categorical"),
    ],
)
def test_scales(values, scale):
    assert scale_of(values) == scale


def test_numbers_stand_where_they_are_and_are_the_ticks():
    ax = plt.figure().subplots()
    values = [1e-2, 1e-4, 1e-3, 1e-4]
    assert draw_scale(ax, values, "log").tolist() == values
    assert ax.get_xscale() == "log"
    assert [label.get_text() for label in ax.get_xticklabels()] == ["0.0001", "0.001", "0.01"]


def test_values_that_stand_close_are_no_ticks():
    ax = plt.figure().subplots()
    draw_scale(ax, [0.0, 1.0, 100.0], "linear")
    assert ax.get_xticks().tolist() != [0.0, 1.0, 100.0]


def test_zero_stands_before_the_logarithmic_part():
    ax = plt.figure().subplots()
    draw_scale(ax, [0.0, 1e-4, 1e-2], "symlog")
    assert ax.get_xscale() == "symlog"
    at = ax.xaxis.get_transform().transform([0.0, 1e-4, 1e-3, 1e-2])
    assert at[0] == 0
    assert at[3] - at[2] == pytest.approx(at[2] - at[1])


def test_categories_stand_side_by_side_in_the_order_of_the_search():
    ax = plt.figure().subplots()
    assert draw_scale(ax, ["sgd", None, [3], "sgd", [3]], "categorical").tolist() == [0, 1, 2, 0, 2]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["sgd", "None", "[3]"]


def test_long_categories_are_written_aslant():
    ax = plt.figure().subplots()
    draw_scale(ax, ["a" * 20, "b" * 20, "c" * 20], "categorical")
    assert {label.get_rotation() for label in ax.get_xticklabels()} == {20.0}
