"""Samples of every form: sparse, mapped from a file, frames, and every dtype."""

import subprocess
import sys

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.base import clone
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from skmlp import KerasMLPClassifier, KerasMLPRegressor

FORMS = [
    sparse.csr_matrix,
    sparse.csc_matrix,
    sparse.coo_matrix,
    sparse.lil_matrix,
    sparse.csr_array,
    sparse.csc_array,
    sparse.coo_array,
]


@pytest.mark.newest
@settings(max_examples=10, deadline=None)
@given(
    st.sampled_from(FORMS),
    st.sampled_from([(), (5,), (5, 4)]),
    st.sampled_from([4, 64]),
    st.sampled_from([("float32", 1e-4), ("float64", 1e-10)]),
    st.sampled_from([None, "batch", "layer"]),
    st.sampled_from([0.05, 0.3]),
    st.booleans(),
    st.integers(0, 10**6),
)
def test_sparse_and_dense_samples_train_the_same_network(
    form, hidden, batch_size, dtype, normalization, density, stopping, seed
):
    X = sparse.random(70, 9, density=density, random_state=seed).toarray()
    y = np.arange(70) % 3
    make = KerasMLPClassifier(
        hidden,
        activation="tanh",
        normalization=normalization,
        dropout=0.2 if batch_size == 64 else 0.0,  # XLA, which knows no sparse matrix, draws other masks
        l1=1e-3,
        l2=1e-3,
        optimizer="sgd",
        batch_size=batch_size,
        epochs=2,
        dtype=dtype[0],
        early_stopping=stopping,
        random_state=1,
    )
    dense = clone(make).fit(X, y)
    thin = clone(make).fit(form(X), y)
    assert thin._fitted.plan == dense._fitted.plan
    np.testing.assert_allclose(thin.predict_proba(form(X)), dense.predict_proba(X), atol=dtype[1])
    np.testing.assert_allclose(thin.predict_proba(X), dense.predict_proba(form(X)), atol=dtype[1])
    for name, values in dense.history_.items():
        np.testing.assert_allclose(thin.history_[name], values, atol=0.1 if name == "val_score" else dtype[1])


def test_sparse_samples_are_never_made_dense(monkeypatch):
    def refuse(self, *args, **kwargs):
        raise AssertionError("made dense")

    monkeypatch.setattr(sparse.csr_matrix, "toarray", refuse)
    X = sparse.random(300, 20_000, density=1e-3, format="csr", random_state=0)
    X_val = sparse.random(30, 20_000, density=1e-3, format="csr", random_state=1)
    KerasMLPRegressor((2,), batch_size=32, epochs=1).fit(
        X, np.arange(300.0), X_val=X_val, y_val=np.arange(30.0)
    ).predict(X)


def test_no_more_than_a_block_is_made_dense(monkeypatch):
    largest = []
    original = sparse.csr_matrix.toarray

    def toarray(self, *args, **kwargs):
        largest.append(self.shape[0])
        return original(self, *args, **kwargs)

    monkeypatch.setattr(sparse.csr_matrix, "toarray", toarray)
    X = sparse.random(3000, 2000, density=0.2, format="csr", random_state=0)
    KerasMLPRegressor((2,), batch_size=32, epochs=1).fit(X, np.arange(3000.0)).predict(X)
    assert max(largest) == 512  # 4 MiB, in whole batches


def test_sparse_samples_are_checked(blobs):
    X, y = blobs
    bad = sparse.csr_matrix(X)
    bad.data[3] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        KerasMLPClassifier((3,)).fit(bad, y)
    fitted = KerasMLPClassifier((3,), epochs=1).fit(sparse.csr_matrix(X), y)
    with pytest.raises(ValueError, match="X has 3 features"):
        fitted.predict(sparse.csr_matrix(X[:, :3]))


def test_sparse_samples_are_left_alone(blobs):
    X = sparse.csr_matrix(blobs[0])
    before = X.copy()
    KerasMLPClassifier((3,), epochs=1).fit(X, blobs[1]).predict(X)
    assert (before != X).nnz == 0
    assert X.dtype == before.dtype


@pytest.mark.parametrize("vectorizer", [CountVectorizer(binary=True), TfidfVectorizer()])
def test_text(vectorizer):
    good = ["a fine film", "what a joy", "fine acting, fine story", "a joy to watch"]
    bad = ["a dull film", "what a bore", "dull acting, dull story", "a bore to watch"]
    pipeline = make_pipeline(vectorizer, KerasMLPClassifier((8,), learning_rate=0.05, epochs=50, random_state=0))
    pipeline.fit(5 * good + 5 * bad, ["good"] * 20 + ["bad"] * 20)
    assert pipeline.predict(["fine joy", "dull bore"]).tolist() == ["good", "bad"]


