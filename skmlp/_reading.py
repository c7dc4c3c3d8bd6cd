"""What a function or a class of a user's own computes with: its code, and all that it reads."""

from __future__ import annotations

import random
from collections.abc import Callable, Hashable, Iterable, Iterator
from functools import partial
from types import BuiltinFunctionType, CodeType, FunctionType, MemberDescriptorType, MethodType, ModuleType
from typing import Any

import numpy as np

from skmlp._codes import UnknownError, globals_read, is_installed, is_library, is_outside, writes
from skmlp._own import Identity, content

_LARGEST = 1 << 20
"""Bytes of an array that is compared value by value; what reads a larger one is not known by what it reads."""


def what_it_reads(value: Any) -> Hashable:
    """Something that is equal for functions, partials, classes, and collections of these that compute the same.

    Code counts by itself, what it was defined with, and the globals that it reads, those of the user's functions and
    classes that it calls included; code of a library is itself.

    Raises
    ------
    UnknownError
        If it cannot be told: it reads a large array, a layer or model, a whole module, a file, the clock, something
        that cannot be copied, such as a context variable; or it writes to what it shares with others.
    """
    reading = _Reading()
    known = reading.of(value)
    if reading.written and reading.shared:
        raise UnknownError
    return known


class _Reading:
    """Goes through what a function reads, each part once.

    Attributes
    ----------
    written : bool
        Whether code that was met writes to what it did not make.
    shared : bool
        Whether something was met that can be written to.
    """

    def __init__(self) -> None:
        self._met: dict[int, tuple[int, Any]] = {}  # kept alive, so that no other takes its place
        self.written = self.shared = False

    def of(self, value: Any) -> Hashable:
        """What a value is, or computes with."""
        if isinstance(value, _ATOMS):
            return content(value)
        if any(getattr(value, "__self__", None) is each for each in _SEEDED):
            return id(value)
        if id(value) in self._met:
            return self._met[id(value)][0]
        if not isinstance(value, BuiltinFunctionType):
            self._met[id(value)] = len(self._met), value
        look: Callable[[Any], Hashable] = next(look for kinds, look in self._looks() if isinstance(value, kinds))
        return look(value)

    def _looks(self) -> Iterator[tuple[Any, Any]]:
        """Kinds of values, and how to look at one of each; the first that fits counts."""
        yield partial, lambda value: (partial, self.of(value.func), self.of(value.args), self.of(value.keywords))
        yield FunctionType, self._function
        yield MethodType, lambda value: (MethodType, self.of(value.__func__), self.of(value.__self__))
        yield BuiltinFunctionType, self._builtin
        yield type, self._class
        yield ModuleType, self._unknown
        yield object, self._object

    def _unknown(self, value: Any) -> Hashable:
        raise UnknownError

    def _builtin(self, value: Any) -> Hashable:
        """A function of C code; a method of an object, such as the ``get`` of a dictionary, by that object, too."""
        if is_outside(str(value.__module__ or ""), value.__name__):
            raise UnknownError
        owner = value.__self__
        if owner is None or isinstance(owner, ModuleType | type):
            return content(value)
        return BuiltinFunctionType, value.__name__, self.of(owner)

    def _class(self, cls: type) -> Hashable:
        """A class of a user's own by what its methods compute with; one of a library is itself."""
        if is_library(cls.__module__):
            if is_outside(cls.__module__, cls.__name__):
                raise UnknownError
            return cls
        bases = tuple(map(self.of, cls.__mro__[1:]))
        members = {name: _inner(each) for name, each in sorted(vars(cls).items()) if name not in _OF_EVERY_CLASS}
        self._note(members.values())
        return cls, bases, tuple((name, self.of(each)) for name, each in members.items())

    def _note(self, values: Iterable[Any]) -> None:
        """Note whether something can be written to."""
        self.shared = self.shared or any(not isinstance(each, _FIXED) for each in values)

    def _object(self, value: Any) -> Hashable:
        """An object: a collection by what is in it, one of a user's class by that and its attributes, too."""
        if hasattr(value, "variables"):
            raise UnknownError
        size = value.nbytes if isinstance(value, np.ndarray) else len(value) * 64 if type(value) in _COLLECTIONS else 0
        if size > _LARGEST:
            raise UnknownError
        if type(value) in (list, tuple):
            return type(value), tuple(map(self.of, value))
        if type(value) is dict:
            return dict, tuple((self.of(name), self.of(each)) for name, each in value.items())
        if not is_library(type(value).__module__):
            attributes = self.of({**getattr(value, "__dict__", {})})
            return self.of(type(value)), attributes, self._plain(value)
        if is_outside(type(value).__module__, type(value).__name__):
            raise UnknownError
        return self._plain(value)

    def _plain(self, value: Any) -> Hashable:
        """The content of an object, in which nothing is known by its identity alone but code."""
        known = content(value)
        return known, tuple(map(self._told_apart, _parts(known)))

    def _told_apart(self, part: Any) -> Hashable:
        if isinstance(part, CodeType) and not is_installed(part):
            raise UnknownError  # a function within another, whose globals are not known
        if isinstance(part, Identity):
            if not isinstance(part.value, (type, FunctionType, BuiltinFunctionType)):
                raise UnknownError
            return self.of(part.value)
        return None

    def _function(self, function: FunctionType) -> Hashable:
        code = function.__code__
        cells = dict(zip(code.co_freevars, (cell.cell_contents for cell in function.__closure__ or ()), strict=True))
        if is_installed(code):  # by its identity, and by the functions of a user's that it was made around
            if is_outside(function.__module__ or "", function.__name__):
                raise UnknownError
            return function, tuple(self.of(each) for each in cells.values() if _is_users(each))
        self.written = writes(code) or self.written
        read = globals_read(function) | {f"({name})": each for name, each in cells.items()}
        defaults = [*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]
        self._note([*read.values(), *defaults])
        reads = tuple((path, self.of(read[path])) for path in sorted(read))
        return code, code.co_filename, tuple(map(self.of, defaults)), reads, self.of({**vars(function)})


