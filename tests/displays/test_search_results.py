"""Hyperparameters and metrics are found by name, and values compared and written."""

import numpy as np
import pytest

from skmlp._displays.search_results import (
    best_of,
    candidates_of,
    distinct,
    full_name,
    metric_of,
    short_names,
    text,
)

NAMES = ["mlp__l2", "mlp__l1", "pca__l1"]


def test_names_may_be_given_by_their_last_part():
    assert full_name("mlp__l2", NAMES, "param_name") == full_name("l2", NAMES, "param_name") == "mlp__l2"
    with pytest.raises(ValueError, match="param_name='l1' is ambiguous: give one of mlp__l1, pca__l1"):
        full_name("l1", NAMES, "param_name")
    with pytest.raises(ValueError, match="where='alpha' is not in the search, which has mlp__l2, mlp__l1, pca__l1"):
        full_name("alpha", NAMES, "where")


def test_short_names_stay_distinct():
    assert short_names(NAMES) == {"mlp__l2": "l2", "mlp__l1": "mlp__l1", "pca__l1": "pca__l1"}


def test_the_metric_is_the_only_one_or_the_one_asked_for():
    single, multiple = {"mean_test_score": []}, {"mean_test_f1": [], "mean_test_r2": []}
    assert metric_of(single, None) == "score"
    assert metric_of(multiple, "r2") == "r2"
    with pytest.raises(ValueError, match="scoring=None is not in the search: give one of f1, r2"):
        metric_of(multiple, None)
    with pytest.raises(ValueError, match="scoring='f1' is not in the search: give one of score"):
        metric_of(single, "f1")
    with pytest.raises(ValueError, match="give the cv_results_ of a fitted search"):
        metric_of({"params": []}, None)


def test_the_best_is_the_highest_score_of_the_last_iteration():
    assert best_of({"mean_test_score": [0.1, np.nan, 0.3]}, "score") == 2
    assert best_of({"mean_test_score": [0.9, 0.8, 0.3, 0.4], "iter": [0, 0, 1, 1]}, "score") == 3
    assert best_of({"mean_test_score": [np.nan]}, "score") is None


def test_resources_are_a_setting_unless_a_hyperparameter_is_the_resource():
    params = [{"epochs": 2, "l2": 0.1}, {"epochs": 4, "l2": 0.1}]
    assert candidates_of({"params": params, "n_resources": [2, 4]}) == params
    assert [each["n_resources"] for each in candidates_of({"params": params, "n_resources": [20, 40]})] == [20, 40]
    assert "n_resources" not in params[0]


def test_values_are_distinct_in_the_order_of_their_appearance():
    assert distinct(["b", [1], "a", [1], "b", None]) == ["b", [1], "a", None]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1e-5, "1e-05"),
        (np.float32(0.1), "0.1"),
        (3, "3"),
        (np.tanh, "tanh"),
        (None, "None"),
        ("x" * 40, "x" * 29 + "…"),
    ],
)
def test_texts(value, expected):
    assert text(value) == expected
