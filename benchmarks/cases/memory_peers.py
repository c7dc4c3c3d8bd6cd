"""How much memory each fit of the wrappers of a Keras model leaves behind in a process, beside ours and skorch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from benchmarks._case import Case, Readings, Run, Runner
from benchmarks.cases.memory import prepare
from benchmarks.cases.wrapper_memory import values

N_FITS = 60
EVERY = 5
FROM = 20


def _peer(name: str) -> Iterator[Any]:
    """Estimators of one network with other learning rates, by a peer."""
    from benchmarks.peers import PEERS, Network

    for i in range(N_FITS):
        yield PEERS[name].make(Network((100,), learning_rate=1e-4 * (1 + i), epochs=2), 20, 3, i)


def _classifier(X: Any, y: Any, learning_rate: float) -> Any:
    """The model function for the wrapper that Keras has."""
    from benchmarks.peers import keras_model

    return keras_model((100,), "relu", 0.0, 0.0, "adam", learning_rate, X.shape[1], 3)


def _keras_wrapper() -> Iterator[Any]:
    from keras.wrappers import SKLearnClassifier

    for i in range(N_FITS):
        yield SKLearnClassifier(
            _keras_targets(_classifier),
            model_kwargs={"learning_rate": 1e-4 * (1 + i)},
            fit_kwargs={"batch_size": 32, "epochs": 2, "verbose": 0},
        )


def _keras_targets(function: Callable[..., Any]) -> Callable[..., Any]:
    """The wrapper hands one-hot rows to the model, which needs the loss for them."""

    def build(X: Any, y: Any, learning_rate: float) -> Any:
        model = function(X, y, learning_rate)
        model.compile(model.optimizer, "categorical_crossentropy")
        return model

    return build


def _prepare(estimators: Callable[[], Iterator[Any]]) -> Run:
    """Fits of some estimators; the growth since one of them is divided by the fits that follow it."""
    run = prepare(estimators, FROM, EVERY)

    def per_fit(seed: int) -> Readings:
        readings = run(seed)
        return readings | {"growth_mb_a_fit": readings["growth_mb"] / (N_FITS - FROM)}

    return per_fit


CASE = Case(
    "memory_peers",
    "Memory of peers over many fits",
    f"resident memory from fit {FROM} to fit {N_FITS} of one network with other learning rates in one process, "
    "640 × 20, 20-100-3, batch 32, 2 epochs",
    tuple(
        Runner(name, partial(_prepare, estimators), packages, repeats=1)
        for name, packages, estimators in (
            ("skmlp", ("skmlp",), partial(_peer, "skmlp")),
            ("skmlp.wrappers", ("skmlp", "scikeras"), partial(values, N_FITS)),
            ("scikit-learn", ("sklearn",), partial(_peer, "scikit-learn")),
            ("SciKeras", ("scikeras",), partial(_peer, "SciKeras")),
            ("Keras' wrapper", ("keras",), _keras_wrapper),
            ("skorch", ("skorch", "torch"), partial(_peer, "skorch")),
        )
    ),
    (),
)
