"""What the estimators for tables make of columns, as nodes of ONNX: gaps filled, numbers scaled, categories coded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri
from skl2onnx import get_model_alias
from skl2onnx.common.data_types import DoubleTensorType, StringTensorType
from sklearn.preprocessing import QuantileTransformer, StandardScaler

from skmlp._columns import kinds_of
from skmlp._onnx.nodes import Nodes
from skmlp._tables import TablePreprocessor


class Columns:
    """The columns of the inputs of a graph, side by side, each (n_samples, 1).

    Parameters
    ----------
    nodes : Nodes
    variables : sequence of object
        skl2onnx's inputs: one table, or one for each column.
    names : sequence of str
        Of the columns, for messages.
    """

    def __init__(self, nodes: Nodes, variables: Sequence[Any], names: Sequence[str]) -> None:
        self._nodes = nodes
        self._names = names
        self._places = [
            (variable, i if width > 1 else None)
            for variable, width in ((each, each.get_second_dimension() or len(names)) for each in variables)
            for i in range(width)
        ]

    def _column(self, position: int) -> tuple[str, bool]:
        """A column, and whether it holds strings."""
        variable, i = self._places[position]
        name = variable.full_name
        if i is not None:
            name = self._nodes("Gather", name, np.array([i], np.int64), axis=1)
        return name, isinstance(variable.type, StringTensorType)

    def numbers(self, positions: Sequence[int]) -> str:
        """Columns of numbers, (n_samples, columns) in double precision, with NaN for missing ones."""
        nodes = self._nodes.of("float64")
        found = []
        for position in positions:
            column, is_text = self._column(position)
            if is_text:
                raise ValueError(
                    f"The column {self._names[position]} is one of numbers, but comes as strings: give to_onnx samples "
                    "of the dtypes that you fitted on, as a data frame if they are of several."
                )
            found.append(nodes.cast(column, np.float64))
        return nodes("Concat", *found, axis=1) if len(found) > 1 else found[0]

    def codes(self, position: int, known: NDArray[Any], codes: NDArray[np.int64], unknown: int) -> str:
        """The codes of the categories of a column, (n_samples, 1): one for each that is known, and one for others.

        A missing one is NaN, or "" among strings.
        """
        nodes = self._nodes.of("float64")
        column, is_text = self._column(position)
        of_missing = next((int(code) for value, code in zip(known, codes, strict=True) if value is None), unknown)
        table = {value: int(code) for value, code in zip(known, codes, strict=True) if value is not None}
        kinds = kinds_of(table)
        if kinds - {"numbers", "strings"}:
            raise ValueError(
                f"The column {self._names[position]} has categories that are {' and '.join(sorted(kinds))}, for which "
                "ONNX has no type: make strings of them."
            )
        if kinds - {"strings" if is_text else "numbers"}:
            raise ValueError(
                f"The column {self._names[position]} has categories that are {' and '.join(kinds)}, but comes as "
                f"{'strings' if is_text else 'numbers'}: give to_onnx samples of the dtypes that you fitted on, as a "
                "data frame if they are of several."
            )
        if is_text:
            if "" in table and None in known.tolist():
                raise ValueError(
                    f'The column {self._names[position]} has the category "", and a missing one, for which '
                    'ONNX has nothing else: give "" another name.'
                )
            table = {"": of_missing, **table}
            return self._nodes(
                "LabelEncoder",
                column,
                op_domain="ai.onnx.ml",
                op_version=2,
                keys_strings=list(table),
                values_int64s=list(table.values()),
                default_int64=unknown,
            )
        column = nodes.cast(column, np.float64)
        equal = nodes("Equal", column, np.array([float(value) for value in table]))
        steps = np.array([code - unknown for code in table.values()], np.int64)
        moved = nodes("ReduceSum", nodes("Where", equal, steps, np.int64(0)), np.array([1], np.int64), keepdims=1)
        return nodes("Where", nodes("IsNaN", column), np.int64(of_missing), nodes("Add", moved, np.int64(unknown)))


def network_inputs(
    nodes: Nodes, columns: Columns, learned: TablePreprocessor, operator: Any
) -> tuple[str | None, str | None, str | None]:
    """The inputs that `TablePreprocessor.transform` makes, not filled up: numbers to embed, others, codes; or None.

    The first two are in the dtype of the network.
    """
    embedded: list[str] = []
    plain: list[str] = []
    if learned.numbers_:
        wide = nodes.of("float64")
        gaps = columns.numbers(learned.numbers_)
        missing = wide("IsNaN", gaps)
        numbers = wide("Where", missing, learned.imputer_.statistics_, gaps)
        many = np.array(learned._many, np.int64)
        few = np.setdiff1d(np.arange(len(learned.numbers_)), many)
        if len(many):
            scaled = _scaled(wide, learned.scaler_, wide("Gather", numbers, many, axis=1), len(many), operator)
            (embedded if learned.embed_numbers else plain).append(scaled)
        if len(few):
            part = wide("Gather", numbers, few, axis=1)
            plain.append(_scaled(wide, learned.two_valued_scaler_, part, len(few), operator))
        if len(learned.indicator_.features_):
            plain.append(wide("Gather", missing, learned.indicator_.features_.astype(np.int64), axis=1))
    for position, known in zip(learned.one_hot_columns_, _categories(learned.one_hot_), strict=True):
        ranks = np.arange(len(known))
        plain.append(nodes("Equal", columns.codes(position, known, ranks, -1), ranks[None]))
    codes = []
    first = 1  # row 0 is that of all unknown ones
    for position, known in zip(learned.embedded_, _categories(learned.ordinal_), strict=True):
        codes.append(columns.codes(position, known, first + np.arange(len(known)), 0))
        first += len(known)
    tables = [[nodes.cast(each, nodes.dtype) for each in parts] for parts in (embedded, plain)]
    found = [nodes("Concat", *parts, axis=1) if parts else None for parts in (*tables, codes)]
    return found[0], found[1], found[2]


def _categories(encoder: Any) -> list[NDArray[Any]]:
    """Those of each column, none if no column was encoded."""
    found: list[NDArray[Any]] = getattr(encoder, "categories_", [])
    return found


def _scaled(nodes: Nodes, scaler: Any, x: str, width: int, operator: Any) -> str:
    """Columns of numbers as a fitted transformer scales them.

    Raises
    ------
    ValueError
        If skl2onnx does not know the transformer.
    """
    if scaler is None:
        return x
    if type(scaler) is StandardScaler:
        centred = nodes("Sub", x, scaler.mean_) if scaler.with_mean else x
        return nodes("Div", centred, scaler.scale_) if scaler.with_std else centred
    if type(scaler) is QuantileTransformer:
        return _quantiles(nodes, scaler, x)
    try:
        alias = get_model_alias(type(scaler))
    except RuntimeError as error:
        raise ValueError(
            f"numeric_scaling={scaler!r} cannot be written as nodes of ONNX, as skl2onnx does not know it: take "
            "'quantile', 'standard' or one that it knows, or register a converter of your own with it."
        ) from error
    scope = operator.scope_inst
    inner = scope.declare_local_operator(alias, scaler)
    given, found = (scope.declare_local_variable(name, DoubleTensorType([None, width])) for name in ("given", "found"))
    nodes("Identity", x, output=given.full_name)
    inner.inputs.append(given)
    inner.outputs.append(found)
    return str(found.full_name)


_BOUND = 1e-7
"""How near to the ends of its range scikit-learn's quantiles end."""


