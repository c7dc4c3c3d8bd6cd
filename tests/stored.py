"""The estimators whose files are kept in ``tests/files``: ``python tests/stored.py`` adds those of this version.

Each release adds a folder, made with the oldest packages that it supports, since newer ones read what these wrote:

    PYTHONPATH=.:tests python tests/stored.py

The files stay as they are, and every later version loads them and predicts the same (`test_files.py`).
"""

from __future__ import annotations

import io
import pickle
import zipfile
from pathlib import Path

import keras
import numpy as np
import skops.io

import skmlp
from skmlp import KerasMLPClassifier, KerasMLPRegressor
from skmlp.wrappers import KerasClassifier

FILES = Path(__file__).parent / "files"

rng = np.random.default_rng(0)
X = rng.normal(size=(24, 3)).astype(np.float32)
numbers = np.arange(24) % 3
table = rng.integers(0, 2, (24, 2))


def network(hidden, meta):
    return keras.Sequential(
        [
            keras.Input((meta["n_features_in_"],)),
            keras.layers.Dense(hidden, activation="tanh"),
            keras.layers.Dense(meta["n_classes_"], activation="softmax"),
        ]
    )


def double(x):
    return 2.0 * x


def squared(y_true, y_pred):
    return keras.ops.mean(keras.ops.square(y_true - y_pred), axis=-1)


SMALL = {"hidden_layer_sizes": (3,), "epochs": 2, "batch_size": 12, "random_state": 0, "optimizer": "sgd"}
WRAPPED = {"loss": "sparse_categorical_crossentropy", "optimizer": "sgd", "epochs": 2, "random_state": 0, "verbose": 0}

FITTED = {
    "binary": lambda: KerasMLPClassifier(**SMALL).fit(X, np.array(["no", "yes"], dtype=object)[numbers % 2]),
    "multiclass": lambda: KerasMLPClassifier(**{**SMALL, "optimizer": "adam"}, normalization="batch").fit(X, numbers),
    "multilabel": lambda: KerasMLPClassifier(**SMALL, l2=0.01).fit(X, table),
    "multioutput": lambda: KerasMLPClassifier(**SMALL).fit(X, np.column_stack([numbers, numbers % 2 + 5])),
    "scaled": lambda: KerasMLPRegressor(**SMALL, target_scaling="standard", dropout=0.2, dropout_schedule="cosine").fit(
        X, 1e4 * X[:, 0]
    ),
    "linear": lambda: KerasMLPClassifier(**SMALL, loss="mean_squared_error", output_activation="linear").fit(
        X, numbers % 2
    ),
    "regressor": lambda: KerasMLPRegressor(**SMALL, record_every=1).fit(X, X[:, 0], X_val=X, y_val=X[:, 0]),
    "objects": lambda: KerasMLPRegressor(**{**SMALL, "activation": double}, loss=squared, metrics=[squared]).fit(
        X, X[:, :2]
    ),
    "wrapper": lambda: KerasClassifier(network, model__hidden=3, **WRAPPED).fit(X, numbers),
    "by_keras": lambda: KerasClassifier(network, model__hidden=3, **WRAPPED, engine="keras").fit(X, numbers),
}
"""Name of a file -> the estimator in it."""


def outputs(estimator):
    """What a fitted estimator predicts, as numbers, for the first rows."""
    if hasattr(estimator, "predict_proba"):
        return np.hstack(estimator.predict_proba(X[:5]))
    return estimator.decision_function(X[:5]) if hasattr(estimator, "decision_function") else estimator.predict(X[:5])


def packed(data):
    """A file of skops' with its parts compressed, which skops reads as well."""
    compressed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as parts, zipfile.ZipFile(compressed, "w", zipfile.ZIP_DEFLATED) as file:
        for part in parts.namelist():
            file.writestr(zipfile.ZipInfo(part), parts.read(part), zipfile.ZIP_DEFLATED)
    return compressed.getvalue()


def main():
    import stored  # this module by its own name, by which the files name its functions

    folder = FILES / skmlp.__version__
    folder.mkdir()
    predicted = {}
    for name, fit in stored.FITTED.items():
        estimator = fit()
        (folder / f"{name}.pickle").write_bytes(pickle.dumps(estimator, protocol=5))
        (folder / f"{name}.skops").write_bytes(packed(skops.io.dumps(estimator)))
        predicted[name] = outputs(estimator)
    np.savez_compressed(folder / "outputs.npz", **predicted)


if __name__ == "__main__":
    main()
