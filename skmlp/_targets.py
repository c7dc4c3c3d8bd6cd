"""Every kind of target: one row each in one table, and how labels become what a loss compares, and come back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import log_expit, log_softmax
from sklearn.utils import column_or_1d
from sklearn.utils.multiclass import check_classification_targets

from skmlp._loss_table import LOSSES, GivenLoss, check_outputs, fitting_losses
from skmlp._spec import Loss, Own


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

    ``kind`` is a row of `TARGETS`; ``sparse`` says by class numbers. ``boundary`` is the logit above which a label is
    predicted, where each output speaks for one label alone.
    """

    kind: str
    loss: Loss
    output_activation: str
    sparse: bool
    n_outputs: int
    heads: tuple[int, ...] | None = None
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


def regression_target(y: NDArray[Any], loss: GivenLoss, output_activation: str, dtype: str) -> Target:
    """The target of a regressor, from y of shape (n_samples,) or (n_samples, n_outputs).

    Raises
    ------
    ValueError
        If the loss or the output activation cannot reach the values.
    """
    encoded = y.reshape(len(y), -1).astype(dtype)
    lowest, highest = encoded.min(), encoded.max()
    if output_activation == "sigmoid" and (lowest < 0 or highest > 1):
        raise ValueError(
            f"output_activation='sigmoid' gives outputs from 0 to 1, but y goes from {lowest:g} to {highest:g}: scale "
            "y, or choose another output_activation."
        )
    if loss.row is not None and lowest < (least := LOSSES[loss.row].least_target):
        raise ValueError(
            f"loss={loss.given!r} takes targets of at least {least:g}, but y goes down to {lowest:g}: choose another "
            "loss."
        )
    return Target("regression", encoded, None)


