"""Every kind of target: one row each in one table, and which loss and outputs go with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmlp._loss_table import LOSSES, GivenLoss, check_outputs, fitting_losses
from skmlp._own import Own
from skmlp._spec import Loss


@dataclass(frozen=True)
class TargetType:
    """A row of the table.

    ``loss`` is the default, a row of `skmlp._loss_table.LOSSES`, whose rows say which targets they are for;
    ``output_activations`` are those that go with the target, the default first.
    """

    loss: str
    output_activations: tuple[str, ...]


TARGETS = {
    "binary": TargetType("binary_crossentropy", ("sigmoid", "linear")),
    "multiclass": TargetType("categorical_crossentropy", ("softmax", "linear")),
    "one-hot": TargetType("categorical_crossentropy", ("softmax", "linear")),
    "multilabel": TargetType("binary_crossentropy", ("sigmoid", "linear")),
    "multioutput": TargetType("categorical_crossentropy", ("softmax",)),
    "regression": TargetType("mean_squared_error", ("linear", "sigmoid", "softplus", "exponential", "relu", "tanh")),
}
"""Target type -> what a network for it looks like.

"one-hot" is a multiclass target whose user gave one-hot rows; "multioutput" several multiclass outputs at once, each
with a softmax of its own. "linear" outputs are scores without probabilities, for losses such as the hinge.
"""


@dataclass(frozen=True)
class Target:
    """A validated target of n_samples.

    ``encoded`` is what the loss compares outputs with: class numbers of shape (n_samples,), or (n_samples,
    n_outputs). ``codes`` are the class numbers of a classifier, (n_samples,) or (n_samples, n_labels), and None for a
    regressor.
    """

    kind: str
    encoded: NDArray[Any]
    codes: NDArray[np.intp] | None

    def rows(self, rows: NDArray[np.intp]) -> Target:
        """The same target for some of the samples."""
        return replace(self, encoded=self.encoded[rows], codes=None if self.codes is None else self.codes[rows])

    @property
    def strata(self) -> NDArray[np.intp] | None:
        """The class numbers by which a split can be stratified; None for several outputs and for regression."""
        return self.codes if self.codes is not None and self.codes.ndim == 1 else None


@dataclass(frozen=True)
class Coding:
    """How a target is compared with a network's outputs.

    ``kind`` is a row of `TARGETS`; ``sparse`` says by class numbers; ``given`` is the loss as its user gave it.
    ``boundary`` is the logit above which a label is predicted, where each output speaks for one label alone.
    """

    kind: str
    loss: Loss
    output_activation: str
    sparse: bool
    given: GivenLoss
    boundary: float = 0.0


@dataclass(frozen=True)
class Choice:
    """The loss and the output activation of a fit.

    ``boundary`` is the logit above which a label is predicted; None where it is to be found by trying the loss.
    """

    loss: Loss
    output_activation: str
    boundary: float | None


def choose(kind: str, loss: GivenLoss, output_activation: str, known_losses: Sequence[str]) -> Choice:
    """The loss and the output activation for a target type; "auto" takes the default of its row.

    Raises
    ------
    ValueError
        If the target type does not go with what was asked for.
    """
    target = TARGETS[kind]
    activations = target.output_activations
    if output_activation != "auto" and output_activation not in activations:
        raise ValueError(
            f"output_activation={output_activation!r} does not fit a {kind} target: choose 'auto' or one of "
            f"{', '.join(activations)}."
        )
    activation = activations[0] if output_activation == "auto" else output_activation
    row = target.loss if loss.loss == "auto" else loss.row
    # Several outputs have a cross-entropy each; an object's would be one of the whole row.
    own = isinstance(loss.loss, Own)
    if (own and kind == "multioutput") or (row is not None and kind not in LOSSES[row].kinds):
        fitting = ", ".join(fitting_losses(kind, known_losses))
        raise ValueError(f"loss={loss.given!r} does not fit a {kind} target: choose 'auto' or one of {fitting}.")
    check_outputs(kind, loss, row, activation)
    if own:
        scores = activation == "linear" and kind in ("binary", "multilabel")
        return Choice(loss.loss, activation, None if scores and not loss.from_logits else 0.0)
    facts = LOSSES[str(row)]
    boundary = facts.boundary if activation == "linear" else None
    return Choice(facts.trained_as or str(row), activation, 0.0 if boundary is None else boundary)
