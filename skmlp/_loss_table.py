"""The losses by name: one row each in one table, and what a row says about targets and outputs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from skmlp._spec import Loss


@dataclass(frozen=True)
class LossRow:
    """A row of the table.

    Attributes
    ----------
    kinds : tuple of str
        The target types (rows of `skmlp._targets.TARGETS`) that it is for.
    probabilities : bool
        Whether it compares a classifier's labels with probabilities, not with scores.
    boundary : float or None
        The score ``s`` with ``loss(1, s) == loss(0, s)``: linear outputs above it speak for the label 1. None if there
        is no such score, or none that a training would aim at.
    logits_of : str or None
        The output activation whose logits Keras takes in place of the outputs, exactly where they saturate.
    regression_outputs : tuple of str or None
        The output activations with which it is defined for a regressor's target; None for all of them.
    least_target : float
        The least target that it is defined for.
    of_differences : bool
        Whether it compares a target and an output by their difference alone, so that both may be moved and scaled.
    trained_as : str or None
        The name of the loss that is the same for labels, which is then the one that is compiled.
    has_name : bool
        Whether a user may give it by name; Keras makes the others of a class alone.
    """

    kinds: tuple[str, ...]
    probabilities: bool = False
    boundary: float | None = None
    logits_of: str | None = None
    regression_outputs: tuple[str, ...] | None = None
    least_target: float = -math.inf
    of_differences: bool = False
    trained_as: str | None = None
    has_name: bool = True


_ONE_OF_MANY = ("multiclass", "one-hot")
_ANY = ("binary", *_ONE_OF_MANY, "multilabel", "regression")
_POSITIVE = ("exponential", "softplus", "sigmoid")

LOSSES: Mapping[str, LossRow] = {
    "binary_crossentropy": LossRow(_ANY, probabilities=True, logits_of="sigmoid", regression_outputs=("sigmoid",)),
    "binary_focal_crossentropy": LossRow(
        _ANY, probabilities=True, logits_of="sigmoid", regression_outputs=("sigmoid",)
    ),
    "categorical_crossentropy": LossRow((*_ONE_OF_MANY, "multioutput"), probabilities=True, logits_of="softmax"),
    "categorical_focal_crossentropy": LossRow(_ONE_OF_MANY, probabilities=True, logits_of="softmax"),
    "categorical_generalized_cross_entropy": LossRow(_ONE_OF_MANY, probabilities=True, has_name=False),
    "categorical_hinge": LossRow(_ONE_OF_MANY),
    "cosine_similarity": LossRow((*_ONE_OF_MANY, "multilabel", "regression")),
    "hinge": LossRow(_ANY, boundary=0.0),
    "huber": LossRow(_ANY, boundary=0.5, of_differences=True),
    "kl_divergence": LossRow(
        (*_ONE_OF_MANY, "regression"), probabilities=True, regression_outputs=_POSITIVE, least_target=0.0
    ),
    "log_cosh": LossRow(_ANY, boundary=0.5, of_differences=True),
    "mean_absolute_error": LossRow(_ANY, boundary=0.5, of_differences=True),
    "mean_absolute_percentage_error": LossRow(_ANY),
    "mean_squared_error": LossRow(_ANY, boundary=0.5, of_differences=True),
    "mean_squared_logarithmic_error": LossRow(_ANY, boundary=math.sqrt(2) - 1, least_target=0.0),
    "poisson": LossRow(_ANY, probabilities=True, regression_outputs=_POSITIVE, least_target=0.0),
    "quantile": LossRow(("regression",), of_differences=True),
    "sparse_categorical_crossentropy": LossRow(
        _ONE_OF_MANY, probabilities=True, logits_of="softmax", trained_as="categorical_crossentropy"
    ),
    "squared_hinge": LossRow(_ANY, boundary=0.0),
}
"""Every loss of a sample that Keras has by name or as a class, and "quantile", which is ours."""

NOT_OF_A_SAMPLE = ("circle", "ctc", "dice", "tversky")
"""Keras' losses of other things than a row of outputs beside a row of targets."""


@dataclass(frozen=True)
class GivenLoss:
    """A loss as a user gave it, and what it is.

    Attributes
    ----------
    given : str, keras.Loss or callable
        What the user wrote; messages show it.
    loss : str or Own
        The name of a row, "auto", or an object that no row describes in full.
    row : str or None
        The row that it belongs to, whatever its arguments; None for a user's own.
    from_logits : bool
        Whether it takes logits, whatever the output activation.
    """

    given: Any
    loss: Loss
    row: str | None
    from_logits: bool = False


def fitting_losses(kind: str, known: Sequence[str]) -> list[str]:
    """The names of the losses for a target type, among those that the installed Keras has."""
    return sorted(name for name in known if kind in LOSSES[name].kinds)


def check_outputs(kind: str, given: GivenLoss, row: str | None, activation: str) -> None:
    """Refuse outputs that a loss is not defined for, and scores that it puts no boundary between.

    ``row`` is the name of the row in force, the default one of the target type for "auto".

    Raises
    ------
    ValueError
    """
    if row is None or given.from_logits:
        return
    said = f"loss={row if given.loss == 'auto' else given.given!r}"
    facts = LOSSES[row]
    if kind != "regression":
        if activation != "linear":
            return
        if facts.probabilities:
            raise ValueError(
                f"{said} needs probabilities, not output_activation='linear': leave output_activation='auto', or "
                "choose a loss of scores, such as 'hinge' or 'squared_hinge'."
            )
        if kind in ("binary", "multilabel") and facts.boundary is None:
            with_one = ", ".join(name for name, other in LOSSES.items() if other.boundary is not None)
            raise ValueError(
                f"{said} has no boundary between scores for 0 and scores for 1, which output_activation='linear' "
                f"needs: leave output_activation='auto', or choose one of {with_one}."
            )
    elif facts.regression_outputs is not None and activation not in facts.regression_outputs:
        values = "outputs between 0 and 1" if facts.regression_outputs == ("sigmoid",) else "positive outputs"
        first, *others = facts.regression_outputs
        remedy = f"set output_activation={first!r}" + "".join(f" or {other!r}" for other in others[:1])
        raise ValueError(f"{said} needs {values}, not output_activation={activation!r}: {remedy}.")
