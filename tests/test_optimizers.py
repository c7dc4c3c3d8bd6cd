"""The table of optimizers says what Keras' classes say."""

import inspect

import keras
import pytest

from skmlp._optimizers import (
    OPTIMIZERS,
    SETTINGS,
    known_optimizers,
    make_optimizer,
    resolve_settings,
)
from skmlp._spec import OptimizerSpec


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
    optimizer = make_optimizer(OptimizerSpec(name), 0.1, settings)
    reference = getattr(keras.optimizers, OPTIMIZERS[name].class_name)(0.1)
    ours, theirs = optimizer.get_config(), reference.get_config()
    assert {**ours, "name": None} == {**theirs, "name": None}


def test_given_settings_replace_defaults():
    given_settings = {"beta_1": 0.5, "weight_decay": 0.0}
    assert resolve_settings("adamw", given_settings) == {"beta_1": 0.5, "beta_2": 0.999, "epsilon": 1e-7}
    assert make_optimizer(OptimizerSpec("adamw"), 0.1, resolve_settings("adamw", given_settings)).weight_decay == 0.0


def test_an_unknown_setting_lists_those_there_are():
    with pytest.raises(ValueError, match=r"rho=0.9 is not a setting of optimizer='sgd', which has momentum, nesterov"):
        resolve_settings("sgd", {"rho": 0.9})
