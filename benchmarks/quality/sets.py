"""The data sets: frames with numbers and categories, and their targets.

Some come with scikit-learn, California housing is fetched by it, and the rest are read from files of the UCI repository
in a folder: ``adult/adult.data`` and ``adult/adult.test``, ``wine/winequality-red.csv`` and ``-white.csv``.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

MOST_TRAINING_ROWS = 4_500
MOST_TEST_ROWS = 10_000


class Split(NamedTuple):
    """Training and test samples; X are data frames."""

    X: Any
    y: Any
    X_test: Any
    y_test: Any
    is_classification: bool


class DataSet(NamedTuple):
    """Where a set comes from, and how it is loaded from the folder of files."""

    title: str
    is_classification: bool
    load: Callable[[Path], tuple[Any, Any]]


def _bundled(name: str) -> Callable[[Path], tuple[Any, Any]]:
    def load(folder: Path) -> tuple[Any, Any]:
        from sklearn import datasets

        return getattr(datasets, name)(return_X_y=True, as_frame=True)

    return load


def _adult(folder: Path) -> tuple[Any, Any]:
    import pandas as pd

    columns = [
        *("age", "workclass", "fnlwgt", "education", "education-num", "marital-status", "occupation", "relationship"),
        *("race", "sex", "capital-gain", "capital-loss", "hours-per-week", "native-country", "income"),
    ]
    options: dict[str, Any] = {"names": columns, "skipinitialspace": True, "na_values": "?", "comment": "|"}
    frame = pd.concat([pd.read_csv(folder / "adult" / f"adult.{part}", **options) for part in ("data", "test")])
    frame = frame.reset_index(drop=True)
    y = frame.pop("income").str.rstrip(".")
    categories = frame.select_dtypes(exclude="number").columns
    return frame.astype(dict.fromkeys(categories, "category")), y.to_numpy(object)


def _wine_quality(folder: Path) -> tuple[Any, Any]:
    import pandas as pd

    parts = []
    for color in ("red", "white"):
        part = pd.read_csv(folder / "wine" / f"winequality-{color}.csv", sep=";")
        parts.append(part.assign(is_red=float(color == "red")))
    frame = pd.concat(parts, ignore_index=True)
    return frame, frame.pop("quality").astype(float)


SETS: dict[str, DataSet] = {
    "adult": DataSet("Adult income (UCI)", True, _adult),
    "california": DataSet("California housing", False, _bundled("fetch_california_housing")),
    "wine_quality": DataSet("Wine quality (UCI)", False, _wine_quality),
    "digits": DataSet("Digits", True, _bundled("load_digits")),
    "breast_cancer": DataSet("Breast cancer Wisconsin", True, _bundled("load_breast_cancer")),
    "diabetes": DataSet("Diabetes", False, _bundled("load_diabetes")),
}


def load(name: str, folder: Path, seed: int) -> Split:
    """A random split of a set: at most 4,500 rows to train on, or 70 %, and at most 10,000 to test."""
    data = SETS[name]
    X, y = data.load(folder)
    y = np.asarray(y)
    order = np.random.default_rng(seed).permutation(len(y))
    n_train = min(MOST_TRAINING_ROWS, int(0.7 * len(y)))
    train, test = order[:n_train], order[n_train : n_train + MOST_TEST_ROWS]
    return Split(
        X.iloc[train].reset_index(drop=True),
        y[train],
        X.iloc[test].reset_index(drop=True),
        y[test],
        data.is_classification,
    )


def error(split: Split, predicted: Any) -> float:
    """The share of wrong labels; or the root mean squared error, in standard deviations of the target."""
    if split.is_classification:
        return float(np.mean(np.asarray(predicted).ravel() != split.y_test))
    residuals = np.asarray(predicted, dtype=float).ravel() - split.y_test
    return float(np.sqrt(np.mean(residuals**2)) / np.std(np.concatenate([split.y, split.y_test])))
