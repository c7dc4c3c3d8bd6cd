"""The columns of tables, by whatever library they are made: read as numbers or categories, or refused by name."""

import datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.base import BaseEstimator

from skmlp._columns import read_table
from skmlp._tables import TablePreprocessor, categorical_columns

NUMBERS = [1.5, None, 0.0, 2.5]
DECIMALS = [Decimal("1.50"), None, Decimal("0.00"), Decimal("2.50")]
WORDS = ["b", None, "a", "b"]
DAYS = [datetime.date(2020, 1, day) for day in (1, 2, 3, 4)]


def table_of(X, *, objects=False):
    return read_table(BaseEstimator(), X, reset=True, objects=objects)


def learn(X, categorical_features="from_dtype", **settings):
    table = table_of(X, objects=not isinstance(categorical_features, str))
    settings = {"numeric_scaling": None, "embed_numbers": False, "max_one_hot": 9, "dtype": "float32", **settings}
    columns = categorical_columns(categorical_features, table, None)
    return TablePreprocessor(**settings).fit(table, columns, np.arange(table.n_rows), 0)


def pandas_frame(values, dtype):
    return pd.DataFrame({"c": pd.Series(values, dtype=dtype)})


def polars_frame(values, dtype=None):
    return pl.DataFrame({"c": pl.Series(values, dtype=dtype)})


AS_NUMBERS = {
    "object": pandas_frame(NUMBERS, object),
    "object with NA": pandas_frame([1.5, pd.NA, 0.0, 2.5], object),
    "decimal objects": pandas_frame([Decimal("1.5"), None, 0, 2.5], object),
    "Float64": pandas_frame(NUMBERS, "Float64"),
    "arrow": pandas_frame(NUMBERS, "float64[pyarrow]"),
    "arrow decimal": pandas_frame(DECIMALS, pd.ArrowDtype(pa.decimal128(9, 2))),
    "polars": polars_frame(NUMBERS),
    "polars decimal": polars_frame(DECIMALS, pl.Decimal(9, 2)),
}
"""The same column of numbers."""

AS_BOOLEANS = {
    "object": pandas_frame([True, None, False], object),
    "boolean": pandas_frame([True, None, False], "boolean"),
    "arrow": pandas_frame([True, None, False], "bool[pyarrow]"),
    "polars": polars_frame([True, None, False]),
}

AS_CATEGORIES = {
    "object": pandas_frame(WORDS, object),
    "object with gaps of all kinds": pandas_frame(["b", pd.NA, "a", "b"], object),
    "category": pandas_frame(WORDS, "category"),
    "string": pandas_frame(WORDS, "string"),
    "arrow": pandas_frame(WORDS, pd.ArrowDtype(pa.string())),
    "arrow dictionary": pandas_frame(WORDS, pd.ArrowDtype(pa.dictionary(pa.int32(), pa.string()))),
    "polars": polars_frame(WORDS),
    "polars categorical": polars_frame(WORDS, pl.Categorical),
    "polars enum": polars_frame(WORDS, pl.Enum(["b", "a"])),
}
"""The same column of categories."""


@pytest.mark.parametrize("frame", AS_NUMBERS.values(), ids=AS_NUMBERS.keys())
def test_a_column_of_numbers_is_one_whatever_its_dtype(frame):
    preprocessor = learn(frame)
    assert preprocessor.numbers_ == [0]
    np.testing.assert_array_equal(
        preprocessor.transform(table_of(frame))[0][:, :2], [[1.5, 0], [1.5, 1], [0, 0], [2.5, 0]]
    )


@pytest.mark.parametrize("frame", AS_BOOLEANS.values(), ids=AS_BOOLEANS.keys())
def test_booleans_are_numbers(frame):
    np.testing.assert_array_equal(table_of(frame).numbers([0], slice(None)), [[1], [np.nan], [0]])
    assert learn(frame).numbers_ == [0]


@pytest.mark.parametrize("frame", AS_CATEGORIES.values(), ids=AS_CATEGORIES.keys())
def test_a_column_of_strings_holds_categories_whatever_its_dtype(frame):
    preprocessor = learn(frame)
    assert preprocessor.one_hot_.categories_[0].tolist() == ["a", "b", None]
    for other in AS_CATEGORIES.values():
        np.testing.assert_array_equal(preprocessor.transform(table_of(other))[0][:, :3], np.eye(3)[[1, 2, 0, 1]])


@pytest.mark.parametrize(
    "frame",
    [
        pandas_frame([None, None], object),
        pandas_frame([None, None], pd.ArrowDtype(pa.null())),
        polars_frame([None, None]),
    ],
)
def test_a_column_without_any_value_takes_whatever_comes_later(frame):
    preprocessor = learn(frame)
    for values in (["x", None], [1.0, None]):
        np.testing.assert_array_equal(preprocessor.transform(table_of(polars_frame(values)))[0][:, 0], [0, 1])


def test_categories_that_are_numbers_are_the_same_as_floats():
    preprocessor = learn(pandas_frame([3, 1, 2], "category"))
    found = preprocessor.transform(table_of(pandas_frame([1.0, np.nan, 3.0], float)))[0]
    np.testing.assert_array_equal(found[:, :3], [[1, 0, 0], [0, 0, 0], [0, 0, 1]])


