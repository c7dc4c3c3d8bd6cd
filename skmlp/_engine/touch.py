"""Whether hooks look at a Keras model, and a call before they first do."""

from __future__ import annotations

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
    vars(model)[_CALL] = kind, call
    object.__setattr__(model, "__class__", _noticing(kind))
    try:
        yield
    finally:
        if _CALL in object.__getattribute__(model, "__dict__"):
            _leave(model)


def _leave(model: Any) -> Callable[[], None]:
    """Give a model its own class back; what was to be called."""
    kind, call = object.__getattribute__(model, "__dict__").pop(_CALL)
    object.__setattr__(model, "__class__", kind)
    found: Callable[[], None] = call
    return found


@cache
def _noticing(kind: Hashable) -> type:
    def read(self: Any, name: str) -> Any:
        if name == "__dict__":  # as vars() reads it, a debugger's or ours
            return object.__getattribute__(self, name)
        _leave(self)()
        return getattr(self, name)

    def write(self: Any, name: str, value: Any) -> None:
        if name == "history":  # keras.callbacks.History sets it after every epoch, and looks at nothing
            object.__setattr__(self, name, value)
            return
        _leave(self)()
        setattr(self, name, value)

    def delete(self: Any, name: str) -> None:
        _leave(self)()
        delattr(self, name)

    assert isinstance(kind, type)  # noqa: S101  (for the type checker)
    methods = {"__getattribute__": read, "__setattr__": write, "__delattr__": delete}
    names = {"__module__": kind.__module__, "__qualname__": kind.__qualname__}
    return type(kind.__name__, (kind,), {**methods, **names})
