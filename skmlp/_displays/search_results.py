"""What a display reads from the results of a search: names, values, and the settings that tell its lines apart."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

LONGEST_TEXT = 30


def full_name(name: str, names: Iterable[str], argument: str) -> str:
    """The full name of a hyperparameter that may be given by its last part.

    Raises
    ------
    ValueError
        If there is none of that name, or more than one.
    """
    names = list(names)
    if name in names:
        return name
    found = [each for each in names if each.split("__")[-1] == name]
    if len(found) == 1:
        return found[0]
    if found:
        raise ValueError(f"{argument}={name!r} is ambiguous: give one of {', '.join(found)}.")
    raise ValueError(f"{argument}={name!r} is not in the search, which has {', '.join(names)}.")


def short_names(names: Iterable[str]) -> dict[str, str]:
    """For each full name its last part, or itself where two have the same last part."""
    names = list(names)
    last = [name.split("__")[-1] for name in names]
    return {name: part if last.count(part) == 1 else name for name, part in zip(names, last, strict=True)}


def metric_of(cv_results: Mapping[str, Any], scoring: str | None) -> str:
    """The metric whose scores to read.

    Raises
    ------
    ValueError
        If there is none of that name, or several to choose from.
    """
    metrics = [key.removeprefix("mean_test_") for key in cv_results if key.startswith("mean_test_")]
    if scoring is None and len(metrics) == 1:
        return metrics[0]
    if scoring in metrics:
        return str(scoring)
    if not metrics:
        raise ValueError("cv_results has no 'mean_test_' columns: give the cv_results_ of a fitted search.")
    raise ValueError(f"scoring={scoring!r} is not in the search: give one of {', '.join(metrics)}.")


def best_of(cv_results: Mapping[str, Any], metric: str) -> int | None:
    """The index of the best candidate; of a halving search, among those of the last iteration."""
    scores = np.array(cv_results[f"mean_test_{metric}"], dtype=np.float64)
    if "iter" in cv_results:
        iterations = np.asarray(cv_results["iter"])
        scores[iterations < iterations.max()] = np.nan
    return None if np.isnan(scores).all() else int(np.nanargmax(scores))


def candidates_of(cv_results: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The hyperparameters of each candidate, and "n_resources" where a halving search varied it beside them."""
    candidates = [dict(each) for each in cv_results["params"]]
    if "n_resources" in cv_results:
        resources = [int(each) for each in cv_results["n_resources"]]
        # A resource that is a hyperparameter is among them already.
        named = any(
            all(name in each and each[name] == n for each, n in zip(candidates, resources, strict=True))
            for name in candidates[0]
        )
        if not named:
            for each, n in zip(candidates, resources, strict=True):
                each["n_resources"] = n
    return candidates


def key(value: Any) -> Hashable:
    """A value that can be compared and looked up: a list or an array by what it shows."""
    try:
        hash(value)
    except TypeError:
        return repr(value)
    return value  # type: ignore[no-any-return]  # it is hashable


def distinct(values: Sequence[Any]) -> list[Any]:
    """Each value once, in the order of their first appearance."""
    found: dict[Hashable, Any] = {}
    for value in values:
        found.setdefault(key(value), value)
    return list(found.values())


def text(value: Any) -> str:
    """A value of a hyperparameter as a legend or an axis shows it."""
    if isinstance(value, (float, np.floating)):
        return f"{value:g}"
    words = str(getattr(value, "__name__", value))
    return words if len(words) <= LONGEST_TEXT else words[: LONGEST_TEXT - 1] + "…"
