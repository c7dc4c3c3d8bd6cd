"""The comparison of estimators for tables: splits, errors, and what is made of the readings. Nothing is trained."""

import json

import numpy as np
import pandas as pd
import pytest

from benchmarks.quality import __main__ as command
from benchmarks.quality.methods import METHODS
from benchmarks.quality.report import markdown, mean_ranks, mean_ratios, of_seeds
from benchmarks.quality.sets import MOST_TRAINING_ROWS, SETS, Split, error, load


def readings(*errors):
    return [{"error": value, "cold": 2.0, "warm": 1.0} for value in errors]


RESULTS = {
    "digits": {"tabular": readings(0.1, 0.3), "perceptron": readings(0.4), "realmlp": readings(0.1)},
    "diabetes": {"tabular": readings(0.5), "perceptron": readings(1.0), "realmlp": readings(1.0)},
}


def test_ratios_are_geometric_means_of_the_means_over_seeds():
    ratios = mean_ratios(RESULTS)
    assert ratios == pytest.approx({"tabular": np.sqrt(2 * 0.5), "perceptron": np.sqrt(4 * 1), "realmlp": 1})


def test_ratios_are_of_methods_that_ran_on_every_set():
    assert "perceptron" not in mean_ratios({**RESULTS, "adult": {"tabular": readings(1), "realmlp": readings(2)}})


def test_methods_are_compared_on_the_same_splits():
    results = {"digits": {"tabular": readings(0.1, 0.3), "perceptron": readings(0.4)}}
    assert of_seeds(results, 1) == {"digits": {"tabular": readings(0.1), "perceptron": readings(0.4)}}
    assert of_seeds(results, 2) == {"digits": {"tabular": readings(0.1, 0.3)}}


def test_methods_that_tie_share_a_rank():
    assert mean_ranks(RESULTS) == {"tabular": 1.5, "perceptron": 2.5, "realmlp": 1.5}


def test_the_table_has_a_row_for_each_method_and_marks_the_least_error():
    table = markdown(RESULTS)
    rows = table.splitlines()
    assert len(rows) == 2 + 3
    assert "**0.1000**" in rows[-1]
    assert "| 0.2000 | **0.5000** |" in rows[2]


@pytest.mark.parametrize("name", ["digits", "diabetes"])
def test_a_split_is_decided_by_its_seed_and_shares_no_row(name, tmp_path):
    first, again, other = (load(name, tmp_path, seed) for seed in (0, 0, 1))
    pd.testing.assert_frame_equal(first.X, again.X)
    assert not first.X.equals(other.X)
    assert len(first.X) == len(first.y) <= MOST_TRAINING_ROWS
    both = pd.concat([first.X, first.X_test])
    assert len(both) == len(SETS[name].load(tmp_path)[0])


def test_errors_are_shares_or_deviations():
    labels = Split(None, np.array(["a", "b"]), None, np.array(["a", "b", "b", "b"]), is_classification=True)
    assert error(labels, ["a", "a", "b", "b"]) == 0.25
    y = np.array([0.0, 2.0, 4.0, 6.0])
    numbers = Split(None, y[:2], None, y[2:], is_classification=False)
    assert error(numbers, y[2:] + 3) == pytest.approx(3 / y.std())


def test_files_of_adult_are_read_with_categories_and_gaps(tmp_path):
    row = "39, State-gov, 77516, Bachelors, 13, Never-married, {}, Not-in-family, White, Male, 0, 0, 40, Cuba, <=50K"
    (tmp_path / "adult").mkdir()
    (tmp_path / "adult/adult.data").write_text(row.format("?") + "\n")
    (tmp_path / "adult/adult.test").write_text("|1x3 Cross validator\n" + row.format("Sales") + ".\n")
    X, y = SETS["adult"].load(tmp_path)
    assert list(y) == ["<=50K", "<=50K"]
    assert X["occupation"].isna().tolist() == [True, False]
    assert isinstance(X["occupation"].dtype, pd.CategoricalDtype)


def test_each_method_runs_and_only_what_is_missing_in_the_file(tmp_path, monkeypatch, capsys):
    asked = []

    def measured(name, method, seed, files):
        asked.append((name, method, seed))
        return {"failed": "no memory"} if method == "perceptron" else readings(0.5)[0]

    monkeypatch.setattr(command, "_measured", measured)
    monkeypatch.setattr(command, "draw", lambda *args: None)
    arguments = ["digits", "--methods", "tabular", "perceptron", "--seeds", "2", "--out", str(tmp_path)]
    assert command.main(arguments) == 1  # one failed
    assert asked == [("digits", "tabular", 0), ("digits", "tabular", 1), ("digits", "perceptron", 0)]
    assert len(json.loads((tmp_path / "quality.json").read_text())["digits"]["tabular"]) == 2
    assert "perceptron, seed 0: no memory" in capsys.readouterr().out
    assert command.main([*arguments[:2], "tabular", *arguments[4:]]) == 0
    assert len(asked) == 3


def test_a_search_fits_its_best_candidate_on_all_rows():
    split = load("diabetes", None, 0)
    search = METHODS["searched"].make(split, 0).set_params(n_iter=2, estimator__epochs=2, estimator__n_members=2)
    search.set_params(param_distributions={"hidden_layer_sizes": [(4,), (6,)]}).fit(split.X, split.y)
    assert len(search.cv_results_["params"]) == 2
    assert len(search.best_estimator_.oof_predictions_) == len(split.y)


@pytest.mark.parametrize("name", [name for name, method in METHODS.items() if method.needs == "sklearn"])
@pytest.mark.parametrize("is_classification", [True, False])
def test_methods_of_what_is_installed_are_estimators_of_the_right_kind(name, is_classification):
    X = pd.DataFrame({"a": [1.0, np.nan], "b": pd.Categorical(["x", None])})
    estimator = METHODS[name].make(Split(X, np.zeros(2), X, np.zeros(2), is_classification), 0)
    assert estimator.__sklearn_tags__().estimator_type == ("classifier" if is_classification else "regressor")
