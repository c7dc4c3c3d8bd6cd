"""Objects of Keras that a copy does not give back."""

from __future__ import annotations

import inspect
from typing import Any


def check_copies(name: str, value: Any) -> None:
    """Refuse a loss of Keras with an argument that Keras leaves out of its copies.

    ``copy.deepcopy``, ``pickle`` and so scikit-learn's ``clone`` make an object of Keras anew of its configuration,
    where ``keras.losses.Huber`` has no ``delta``: a search over ``Huber(0.5)`` would train ``Huber(1.0)``. The
    arguments are kept in an attribute that is private; tests/test_copies.py notices when it changes.

    Parameters
    ----------
    name : str
        Of the parameter.
    value : object
        Anything, or a list or a dictionary of it.

    Raises
    ------
    ValueError
        If it is such an object.
    """
    if isinstance(value, dict | list | tuple):
        for each in value.values() if isinstance(value, dict) else value:
            check_copies(name, each)
    kept = getattr(value, "_fn_kwargs", None)
    if not isinstance(kept, dict) or not hasattr(value, "get_config"):
        return
    copied, defaults = value.get_config(), inspect.signature(type(value)).parameters
    lost = [each for each in kept if each not in copied and each in defaults and kept[each] != defaults[each].default]
    if lost:
        given = ", ".join(f"{each}={kept[each]!r}" for each in lost)
        function = getattr(value.fn, "__name__", "its_function")
        raise ValueError(
            f"{name}={type(value).__name__}({given}) cannot be copied: Keras forgets {', '.join(lost)}, and clone, "
            f"a search or a file would train another loss. Write {name}=functools.partial(keras.losses.{function}, "
            f"{given})."
        )
