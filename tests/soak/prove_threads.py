"""Threads that fit and predict at once get the bits of a serial run, whatever else happens meanwhile."""

import os
import pickle
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
from sklearn.base import clone

from skmlp import KerasMLPClassifier, KerasMLPRegressor, clear_cache

N_FITS = int(os.environ.get("SKMLP_SOAK_FITS", "500"))
rng = np.random.default_rng(0)
X = rng.normal(size=(70, 4))
y = np.arange(70) % 3


class Fails(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        raise ZeroDivisionError("of the callback")


CONFIGURATIONS = [
    cls(sizes, optimizer=optimizer, dropout=dropout, batch_size=batch_size, epochs=3, random_state=i)
    for i, (cls, sizes, optimizer, dropout, batch_size) in enumerate(
        (cls, sizes, optimizer, dropout, batch_size)
        for cls in (KerasMLPClassifier, KerasMLPRegressor)
        for sizes, optimizer in (((5,), "sgd"), ((4, 3), "adam"), ((6,), "rmsprop"))
        for dropout, batch_size in ((0.0, 70), (0.3, 4), (0.0, 11))
    )
]


def bits(mlp):
    return b"".join(weight.tobytes() for weight in mlp._fitted.state.weights) + np.asarray(mlp.predict(X)).tobytes()


def test_threads_are_bitwise_serial():
    expected = [bits(clone(mlp).fit(X, y)) for mlp in CONFIGURATIONS]

    def work(i):
        which = i % len(CONFIGURATIONS)
        mlp = clone(CONFIGURATIONS[which])
        if i % 7 == 0:
            failing = clone(mlp).set_params(callbacks=[Fails()])
            try:
                failing.fit(X, y)
            except ZeroDivisionError:
                pass
            else:
                raise AssertionError("the callback did not fail")
        if i % 11 == 0:
            clear_cache()
        mlp.fit(X, y)
        if i % 3 == 0:
            mlp = pickle.loads(pickle.dumps(mlp))
        return which, bits(mlp)

    with ThreadPoolExecutor(8) as pool:
        for which, found in pool.map(work, range(N_FITS)):
            assert found == expected[which], CONFIGURATIONS[which]
