"""The progress of a fit: a bar of tqdm's where there is one, otherwise a line, for a terminal and for a log file."""

from __future__ import annotations

import io
import sys
import time
import warnings
from collections.abc import Callable, Mapping
from multiprocessing import parent_process
from typing import Any, Protocol, TextIO

from skmlp._watch.search import place_in_search
from skmlp._watch.watcher import Training, Watcher

_TERMINAL_SECONDS = 0.1
_LOG_SECONDS = 10.0


class Display(Protocol):
    """What shows how far a fit is: ``epochs`` is the epoch at which it ends, unless it stops before."""

    epochs: int

    def begin(self, done: int) -> None:
        """Take note of the epochs of earlier fits, which took none of this fit's time."""

    def update(self, epoch: int, values: Mapping[str, float]) -> None:
        """Show the state after an epoch."""

    def close(self, epoch: int, values: Mapping[str, float]) -> None:
        """Show the last state."""

    def leave(self) -> None:
        """End what was shown, and not closed."""


def display(name: str, epochs: int) -> Display:
    """What shows the progress of a fit of an estimator, with its place in a search, on standard output.

    A bar of tqdm's if that is installed, in a notebook and in a terminal; else a line. Workers of a parallel search,
    which share a terminal, write whole lines.
    """
    name = "  ".join(filter(None, (name, place_in_search())))
    make = None if parent_process() is not None else _bars_of(_output())
    return ProgressLine(name, epochs) if make is None else ProgressBar(name, epochs, make)


def _bars_of(stream: TextIO) -> Callable[..., Any] | None:
    """The class of tqdm's bars that a stream can show, if there is one."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that a notebook has no widgets: it gets lines
            from tqdm.auto import tqdm
    except ImportError:
        return None
    in_notebook = any(cls.__name__ == "tqdm_notebook" for cls in tqdm.__mro__)
    return tqdm if in_notebook or _is_terminal(stream) else None


def _output() -> TextIO:
    """Standard output; nowhere, in a process that has none, such as a Windows service."""
    return io.StringIO() if sys.stdout is None else sys.stdout


def _is_terminal(stream: Any) -> bool:
    """Whether a stream is a terminal; what stands in for standard output may not know."""
    return bool(stream.isatty()) if hasattr(stream, "isatty") else False


class ProgressBar:
    """A bar of tqdm's: within other bars, such as those of a loop around the fits, it vanishes at the end.

    Parameters
    ----------
    name : str
        Whose fit it is.
    epochs : int
        The epoch at which the fit ends, unless it stops before; epochs of earlier fits count.
    make : callable
        The class of bars.
    """

    def __init__(self, name: str, epochs: int, make: Callable[..., Any]) -> None:
        self.name = name
        self.epochs = epochs
        self.make = make
        self.bar: Any = None

    def begin(self, done: int) -> None:
        """Show the bar, with the epochs of earlier fits."""
        self.bar = self.make(
            desc=self.name,
            total=self.epochs,
            initial=done,
            unit="epoch",
            file=_output(),
            dynamic_ncols=True,
        )
        self.bar.leave = self.bar.pos == 0

    def update(self, epoch: int, values: Mapping[str, float]) -> None:
        """Show the state after an epoch, as often as tqdm thinks fit."""
        self.bar.set_postfix_str(_shown(values), refresh=False)
        self.bar.update(epoch - self.bar.n)

    def close(self, epoch: int, values: Mapping[str, float]) -> None:
        """Show the last state, and that of a fit that stopped early as the end: a notebook makes other ends red."""
        self.update(epoch, values)
        if epoch < self.epochs:
            self._end_at(epoch)
            self.bar.set_postfix_str(f"{_shown(values)}  stopped early", refresh=False)
        self.bar.refresh()
        self.bar.close()

    def _end_at(self, epoch: int) -> None:
        """Make an epoch the last: a notebook's bar is a widget, which has a total of its own."""
        self.bar.total = epoch
        if container := getattr(self.bar, "container", None):
            _, widget, _ = container.children
            widget.max = epoch

    def leave(self) -> None:
        """End the bar; again, if it is."""
        if self.bar is not None:
            self.bar.close()


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
        self.stream = _output() if stream is None else stream
        self.clock = clock
        self.terminal = _is_terminal(self.stream) and parent_process() is None
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
        line = "  ".join(filter(None, [self.name, count, _shown(values), when]))
        if self.terminal:
            padding = " " * (self.width - len(line))
            self.stream.write(f"\r{line}{padding}{end}")
            self.width = 0 if end else len(line)
        else:
            self.stream.write(f"{line}\n")
        self.stream.flush()


def _shown(values: Mapping[str, float]) -> str:
    """Losses and scores in a line."""
    return "  ".join(f"{name} {value:.4g}" for name, value in values.items())


class Latest(Protocol):
    """Knows the losses and scores of the last epoch."""

    latest: dict[str, float]


class Progress(Watcher):
    """Shows progress."""

    beside = True

    def __init__(self, display: Display, recorder: Latest) -> None:
        self.display = display
        self.recorder = recorder

    def begin_training(self, training: Training) -> None:
        """Leave earlier epochs out of the time left."""
        self.display.begin(training.epoch)

    def end_epoch(self, training: Training, loss: float) -> None:
        """Show the state after an epoch; after the last one, end it."""
        last = training.stop or training.epoch == self.display.epochs
        (self.display.close if last else self.display.update)(training.epoch, self.recorder.latest)

    def leave(self) -> None:
        """End it, if the last epoch has not."""
        self.display.leave()


def _duration(seconds: float) -> str:
    """Seconds as 0.3 s, 12 s, 3:05 or 1:02:03."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"