def test_one_hot_encoded_columns():
    rng = np.random.default_rng(0)
    X = rng.choice(["red", "green", "blue"], (60, 2))
    y = X[:, 0] == "red"
    pipeline = make_pipeline(OneHotEncoder(), KerasMLPClassifier((4,), learning_rate=0.05, epochs=60, random_state=0))
    assert pipeline.fit(X, y).score(X, y) == 1.0


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame], ids=["pandas", "polars"])
def test_frames_and_their_feature_names(frame, blobs):
    X, y = blobs
    table = frame({"a": X[:, 0], "b": X[:, 1], "c": X[:, 2], "d": X[:, 3]})
    make = KerasMLPClassifier((3,), epochs=2, random_state=0)
    fitted = clone(make).fit(table, y)
    assert list(fitted.feature_names_in_) == ["a", "b", "c", "d"]
    np.testing.assert_array_equal(fitted.predict_proba(table), clone(make).fit(X, y).predict_proba(X))
    swapped = table[["b", "a", "c", "d"]]
    with pytest.raises(ValueError, match="feature names should match"):
        fitted.predict(swapped)
    with pytest.raises(ValueError, match="feature names should match"):
        clone(make).fit(table, y, X_val=swapped, y_val=y)


@pytest.mark.parametrize("library", [pd, pl], ids=["pandas", "polars"])
def test_targets_and_weights_from_series(library, blobs):
    X, y = blobs
    weight = np.linspace(1, 2, 60)
    make = KerasMLPClassifier((3,), epochs=2, random_state=0)
    expected = clone(make).fit(X, y, weight)
    given_as = clone(make).fit(X, library.Series(y), library.Series(weight))
    np.testing.assert_array_equal(given_as.coefs_[0], expected.coefs_[0])


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int8", "uint8", "int64", "uint16", "bool"])
def test_every_dtype_of_numbers(dtype, blobs):
    X = (2 * blobs[0]).round().clip(0, 5).astype(dtype)
    make = KerasMLPClassifier((3,), epochs=2, random_state=0)
    fitted = clone(make).fit(X, blobs[1])
    np.testing.assert_array_equal(
        fitted.decision_function(X),
        clone(make).fit(X.astype("float32"), blobs[1]).decision_function(X.astype("float32")),
    )


@pytest.mark.parametrize("dtype", ["float32", "float64", "uint8"])
@pytest.mark.parametrize("batch_size", [4, 64])
def test_a_mapped_file_gives_the_bits_of_an_array(batch_size, dtype, tmp_path, blobs):
    X = (20 * blobs[0]).clip(0, 200).astype(dtype)
    mapped = np.memmap(tmp_path / "X.dat", dtype=dtype, mode="w+", shape=X.shape)
    mapped[:] = X
    mapped = np.memmap(tmp_path / "X.dat", dtype=dtype, mode="r", shape=X.shape)
    make = KerasMLPClassifier((3,), batch_size=batch_size, epochs=2, early_stopping=True, random_state=0)
    fitted = clone(make).fit(mapped, blobs[1])
    expected = clone(make).fit(X, blobs[1])
    np.testing.assert_array_equal(fitted.predict_proba(mapped), expected.predict_proba(X))


STREAM = """
import resource, sys
import numpy as np
from skmlp import KerasMLPRegressor
rows = 400_000
X = np.memmap(sys.argv[1], dtype="float32", mode="w+", shape=(rows, 256))  # 400 MB, of zeros: no disk is used
X[::1000] = 1.0
X.flush()
del X
KerasMLPRegressor((4,), epochs=1, batch_size=1000).fit(np.ones((20_000, 256), "float32"), np.ones(20_000))
def anonymous():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("RssAnon")) / 1e3
before = anonymous()
X = np.memmap(sys.argv[1], dtype="float32", mode="r", shape=(rows, 256))
KerasMLPRegressor((4,), epochs=1, batch_size=1000, validation_fraction=0.01, early_stopping=True).fit(X, np.ones(rows))
print(anonymous() - before)
"""


@pytest.mark.newest
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads the memory of a process from /proc")
def test_a_large_file_is_streamed(tmp_path):
    result = subprocess.run(
        [sys.executable, "-c", STREAM, str(tmp_path / "X.dat")], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    assert float(result.stdout) < 100, "a quarter of the file was copied"


@pytest.mark.parametrize("where", ["fit", "X_val", "predict"])
def test_a_file_of_numbers_beyond_single_precision_is_named(where, tmp_path, blobs):
    X, y = blobs
    mapped = np.memmap(tmp_path / "X", dtype="float64", mode="w+", shape=X.shape)
    mapped[:] = X
    mapped[50, 2] = -1e39
    make = KerasMLPClassifier((3,), epochs=1)
    ways = {
        "fit": lambda: make.fit(mapped, y),
        "X_val": lambda: make.fit(X, y, X_val=mapped, y_val=y),
        "predict": lambda: make.fit(X, y).predict(mapped),
    }
    with pytest.raises(ValueError, match=r"value too large for dtype\('float32'\), -1e\+39.*dtype='float64'"):
        ways[where]()
    make.set_params(dtype="float64", learning_rate=1e-9).fit(mapped, y)
