"""From the arguments of ``fit`` to what the engine trains on, and what the training is watched on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmlp._engine.data import Data
from skmlp._sparse_format import check_sparse_format
from skmlp._target_forms import TargetForm
from skmlp._targets import Coding, Target
from skmlp._validation import check_sample_weight, split_rows


@dataclass(frozen=True)
class Arguments:
    """The arguments of ``fit`` or ``partial_fit``, as they were given."""

    X: Any
    y: Any
    sample_weight: Any = None
    X_val: Any = None
    y_val: Any = None
    sample_weight_val: Any = None
    classes: Any = None
    partial: bool = False


@dataclass(frozen=True)
class Validation:
    """Samples that a training is watched on: what the engine takes, and the weights for loss and score."""

    X: tuple[Any, ...]
    target: Target
    weight: NDArray[np.float64]


@dataclass(frozen=True)
class Samples:
    """What a fit trains on, the target of that, and what it is watched on, if there is anything."""

    data: Data
    target: Target
    validation: Validation | None


@dataclass(frozen=True)
class Split:
    """The rows to train on, and those held out to validate on; of neither those of weight 0."""

    rows: NDArray[np.intp]
    held_out: NDArray[np.intp]


def split(
    target: Target,
    weight: NDArray[np.float64],
    parameters: Mapping[str, Any],
    *,
    explicit: bool,
    seed: int,
) -> Split:
    """Hold out the validation samples, if there are to be any.

    Parameters
    ----------
    target : Target
    weight : (n_samples,)
        Of the samples. Those of weight 0 are left out.
    parameters : mapping
        The estimator's: ``early_stopping`` and ``validation_fraction`` are read.
    explicit : bool
        Whether there are validation samples, which take the place of held-out ones.
    seed : int

    Raises
    ------
    ValueError
        If a side of the split has too few samples.
    """
    rows = np.flatnonzero(weight)  # a sample of weight 0 counts neither as a row nor as a step
    if explicit or not parameters["early_stopping"]:
        return Split(rows, rows[:0])
    strata = None if target.strata is None else target.strata[rows]
    kept, out = split_rows(len(rows), strata, parameters["validation_fraction"], seed)
    return Split(rows[kept], rows[out])


def weigh(
    X: tuple[Any, ...],
    target: Target,
    weight: NDArray[np.float64],
    form: TargetForm,
    parameters: Mapping[str, Any],
    split: Split,
    *,
    explicit: Validation | None,
    partial: bool,
) -> Samples:
    """Weigh the samples to train on, by sample and by label.

    Parameters
    ----------
    X : tuple of arrays, (n_samples, ...) each, or one CSR matrix
    target : Target
    weight : (n_samples,)
    form : TargetForm
    parameters : mapping
        The estimator's: ``class_weight`` and ``dtype`` are read.
    split : Split
    explicit : Validation or None
        Given validation samples, which take the place of held-out ones.
    partial : bool
        Whether these samples are a part of others to come.

    Raises
    ------
    ValueError
        If class weights leave no samples to train on.
    """
    rows, held_out = split.rows, split.held_out
    validation = explicit
    if len(held_out):
        validation = Validation(tuple(each[held_out] for each in X), target.rows(held_out), weight[held_out])
    class_weight = parameters.get("class_weight")
    if partial and "balanced" in (class_weight, *np.atleast_1d(np.array(class_weight, dtype=object))):
        raise ValueError(
            "class_weight='balanced' counts the labels of all samples, which partial_fit does not know: give the "
            "weights as a dictionary."
        )
    weighed = weight if class_weight is None else form.weigh(class_weight, weight, target, rows)
    trained = rows[weighed[rows].reshape(len(rows), -1).any(axis=1)]
    if not len(trained):
        raise ValueError("class_weight leaves no sample with a weight above 0: give a weight to a class that y has.")
    # Weights are relative to their mean; but the labels of a part do not tell what the class weights are relative to.
    mean = weight[rows].mean() if partial else weighed[trained].mean()
    with np.errstate(under="ignore"):  # of weights that are as good as 0 beside others
        relative = (weighed / mean).astype(parameters["dtype"])
    data = Data(X, (target.encoded,), relative, trained)
    return Samples(data, target, validation)


def explicit_validation(
    given: Arguments,
    read: Callable[[Any], tuple[Any, ...]],
    form: TargetForm,
    coding: Coding,
    dtype: str,
) -> Validation | None:
    """The validation data that a fit was given, held to what its training data set; None if it was given none.

    ``read`` makes inputs of the network of samples.
    """
    if given.X_val is None:
        return None
    try:
        X = read(given.X_val)
    except ValueError as error:  # scikit-learn calls whatever is checked X
        raise ValueError(f"X_val: {error}") from error
    check_sparse_format(given.y_val, "y_val")
    weight = check_sample_weight(given.sample_weight_val, X[0].shape[0], "sample_weight_val")
    return Validation(X, form.encode(given.y_val, coding, dtype, "y_val"), weight)
