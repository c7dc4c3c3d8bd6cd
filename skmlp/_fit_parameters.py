"""The parameters of a wrapper that say how long and in which parts it trains, checked before any work is done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from numbers import Integral
from typing import Any

import numpy as np


def check_fit_parameters(parameters: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    """Check epochs, sizes of batches, and the part of the samples to validate on.

    Parameters
    ----------
    parameters : mapping
        Those of the wrapper, routed ones such as ``fit__epochs``, too.
    given : mapping
        The arguments of the call.

    Raises
    ------
    ValueError
        With the name, the value, and what it may be.
    """
    for name, value in [*parameters.items(), *given.items()]:
        route, _, routed = name.rpartition("__")
        check = _CHECKS.get(routed) if route in ("", "fit", "predict") else None
        if check is not None and not check[0](value):
            raise ValueError(f"{name}={value!r}: give {check[1]}.")


def _is_integer(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


def _is_size(value: Any) -> bool:
    return value is None or (_is_integer(value) and (value == -1 or value > 0))


def _is_part(value: Any) -> bool:
    return value is None or (isinstance(value, int | float | np.number) and bool(0 <= value < 1))


_SIZE = "a whole number of samples above 0, -1 for all samples at once, or None for 32"

_CHECKS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "batch_size": (_is_size, _SIZE),
    "validation_batch_size": (_is_size, _SIZE.replace("32", "the batch_size")),
    "epochs": (lambda value: _is_integer(value) and value > 0, "a whole number above 0"),
    "initial_epoch": (lambda value: _is_integer(value) and value >= 0, "a whole number, 0 or above"),
    "validation_split": (_is_part, "a number from 0, which holds no samples out, to below 1"),
}
