"""Microseconds per training step, and seconds for a first epoch: a plain graph, XLA, and scikit-learn beside them.

This is the table of docs/design.md from which the choice between XLA and a plain graph was made. Run it on an idle
machine: ``python -m benchmarks.steps``. Each figure is the median of three runs.
"""

from __future__ import annotations

import statistics
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

import skmlp
from skmlp import KerasMLPClassifier


@dataclass(frozen=True)
class Case:
    """A network and how it is trained."""

    n_samples: int
    n_features: int
    hidden: tuple[int, ...]
    n_classes: int
    batch_size: int
    optimizer: str
    epochs: int
    dropout: float = 0.0

    def __str__(self) -> str:
        widths = "-".join(map(str, (self.n_features, *self.hidden, self.n_classes)))
        return f"{widths}{f', dropout {self.dropout:g}' if self.dropout else ''} | {self.batch_size} | {self.optimizer}"

    @property
    def n_steps(self) -> int:
        """Steps in an epoch."""
        return -(-self.n_samples // self.batch_size)


CASES = [
    Case(1000, 20, (100,), 3, 32, "adam", 50),
    Case(1437, 64, (100,), 10, 32, "adam", 50),
    Case(6000, 64, (100,), 10, 200, "adam", 20),
    Case(20_000, 784, (200, 100), 10, 32, "sgd", 3),
    Case(20_000, 784, (200, 100), 10, 128, "adam", 3),
    Case(20_000, 784, (200, 100), 10, 32, "adam", 3, dropout=0.3),
    Case(3000, 784, (1500, 1000, 500), 10, 64, "adam", 3),
]


def keras_mlp(case: Case) -> Any:
    """Our estimator for a case."""
    return KerasMLPClassifier(
        case.hidden, batch_size=case.batch_size, optimizer=case.optimizer, dropout=case.dropout, random_state=0
    )


def scikit_learn(case: Case) -> Any:
    """scikit-learn's, which has no dropout."""
    return MLPClassifier(
        case.hidden, batch_size=case.batch_size, solver=case.optimizer, alpha=0, tol=0, momentum=0, random_state=0
    )


def measure(case: Case, make: Callable[[Case], Any], epochs: str, X: Any, y: Any) -> tuple[float, float]:
    """Seconds of a first fit of one epoch, and microseconds per step after that."""

    def seconds(n_epochs: int) -> float:
        estimator = make(case).set_params(**{epochs: n_epochs})
        start = time.perf_counter()
        estimator.fit(X, y)
        return time.perf_counter() - start

    first = seconds(1)
    one = statistics.median(seconds(1) for _ in range(3))
    all_of_them = statistics.median(seconds(case.epochs) for _ in range(3))
    return first, (all_of_them - one) / ((case.epochs - 1) * case.n_steps) * 1e6


def main() -> None:
    """Print the table."""
    warnings.simplefilter("ignore", ConvergenceWarning)
    keras_mlp(CASES[0]).set_params(epochs=1).fit(np.eye(2, dtype="float32"), [0, 1])  # imports Keras
    print("| network | batch | optimizer | plain: step | first | XLA: step | first | scikit-learn: step |")
    print("|---|---|---|---|---|---|---|---|")
    for case in CASES:
        rng = np.random.default_rng(0)
        X = rng.random((case.n_samples, case.n_features), dtype=np.float32)
        y = rng.integers(0, case.n_classes, case.n_samples)
        cells = []
        for least in (10**9, 0):
            skmlp.clear_cache()
            with patch("skmlp._engine.blocks._XLA_STEPS", least):
                first, step = measure(case, keras_mlp, "epochs", X, y)
            cells += [f"{step:,.0f}", f"{first:.2f}"]
        cells.append(f"{measure(case, scikit_learn, 'max_iter', X, y)[1]:,.0f}" if not case.dropout else "-")
        print(f"| {case} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
