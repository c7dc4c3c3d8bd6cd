"""The bounded, thread-safe pool of compiled programs; needs no Keras, so that it can be asked before any fit."""

from __future__ import annotations

import gc
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from skmlp._building import BUILDING
from skmlp._interrupts import deferred_interrupts


class CacheInfo(NamedTuple):
    """The counts that :func:`skmlp.cache_info` returns.

    Attributes
    ----------
    hits : int
        Fits that found an idle compiled program of their structure.
    misses : int
        Fits for which a program had to be built.
    maxsize : int
        The largest number of programs that are kept.
    currsize : int
        Programs that exist now, in use or idle.
    traces : int
        Tracings of training programs since the process began; :func:`skmlp.clear_cache` leaves it alone.

    See Also
    --------
    skmlp.cache_info : Returns it.
    """

    hits: int
    misses: int
    maxsize: int
    currsize: int
    traces: int


class ProgramPool:
    """Programs by structure, lent to one fit at a time.

    A program owns variables, so two fits that run at once in threads get two programs. The least recently used
    idle program goes first when there are more than ``maxsize``; one in use is never taken away.
    """

    def __init__(self, maxsize: int) -> None:
        self.maxsize = maxsize
        self._lock = threading.Lock()
        self._idle: OrderedDict[int, tuple[Hashable, Any]] = OrderedDict()
        self._lent = 0
        self._discarded: set[int] = set()
        self._generation = 0
        self._hits = 0
        self._misses = 0
        self._traces = 0
        self._also_clear: list[Callable[[], None]] = []

    @contextmanager
    def lend(self, key: Hashable, build: Callable[[], Any]) -> Iterator[Any]:
        """Lend the program of ``key``, built by ``build`` when none is idle; back in the pool at the end.

        A program whose fit failed comes back too, unless it was discarded: whoever borrows it resets all of its state.
        """
        program, lent, generation = None, False, 0
        try:
            # Python swallows an interrupt while an object is freed, as what is evicted is here.
            with deferred_interrupts():
                with self._lock:
                    generation = self._generation
                    program = self._take(key)
                    self._hits += program is not None
                    self._misses += program is None
                    self._lent += 1
                    lent = True
                    evicted = self._evict()
                if evicted:
                    gc.collect()  # Keras' layers are cycles of a megabyte, but too few objects for Python to mind soon
            if program is None:
                with BUILDING:
                    program = build()
            yield program
        finally:
            with deferred_interrupts(), self._lock:
                self._lent -= lent
                discarded = id(program) in self._discarded
                self._discarded.discard(id(program))
                if program is not None and not discarded and generation == self._generation:
                    self._idle[id(program)] = (key, program)
                self._evict()

    def discard(self, program: Any) -> None:
        """Lend a program, which is lent at present, to nobody else."""
        with self._lock:
            self._discarded.add(id(program))

    def retain(self, program: Any) -> None:
        """Take back that a program, which is lent at present, was to be discarded."""
        with self._lock:
            self._discarded.discard(id(program))

    def _take(self, key: Hashable) -> Any | None:
        for identity, (idle_key, program) in reversed(self._idle.items()):
            if idle_key == key:
                del self._idle[identity]
                return program
        return None

    def _evict(self) -> bool:
        """Drop what is too much; whether there was any."""
        before = len(self._idle)
        while self._idle and len(self._idle) + self._lent > self.maxsize:
            self._idle.popitem(last=False)
        return len(self._idle) < before

    def count_trace(self) -> None:
        """Called by a program each time that TensorFlow traces it."""
        with self._lock:
            self._traces += 1

    def clear(self) -> None:
        """Forget every idle program, and those in use as they come back; start counting hits and misses anew."""
        with deferred_interrupts():
            with self._lock:
                self._idle.clear()
                self._generation += 1
                self._hits = self._misses = 0
            for clear in self._also_clear:
                clear()

    def on_clear(self, clear: Callable[[], None]) -> None:
        """Have another cache of compiled functions cleared along with this one."""
        self._also_clear.append(clear)

    def info(self) -> CacheInfo:
        """Count what the pool holds and did."""
        with self._lock:
            return CacheInfo(self._hits, self._misses, self.maxsize, len(self._idle) + self._lent, self._traces)


POOL = ProgramPool(maxsize=32)


def cache_info() -> CacheInfo:
    """Count the compiled training programs of this process.

    Every fit of the same structure uses the same program, unless another fit is using it.

    Returns
    -------
    CacheInfo
        A named tuple ``hits, misses, maxsize, currsize, traces``; ``traces`` counts every tracing of a training program
        since the process began.

    See Also
    --------
    clear_cache : Drops the programs.

    Examples
    --------
    >>> import skmlp
    >>> skmlp.cache_info().maxsize
    32
    """
    return POOL.info()


def clear_cache() -> None:
    """Drop the compiled programs of this process, and count hits and misses from zero again.

    Fitted estimators keep their weights, and compile again when they are used.

    See Also
    --------
    cache_info : Counts the programs.

    Examples
    --------
    >>> import skmlp
    >>> skmlp.clear_cache()
    >>> skmlp.cache_info().currsize
    0
    """
    POOL.clear()
