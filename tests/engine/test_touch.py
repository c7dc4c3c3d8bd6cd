"""A Keras model that says when it is first used is in every other way the model that it is."""

import copy

import keras
import numpy as np
import pytest

from skmlp._engine.touch import before_use


@pytest.fixture
def model():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(loss="mse")
    model.optimizer.build(model.trainable_variables)
    return model


class Calls(list):
    def __call__(self):
        self.append(1)


def assign(model):
    model.stop_training = True


USES = {
    "reading": lambda model: model.optimizer,
    "setting": assign,
    "calling": lambda model: model(np.zeros((1, 2))),
    "vars of a layer": lambda model: model.layers[0].kernel,
    "its class": lambda model: model.__class__,
    "a copy": copy.deepcopy,
    "a configuration": lambda model: model.get_config(),
}


# Keras 3.15 turns its variables into arrays in a way that NumPy 2 warns of.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_a_use_is_noticed_once_and_before_it(use, model):
    kind, calls = type(model), Calls()
    with before_use(model, calls):
        assert isinstance(model, keras.Sequential)
        assert not calls
        use(model)
        assert type(model) is kind
        use(model)
    assert calls == [1]
    assert type(model) is kind
    assert "_skmlp_before_use" not in vars(model)


def test_no_use_is_no_call(model):
    kind, calls = type(model), Calls()
    with before_use(model, calls):
        model.history = keras.callbacks.History()
        assert type(model).__name__ == kind.__name__
    assert not calls
    assert type(model) is kind


def test_what_the_call_does_is_seen_by_the_use(model):
    with before_use(model, lambda: model.layers[0].bias.assign([3.0])):
        assert model.get_weights()[1] == [3.0]


def test_an_error_of_the_call_is_raised_by_the_use(model):
    def fail():
        raise RuntimeError("of the call")

    with before_use(model, fail):
        with pytest.raises(RuntimeError, match="of the call"):
            model.get_weights()
        assert len(model.get_weights()) == 2
