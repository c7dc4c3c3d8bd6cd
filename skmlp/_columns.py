"""Tables as users pass them, read a few columns and rows at a time: data frames of pandas and polars, and arrays."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, time, timedelta
from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import validate_data

NUMBER, CATEGORY, DATE = "number", "category", "date"

_BLOCK_ROWS = 1 << 14

_NUMBERS = (Real, Decimal, np.bool_)
_DATES = (date, time, timedelta, np.datetime64, np.timedelta64)
_NEVER_MISSING = {str, int, bool, type(None)}
"""Types of values none of which stands for a missing one, but for None itself."""

_NO_CATEGORIES = (tuple, bytes, complex)
"""Hashable values that the encoders of scikit-learn do not take, or that have no order."""

Rows = slice | NDArray[np.intp]


class Table(ABC):
    """A table that is read in parts, and never copied as a whole.

    Attributes
    ----------
    names : list of str
        Of its columns; their numbers, if they have none.
    kinds : list of {"number", "category", "date"}
        By the dtypes of the columns.
    n_rows : int
    """

    names: list[str]
    kinds: list[str]
    n_rows: int

    @abstractmethod
    def _numbers(self, position: int, rows: Rows) -> Any:
        """A part of a column as numbers, with NaN for missing ones."""

    @abstractmethod
    def _values(self, position: int, rows: Rows) -> list[Any]:
        """A part of a column as Python objects."""

    def numbers(self, positions: Sequence[int], rows: Rows) -> NDArray[np.float64]:
        """Some rows of columns of numbers, (n, columns), with NaN for missing ones.

        Raises
        ------
        ValueError
            If a column holds something else, or infinity.
        """
        n = len(range(*rows.indices(self.n_rows))) if isinstance(rows, slice) else len(rows)
        found = np.empty((n, len(positions)))
        for i, position in enumerate(positions):
            if self.kinds[position] == DATE:
                raise ValueError(
                    f"The column {self.names[position]} of X holds dates or times: make numbers of it, such as the "
                    "year, the month, the day of the week or the days since the first one, or leave it out."
                )
            try:
                found[:, i] = self._numbers(position, rows)
            except (TypeError, ValueError, OverflowError) as error:
                raise ValueError(
                    f"The column {self.names[position]} of X is numeric, but holds something else ({error}): "
                    "name it in categorical_features, or make numbers of it."
                ) from error
            if np.isinf(found[:, i]).any():
                raise ValueError(
                    f"Input X contains infinity in the column {self.names[position]}: give a number or NaN instead."
                )
        return found

    def categories(self, position: int, rows: Rows) -> NDArray[Any]:
        """Some rows of a column of categories, (n,) of Python objects, with None for missing ones.

        Raises
        ------
        ValueError
            If there are values that cannot be categories.
        """
        values = self._values(position, rows)
        kinds = set(map(type, values))
        for kind in kinds:
            if kind.__hash__ is None or issubclass(kind, _NO_CATEGORIES):
                raise self._no_categories(position, kind.__name__)
        found = np.empty(len(values), dtype=object)
        found[:] = values if kinds <= _NEVER_MISSING else [None if _is_missing(value) else value for value in values]
        return found

    def distinct(self, position: int, rows: NDArray[np.intp]) -> list[Any]:
        """The categories of some rows of a column, sorted by type and value, None at the end.

        Raises
        ------
        ValueError
            If they are of several kinds, or have no order.
        """
        found: set[Any] = set()
        for part in parts(rows):
            found.update(self.categories(position, part))
        values = found - {None}
        if len(kinds_of(values)) > 1:
            raise ValueError(
                f"The column {self.names[position]} of X holds {' and '.join(sorted(kinds_of(values)))} side by side: "
                "make strings, or numbers, of all of them."
            )
        try:
            ordered = sorted(values, key=lambda value: (type(value).__name__, value))
        except TypeError as error:
            raise self._no_categories(position, *kinds_of(values)) from error
        return ordered + [None] * (None in found)

    def _no_categories(self, position: int, kind: str) -> ValueError:
        return ValueError(
            f"The column {self.names[position]} of X holds values of {kind}, which are no categories here: make "
            "strings or numbers of them, or leave it out."
        )

    def blocks(self) -> list[slice]:
        """The rows, a few thousand at a time."""
        return [slice(begin, begin + _BLOCK_ROWS) for begin in range(0, self.n_rows, _BLOCK_ROWS)]


def parts(rows: NDArray[np.intp]) -> Iterator[NDArray[np.intp]]:
    """Rows, a few thousand at a time."""
    for begin in range(0, len(rows), _BLOCK_ROWS):
        yield rows[begin : begin + _BLOCK_ROWS]


def kinds_of(values: Iterable[Any]) -> set[str]:
    """What values are that are not missing, in words: equal ones are of the same kind."""
    return {_kind_of(kind) for kind in set(map(type, values)) - {type(None)}}


def _kind_of(kind: type) -> str:
    if issubclass(kind, str):
        return "strings"
    if issubclass(kind, _NUMBERS):
        return "numbers"
    return "dates or times" if issubclass(kind, _DATES) or kind.__name__ == "Period" else kind.__name__


def _is_missing(value: Any) -> bool:
    """Whether a value is None, NaN, or NA or NaT of pandas."""
    return value is None or type(value).__name__ == "NAType" or value != value  # noqa: PLR0124  (as only NaN and NaT)


class PandasTable(Table):
    """A data frame of pandas."""

    def __init__(self, frame: Any) -> None:
        self._columns = [frame.iloc[:, position] for position in range(frame.shape[1])]
        self.names = [repr(name) for name in frame.columns]
        self.kinds = [self._kind(column) for column in self._columns]
        self.n_rows = len(frame)

    @staticmethod
    def _kind(column: Any) -> str:
        import pandas as pd

        dtype, types = column.dtype, pd.api.types
        if isinstance(dtype, pd.CategoricalDtype):
            return CATEGORY
        if types.is_object_dtype(dtype):
            kinds = kinds_of(column.dropna())
            return NUMBER if kinds == {"numbers"} else DATE if kinds == {"dates or times"} else CATEGORY
        if dtype.kind != "c" and (types.is_numeric_dtype(dtype) or types.is_bool_dtype(dtype)):
            return NUMBER
        return DATE if issubclass(dtype.type, (*_DATES, pd.Period)) else CATEGORY

    def _numbers(self, position: int, rows: Rows) -> Any:
        column = self._columns[position].iloc[rows]
        if self.kinds[position] == CATEGORY:  # whatever numbers there are; not dates, which pandas would make some of
            column = column.astype(object)
        return column.to_numpy(dtype=np.float64, na_value=np.nan)

    def _values(self, position: int, rows: Rows) -> list[Any]:
        column = self._columns[position].iloc[rows].astype(object)
        values: list[Any] = column.where(column.notna(), None).tolist()
        return values


class PolarsTable(Table):
    """A data frame of polars."""

    def __init__(self, frame: Any) -> None:
        self._columns = frame.get_columns()
        self.names = [repr(column.name) for column in self._columns]
        self.kinds = [self._kind(column.dtype) for column in self._columns]
        self.n_rows = len(frame)

    @staticmethod
    def _kind(dtype: Any) -> str:
        import polars as pl

        if dtype.is_numeric() or dtype == pl.Boolean:
            return NUMBER
        return DATE if dtype.is_temporal() else CATEGORY

    def _numbers(self, position: int, rows: Rows) -> Any:
        column = self._columns[position][rows]
        if self.kinds[position] == CATEGORY:  # whatever numbers there are
            return [np.nan if value is None else float(value) for value in column.to_list()]
        return column.cast(float).to_numpy()

    def _values(self, position: int, rows: Rows) -> list[Any]:
        values: list[Any] = self._columns[position][rows].to_list()
        return values


class ArrayTable(Table):
    """An array of two dimensions: its columns have no kinds of their own, and count as numbers."""

    def __init__(self, array: NDArray[Any], names: Sequence[Any] | None) -> None:
        self._array = array
        self.names = [str(position) for position in range(array.shape[1])] if names is None else list(map(repr, names))
        self.kinds = [DATE if array.dtype.kind in "mM" else NUMBER] * array.shape[1]
        self.n_rows = len(array)

    def _numbers(self, position: int, rows: Rows) -> Any:
        column = self._array[rows, position]
        if column.dtype == object:
            column = np.array([np.nan if _is_missing(value) else value for value in column])
        return column.astype(np.float64)

    def _values(self, position: int, rows: Rows) -> list[Any]:
        values: list[Any] = self._array[rows, position].tolist()
        return values


def read_table(estimator: Any, X: Any, *, reset: bool, objects: bool) -> Table:
    """A table that scikit-learn has checked, and of which it has noted names and number of columns on an estimator.

    Parameters
    ----------
    estimator : estimator
    X : data frame of pandas or polars, or array-like of shape (n_samples, n_features)
    reset : bool
        Whether to note what there is, rather than to compare with what was noted.
    objects : bool
        Whether an array may hold other things than numbers.

    Raises
    ------
    ValueError
        If it is not a table, has no rows or columns, or other columns than before.
    TypeError
        If it is not computed yet, or an array of things that are neither numbers nor strings.
    """
    made: type[PandasTable | PolarsTable] | None = PandasTable if hasattr(X, "iloc") and hasattr(X, "columns") else None
    made = PolarsTable if hasattr(X, "get_columns") and hasattr(X, "schema") else made
    if made is None:
        if type(X).__name__ == "LazyFrame":
            raise TypeError("X is a LazyFrame, which is not computed yet: give X.collect().")
        dates = getattr(getattr(X, "dtype", None), "kind", None) in ("m", "M")
        dtype = None if objects or dates else [np.float64, np.float32]
        try:
            array = validate_data(estimator, X, dtype=dtype, ensure_all_finite="allow-nan", reset=reset)
        except TypeError as error:
            if "float() argument" not in str(error):
                raise
            raise TypeError(
                f"X is not a data frame, and holds values that are not numbers ({error}): make numbers of them, or "
                "give a data frame."
            ) from error
        except ValueError as error:
            if "could not convert string to float" not in str(error):
                raise
            raise ValueError(
                f"X is not a data frame, and holds strings ({error}): name the columns of categories in "
                "categorical_features, or give a data frame."
            ) from error
        return ArrayTable(array, getattr(estimator, "feature_names_in_", None))
    validate_data(estimator, X, skip_check_array=True, reset=reset)
    if 0 in X.shape:
        raise ValueError(
            f"Found array with {X.shape[0]} sample(s) and {X.shape[1]} feature(s) (shape={X.shape}) while a minimum of "
            "1 is required: give a table with rows and columns."
        )
    return made(X)
