"""Search spaces: what scikit-learn's searches and Optuna's trials draw from them."""

import copy
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV, ParameterSampler, RandomizedSearchCV
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

import skmlp
from skmlp import (
    KerasMLPClassifier,
    KerasMLPRegressor,
    TabularMLPClassifier,
    TabularMLPRegressor,
    cache_info,
    clear_cache,
    search_space,
)

ESTIMATORS = {
    "tabular": (TabularMLPClassifier, TabularMLPRegressor),
    "mlp": (KerasMLPClassifier, KerasMLPRegressor),
}


class Trial:
    """What a space asks of a trial of Optuna; it answers by fractions of the way from low to high."""

    def __init__(self, fraction):
        self.fraction = fraction
        self.asked = {}

    def suggest_categorical(self, name, choices):
        self.asked[name] = choices
        return choices[int(self.fraction * (len(choices) - 1))]

    def suggest_float(self, name, low, high, *, log=False):
        self.asked[name] = (low, high, log)
        return (1 - self.fraction) * low + self.fraction * high

    def suggest_int(self, name, low, high):
        self.asked[name] = (low, high)
        return low + int(self.fraction * (high - low))


@pytest.mark.parametrize("kind", ESTIMATORS)
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**31 - 1))
def test_what_is_drawn_fits_the_estimators_parameters(kind, seed):
    (candidate,) = ParameterSampler(search_space(kind), 1, random_state=seed)
    for estimator in ESTIMATORS[kind]:
        estimator().set_params(**candidate)._validate_params()


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_every_range_leaves_its_hyperparameter_on(kind):
    for name, values in search_space(kind).items():
        if not isinstance(values, list):
            low, high = values.support()
            assert 0 < low < high, name


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(sorted(ESTIMATORS)), st.integers(1, 40), st.integers(0, 1000))
def test_candidates_that_share_a_structure_follow_each_other(kind, n, seed):
    space = search_space(kind)
    grids = space.candidates(n, random_state=seed)
    assert len(grids) == n
    structures = [tuple(grid[name][0] for name in grid if isinstance(space[name], list)) for grid in grids]
    changes = sum(first != second for first, second in pairwise(structures))
    assert changes + 1 == len(set(structures))
    drawn = list(ParameterSampler(space, n, random_state=seed))
    unordered = sorted(repr(sorted(each.items())) for each in drawn)
    assert sorted(repr(sorted((name, value) for name, (value,) in grid.items())) for grid in grids) == unordered


def test_a_search_over_candidates_compiles_a_program_for_each_structure(blobs):
    space = search_space("mlp")
    space["hidden_layer_sizes"], space["activation"] = [(3,), (4,)], ["relu"]
    grids = space.candidates(6, random_state=0)
    n_structures = len({grid["hidden_layer_sizes"][0] for grid in grids})
    mlp = KerasMLPClassifier(epochs=1, batch_size=20, random_state=0)
    clear_cache()
    before = cache_info().traces
    GridSearchCV(mlp, grids, cv=2, error_score="raise").fit(*blobs)
    assert cache_info().traces - before == n_structures == 2


def test_a_random_search_takes_a_prefixed_space_and_is_cloned():
    pipeline = Pipeline([("scale", StandardScaler()), ("mlp", KerasMLPClassifier(epochs=1))])
    space = search_space("mlp").prefixed("mlp")
    space["mlp__hidden_layer_sizes"] = [(3,)]
    search = clone(RandomizedSearchCV(pipeline, space, n_iter=2, cv=2, random_state=0, error_score="raise"))
    search.fit(*load_iris(return_X_y=True))
    assert set(search.best_params_) == set(space)