class Labels:
    """The labels of a classifier's target: what they are, and how they are coded.

    Parameters
    ----------
    kind : str
        A row of `TARGETS`.
    classes : ndarray, or list of ndarray for "multioutput"
        The sorted labels; the numbers of the columns for "one-hot" and "multilabel".
    """

    def __init__(self, kind: str, classes: Any) -> None:
        self.kind = kind
        self.classes = classes

    @classmethod
    def of(cls, y: ArrayLike, *, one_hot: bool) -> Labels:
        """Learn the labels of a target.

        ``one_hot`` says how to read a table of 0 and 1: as one-hot rows, rather than as independent labels.

        Raises
        ------
        ValueError
            If the target is continuous, or has a single class.
        """
        table = _label_table(y)
        check_classification_targets(table)
        if table.ndim == 1:
            return cls._of_one_output(np.unique(table))
        if not _is_indicator(table):
            classes = [np.unique(column) for column in table.T]
            for j, found in enumerate(classes):
                _require_two(found, f"output {j} of y")
            return cls("multioutput", classes)
        if not one_hot:
            return cls("multilabel", np.arange(table.shape[1]))
        if not (table.sum(axis=1) == 1).all():
            raise ValueError(
                "y has rows without a 1, or with more than one, which are not one-hot: for independent labels leave "
                "loss='auto' and output_activation='auto'."
            )
        return cls("one-hot", np.arange(table.shape[1]))

    @classmethod
    def of_classes(cls, classes: ArrayLike | None, y: ArrayLike, *, one_hot: bool) -> Labels:
        """The labels of a target of which y is only a part: ``classes`` names them all; a table's are its columns."""
        table = _label_table(y)
        if table.ndim > 1:
            if not _is_indicator(table):
                raise ValueError(f"y has shape {table.shape}: partial_fit takes one output, or a table of 0 and 1.")
            return cls("one-hot" if one_hot else "multilabel", np.arange(table.shape[1]))
        if classes is None:
            raise ValueError("classes must be passed on the first call to partial_fit: all labels that will ever come.")
        return cls._of_one_output(np.unique(np.asarray(classes)))

    @classmethod
    def _of_one_output(cls, classes: NDArray[Any]) -> Labels:
        _require_two(classes, "y")
        return cls("binary" if len(classes) == 2 else "multiclass", classes)

    @property
    def heads(self) -> tuple[int, ...] | None:
        """The number of classes of each output of a "multioutput" target, each a slice of the network's outputs."""
        return tuple(len(classes) for classes in self.classes) if self.kind == "multioutput" else None

    @property
    def n_outputs(self) -> int:
        """The width of the network's output layer."""
        heads = self.heads
        return sum(heads) if heads else 1 if self.kind == "binary" else len(self.classes)

    def number(self, y: ArrayLike, name: str = "y") -> NDArray[np.intp]:
        """Class numbers, (n_samples,) or (n_samples, n_labels), of labels that are all known."""
        table = _label_table(y)
        columns = {"one-hot": len(self.classes), "multilabel": len(self.classes), "multioutput": len(self.classes)}
        expected = columns.get(self.kind)
        if (table.shape[1] if table.ndim > 1 else None) != expected:
            raise ValueError(
                f"{name} has shape {table.shape}, but the target of this fit has "
                + ("one output." if expected is None else f"{expected} columns.")
            )
        if self.kind == "multioutput":
            columns_of = zip(table.T, self.classes, strict=True)
            return np.column_stack([_numbers(column, classes, name) for column, classes in columns_of])
        if self.kind in ("one-hot", "multilabel"):
            numbers = np.column_stack([_numbers(column, np.array([0, 1]), name) for column in table.T])
            return numbers.argmax(axis=1) if self.kind == "one-hot" else numbers
        return _numbers(table, self.classes, name)

    def label(self, codes: NDArray[np.intp]) -> NDArray[Any]:
        """The labels of class numbers, in the form in which the user gave them."""
        if self.kind == "one-hot":
            return np.eye(len(self.classes), dtype=int)[codes]
        if self.kind == "multilabel":
            return codes
        if self.kind == "multioutput":
            return np.column_stack([classes[codes[:, j]] for j, classes in enumerate(self.classes)])
        return np.asarray(self.classes[codes])

    def target(self, codes: NDArray[np.intp], *, sparse: bool, dtype: str) -> Target:
        """The target for class numbers; ``sparse`` says that the loss takes the numbers themselves."""
        if sparse:
            encoded = codes.astype(np.int32)
        elif self.kind == "binary":
            encoded = codes[:, None].astype(dtype)
        elif self.kind == "multilabel":
            encoded = codes.astype(dtype)
        elif self.kind == "multioutput":
            one_hot = [np.eye(len(classes), dtype=dtype)[codes[:, j]] for j, classes in enumerate(self.classes)]
            encoded = np.hstack(one_hot)
        else:
            encoded = np.eye(len(self.classes), dtype=dtype)[codes]
        return Target(self.kind, encoded, codes)

    def decide(self, scores: NDArray[Any]) -> NDArray[np.intp]:
        """The class numbers that scores of shape (n_samples, n_outputs) speak for: logits minus the boundary."""
        if self.kind == "binary":
            return (scores[:, 0] > 0).astype(np.intp)
        if self.kind == "multilabel":
            return (scores > 0).astype(np.intp)
        if self.kind == "multioutput":
            return np.column_stack([head.argmax(axis=1) for head in self.split(scores)])
        largest: NDArray[np.intp] = scores.argmax(axis=1)
        return largest

    def probabilities(self, outputs: NDArray[Any]) -> Any:
        """Probabilities from activated outputs: a table, or a list of one for each output of a "multioutput" target."""
        if self.kind == "binary":
            return np.hstack([1 - outputs, outputs])
        return self.split(outputs) if self.kind == "multioutput" else outputs

    def log_probabilities(self, logits: NDArray[Any]) -> Any:
        """Their logarithms, from logits, which lose nothing where a probability is rounded to 0."""
        if self.kind == "binary":
            return np.hstack([log_expit(-logits), log_expit(logits)])
        if self.kind == "multilabel":
            return np.asarray(log_expit(logits))
        if self.kind == "multioutput":
            return [np.asarray(log_softmax(head, axis=1)) for head in self.split(logits)]
        return np.asarray(log_softmax(logits, axis=1))

    def weigh(
        self, class_weight: Any, weight: NDArray[np.float64], codes: NDArray[np.intp], rows: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        """Sample weights times class weights.

        Parameters
        ----------
        class_weight : dict, "balanced", or list of these
            By label; for several labels or outputs one for all of them, or one each.
        weight : (n_samples,)
        codes : (n_samples,) or (n_samples, n_labels)
        rows : (n,)
            The samples that "balanced" counts, by their weights.

        Returns
        -------
        weight : (n_samples,), or (n_samples, n_labels) where each label has a weight of its own
        """
        if codes.ndim == 1:
            return weight * self._factors(class_weight, self.classes, weight[rows], codes[rows])[codes]
        n_labels = codes.shape[1]
        each = class_weight if isinstance(class_weight, list) else [class_weight] * n_labels
        if len(each) != n_labels:
            raise ValueError(
                f"class_weight has {len(each)} entries for {n_labels} labels of a sample: give one for all, or one "
                "each."
            )
        classes = self.classes if self.kind == "multioutput" else [np.array([0, 1])] * n_labels
        columns = [
            self._factors(one, known, weight[rows], codes[rows, j])[codes[:, j]]
            for j, (one, known) in enumerate(zip(each, classes, strict=True))
        ]
        return weight[:, None] * np.column_stack(columns)

    @staticmethod
    def _factors(
        class_weight: Any, classes: NDArray[Any], weight: NDArray[np.float64], codes: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        """The weight of each class."""
        if isinstance(class_weight, str):
            totals = np.bincount(codes, weight, minlength=len(classes))
            present = totals > 0
            return np.where(present, totals.sum() / (present.sum() * np.where(present, totals, 1)), 1.0)
        if not isinstance(class_weight, dict):
            raise ValueError(
                f"class_weight={class_weight!r} must be a dictionary of weights by label, or 'balanced'; a list of "
                "these is for several labels or outputs."
            )
        unknown = [label for label in class_weight if label not in classes.tolist()]
        if unknown:
            raise ValueError(f"class_weight names labels that y does not have: {unknown}; y has {classes.tolist()}.")
        factors = np.array([class_weight.get(label, 1.0) for label in classes.tolist()], dtype=np.float64)
        if not (np.isfinite(factors) & (factors >= 0)).all() or not factors.any():
            raise ValueError(
                f"class_weight={class_weight!r} must hold finite weights of at least 0, not all of them 0."
            )
        return factors

    def split(self, columns: NDArray[Any]) -> list[NDArray[Any]]:
        """The slices of (n_samples, n_outputs) that belong to each output of a "multioutput" target."""
        edges = np.cumsum((0, *(self.heads or ())))
        return [columns[:, start:end] for start, end in pairwise(edges)]


def _label_table(y: ArrayLike) -> NDArray[Any]:
    """Labels as an array of one or two dimensions; numbers that came as objects get a dtype of numbers."""
    table = y if hasattr(y, "ndim") and not hasattr(y, "iloc") else np.asarray(y)
    if hasattr(table, "toarray"):
        table = table.toarray()
    table = np.asarray(table)
    if table.ndim != 2 or table.shape[1] == 1:
        table = np.asarray(column_or_1d(y, warn=True))
    if table.dtype == object and not any(isinstance(label, str) for label in table.ravel()):
        return np.array(table.tolist())
    return table


def _is_indicator(table: NDArray[Any]) -> bool:
    """Whether a table of labels holds 0 and 1 alone."""
    return bool(table.dtype.kind in "biuf" and np.isin(table, (0, 1)).all())


def _numbers(labels: NDArray[Any], classes: NDArray[Any], name: str) -> NDArray[np.intp]:
    """The positions of labels among sorted classes."""
    unknown = np.setdiff1d(labels, classes)
    if len(unknown):
        raise ValueError(f"{name} holds labels that y does not: {unknown.tolist()}; y has {classes.tolist()}.")
    numbers: NDArray[np.intp] = np.searchsorted(classes, labels)
    return numbers


def _require_two(classes: NDArray[Any], name: str) -> None:
    if len(classes) < 2:
        raise ValueError(
            f"{name} has one class, {classes.tolist()[0]!r}: a classifier needs samples of at least two classes to "
            "learn from."
        )
