"""The cases, a module each with a constant ``CASE``."""

from __future__ import annotations

import importlib
import keyword

from benchmarks._case import Case

NAMES = (
    "small",
    "first_fit",
    "watched",
    "random_structures",
    "mnist_sgd",
    "mnist_adam",
    "mnist_adam_128",
    "mnist_large",
    "grid_digits",
    "grid_parallel",
    "imdb_sparse",
    "newsgroups",
    "predict",
    "import",
    "memory",
    "memory_peers",
    "busy_cores",
    "growth",
    "wrapper_grid",
    "wrapper_conv",
    "wrapper_lstm",
    "wrapper_mnist_conv",
    "wrapper_two",
    "wrapper_memory",
)


def find(name: str) -> Case:
    """The case of that name, or of another module if the name has a colon before it.

    Python's keywords are no names of modules, so ``import`` is in ``import_``.
    """
    if name.startswith(":"):
        case: Case = importlib.import_module(name[1:]).CASE
    else:
        case = importlib.import_module(f"{__name__}.{name}{'_' * keyword.iskeyword(name)}").CASE
    return case
