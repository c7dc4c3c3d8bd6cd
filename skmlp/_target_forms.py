"""The form of a target: how numbers and labels become what a loss compares, and how predictions come back."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import issparse
from scipy.special import log_expit, log_softmax
from sklearn.metrics import r2_score
from sklearn.utils import check_array, column_or_1d
from sklearn.utils.multiclass import check_classification_targets

from skmlp._loss_table import LOSSES, GivenLoss
from skmlp._target_scale import TargetScale
from skmlp._targets import Coding, Target


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


class TargetForm(Protocol):
    """The form of a target, learned from the training samples; later targets are held to it."""

    @property
    def kind(self) -> str:
        """A row of `TARGETS`."""

    @property
    def n_outputs(self) -> int:
        """The width of the network's output layer."""

    @property
    def heads(self) -> tuple[int, ...] | None:
        """The widths of the slices of the outputs that have a softmax each, if it is not one for all."""

    def encode(self, y: ArrayLike, coding: Coding, dtype: str, name: str) -> Target:
        """Encode a target, which errors call ``name``."""

    def weigh(
        self, class_weight: Any, weight: NDArray[np.float64], target: Target, rows: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        """Sample weights, (n_samples,), times those of their labels, (n_samples,) or (n_samples, n_labels)."""

    def score(
        self, target: Target, logits: NDArray[np.floating], outputs: NDArray[np.floating], weight: NDArray[np.float64]
    ) -> float:
        """What the estimator's ``score`` would return for these predictions."""

    @property
    def scale(self) -> TargetScale | None:
        """That of the encoded target, if it is in standard deviations from the mean."""

    def in_units(self, encoded: NDArray[Any]) -> NDArray[Any]:
        """An encoded target in the units in which it was given."""

    def predicted(self, outputs: NDArray[np.floating]) -> NDArray[np.floating]:
        """Outputs in these units, as they are predicted."""


class Numbers:
    """The numbers of a regressor's target.

    Parameters
    ----------
    n_outputs : int
    flat : bool
        Whether predictions have one dimension.
    limits : (2, n_outputs)
        The least and the largest number that was trained on.
    clip : bool
        Whether predictions are clipped to these limits.
    scale : TargetScale, optional
        By which numbers are made standard deviations from the mean.
    """

    kind = "regression"
    heads = None

    def __init__(
        self, n_outputs: int, *, flat: bool, limits: NDArray[np.float64], clip: bool, scale: TargetScale | None = None
    ) -> None:
        self.n_outputs = n_outputs
        self.flat = flat
        self.limits = limits
        self.clip = clip
        self.scale = scale

    @classmethod
    def of(cls, y: NDArray[Any], weight: NDArray[np.float64], *, clip: bool, scaled: bool) -> Numbers:
        """Learn the form of a target, (n_samples,) or (n_samples, n_outputs), by the weights of its samples."""
        values = _columns(y)
        scale = TargetScale.of(values, weight) if scaled else None
        return cls(values.shape[1], flat=y.ndim == 1, limits=_limits(values, weight), clip=clip, scale=scale)

    def going_on(self, y: NDArray[Any], weight: NDArray[np.float64], *, clip: bool) -> Numbers:
        """The form of a training that goes on with this target: the same scale, and limits that hold both."""
        limits = _limits(self._checked(_columns(y), "y"), weight)
        both = np.stack([np.minimum(self.limits[0], limits[0]), np.maximum(self.limits[1], limits[1])])
        return Numbers(self.n_outputs, flat=self.flat, limits=both, clip=clip, scale=self.scale)

    def encode(self, y: ArrayLike, coding: Coding, dtype: str, name: str) -> Target:
        """Cast numbers to (n_samples, n_outputs), and refuse those that the loss or the outputs cannot reach.

        They are standard deviations from the mean, if they are scaled.
        """
        y = made_dense(y)
        if np.asarray(y).dtype.kind in "mM":
            raise ValueError(f"{name} holds dates or times: make numbers of it, such as the days since the first one.")
        values = check_array(y, ensure_2d=False, dtype=np.float64 if self.scale else dtype, input_name=name)
        if name != "y" and len(values) < 2:
            raise ValueError(f"{name} has one sample: give it at least two, so that R² is defined.")
        values = self._checked(values.reshape(len(values), -1), name)
        if self.scale is not None:
            values = self.scale.standardized(values)
        return regression_target(values, coding.given, coding.output_activation, dtype)

    def _checked(self, values: NDArray[Any], name: str) -> NDArray[Any]:
        """The same, (n_samples, n_outputs), if they are as many as in the target of this fit."""
        if values.shape[1] != self.n_outputs:
            raise ValueError(
                f"{name} has {values.shape[1]} outputs, but the target of this fit has {self.n_outputs}: give as many."
            )
        return values

    def weigh(
        self, class_weight: Any, weight: NDArray[np.float64], target: Target, rows: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        """Sample weights as they are: numbers have no classes."""
        return weight

    def score(
        self, target: Target, logits: NDArray[np.floating], outputs: NDArray[np.floating], weight: NDArray[np.float64]
    ) -> float:
        """R², which has no units; NaN if an output is not finite."""
        if self.clip:
            outputs = np.clip(outputs, *(self.limits if self.scale is None else self.scale.standardized(self.limits)))
        if not np.isfinite(outputs).all():
            return float("nan")
        return float(r2_score(target.encoded, outputs, sample_weight=weight))

    def in_units(self, encoded: NDArray[Any]) -> NDArray[Any]:
        """An encoded target in the units in which it was given."""
        return encoded if self.scale is None else self.scale.restored(encoded)

    def predicted(self, outputs: NDArray[np.floating]) -> NDArray[np.floating]:
        """Outputs in these units, clipped if they are to be."""
        values = self.in_units(outputs)
        return np.clip(values, *self.limits.astype(values.dtype)) if self.clip else values

    def restore(self, outputs: NDArray[np.floating]) -> NDArray[np.floating]:
        """Predictions in the form of the target."""
        values = self.predicted(outputs)
        return values.ravel() if self.flat else values


def made_dense(y: Any) -> Any:
    """A target as it is, but for a sparse one, which is made an array."""
    return y.toarray() if issparse(y) else y


def _columns(y: NDArray[Any]) -> NDArray[np.float64]:
    """Numbers, (n_samples,) or (n_samples, n_outputs), as (n_samples, n_outputs) in double precision."""
    return np.asarray(y, dtype=np.float64).reshape(len(y), -1)


def _limits(y: NDArray[np.float64], weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """The least and the largest number of each output, (2, n_outputs), among the samples that have a weight."""
    counted = y if weight.all() else y[weight > 0]
    return np.stack([counted.min(axis=0), counted.max(axis=0)])


class Labels:
    """The labels of a classifier's target: what they are, and how they are coded.

    Parameters
    ----------
    kind : str
        A row of `TARGETS`.
    classes : ndarray, or list of ndarray for "multioutput"
        The sorted labels; the numbers of the columns for "one-hot" and "multilabel".
    """

    scale = None

    def __init__(self, kind: str, classes: Any) -> None:
        self.kind = kind
        self.classes = classes

    @classmethod
    def of(cls, y: ArrayLike, *, one_hot: bool) -> Labels:
        """Learn the labels of a target, which may be a `label_table` already.

        ``one_hot`` says how to read a table of 0 and 1: as one-hot rows, rather than as independent labels.

        Raises
        ------
        ValueError
            If the target is continuous, or has a single class.
        """
        table = label_table(y)
        columns = [table] if table.ndim == 1 else list(table.T)
        distinct = [_distinct(column, "y") for column in columns]
        check_classification_targets(table)
        if table.ndim == 1:
            return cls._of_one_output(distinct[0])
        if not _is_indicator(table):
            for j, found in enumerate(distinct):
                _require_two(found, f"output {j} of y")
            return cls("multioutput", distinct)
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
        table = label_table(y)
        if table.ndim > 1:
            if not _is_indicator(table):
                raise ValueError(f"y has shape {table.shape}: partial_fit takes one output, or an array of 0 and 1.")
            return cls("one-hot" if one_hot else "multilabel", np.arange(table.shape[1]))
        if classes is None:
            raise ValueError("classes must be passed on the first call to partial_fit: all labels that will ever come.")
        return cls._of_one_output(_distinct(np.asarray(classes), "classes"))

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
        table = label_table(y)
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

    def encode(self, y: ArrayLike, coding: Coding, dtype: str, name: str) -> Target:
        """The target of labels that are all known."""
        return self.target(self.number(y, name), sparse=coding.sparse, dtype=dtype)

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

    def probabilities(self, outputs: NDArray[Any], *, widened: bool) -> Any:
        """Probabilities from activated outputs: a table, or a list of one for each output of a "multioutput" target.

        ``widened`` says that the outputs are of a wider dtype than the network.
        """
        if self.kind == "binary":
            return np.hstack([1 - outputs, outputs])
        if self.kind == "multilabel":
            return outputs
        tables = self.split(outputs)
        if widened:  # what sums to 1 in the network's dtype need not in a wider one
            tables = [table / table.sum(axis=1, keepdims=True) for table in tables]
        return tables if self.kind == "multioutput" else tables[0]

    def log_probabilities(self, logits: NDArray[Any]) -> Any:
        """Their logarithms, from logits, which lose nothing where a probability is rounded to 0."""
        if self.kind == "binary":
            return np.hstack([log_expit(-logits), log_expit(logits)])
        if self.kind == "multilabel":
            return np.asarray(log_expit(logits))
        if self.kind == "multioutput":
            return [np.asarray(log_softmax(head, axis=1)) for head in self.split(logits)]
        return np.asarray(log_softmax(logits, axis=1))

    def score(
        self, target: Target, logits: NDArray[np.floating], outputs: NDArray[np.floating], weight: NDArray[np.float64]
    ) -> float:
        """The share of samples whose labels are all predicted."""
        right = self.decide(logits) == target.codes
        return float(np.average(right.reshape(len(right), -1).all(axis=1), weights=weight))

    def in_units(self, encoded: NDArray[Any]) -> NDArray[Any]:
        """An encoded target as it is: labels have no units."""
        return encoded

    def predicted(self, outputs: NDArray[np.floating]) -> NDArray[np.floating]:
        """Outputs as they are."""
        return outputs

    def weigh(
        self, class_weight: Any, weight: NDArray[np.float64], target: Target, rows: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        """Sample weights times class weights.

        Parameters
        ----------
        class_weight : dict, "balanced", or list of these
            By label; for several labels or outputs one for all of them, or one each.
        weight : (n_samples,)
        target : Target
        rows : (n,)
            The samples that "balanced" counts, by their weights.

        Returns
        -------
        weight : (n_samples,), or (n_samples, n_labels) where each label has a weight of its own
        """
        codes = target.codes
        assert codes is not None  # noqa: S101  (for the type checker: a classifier's target has codes)
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
        unnamed = [label for label in classes.tolist() if label not in class_weight]
        if unknown and unnamed:  # scikit-learn's rule: a fold may lack a label, but a name may be mistaken
            raise ValueError(
                f"class_weight names labels that y does not have, {unknown}, and does not name {unnamed}, which y has: "
                "name the labels of y."
            )
        factors = np.array([class_weight.get(label, 1.0) for label in classes.tolist()], dtype=np.float64)
        if not (np.isfinite(factors) & (factors >= 0)).all() or not factors.any():
            raise ValueError(
                f"class_weight={class_weight!r} must hold finite weights of at least 0, not all of them 0."
            )
        return factors

    def split(self, columns: NDArray[Any]) -> list[NDArray[Any]]:
        """The slices of (n_samples, n_outputs) that belong to each output of a "multioutput" target; else the whole."""
        edges = np.cumsum((0, *(self.heads or (columns.shape[1],))))
        return [columns[:, start:end] for start, end in pairwise(edges)]


def label_table(y: ArrayLike) -> NDArray[Any]:
    """Labels as an array of one or two dimensions; numbers that came as objects get a dtype of numbers.

    A column, (n_samples, 1), is flattened with scikit-learn's warning.
    """
    table = np.asarray(made_dense(y))
    if table.ndim != 1 and (table.ndim != 2 or table.shape[1] == 1):
        table = np.asarray(column_or_1d(table, warn=True))
    if table.dtype == object and not any(isinstance(label, str) for label in table.ravel()):
        return np.array(table.tolist())
    return table


def _is_indicator(table: NDArray[Any]) -> bool:
    """Whether a table of labels holds 0 and 1 alone."""
    return bool(table.dtype.kind in "biuf" and np.isin(table, (0, 1)).all())


def _numbers(labels: NDArray[Any], classes: NDArray[Any], name: str) -> NDArray[np.intp]:
    """The positions of labels among sorted classes."""
    known = set(classes.tolist())
    unknown = [label for label in _distinct(labels, name).tolist() if label not in known]
    if unknown:
        raise ValueError(
            f"{name} holds labels that the target of this fit does not: {unknown}; it has {classes.tolist()}."
        )
    numbers: NDArray[np.intp] = np.searchsorted(classes, labels)
    return numbers


def _distinct(labels: NDArray[Any], name: str) -> NDArray[Any]:
    """The labels that there are, sorted.

    Raises
    ------
    ValueError
        If they cannot be sorted.
    """
    try:
        found: NDArray[Any] = np.unique(labels)
    except TypeError:
        types = sorted({type(label).__name__ for label in labels.tolist()})
        raise ValueError(
            f"{name} mixes labels of the types {', '.join(types)}, which have no order: give labels of one type, for "
            "example all of them as strings."
        ) from None
    return found


def _require_two(classes: NDArray[Any], name: str) -> None:
    if len(classes) < 2:
        raise ValueError(
            f"{name} has one class, {classes.tolist()[0]!r}: a classifier needs samples of at least two classes to "
            "learn from."
        )