def _quantiles(nodes: Nodes, scaler: Any, x: str) -> str:
    """Columns of numbers as their ranks, from 0 to 1, or as normal numbers of the same ranks.

    A rank is between those of the quantiles around the number. Among equal quantiles it is the middle: the mean of what
    is found from below and from above.
    """
    quantiles, ranks = scaler.quantiles_, scaler.references_
    normal = scaler.output_distribution == "normal"
    bound = _BOUND if normal else 0.0
    if len(ranks) == 1:  # of which scikit-learn makes 0, and 1 of what a normal output has above it
        quantiles, ranks = np.repeat(quantiles, 2, axis=0), np.zeros(2)
    highest = 1.0 if normal else float(ranks[-1])
    with np.errstate(divide="ignore", invalid="ignore"):
        slopes = np.diff(ranks)[:, None] / np.diff(quantiles, axis=0)
    slopes = np.where(np.isfinite(slopes), slopes, 0)
    last = len(ranks) - 2
    below, above = (
        nodes.clipped(nodes("Sub", _count(nodes, quantiles, x, comparison), np.int64(1)), np.int64(0), np.int64(last))
        for comparison in ("LessOrEqual", "Less")
    )
    found = []
    for place, knots, levels in ((below, quantiles[:-1], ranks[:-1]), (above, quantiles[1:], ranks[1:])):
        distance = nodes("Sub", x, _taken(nodes, knots, place))
        climb = nodes("Mul", distance, _taken(nodes, slopes, place))
        found.append(nodes("Add", nodes("Gather", levels, place), climb))
    rank = nodes("Mul", nodes("Add", *found), 0.5)
    low, high = quantiles[0], quantiles[-1]
    rank = nodes("Where", nodes("Greater" if normal else "GreaterOrEqual", nodes("Add", x, bound), high), highest, rank)
    rank = nodes("Where", nodes("Less" if normal else "LessOrEqual", nodes("Sub", x, bound), low), 0.0, rank)
    return _normal(nodes, rank) if normal else rank


