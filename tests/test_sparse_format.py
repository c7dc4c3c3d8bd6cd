"""Malformed sparse matrices are refused before compiled code reads and writes where they say."""

import warnings

import numpy as np
import pytest
import scipy.sparse

from skmlp import KerasMLPClassifier
from skmlp._sparse_format import check_sparse_format
from skmlp.wrappers import KerasClassifier

X = scipy.sparse.csr_array(np.eye(12, 5, k=-1) + np.eye(12, 5))
Y = np.arange(12) % 3
LARGE = 1 << 30
FORMATS = ["csr", "csc", "bsr", "coo", "dia", "lil", "dok"]


def changed(form, name, change):
    """The samples in a format, one of whose arrays has been changed behind SciPy's back."""
    matrix = X.asformat(form, copy=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # SciPy's, where it notices
        setattr(matrix, name, change(getattr(matrix, name)))
    return matrix


def put(place, value):
    def change(array):
        array[place] = value
        return array

    return change


def first_list(value):
    def change(lists):
        lists[0] = value
        return lists

    return change


MALFORMED = {
    "csr column too large": ("csr", "indices", put(3, LARGE), f"indices holds {LARGE}.*from 0 to 4"),
    "csr column too large by 1": ("csr", "indices", put(-1, 5), "indices holds 5"),
    "csr column negative": ("csr", "indices", put(0, -1), "indices holds -1"),
    "csr indices of floats": ("csr", "indices", lambda a: a.astype(float), "indices is of float64"),
    "csr indices short": ("csr", "indices", lambda a: a[:-1], "indices and"),
    "csr values short": ("csr", "data", lambda a: a[:-1], "values"),
    "csr values in 2-D": ("csr", "data", lambda a: a[:, None], "data has 2 dimensions"),
    "csr indptr falls": ("csr", "indptr", put(2, 9), "indptr falls from 9"),
    "csr indptr negative": ("csr", "indptr", put(1, -4), "indptr falls from 0 to -4"),
    "csr indptr too large": ("csr", "indptr", put(-1, LARGE), f"indptr ends with {LARGE}"),
    "csr indptr begins late": ("csr", "indptr", put(0, 1), "indptr begins with 1"),
    "csr indptr short": ("csr", "indptr", lambda a: a[:-1], "indptr has 12 entries, and must have 13"),
    "csr indptr in 2-D": ("csr", "indptr", lambda a: a[:, None], "2 dimensions"),
    "csc row too large": ("csc", "indices", put(0, 12), "indices holds 12.*from 0 to 11"),
    "csc indptr falls": ("csc", "indptr", put(1, 8), "indptr falls"),
    "bsr column too large": ("bsr", "indices", put(0, LARGE), "indices holds"),
    "bsr blocks that do not fit": ("bsr", "data", lambda a: np.zeros((len(a), 7, 1)), "blocks"),
    "bsr blocks of nothing": ("bsr", "data", lambda a: np.zeros((len(a), 0, 1)), "blocks"),
    "coo column too large": ("coo", "coords", lambda c: (c[0], c[1] + 5), r"coords\[1\] holds"),
    "coo row negative": ("coo", "coords", lambda c: (c[0] - 1, c[1]), r"coords\[0\] holds -1"),
    "coo rows short": ("coo", "coords", lambda c: (c[0][:-1], c[1]), r"coords\[0\] has"),
    "dia too few diagonals": ("dia", "data", lambda a: a[:1], "offsets"),
    "dia offsets of floats": ("dia", "offsets", lambda a: a.astype(float), "offsets is of float64"),
    "lil column too large": ("lil", "rows", first_list([LARGE]), "rows holds"),
    "lil more columns than values": ("lil", "rows", first_list([0, 1, 2]), "more columns than values"),
    "lil too few rows": ("lil", "rows", lambda a: a[:-1], "11 lists"),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_what_is_malformed_is_refused_by_name(case):
    form, name, change, message = MALFORMED[case]
    with pytest.raises(
        ValueError, match=rf"(?s)X_ is a malformed {form.upper()} matrix of shape \(12, 5\):.*{message}"
    ):
        check_sparse_format(changed(form, name, change), "X_")


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("kind", ["matrix", "array"])
@pytest.mark.parametrize("shape", [(12, 5), (0, 5), (12, 0), (1, 1)])
def test_what_is_well_formed_is_taken(form, kind, shape):
    matrix = getattr(scipy.sparse, f"{form}_{kind}")(np.ones(shape))
    check_sparse_format(matrix, "X")
    check_sparse_format(getattr(scipy.sparse, f"{form}_{kind}")(np.zeros(shape)), "X")


def test_unsorted_duplicate_and_spare_entries_are_no_faults():
    spare = scipy.sparse.csr_array((np.ones(4), [3, 0, 0, 2], [0, 3, 4]), shape=(2, 4))
    spare.indices, spare.data = np.append(spare.indices, [99, -1]), np.append(spare.data, [1, 1])
    check_sparse_format(spare, "X")
    assert len(spare.indices) == 6  # SciPy's check would take them away


def test_its_arrays_stay_the_callers_own():
    matrix = changed("csr", "indices", lambda a: a.astype(np.int64))
    before = (matrix.indptr, matrix.indices, matrix.data)
    check_sparse_format(matrix, "X")
    assert all(a is b for a, b in zip(before, (matrix.indptr, matrix.indices, matrix.data), strict=True))


@pytest.mark.parametrize("case", ["csr column too large", "csr indptr falls", "csc row too large", "coo row negative"])
def test_every_method_that_takes_samples_refuses_them(case):
    form, name, change, _ = MALFORMED[case]
    bad = changed(form, name, change)
    mlp = KerasMLPClassifier((2,), epochs=1, random_state=0).fit(X, Y)
    before = mlp.predict_proba(X)
    calls = [
        lambda: mlp.fit(bad, Y),
        lambda: mlp.partial_fit(bad, Y),
        lambda: mlp.predict(bad),
        lambda: mlp.predict_proba(bad),
        lambda: mlp.decision_function(bad),
        lambda: mlp.score(bad, Y),
    ]
    for call in calls:
        with pytest.raises(ValueError, match=r"^X is a malformed"):
            call()
    with pytest.raises(ValueError, match="X_val: X is a malformed"):
        mlp.fit(X, Y, X_val=bad, y_val=Y)
    np.testing.assert_array_equal(mlp.predict_proba(X), before)


def test_targets_are_checked_too():
    labels = (X.toarray() > 0).astype(int)[:, :3]
    good, bad = scipy.sparse.csr_array(labels), scipy.sparse.csr_array(labels)
    bad.indices[0] = LARGE
    mlp = KerasMLPClassifier((2,), epochs=1)
    with pytest.raises(ValueError, match=r"^y is a malformed"):
        mlp.fit(X, bad)
    with pytest.raises(ValueError, match=r"^y_val is a malformed"):
        mlp.fit(X, good, X_val=X, y_val=bad)


def test_wrappers_refuse_them():
    with pytest.raises(ValueError, match=r"^X is a malformed"):
        KerasClassifier(lambda meta: None, verbose=0).fit(changed("csr", "indices", put(0, LARGE)), Y)
