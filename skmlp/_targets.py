"""Every kind of target, one row each: its loss, its output activation, and how it is encoded and decoded."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import log_expit, log_softmax
from sklearn.utils import column_or_1d
from sklearn.utils.multiclass import check_classification_targets

_REGRESSION_LOSSES = (
    "mean_squared_error",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_logarithmic_error",
    "huber",
    "log_cosh",
    "poisson",
    "binary_crossentropy",
)


@dataclass(frozen=True)
class TargetType:
    """A row of the table: what the target allows, the default first."""

    losses: tuple[str, ...]
    output_activations: tuple[str, ...]


@dataclass(frozen=True)
class Target:
    """A validated target of n_samples.

    ``encoded`` is what the loss compares outputs with: class numbers of shape (n_samples,), or (n_samples,
    n_outputs). ``codes`` are the class numbers of a classifier in any case, and None for a regressor.
    """

    kind: str
    loss: str
    output_activation: str
    n_outputs: int
    encoded: NDArray[Any]
    codes: NDArray[np.intp] | None

    def rows(self, rows: NDArray[np.intp]) -> Target:
        """The same target for some of the samples."""
        return replace(self, encoded=self.encoded[rows], codes=None if self.codes is None else self.codes[rows])


TARGETS = {
    "binary": TargetType(
        losses=("binary_crossentropy", "binary_focal_crossentropy", "mean_squared_error", "mean_absolute_error"),
        output_activations=("sigmoid",),
    ),
    "multiclass": TargetType(
        losses=(
            "categorical_crossentropy",
            "categorical_focal_crossentropy",
            "kl_divergence",
            "mean_squared_error",
            "mean_absolute_error",
            "binary_crossentropy",
        ),
        output_activations=("softmax",),
    ),
    "regression": TargetType(
        losses=_REGRESSION_LOSSES,
        output_activations=("linear", "sigmoid", "softplus", "exponential", "relu", "tanh"),
    ),
}
"""Target type -> what a network for it looks like."""


def choose(kind: str, loss: str, output_activation: str) -> tuple[str, str]:
    """The loss and the output activation for a target type; "auto" takes the first of its row.

    Raises
    ------
    ValueError
        If the target type does not allow what was asked for.
    """
    row = TARGETS[kind]
    chosen = []
    for parameter, value, allowed in (
        ("loss", loss, row.losses),
        ("output_activation", output_activation, row.output_activations),
    ):
        if value != "auto" and value not in allowed:
            raise ValueError(f"{parameter}={value!r} does not fit a {kind} target: choose 'auto' or one of {allowed}.")
        chosen.append(allowed[0] if value == "auto" else value)
    if kind == "regression" and chosen[0] == "binary_crossentropy" and chosen[1] != "sigmoid":
        raise ValueError(
            f"loss='binary_crossentropy' needs outputs between 0 and 1, not output_activation={chosen[1]!r}: "
            "set output_activation='sigmoid'."
        )
    if chosen[0] == "poisson" and chosen[1] not in ("softplus", "exponential", "sigmoid"):
        raise ValueError(
            f"loss='poisson' needs positive outputs, not output_activation={chosen[1]!r}: set "
            "output_activation='exponential' or 'softplus'."
        )
    return chosen[0], chosen[1]


def encode_classes(y: ArrayLike) -> tuple[NDArray[Any], NDArray[np.intp]]:
    """The sorted classes of a target, and the class number of each sample.

    Raises
    ------
    ValueError
        If the target is continuous, of more than one output, or has a single class.
    """
    labels = _labels(y)
    check_classification_targets(labels)
    classes, codes = np.unique(labels, return_inverse=True)
    if len(classes) < 2:
        raise ValueError(
            f"y has one class, {classes[0]!r}: a classifier needs samples of at least two classes to learn from."
        )
    return classes, codes.astype(np.intp)


def _labels(y: ArrayLike) -> NDArray[Any]:
    """Labels as an array of shape (n_samples,); numbers that came as objects get a dtype of numbers."""
    labels = np.asarray(column_or_1d(y, warn=True))
    if labels.dtype == object and not any(isinstance(label, str) for label in labels):
        return np.array(labels.tolist())
    return labels


def class_numbers(y: ArrayLike, classes: NDArray[Any], name: str) -> NDArray[np.intp]:
    """The class number of each label of a target that comes after the classes are known."""
    labels = _labels(y)
    unknown = np.setdiff1d(labels, classes)
    if len(unknown):
        raise ValueError(f"{name} holds labels that y does not: {unknown.tolist()}; y has {classes.tolist()}.")
    codes: NDArray[np.intp] = np.searchsorted(classes, labels)
    return codes


def class_target(codes: NDArray[np.intp], n_classes: int, loss: str, output_activation: str, dtype: str) -> Target:
    """The target of a classifier.

    Categorical cross-entropy takes the class numbers themselves; any other multiclass loss takes one-hot rows, and a
    binary one takes a column of 0 and 1.
    """
    kind = "binary" if n_classes == 2 else "multiclass"
    loss, output_activation = choose(kind, loss, output_activation)
    if kind == "binary":
        encoded = codes[:, None].astype(dtype)
    elif loss == "categorical_crossentropy":
        loss, encoded = "sparse_categorical_crossentropy", codes.astype(np.int32)
    else:
        encoded = np.eye(n_classes, dtype=dtype)[codes]
    return Target(kind, loss, output_activation, 1 if kind == "binary" else n_classes, encoded, codes)


def regression_target(y: NDArray[Any], loss: str, output_activation: str, dtype: str) -> Target:
    """The target of a regressor, from y of shape (n_samples,) or (n_samples, n_outputs).

    Raises
    ------
    ValueError
        If the loss is not defined for the values.
    """
    loss, output_activation = choose("regression", loss, output_activation)
    encoded = y.reshape(len(y), -1).astype(dtype)
    lowest, highest = encoded.min(), encoded.max()
    if loss == "binary_crossentropy" and (lowest < 0 or highest > 1):
        raise ValueError(
            f"loss='binary_crossentropy' takes targets from 0 to 1, but y goes from {lowest:g} to {highest:g}: scale "
            "y, or choose another loss."
        )
    if loss in ("poisson", "mean_squared_logarithmic_error") and lowest < 0:
        raise ValueError(
            f"loss={loss!r} takes targets of at least 0, but y goes down to {lowest:g}: choose another loss."
        )
    return Target("regression", loss, output_activation, encoded.shape[1], encoded, None)


def decide(logits: NDArray[Any]) -> NDArray[np.intp]:
    """The class number that logits of shape (n_samples, n_outputs) speak for."""
    return (logits[:, 0] > 0).astype(np.intp) if logits.shape[1] == 1 else logits.argmax(axis=1)


def probabilities(outputs: NDArray[Any]) -> NDArray[Any]:
    """The probability of each class, (n_samples, n_classes), from activated outputs."""
    return np.hstack([1 - outputs, outputs]) if outputs.shape[1] == 1 else outputs


def log_probabilities(logits: NDArray[Any]) -> NDArray[Any]:
    """Its logarithm, from logits, which lose nothing where a probability is rounded to 0."""
    if logits.shape[1] == 1:
        return np.hstack([log_expit(-logits), log_expit(logits)])
    return np.asarray(log_softmax(logits, axis=1))
