"""Pickles of estimators that hold objects of Keras, which their loading imports."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

import numpy as np

from skmlp._tensorflow import import_tensorflow

T = TypeVar("T")

_PLAIN = (str, bytes, int, float, complex, type(None), np.generic, np.ndarray, np.random.RandomState)


def reduced(made: Any, cls: type[Any], parameters: Iterable[Any]) -> Any:
    """What ``__reduce_ex__`` returns for an estimator of a class: as it is ``made``, or to be made beside Keras."""
    leaves = [*_leaves(parameters)]
    if all(isinstance(leaf, _PLAIN) for leaf in leaves):
        return made
    starts = any(hasattr(leaf, "variables") for leaf in leaves)
    return new_beside_keras, (cls, starts), *made[2:]


def _leaves(values: Iterable[Any]) -> Iterator[Any]:
    """What is in collections in collections."""
    for value in values:
        if isinstance(value, dict):
            yield from _leaves([*value.keys(), *value.values()])
        elif isinstance(value, (list, tuple, set, frozenset)):
            yield from _leaves(value)
        else:
            yield value


def new_beside_keras(cls: type[T], starts: bool) -> T:
    """Make an object without calling its ``__init__``, whose state holds objects of Keras.

    A pickle calls this before it loads that state. The import of Keras that the state would bring about by itself is
    not quiet, and TensorFlow would start more threads than joblib allows the process. ``starts`` says that an object
    has variables, whose loading starts TensorFlow; otherwise it is only imported, so that a server may load an
    estimator and then fork.
    """
    if starts:
        import skmlp._keras  # noqa: F401  (it starts TensorFlow)
    else:
        import_tensorflow()
    return cls.__new__(cls)


new_beside_keras.__module__ = "skmlp"  # where it stays, whatever this module becomes
