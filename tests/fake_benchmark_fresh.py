"""The case whose every run has a process of its own."""

from fake_benchmark import FRESH as CASE

__all__ = ["CASE"]
