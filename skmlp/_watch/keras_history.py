"""The history of a training as Keras records it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from skmlp._measures import OUTPUT_END, output_of
from skmlp._watch.watcher import Training, Watcher


class KerasHistory(Watcher):
    """Keeps losses and metrics by epoch, under Keras' names and in Keras' order.

    Parameters
    ----------
    output_names : sequence of str
        Their losses are recorded if there are several.
    measured : bool
        Whether the program keeps metrics.
    validation : data of the engine, optional
        Samples to evaluate after every epoch.
    validation_batch_size : int, default=32
        In so many samples at a time.

    Attributes
    ----------
    history : dict of str to list of float
    latest : dict of str to float
        Those of the last epoch.
    """

    def __init__(
        self, output_names: Sequence[str], *, measured: bool, validation: Any = None, validation_batch_size: int = 32
    ) -> None:
        self.attentive = measured or validation is not None
        self.history: dict[str, list[Any]] = {}
        self.latest: dict[str, Any] = {}
        self._names = output_names
        self._measured = measured
        self._validation = validation
        self._validation_batch_size = validation_batch_size
        self._loss, self._size = 0.0, 0

    def begin_epoch(self, training: Training) -> None:
        """Begin to measure anew."""
        self._loss, self._size = 0.0, 0
        if self._measured:
            training.reset_metrics()

    def end_epoch(self, training: Training, loss: float) -> None:
        """Evaluate, and add an entry to each list."""
        metrics = training.metrics() if self._measured else {}
        self.latest = self._named([loss, *training.output_losses], metrics)
        if self._validation is not None:
            evaluated = self._named(*training.evaluate(self._validation, self._validation_batch_size))
            self.latest |= {f"val_{name}": value for name, value in evaluated.items()}
        for name, value in self.latest.items():
            self.history.setdefault(name, []).append(value)

    def of_batches(self, training: Training, loss: float, size: int) -> dict[str, Any]:
        """The mean loss and the metrics since the epoch began, with a batch that has ended, and its samples."""
        self._loss += loss * size
        self._size += size
        return self._named([self._loss / self._size], training.metrics() if self._measured else {})

    def cut(self, n_epochs: int) -> None:
        """Forget what an interrupted epoch added."""
        for values in self.history.values():
            del values[n_epochs:]

    def _named(self, losses: Sequence[float], metrics: Mapping[str, Any]) -> dict[str, Any]:
        """Losses and metrics by name, sorted as Keras does."""
        loss, *of_outputs = losses
        named: dict[str, Any] = {"loss": loss}
        named |= {f"{name}_loss": each for name, each in zip(self._names, of_outputs, strict=False)}
        for name, value in metrics.items():
            alias, _, rest = name.partition(OUTPUT_END)
            full = f"{self._names[output_of(alias)]}_{rest}" if rest else name
            named[full] = float(value) if value.ndim == 0 else value
        return dict(sorted(named.items()))
