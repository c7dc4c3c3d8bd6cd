"""A user's own objects in the key of a compiled program: which of them are as good as one another."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from functools import partial
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Own:
    """A user's own object in a spec, such as a Keras loss: as good as another of the same class and content.

    scikit-learn clones parameters by copying them, and a copy should not compile its network again. Two objects with
    equal keys are the same to a program; objects of which no more can be known are as good as themselves alone.
    """

    value: Any = field(compare=False)
    key: Hashable

    @classmethod
    def of(cls, value: Any) -> Own:
        """Wrap an object."""
        return cls(value, content(value))


@dataclass(frozen=True)
class _Identity:
    """An object that is equal to itself alone, and kept alive so that no other one can take its place in memory."""

    value: Any

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Identity) and self.value is other.value

    def __hash__(self) -> int:
        return id(self.value)


Of = Callable[[Any], Hashable]
"""The content of a part of an object."""

_PLAIN = (str, bytes, int, float, complex, bool, type(None))
_ATOMS = (type, FunctionType, BuiltinFunctionType, ModuleType)
"""What ``copy.deepcopy`` does not copy."""


def content(value: Any, above: tuple[Any, ...] = ()) -> Hashable:
    """All that there is to know of an object, as something that can be compared and hashed.

    Parameters
    ----------
    value : object
        Plain values are told apart by type and digits, arrays by dtype, shape and every value, a Keras object by its
        configuration, a ``functools.partial`` and a bound method by what they hold, another object by what
        ``copy.copy`` would copy. Functions, classes and modules are told apart by identity: copies share them.
    above : tuple of objects
        Those that hold this one, for objects that hold themselves.
    """
    for distance, holder in enumerate(reversed(above)):
        if holder is value:
            return "holds itself", distance
    how = next(how for fits, how in _KINDS if fits(value))
    return how(value, lambda part: content(part, (*above, value)))


def _of_keras(value: Any, of: Of) -> Hashable:
    """A Keras object by its configuration, and by what that does not tell; copies are made of the configuration alone.

    A user's class, and some losses of Keras 3.6, leave arguments out of their configuration. A loss is small, and its
    attributes have them. A layer's change as it is used: if its configuration is whole, but for its weights, it counts.
    """
    if not hasattr(value, "get_weights"):
        return type(value), of(vars(value))
    if not _is_configured(value):
        return _Identity(value)
    return type(value), of(value.get_config()), of(value.get_weights())


def _copied(value: Any, of: Of) -> Hashable:
    """An object by what ``copy.copy`` would copy; by identity, if it says that it cannot be copied."""
    try:
        how = value.__reduce_ex__(4)
    except Exception:  # a user's object may raise anything
        return _Identity(value)
    if isinstance(how, str):  # the name of a global
        return _Identity(value)
    make, arguments, state, items, pairs = (*how, None, None, None)[:5]
    parts = (arguments, state, None if items is None else list(items), None if pairs is None else list(pairs))
    return type(value), of(make), tuple(of(part) for part in parts)


def _is_configured(value: Any) -> bool:
    """Whether an object's class, or one that it derives its ``__init__`` from, says what ``__init__`` was given."""
    classes = type(value).__mro__
    definers = [next((i for i, each in enumerate(classes) if name in vars(each)), None) for name in _CONFIGURED]
    return definers[0] is not None and definers[1] is not None and definers[0] <= definers[1]


_CONFIGURED = ("get_config", "__init__")


_KINDS: tuple[tuple[Callable[[Any], bool], Callable[[Any, Of], Hashable]], ...] = (
    (lambda value: isinstance(value, _ATOMS), lambda value, of: _Identity(value)),
    (lambda value: type(value) in _PLAIN, lambda value, of: (type(value), repr(value))),
    (
        lambda value: type(value) is dict,
        lambda value, of: (dict, tuple((of(name), of(each)) for name, each in value.items())),
    ),
    (lambda value: type(value) in {list, tuple}, lambda value, of: (type(value), tuple(of(each) for each in value))),
    (lambda value: type(value) in {set, frozenset}, lambda value, of: (type(value), frozenset(map(of, value)))),
    (
        lambda value: type(value) is np.ndarray and not value.dtype.hasobject,
        lambda value, of: (value.dtype.str, value.shape, value.tobytes()),
    ),
    (
        lambda value: isinstance(value, partial),
        lambda value, of: (partial, of(value.func), of(value.args), of(value.keywords)),
    ),
    (
        lambda value: isinstance(value, MethodType),
        lambda value, of: (MethodType, of(value.__func__), of(value.__self__)),
    ),
    (lambda value: hasattr(value, "get_config"), _of_keras),
    (lambda value: True, _copied),
)
"""Kinds of objects, and what there is to know of one of each; the first that fits counts."""
