"""What a function or a class of a user's own computes with: its code, and all that it reads."""

from __future__ import annotations

import dis
import sys
import sysconfig
from collections.abc import Hashable
from functools import partial
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

from skmlp._own import content

_LARGEST = 1 << 20
"""Bytes of an array that is compared value by value; what reads a larger one is not known by what it reads."""

_OUTSIDE = {
    *("open", "load", "load_model", "load_weights", "loadtxt", "genfromtxt", "fromfile", "read_csv", "read_parquet"),
    *("read_text", "read_bytes", "from_pretrained", "get_file", "getenv", "environ", "urandom", "default_rng", "input"),
    *("time", "time_ns", "monotonic", "perf_counter", "now", "today", "uuid4", "globals", "locals", "eval", "exec"),
    "urlopen",
}
"""Names by which code reaches what cannot be compared: files, the environment, the clock."""

_STORES = ("STORE_GLOBAL", "STORE_SUBSCR", "STORE_ATTR", "STORE_DEREF")

_MUTATORS = {"append", "add", "update", "setdefault", "extend", "insert", "pop", "clear", "remove"}


class UnknownError(Exception):
    """What a function computes does not follow from what can be compared."""


def what_it_reads(value: Any) -> Hashable:
    """Something that is equal for functions, partials, and classes that compute the same.

    Code counts by itself, what it was defined with, and the globals that it reads, those of the user's functions and
    classes that it calls included; code of a library is itself.

    Raises
    ------
    UnknownError
        If it cannot be told: it reads a large array, a layer or model, a whole module, a file, the clock; or it writes
        to what it shares with others.
    """
    return _Reading().of(value)


class _Reading:
    """Goes through what a function reads, each part once."""

    def __init__(self) -> None:
        self._met: set[int] = set()

    def of(self, value: Any) -> Hashable:
        """What a value is, or computes with."""
        if isinstance(value, partial):
            return partial, self.of(value.func), self._plain([value.args, value.keywords])
        if isinstance(value, FunctionType):
            return self._function(value)
        if isinstance(value, type):
            return self._class(value)
        if isinstance(value, ModuleType) or hasattr(value, "variables"):
            raise UnknownError
        if not _is_library(type(value).__module__):
            return self._class(type(value)), self._plain(value)
        return self._plain(value)

    def _class(self, cls: type) -> Hashable:
        """A class of a user's own by what its methods compute with; one of a library is itself."""
        if id(cls) in self._met or _is_library(cls.__module__):
            return cls
        self._met.add(id(cls))
        bases = tuple(map(self._class, cls.__mro__[1:]))
        members = sorted(name for name in vars(cls) if name not in _OF_EVERY_CLASS)
        return cls, bases, tuple((name, self.of(_inner(vars(cls)[name]))) for name in members)

    def _plain(self, value: Any) -> Hashable:
        if isinstance(value, np.ndarray) and value.nbytes > _LARGEST:
            raise UnknownError
        if (
            not isinstance(value, str | bytes | np.ndarray)
            and hasattr(value, "__len__")
            and len(value) > _LARGEST // 64
        ):
            raise UnknownError
        return content(value)

    def _function(self, function: FunctionType) -> Hashable:
        if _is_installed(function.__code__):
            return function
        if id(function) in self._met:
            return function.__code__
        self._met.add(id(function))
        code = function.__code__
        cells = {
            f"({name})": cell.cell_contents
            for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True)
        }
        read = _globals_read(function) | cells
        if _writes(code) and any(not _is_fixed(value) for value in read.values()):
            raise UnknownError
        defaults = [*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]
        reads = tuple((path, self.of(read[path])) for path in sorted(read))
        return code, code.co_filename, tuple(map(self.of, defaults)), reads


def _is_fixed(value: Any) -> bool:
    """Whether nothing can be written to a value, or nobody would."""
    return isinstance(value, str | bytes | int | float | complex | tuple | frozenset | type(None) | FunctionType | type)


def _codes(code: CodeType) -> list[CodeType]:
    """A code and those within it."""
    return [code, *(inner for each in code.co_consts if isinstance(each, CodeType) for inner in _codes(each))]


def _writes(code: CodeType) -> bool:
    """Whether code may write to what it did not make."""
    instructions = [each for inner in _codes(code) for each in dis.get_instructions(inner)]
    if any(each.opname == "STORE_GLOBAL" for each in instructions):
        raise UnknownError
    return any(each.opname in _STORES or each.argval in _MUTATORS for each in instructions if _is_named(each))


def _is_named(instruction: dis.Instruction) -> bool:
    return instruction.opname in _STORES or isinstance(instruction.argval, str)


_OF_EVERY_CLASS = {*dir(type("", (), {"__slots__": ()})), "__dict__", "__weakref__", "__module__", "__qualname__"}


def _inner(member: Any) -> Any:
    """The function of a method, whatever kind of method it is."""
    if isinstance(member, property):
        return member.fget
    return getattr(member, "__func__", member)


_INSTALLED = tuple(sysconfig.get_paths()[name] for name in ("stdlib", "purelib", "platlib"))


def _is_installed(code: CodeType) -> bool:
    return code.co_filename.startswith((*_INSTALLED, "<frozen"))


def _is_library(module: str) -> bool:
    """Whether a module is Python's, or installed: what it holds does not change between two fits."""
    file = getattr(sys.modules.get(module), "__file__", None)
    return module in sys.builtin_module_names or (file is not None and file.startswith(_INSTALLED))


_LOADS = ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_ATTR", "LOAD_METHOD", "IMPORT_FROM")


def _globals_read(function: FunctionType) -> dict[str, Any]:
    """The globals that a function's code reads, by name; of a module, the attributes that are read of it."""
    found: dict[str, Any] = {}
    for code in _codes(function.__code__):
        path, value = "", None
        for instruction in dis.get_instructions(code):
            name, of_module = instruction.argval, isinstance(value, ModuleType)
            if instruction.opname in _LOADS and name in _OUTSIDE:
                raise UnknownError
            if instruction.opname == "IMPORT_NAME" and not _is_library(str(name)):
                raise UnknownError
            if instruction.opname in ("LOAD_ATTR", "LOAD_METHOD") and of_module:
                path, value = f"{path}.{name}", getattr(value, name, None)
            elif isinstance(value, ModuleType) and not _is_library(value.__name__):
                raise UnknownError  # any of its attributes may be read
            elif instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME") and name in function.__globals__:
                path, value = name, function.__globals__[name]
            else:
                path, value = "", None
            if path and not isinstance(value, ModuleType):
                found[path] = value
                path, value = "", None
    return found
