"""Stand-ins in Keras' optimizers answer what they know, and refuse the rest by name."""

import operator

import keras
import numpy as np
import pytest
import tensorflow as tf

from skmlp import KerasMLPRegressor
from skmlp._engine.traced import TracedSetting, TracedValues


@pytest.fixture
def setting():
    values = TracedValues()
    values.now = {"beta_1": tf.constant(0.75), "1 - beta_1": tf.constant(0.25)}
    return TracedSetting(values, "beta_1", "1 - beta_1")


def test_it_is_more_than_zero(setting):
    assert setting
    assert setting != 0
    assert setting > 0.0
    assert setting >= 0
    assert not setting == 0  # noqa: SIM201  (each operator is asked)
    assert not setting < 0
    assert not setting <= 0.0


@pytest.mark.parametrize("compare", [operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge])
@pytest.mark.parametrize("other", [1, 0.5, -1, None, "0"])
def test_other_comparisons_are_refused_by_name(compare, other, setting):
    with pytest.raises(TypeError, match=r"compares it by .*beta_1"):
        compare(setting, other)


@pytest.mark.parametrize("convert", [float, int, operator.index])
def test_it_is_no_number(convert, setting):
    with pytest.raises(TypeError, match="beta_1"):
        convert(setting)


@pytest.mark.parametrize("other", [1, 2.0, tf.constant(3.0)], ids=["one", "number", "tensor"])
@pytest.mark.parametrize("name", ["add", "sub", "mul", "truediv", "pow"])
def test_its_arithmetic_is_that_of_its_value(name, other, setting):
    compute = getattr(operator, name)
    assert float(compute(setting, other)) == pytest.approx(float(compute(0.75, float(other))))
    assert float(compute(other, setting)) == pytest.approx(float(compute(float(other), 0.75)))


def test_it_is_a_tensor_for_keras_and_tensorflow(setting):
    assert float(-setting) == -0.75
    assert float(keras.ops.multiply(setting, 2.0)) == 1.5
    assert tf.convert_to_tensor(setting, tf.float64).dtype == tf.float64


def test_one_less_it_is_the_complement_that_was_passed(setting):
    setting.values.now = {"beta_1": tf.constant(0.75), "1 - beta_1": tf.constant(0.1)}
    assert float(1 - setting) == np.float32(0.1)


def test_an_optimizer_that_asks_for_more_fails_with_the_name_of_the_setting(line, monkeypatch):
    def update_step(self, gradient, variable, learning_rate):
        if self.momentum < 0.5:
            raise AssertionError

    monkeypatch.setattr(keras.optimizers.SGD, "update_step", update_step)
    with pytest.raises(TypeError, match=r"compares it by < with 0\.5.*momentum"):
        KerasMLPRegressor((17,), optimizer="sgd", momentum=0.9, epochs=1).fit(*line)
