"""Schedules of values that change step by step: the learning rate and the dropout rates."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from skmlp._spec import Schedule


def _cosine(t: float) -> float:
    return 0.5 * (1.0 + math.cos(math.pi * t))


def _coslog4(t: float) -> float:
    return 0.5 * (1.0 - math.cos(2.0 * math.pi * math.log2(1.0 + 15.0 * t)))


def _flat_cosine(t: float) -> float:
    return 1.0 if t < 0.5 else _cosine(2.0 * t - 1.0)


SCHEDULES: Mapping[str, Callable[[float, int], float]] = {
    "coslog4": lambda epoch, horizon: _coslog4(min(epoch / horizon, 1.0)),
    "cosine": lambda epoch, horizon: _cosine(min(epoch / horizon, 1.0)),
    "exponential": lambda epoch, horizon: float(0.95**epoch),
    "flat_cosine": lambda epoch, horizon: _flat_cosine(min(epoch / horizon, 1.0)),
    "inverse_time": lambda epoch, horizon: 1.0 / (1.0 + 0.1 * epoch),
}
"""Schedules by name: (epochs done, with fractions; epochs in all) -> factor on a value.

"coslog4" and "flat_cosine" are those of RealMLP (Holzmüller, Grinsztajn and Steinwart, "Better by Default: Strong
Pre-Tuned MLPs and Boosted Trees on Tabular Data", NeurIPS 2024).
"""

HIGHEST_FACTORS: Mapping[str, float] = {"learning_rate_schedule": math.inf, "dropout_schedule": 1.0}
"""The highest factor of each parameter that is a schedule, where a user's own may return any."""


def make_schedule(parameter: str, schedule: Schedule, horizon: int) -> Callable[[int, float], float]:
    """The factor on a value, from the number of the step and the epochs done.

    A user's own schedule is asked once per step, and its answer is checked.

    Parameters
    ----------
    parameter : str
        The name of the parameter that the schedule was given as; a row of `HIGHEST_FACTORS`.
    schedule : str, callable or None
    horizon : int
        The epoch at which a schedule over the whole training ends.
    """
    if schedule is None:
        return lambda step, epoch: 1.0
    if isinstance(schedule, str):
        named = SCHEDULES[schedule]
        return lambda step, epoch: named(epoch, horizon)
    own, highest = schedule, HIGHEST_FACTORS[parameter]

    def checked(step: int, epoch: float) -> float:
        returned = own(step)
        try:
            factor = float(returned)
        except (TypeError, ValueError):  # None, a word, several numbers
            factor = math.nan
        if not (0.0 <= factor <= highest and math.isfinite(factor)):
            bound = "" if highest == math.inf else f" and at most {highest:g}"
            raise ValueError(
                f"{parameter} returned {returned!r} at step {step}: it must return a finite factor of at least 0"
                f"{bound}, by which the {parameter.removesuffix('_schedule').replace('_', ' ')} is multiplied."
            )
        return factor

    return checked
