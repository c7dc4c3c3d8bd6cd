"""What the code of a function reaches: the globals that it reads, what it writes to, and what lies outside."""

from __future__ import annotations

import builtins
import dis
import sys
import sysconfig
from functools import lru_cache
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any


class UnknownError(Exception):
    """What a function computes does not follow from what can be compared."""


_OUTSIDE = {
    *("open", "load", "load_model", "load_weights", "loadtxt", "genfromtxt", "fromfile", "from_pretrained", "get_file"),
    *("get_data", "File", "glob", "rglob", "iterdir", "exists", "is_file", "is_dir", "stat", "listdir", "scandir"),
    *("getcwd", "cwd", "home", "walk", "read", "readline", "readlines", "urlopen", "connect", "execute", "recv"),
    *("getenv", "environ", "urandom", "default_rng", "SystemRandom", "import_module", "Generator"),
    *("isfile", "isdir", "islink", "lexists", "getsize", "getmtime", "abspath", "expanduser", "expandvars", "realpath"),
    *("RandomState", "SeedSequence", "PCG64", "MT19937", "Philox", "SFC64", "now", "today", "utcnow", "uuid1", "uuid4"),
}
"""Names by which code reaches what cannot be compared: files, the environment, the clock."""

_OUTSIDE_OF_PYTHON = {"compile", "dir", "eval", "exec", "globals", "input", "locals", "vars", "__import__"}
"""Python's own functions that reach such things, or variables by their names."""

_READING = ("read_", "load_", "fetch_")
"""How names of functions begin that read files."""

_OUTER_MODULES = {
    *("time", "_time", "io", "_io", "shutil", "tempfile", "glob", "fileinput", "mmap", "sqlite3", "dbm", "shelve"),
    *("socket", "ssl", "select", "subprocess", "urllib", "http", "ftplib", "requests", "httpx", "secrets", "getpass"),
    *("contextvars", "_contextvars", "threading", "_thread", "multiprocessing", "asyncio", "concurrent", "queue"),
    *("weakref", "gc", "ctypes", "importlib", "pkgutil", "platform", "locale", "inspect", "posix", "nt", "signal"),
    *("keras.random", "keras.src.random", "tensorflow._api.v2.random"),
}
"""Modules whose functions reach such things, or draw from generators that are not seeded for a model function."""

_OUTER_OF = {"os": {"path", "PathLike", "sep", "fspath"}, "sys": {"version_info", "platform", "maxsize", "float_info"}}
"""Modules that reach such things but for these names."""

_LOADS = ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_ATTR", "LOAD_METHOD", "IMPORT_FROM")

_STORES = ("STORE_GLOBAL", "STORE_SUBSCR", "STORE_ATTR", "STORE_DEREF", "DELETE_SUBSCR", "DELETE_ATTR")

_MUTATORS = {
    *("append", "add", "update", "setdefault", "extend", "insert", "pop", "popitem", "clear", "remove", "discard"),
    *("appendleft", "extendleft", "popleft", "sort", "reverse", "shuffle", "setattr", "delattr", "__setitem__"),
    *("__setattr__", "__delitem__", "heappush", "heappop", "put", "send", "write", "next", "__next__"),
}


def is_outside(module: str, name: str) -> bool:
    """Whether what has a name in a module reaches what cannot be compared."""
    inner = _OUTER_OF.get(module)
    if inner is not None:
        return name not in inner
    parts = module.split(".")
    return name in _OUTSIDE or any(".".join(parts[:end]) in _OUTER_MODULES for end in range(1, len(parts) + 1))


def codes(code: CodeType) -> list[CodeType]:
    """A code and those within it."""
    return [code, *(inner for each in code.co_consts if isinstance(each, CodeType) for inner in codes(each))]


@lru_cache(maxsize=1024)
def _instructions(code: CodeType) -> tuple[dis.Instruction, ...]:
    """The instructions of a code, which many fits look at."""
    return tuple(dis.get_instructions(code))


