"""Nodes of a graph of ONNX, written as calls: each takes names, numbers and arrays, and returns a name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike
from onnx import TensorProto, numpy_helper
from onnx.helper import np_dtype_to_tensor_dtype


class Nodes:
    """The nodes that a converter adds to a graph.

    Parameters
    ----------
    scope, container : object
        Where skl2onnx keeps names and nodes.
    dtype : str
        Of the numbers and arrays that nodes are given.
    """

    def __init__(self, scope: Any, container: Any, dtype: str) -> None:
        self._scope = scope
        self._container = container
        self.dtype = dtype

    def of(self, dtype: str) -> Nodes:
        """The same graph with constants of another dtype."""
        return Nodes(self._scope, self._container, dtype)

    def __call__(self, op: str, *inputs: str | ArrayLike, output: str | None = None, **attributes: Any) -> str:
        """Add a node, and return the name of its output.

        Parameters
        ----------
        op : str
            An operator of ONNX.
        *inputs : str or array-like
            Names, and constants, of which floating-point ones are cast to the dtype.
        output : str, optional
            The name of the output, where it is given.
        **attributes : object
            Those of the operator.
        """
        return self._add(op, inputs, [self._named(op) if output is None else output], attributes)[0]

    def outputs(self, op: str, *inputs: str | ArrayLike, n: int, **attributes: Any) -> list[str]:
        """Add a node of ``n`` outputs, and return their names."""
        return self._add(op, inputs, [self._named(op) for _ in range(n)], attributes)

    def _named(self, op: str) -> str:
        name: str = self._scope.get_unique_variable_name(op.lower())
        return name

    def _add(
        self, op: str, inputs: Sequence[str | ArrayLike], outputs: list[str], attributes: dict[str, Any]
    ) -> list[str]:
        names = [each if isinstance(each, str) else self.constant(each) for each in inputs]
        self._container.add_node(op, names, outputs, name=self._scope.get_unique_operator_name(op), **attributes)
        return outputs

    def constant(self, value: ArrayLike) -> str:
        """The name of a constant: numbers, truths or strings."""
        array = np.asarray(value)
        name: str = self._scope.get_unique_variable_name("constant")
        if array.dtype.kind == "f":
            array = array.astype(self.dtype)
        if array.dtype.kind in "OU":
            texts = [text.encode() for text in array.ravel().tolist()]
            self._container.add_initializer(name, TensorProto.STRING, array.shape, texts)
        else:
            tensor = numpy_helper.from_array(np.ascontiguousarray(array).reshape(array.shape))
            self._container.add_initializer(name, tensor.data_type, array.shape, tensor)
        return name

    def cast(self, x: str, dtype: DTypeLike, output: str | None = None) -> str:
        """Values in another dtype."""
        return self("Cast", x, output=output, to=np_dtype_to_tensor_dtype(np.dtype(dtype)))

    def columns(self, x: str, start: int, end: int) -> str:
        """Some columns of (n_samples, columns)."""
        return self("Slice", x, *(np.array([each], np.int64) for each in (start, end, 1)))

    def flat(self, x: str) -> str:
        """A column, (n_samples, 1), as (n_samples,)."""
        return self("Reshape", x, np.array([-1], np.int64))

    def clipped(self, x: str, low: ArrayLike, high: ArrayLike) -> str:
        """Values between two limits, or those of each column."""
        return self("Min", self("Max", x, low), high)

    def sum_of(self, terms: Sequence[str]) -> str:
        """The sum of several values of the same shape, one after the other."""
        total, *others = terms
        for each in others:
            total = self("Add", total, each)
        return total

    def row_sums(self, x: str) -> str:
        """The sum of each row, (n_samples, 1)."""
        return self("ReduceSum", x, np.array([1], np.int64), keepdims=1)