@pytest.mark.parametrize("kind", ESTIMATORS)
@pytest.mark.parametrize("fraction", [0.0, 0.5, 1.0])
def test_a_trial_is_asked_for_the_same_values(kind, fraction):
    space, trial = search_space(kind), Trial(fraction)
    suggested = space.suggest(trial)
    assert list(suggested) == list(space)
    for name, values in space.items():
        if isinstance(values, list):
            assert suggested[name] is values[int(fraction * (len(values) - 1))]
            assert all(isinstance(label, str | None) for label in trial.asked[name])
        else:
            low, high = values.support()
            assert trial.asked[name] == (low, high, name not in ("dropout",))
            assert low <= suggested[name] <= high


def test_a_trial_is_asked_for_integers_and_refuses_what_optuna_has_not():
    space = search_space("mlp")
    space["epochs"] = stats.randint(5, 11)
    assert space.suggest(Trial(1.0))["epochs"] == 10
    space["learning_rate"] = stats.norm(0, 1)
    with pytest.raises(ValueError, match=r"learning_rate=.* cannot be suggested by Optuna: give a list"):
        space.suggest(Trial(0.5))


def test_candidates_and_trials_take_arrays_and_values_that_have_no_order_and_no_equality():
    space = search_space("mlp")
    space["n_members"], space["class_weight"] = np.arange(1, 3), [None, np.ones(2), np.zeros(2)]
    grids = space.candidates(30, random_state=0)
    counts = [grid["n_members"][0] for grid in grids if grid["class_weight"][0] is space["class_weight"][2]]
    assert set(counts) == {1, 2}
    structures = [tuple(repr(grid[name]) for name in grid if not hasattr(space[name], "rvs")) for grid in grids]
    assert sum(first != second for first, second in pairwise(structures)) + 1 == len(set(structures))
    trial = Trial(1.0)
    assert space.suggest(trial)["class_weight"] is space["class_weight"][2]
    assert trial.asked["n_members"] == [1, 2]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ("relu", r"activation='relu' is neither a list of values nor a distribution of SciPy: give a list"),
        ((64, 64), r"activation=\(64, 64\) is neither a list"),
        (3, "activation=3 is neither a list"),
        ([], r"activation=\[\] has no values: give one, or delete the entry\."),
    ],
)
def test_an_entry_that_is_no_list_is_named(values, message):
    space = search_space("mlp") | {"activation": values}
    with pytest.raises(ValueError, match=message):
        space.candidates(2, random_state=0)
    with pytest.raises(ValueError, match=message):
        space.suggest(Trial(0.0))


@pytest.mark.parametrize("n", [0, -1, 2.5, "3", None])
def test_a_number_of_candidates_that_is_none_is_named(n):
    with pytest.raises((TypeError, ValueError), match=r"n == .*, must be >= 1|n must be an instance of"):
        search_space("mlp").candidates(n)


def test_trials_are_asked_for_the_same_labels_of_objects_that_are_made_anew():
    asked = []
    for _ in range(2):
        trial = Trial(1.0)
        space = skmlp.SearchSpace(activation=["relu", lambda x: x, lambda x: -x, object()])
        assert space.suggest(trial)["activation"] is space["activation"][-1]
        asked.append(trial.asked["activation"])
    assert asked[0] == asked[1]
    assert len(set(asked[0])) == 4


def test_a_space_stays_one_when_it_is_copied_and_joined():
    space = search_space("tabular")
    for other in (space.copy(), copy.deepcopy(space), space | {"epochs": [32, 64]}):
        assert isinstance(other, skmlp.SearchSpace)
        assert set(space) <= set(other)
    assert "epochs" not in space
    space["activation"].append("relu")
    assert search_space("tabular")["activation"] == ["selu", "mish"]


def test_numbers_drawn_with_a_seed_are_the_same_again():
    first, second = (search_space("tabular").candidates(5, random_state=3) for _ in range(2))
    np.testing.assert_equal(first, second)


@pytest.mark.parametrize("kind", ["trees", None, ["mlp"]])
def test_an_unknown_space_is_named(kind):
    with pytest.raises(ValueError, match=r"kind=.* is unknown: choose one of 'tabular', 'mlp'\."):
        search_space(kind)
