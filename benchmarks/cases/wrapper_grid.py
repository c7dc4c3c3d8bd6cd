"""A grid search over a user's own model function: 4 learning rates, 3 dropout rates, 5 folds, and the refit."""

from __future__ import annotations

import importlib
from functools import partial
from typing import Any

from benchmarks._case import Case, Run, Runner, Target
from benchmarks._searching import searching
from benchmarks.cases.grid_digits import LEARNING_RATES

DROPOUT_RATES = (0.1, 0.3, 0.5)
HIDDEN = 100
BATCH_SIZE = 32
EPOCHS = 20

ROUTED = ("optimizer__learning_rate", "model__dropout")
NAMES = {"skmlp.wrappers": ROUTED, "SciKeras": ROUTED, "skmlp": ("learning_rate", "dropout")}
"""What each peer calls the learning rate and the dropout rate."""


def network(hidden: int, dropout: float, meta: dict[str, Any]) -> Any:
    """The model function: a multi-layer perceptron, left uncompiled."""
    import keras
    from keras import layers

    return keras.Sequential(
        [
            keras.Input((meta["n_features_in_"],)),
            layers.Dense(hidden, "relu"),
            layers.Dropout(dropout),
            layers.Dense(meta["n_classes_"], "softmax"),
        ]
    )


def _wrapped(classifier: Any, hidden: int, **parameters: Any) -> Any:
    return classifier(
        network,
        model__hidden=hidden,
        model__dropout=DROPOUT_RATES[0],
        optimizer="adam",
        optimizer__learning_rate=LEARNING_RATES[0],
        loss="sparse_categorical_crossentropy",
        batch_size=BATCH_SIZE,
        epochs=EPOCHS,
        verbose=0,
        **parameters,
    )


def _make(name: str, hidden: int, seed: int) -> Any:
    """The estimator of a peer."""
    if name == "skmlp.wrappers":
        from skmlp.wrappers import KerasClassifier

        return _wrapped(KerasClassifier, hidden, engine="compiled", random_state=seed)
    if name == "SciKeras":
        import keras

        from benchmarks.peers import scikeras_classifier

        keras.utils.set_random_seed(seed)  # its own seeding switches on deterministic ops, which are slower
        return _wrapped(scikeras_classifier(), hidden)
    from skmlp import KerasMLPClassifier

    return KerasMLPClassifier((hidden,), batch_size=BATCH_SIZE, epochs=EPOCHS, random_state=seed)


def _prepare(name: str, *packages: str) -> Run:
    for package in packages:
        importlib.import_module(package)
    from benchmarks.data import load

    X, y, _, _ = load("digits")
    grid = dict(zip(NAMES[name], (LEARNING_RATES, DROPOUT_RATES), strict=True))
    _make(name, 2, 0).fit(X[:64], y[:64])  # another structure: what a process does once is done
    return searching(partial(_make, name, HIDDEN), grid, X, y, count_programs=name != "SciKeras")


CASE = Case(
    "wrapper_grid",
    "A grid search over a model function",
    "GridSearchCV over a model function on digits: 4 learning rates × 3 dropout rates × 5 folds and a refit, "
    "64-100-10 ReLU with dropout, Adam, batch 32, 20 epochs",
    tuple(
        Runner(name, partial(_prepare, name, *packages), (packages[-1].partition(".")[0],), repeats=repeats)
        for name, packages, repeats in (
            ("skmlp.wrappers", ("keras", "skmlp.wrappers"), None),
            ("skmlp", ("keras", "skmlp"), None),
            ("SciKeras", ("keras", "scikeras.wrappers"), 1),
        )
    ),
    (
        Target(0.05, "SciKeras", of="skmlp.wrappers"),
        Target(1.4, "skmlp", of="skmlp.wrappers"),
        Target(1, of="skmlp.wrappers", reading="programs"),
    ),
    data="digits",
)
