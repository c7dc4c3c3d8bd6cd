"""The harness of the benchmarks: who runs when, and what is made of the readings. No speed is tested here."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from benchmarks import __main__ as command
from benchmarks._process import children
from benchmarks._report import asides, lead_rows, markdown, number, runner_table, spread_words
from benchmarks._run import run_case
from benchmarks._summary import Spread, compared, disagreements, limits, verdicts
from benchmarks.cases import NAMES, find
from benchmarks.cases.busy_cores import busy_cores


@pytest.fixture(autouse=True)
def _workers_find_the_fake_case(monkeypatch):
    here = str(Path(__file__).parent)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [here, os.environ.get("PYTHONPATH")])))


def result(**runners):
    """A case's results: the seconds of each run by runner."""
    return {
        "targets": [],
        "runners": {
            name: {"group": "", "runs": [{"seconds": value} for value in values]} for name, values in runners.items()
        },
    }


def accuracies(n_test, **runners):
    """The same with accuracies."""
    return {
        "runners": {
            name: {"group": "", "runs": [{"accuracy": value, "n_test": n_test} for value in values]}
            for name, values in runners.items()
        }
    }


def test_peers_take_turns_in_processes_of_their_own():
    said = []
    outcome = run_case(find(":fake_benchmark"), ":fake_benchmark", 2, say=said.append)
    runs = {name: runner["runs"] for name, runner in outcome["runners"].items()}
    assert [line.partition(": seconds")[0] for line in said if ": seconds" in line] == [
        "fake: 1/2 ours",
        "fake: 1/2 theirs",
        "fake: 1/2 slow",
        "fake: 2/2 ours",
        "fake: 2/2 theirs",
    ]
    assert [run["runs"] for run in runs["ours"]] == [1, 2]
    assert len({run["process"] for name in ("ours", "theirs", "slow") for run in runs[name]} | {os.getpid()}) == 4
    assert outcome["runners"]["broken"]["error"] == "RuntimeError: out of luck"
    assert outcome["runners"]["absent"]["error"] == "not installed"


def test_a_fresh_case_has_a_process_for_every_run():
    outcome = run_case(find(":fake_benchmark_fresh"), ":fake_benchmark_fresh", 2, say=lambda line: None)
    runs = outcome["runners"]["ours"]["runs"]
    assert [run["runs"] for run in runs] == [1, 1]
    assert runs[0]["process"] != runs[1]["process"]


def test_results_are_kept_judged_and_reported(tmp_path, capsys):
    assert command.main([":fake_benchmark_fresh", "--repeats", "1", "--out", str(tmp_path)]) == 0
    assert (
        command.main([":fake_benchmark", "--repeats", "2", "--out", str(tmp_path)]) == 1
    )  # targets missed, one broken
    report = json.loads((tmp_path / "benchmarks.json").read_text())
    assert sorted(report["cases"]) == ["fake", "fake_fresh"]
    fake = report["cases"]["fake"]
    assert [verdict.met for verdict in verdicts(fake)] == [True, False, True, True, None]
    assert verdicts(fake)[0].spread == Spread(np.mean([1 / 10, 2 / 11]), 1 / 10, 2 / 11)
    assert (tmp_path / "benchmarks.png").exists()
    capsys.readouterr()
    assert command.main(["--report", "--out", str(tmp_path)]) == 0
    assert capsys.readouterr().out == markdown(report)
    assert "| A fake | slow: time / theirs | 5 | 9.55 (9.09 to 10) | missed |" in markdown(report)


def test_a_table_has_the_columns_that_somebody_fills():
    runs = {
        "ours": [{"seconds": 0.09, "exponent": 1.0, "programs": 1}, {"seconds": 0.11, "exponent": 1.0, "programs": 1}],
        "theirs": [{"seconds": 2.0, "exponent": 1.5}],
        "broken": [],
    }
    result = {"runners": {name: {"runs": each, "error": None if each else "no luck"} for name, each in runs.items()}}
    assert runner_table(result) == [
        ["runner", "time", "exponent of the work", "runs"],
        ["ours", "0.1 s (0.09 to 0.11)", "1", "2"],
        ["theirs", "2 s", "1.5", "1"],
        ["broken", "–", "–", "no luck"],
    ]
    assert asides(result) == ["ours: programs compiled 1"]


def test_a_range_is_in_the_unit_of_its_median():
    assert spread_words(Spread(0.0914, 0.09, 0.12), "s") == "91.4 ms (90 to 120)"


def test_the_report_leads_with_times_and_how_many_times_faster_they_are():
    small = result(**{"skmlp": [0.5, 1.0], "scikit-learn": [2.0, 8.0], "Keras fit": [20.0, 20.0]})
    large = result(**{"skmlp": [2.0], "scikit-learn": [4.0]})
    assert lead_rows({"mnist_large": large, "small": small | {"called": "A small fit"}, "other": small}) == [
        ["A small fit: 1,000 rows, 50 epochs", "0.75 s (0.5 to 1)", "5 s (2 to 8)", "20 s", "6", "30"],
        ["mnist_large: 3.2 million weights, an epoch of 20,000 images", "2 s", "4 s", "–", "2", "–"],
    ]


def test_one_peer_can_be_asked_for():
    outcome = run_case(find(":fake_benchmark"), ":fake_benchmark", 1, peers=["theirs"], say=lambda line: None)
    assert list(outcome["runners"]) == ["theirs"]


def test_ratios_are_taken_run_by_run():
    shown = compared(result(ours=[1.0, 4.0, 3.0], theirs=[2.0, 4.0, 12.0]), "ours", "theirs")
    assert shown == Spread(0.5, 0.25, 1.0)
    assert compared(result(ours=[1.0], theirs=[]), "ours", "theirs") is None


def test_a_slow_peer_stands_for_all_of_its_turns():
    assert compared(result(ours=[1.0, 2.0, 6.0], slow=[4.0]), "ours", "slow") == Spread(0.5, 0.25, 1.5)


def test_the_limit_is_that_of_the_variant():
    shares = limits({"runners": result(**{"ours": [2.0], "limit": [1.0], "ours, dropout": [5.0]})["runners"]})
    assert shares == {"ours": 0.5}


@pytest.mark.parametrize(
    ("n_test", "theirs", "agree"),
    [
        (100, [0.8, 0.8], True),  # three standard errors of a difference: 0.15 with 100 samples
        (10_000, [0.8, 0.8], False),  # and 0.015 with 10,000
        (10_000, [0.75, 0.8, 0.81], True),  # a range of 0.06 over the seeds
        (10_000, [0.8], True),  # nothing is known of the seeds
    ],
)
def test_accuracies_agree_within_noise(n_test, theirs, agree):
    assert (disagreements(accuracies(n_test, ours=[0.9], theirs=theirs)) == []) is agree


def test_every_case_names_its_own_runners_in_its_targets():
    for name in NAMES:
        case = find(name)
        runners = {runner.name for runner in case.runners}
        assert case.name == name
        assert len(runners) == len(case.runners)
        assert {target.of for target in case.targets} <= runners
        assert {target.against for target in case.targets} <= runners | {None}


def test_cores_are_kept_busy_for_as_long_as_it_is_said():
    before = set(children())
    with busy_cores():
        busy = set(children()) - before
        assert len(busy) == os.cpu_count()
    assert not busy & set(children())


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [(0.0123, "s", "12.3 ms"), (1.5, "s", "1.5 s"), (1234.5, "MB", "1,234 MB"), (0, "", "0")],
)
def test_figures_have_three_digits(value, unit, words):
    assert number(value, unit) == words
