"""A process that was forked after TensorFlow had started is told so, rather than left to wait for ever."""

import os
import pickle
import subprocess
import sys

import keras
import pytest

from skmlp import KerasMLPClassifier

CODE = """
import copy, os, pickle, signal, sys, traceback
from concurrent.futures import ThreadPoolExecutor
import keras
import numpy as np
from skmlp import KerasMLPClassifier
from skmlp._building import BUILDING

def in_child(function):
    pid = os.fork()
    if not pid:
        signal.alarm(100)  # one that hangs
        try:
            function()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0

def network(meta):
    return keras.Sequential([keras.Input((meta["n_features_in_"],)), keras.layers.Dense(3, activation="softmax")])

def worker():
    np.testing.assert_array_equal(mlp.predict_proba(X), expected)
    mlp.fit(X, y)
    from skmlp.wrappers import KerasClassifier
    wrapped = KerasClassifier(network, loss="sparse_categorical_crossentropy", verbose=0, random_state=0).fit(X, y)
    loaded = pickle.loads(pickle.dumps(wrapped))
    by_keras = KerasClassifier(**wrapped.get_params()).set_params(engine="keras").fit(X, y)
    def refused():
        calls = {
            "KerasMLPClassifier": [
                lambda: mlp.fit(X, y), lambda: mlp.partial_fit(X, y), lambda: mlp.predict(X),
                lambda: KerasMLPClassifier().fit(X, y),
            ],
            "model_": [lambda: mlp.model_],
            "KerasClassifier": [
                lambda: wrapped.fit(X, y), lambda: wrapped.predict(X), lambda: wrapped.model_,
                lambda: loaded.predict(X), lambda: loaded.model_, lambda: copy.deepcopy(by_keras),
            ],
        }
        for name in calls:
            for call in calls[name]:
                try:
                    call()
                except RuntimeError as error:
                    assert str(error).startswith(name + " cannot compute in process " + str(os.getpid()))
                    assert "forked after TensorFlow had started" in str(error)
                else:
                    raise AssertionError(name)
    with ThreadPoolExecutor(1) as building:
        building.submit(BUILDING.acquire).result()  # by a thread that the child has not
        in_child(refused)
        building.submit(BUILDING.release).result()
    mlp.predict(X)  # the process that forked is as good as before

with open(sys.argv[1], "rb") as file:
    mlp, X, y, expected = pickle.load(file)
assert "tensorflow" in sys.modules
in_child(worker)  # imported is not started: a server may load an estimator, and fork
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_a_fork_is_refused_after_the_start_of_tensorflow_and_not_before(blobs, tmp_path):
    X, y = blobs
    mlp = KerasMLPClassifier((3,), loss=keras.losses.KLDivergence(), epochs=1, random_state=0).fit(X, y)
    path = tmp_path / "mlp.pickle"
    path.write_bytes(pickle.dumps((mlp, X, y, mlp.predict_proba(X))))
    result = subprocess.run([sys.executable, "-c", CODE, path], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
