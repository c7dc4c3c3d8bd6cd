"""Threads that fit and predict at once get the bits of a serial run, whatever else happens meanwhile."""

import os
import pickle
import signal
import threading
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest
from sklearn.base import clone

from skmlp import KerasMLPClassifier, KerasMLPRegressor, TabularMLPClassifier, clear_cache

N_FITS = int(os.environ.get("SKMLP_SOAK_FITS", "500"))
rng = np.random.default_rng(0)
X = rng.normal(size=(70, 4))
y = np.arange(70) % 3


class Fails(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        raise ZeroDivisionError("of the callback")


class Interrupts(keras.callbacks.Callback):
    """Stands for a Ctrl-C after the first epoch; only the main thread gets a real one."""

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 1:
            raise KeyboardInterrupt


CONFIGURATIONS = [
    cls(sizes, optimizer=optimizer, dropout=dropout, batch_size=batch_size, epochs=3, random_state=i)
    for i, (cls, sizes, optimizer, dropout, batch_size) in enumerate(
        (cls, sizes, optimizer, dropout, batch_size)
        for cls in (KerasMLPClassifier, KerasMLPRegressor)
        for sizes, optimizer in (((5,), "sgd"), ((4, 3), "adam"), ((6,), "rmsprop"))
        for dropout, batch_size in ((0.0, 70), (0.3, 4), (0.0, 11))
    )
]
CONFIGURATIONS += [
    KerasMLPClassifier((4,), n_members=3, normalization="batch", early_stopping=True, epochs=4, random_state=18),
    TabularMLPClassifier((4,), n_members=2, epochs=2, random_state=19),
]


def bits(mlp):
    return b"".join(weight.tobytes() for weight in mlp._fitted.state.weights) + np.asarray(mlp.predict(X)).tobytes()


def work(i, expected, interrupted):
    """One fit, and what may disturb others: one that fails, one that is interrupted, a cleared cache, a pickle."""
    which = i % len(CONFIGURATIONS)
    mlp = clone(CONFIGURATIONS[which])
    if i % 7 == 0:
        with pytest.raises(ZeroDivisionError):
            clone(mlp).set_params(callbacks=[Fails()]).fit(X, y)
    if i % 13 == 0 and which in interrupted:
        assert bits(clone(mlp).set_params(callbacks=[Interrupts()]).fit(X, y)) == interrupted[which]
    if i % 11 == 0:
        clear_cache()
    mlp.fit(X, y)
    if i % 3 == 0:
        mlp = pickle.loads(pickle.dumps(mlp))
    assert bits(mlp) == expected[which], CONFIGURATIONS[which]


# An interrupted fit says so, and here many are.
@pytest.mark.filterwarnings("ignore:.* is as it was after epoch 1:UserWarning")
def test_threads_are_bitwise_serial():
    expected = [bits(clone(mlp).fit(X, y)) for mlp in CONFIGURATIONS]
    interrupted = {i: bits(clone(mlp).set_params(epochs=1).fit(X, y)) for i, mlp in enumerate(CONFIGURATIONS[:18])}
    heard, ended = [], threading.Event()
    before = signal.signal(signal.SIGINT, lambda signum, frame: heard.append(signum))

    def interrupt():
        while not ended.wait(0.05):
            os.kill(os.getpid(), signal.SIGINT)

    disturbing = threading.Thread(target=interrupt)
    disturbing.start()
    try:
        with ThreadPoolExecutor(7) as pool:
            running = [pool.submit(work, i, expected, interrupted) for i in range(N_FITS) if i % 8]
            for i in range(0, N_FITS, 8):  # the main thread, which gets the signals
                work(i, expected, interrupted)
            for each in running:
                each.result()
    finally:
        ended.set()
        disturbing.join()
        signal.signal(signal.SIGINT, before)
    print(f"\n{N_FITS} fits in 8 threads of {len(CONFIGURATIONS)} configurations, {len(heard)} interrupts")
    assert len(heard) > N_FITS / 100
