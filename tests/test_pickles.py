"""Loading an estimator imports Keras if it must, and as a fit would: quietly, with the threads of the process."""

import copy
import functools
import os
import pickle
import subprocess
import sys

import keras
import numpy as np
import pytest
from sklearn.base import clone

from skmlp import KerasMLPClassifier, KerasMLPRegressor
from skmlp._pickles import new_beside_keras


def maker(**parameters):
    """What a pickle of an estimator calls first."""
    return KerasMLPRegressor(**parameters).__reduce_ex__(pickle.HIGHEST_PROTOCOL)[:2]


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"activation": ["relu", np.str_("tanh")], "random_state": np.random.RandomState(0), "l2": np.float32(0)},
        {"metrics": ["mse"], "learning_rate": None, "early_stopping": True},
    ],
)
def test_names_and_numbers_are_loaded_without_keras(parameters):
    assert maker(**parameters)[0] is not new_beside_keras


@pytest.mark.parametrize(
    "parameters",
    [
        {"loss": keras.losses.Huber()},
        {"activation": [keras.activations.relu]},
        {"learning_rate_schedule": functools.partial(max, 1)},
        {"callbacks": [keras.callbacks.TerminateOnNaN()]},
    ],
)
def test_objects_are_loaded_after_keras_was_imported(parameters):
    assert maker(**parameters) == (new_beside_keras, (KerasMLPRegressor, False))


@pytest.mark.parametrize("parameters", [{"metrics": [keras.metrics.AUC()]}, {"activation": keras.layers.LeakyReLU()}])
def test_objects_that_may_have_variables_are_loaded_after_tensorflow_has_started(parameters):
    assert maker(**parameters) == (new_beside_keras, (KerasMLPRegressor, True))


@pytest.mark.parametrize("protocol", [2, pickle.DEFAULT_PROTOCOL, pickle.HIGHEST_PROTOCOL])
def test_an_estimator_with_objects_is_the_same_after_every_copy(protocol, blobs):
    X, y = blobs
    mlp = KerasMLPClassifier((3,), loss=keras.losses.KLDivergence(), epochs=1, random_state=0).fit(X, y)
    for copied in (pickle.loads(pickle.dumps(mlp, protocol)), copy.copy(mlp), copy.deepcopy(mlp)):
        np.testing.assert_array_equal(copied.predict_proba(X), mlp.predict_proba(X))
        assert clone(copied).get_params().keys() == mlp.get_params().keys()


CODE = """
import os, pickle, sys
with open(sys.argv[1], "rb") as file:
    mlp, X = pickle.load(file)
assert "keras" in sys.modules
mlp.predict(X)
print(len(os.listdir("/proc/self/task")))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the threads of a process are counted in /proc")
@pytest.mark.parametrize("value", ["loss", "metrics"])
def test_load_and_predict_is_quiet_and_heeds_joblibs_threads(value, blobs, tmp_path):
    X, y = blobs
    objects = {"loss": keras.losses.KLDivergence(), "metrics": [keras.metrics.CategoricalAccuracy()]}
    mlp = KerasMLPClassifier((3,), epochs=1, **{value: objects[value]}).fit(X, y)
    path = tmp_path / "mlp.pickle"
    path.write_bytes(pickle.dumps((mlp, X)))
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("TF_CPP", "TF_NUM"))}
    environment |= {"OMP_NUM_THREADS": "100", "OPENBLAS_NUM_THREADS": "1"}
    result = subprocess.run(
        [sys.executable, "-c", CODE, path], capture_output=True, text=True, env=environment, check=False
    )
    assert result.stderr == ""
    assert int(result.stdout) > 100
