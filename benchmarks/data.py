"""The data sets, made once a run by a process of their own: ``python -m benchmarks.data NAME DIRECTORY``.

Workers read files, so that what it takes to make a data set (Keras' loaders, lists of words) is in nobody's memory or
time. ``X`` is float32 for all, dense or CSR; ``y`` is int64.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse


class Data(NamedTuple):
    """Training and test samples."""

    X: Any
    y: np.ndarray
    X_test: Any
    y_test: np.ndarray


def _blobs() -> Data:
    from sklearn.datasets import make_classification
    from sklearn.preprocessing import StandardScaler

    X, y = make_classification(2000, 20, n_informative=10, n_classes=3, random_state=0)
    X = StandardScaler().fit_transform(X)
    return Data(X[:1000], y[:1000], X[1000:], y[1000:])


def _digits() -> Data:
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    return Data(X / 16, y, X[:0], y[:0])


def _mnist() -> Data:
    import keras

    (X, y), (X_test, y_test) = keras.datasets.mnist.load_data()
    return Data(X.reshape(-1, 784) / 255, y, X_test.reshape(-1, 784) / 255, y_test)


def _imdb() -> Data:
    import keras

    n_words = 10_000
    (train, y), (test, y_test) = keras.datasets.imdb.load_data(num_words=n_words)

    def multi_hot(reviews: Any) -> sparse.csr_matrix:
        words = [np.unique(review) for review in reviews]
        starts = np.concatenate([[0], np.cumsum([len(row) for row in words])])
        return sparse.csr_matrix((np.ones(starts[-1]), np.concatenate(words), starts), (len(words), n_words))

    return Data(multi_hot(train), y, multi_hot(test), y_test)


def _newsgroups() -> Data:
    from sklearn.datasets import fetch_20newsgroups
    from sklearn.feature_extraction.text import TfidfVectorizer

    train, test = fetch_20newsgroups(subset="train"), fetch_20newsgroups(subset="test")
    vectorizer = TfidfVectorizer()
    return Data(vectorizer.fit_transform(train.data), train.target, vectorizer.transform(test.data), test.target)


DATA: dict[str, Callable[[], Data]] = {
    "blobs": _blobs,
    "digits": _digits,
    "mnist": _mnist,
    "imdb": _imdb,
    "newsgroups": _newsgroups,
}


def load(name: str) -> Data:
    """A data set from the directory that the parent process names."""
    directory = Path(os.environ["BENCHMARK_DATA"]) / name

    def read(field: str) -> Any:
        dense = directory / f"{field}.npy"
        return np.load(dense) if dense.exists() else sparse.load_npz(directory / f"{field}.npz")

    return Data(*map(read, Data._fields))


def main() -> None:
    """Make a data set and save it."""
    name, directory = sys.argv[1], Path(sys.argv[2]) / sys.argv[1]
    directory.mkdir()
    for field, values in DATA[name]()._asdict().items():
        if sparse.issparse(values):
            sparse.save_npz(directory / field, sparse.csr_matrix(values, dtype=np.float32), compressed=False)
        else:
            np.save(directory / field, np.ascontiguousarray(values, dtype="int64" if "y" in field else "float32"))


if __name__ == "__main__":
    main()
