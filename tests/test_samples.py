"""What users pass in becomes what is trained on: rows, weights and validation samples."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array
from sklearn.utils.class_weight import compute_sample_weight

from skmlp import KerasMLPClassifier
from skmlp._loss_table import GivenLoss
from skmlp._samples import Arguments, Validation, explicit_validation, split, weigh
from skmlp._target_forms import Labels
from skmlp._targets import Coding, Target

LOSS = "categorical_crossentropy"
CODING = Coding("multiclass", LOSS, "softmax", sparse=True, given=GivenLoss(LOSS, LOSS, LOSS))


def prepared(y, weight, partial=False, coding=CODING, **parameters):
    form = Labels.of(y, one_hot=False)
    target = form.encode(y, coding, "float64", "y")
    given_parameters = {"early_stopping": False, "validation_fraction": 0.25, "class_weight": None, "dtype": "float64"}
    chosen = {**given_parameters, **parameters}
    parts = split(target, weight, chosen, explicit=False, seed=0)
    return weigh((np.arange(len(y))[:, None],), target, weight, form, chosen, parts, explicit=None, partial=partial)


WEIGHTS = st.lists(st.one_of(st.just(0.0), st.floats(0.01, 100.0)), min_size=9, max_size=30).filter(any)


@given(WEIGHTS)
def test_only_proportions_of_weights_matter_and_zero_is_absence(weights):
    weight = np.array(weights)
    y = np.arange(len(weight)) % 3
    data = prepared(y, weight).data
    np.testing.assert_array_equal(data.rows, np.flatnonzero(weight))
    assert data.weight[data.rows].mean() == pytest.approx(1.0)
    np.testing.assert_allclose(data.weight, weight / weight[data.rows].mean())
    np.testing.assert_allclose(prepared(y, 7 * weight).data.weight, data.weight)


@given(WEIGHTS, st.sampled_from(["balanced", {0: 2.0, 1: 0.5, 2: 1.0}, {1: 3.0}]))
def test_class_weights_multiply_those_of_the_samples(weights, class_weight):
    weight = np.array(weights)
    y = np.arange(len(weight)) % 3
    data = prepared(y, weight, class_weight=class_weight).data
    if class_weight == "balanced":
        counted = {c: weight[y == c].sum() for c in range(3)}
        present = [total for total in counted.values() if total]
        by_class = np.array([sum(present) / len(present) / counted[c] if counted[c] else 1.0 for c in y])
    else:
        by_class = compute_sample_weight({0: 1.0, 1: 1.0, 2: 1.0, **class_weight}, y)
    product = weight * by_class
    np.testing.assert_allclose(data.weight, product / product[data.rows].mean())


def test_a_part_is_relative_to_the_weights_of_its_samples_alone():
    y = np.array([0, 1, 2, 1, 1, 1])
    data = prepared(y, np.ones(6), partial=True, class_weight={1: 3.0}).data
    np.testing.assert_array_equal(data.weight, np.where(y == 1, 3.0, 1.0))


def test_rows_are_trained_on_or_validated_on():
    y = np.arange(40) % 3
    weight = np.where(np.arange(40) < 4, 0.0, 1.0)
    samples = prepared(y, weight, early_stopping=True)
    held_out = samples.validation.X[0][:, 0]
    assert sorted([*samples.data.rows, *held_out]) == list(range(4, 40))
    assert len(held_out) == 9
    np.testing.assert_array_equal(samples.validation.weight, np.ones(9))
    np.testing.assert_array_equal(samples.validation.target.codes, y[held_out])


def test_a_class_of_weight_zero_is_not_trained_on():
    y = np.arange(12) % 3
    assert (y[prepared(y, np.ones(12), class_weight={0: 0.0}).data.rows] != 0).all()
    with pytest.raises(ValueError, match="class_weight leaves no sample"):
        prepared(y, (y == 0).astype(float), class_weight={0: 0.0})


def test_a_sample_is_trained_on_if_any_of_its_labels_has_a_weight():
    y = np.array([[1, 0], [0, 1], [1, 1], [0, 0]])
    coding = replace(CODING, kind="multilabel", loss="binary_crossentropy", output_activation="sigmoid", sparse=False)
    data = prepared(y, np.ones(4), coding=coding, class_weight=[{0: 0.0, 1: 1.0}, {0: 0.0, 1: 2.0}]).data
    assert data.rows.tolist() == [0, 1, 2]
    np.testing.assert_allclose(data.weight, np.array([[1, 0], [0, 2], [1, 2], [0, 0]]))


def test_a_part_knows_no_balance():
    for class_weight in ("balanced", ["balanced", {0: 1.0}]):
        with pytest.raises(ValueError, match="class_weight='balanced' counts the labels of all samples"):
            prepared(np.arange(9) % 3, np.ones(9), partial=True, class_weight=class_weight)


def test_a_part_may_have_weights_of_its_own():
    for class_weight in (None, {0: 2.0}):
        assert len(prepared(np.arange(9) % 3, np.ones(9), partial=True, class_weight=class_weight).data.rows) == 9


def test_given_validation_samples_take_the_place_of_held_out_ones():
    y, weight = np.arange(12) % 3, np.ones(12)
    weight[3] = 0
    target = Labels.of(y, one_hot=False).encode(y, CODING, "float64", "y")
    for explicit, early_stopping in ((True, True), (True, False), (False, False)):
        parameters = {"early_stopping": early_stopping, "validation_fraction": 0.5}
        parts = split(target, weight, parameters, explicit=explicit, seed=0)
        np.testing.assert_array_equal(parts.rows, np.flatnonzero(weight))
        assert len(parts.held_out) == 0
    form, given = Labels.of(y, one_hot=False), Validation((np.ones((2, 1)),), target, np.ones(2))
    chosen = {"class_weight": None, "dtype": "float32"}
    samples = weigh((y[:, None],), target, weight, form, chosen, parts, explicit=given, partial=False)
    assert samples.validation is given
    assert samples.data.weight.dtype == "float32"


def test_a_split_is_stratified_where_there_are_classes():
    y = np.repeat(np.arange(2), [30, 10])
    target = Labels.of(y, one_hot=False).encode(y, CODING, "float64", "y")
    parts = split(target, np.ones(40), {"early_stopping": True, "validation_fraction": 0.2}, explicit=False, seed=0)
    assert np.bincount(y[parts.held_out]).tolist() == [6, 2]
    numbers = Target("regression", np.zeros((40, 1)), None)
    parts = split(numbers, np.ones(40), {"early_stopping": True, "validation_fraction": 0.2}, explicit=False, seed=0)
    assert (len(parts.rows), len(parts.held_out)) == (32, 8)


def read(X):
    if np.isnan(X).any():
        raise ValueError("X has gaps")
    return (np.asarray(X),)


def malformed():
    labels = csr_array(np.eye(6, dtype=int))
    labels.indices[0] = 99
    return labels


def validated(**changes):
    y = np.arange(6) % 3
    given = {"X": None, "y": None, "X_val": np.ones((6, 2)), "y_val": y, **changes}
    return explicit_validation(Arguments(**given), read, Labels.of(y, one_hot=False), CODING, "float64")


def test_validation_samples_are_held_to_the_training_data():
    found = validated()
    np.testing.assert_array_equal(found.X[0], np.ones((6, 2)))
    np.testing.assert_array_equal(found.target.codes, np.arange(6) % 3)
    np.testing.assert_array_equal(found.weight, np.ones(6))
    np.testing.assert_array_equal(validated(sample_weight_val=np.arange(6.0)).weight, np.arange(6.0))
    assert validated(X_val=None) is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"X_val": np.full((6, 2), np.nan)}, "X_val: X has gaps"),
        ({"y_val": np.arange(6)}, "y_val"),
        ({"y_val": malformed()}, "y_val is a malformed CSR matrix"),
        ({"sample_weight_val": np.ones(5)}, r"sample_weight_val has shape \(5,\), but there are 6 samples"),
    ],
)
def test_what_is_wrong_with_validation_samples_is_said_of_them(changes, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        validated(**changes)


def test_arguments_are_those_of_one_fit_of_training_samples_unless_given():
    given = Arguments(1, 2)
    assert (given.sample_weight, given.X_val, given.y_val, given.sample_weight_val) == (None,) * 4
    assert (given.classes, given.partial) == (None, False)


def test_weights_that_are_far_apart_are_no_error_where_numpy_raises(blobs):
    X, y = blobs
    weight = np.where(np.arange(len(y)) % 2, 1e-300, 1e300)
    with np.errstate(all="raise"):
        assert KerasMLPClassifier((4,), epochs=1).fit(X, y, sample_weight=weight).n_iter_ == 1
