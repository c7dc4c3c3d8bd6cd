"""What is built may draw from the generators of the process, and is therefore built by one thread at a time."""

import pickle
import random
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from skmlp import KerasMLPRegressor, clear_cache
from skmlp._building import BUILDING
from skmlp._keras import keras
from skmlp.wrappers import KerasRegressor

SETTINGS = {"loss": "mse", "verbose": 0}

SEEN = []
"""Whether another thread could have built something, each time that it was noted."""


def is_free():
    """Whether another thread could build something now."""

    def try_it():
        free = BUILDING.acquire(blocking=False)
        if free:
            BUILDING.release()
        return free

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(try_it).result()


class Noting(keras.layers.Layer):
    """Notes each time that it is made of its configuration."""

    @classmethod
    def from_config(cls, config):
        SEEN.append(is_free())
        return super().from_config(config)

    def call(self, inputs):
        return inputs


@pytest.fixture
def seen():
    SEEN.clear()
    return SEEN


def network(meta):
    return keras.Sequential([keras.Input((3,)), Noting(), keras.layers.Dense(1)])


def test_programs_predictors_and_loaded_models_are_built_by_one_thread(seen, line):
    fitted = KerasRegressor(network, **SETTINGS, random_state=0).fit(*line)
    assert fitted.engine_ == "compiled"
    n_of_fit = len(seen)
    assert n_of_fit
    clear_cache()
    fitted.predict(line[0])
    n_of_prediction = len(seen)
    assert n_of_prediction > n_of_fit
    pickle.loads(pickle.dumps(fitted)).predict(line[0])
    assert len(seen) > n_of_prediction
    assert not any(seen)
    assert is_free()


@pytest.mark.parametrize("random_state", [None, 0])
def test_a_model_function_is_called_by_one_thread(random_state, seen, line):
    def noting(meta):
        seen.append(is_free())
        return network(meta)

    KerasRegressor(noting, **SETTINGS, random_state=random_state).initialize(*line)
    assert seen == [False]


def test_a_model_function_may_fit_other_estimators(line):
    def fitting(meta):
        clear_cache()
        KerasMLPRegressor((2,), epochs=1).fit(*line).predict(line[0])
        KerasRegressor(network, **SETTINGS, random_state=1).fit(*line).predict(line[0])
        return network(meta)

    assert KerasRegressor(fitting, **SETTINGS, random_state=0).fit(*line).engine_ == "compiled"
    assert is_free()


def test_a_loaded_model_draws_nothing_from_the_users_generators(line):
    loaded = pickle.loads(pickle.dumps(KerasRegressor(network, **SETTINGS, random_state=0).fit(*line)))
    before = random.getstate()
    loaded.predict(line[0])
    assert random.getstate() == before


def test_a_model_function_that_raises_leaves_all_to_others(line):
    def failing(meta):
        raise OSError(threading.get_ident())

    with pytest.raises(OSError, match=str(threading.get_ident())):
        KerasRegressor(failing, **SETTINGS, random_state=0).fit(*line)
    assert is_free()
