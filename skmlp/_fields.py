"""The fields of what is loaded from a file: each is there, is known, and is what it must be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np

Check: TypeAlias = Callable[[Any], bool]
"""Whether a value is what a field holds."""


def checked(given: Any, checks: Mapping[str, Check], name: str, where: str = "") -> dict[str, Any]:
    """The fields of a dictionary, each of them what it must be.

    Parameters
    ----------
    given : object
    checks : mapping of str to callable
        By field.
    name : str
        The class of the estimator, for messages.
    where : str, default=""
        What the dictionary itself is a field of, with a dot at its end.

    Raises
    ------
    ValueError
        With the names of what is missing or unknown, or with a field and what it holds.
    """
    if not isinstance(given, dict):
        raise wrong(name, where.rstrip(".") or "fitted state", given)
    missing = [where + each for each in checks if each not in given]
    unknown = [f"{where}{each}" for each in given if each not in checks]
    if missing or unknown:
        said = [f"lacks {', '.join(missing)}"] * bool(missing) + [f"has unknown {', '.join(unknown)}"] * bool(unknown)
        raise ValueError(
            f"What a fit left in this file of a {name} {' and '.join(said)}: this version of skmlp did not write it. "
            "Load the file with the one that did."
        )
    for each, check in checks.items():
        if not check(given[each]):
            raise wrong(name, where + each, given[each])
    return dict(given)


def wrong(name: str, field: str, value: Any) -> ValueError:
    """The error that a field holds what it cannot."""
    said = repr(value)
    return ValueError(
        f"This file of a {name} holds {field}={said if len(said) < 100 else said[:97] + '...'}, which no {name} has: "
        "load another copy of it, or fit and save the estimator again."
    )


def anything(value: Any) -> bool:
    """A user's own, or what is looked into elsewhere."""
    return True


def flag(value: Any) -> bool:
    """True or False."""
    return isinstance(value, bool)


def text(value: Any) -> bool:
    """A string."""
    return isinstance(value, str)


def number(value: Any) -> bool:
    """A number of Python's."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def array(value: Any) -> bool:
    """A NumPy array of numbers."""
    return isinstance(value, np.ndarray) and value.dtype.kind in "biuf"


def at_least(least: int) -> Check:
    """A whole number from ``least`` on."""
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and value >= least


def one_of(*known: str | None) -> Check:
    """One of some names, or None if that is among them."""
    return lambda value: (value is None or isinstance(value, str)) and value in known


def list_of(check: Check) -> Check:
    """A list of values that are all the same."""
    return lambda value: isinstance(value, list) and all(map(check, value))


def dict_of(check: Check) -> Check:
    """A dictionary of such values by names."""
    return lambda value: isinstance(value, dict) and all(map(text, value)) and all(map(check, value.values()))


def or_none(check: Check) -> Check:
    """Such a value, or None."""
    return lambda value: value is None or check(value)


def or_own(check: Check) -> Check:
    """Such a value, or a user's own function or object that is called."""
    return lambda value: callable(value) or check(value)