def _taken(nodes: Nodes, table: NDArray[np.float64], places: str) -> str:
    """The values of a table, (places, columns), at a place for each row and column, (n_samples, columns)."""
    n_columns = table.shape[1]
    flat = nodes("Add", nodes("Mul", places, np.int64(n_columns)), np.arange(n_columns))
    return nodes("Gather", table.ravel(), flat)


def _count(nodes: Nodes, quantiles: NDArray[np.float64], x: str, comparison: str) -> str:
    """How many of its column's quantiles each number is above ("Less"), or not below; by halving, of whole numbers."""
    n, n_columns = quantiles.shape
    step = 1 << (n.bit_length() - 1)
    filled = np.vstack([quantiles, np.full((2 * step - 1 - n, n_columns), np.inf)])
    found = nodes.cast(nodes("Mul", x, 0.0), np.int64)
    while step:
        further = nodes("Add", found, np.int64(step))
        quantile = _taken(nodes, filled, nodes("Sub", further, np.int64(1)))
        found = nodes("Where", nodes(comparison, quantile, x), further, found)
        step //= 2
    return found


def _normal(nodes: Nodes, rank: str) -> str:
    """The normal number of each rank, within those of the ranks that scikit-learn goes to.

    ONNX has no such function. As one of ``sqrt(-2 * log(rank))``, of ranks up to 1/2, it is a polynomial to all digits.
    """
    mirrored = nodes("Sub", 1.0, rank)
    tail = nodes.clipped(nodes("Min", rank, mirrored), _BOUND / 2, 0.5)
    t = nodes("Sqrt", nodes("Mul", nodes("Log", tail), -2.0))
    start, end = _LIMITS
    z = nodes("Sub", nodes("Mul", t, 2 / (end - start)), (end + start) / (end - start))
    twice = nodes("Mul", z, 2.0)
    first: Any = float(_POLYNOMIAL[-1])
    second: Any = 0.0
    for coefficient in _POLYNOMIAL[-2:0:-1]:  # Clenshaw's sum
        first, second = nodes("Add", nodes("Sub", nodes("Mul", twice, first), second), float(coefficient)), first
    number = nodes("Add", nodes("Sub", nodes("Mul", z, first), second), float(_POLYNOMIAL[0]))
    number = nodes("Where", nodes("Less", rank, 0.5), number, nodes("Neg", number))
    least = _BOUND - np.spacing(1)
    return nodes.clipped(number, ndtri(least), ndtri(1 - least))


_LIMITS = tuple(float(np.sqrt(-2 * np.log(rank))) for rank in (0.5, _BOUND / 2))
_POLYNOMIAL = np.polynomial.chebyshev.chebinterpolate(
    lambda z: ndtri(np.exp(-((((_LIMITS[1] - _LIMITS[0]) * z + _LIMITS[0] + _LIMITS[1]) / 2) ** 2) / 2)), 36
)