def _is_users(value: Any) -> bool:
    """Whether a value is code of a user's, or an object of a user's class."""
    if isinstance(value, FunctionType):
        return not is_installed(value.__code__) or any(
            _is_users(each.cell_contents) for each in value.__closure__ or ()
        )
    if isinstance(value, MethodType):
        return _is_users(value.__func__)
    return not is_library((value if isinstance(value, type) else type(value)).__module__)


def _parts(known: Hashable) -> Iterator[Any]:
    """All that a content says, one by one."""
    if isinstance(known, tuple | frozenset):
        for each in known:
            yield from _parts(each)
    else:
        yield known


def _inner(member: Any) -> Any:
    """The function of a method, whatever kind of method it is."""
    if isinstance(member, property):
        return member.fget
    return getattr(member, "__func__", getattr(member, "func", member))


_SEEDED = tuple(each.__self__ for each in (random.random, np.random.random) if hasattr(each, "__self__"))
"""The generators of Python and NumPy, which are seeded for a model function."""

_ATOMS = (str, bytes, int, float, complex, bool, type(None), type(Ellipsis), type(NotImplemented))

_FIXED = (*_ATOMS, tuple, frozenset, FunctionType, BuiltinFunctionType, type, MemberDescriptorType)

_COLLECTIONS = (list, tuple, dict, set, frozenset)

_OF_EVERY_CLASS = {
    *("__dict__", "__weakref__", "__module__", "__qualname__", "__doc__", "__annotations__", "__hash__"),
    *("__firstlineno__", "__static_attributes__", "__abstractmethods__", "_abc_impl", "__parameters__"),
    *("__dataclass_fields__", "__dataclass_params__", "__match_args__", "__orig_bases__", "__slots__", "__slotnames__"),
}
