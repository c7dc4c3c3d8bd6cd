"""Schedules are the formulas of their documentation."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skmlp._schedules import SCHEDULES, make_schedule

FALLING = sorted(SCHEDULES.keys() - {"coslog4"})
BY_SHARE = {
    "cosine": lambda t: (1 + np.cos(np.pi * t)) / 2,
    "coslog4": lambda t: (1 - np.cos(2 * np.pi * np.log2(1 + 15 * t))) / 2,
    "flat_cosine": lambda t: np.where(t < 0.5, 1, (1 + np.cos(np.pi * (2 * t - 1))) / 2),
}
"""Those that depend on the share of the training that is done."""


def factors(name, epochs, horizon):
    factor = make_schedule("learning_rate_schedule", name, horizon)
    return np.array([factor(7, epoch) for epoch in epochs])


@given(st.floats(0, 10**4), st.floats(0, 10), st.integers(1, 10**3), st.sampled_from(FALLING))
def test_schedules_start_at_one_and_fall(epoch, more, horizon, name):
    factor = make_schedule("learning_rate_schedule", name, horizon)
    assert factor(0, 0.0) == 1.0
    assert 0.0 <= factor(7, epoch + more) <= factor(5, epoch) <= 1.0


@given(st.floats(0, 2000), st.integers(1, 10**3), st.sampled_from(sorted(BY_SHARE)))
def test_schedules_over_the_training_are_their_formulas_and_stay_at_the_last_value(epoch, horizon, name):
    (factor,) = factors(name, [epoch], horizon)
    assert factor == pytest.approx(float(BY_SHARE[name](min(epoch / horizon, 1.0))), abs=1e-12)
    assert 0.0 <= factor <= 1.0


def test_coslog4_is_four_waves_each_twice_as_long():
    ends, tops = (2.0 ** np.arange(5) - 1) / 15, (2.0 ** np.arange(0.5, 4) - 1) / 15
    np.testing.assert_allclose(factors("coslog4", 30 * ends, 30), 0, atol=1e-12)
    np.testing.assert_allclose(factors("coslog4", 30 * tops, 30), 1)


def test_schedules_by_epochs_are_their_formulas():
    np.testing.assert_allclose(factors("exponential", [0, 3, 3.5], 4), [1, 0.95**3, 0.95**3.5])
    np.testing.assert_allclose(factors("inverse_time", [0, 3, 3.5], 4), [1, 1 / 1.3, 1 / 1.35])
    np.testing.assert_array_equal(factors(None, [0, 3, 4], 4), 1)


def test_a_schedule_of_ones_own_gets_the_step():
    assert make_schedule("learning_rate_schedule", lambda step: math.exp(-step), 4)(3, 0.5) == math.exp(-3)
    assert make_schedule("learning_rate_schedule", lambda step: 7.0, 4)(3, 0.5) == 7.0
