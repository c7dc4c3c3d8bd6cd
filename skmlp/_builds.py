"""Models that a user's function builds, kept for the next fit that would build the same."""

from __future__ import annotations

import random
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from skmlp._building import BUILDING
from skmlp._codes import UnknownError
from skmlp._compilations import ReadTraining, compilation, read_training
from skmlp._engine.cache import POOL
from skmlp._engine.graphs import process_settings
from skmlp._keras import keras
from skmlp._model_parts import Unsupported
from skmlp._models import ReadModel, read_model
from skmlp._own import content
from skmlp._reading import what_it_reads
from skmlp._saved_model import state_of
from skmlp._spec import Form, State
from skmlp._told import held

_MOST = 16
"""Models that are kept."""


class Build:
    """A compiled Keras model that fits share, and that none of them changes.

    Attributes
    ----------
    model : keras.Model
    """

    def __init__(self, model: Any) -> None:
        self.model = model
        self._read: ReadModel | None = None
        self._start: State | None = None
        self._trainings: dict[tuple[Form, ...], ReadTraining] = {}

    @property
    def read(self) -> ReadModel:
        """What the engine knows of the model, read once."""
        if self._read is None:
            self._read = read_model(self.model)
        return self._read

    def training(self, targets: tuple[Form, ...]) -> ReadTraining:
        """What the engine knows of how the model is trained, read once for targets of some forms."""
        if targets not in self._trainings:
            self._trainings[targets] = read_training(self.model, targets)
        return self._trainings[targets]

    @property
    def start(self) -> State:
        """Where a training of the model starts, read once; nobody writes to its arrays."""
        if self._start is None:
            self._start = state_of(self.model)
        return self._start

    def is_like(self, model: Any) -> bool:
        """Whether another model is of the same layers with the same values, and compiled in the same way."""
        try:
            other = read_model(model)
            same_layers = (other.spec.key, other.values) == (self.read.spec.key, self.read.values)
            return same_layers and _compilation(model) == _compilation(self.model)
        except (Unsupported, UnknownError):
            return False


def _compilation(model: Any) -> Hashable:
    """How a model is compiled, in values that can be compared."""
    return content(keras.tree.map_structure(_described, compilation(model)))


class RecordedReads(dict[str, Any]):
    """A dictionary that knows which of its entries were read."""

    def __init__(self, entries: Mapping[str, Any]) -> None:
        super().__init__(entries)
        self.read: set[str] = set()

    def _all(self) -> None:
        self.read.update(super().keys())

    def __getitem__(self, name: str) -> Any:
        self.read.add(name)
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        """As in a dictionary."""
        self.read.add(name)
        return super().get(name, default)

    def __contains__(self, name: object) -> bool:
        self.read.add(str(name))
        return super().__contains__(name)

    def __iter__(self) -> Iterator[str]:
        self._all()
        return super().__iter__()

    def keys(self) -> Any:
        """As in a dictionary."""
        self._all()
        return super().keys()

    def values(self) -> Any:
        """As in a dictionary."""
        self._all()
        return super().values()

    def items(self) -> Any:
        """As in a dictionary."""
        self._all()
        return super().items()

    def copy(self) -> dict[str, Any]:
        """As in a dictionary."""
        self._all()
        return super().copy()


class _Builds:
    """The models that were built last, by what their function was given, and what it has read of the fit."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, list[tuple[dict[str, Hashable], Build]]] = OrderedDict()

    def find(self, key: Hashable, meta: Mapping[str, Any]) -> Build | None:
        """A model of that key whose function would read the same of ``meta``."""
        with self._lock:
            candidates = list(self._kept.get(key, ()))
            if candidates:
                self._kept.move_to_end(key)
        return next((build for reads, build in candidates if reads == _of_entries(meta, reads)), None)

    def keep(self, key: Hashable, reads: dict[str, Hashable], build: Build) -> None:
        """Keep a model, and drop the one that was not used for the longest time."""
        with self._lock:
            self._kept.setdefault(key, []).append((reads, build))
            self._kept.move_to_end(key)
            while sum(map(len, self._kept.values())) > _MOST:
                _, oldest = next(iter(self._kept.items()))
                oldest.pop(0)
                if not oldest:
                    self._kept.popitem(last=False)

    def clear(self) -> None:
        """Forget all of them."""
        with self._lock:
            self._kept.clear()


_BUILDS = _Builds()
POOL.on_clear(_BUILDS.clear)


def _of_entries(meta: Mapping[str, Any], names: Any) -> dict[str, Hashable]:
    return {name: content(meta.get(name)) for name in sorted(names)}


def shared_build(
    function: Callable[..., Any],
    given: Mapping[str, Any],
    meta: Mapping[str, Any],
    make: Callable[[Any], Any],
    seed: int,
) -> Build | None:
    """The model that a function builds, from an earlier fit if it would build the same.

    Parameters
    ----------
    function : callable
        The user's.
    given : mapping
        What else decides the model: arguments, and how it is compiled.
    meta : mapping
        What the function may read of the fit.
    make : callable
        Calls the function and compiles its model, given ``meta`` or what records what is read of it.
    seed : int

    Returns
    -------
    build : Build or None
        None if it is not known by what the function builds its model: it reads something large, or a layer or model.
    """
    try:
        described = keras.tree.map_structure(_described, dict(given))
        registered = keras.saving.get_custom_objects()
        key = (
            what_it_reads(function),
            what_it_reads([described, {**registered}]),
            seed,
            process_settings(),
            keras.config.dtype_policy().name,
        )
    except UnknownError:
        return None
    except Exception:  # what a user's objects raise when they are looked at: then nothing is shared
        return None
    found = _BUILDS.find(key, meta)
    if found is None:
        recorded = RecordedReads(meta)
        found = Build(make(recorded))
        _BUILDS.keep(key, _of_entries(meta, recorded.read), found)
    return found


def _described(value: Any) -> Any:
    """An optimizer or a metric that has done nothing yet by what it is, and anything else as it is."""
    if isinstance(value, keras.optimizers.Optimizer):
        if value.built:
            raise UnknownError
        return type(value), {**value.get_config(), "name": None}, held(value)  # Keras numbers the names
    if isinstance(value, keras.metrics.Metric):
        return type(value), value.get_config(), held(value)
    return value


@contextmanager
def seeded(seed: int | None) -> Iterator[None]:
    """Seed the generators of Python and NumPy, from which Keras and a user's function draw, and give them back.

    None seeds nothing: what is built draws from them as they are, and not from those that another thread has seeded.
    """
    with BUILDING:
        if seed is None:
            yield
            return
        states = random.getstate(), np.random.get_state()  # noqa: NPY002  (the global one, which users draw from)
        random.seed(seed)
        np.random.seed(seed % 2**32)  # noqa: NPY002  (the same)
        try:
            yield
        finally:
            random.setstate(states[0])
            np.random.set_state(states[1])  # noqa: NPY002  (the same)
