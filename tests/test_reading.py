"""What a model function reads: it is called anew wherever two calls of it may build two models."""

import contextvars
import dataclasses
import enum
import functools
import io
import os
import pathlib
import random
import threading
import time
import types
import weakref
from contextlib import contextmanager
from os import listdir as names_in
from time import time as clock

import numpy as np
import pytest

from skmlp import _codes
from skmlp._codes import UnknownError
from skmlp._keras import keras
from skmlp._reading import what_it_reads

UNITS = 4
SIZES = [4, 5]
SETTINGS = {"units": 4}
LOOK_UP = SETTINGS.get
VARIABLE = contextvars.ContextVar("units", default=4)
LOCAL = threading.local()
VIEW = types.MappingProxyType(SETTINGS)
GENERATED = (each for each in (4, 5))
CACHE = weakref.WeakValueDictionary()
PATH = pathlib.Path("units")
LINES = io.StringIO("4")
NAMED = types.SimpleNamespace(units=4)
ARRAY = np.zeros(1 << 18)
MODEL = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])


def reference():
    return 4


WEAK = weakref.ref(reference)


@functools.lru_cache
def cached():
    return UNITS


def kept():
    return kept.units


kept.units = 4


def store(values, value):
    values["model"] = value


class Config:
    def __init__(self):
        self.units = UNITS

    def width(self):
        return self.units


CONFIG = Config()


class Hidden:
    def __init__(self):
        self.units = 4

    def __getstate__(self):
        return {}


HIDDEN = Hidden()


@dataclasses.dataclass
class Sizes:
    units: int = 4
    more: list = dataclasses.field(default_factory=list)


class Kind(enum.Enum):
    SMALL = 4


@contextmanager
def wide():
    yield UNITS


def doubled(function):
    @functools.wraps(function)
    def call():
        return 2 * function()

    return call


@doubled
def twice():
    return UNITS


# ruff: noqa: PLW0108, PLC3002, PTH208  (lambdas that read, as a user may write them)
UNKNOWN = {
    "a context variable": lambda: VARIABLE.get(),
    "what belongs to a thread": lambda: LOCAL.units,
    "a view of a dictionary": lambda: VIEW["units"],
    "a generator": lambda: next(GENERATED),
    "a weak reference": lambda: WEAK()(),
    "a dictionary of weak references": lambda: CACHE["units"],
    "a cached function": lambda: cached(),
    "the names in a folder": lambda: len(os.listdir(".")),
    "the names in a folder by another name": lambda: len(names_in(".")),
    "the environment": lambda: os.environ["UNITS"],
    "the environment by its name": lambda: getattr(os, "environ")["UNITS"],  # noqa: B009
    "files of a pattern": lambda: len(list(PATH.glob("*"))),
    "a file": lambda: open("units").read(),  # noqa: PTH123, SIM115
    "a file that is open": lambda: LINES.readline(),
    "a file that is gone through": lambda: list(LINES),
    "the text of a path": lambda: PATH.read_text(),
    "whether a file exists": lambda: os.path.exists("units"),  # noqa: PTH110
    "the clock": lambda: int(time.time()),
    "the clock by another name": lambda: int(clock()),
    "a name that is put together": lambda: globals()["UN" + "ITS"],
    "code in a string": lambda: eval("UNITS"),  # noqa: S307
    "a generator without a seed": lambda: np.random.default_rng().integers(5),
    "Keras' generator": lambda: keras.random.normal((1,)),
    "a large array": lambda: ARRAY[0],
    "a model": lambda: MODEL.layers,
    "a whole module": lambda: vars(np),
    "an unknown name": lambda: nowhere,  # noqa: F821
    "what a helper writes to": lambda: store(SETTINGS, 1),
    "what it writes to": lambda: SIZES.append(3),
    "an object that it changes": lambda: setattr(CONFIG, "units", 3),
    "the threads": lambda: threading.active_count(),
    "a library by its import": lambda: __import__("os"),
}


@pytest.mark.parametrize("what", UNKNOWN)
def test_what_cannot_be_compared_is_unknown(what):
    with pytest.raises(UnknownError):
        what_it_reads(UNKNOWN[what])


def test_a_global_that_is_assigned_is_unknown():
    def model():
        global UNITS  # noqa: PLW0603
        UNITS = 5

    with pytest.raises(UnknownError):
        what_it_reads(model)


def test_what_is_imported_where_it_is_used():
    def outside():
        import time as t

        return t.monotonic()

    def inside():
        from keras import layers

        return layers.Dense(UNITS)

    assert what_it_reads(inside) == what_it_reads(inside)
    with pytest.raises(UnknownError):
        what_it_reads(outside)


