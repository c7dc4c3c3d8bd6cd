"""A small fit that is watched, stopped early, recorded, or continued in parts, beside the same fit left alone."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from functools import partial
from typing import Any

from benchmarks._case import Case, Readings, Run, Runner, Target
from benchmarks._training import imported

NETWORK = {"hidden": (100,), "batch_size": 32, "epochs": 50}
N_VALIDATION = 200
SMALL_PART = 100


def _ours(seed: int, **parameters: Any) -> Any:
    from skmlp import KerasMLPClassifier

    return KerasMLPClassifier((100,), batch_size=32, epochs=50, random_state=seed, **parameters)


def _fit(seed: int, X: Any, y: Any, X_val: Any, y_val: Any, **parameters: Any) -> None:
    _ours(seed, **parameters).fit(X, y)


def _validated(seed: int, X: Any, y: Any, X_val: Any, y_val: Any) -> None:
    _ours(seed).fit(X, y, X_val=X_val, y_val=y_val)


def _with_callback(seed: int, X: Any, y: Any, X_val: Any, y_val: Any) -> None:
    import keras

    class Losses(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            self.last = logs["loss"]

    _ours(seed, callbacks=Losses()).fit(X, y)


def _in_parts(seed: int, X: Any, y: Any, X_val: Any, y_val: Any, *, n_parts: int = 50) -> None:
    estimator = _ours(seed)
    for _ in range(n_parts):
        estimator.partial_fit(X, y, classes=[0, 1, 2])


def _scikit_learn_in_parts(seed: int, X: Any, y: Any, X_val: Any, y_val: Any) -> None:
    from benchmarks.peers import PEERS, Network

    estimator = PEERS["scikit-learn"].make(Network(**NETWORK), X.shape[1], 3, seed)
    for _ in range(50):
        estimator.partial_fit(X, y, classes=[0, 1, 2])


def _prepare(peer: str, fit: Callable[..., None], rows: int | None, per: int) -> Run:
    imported(peer)
    from benchmarks._process import timed
    from benchmarks.data import load

    data = load("blobs")
    arrays = data.X[:rows], data.y[:rows], data.X_test[:N_VALIDATION], data.y_test[:N_VALIDATION]
    fit(0, *arrays)

    def run(seed: int) -> Readings:
        fit(seed, *arrays)  # what other processes have driven out of the caches comes back
        return {"seconds": statistics.median(timed(lambda: fit(seed, *arrays))["seconds"] for _ in range(5)) / per}

    return run


def _runner(
    name: str, fit: Callable[..., None], *, peer: str = "skmlp", rows: int | None = None, per: int = 1
) -> Runner:
    return Runner(name, partial(_prepare, peer, fit, rows, per), () if peer == "scikit-learn" else (peer,))


CASE = Case(
    "watched",
    "Fits that are watched, or in parts",
    "1,000 × 20, 20-100-3 ReLU, Adam, batch 32, 50 epochs, compiled before: left alone, with X_val (200 samples), "
    "stopped early (which holds out a tenth; here it never stops), recorded every 10 steps, with a Keras callback that "
    "reads the logs of epochs, and as 50 calls of partial_fit; and a call of partial_fit with 100 rows (medians of 5 "
    "a run)",
    (
        _runner("skmlp", _fit),
        _runner("skmlp, X_val", _validated),
        _runner("skmlp, early_stopping", partial(_fit, early_stopping=True, n_iter_no_change=100)),
        _runner("skmlp, record_every", partial(_fit, record_every=10)),
        _runner("skmlp, callback", _with_callback),
        _runner("skmlp, partial_fit", _in_parts),
        _runner("scikit-learn, partial_fit", _scikit_learn_in_parts, peer="scikit-learn"),
        _runner("skmlp, partial_fit of 100 rows", partial(_in_parts, n_parts=100), rows=SMALL_PART, per=100),
    ),
    (
        Target(1.3, "skmlp", of="skmlp, X_val"),
        Target(1.5, "skmlp", of="skmlp, early_stopping"),
        Target(1.5, "skmlp", of="skmlp, record_every"),
        Target(2.0, "skmlp", of="skmlp, callback"),
        Target(2.0, "skmlp", of="skmlp, partial_fit"),
        Target(0.001, of="skmlp, partial_fit of 100 rows"),
    ),
    data="blobs",
)
