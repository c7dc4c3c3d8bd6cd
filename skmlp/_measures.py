"""The metrics of a Keras model as a part of the key of its program."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

from skmlp._own import Own


@dataclass(frozen=True)
class MadeMetric:
    """A metric that is made anew for each program: its class and its configuration."""

    kind: type
    config: Mapping[str, Any]

    def make(self) -> Any:
        """A new one."""
        return self.kind.from_config(dict(self.config))  # type: ignore[attr-defined]  # Keras has no types


@dataclass(frozen=True)
class Measures:
    """The metrics that a model was compiled with, as it was given them, the aliases of its outputs, and own code."""

    metrics: Own
    weighted_metrics: Own
    output_names: tuple[str, ...]
    code: Hashable = ()

    @property
    def any(self) -> bool:
        """Whether there are any."""
        return bool(self.metrics.held or self.weighted_metrics.held)


OUTPUT_END = "_of_skmlp_"
"""What an alias ends with, before the name of a metric."""


def output_alias(output: int) -> str:
    """What an output is called in a program, whose key leaves out the names that users and Keras give."""
    return f"output_{output}{OUTPUT_END}".rstrip("_")


def output_of(alias: str) -> int:
    """The number of the output of an alias, without its end."""
    return int(alias.removeprefix("output_"))
