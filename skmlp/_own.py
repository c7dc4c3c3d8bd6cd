"""A user's own objects in the key of a compiled program: which of them are as good as one another."""

from __future__ import annotations

import copy
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np


@dataclass(frozen=True, repr=False)
class Own:
    """A user's own object in a spec, such as a Keras loss: as good as another of the same class and content.

    scikit-learn clones parameters by copying them, and a copy should not compile its network again. Two objects with
    equal keys are the same to a program; objects of which no more can be known are as good as themselves alone.
    """

    held: Any = field(compare=False)
    key: Hashable

    @classmethod
    def of(cls, value: Any) -> Own:
        """Wrap an object as it is now: a copy of it, if copies are the same."""
        key = content(value)
        try:
            copied = copy.deepcopy(value)
            same = content(copied) == key
        except Exception:  # a user's object may raise anything
            same = False
        return cls(copied if same else value, key)

    @classmethod
    def itself(cls, value: Any) -> Own:
        """Wrap an object that was made for this, and that nobody changes."""
        return cls(value, content(value))

    def __repr__(self) -> str:
        return repr(self.held)

    @property
    def value(self) -> Any:
        """The object.

        Raises
        ------
        ValueError
            If it could not be copied, and has changed: what is built of it now would be something else.
        """
        if content(self.held) != self.key:
            raise ValueError(
                f"{self.held!r} has changed since it was given to an estimator, which cannot keep a copy of it: give "
                "each estimator an object of its own, and leave it as it is."
            )
        return self.held


def unwrapped(value: Any) -> Any:
    """What Keras takes for a part of a spec: a name, a number, or a user's own object."""
    return value.value if isinstance(value, Own) else value


@dataclass(frozen=True)
class Identity:
    """An object that is equal to itself alone, and kept alive so that no other one can take its place in memory."""

    value: Any

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Identity) and self.value is other.value

    def __hash__(self) -> int:
        return id(self.value)


def content(value: Any) -> Hashable:
    """All that there is to know of an object, as something that can be compared and hashed.

    Plain values are told apart by type and digits, arrays by dtype, shape and every value, a ``functools.partial`` and
    a bound method by what they hold, a function that is defined in another by its code and what it was defined with, a
    Keras loss by its attributes, a Keras layer by its configuration and weights, another object by what ``copy.copy``
    would copy. Classes, modules and their functions are told apart by identity: copies share them. An object
    that was met before is said to be so, as in a pickle, so that objects may hold one another.
    """
    said: list[Hashable] = []
    numbers: dict[int, int] = {}
    met: list[Any] = []  # kept alive, so that no other object takes its place in memory meanwhile
    pending = [value]
    while pending:
        each = pending.pop()
        if id(each) in numbers:
            said.append(numbers[id(each)])
            continue
        what, parts = next(look for fits, look in _KINDS if fits(each))(each)
        if parts is not None:
            numbers[id(each)] = len(met)
            met.append(each)
            pending.extend(reversed(parts))
        said.append((what, None if parts is None else len(parts)))
    return tuple(said)


Look = tuple[Any, Sequence[Any] | None]
"""What an object is by itself, and its parts; None of one that has none, and may be met again as if it were new."""


def _of_keras(value: Any) -> Look:
    """A Keras object.

    A user's class, and some losses of Keras 3.6, leave arguments out of their configuration. A loss is small, and its
    attributes have them. A layer's change as it is used: its configuration, its weights and its public values
    count, if the class has a configuration.
    """
    if not hasattr(value, "get_weights"):
        return (type(value), [vars(value)]) if hasattr(value, "__dict__") else _copied(value)
    if not _is_configured(value):
        return Identity(value), None
    own = {name: each for name, each in vars(value).items() if name[0] != "_" and type(each) in _SET_BY_USERS}
    named = [value.get_config(), own]
    parts = [{name: each for name, each in part.items() if name != "name"} for part in named]  # names are made up
    return type(value), [*parts, value.get_weights()]


def _copied(value: Any) -> Look:
    """An object by what ``copy.copy`` would copy; by identity, if it says that it cannot be copied."""
    try:
        how = value.__reduce_ex__(4)
    except Exception:  # a user's object may raise anything
        return Identity(value), None
    if isinstance(how, str):  # the name of a global
        return Identity(value), None
    make, arguments, state, items, pairs = (*how, None, None, None)[:5]
    parts = [make, arguments, state, *([] if each is None else list(each) for each in (items, pairs))]
    tells = getattr(type(value), "__getstate__", None)
    if callable(value) and tells is not object.__getstate__ and hasattr(value, "__dict__"):
        parts.append(vars(value))  # a state of the user's own need not tell all; a frame's attributes are caches too
    return type(value), parts


def _is_configured(value: Any) -> bool:
    """Whether an object's class, or one that it derives its ``__init__`` from, says what ``__init__`` was given."""
    classes = type(value).__mro__
    definers = [next((i for i, each in enumerate(classes) if name in vars(each)), None) for name in _CONFIGURED]
    return definers[0] is not None and definers[1] is not None and definers[0] <= definers[1]


_CONFIGURED = ("get_config", "__init__")

_SET_BY_USERS = (int, float, str, np.ndarray)
"""Types of the public attributes of a layer that say what it computes; Keras keeps flags and functions beside them."""

_ATOMS = (type, BuiltinFunctionType, ModuleType)
"""What ``copy.deepcopy`` does not copy."""

_PLAIN = (str, bytes, int, float, complex, bool, type(None))


def _of_function(function: FunctionType) -> Look:
    """A function of a module by identity; one that is defined in another by its code and what it was defined with.

    That one is a new object at each call of the other, though it may compute the same. The globals that it reads are
    not looked at.
    """
    if "<" not in function.__qualname__:  # neither <locals> nor <lambda>
        return Identity(function), None
    try:
        cells = [cell.cell_contents for cell in function.__closure__ or ()]
    except ValueError:  # a cell that is still empty
        return Identity(function), None
    code = function.__code__
    what = ("function", code, code.co_filename, function.__module__)
    return what, [cells, function.__defaults__, function.__kwdefaults__, vars(function)]


_KINDS: tuple[tuple[Callable[[Any], bool], Callable[[Any], Look]], ...] = (
    (lambda value: isinstance(value, _ATOMS), lambda value: (Identity(value), None)),
    (lambda value: isinstance(value, FunctionType), _of_function),
    (lambda value: type(value) in _PLAIN, lambda value: ((type(value), repr(value)), None)),
    (
        lambda value: type(value) is dict,
        lambda value: (dict, [part for pair in value.items() for part in pair]),
    ),
    (lambda value: type(value) in {list, tuple}, lambda value: (type(value), list(value))),
    (
        lambda value: type(value) in {set, frozenset},
        lambda value: ((type(value), frozenset(map(content, value))), []),
    ),
    (
        lambda value: type(value) in {np.ndarray, np.memmap} and not value.dtype.hasobject,
        lambda value: ((value.dtype.str, value.shape, sha256(value.tobytes()).digest()), []),
    ),
    (lambda value: isinstance(value, partial), lambda value: (partial, [value.func, value.args, value.keywords])),
    (lambda value: isinstance(value, MethodType), lambda value: (MethodType, [value.__func__, value.__self__])),
    (lambda value: hasattr(value, "get_config"), _of_keras),
    (lambda value: True, _copied),
)
"""Kinds of objects, and how to look at one of each; the first that fits counts."""
