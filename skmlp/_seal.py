"""The seal of what goes into a file: the version of its format, who made it, and checksums of what it holds."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmlp._version import __version__

FORMAT = 1
"""The version of what estimators write into files: a new one comes with a step that reads the former."""

_PAGE = 4096 // 8
"""Words of 64 bits that are added up for the checksum of an array."""


def seal(content: Mapping[str, Any]) -> dict[str, Any]:
    """What a file says of the content that is held to it: plain values, arrays, and whatever a user gave."""
    sums = _Sums()
    sums.add(content)
    return {"format": FORMAT, "skmlp": __version__, "checksum": sums.checksum, "arrays": sums.arrays}


def is_plain(value: Any) -> bool:
    """Whether a parameter is a number or a name, or a sequence of these, as it is in every file."""
    if isinstance(value, list | tuple):
        return all(map(is_plain, value))
    return isinstance(value, str | int | float | np.bool_ | np.number)


def check_seal(given: Any, content: Mapping[str, Any], name: str) -> None:
    """Refuse content of a file that is not what was sealed, or that a later version of skmlp has sealed.

    Arrays that are memory-mapped are left where they are: their checksums would read the whole file.

    Raises
    ------
    ValueError
        With what is wrong, and what to do; ``name`` is the class of the estimator.
    """
    if given is None:
        raise ValueError(
            f"This is not a {name} saved by skmlp: it has no format. Estimators of versions before 0.1.0 cannot be "
            "loaded: fit them again."
        )
    made_by = given.get("skmlp") if isinstance(given, dict) else None
    known = isinstance(made_by, str) and isinstance(given.get("arrays"), list)
    if known and type(given.get("format")) is int and given["format"] > FORMAT:
        raise ValueError(
            f"This {name} was saved by skmlp {made_by} in format {given['format']}, and skmlp {__version__} reads "
            f"formats up to {FORMAT}: install skmlp {made_by} or later."
        )
    if not known or given.get("format") != FORMAT:
        raise ValueError(_damaged(name, "its format cannot be read"))
    sums = _Sums(given["arrays"])
    try:
        sums.add(content)
    except RecursionError:
        raise ValueError(_damaged(name, "it is nested without end")) from None
    if sums.checksum != given.get("checksum"):
        raise ValueError(_damaged(name, "what it holds is not what was saved"))
    if sums.arrays != given["arrays"]:
        raise ValueError(_damaged(name, "its weights, or other arrays, are not those that were saved"))


def _damaged(name: str, how: str) -> str:
    return f"This file of a {name} is damaged: {how}. Load another copy of it, or fit and save the estimator again."


class _Sums:
    """Checksums of a content: one of all that it says but for the entries of arrays, and one of each array.

    Values count as numbers, strings and collections, not by their types, which some formats do not keep. Objects of
    scikit-learn and SciKeras, such as encoders, count by their attributes; a user's own do not count.
    """

    def __init__(self, stored: Sequence[Any] | None = None) -> None:
        self.checksum = 0
        self.arrays: list[int] = []
        self._stored = stored

    def add(self, value: Any) -> None:
        """Go through a value, and what is in it."""
        head, parts = next(look for types, look in _KINDS if isinstance(value, types))(value)
        if isinstance(value, np.ndarray) and not parts:
            self.arrays.append(self._of_array(value))
        self.checksum = zlib.crc32(f"{head} {len(parts)}\n".encode(), self.checksum)
        for part in parts:
            self.add(part)

    def _of_array(self, array: NDArray[Any]) -> Any:
        at = len(self.arrays)
        if isinstance(array, np.memmap) and self._stored is not None and at < len(self._stored):
            return self._stored[at]
        return _array_checksum(array)


def _array_checksum(array: NDArray[Any]) -> int:
    """The CRC-32 of the sums of the words of each page, and of what is left after the last page.

    It tells every single bit, and pages that are lost or in another order, and takes a tenth of the time of a pickle,
    where the CRC-32 of all bytes takes nearly half.
    """
    little = np.ascontiguousarray(array.astype(array.dtype.newbyteorder("<"), copy=False))
    octets = little.reshape(-1).view(np.uint8)
    whole = len(octets) // (8 * _PAGE) * (8 * _PAGE)
    pages = octets[:whole].view("<u8").reshape(-1, _PAGE).sum(axis=1, dtype=np.uint64)
    return zlib.crc32(octets[whole:], zlib.crc32(pages.astype("<u8")))


Look = tuple[str, Sequence[Any]]
"""What a value says by itself, in ASCII, and what is in it."""


def _of_numpy(array: NDArray[Any]) -> Look:
    """An array by dtype and shape; one of Python objects, such as strings, by these."""
    if array.dtype.kind in "OT":
        return f"objects {array.shape}", array.ravel().tolist()
    return f"array {_dtype_name(array.dtype)} {array.shape}", ()


def _dtype_name(dtype: np.dtype[Any]) -> str:
    """The name of a dtype on every processor; that of strings of any length has no order of bytes."""
    return dtype.str if dtype.kind == "T" else dtype.newbyteorder("<").str


def _of_dict(values: Mapping[Any, Any]) -> Look:
    """A dictionary by its names; other keys are a user's, and not all formats keep them."""
    if not all(isinstance(name, str) for name in values):
        return "other", ()
    names = sorted(values)
    return f"dict {_quoted(names)}", [values[name] for name in names]


def _of_object(value: Any) -> Look:
    cls = type(value)
    if cls.__module__.partition(".")[0] not in ("sklearn", "scikeras") or not hasattr(value, "__dict__"):
        return "other", ()
    return f"object {cls.__qualname__!a}", [{n: each for n, each in vars(value).items() if n != "_sklearn_version"}]


def _quoted(names: Iterable[str]) -> str:
    return ",".join(ascii(str.__str__(name)) for name in names)


_KINDS: tuple[tuple[Any, Callable[[Any], Look]], ...] = (
    (type(None), lambda value: ("none", ())),
    ((bool, np.bool_), lambda value: (f"bool {bool(value)}", ())),
    ((int, np.integer), lambda value: (f"int {int(value)}", ())),
    ((float, np.floating), lambda value: (f"float {float(value).hex()}", ())),
    (str, lambda value: (f"str {_quoted([value])}", ())),
    ((list, tuple), lambda value: ("list", value)),
    (dict, _of_dict),
    (np.dtype, lambda value: (f"dtype {_dtype_name(value)}", ())),
    (np.ndarray, _of_numpy),
    (object, _of_object),
)
"""Kinds of values, and how to look at one of each; the first that fits counts."""
