"""Code of a user's own, which passes ``mypy --strict``; tox runs mypy on it, and this file is no test."""

import numpy as np
from numpy.typing import NDArray

import skmlp
from skmlp import (
    KerasMLPClassifier,
    KerasMLPRegressor,
    LossCurveDisplay,
    SearchCurveDisplay,
    TabularMLPClassifier,
    TabularMLPRegressor,
    WeightMatrixDisplay,
)
from skmlp.wrappers import KerasClassifier, KerasRegressor


def classify(X: NDArray[np.float64], y: NDArray[np.int64]) -> NDArray[np.floating]:
    """Fit, go on, and predict."""
    classifier = KerasMLPClassifier((10, 5), activation=["relu", "tanh"], dropout=0.1, class_weight="balanced")
    classifier.fit(X, y, sample_weight=np.ones(len(y))).partial_fit(X, y)
    accuracy: float = classifier.score(X, y)
    return classifier.decision_function(X) * accuracy


def regress(X: list[list[float]], y: list[float]) -> NDArray[np.floating]:
    """Fit with validation samples, and count programs."""
    regressor = KerasMLPRegressor(
        hidden_layer_sizes=8,
        dropout=0.1,
        dropout_schedule="flat_cosine",
        target_scaling="standard",
        learning_rate_schedule=lambda step: 1 / (1 + step),
    )
    fitted: KerasMLPRegressor = regressor.fit(X, y, X_val=X, y_val=y)
    traces: int = skmlp.cache_info().traces
    mean = 0.0 if fitted.target_mean_ is None else float(fitted.target_mean_[0])
    return fitted.predict(X) + traces - mean


def wrap(model: object, X: NDArray[np.float64], y: NDArray[np.int64]) -> NDArray[np.floating]:
    """Fit a model of one's own."""
    wrapper = KerasClassifier(model, engine="compiled", model__width=3, epochs=2)
    fitted: KerasClassifier = wrapper.set_params(batch_size=10).fit(X, y).partial_fit(X, y, classes=[0, 1])
    epochs: int = fitted.current_epoch + len(fitted.history_["loss"]) + fitted.n_features_in_
    score: float = KerasRegressor(model).fit(X, y).score(X, y)
    return fitted.predict_proba(X) * epochs * score


def squares(y: object, outputs: object) -> object:
    """A loss."""
    return y, outputs


class Momentum:
    """What makes an optimizer of Keras' one."""

    def get_config(self) -> dict[str, float]:
        """What it was made with."""
        return {}

    def apply_gradients(self, grads_and_vars: list[object]) -> None:
        """Make a step."""


class SparseMatrix:
    """What makes a sparse matrix of SciPy's one."""

    def tocsr(self, copy: bool = False) -> object:
        """The same, row by row."""
        return self, copy

    def tocoo(self, copy: bool = True) -> object:
        """The same, value by value."""
        return self, copy


class Shift:
    """A transformer."""

    def fit(self, X: object, y: object = None) -> "Shift":
        """Learn nothing."""
        return self

    def transform(self, X: object) -> object:
        """Change nothing."""
        return X


def choose(X: SparseMatrix, y: list[str]) -> None:
    """Give options by name, by a string of NumPy's, by a function and by an object; sparse samples."""
    KerasMLPClassifier(
        activation=np.str_("gelu"),
        optimizer="AdamW",
        loss="hinge",
        kernel_initializer="HeNormal",
        bias_initializer=lambda shape, dtype=None: np.zeros(shape),
        output_activation="linear",
        learning_rate_schedule="cosine",
        class_weight={"a": 2},
        normalization=None,
        n_iter_no_change=np.inf,
    ).fit(X, y)
    KerasMLPRegressor(optimizer=Momentum(), loss=squares, activation=[np.tanh, "relu"], batch_size="auto")
    TabularMLPClassifier(categorical_features=["a", "b"], numeric_scaling=Shift(), early_stopping=None)
    TabularMLPRegressor((8, 8), activation="auto", loss="quantile", early_stopping="validation")


def mistype() -> None:
    """Mistakes that a type checker finds: were one of them none, its comment would be an error."""
    KerasMLPClassifier(activation="rellu")  # type: ignore[arg-type]
    KerasMLPClassifier(activation=["relu", "than"])  # type: ignore[list-item]
    KerasMLPClassifier(optimizer="adm")  # type: ignore[arg-type]
    KerasMLPClassifier(loss="quantile")  # type: ignore[arg-type]  # a regressor's
    KerasMLPClassifier(kernel_initializer="glorot")  # type: ignore[arg-type]
    KerasMLPClassifier(output_activation="relu")  # type: ignore[arg-type]  # a regressor's
    KerasMLPClassifier(normalization="instance")  # type: ignore[arg-type]
    KerasMLPClassifier(dtype="float16")  # type: ignore[arg-type]
    KerasMLPClassifier(class_weight="balance")  # type: ignore[arg-type]
    KerasMLPRegressor(loss="categorical_crossentropy")  # type: ignore[arg-type]  # a classifier's
    KerasMLPRegressor(target_scaling="standards")  # type: ignore[arg-type]
    KerasMLPRegressor(learning_rate_schedule="cosin")  # type: ignore[arg-type]
    KerasMLPRegressor(dropout_schedule="linear")  # type: ignore[arg-type]
    KerasMLPRegressor(monitor="val_loss")  # type: ignore[arg-type]
    KerasMLPRegressor(batch_size="all")  # type: ignore[arg-type]
    TabularMLPClassifier(early_stopping="out_of_fold")  # type: ignore[arg-type]
    TabularMLPClassifier(categorical_features="dtype")  # type: ignore[arg-type]
    TabularMLPRegressor(numeric_scaling="robust")  # type: ignore[arg-type]
    TabularMLPRegressor(numeric_embedding="linear")  # type: ignore[arg-type]


def draw(classifiers: dict[str, KerasMLPClassifier], cv_results: dict[str, object]) -> int:
    """Draw losses, kernels and a search."""
    display: LossCurveDisplay = LossCurveDisplay.from_estimators(classifiers, metrics=["loss", "val_score"], skip=2)
    again = display.plot(metrics="loss", smoothing=0.9, linewidth=1)
    kernels = WeightMatrixDisplay.from_estimator(classifiers["adam"], layers=[0, 1])
    share: float = kernels.shares[0]
    search = SearchCurveDisplay.from_cv_results(cv_results, "learning_rate", where={"l2": 0.0})
    return len(again.curves_) + len(search.param_values) + round(share)