class Layer(keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.units = UNITS

    def call(self, inputs):
        return inputs * self.units


def layer():
    return Layer()


def change(name, value):
    return lambda patch: patch.setattr(f"{__name__}.{name}", value, raising=False)


CHANGING = {
    "a number": (lambda: UNITS, change("UNITS", 5)),
    "a list": (lambda: SIZES[0], lambda patch: patch.setattr(f"{__name__}.SIZES", [9, 5])),
    "an entry": (lambda: SETTINGS["units"], lambda patch: patch.setitem(SETTINGS, "units", 5)),
    "a method of a dictionary": (lambda: LOOK_UP("units"), lambda patch: patch.setitem(SETTINGS, "units", 5)),
    "an attribute": (lambda: CONFIG.units, lambda patch: patch.setattr(CONFIG, "units", 5)),
    "what a method returns": (lambda: CONFIG.width(), lambda patch: patch.setattr(CONFIG, "units", 5)),
    "what a method reads": (lambda: Config().width(), change("UNITS", 5)),
    "what a layer's __init__ reads": (layer, change("UNITS", 5)),
    "an attribute that is not copied": (lambda: HIDDEN.units, lambda patch: patch.setattr(HIDDEN, "units", 5)),
    "an attribute of a function": (lambda: kept(), lambda patch: patch.setattr(kept, "units", 5)),
    "an attribute of a namespace": (lambda: NAMED.units, lambda patch: patch.setattr(NAMED, "units", 5)),
    "an attribute of a class": (lambda: Config.more, lambda patch: patch.setattr(Config, "more", 5, raising=False)),
    "a default": (lambda: Sizes().units, lambda patch: patch.setattr(Sizes, "units", 5)),
    "what a library's decorator wraps": (lambda: wide(), change("UNITS", 5)),
    "what a decorator wraps": (lambda: twice(), change("UNITS", 5)),
    "a bound method": (CONFIG.width, lambda patch: patch.setattr(CONFIG, "units", 5)),
    "a method in a partial": (functools.partial(CONFIG.width), lambda patch: patch.setattr(CONFIG, "units", 5)),
    "a function in an argument": (functools.partial(print, [layer]), change("UNITS", 5)),
    "a method of a class": (lambda: Config().width(), lambda patch: patch.setattr(Config, "width", lambda self: 5)),
    "one of Python's names": (lambda: len("four"), change("len", lambda name: 5)),
}


@pytest.mark.parametrize("what", CHANGING)
def test_what_changes_is_told_apart(what, monkeypatch):
    function, changed = CHANGING[what]
    before = what_it_reads(function)
    assert what_it_reads(function) == before
    changed(monkeypatch)
    assert what_it_reads(function) != before


KNOWN = {
    "layers": lambda: keras.Sequential([keras.Input((4,)), keras.layers.Dense(UNITS), keras.layers.Dropout(0.1)]),
    "a path that is joined": lambda: os.path.join("a", "b"),  # noqa: PTH118
    "seeded generators": lambda: (random.random(), np.random.normal()),  # noqa: NPY002, S311
    "an enumeration": lambda: Kind.SMALL.value,
    "a data class": lambda: Sizes(units=3),
    "numbers of NumPy": lambda: np.float32(1) + np.pi,
    "a lambda within": lambda: [(lambda each: each + UNITS)(each) for each in SIZES],
    "a list of its own": lambda: [].append(UNITS),
    "attributes of itself": lambda: Config(),
}


@pytest.mark.parametrize("what", KNOWN)
def test_what_can_be_compared_is_known(what):
    assert hash(what_it_reads(KNOWN[what])) == hash(what_it_reads(KNOWN[what]))


def test_modules_of_ones_own_are_read_by_attribute(monkeypatch):
    module = types.ModuleType("settings_of_a_user")
    module.units = 4
    monkeypatch.setattr(f"{__name__}.MODULE", module, raising=False)
    before = what_it_reads(of_a_module)
    module.units = 5
    assert what_it_reads(of_a_module) != before
    del module.units
    module.__getattr__ = lambda name: 4
    with pytest.raises(UnknownError):
        what_it_reads(of_a_module)


def of_a_module():
    return MODULE.units  # noqa: F821


def test_modules_that_reach_outside_are_told_by_their_names():
    assert _codes.is_outside("urllib.request", "urlopen")
    assert _codes.is_outside("os", "environ")
    assert not _codes.is_outside("os", "path")
    assert not _codes.is_outside("keras.layers", "Dense")
