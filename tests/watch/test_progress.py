"""The progress line, in a terminal and in a file, and the bar."""

import io
import itertools
import re
import sys
from contextlib import redirect_stdout
from types import SimpleNamespace

import pytest
import tqdm.auto
from pretended import Pretended
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmlp import KerasMLPClassifier, KerasMLPRegressor
from skmlp._watch.progress import Progress, ProgressBar, ProgressLine, _bars_of, _duration
from skmlp._watch.recorders import Recorder


class Terminal(io.StringIO):
    def isatty(self):
        return True


def run(stream, seconds_per_epoch, epochs=40):
    now = [0.0]
    line = ProgressLine("KerasMLPClassifier", epochs, stream, clock=lambda: now[0])
    for epoch in range(1, epochs):
        now[0] += seconds_per_epoch
        line.update(epoch, {"loss": 1 / epoch})
    now[0] += seconds_per_epoch
    line.close(epochs, {"loss": 1 / epochs})
    return stream.getvalue()


def test_a_terminal_shows_one_line_that_is_rewritten():
    shown = run(Terminal(), seconds_per_epoch=0.5)
    assert shown.count("\n") == 1
    assert shown.split("\r")[-1].rstrip() == "KerasMLPClassifier  epoch 40/40  loss 0.025  in 20 s"
    assert "\rKerasMLPClassifier  epoch  1/40  loss 1  20 s left" in shown
    pieces = shown.rstrip("\n").split("\r")[1:]
    assert all(len(later) >= len(earlier.rstrip()) for earlier, later in itertools.pairwise(pieces))


def test_a_file_gets_whole_lines_now_and_then():
    lines = run(io.StringIO(), seconds_per_epoch=0.5).splitlines()
    assert lines == [
        "KerasMLPClassifier  epoch 20/40  loss 0.05  10 s left",
        "KerasMLPClassifier  epoch 40/40  loss 0.025  in 20 s",
    ]


def test_a_quick_fit_writes_one_line_to_a_file():
    assert run(io.StringIO(), seconds_per_epoch=0.001).splitlines() == [
        "KerasMLPClassifier  epoch 40/40  loss 0.025  in 0.0 s"
    ]


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0.04, "0.0 s"), (9.94, "9.9 s"), (59.4, "59 s"), (185, "3:05"), (3723, "1:02:03")]
)
def test_durations(seconds, shown):
    assert _duration(seconds) == shown


class Redirected:
    """What some programs put in the place of standard output."""

    def __init__(self):
        self.written = ""

    def write(self, text):
        self.written += text

    def flush(self):
        pass


@pytest.mark.parametrize("stream", [None, Redirected()])
def test_a_process_without_a_terminal_or_output_fits(stream, blobs, monkeypatch):
    monkeypatch.setattr("sys.stdout", stream)
    KerasMLPClassifier((4,), epochs=3, verbose=1).fit(*blobs)
    assert stream is None or "epoch 3/3" in stream.written


@pytest.mark.parametrize("verbose", [0, 1])
def test_verbose_shows_it(verbose, blobs, capsys):
    KerasMLPClassifier((4,), epochs=3, verbose=verbose).fit(*blobs, X_val=blobs[0], y_val=blobs[1])
    out = capsys.readouterr().out
    assert out.count("\n") == verbose
    if verbose:
        assert out.startswith("KerasMLPClassifier  epoch 3/3  loss ")
        assert "val_loss" in out
        assert "val_score" in out


def test_a_fit_that_stops_early_ends_its_line(line, capsys):
    estimator = KerasMLPRegressor((4,), early_stopping=True, n_iter_no_change=1, tol=10.0, epochs=50, verbose=1)
    estimator.fit(*line)
    assert estimator.n_iter_ == 3
    assert capsys.readouterr().out.startswith("KerasMLPRegressor  epoch  3/50")


def test_a_line_that_breaks_off_is_ended():
    stream = Terminal()
    now = [0.0]
    line = ProgressLine("name", 5, stream, clock=lambda: now[0])
    line.leave()
    assert stream.getvalue() == ""
    now[0] = 1.0
    line.update(1, {"loss": 1.0})
    line.leave()
    line.leave()
    assert stream.getvalue() == "\rname  epoch 1/5  loss 1  4.0 s left\n"


@pytest.mark.parametrize("done", [0, 100])
def test_the_time_left_is_that_of_the_epochs_that_are_left(done):
    now = [0.0]
    stream = Terminal()
    recorder = Recorder(None)
    progress = Progress(ProgressLine("name", done + 100, stream, clock=lambda: now[0]), recorder)
    training = Pretended(epoch=done)
    progress.begin_training(training)
    for second in (1, 2):
        now[0], training.epoch, recorder.latest = second, done + second, {"loss": 0.5}
        progress.end_epoch(training, 0.5)
    shown = [line.split("  ")[-1].rstrip() for line in stream.getvalue().split("\r")[1:]]
    assert shown == ["1:39 left", "1:38 left"]


