"""The table of optimizers says what Keras' classes say."""

import inspect
import math

import keras
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skmlp._optimizers import (
    OPTIMIZERS,
    SCHEDULES,
    SETTINGS,
    known_optimizers,
    make_optimizer,
    make_schedule,
    resolve_settings,
)


@pytest.mark.parametrize("name", known_optimizers())
def test_a_row_has_the_settings_and_defaults_of_keras(name):
    row = OPTIMIZERS[name]
    signature = inspect.signature(getattr(keras.optimizers, row.class_name)).parameters
    defaults = {setting: parameter.default for setting, parameter in signature.items()}
    assert row.learning_rate == defaults["learning_rate"]
    assert set(row.settings) == set(SETTINGS) & set(defaults)
    assert {**dict.fromkeys(row.settings), **row.defaults} == {setting: defaults[setting] for setting in row.settings}


def test_every_optimizer_of_keras_that_trains_an_mlp_alone_is_there():
    classes = {
        name.lower()
        for name, value in vars(keras.optimizers).items()
        if inspect.isclass(value) and issubclass(value, keras.Optimizer) and value is not keras.Optimizer
    }
    # ScheduleFreeAdamW evaluates a network at other weights than it trains; the others wrap optimizers.
    others = {"schedulefreeadamw", "lossscaleoptimizer", "multioptimizer"}
    assert classes - others == set(known_optimizers())


@pytest.mark.parametrize("name", known_optimizers())
def test_defaults_are_in_force_where_nothing_is_given(name):
    settings = resolve_settings(name, dict.fromkeys(SETTINGS))
    optimizer = make_optimizer(name, 0.1, settings)
    reference = getattr(keras.optimizers, OPTIMIZERS[name].class_name)(0.1)
    ours, theirs = optimizer.get_config(), reference.get_config()
    assert {**ours, "name": None} == {**theirs, "name": None}


def test_given_settings_replace_defaults():
    given_settings = {"beta_1": 0.5, "weight_decay": 0.0}
    assert resolve_settings("adamw", given_settings) == {"beta_1": 0.5, "beta_2": 0.999, "epsilon": 1e-7}
    assert make_optimizer("adamw", 0.1, resolve_settings("adamw", given_settings)).weight_decay == 0.0


def test_an_unknown_setting_lists_those_there_are():
    with pytest.raises(ValueError, match=r"rho=0.9 is not a setting of optimizer='sgd', which has momentum, nesterov"):
        resolve_settings("sgd", {"rho": 0.9})


@given(st.floats(0, 10**4), st.floats(0, 10), st.integers(1, 10**3), st.sampled_from(sorted(SCHEDULES)))
def test_named_schedules_start_at_one_and_fall(epoch, more, horizon, name):
    factor = make_schedule(name, horizon)
    assert factor(0, 0.0) == 1.0
    assert 0.0 <= factor(7, epoch + more) <= factor(5, epoch) <= 1.0


def test_named_schedules_are_the_formulas_of_their_documentation():
    assert make_schedule("cosine", 4)(20, 2.0) == pytest.approx(0.5)
    assert make_schedule("cosine", 4)(40, 4.0) == pytest.approx(0.0)
    assert make_schedule("exponential", 4)(30, 3.0) == pytest.approx(0.95**3)
    assert make_schedule("inverse_time", 4)(30, 3.0) == pytest.approx(1 / 1.3)
    assert make_schedule(None, 4)(30, 3.0) == 1.0


def test_a_schedule_of_ones_own_gets_the_step():
    assert make_schedule(lambda step: math.exp(-step), 4)(3, 0.5) == math.exp(-3)
