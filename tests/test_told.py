"""Objects of a user's own that their configuration does not tell are left to Keras' fit, and never made anew."""

import pickle

import numpy as np
import pytest

from skmlp._compilations import read_measures, read_optimizer
from skmlp._keras import keras
from skmlp._model_parts import Unsupported
from skmlp._told import held
from skmlp.wrappers import KerasRegressor

L = keras.layers


class Step(keras.optimizers.SGD):
    def __init__(self, factor=1.0, **settings):
        super().__init__(**settings)
        self._factor = factor


class Error(keras.metrics.MeanSquaredError):
    def __init__(self, factors=(1.0,), **settings):
        super().__init__(**settings)
        self.factors = factors


class Bound(keras.constraints.Constraint):
    def __init__(self, most=1.0):
        self.most = most

    def __call__(self, weight):
        return keras.ops.clip(weight, -self.most, self.most)


class Penalty(keras.regularizers.Regularizer):
    def __init__(self, strength=1.0):
        self.strength = strength

    def __call__(self, weight):
        return self.strength * keras.ops.sum(weight**2)

    def get_config(self):
        return {}


class Filled(keras.initializers.Initializer):
    def __init__(self, value=1.0):
        self.value = value

    def __call__(self, shape, dtype=None):
        return keras.ops.full(shape, self.value, dtype)


class Steps(L.Layer):
    def __init__(self, factors=(1.0,), **settings):
        super().__init__(**settings)
        self.factors = list(factors)

    def call(self, inputs):
        return inputs * self.factors[0]


class Told(Bound):
    def get_config(self):
        return {"most": self.most}


class Mute(L.Layer):
    def call(self, inputs):
        return inputs

    def get_config(self):
        raise RuntimeError("nothing is told")


class Falling(keras.optimizers.schedules.LearningRateSchedule):
    def __call__(self, step):
        return 0.01


def later(**attributes):
    def change(model):
        for name, value in attributes.items():
            setattr(model.layers[0], name, value)

    return change


def later_of_the_kernel(**attributes):
    def change(model):
        for name, value in attributes.items():
            setattr(model.layers[0].kernel, name, value)

    return change


def network(*layers, change=None):
    model = keras.Sequential([keras.Input((4,)), *layers, L.Dense(1)])
    if change is not None:
        change(model)
    return model


def make(model, **changes):
    return KerasRegressor(model, **{"loss": "mse", "random_state": 0, "verbose": 0, "engine": "compiled"} | changes)


@pytest.mark.parametrize("optimizer", [Step(2.0), Step()])
def test_an_optimizer_counts_by_what_its_configuration_tells(optimizer):
    if optimizer._factor == 1.0:
        assert read_optimizer(optimizer).spec.kind is Step
    else:
        with pytest.raises(Unsupported, match="optimizer Step has attributes that its get_config does not tell: _fact"):
            read_optimizer(optimizer)


@pytest.mark.parametrize("factors", [(2.0,), (1.0,)])
def test_a_metric_counts_by_what_its_configuration_tells(factors):
    model = network()
    model.compile("sgd", "mse", metrics=[Error(factors)])
    if factors == (1.0,):
        assert read_measures(model)[1]
    else:
        with pytest.raises(Unsupported, match="metric Error has attributes that its get_config does not tell: factors"):
            read_measures(model)


UNTOLD = {
    "a constraint": (lambda: network(L.Dense(3, kernel_constraint=Bound(0.1))), "does not tell: kernel_constraint"),
    "a regularizer": (lambda: network(L.Dense(3, bias_regularizer=Penalty(2.0))), "does not tell: bias_regularizer"),
    "an activity regularizer": (lambda: network(L.Dense(3, activity_regularizer=Penalty(2.0))), "activity_regularizer"),
    "a layer": (lambda: network(Steps(), change=later(factors=[2.0])), "does not tell: factors"),
    "a constraint of a layer, set later": (
        lambda: network(L.Dense(3), change=later(kernel_constraint=keras.constraints.MaxNorm(0.1))),
        "the constraint of the weight 'kernel'",
    ),
    "a constraint of a weight": (
        lambda: network(L.Dense(3), change=later_of_the_kernel(constraint=keras.constraints.NonNeg())),
        "the constraint of the weight 'kernel'",
    ),
    "a regularizer of a weight": (
        lambda: network(L.Dense(3), change=later_of_the_kernel(regularizer=keras.regularizers.L2(0.1))),
        "the regularizer of the weight 'kernel'",
    ),
}


@pytest.mark.parametrize("what", UNTOLD)
def test_what_a_configuration_does_not_tell_is_a_reason_also_after_a_model_that_it_tells(what, blobs):
    defaults = {
        "a constraint": lambda: network(L.Dense(3, kernel_constraint=Bound())),
        "a regularizer": lambda: network(L.Dense(3, bias_regularizer=Penalty())),
        "an activity regularizer": lambda: network(L.Dense(3, activity_regularizer=Penalty())),
        "a layer": lambda: network(Steps()),
    }
    make(defaults.get(what, lambda: network(L.Dense(3)))).fit(*blobs)
    model, reason = UNTOLD[what]
    with pytest.raises(ValueError, match=f"engine='compiled' cannot train this model: .*{reason}"):
        make(model).fit(*blobs)


def test_what_is_told_is_trained(blobs):
    fitted = make(lambda: network(L.Dense(3, kernel_constraint=Told(0.1), kernel_initializer=Filled(9.0)))).fit(*blobs)
    assert np.abs(fitted.model_.get_weights()[0]).max() == pytest.approx(0.1)


def test_strengths_that_keras_rounds_are_those_that_it_tells(blobs):
    make(lambda: network(L.Dense(3, kernel_regularizer=keras.regularizers.L1(0.1)))).fit(*blobs)


MUTE = {
    "a layer": (lambda: network(Mute()), {}, "nothing is told"),
    "a schedule": (network, {"optimizer": keras.optimizers.SGD(Falling())}, "must override"),
    "a function": (network, {"optimizer": keras.optimizers.SGD(lambda: 0.01)}, "calls a function for its learning ra"),
}


@pytest.mark.parametrize("what", MUTE)
def test_what_keras_cannot_serialize_is_a_reason(what, blobs):
    model, changes, reason = MUTE[what]
    with pytest.raises(ValueError, match=f"engine='compiled' cannot train this model: .*{reason}"):
        make(model, **changes).fit(*blobs)


def mute():
    return network(Mute())


def test_what_keras_cannot_serialize_is_trained_by_it_and_not_pickled(blobs):
    fitted = make(mute, engine="auto").fit(*blobs)
    assert "nothing is told" in fitted.engine_reason_
    assert fitted.predict(blobs[0]).shape == (60,)
    with pytest.raises(pickle.PicklingError, match=r"cannot save the fitted model: nothing is told\. Give the classes"):
        pickle.dumps(fitted)


def test_no_build_is_shared_by_optimizers_that_hold_other_values(blobs):
    factors = [make(network, optimizer=Step(each), engine="auto").fit(*blobs).model_ for each in (2.0, 3.0)]
    assert [model.optimizer._factor for model in factors] == [2.0, 3.0]


def test_what_keras_keeps_is_no_attribute_of_ones_own():
    layer = Steps([2.0])
    layer(keras.Input((1,)))
    assert held(layer) == {"factors": [2.0], "activity_regularizer": None}
    assert held(Step(2.0)) == {"_factor": 2.0, "momentum": 0.0, "nesterov": False}
    assert held(L.Dense(3, kernel_constraint="max_norm")) == {}
