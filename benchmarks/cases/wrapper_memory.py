"""Whether memory grows with the fits of a user's model functions, beside our own structures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from benchmarks._case import Case, Runner, Target
from benchmarks.cases.memory import prepare, structures

N_FITS = 100
N_FUNCTIONS = 30
EVERY = 5
FROM = 10


def _function(width: int) -> Callable[..., Any]:
    """A function of its own, for a network of its own."""

    def network(dropout: float = 0.0) -> Any:
        import keras
        from keras import layers

        return keras.Sequential(
            [
                keras.Input((20,)),
                layers.Dense(width, "relu"),
                layers.Dropout(dropout),
                layers.Dense(3, "softmax"),
            ]
        )

    return network


def _wrapped(function: Callable[..., Any], seed: int, **parameters: Any) -> Any:
    from skmlp.wrappers import KerasClassifier

    return KerasClassifier(
        function,
        engine="compiled",
        optimizer="adam",
        loss="sparse_categorical_crossentropy",
        batch_size=32,
        epochs=2,
        random_state=seed,
        verbose=0,
        **parameters,
    )


def values(n_fits: int) -> Iterator[Any]:
    """Wrappers of one model function with other values."""
    function = _function(100)
    for i in range(n_fits):
        yield _wrapped(function, i, model__dropout=0.1 + 0.1 * (i % 7), optimizer__learning_rate=1e-4 * (1 + i))


def _functions() -> Iterator[Any]:
    for i in range(N_FUNCTIONS):
        yield _wrapped(_function(10 + i), i)


CASE = Case(
    "wrapper_memory",
    "Memory over model functions",
    "resident memory from fit 10 on in one process, 640 × 20, 2 epochs: 100 fits of one model function with different "
    "values, 30 different functions (widths 10 to 39), and 30 structures of KerasMLPClassifier of these widths",
    tuple(
        Runner(name, partial(prepare, estimators, FROM, EVERY), ("skmlp",), repeats=1)
        for name, estimators in (
            ("skmlp.wrappers, values", partial(values, N_FITS)),
            ("skmlp.wrappers, functions", _functions),
            ("skmlp, structures", partial(structures, N_FUNCTIONS)),
        )
    ),
    (
        Target(10, of="skmlp.wrappers, values", reading="growth_mb"),
        Target(10, "skmlp, structures", of="skmlp.wrappers, functions", reading="growth_mb", how="difference"),
    ),
)
