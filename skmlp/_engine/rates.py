"""Learning rates by Keras' schedules, for many steps at a time."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmlp._engine.cache import POOL
from skmlp._engine.graphs import CompiledGraph, graph_function
from skmlp._keras import keras, tf
from skmlp._own import Own

_AT_ONCE = 1024
"""Steps whose rates are computed together: one alone takes as long as a hundred."""


class ScheduledRates:
    """A Keras schedule as a function of the number of a step.

    Parameters
    ----------
    schedule : Own
        A `keras.optimizers.schedules.LearningRateSchedule`.
    """

    def __init__(self, schedule: Own) -> None:
        self._rates = _rates(schedule)
        self._first = 0
        self._known: NDArray[Any] = np.empty(0)

    def __call__(self, step: int) -> float:
        """The learning rate of a step, counted from 0."""
        if not 0 <= step - self._first < len(self._known):
            self._first = step
            (self._known,) = self._rates(np.arange(step, step + _AT_ONCE))
        return float(self._known[step - self._first])


@lru_cache(maxsize=32)
def _rates(schedule: Own) -> Any:
    """The rates of some steps, (n_steps,) of int32, as a function."""

    def rate(step: Any) -> Any:
        return tf.cast(schedule.value(step), keras.config.floatx())

    def add(graph: CompiledGraph) -> Any:
        steps = tf.compat.v1.placeholder(tf.int32, (None,))
        return [
            graph.call(lambda numbers: tf.map_fn(rate, numbers, fn_output_signature=keras.config.floatx()), [steps])
        ], [steps]

    return graph_function(add)


POOL.on_clear(_rates.cache_clear)
