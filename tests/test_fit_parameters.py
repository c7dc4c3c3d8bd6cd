"""What says how long and in which parts a wrapper trains is checked before its model is built."""

import numpy as np
import pytest

from skmlp._keras import keras
from skmlp.wrappers import KerasClassifier, KerasRegressor

WRONG = [
    ("batch_size", 0),
    ("batch_size", -2),
    ("batch_size", 1.5),
    ("batch_size", "8"),
    ("batch_size", True),
    ("fit__batch_size", 0),
    ("validation_batch_size", 0),
    ("epochs", 0),
    ("epochs", -1),
    ("epochs", 1.5),
    ("epochs", None),
    ("fit__epochs", "3"),
    ("validation_split", 1.0),
    ("validation_split", -0.1),
    ("validation_split", "0.2"),
    ("fit__validation_split", 1),
]


def unwanted():
    raise AssertionError("the model was built")


@pytest.mark.parametrize(("name", "value"), WRONG)
@pytest.mark.parametrize("engine", ["auto", "keras"])
def test_a_wrong_value_is_an_error_before_any_work(name, value, engine, blobs):
    estimator = KerasClassifier(unwanted, engine=engine, **{name: value})
    with pytest.raises(ValueError, match=rf"^{name}={value!r}: give a "):
        estimator.fit(*blobs)


def network():
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])


def make(model=network, **changes):
    return KerasRegressor(model, **{"loss": "mse", "random_state": 0, "verbose": 0} | changes)


def test_arguments_of_calls_are_checked(blobs):
    X, y = blobs
    with pytest.raises(ValueError, match=r"^epochs=0: give a whole number above 0\.$"):
        make(unwanted).fit(X, y, epochs=0)
    with pytest.raises(ValueError, match=r"^initial_epoch=-1: give a whole number, 0 or above\.$"):
        make(unwanted).fit(X, y, initial_epoch=-1)
    fitted = make().fit(X, y)
    with pytest.raises(ValueError, match=r"^batch_size=0: give a whole number of samples above 0, -1 for all"):
        fitted.predict(X, batch_size=0)
    with pytest.raises(ValueError, match=r"^predict__batch_size=2.5: give"):
        fitted.set_params(predict__batch_size=2.5).predict(X)


def test_whole_numbers_of_numpy_are_taken(blobs):
    fitted = make(batch_size=np.int64(-1), epochs=np.int32(2), validation_split=np.float32(0.25)).fit(*blobs)
    assert len(fitted.history_["val_loss"]) == 2


@pytest.mark.parametrize("engine", ["auto", "keras"])
@pytest.mark.parametrize("returned", [None, keras.Sequential, [1]])
@pytest.mark.parametrize("random_state", [None, 0])
def test_what_a_model_function_returns_is_checked(returned, engine, random_state, blobs):
    def building():
        return returned

    with pytest.raises(ValueError, match=r"^The model function building returned .*, which is not a keras\.Model: let"):
        make(building, engine=engine, random_state=random_state).fit(*blobs)
