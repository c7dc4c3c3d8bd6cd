"""A user's own Keras model, trained by `skmlp.wrappers` and by Keras' `fit`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from benchmarks._case import Readings, Run, Runner


@dataclass(frozen=True)
class OwnModel:
    """A model function, and what it is trained on.

    Attributes
    ----------
    build : callable
        Takes a learning rate, builds the model and compiles it.
    load : callable
        Returns `benchmarks.data.Data`, as the wrapper takes it.
    batch_size, epochs : int
        Samples per step, and passes over the samples.
    split_inputs, split_targets : callable or None
        Make of an array what a model with several inputs or outputs takes.
    """

    build: Callable[[float], Any]
    load: Callable[[], Any]
    batch_size: int
    epochs: int
    split_inputs: Callable[[Any], Any] | None = None
    split_targets: Callable[[Any], Any] | None = None


def fits(problem: OwnModel) -> tuple[Runner, ...]:
    """A runner for each of the two; both have trained an epoch, and so compiled, before the first timed fit.

    Before each timed fit, both train on `_N_AWAKE` batches: a process that has waited for the other one's turn on a
    virtual machine finds its memory far away, and pays up to 0.3 seconds for that, however long the fit takes.
    """
    return (
        Runner("skmlp.wrappers", partial(_prepare_wrapper, problem), ("skmlp",)),
        Runner("Keras fit", partial(_prepare_keras, problem), ("keras",)),
    )


_N_AWAKE = 40


def _prepare_wrapper(problem: OwnModel) -> Run:
    import skmlp.wrappers  # noqa: F401  (before anything is read)
    from benchmarks._process import timed

    data = problem.load()
    classifier = _wrapper(problem)

    def make(learning_rate: float, epochs: int, seed: int) -> Any:
        return classifier(
            problem.build,
            model__learning_rate=learning_rate,
            engine="compiled",
            batch_size=problem.batch_size,
            epochs=epochs,
            random_state=seed,
            verbose=0,
        )

    make(2e-3, 1, 0).fit(data.X, data.y)  # other values: what is compiled is used again, and nothing else

    awake = problem.batch_size * _N_AWAKE

    def run(seed: int) -> Readings:
        make(2e-3, 1, 0).fit(data.X[:awake], data.y[:awake])
        estimator = make(1e-3, problem.epochs, seed + 1)
        readings: Readings = timed(lambda: estimator.fit(data.X, data.y))
        return {**readings, **_accuracy(problem, data, estimator.predict)}

    return run


def _wrapper(problem: OwnModel) -> Any:
    """The classifier, or, for several inputs and outputs, an estimator that splits arrays."""
    from sklearn.preprocessing import FunctionTransformer

    from skmlp.wrappers import KerasClassifier, KerasRegressor

    if problem.split_inputs is None:
        return KerasClassifier

    class Splitting(KerasRegressor):
        @property
        def feature_encoder(self) -> Any:
            return FunctionTransformer(problem.split_inputs)

        @property
        def target_encoder(self) -> Any:
            return FunctionTransformer(problem.split_targets)

    return Splitting


def _prepare_keras(problem: OwnModel) -> Run:
    import keras

    from benchmarks._process import timed
    from benchmarks.peers import TracedModel

    data = problem.load()
    X = problem.split_inputs(data.X) if problem.split_inputs else data.X
    y = problem.split_targets(data.y) if problem.split_targets else data.y
    traced = TracedModel(partial(problem.build, 1e-3))

    def fit(epochs: int, X: Any = X, y: Any = y) -> None:
        traced.model.fit(X, y, batch_size=problem.batch_size, epochs=epochs, verbose=0)

    first = partial(keras.tree.map_structure, lambda each: each[: problem.batch_size * _N_AWAKE])

    fit(1)

    def run(seed: int) -> Readings:
        fit(1, first(X), first(y))
        traced.restart(seed)
        readings: Readings = timed(lambda: fit(problem.epochs))
        return {
            **readings,
            **_accuracy(problem, data, lambda X: traced.model.predict(X, batch_size=1000, verbose=0).argmax(axis=1)),
        }

    return run


def _accuracy(problem: OwnModel, data: Any, predict: Callable[[Any], Any]) -> Readings:
    """The share of the test samples that are told right; nothing, for several outputs."""
    if problem.split_targets:
        return {}
    return {"accuracy": float((predict(data.X_test) == data.y_test).mean()), "n_test": len(data.y_test)}
