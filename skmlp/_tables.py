"""From tables to the inputs of a network: what is learned of a table's columns, by transformers of scikit-learn."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse
from sklearn import config_context
from sklearn.base import clone
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, QuantileTransformer, StandardScaler

from skmlp._columns import CATEGORY, Table, kinds_of
from skmlp._names import nearest
from skmlp._tabular_spec import padded

_ROWS_FITTED = 100_000
"""Rows of which scales, medians and quantiles are learned, at most."""

_NOISE = 1e-5
"""Of a column's standard deviation: what its numbers are moved by before quantiles are taken, so that few are equal."""

_LARGEST = 1e150
"""Of the numbers that a fit takes: the variance of larger ones overflows."""


class TablePreprocessor:
    """What a fit has learned of the columns of its table, and makes of them for the network.

    Made by `TabularMLPClassifier` and `TabularMLPRegressor`, as their ``preprocessor_``.

    Attributes
    ----------
    numbers_, categories_ : list of int
        The columns of numbers, and those of categories.
    imputer_ : SimpleImputer
        Gives missing numbers the medians of their columns.
    indicator_ : MissingIndicator
        Makes a column of 0 and 1 for each in which a number was missing.
    scaler_ : transformer or None
        Scales the columns of numbers with more than two values.
    two_valued_scaler_ : StandardScaler
        Scales the others.
    one_hot_ : OneHotEncoder
        Of the columns with at most ``max_one_hot`` categories. A missing one is a category, None; an unknown one has no
        column.
    ordinal_ : OrdinalEncoder
        Of the columns with more, whose categories have an embedding.
    used_ : ndarray of bool, (n_inputs,)
        Which inputs of the network's first dense layer are there; the tables are filled up with columns that are not.
    """

    def __init__(self, *, numeric_scaling: Any, embed_numbers: bool, max_one_hot: int, dtype: str) -> None:
        self.numeric_scaling = numeric_scaling
        self.embed_numbers = embed_numbers
        self.max_one_hot = max_one_hot
        self.dtype = dtype

    def fit(self, table: Table, categorical: Sequence[int], rows: NDArray[np.intp], seed: int) -> TablePreprocessor:
        """Learn of some rows of a table, whose categorical columns are known."""
        rng = np.random.default_rng((seed, 1))
        self.categories_: list[int] = list(categorical)
        self.numbers_: list[int] = [
            position for position in range(len(table.names)) if position not in self.categories_
        ]
        with config_context(transform_output="default"):  # arrays, whatever is set
            self._fit_numbers(table, rows, rng)
            self._fit_categories(table, rows)
        return self

    def transform(self, table: Table) -> tuple[NDArray[Any], ...]:
        """The inputs of the network, (n_samples, columns) each: those that have columns of the three.

        Numbers that are embedded, other numbers, and codes of embedded categories, as int32. Columns at the end of the
        first two are filled up with 0.
        """
        outputs = [np.zeros((table.n_rows, width), dtype) for width, dtype in self.widths if width]
        with config_context(transform_output="default"):
            for rows in table.blocks():
                for output, block in zip(outputs, self._block(table, rows), strict=True):
                    output[rows, : block.shape[1]] = block
        return tuple(outputs)

    @property
    def widths(self) -> tuple[tuple[int, str], ...]:
        """The columns of the three inputs, filled up, and their dtypes."""
        n_codes = len(self.embedded_)
        return (padded(self._n_periodic), self.dtype), (padded(self._n_plain), self.dtype), (n_codes, "int32")

    @property
    def n_categories_(self) -> int:
        """Rows of the table of embeddings: those of each column's categories behind one for all that are unknown."""
        return padded(1 + sum(map(len, self.ordinal_.categories_))) if self.embedded_ else 0

    def used(self, periodic_dim: int, category_dim: int) -> NDArray[np.bool_]:
        """Which numbers of the first dense layer's input are there, (n_inputs,)."""
        (periodic, _), (plain, _), (n_codes, _) = self.widths
        return np.concatenate(
            [
                np.tile(np.arange(periodic) < self._n_periodic, periodic_dim + 1),
                np.arange(plain) < self._n_plain,
                np.ones(n_codes * category_dim, bool),
            ]
        )

    @property
    def _n_periodic(self) -> int:
        return len(self._many) if self.embed_numbers else 0

    @property
    def _n_plain(self) -> int:
        one_hot = sum(map(len, self.one_hot_.categories_)) if self.one_hot_columns_ else 0
        scaled = len(self.numbers_) - self._n_periodic
        return scaled + len(self.indicator_.features_ if self.numbers_ else ()) + one_hot

    def _fit_numbers(self, table: Table, rows: NDArray[np.intp], rng: np.random.Generator) -> None:
        """Learn medians, gaps and scales."""
        fitted = rows if len(rows) <= _ROWS_FITTED else np.sort(rng.choice(rows, _ROWS_FITTED, replace=False))
        self._many: list[int] = []
        if not self.numbers_:
            return
        numbers = table.numbers(self.numbers_, fitted)
        for row, i in np.argwhere(np.abs(numbers) > _LARGEST)[:1]:
            raise self._too_large(table, i, numbers[row, i], "its square overflows")
        self.imputer_: Any = SimpleImputer(strategy="median", keep_empty_features=True).fit(numbers)
        self.indicator_: Any = MissingIndicator(error_on_new=False).fit(numbers)
        self._many = [i for i, column in enumerate(numbers.T) if len(np.unique(column[~np.isnan(column)])) > 2]
        numbers = self.imputer_.transform(numbers)
        few = np.delete(numbers, self._many, axis=1)
        self.two_valued_scaler_: Any = StandardScaler().fit(few) if few.shape[1] else None
        self.scaler_: Any = self._scaler(len(numbers), rng)
        if self._many and self.scaler_ is not None:
            many = numbers[:, self._many]
            if isinstance(self.scaler_, QuantileTransformer):
                many = many + _NOISE * many.std(axis=0) * rng.normal(size=many.shape)
            self._fit_scaler(many)

    def _fit_scaler(self, numbers: NDArray[np.float64]) -> None:
        try:
            self.scaler_.fit(numbers)
        except Exception as error:  # whatever a transformer of the user's raises
            raise self._no_scaling(f"could not be fitted to the columns of numbers ({error})") from error

    def _scaler(self, n_rows: int, rng: np.random.Generator) -> Any:
        if self.numeric_scaling == "quantile":
            return QuantileTransformer(
                n_quantiles=min(max(min(n_rows // 30, 1000), 10), n_rows),
                output_distribution="normal",
                random_state=int(rng.integers(2**31)),
            )
        if self.numeric_scaling == "standard":
            return StandardScaler()
        return None if self.numeric_scaling is None else clone(self.numeric_scaling)

    def _fit_categories(self, table: Table, rows: NDArray[np.intp]) -> None:
        """Learn the categories."""
        known = {position: table.distinct(position, rows) for position in self.categories_}
        self.one_hot_columns_: list[int] = [
            position for position in self.categories_ if len(known[position]) <= self.max_one_hot
        ]
        self.embedded_: list[int] = [
            position for position in self.categories_ if len(known[position]) > self.max_one_hot
        ]
        self.one_hot_: Any = OneHotEncoder(handle_unknown="ignore", sparse_output=False, dtype=self.dtype)
        self.ordinal_: Any = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, dtype=np.int32)
        for encoder, columns in ((self.one_hot_, self.one_hot_columns_), (self.ordinal_, self.embedded_)):
            if columns:
                categories = [_objects(known[position]) for position in columns]
                first = np.array([[each[0] for each in categories]], dtype=object)
                encoder.set_params(categories=categories).fit(first)

    def _block(self, table: Table, rows: slice) -> list[NDArray[Any]]:
        """The inputs of a few rows, not filled up."""
        periodic: list[Any] = []
        plain: list[Any] = []
        if self.numbers_:
            gaps = table.numbers(self.numbers_, rows)
            numbers = self.imputer_.transform(gaps)
            scaled = self._scaled(table, numbers)
            (periodic if self.embed_numbers else plain).append(scaled[:, self._many])
            plain.append(np.delete(scaled, self._many, axis=1))
            plain.append(self.indicator_.transform(gaps))
        if self.one_hot_columns_:
            plain.append(self.one_hot_.transform(self._values(table, self.one_hot_, self.one_hot_columns_, rows)))
        tables = [periodic, plain]
        found = [np.hstack(each) for each, (width, _) in zip(tables, self.widths, strict=False) if width]
        if self.embedded_:
            found.append(self._codes(self._values(table, self.ordinal_, self.embedded_, rows)))
        return found

    def _scaled(self, table: Table, numbers: NDArray[np.float64]) -> NDArray[np.float64]:
        """Columns of numbers, scaled.

        Raises
        ------
        ValueError
            If the network could not compute with a number, or a transformer of the user's makes something else.
        """
        scaled = numbers.copy()
        few = np.delete(np.arange(numbers.shape[1]), self._many)
        with np.errstate(all="ignore"):
            if self.two_valued_scaler_ is not None:
                scaled[:, few] = self.two_valued_scaler_.transform(numbers[:, few])
            if self._many and self.scaler_ is not None:
                scaled[:, self._many] = self._by_scaler(numbers[:, self._many])
        limit = float(np.finfo(self.dtype).max) ** 0.5
        for row, i in np.argwhere(~(np.abs(scaled) < limit))[:1]:
            made = f"numeric_scaling={self.numeric_scaling!r} makes {scaled[row, i]:g} of it"
            raise self._too_large(table, i, numbers[row, i], made)
        return scaled

    def _by_scaler(self, numbers: NDArray[np.float64]) -> NDArray[np.float64]:
        try:
            found = self.scaler_.transform(numbers)
            found = np.asarray(found.toarray() if issparse(found) else found, dtype=np.float64)
        except Exception as error:  # whatever a transformer of the user's raises
            raise self._no_scaling(f"could not transform the columns of numbers ({error})") from error
        if found.shape != numbers.shape:
            raise self._no_scaling(f"makes an array of shape {found.shape} of one of shape {numbers.shape}")
        return found

    def _no_scaling(self, what: str) -> ValueError:
        return ValueError(
            f"numeric_scaling={self.numeric_scaling!r} {what}: take 'quantile', 'standard' or a transformer that makes "
            "one number of each, and put others before the estimator, in a Pipeline."
        )

    def _too_large(self, table: Table, number: int, value: float, why: str) -> ValueError:
        return ValueError(
            f"The column {table.names[self.numbers_[number]]} of X holds {value:g}, with which the network cannot "
            f"compute ({why}): scale or clip the column, or take its logarithm."
        )

    def _codes(self, values: NDArray[Any]) -> NDArray[np.int32]:
        """Rows of the table of embeddings: 0 for what is unknown, and those of each column behind one another."""
        sizes = [len(each) for each in self.ordinal_.categories_]
        codes = self.ordinal_.transform(values)
        return np.where(codes < 0, 0, codes + 1 + np.cumsum([0, *sizes[:-1]])).astype(np.int32)

    def _values(self, table: Table, encoder: Any, positions: Sequence[int], rows: slice) -> NDArray[Any]:
        """Categories to encode, (n, columns).

        Raises
        ------
        ValueError
            If none of a column could equal one of the fit.
        """
        found = []
        for position, known in zip(positions, encoder.categories_, strict=True):
            values = table.categories(position, rows)
            learned, kinds = kinds_of(known), kinds_of(values)
            if learned and kinds - learned:
                raise ValueError(
                    f"The column {table.names[position]} of X had categories that were {', '.join(learned)} when it "
                    f"was fitted, and holds {' and '.join(sorted(kinds))} now, which can equal none of them: convert "
                    f"it to {', '.join(learned)}."
                )
            found.append(values)
        return np.stack(found, axis=1)


def _objects(values: Sequence[Any]) -> NDArray[Any]:
    found = np.empty(len(values), dtype=object)
    found[:] = values
    return found


def categorical_columns(categorical_features: Any, table: Table, names: NDArray[Any] | None) -> list[int]:
    """The positions of the categorical columns of a table.

    Parameters
    ----------
    categorical_features : "from_dtype", or array-like of names, positions or a mask, or None
    table : Table
    names : ndarray or None
        Of the features, if they have names.

    Raises
    ------
    ValueError
        If there is no such column.
    """
    n_columns = len(table.names)
    if categorical_features is None:
        found: list[int] = []
    elif isinstance(categorical_features, str):
        found = [position for position, kind in enumerate(table.kinds) if kind == CATEGORY]
    else:
        given = np.asarray(categorical_features)
        found = [] if not given.size else _positions(given, n_columns, names)
    return found


def _positions(given: NDArray[Any], n_columns: int, names: NDArray[Any] | None) -> list[int]:
    said = f"categorical_features={given.tolist()!r}"
    if given.ndim != 1:
        raise ValueError(f"{said} has {given.ndim} dimensions: give a list.")
    if given.dtype == bool:
        if len(given) != n_columns:
            raise ValueError(f"{said} is a mask of {len(given)} columns, but X has {n_columns}: give one for each.")
        return [int(position) for position in np.flatnonzero(given)]
    found = set()
    for each in given.tolist():
        if isinstance(each, Integral):
            if not 0 <= int(each) < n_columns:
                raise ValueError(f"{said} names the column {each}, but X has {n_columns}: count from 0.")
            found.add(int(each))
        elif names is None:
            raise ValueError(f"{said} holds {each!r}, but the columns of X have no names: give positions, or a mask.")
        elif each not in names:
            question = nearest(str(each), [str(name) for name in names])
            raise ValueError(f"{said} names {each!r}, which is not a column of X{': ' + question if question else '.'}")
        else:
            found.add(int(np.flatnonzero(names == each)[0]))
    return sorted(found)
