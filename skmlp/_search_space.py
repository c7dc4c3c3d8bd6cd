"""Search spaces for the estimators' hyperparameters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from numbers import Integral
from types import MappingProxyType
from typing import Any

import numpy as np

_RANGES: Mapping[str, Mapping[str, tuple[float, float, bool]]] = MappingProxyType(
    {
        "tabular": {
            "learning_rate": (0.02, 0.3, True),
            "dropout": (0.02, 0.4, False),
            "weight_decay": (1e-4, 0.1, True),
            "frequency_scale": (0.03, 0.3, True),
        },
        "mlp": {
            "learning_rate": (3e-4, 1e-2, True),
            "dropout": (0.02, 0.5, False),
            "l2": (1e-6, 1e-2, True),
        },
    }
)
"""Least and greatest value, and whether it is drawn on a logarithmic scale; of what is passed to a program."""

_CHOICES: Mapping[str, Mapping[str, list[Any]]] = MappingProxyType(
    {
        "tabular": {
            "hidden_layer_sizes": [(128, 128), (256, 256)],
            "activation": ["selu", "mish"],
        },
        "mlp": {
            "hidden_layer_sizes": [(128,), (128, 128), (256, 256, 256)],
            "activation": ["relu", "selu"],
            "learning_rate_schedule": [None, "cosine", "coslog4"],
        },
    }
)


class SearchSpace(dict[str, Any]):
    """A search space: for each hyperparameter a distribution of SciPy, or a list or array of values.

    It is a dictionary, which `sklearn.model_selection.RandomizedSearchCV` takes as it is. Change, add and delete
    entries as you like. `search_space` makes one.

    See Also
    --------
    search_space : Search spaces for the estimators.

    Examples
    --------
    >>> from skmlp import search_space
    >>> space = search_space("mlp")
    >>> space["dropout"] = [0.1, 0.3]
    >>> del space["activation"]
    >>> sorted(space)
    ['dropout', 'hidden_layer_sizes', 'l2', 'learning_rate', 'learning_rate_schedule']
    """

    def prefixed(self, prefix: str) -> SearchSpace:
        """Return the space for an estimator inside a pipeline.

        Each name gets the prefix of the step and two underscores.

        Parameters
        ----------
        prefix : str
            The name of the step of the pipeline, such as "kerasmlpclassifier".

        Returns
        -------
        SearchSpace
            A space with names such as "kerasmlpclassifier__dropout".

        See Also
        --------
        search_space : Search spaces for the estimators.

        Examples
        --------
        >>> from skmlp import search_space
        >>> sorted(search_space("mlp").prefixed("mlp"))[:2]
        ['mlp__activation', 'mlp__dropout']
        """
        return SearchSpace({f"{prefix}__{name}": values for name, values in self.items()})

    def candidates(
        self, n: int, *, random_state: int | np.random.RandomState | None = None
    ) -> list[dict[str, list[Any]]]:
        """Draw candidates, in an order in which those that share a compiled program follow each other.

        Entries that are lists may need a program for each value; what distributions draw is passed to the same one.

        Parameters
        ----------
        n : int
            How many, at least 1. Fewer, if the space has only lists, and not as many combinations.
        random_state : int, RandomState instance or None, default=None
            Decides what is drawn.

        Returns
        -------
        list of dict of str to list
            Grids of one candidate each, the ``param_grid`` of `sklearn.model_selection.GridSearchCV` or of
            `sklearn.model_selection.HalvingGridSearchCV`.

        Raises
        ------
        ValueError
            If ``n`` is less than 1, or an entry is neither a list nor a distribution, or an empty list.
        TypeError
            If ``n`` is no int.

        See Also
        --------
        suggest : Asks a trial of Optuna instead.

        Examples
        --------
        >>> from skmlp import search_space
        >>> grids = search_space("mlp").candidates(20, random_state=0)
        >>> widths = [grid["hidden_layer_sizes"][0] for grid in grids]
        >>> sum(first != second for first, second in zip(widths, widths[1:]))
        2
        """
        from sklearn.model_selection import ParameterSampler
        from sklearn.utils import check_scalar

        check_scalar(n, "n", Integral, min_val=1)
        lists = {name: _choices(name, values) for name, values in self.items() if not _is_distribution(values)}
        places = {name: range(len(values)) for name, values in lists.items()}
        drawn = list(ParameterSampler(self | places, n, random_state=random_state))
        drawn.sort(key=lambda candidate: [candidate[name] for name in lists])
        return [
            {name: [lists[name][value] if name in lists else value] for name, value in candidate.items()}
            for candidate in drawn
        ]

    def suggest(self, trial: Any) -> dict[str, Any]:
        """Ask a trial of Optuna for a value of each hyperparameter.

        A finished trial, such as ``study.best_trial``, returns its own values again. Use it rather than
        ``study.best_params``, which has only the names of values that Optuna cannot store, such as "(128, 128)".

        Parameters
        ----------
        trial : optuna.Trial
            The trial.

        Returns
        -------
        dict
            The hyperparameters by name, for `set_params` of the estimator.

        Raises
        ------
        ValueError
            If an entry is neither a list nor one of the distributions that Optuna knows, `scipy.stats.loguniform`,
            `scipy.stats.uniform` and `scipy.stats.randint`, or an empty list.

        See Also
        --------
        candidates : Draws candidates without Optuna.

        Examples
        --------
        >>> import optuna  # doctest: +SKIP
        >>> def objective(trial):
        ...     classifier = TabularMLPClassifier(**search_space("tabular").suggest(trial))
        ...     return classifier.fit(X, y).oof_score_
        >>> study = optuna.create_study(direction="maximize")  # doctest: +SKIP
        >>> study.optimize(objective, n_trials=20)  # doctest: +SKIP
        >>> best = TabularMLPClassifier(
        ...     **search_space("tabular").suggest(study.best_trial)
        ... )  # doctest: +SKIP
        """
        return {name: _suggested(trial, name, values) for name, values in self.items()}

    def __or__(self, other: Any) -> Any:
        merged = super().__or__(other)
        return SearchSpace(merged) if isinstance(merged, dict) else merged

    def copy(self) -> SearchSpace:
        """Return a shallow copy.

        Entries that are added to the copy, or deleted from it, leave the space as it is.

        Returns
        -------
        SearchSpace
            The copy.

        See Also
        --------
        prefixed : A copy with other names.

        Examples
        --------
        >>> from skmlp import search_space
        >>> space = search_space("mlp")
        >>> space.copy() == space
        True
        """
        return SearchSpace(self)


def search_space(kind: str) -> SearchSpace:
    """Return distributions of the hyperparameters that matter most, for a random search.

    Hyperparameters that determine the structure of the network are drawn from short lists, so that a search compiles
    few programs. The others are drawn from ranges around values that do well on many data sets, and are never 0, which
    would be another structure. Ranges and choices for tables follow those of RealMLP [1]_.

    Parameters
    ----------
    kind : {"tabular", "mlp"}
        For `TabularMLPClassifier` and `TabularMLPRegressor`; or for `KerasMLPClassifier` and `KerasMLPRegressor` with
        standardized features.

    Returns
    -------
    SearchSpace
        A distribution of SciPy or a list of values for each hyperparameter, the ``param_distributions`` of
        `sklearn.model_selection.RandomizedSearchCV`. Its methods draw ordered candidates, add the prefix of a
        pipeline's step, and ask a trial of Optuna.

    Raises
    ------
    ValueError
        If ``kind`` is unknown.

    See Also
    --------
    SearchSpace : The class of the result.

    References
    ----------
    .. [1] Holzmüller, Grinsztajn and Steinwart, "Better by Default: Strong Pre-Tuned MLPs and Boosted Trees on Tabular
       Data", NeurIPS 2024.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import RandomizedSearchCV
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skmlp import KerasMLPClassifier, search_space
    >>> pipeline = make_pipeline(
    ...     StandardScaler(), KerasMLPClassifier(epochs=20, random_state=0)
    ... )
    >>> space = search_space("mlp").prefixed("kerasmlpclassifier")
    >>> search = RandomizedSearchCV(pipeline, space, n_iter=3, cv=3, random_state=0)
    >>> bool(search.fit(*load_iris(return_X_y=True)).best_score_ > 0.8)
    True
    """
    if kind not in list(_RANGES):
        raise ValueError(f"kind={kind!r} is unknown: choose one of {', '.join(map(repr, _RANGES))}.")
    from scipy.stats import loguniform, uniform

    ranges = {
        name: loguniform(low, high) if logarithmic else uniform(low, high - low)
        for name, (low, high, logarithmic) in _RANGES[kind].items()
    }
    return SearchSpace({name: list(values) for name, values in _CHOICES[kind].items()} | ranges)


def _is_distribution(values: Any) -> bool:
    return hasattr(values, "rvs")


def _choices(name: str, values: Any) -> list[Any]:
    """The values of an entry that is no distribution."""
    choices = values.tolist() if isinstance(values, np.ndarray) else values
    if not isinstance(choices, list):
        raise ValueError(
            f"{name}={values!r} is neither a list of values nor a distribution of SciPy: give a list, of one value too."
        )
    if not choices:
        raise ValueError(f"{name}={values!r} has no values: give one, or delete the entry.")
    return choices


def _label(place: int, value: Any) -> Any:
    """What Optuna stores of a value: the same in each trial, even of an object that is made anew for each."""
    if isinstance(value, _OF_OPTUNA):
        return value
    text = repr(value)
    without_address = _ADDRESS.sub("", text)
    return text if without_address == text else f"{without_address} {place}"


def _suggested(trial: Any, name: str, values: Any) -> Any:
    if not _is_distribution(values):
        choices = _choices(name, values)
        labels = [_label(place, value) for place, value in enumerate(choices)]
        return choices[labels.index(trial.suggest_categorical(name, labels))]
    kind = getattr(getattr(values, "dist", None), "name", None)
    if kind not in _DISTRIBUTIONS:
        raise ValueError(
            f"{name}={values!r} cannot be suggested by Optuna: give a list, or one of scipy.stats.loguniform, uniform "
            "and randint; or ask the trial yourself."
        )
    low, high = values.support()
    if kind == "randint":
        return trial.suggest_int(name, int(low), int(high))
    return trial.suggest_float(name, float(low), float(high), log=kind != "uniform")


_OF_OPTUNA = (type(None), bool, int, float, str)
"""Values that Optuna stores as they are."""

_ADDRESS = re.compile(r" at 0x[0-9A-Fa-f]+")

_DISTRIBUTIONS = ("loguniform", "reciprocal", "uniform", "randint")
"""Their names; the second is the first in older versions of SciPy."""
