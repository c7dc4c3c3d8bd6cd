"""What a fit knows of the search that it belongs to."""

import re

import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.experimental import enable_halving_search_cv  # noqa: F401  (the import is what enables it)
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV, RandomizedSearchCV, cross_val_score

from skmlp._watch.search import place_in_search


class Placed(ClassifierMixin, BaseEstimator):
    """Keeps what it knew of the search."""

    def __init__(self, number=0):
        self.number = number

    def fit(self, X, y):
        self.classes_ = [0, 1]
        self.place_ = place_in_search()
        return self


def place(estimator, X, y):
    """A score that tells where the estimator was fitted: the candidate, and a hundredth of it for each fold."""
    candidate, _, fold, _ = map(int, re.findall(r"\d+", estimator.place_))
    return candidate + fold / 100


X, Y = [[0]] * 12, [0, 1] * 6


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_every_fit_knows_its_candidate_and_its_fold_in_workers_too(n_jobs):
    search = GridSearchCV(Placed(), {"number": [5, 6, 7]}, scoring=place, cv=2, n_jobs=n_jobs).fit(X, Y)
    for fold in (0, 1):
        assert list(search.cv_results_[f"split{fold}_test_score"]) == [c + (fold + 1) / 100 for c in (1, 2, 3)]
    assert search.best_estimator_.place_ == "refit"


@pytest.mark.parametrize("search", [RandomizedSearchCV, HalvingGridSearchCV])
def test_other_searches_tell_it_too(search):
    options = {"n_iter": 2} if search is RandomizedSearchCV else {"min_resources": 4, "factor": 2}
    found = search(Placed(), {"number": [5, 6]}, scoring=place, cv=2, **options).fit(X, Y)
    assert list(found.cv_results_["split0_test_score"])[:2] == [1.01, 2.01]
    assert list(found.cv_results_["split1_test_score"])[:2] == [1.02, 2.02]


def test_a_search_within_a_cross_validation_tells_of_itself():
    def of_the_refit(search, X, y):
        return search.best_estimator_.place_ == "refit"

    search = GridSearchCV(Placed(), {"number": [5, 6]}, scoring=place, cv=2)
    assert cross_val_score(search, X, Y, scoring=of_the_refit, cv=3).all()


def test_outside_of_a_search_there_is_no_place():
    assert Placed().fit(X, Y).place_ == ""
    assert cross_val_score(Placed(), X, Y, scoring=lambda estimator, X, y: estimator.place_ == "", cv=2).all()
