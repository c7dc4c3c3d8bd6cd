"""The progress line of a fit, for a terminal and for a log file."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from typing import Protocol, TextIO

from skmlp._watch.watcher import Training, Watcher

_TERMINAL_SECONDS = 0.1
_LOG_SECONDS = 10.0


class ProgressLine:
    """One line a fit: in a terminal it is rewritten in place; in a file it is a new line now and then.

    Parameters
    ----------
    name : str
        Whose fit it is.
    epochs : int
        The epoch at which the fit ends, unless it stops before; epochs of earlier fits count.
    stream : text stream, optional
        Standard output, unless given.
    clock : callable, optional
        Seconds from some start.
    """

    def __init__(
        self, name: str, epochs: int, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.name = name
        self.epochs = epochs
        self.stream = sys.stdout if stream is None else stream
        self.clock = clock
        self.terminal = self.stream.isatty()
        self.start = self.last = clock()
        self.done = 0
        self.width = 0

    def begin(self, done: int) -> None:
        """Take note of the epochs of earlier fits, which took none of this fit's time."""
        self.done = done

    def update(self, epoch: int, values: Mapping[str, float]) -> None:
        """Show the state after an epoch, if the last line is old enough."""
        now = self.clock()
        if now - self.last >= (_TERMINAL_SECONDS if self.terminal else _LOG_SECONDS):
            left = (now - self.start) / (epoch - self.done) * (self.epochs - epoch)
            self._show(epoch, values, f"{_duration(left)} left", end="")
            self.last = now

    def close(self, epoch: int, values: Mapping[str, float]) -> None:
        """Show the last state and the time that it took, and end the line."""
        self._show(epoch, values, f"in {_duration(self.clock() - self.start)}", end="\n")

    def leave(self) -> None:
        """End a line that was shown, and not closed."""
        if self.width:
            self.stream.write("\n")
            self.stream.flush()
            self.width = 0

    def _show(self, epoch: int, values: Mapping[str, float], when: str, end: str) -> None:
        count = f"epoch {epoch:>{len(str(self.epochs))}}/{self.epochs}"
        line = "  ".join([self.name, count, *(f"{name} {value:.4g}" for name, value in values.items()), when])
        if self.terminal:
            padding = " " * (self.width - len(line))
            self.stream.write(f"\r{line}{padding}{end}")
            self.width = 0 if end else len(line)
        else:
            self.stream.write(f"{line}\n")
        self.stream.flush()


class Latest(Protocol):
    """Knows the losses and scores of the last epoch."""

    latest: dict[str, float]


class Progress(Watcher):
    """Shows a line of progress."""

    beside = True

    def __init__(self, line: ProgressLine, recorder: Latest) -> None:
        self.line = line
        self.recorder = recorder

    def begin_training(self, training: Training) -> None:
        """Leave earlier epochs out of the time left."""
        self.line.begin(training.epoch)

    def end_epoch(self, training: Training, loss: float) -> None:
        """Show the state after an epoch; after the last one, end the line."""
        last = training.stop or training.epoch == self.line.epochs
        (self.line.close if last else self.line.update)(training.epoch, self.recorder.latest)

    def leave(self) -> None:
        """End the line, if the last epoch has not."""
        self.line.leave()


def _duration(seconds: float) -> str:
    """Seconds as 0.3 s, 12 s, 3:05 or 1:02:03."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"
