"""Print how many of scikit-learn's estimator checks a classifier of each library passes.

Run it as ``python -m benchmarks.checks``. It needs the packages of the dependency group ``bench``; a library that is
not installed is passed over. The model functions take whatever numbers of features and classes a check brings.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import sys
import warnings
from collections import Counter
from collections.abc import Callable
from typing import Any


def skmlp() -> Any:
    """Our estimator, with few epochs."""
    from skmlp import KerasMLPClassifier

    return KerasMLPClassifier((8,), epochs=20, learning_rate=0.05)


def scikit_learn() -> Any:
    """scikit-learn's own, with its defaults but for the epochs, as its tests set them."""
    from sklearn.neural_network import MLPClassifier

    return MLPClassifier(max_iter=100)


def _model(n_features: int, n_classes: int) -> Any:
    import keras

    model = keras.Sequential(
        [
            keras.Input((n_features,)),
            keras.layers.Dense(8, "relu"),
            keras.layers.Dense(n_classes, "softmax"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.05))
    return model


def scikeras() -> Any:
    """SciKeras' classifier as it is."""
    from scikeras.wrappers import KerasClassifier

    def build(meta: dict[str, Any]) -> Any:
        model = _model(meta["n_features_in_"], meta["n_classes_"])
        model.compile(model.optimizer, "sparse_categorical_crossentropy")
        return model

    return KerasClassifier(build, epochs=20, verbose=0)


def keras_wrapper() -> Any:
    """The classifier in ``keras.wrappers``."""
    from keras.wrappers import SKLearnClassifier

    def build(X: Any, y: Any) -> Any:
        model = _model(X.shape[1], y.shape[1] if y.ndim > 1 else 2)
        model.compile(model.optimizer, "categorical_crossentropy")
        return model

    return SKLearnClassifier(build, fit_kwargs={"epochs": 20, "verbose": 0})


def skorch() -> Any:
    """The classifier of skorch, of a module whose first layer takes any number of features."""
    import torch
    from skorch import NeuralNetClassifier

    class Module(torch.nn.Module):  # type: ignore[misc, name-defined, unused-ignore]
        def __init__(self, n_classes: int = 3) -> None:
            super().__init__()
            self.layers = torch.nn.Sequential(
                torch.nn.LazyLinear(8), torch.nn.ReLU(), torch.nn.Linear(8, n_classes), torch.nn.Softmax(-1)
            )

        def forward(self, X: Any) -> Any:
            return self.layers(X)

    return NeuralNetClassifier(Module, max_epochs=20, lr=0.05, train_split=None, verbose=0)


LIBRARIES: dict[str, tuple[str, Callable[[], Any]]] = {
    "skmlp": ("skmlp", skmlp),
    "scikit-learn": ("sklearn", scikit_learn),
    "SciKeras": ("scikeras", scikeras),
    "Keras' wrapper": ("keras", keras_wrapper),
    "skorch": ("skorch", skorch),
}
"""The name of each library -> its package, and what makes its classifier."""


def passed(classifier: Any) -> tuple[int, int, list[str]]:
    """How many checks pass, of how many that are not skipped, and which fail."""
    from sklearn.utils.estimator_checks import check_estimator

    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):  # clones of Keras' wrapper print
        warnings.simplefilter("ignore")  # checks warn on purpose
        results = check_estimator(classifier, on_skip=None, on_fail=None)
    counts = Counter(result["status"] for result in results)
    failed = [result["check_name"] for result in results if result["status"] == "failed"]
    return counts["passed"], counts["passed"] + counts["failed"], failed


def main(names: list[str]) -> None:
    """Check the libraries of these names, or all that are installed, and print a line for each."""
    for name in names or LIBRARIES:
        package, make = LIBRARIES[name]
        if importlib.util.find_spec(package) is None:
            print(f"{name}: not installed")
            continue
        try:
            n_passed, n_run, failed = passed(make())
        except Exception as error:  # a library may not even start
            print(f"{name}: {type(error).__name__}: {error}")
            continue
        print(f"{name}: {n_passed} of {n_run} checks passed; failed: {', '.join(failed) or 'none'}")


if __name__ == "__main__":
    main(sys.argv[1:])
