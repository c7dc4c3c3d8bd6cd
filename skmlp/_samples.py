"""From the arguments of ``fit`` to what the engine trains on, and what the training is watched on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmlp._engine.data import Data
from skmlp._target_forms import TargetForm
from skmlp._targets import Coding, Target
from skmlp._validation import check_sample_weight, check_samples, split_rows


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

    X: Any
    target: Target
    weight: NDArray[np.float64]


@dataclass(frozen=True)
class Samples:
    """What a fit trains on, and what it is watched on, if there is anything."""

    data: Data
    validation: Validation | None


def split_and_weigh(
    X: Any,
    target: Target,
    weight: NDArray[np.float64],
    form: TargetForm,
    parameters: Mapping[str, Any],
    *,
    explicit: Validation | None,
    partial: bool,
    seed: int,
) -> Samples:
    """Hold out the validation samples, and weigh the others by sample and by label.

    Parameters
    ----------
    X : array or CSR matrix of shape (n_samples, n_features)
    target : Target
    weight : (n_samples,)
        Of the samples. Those of weight 0 are left out.
    form : TargetForm
    parameters : mapping
        The estimator's: ``early_stopping``, ``validation_fraction``, ``class_weight`` and ``dtype`` are read.
    explicit : Validation or None
        Given validation samples, which take the place of held-out ones.
    partial : bool
        Whether these samples are a part of others to come.
    seed : int

    Raises
    ------
    ValueError
        If a side of the split has too few samples, or if class weights leave none to train on.
    """
    rows = np.flatnonzero(weight)  # a sample of weight 0 counts neither as a row nor as a step
    validation = explicit
    if explicit is None and parameters["early_stopping"]:
        strata = None if target.strata is None else target.strata[rows]
        kept, out = split_rows(len(rows), strata, parameters["validation_fraction"], seed)
        held_out, rows = rows[out], rows[kept]
        validation = Validation(X[held_out], target.rows(held_out), weight[held_out])

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
    return Samples(Data(X, target.encoded, (weighed / mean).astype(parameters["dtype"]), trained), validation)


def explicit_validation(estimator: Any, given: Arguments, form: TargetForm, coding: Coding) -> Validation | None:
    """The validation data that a fit was given, held to what its training data set; None if it was given none."""
    if given.X_val is None:
        return None
    try:
        X = check_samples(estimator, given.X_val, dtype=estimator.dtype, reset=False)
    except ValueError as error:  # scikit-learn calls whatever is checked X
        raise ValueError(f"X_val: {error}") from error
    weight = check_sample_weight(given.sample_weight_val, X.shape[0], "sample_weight_val")
    return Validation(X, form.encode(given.y_val, coding, estimator.dtype, "y_val"), weight)
