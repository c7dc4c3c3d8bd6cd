"""What is learned of the columns of numbers, by whatever transformer, and numbers that are too large for it."""

import re

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array
from sklearn import config_context
from sklearn.base import BaseEstimator
from sklearn.decomposition import PCA
from sklearn.feature_selection import SelectKBest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MaxAbsScaler, OneHotEncoder, PolynomialFeatures, StandardScaler

from skmlp._columns import read_table
from skmlp._tables import TablePreprocessor, categorical_columns


def table_of(X):
    return read_table(BaseEstimator(), X, reset=True, objects=False)


def learn(X, numeric_scaling="standard", dtype="float32"):
    settings = {"numeric_scaling": numeric_scaling, "embed_numbers": False, "max_one_hot": 9, "dtype": dtype}
    table = table_of(X)
    columns = categorical_columns("from_dtype", table, None)
    return TablePreprocessor(**settings).fit(table, columns, np.arange(table.n_rows), 0)


def learn_and_transform(X, numeric_scaling="standard", dtype="float32"):
    return learn(X, numeric_scaling, dtype).transform(table_of(X))[0]


@pytest.fixture
def numbers(rng):
    numbers = rng.normal(size=(20, 3))
    numbers[::5, 0] = np.nan
    return numbers


@pytest.mark.parametrize("numeric_scaling", ["quantile", "standard", None])
@pytest.mark.parametrize("output", ["pandas", "polars"])
def test_whatever_is_set_for_transformers_of_scikit_learn_changes_nothing(numbers, numeric_scaling, output):
    frame = pd.DataFrame(numbers, columns=list("abc")).assign(d=["x", "y"] * 10, e=[0.0, 1.0] * 10)
    expected = learn_and_transform(frame, numeric_scaling)
    with config_context(transform_output=output):
        np.testing.assert_array_equal(learn_and_transform(frame, numeric_scaling), expected)
        np.testing.assert_array_equal(learn(frame, numeric_scaling).transform(table_of(frame))[0], expected)


@pytest.mark.parametrize(
    "scaler",
    [
        StandardScaler().set_output(transform="pandas"),
        StandardScaler().set_output(transform="polars"),
        make_pipeline(StandardScaler()),
    ],
)
def test_a_transformer_may_return_a_frame(numbers, scaler):
    np.testing.assert_array_equal(learn_and_transform(numbers, scaler), learn_and_transform(numbers, "standard"))


def test_a_transformer_may_return_a_sparse_matrix(numbers):
    sparse = make_pipeline(MaxAbsScaler(), FunctionTransformer(csr_array))
    np.testing.assert_array_equal(learn_and_transform(numbers, sparse), learn_and_transform(numbers, MaxAbsScaler()))


@pytest.mark.parametrize(
    ("scaler", "message"),
    [
        (PCA(n_components=1), r"PCA\(n_components=1\) makes an array of shape \(20, 1\) of one of shape \(20, 3\)"),
        (OneHotEncoder(handle_unknown="ignore"), r"OneHotEncoder\(.* makes an array of shape"),
        (PolynomialFeatures(), r"makes an array of shape \(20, 10\)"),
        (SelectKBest(k=1), r"SelectKBest\(k=1\) could not be fitted to the columns of numbers \(.*y"),
        (FunctionTransformer(lambda X: X.sum(axis=1)), r"makes an array of shape \(20,\)"),
        (FunctionTransformer(lambda X: "nothing"), r"could not transform the columns of numbers \(.*'nothing'"),
    ],
)
def test_a_transformer_that_is_no_scaling_is_refused(numbers, scaler, message):
    with pytest.raises(ValueError, match=rf"numeric_scaling=.*{message}.*: take 'quantile'.*Pipeline"):
        learn_and_transform(numbers, scaler)


def test_numbers_that_a_transformer_makes_nan_are_refused():
    numbers = np.array([[1.0], [-1.0], [2.0], [3.0]])
    with pytest.raises(ValueError, match=r"column 0 of X holds -1, .*numeric_scaling=FunctionTransformer.* makes nan"):
        learn_and_transform(numbers, FunctionTransformer(np.log))


def with_one(numbers, value):
    return np.vstack([numbers, [0, 0, value]])


@pytest.mark.parametrize("value", [1e40, -1e40])
def test_numbers_beyond_float32_are_computed_with_or_refused(numbers, value):
    large = with_one(numbers, value)
    assert np.isfinite(learn_and_transform(large, "quantile")).all()
    assert np.isfinite(learn_and_transform(large, "standard")).all()
    assert np.isfinite(learn_and_transform(large, None, "float64")).all()
    assert np.isfinite(learn(numbers, "quantile").transform(table_of(large))[0]).all()
    message = rf"column 2 of X holds {re.escape(f'{value:g}')}, .*numeric_scaling=.* makes .*: scale or clip"
    with pytest.raises(ValueError, match=message):
        learn_and_transform(large, None)
    for numeric_scaling in ("standard", None, MaxAbsScaler()):
        with pytest.raises(ValueError, match=message):
            learn(numbers, numeric_scaling).transform(table_of(large))


@pytest.mark.parametrize("numeric_scaling", ["quantile", "standard", None])
def test_numbers_whose_squares_overflow_are_refused_at_fit(numbers, numeric_scaling):
    for table in (with_one(numbers, 1e200), np.array([[0.0], [-1e200]])):
        with pytest.raises(ValueError, match=r"of X holds -?1e\+200, .*its square overflows\): scale or clip"):
            learn(table, numeric_scaling)


def test_times_in_an_array_are_refused():
    with pytest.raises(ValueError, match="column 0 of X holds dates or times"):
        learn(np.arange(4).astype("datetime64[D]")[:, None])