@lru_cache(maxsize=1024)
def writes(code: CodeType) -> bool:
    """Whether code may write to what it did not make; attributes of ``self`` are its own.

    Raises
    ------
    UnknownError
        If it assigns a global.
    """
    for inner in codes(code):
        before = None
        for each in _instructions(inner):
            if each.opname in ("STORE_GLOBAL", "DELETE_GLOBAL"):
                raise UnknownError
            of_self = each.opname == "STORE_ATTR" and before is not None and "self" in _names(before)
            own = each.opname == "STORE_DEREF" and each.argval not in code.co_freevars  # a variable of its own call
            if (each.opname in _STORES and not of_self and not own) or (
                each.opname in _LOADS and each.argval in _MUTATORS
            ):
                return True
            before = each
    return False


def _names(instruction: dis.Instruction) -> tuple[str, ...]:
    """The names of an instruction; since Python 3.13, one may load two."""
    value = instruction.argval
    return value if isinstance(value, tuple) else (value,) if isinstance(value, str) else ()


def is_installed(code: CodeType) -> bool:
    """Whether code is Python's or of an installed package."""
    return code.co_filename.startswith((*_INSTALLED, "<frozen"))


def is_library(module: str) -> bool:
    """Whether a module is Python's, or installed: what it holds does not change between two fits."""
    file = getattr(sys.modules.get(module), "__file__", None)
    return module in sys.builtin_module_names or (file is not None and file.startswith(_INSTALLED))


_INSTALLED = (*(sysconfig.get_paths()[name] for name in ("stdlib", "purelib", "platlib")), str(Path(__file__).parent))
"""Where code lies that does not change while a process runs: Python's, that of packages, and ours, wherever it is."""


def globals_read(function: FunctionType) -> dict[str, Any]:
    """The globals that a function's code reads, by name; of a module, the attributes that are read of it.

    Raises
    ------
    UnknownError
        If it reads what cannot be compared.
    """
    found: dict[str, Any] = {}
    for code in codes(function.__code__):
        path, value = "", None
        for each in _instructions(code):
            name = each.argval
            if each.opname == "IMPORT_NAME":
                _require_library(str(name))
            if each.opname in _LOADS and (name in _OUTSIDE or str(name).startswith(_READING)):
                raise UnknownError
            if each.opname in ("LOAD_ATTR", "LOAD_METHOD") and isinstance(value, ModuleType):
                path, value = f"{path}.{name}", _of_module(value, name)
            elif isinstance(value, ModuleType) and not is_library(value.__name__):
                raise UnknownError  # any of its attributes may be read
            elif isinstance(value, ModuleType) and is_outside(value.__name__, ""):
                raise UnknownError
            elif each.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
                path, value = _global(function, name, required=each.opname == "LOAD_GLOBAL")
            else:
                path, value = "", None
            if path and not isinstance(value, ModuleType):
                found[path] = value
                path, value = "", None
    return found


def _require_library(module: str) -> None:
    if not (is_library(module) or is_library(module.partition(".")[0])) or is_outside(module, ""):
        raise UnknownError


def _of_module(module: ModuleType, name: str) -> Any:
    """An attribute of a module, unless code computes it."""
    if is_outside(module.__name__, name) or (name not in vars(module) and not is_library(module.__name__)):
        raise UnknownError
    return getattr(module, name, None)


def _global(function: FunctionType, name: str, *, required: bool) -> tuple[str, Any]:
    """What a name stands for in a function: a global, or Python's own; the names of a class body are its own."""
    if name in function.__globals__:
        return name, function.__globals__[name]
    known = name in vars(builtins) and name not in _OUTSIDE_OF_PYTHON
    if not known and (required or name in _OUTSIDE_OF_PYTHON):
        raise UnknownError
    return (name, vars(builtins)[name]) if known else ("", None)
