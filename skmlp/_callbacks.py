"""What watches a fit epoch by epoch: the history, and early stopping."""

from __future__ import annotations

from typing import Any


class History:
    """Values by epoch, one list a name."""

    def __init__(self) -> None:
        self.values: dict[str, list[float]] = {}

    def append(self, **values: float) -> None:
        """Add the values of an epoch."""
        for name, value in values.items():
            self.values.setdefault(name, []).append(value)


class EarlyStopping:
    """Stops when a validation score no longer rises, and keeps the weights of its best epoch.

    The rule is that of scikit-learn's MLP: an epoch counts as no improvement when its score does not exceed the best
    one so far by ``tol``, and training ends after more than ``patience`` such epochs in a row.
    """

    def __init__(self, tol: float, patience: int) -> None:
        self.tol = tol
        self.patience = patience
        self.best_score = -float("inf")
        self.best_weights: list[Any] | None = None
        self.stalled = 0

    def update(self, score: float, epoch: Any) -> bool:
        """Take the score of an epoch; returns whether to stop. Sets ``best_score`` and ``best_weights``."""
        self.stalled = 0 if score >= self.best_score + self.tol else self.stalled + 1
        if self.best_weights is None or score > self.best_score:
            self.best_score = score
            self.best_weights = epoch.weights()
        return self.stalled > self.patience
