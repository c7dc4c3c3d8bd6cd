"""Whether hooks look at a Keras model, and a call before they first do."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

_CALL = "_skmlp_before_use"


@contextmanager
def before_use(model: Any, call: Callable[[], None]) -> Iterator[None]:
    """Call a function once, before an attribute of a Keras model is read or set, or the model is called.

    Until then the model is of a subclass of its own class, which has the same name. Setting its ``history`` is no use.
    """
    kind: Any = type(model)
    lock = threading.RLock()
    vars(model)[_CALL] = kind, call, lock
    object.__setattr__(model, "__class__", _noticing(kind))
    try:
        yield
    finally:
        with lock:
            _leave(model)


def _leave(model: Any) -> Callable[[], None] | None:
    """Give a model its own class back; what was to be called, if it was not."""
    entry = object.__getattribute__(model, "__dict__").pop(_CALL, None)
    if entry is None:
        return None
    kind, call, _ = entry
    object.__setattr__(model, "__class__", kind)
    found: Callable[[], None] = call
    return found


def _use(model: Any) -> None:
    """Call what is to be called before a use; another thread waits for that."""
    entry = object.__getattribute__(model, "__dict__").get(_CALL)
    if entry is None:  # another thread has been here since this one found the class
        return
    with entry[2]:
        call = _leave(model)
        if call is not None:
            call()


@cache
def _noticing(kind: Hashable) -> type:
    def read(self: Any, name: str) -> Any:
        _use(self)
        return getattr(self, name)

    def write(self: Any, name: str, value: Any) -> None:
        if name == "history":  # keras.callbacks.History sets it after every epoch, and looks at nothing
            object.__setattr__(self, name, value)
            return
        _use(self)
        setattr(self, name, value)

    def delete(self: Any, name: str) -> None:
        _use(self)
        delattr(self, name)

    assert isinstance(kind, type)  # noqa: S101  (for the type checker)
    methods = {"__getattribute__": read, "__setattr__": write, "__delattr__": delete}
    names = {"__module__": kind.__module__, "__qualname__": kind.__qualname__}
    return type(kind.__name__, (kind,), {**methods, **names})
