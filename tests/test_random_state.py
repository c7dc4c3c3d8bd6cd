"""The same seed gives the same weights, bit by bit, whatever else happens."""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest
from sklearn.base import clone

import skmlp
from skmlp import KerasMLPClassifier, KerasMLPRegressor

NETWORK = {
    "hidden_layer_sizes": (12, 7),
    "dropout": 0.3,
    "input_dropout": 0.1,
    "l2": 1e-3,
    "normalization": "batch",
    "epochs": 3,
}

BATCH_SIZES = {"xla": 4, "plain graph": 64}

CHILD = """
import sys
import numpy as np
from skmlp import KerasMLPClassifier
X = np.random.default_rng(5).normal(size=(70, 4))
y = (X[:, 0] > 0).astype(int)
for batch_size in {batch_sizes}:
    estimator = KerasMLPClassifier(random_state=7, batch_size=batch_size, **{network}).fit(X, y)
    print(b"".join(weight.tobytes() for weight in estimator._fitted.state.weights).hex())
"""


def bits(estimator):
    return b"".join(weight.tobytes() for weight in estimator._fitted.state.weights)


@pytest.fixture(params=BATCH_SIZES.values(), ids=BATCH_SIZES)
def batch_size(request):
    return request.param


@pytest.fixture
def data():
    X = np.random.default_rng(5).normal(size=(70, 4))
    return X, (X[:, 0] > 0).astype(int)


@pytest.fixture
def estimator(batch_size):
    return KerasMLPClassifier(random_state=7, batch_size=batch_size, **NETWORK)


def test_refitted_and_cloned(estimator, data):
    first = bits(estimator.fit(*data))
    assert bits(estimator.fit(*data)) == first
    assert bits(clone(estimator).fit(*data)) == first


def test_with_a_cold_and_a_warm_cache(estimator, data):
    skmlp.clear_cache()
    cold = bits(estimator.fit(*data))
    misses = skmlp.cache_info().misses
    clone(estimator).set_params(random_state=1, l2=0.5, optimizer="adam", learning_rate=0.7).fit(*data)
    assert bits(estimator.fit(*data)) == cold
    assert skmlp.cache_info().misses == misses


@pytest.mark.newest
def test_in_another_process(data):
    code = CHILD.format(network=NETWORK, batch_sizes=[*BATCH_SIZES.values()])
    there = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    for batch_size, found in zip(BATCH_SIZES.values(), there.stdout.split(), strict=True):
        estimator = KerasMLPClassifier(random_state=7, batch_size=batch_size, **NETWORK)
        assert bytes.fromhex(found) == bits(estimator.fit(*data))
    assert there.stderr == ""


def test_in_threads_beside_other_fits(estimator, data):
    alone = bits(estimator.fit(*data))
    barrier = threading.Barrier(4)

    def fit(seed):
        barrier.wait()
        return bits(clone(estimator).set_params(random_state=seed).fit(*data))

    with ThreadPoolExecutor(4) as threads:
        results = list(threads.map(fit, [7, 8, 7, 9]))
    assert results[0] == results[2] == alone
    assert len(set(results)) == 3


def test_none_draws_fresh_randomness(data):
    estimator = KerasMLPClassifier((5,), epochs=1)
    assert bits(estimator.fit(*data)) != bits(estimator.fit(*data))


def test_a_random_state_instance_goes_on_from_fit_to_fit(data):
    def two_fits(random_state):
        estimator = KerasMLPClassifier((5,), epochs=1, random_state=random_state)
        return bits(estimator.fit(*data)), bits(estimator.fit(*data))

    first, second = two_fits(np.random.RandomState(3))
    assert first != second
    assert two_fits(np.random.RandomState(3)) == (first, second)


def test_the_seed_decides_the_validation_split_and_the_shuffle(data):
    estimator = KerasMLPRegressor((5,), epochs=4, batch_size=8, early_stopping=True)
    scores = [estimator.set_params(random_state=seed).fit(*data).validation_scores_ for seed in (0, 0, 1)]
    assert scores[0] == scores[1] != scores[2]


def test_no_global_random_state_is_touched(estimator, data):
    import random

    import tensorflow as tf

    def draws():
        random.seed(1)
        np.random.seed(1)  # noqa: NPY002  (the user's global state is what must not change)
        tf.random.set_seed(1)
        yield
        yield random.random(), np.random.random(), float(tf.random.uniform(()))  # noqa: NPY002,S311

    def after(action):
        state = draws()
        next(state)
        action()
        return next(state)

    assert after(lambda: estimator.fit(*data).predict(data[0])) == after(lambda: None)


def test_no_global_setting_is_touched(estimator, data):
    import os

    import tensorflow as tf

    def settings():
        return (
            keras.config.floatx(),
            keras.config.epsilon(),
            keras.config.dtype_policy().name,
            keras.config.is_interactive_logging_enabled(),
            tf.config.experimental.is_op_determinism_enabled()
            if hasattr(tf.config.experimental, "is_op_determinism_enabled")
            else None,
            tf.config.functions_run_eagerly(),
            tf.config.optimizer.get_jit(),
            tf.config.threading.get_intra_op_parallelism_threads(),
            tf.get_logger().level,
            dict(os.environ),
            np.geterr(),
        )

    before = settings()
    clone(estimator).set_params(dtype="float64").fit(*data).model_.predict(data[0], verbose=0)
    assert settings() == before