def test_gaps_in_arrays_are_a_category():
    for array in (np.array([[1.0], [np.nan]]), np.array([["x"], [pd.NA]], object), np.array([["x"], [None]], object)):
        for given in ([0], [True]):
            preprocessor = learn(array, given)
            assert preprocessor.one_hot_.categories_[0].tolist()[1] is None
            found = preprocessor.transform(table_of(array, objects=True))[0]
            np.testing.assert_array_equal(found[:, :2], np.eye(2))


@pytest.mark.parametrize(
    "frame",
    [
        pandas_frame(DAYS, object),
        pandas_frame(DAYS, "datetime64[ns]"),
        pandas_frame(DAYS, pd.ArrowDtype(pa.date32())),
        pandas_frame(pd.period_range("2020", periods=4, freq="D"), None),
        polars_frame(DAYS),
        polars_frame(DAYS, pl.Datetime),
        polars_frame([datetime.timedelta(1)]),
    ],
)
def test_dates_are_refused_at_fit_and_at_predict(frame):
    with pytest.raises(ValueError, match=r"'c' of X holds dates or times: make numbers of it"):
        learn(frame)
    with pytest.raises(ValueError, match=r"'c' of X holds dates or times: make numbers of it"):
        learn(polars_frame(NUMBERS)).transform(table_of(frame))
    with pytest.raises(ValueError, match=r"'c' of X had categories that were strings.*holds dates or times now"):
        learn(polars_frame(WORDS)).transform(table_of(frame))
    assert learn(frame, [0]).categories_ == [0]


def test_categories_that_are_dates_are_no_numbers():
    with pytest.raises(ValueError, match=r"'c' of X is numeric, but holds something else.*Timestamp"):
        learn(polars_frame(NUMBERS)).transform(table_of(pandas_frame(pd.to_datetime(DAYS), "category")))


@pytest.mark.parametrize(
    ("frame", "kind"),
    [
        (pandas_frame([[1], [2]], object), "list"),
        (pandas_frame([(1,), (2,)], object), "tuple"),
        (pandas_frame([b"x", b"y"], object), "bytes"),
        (pandas_frame([1j, 2j], complex), "complex"),
        (pandas_frame([[1], [2]], pd.ArrowDtype(pa.list_(pa.int64()))), "ndarray"),
        (pandas_frame([object(), object()], object), "object"),
        (polars_frame([[1], [2]]), "list"),
        (polars_frame([{"a": 1}, {"a": 2}]), "dict"),
        (polars_frame([b"x", b"y"]), "bytes"),
    ],
)
def test_values_that_are_neither_numbers_nor_categories_are_refused(frame, kind):
    with pytest.raises(
        ValueError, match=rf"'c' of X holds values of {kind}, which are no categories here: make strings"
    ):
        learn(frame)
    with pytest.raises(ValueError, match=r"'c' of X is numeric, but holds something else"):
        learn(polars_frame(NUMBERS)).transform(table_of(frame))


@pytest.mark.parametrize("frame", AS_CATEGORIES.values(), ids=AS_CATEGORIES.keys())
def test_strings_in_a_column_of_numbers_are_refused(frame):
    with pytest.raises(ValueError, match=r"'c' of X is numeric, but holds something else.*categorical_features"):
        learn(polars_frame(NUMBERS)).transform(table_of(frame))


def test_numbers_and_strings_side_by_side_are_refused():
    with pytest.raises(ValueError, match=r"'c' of X holds numbers and strings side by side: make strings, or numbers"):
        learn(pandas_frame(["1", 2, None], object))


def test_categories_that_can_equal_none_of_the_fit_are_refused():
    for made, message in [
        (
            polars_frame(["1", "2"]),
            r"'c' of X had categories that were strings.*holds numbers now.*convert it to strings",
        ),
        (pandas_frame([1, 2], "category"), r"'c' of X had categories that were numbers.*holds strings now"),
    ]:
        for max_one_hot in (0, 9):
            preprocessor = learn(made, max_one_hot=max_one_hot)
            other = polars_frame([1, None]) if "numbers now" in message else polars_frame(["1", None])
            with pytest.raises(ValueError, match=message):
                preprocessor.transform(table_of(other))


def test_whole_numbers_beyond_floats_are_refused():
    with pytest.raises(ValueError, match=r"'c' of X is numeric, but holds something else.*too large"):
        learn(pandas_frame([10**400, 1], object))


def test_strings_in_an_array_are_refused_with_a_remedy():
    for array in (np.array([["x", 1.0]], object), [["x", 1.0]], np.array([["x", "1"]])):
        with pytest.raises(
            ValueError, match=r"X is not a data frame, and holds strings.*'x'.*categorical_features, or give"
        ):
            table_of(array)


@pytest.mark.parametrize("rows", [[[datetime.date(2020, 1, 1), 1.0]], [{"a": 1.0}], {"a": [1.0]}])
def test_what_is_neither_a_number_nor_a_string_in_an_array_is_refused_with_a_remedy(rows):
    with pytest.raises(TypeError, match=r"X is not a data frame, and holds values that are not numbers .*or give"):
        table_of(rows)


def test_a_lazy_frame_is_refused_with_a_remedy():
    with pytest.raises(TypeError, match=r"X is a LazyFrame.*X.collect\(\)"):
        table_of(polars_frame(NUMBERS).lazy())