def test_a_training_that_goes_on_counts_the_epochs_before(line, capsys):
    estimator = KerasMLPRegressor((3,), epochs=2, warm_start=True).fit(*line)
    estimator.set_params(verbose=1).fit(*line)
    assert capsys.readouterr().out.startswith("KerasMLPRegressor  epoch 4/4  loss ")


@pytest.fixture(name="terminal")
def standard_output():
    return Terminal()


def test_a_terminal_shows_a_bar_of_tqdms(blobs, terminal):
    with redirect_stdout(terminal):
        estimator = KerasMLPClassifier((4,), epochs=3, verbose=1, warm_start=True).fit(*blobs)
    last = terminal.getvalue().split("\r")[-1]
    loss = f"loss {estimator.loss_:.4g}"
    assert re.match(rf"KerasMLPClassifier: 100%\|.+\| 3/3 .*{loss}\] *\n", last)  # tqdm writes over a longer line
    with redirect_stdout(terminal):
        estimator.fit(*blobs)
    assert "KerasMLPClassifier:  50%" in terminal.getvalue()  # the epochs of the fit before
    assert " 6/6 " in terminal.getvalue().split("\r")[-1]


def test_a_bar_of_a_fit_that_stops_early_or_fails_ends_where_it_is(line, terminal):
    stopping = {"early_stopping": True, "n_iter_no_change": 1, "tol": 10.0, "epochs": 50}
    with redirect_stdout(terminal):
        KerasMLPRegressor((4,), **stopping, verbose=1).fit(*line)
    last = terminal.getvalue().split("\r")[-1]
    assert "100%" in last
    assert " 3/3 " in last
    assert last.rstrip(" \n").endswith("  stopped early]")
    assert " 0/50 " in terminal.getvalue()
    bar = ProgressBar("name", 5, tqdm.auto.tqdm)
    with redirect_stdout(terminal):
        bar.leave()
        bar.begin(0)
        bar.leave()
        bar.leave()
    assert terminal.getvalue().rstrip(" \n").endswith("0/5 [00:00<?, ?epoch/s]")


def test_a_bar_within_another_leaves_nothing(terminal):
    with redirect_stdout(terminal), tqdm.auto.tqdm(total=2, desc="seeds", file=terminal):
        bar = ProgressBar("name", 2, tqdm.auto.tqdm)
        bar.begin(0)
        bar.close(2, {"loss": 0.5})
    shown = terminal.getvalue()
    assert "name: 100%" in shown
    assert "loss 0.5" in shown
    assert shown[shown.rindex("name") :].split("\r")[1].strip() in ("", "\x1b[A")
    assert shown.split("\r")[-1].startswith("seeds: ")


def test_without_tqdm_a_terminal_shows_the_line(blobs, terminal, monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    with redirect_stdout(terminal):
        KerasMLPClassifier((4,), epochs=3, verbose=1).fit(*blobs)
    assert terminal.getvalue().split("\r")[-1].startswith("KerasMLPClassifier  epoch 3/3  loss ")


def test_a_notebook_shows_a_bar_and_a_file_none(monkeypatch):
    assert _bars_of(io.StringIO()) is None
    in_notebook = type("tqdm", (type("tqdm_notebook", (), {}),), {})
    monkeypatch.setattr(tqdm.auto, "tqdm", in_notebook)
    assert _bars_of(io.StringIO()) is in_notebook


class BarOfWidgets(tqdm.std.tqdm):
    """As a notebook has it: the bar itself is a widget, the middle one of three."""

    def __init__(self, **settings):
        super().__init__(**settings)
        self.container = SimpleNamespace(children=(None, SimpleNamespace(max=self.total), None))


def test_the_widget_of_a_fit_that_stops_early_is_full(terminal):
    bar = ProgressBar("name", 5, BarOfWidgets)
    with redirect_stdout(terminal):
        bar.begin(0)
        assert bar.bar.container.children[1].max == 5
        bar.close(2, {"loss": 0.5})
    assert bar.bar.container.children[1].max == bar.bar.n == 2


@pytest.mark.parametrize("wrapped", [lambda mlp: mlp, lambda mlp: make_pipeline(StandardScaler(), mlp)])
def test_a_fit_of_a_search_says_its_candidate_and_fold(wrapped, blobs, capsys):
    model = wrapped(KerasMLPClassifier((4,), epochs=1, verbose=1))
    name = next(name for name in model.get_params() if name.endswith("learning_rate"))
    GridSearchCV(model, {name: [0.1, 0.2, 0.3]}, cv=2).fit(*blobs)
    said = [line.split("  epoch")[0] for line in capsys.readouterr().out.splitlines()]
    fits = [f"candidate {candidate}/3  fold {fold}/2" for candidate in (1, 2, 3) for fold in (1, 2)]
    assert said == [f"KerasMLPClassifier  {each}" for each in [*fits, "refit"]]


def test_a_fit_outside_of_a_search_says_nothing_of_one(blobs, capsys):
    cross_validate(KerasMLPClassifier((4,), epochs=1, verbose=1), *blobs, cv=2)
    assert [line.split("  ")[1] for line in capsys.readouterr().out.splitlines()] == ["epoch 1/1"] * 2
