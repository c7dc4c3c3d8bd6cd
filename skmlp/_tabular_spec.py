"""The structure of the network for tables: everything of it that is compiled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from skmlp._spec import Activation, Form

RATES: Mapping[str, float] = {"periodic": 0.1, "scale": 6.0, "bias": 0.1, "slope": 0.1}
"""The factor on the learning rate of each kind of weight that has one, as in RealMLP [1]_.

References
----------
.. [1] Holzmüller, Grinsztajn and Steinwart, "Better by Default: Strong Pre-Tuned MLPs and Boosted Trees on Tabular
   Data", NeurIPS 2024.
"""


def _cosine_coefficients() -> list[float]:
    """Of a polynomial in ``r ** 2`` that is ``cos(2 * pi * r)`` for r from -1/2 to 1/2, to 1e-6."""
    r = np.cos(np.linspace(0, np.pi / 2, 2001)) / 2
    fitted = np.polynomial.Polynomial.fit(r**2, np.cos(2 * np.pi * r), 6)
    return [float(each) for each in fitted.convert().coef]


COSINE = _cosine_coefficients()
"""Those of the cosine that embeds numbers."""


@dataclass(frozen=True)
class TabularSpec:
    """The shape of a network for tables (see `skmlp._tabular_network`).

    Its inputs are three tables: of the numbers that have a periodic embedding, of other numbers, and of the codes of
    categories. One without columns is left out. Columns are filled up to a multiple (see `padded`), so that folds whose
    tables differ by a few have the same structure; which ones are used is a weight of the network.

    Attributes
    ----------
    n_periodic, n_plain, n_codes : int
        Columns of the three tables.
    n_categories : int
        Rows of the one table in which all codes look up their embedding.
    category_dim : int
        Its columns.
    n_frequencies, periodic_dim : int
        Of the periodic embedding: cosines of a column, and the numbers that are mixed of them.
    n_members : int
        Networks that are trained side by side.
    hidden_layer_sizes, activation : tuple
        Of each member.
    input_scale, parametric_activation : bool
        Whether each member scales its inputs; whether units have a slope.
    n_outputs, output_activation, heads
        As in `skmlp._spec.NetworkSpec`.
    own_rows : bool
        Whether a sample is a row for each member, (n_members, columns), rather than one for all of them.
    """

    n_periodic: int
    n_plain: int
    n_codes: int
    n_categories: int
    category_dim: int
    n_frequencies: int
    periodic_dim: int
    n_members: int
    hidden_layer_sizes: tuple[int, ...]
    activation: tuple[Activation, ...]
    input_scale: bool
    parametric_activation: bool
    n_outputs: int
    output_activation: str
    dtype: str
    heads: tuple[int, ...] | None = None
    own_rows: bool = False

    @property
    def inputs(self) -> tuple[Form, ...]:
        """What a sample is in each of the tables that have columns."""
        rows = (self.n_members,) if self.own_rows else ()
        tables = ((self.n_periodic, self.dtype), (self.n_plain, self.dtype), (self.n_codes, "int32"))
        return tuple(Form((*rows, n_columns), dtype) for n_columns, dtype in tables if n_columns)

    @property
    def n_inputs(self) -> int:
        """The numbers that enter the first dense layer."""
        return self.n_periodic * (self.periodic_dim + 1) + self.n_plain + self.n_codes * self.category_dim

    @property
    def weight_shapes(self) -> list[tuple[int, ...]]:
        """The shapes of its weights, in Keras' order."""
        shapes: list[tuple[int, ...]] = []
        columns, k, n_inputs = self.n_periodic, self.n_members, self.n_inputs
        if columns:
            h, dim = self.n_frequencies, self.periodic_dim
            shapes += [(h, 1, columns), (h, 1, columns), (dim, h, 1, columns), (dim, columns)]
        if self.n_codes:
            shapes.append((k, self.n_categories, self.category_dim))
        if self.input_scale:
            shapes.append((k, n_inputs))
        for layer, width in enumerate((*self.hidden_layer_sizes, self.n_outputs)):
            shapes += [(k, n_inputs, width), (k, width)]
            if layer == 0:
                shapes.append((n_inputs,))
            if self.parametric_activation and layer < len(self.hidden_layer_sizes):
                shapes.append((width,))
            n_inputs = width
        return shapes

    @property
    def widest(self) -> int:
        """The most values that a layer has of one sample, about."""
        width = max(self.n_inputs, self.n_outputs, *self.hidden_layer_sizes)
        return max(self.n_members * width, self.n_periodic * self.n_frequencies)


def padded(n: int) -> int:
    """A number of columns, or of categories, filled up to a multiple of 4, and of an eighth or a quarter of itself.

    It costs a tenth on average, and tables that differ by a few columns share a compiled program.
    """
    if n <= 0:
        return 0
    multiple = max(4, 1 << max(n.bit_length() - 3, 0))
    return -(-n // multiple) * multiple
