"""Numbers and labels are encoded, held to what was learned of them, and come back as they were."""

import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import sparse
from scipy.special import expit, log_softmax, softmax
from sklearn.exceptions import DataConversionWarning
from sklearn.metrics import r2_score
from sklearn.utils.class_weight import compute_sample_weight

from skmlp._losses import resolve_loss
from skmlp._target_forms import Labels, Numbers, label_table, regression_target
from skmlp._targets import Coding, Target

MULTILABEL = np.array([[1, 0, 1], [0, 0, 0], [1, 1, 1]])
ONE_HOT = np.eye(3, dtype=int)[[2, 0, 1, 2]]
SEVERAL = np.array([["a", "x"], ["b", "y"], ["a", "z"]], dtype=object)


@pytest.mark.parametrize(
    "labels",
    [
        np.array([3, -1, 3, 7]),
        np.array(["b", "a", "b", "c"]),
        np.array(["b", "a", "b", "c"], dtype=object),
        np.array([3, -1, 3, 7], dtype=object),
        np.array([True, False, True, True]),
        np.array([2.0, 1.0, 2.0, 3.0]),
        np.array([3, 1, 3, 7], dtype=np.uint8),
    ],
    ids=["int", "str", "words", "objects", "bool", "float", "uint8"],
)
def test_classes_are_sorted_and_numbered(labels):
    learned = Labels.of(labels, one_hot=False)
    assert sorted(set(labels.tolist())) == learned.classes.tolist()
    np.testing.assert_array_equal(learned.label(learned.number(labels)), labels)


@pytest.mark.parametrize(
    ("y", "one_hot", "kind", "n_outputs"),
    [
        (np.array([0, 1, 1]), False, "binary", 1),
        (np.array([0, 1, 2]), False, "multiclass", 3),
        (MULTILABEL, False, "multilabel", 3),
        (MULTILABEL.astype(bool), False, "multilabel", 3),
        (sparse.csr_array(MULTILABEL), False, "multilabel", 3),
        (ONE_HOT, True, "one-hot", 3),
        (ONE_HOT, False, "multilabel", 3),
        (SEVERAL, False, "multioutput", 5),
        (np.array([[0, 5], [1, 6], [2, 5]]), False, "multioutput", 5),
    ],
)
def test_every_kind_is_recognised_and_comes_back(y, one_hot, kind, n_outputs):
    labels = Labels.of(y, one_hot=one_hot)
    assert (labels.kind, labels.n_outputs) == (kind, n_outputs)
    dense = y.toarray() if sparse.issparse(y) else y
    np.testing.assert_array_equal(labels.label(labels.number(y)), dense)
    target = labels.target(labels.number(y), sparse=False, dtype="float32")
    assert target.encoded.shape == (len(dense), n_outputs)
    assert target.encoded.dtype == np.float32
    # Encoded targets are outputs of a network that is always right.
    np.testing.assert_array_equal(labels.decide(20 * target.encoded - 10), labels.number(y))


def test_rows_that_are_not_one_hot_are_refused():
    with pytest.raises(ValueError, match="rows without a 1"):
        Labels.of(MULTILABEL, one_hot=True)


def test_mixed_labels_are_refused_by_their_types():
    mixed = np.array([1, "a", 1, "b"], dtype=object)
    with pytest.raises(ValueError, match=r"^y mixes labels of the types int, str, which have no order"):
        Labels.of(mixed, one_hot=False)
    with pytest.raises(ValueError, match=r"^classes mixes labels of the types int, str"):
        Labels.of_classes(mixed, [1, 1], one_hot=False)


def test_later_labels_are_held_to_the_first():
    with pytest.raises(ValueError, match=r"y_val holds labels that the target of this fit does not: \['q'\]"):
        Labels.of(SEVERAL, one_hot=False).number(np.array([["q", "x"]], dtype=object), "y_val")
    with pytest.raises(ValueError, match=r"y_val has shape \(2, 2\), but the target of this fit has 3 columns"):
        Labels.of(MULTILABEL, one_hot=False).number(MULTILABEL[:2, :2], "y_val")
    with pytest.raises(ValueError, match="has one output"):
        Labels.of(np.array([0, 1, 2]), one_hot=False).number(MULTILABEL, "y_val")


def test_class_numbers_for_the_losses_that_take_them():
    labels = Labels.of(np.array([5, 3, 4]), one_hot=False)
    encoded = labels.target(np.array([2, 0, 1]), sparse=True, dtype="float32").encoded
    assert encoded.dtype == np.int32
    np.testing.assert_array_equal(encoded, [2, 0, 1])


def test_regression_targets():
    flat = regression_target(np.arange(4.0), resolve_loss("mse", "float32"), "linear", "float32")
    assert (flat.encoded.shape, flat.encoded.dtype) == ((4, 1), np.float32)
    np.testing.assert_array_equal(flat.rows(np.array([2])).encoded, [[2.0]])
    for loss in ("mean_squared_error", "binary_crossentropy"):
        with pytest.raises(ValueError, match="from 0 to 1, but y goes from 0 to 3"):
            regression_target(np.arange(4.0), resolve_loss(loss, "float32"), "sigmoid", "float32")


def test_targets_that_outputs_or_losses_do_not_reach_are_refused_and_their_limits_are_not():
    given = resolve_loss("mean_squared_error", "float32")
    for reached in ([0.0, 0.5], [0.5, 1.0], [[0.0, 1.0], [1.0, 0.0]]):
        encoded = regression_target(np.array(reached), given, "sigmoid", "float64").encoded
        np.testing.assert_array_equal(encoded, np.reshape(reached, (2, -1)))
    for beyond in ([-0.25, 0.5], [0.5, 1.25]):
        with pytest.raises(ValueError, match="output_activation='sigmoid' gives outputs from 0 to 1"):
            regression_target(np.array(beyond), given, "sigmoid", "float32")
        regression_target(np.array(beyond), given, "tanh", "float32")
    poisson = resolve_loss("poisson", "float32")
    assert regression_target(np.array([0.0, 9.0]), poisson, "exponential", "float32").kind == "regression"
    with pytest.raises(ValueError, match=r"loss='poisson' takes targets of at least 0, but y goes down to -0\.5"):
        regression_target(np.array([-0.5, 9.0]), poisson, "exponential", "float32")
    own = resolve_loss(lambda y, p: (y - p)[:, 0], "float32")
    assert regression_target(np.array([-0.5, 9.0]), own, "linear", "float32").codes is None


def of_squares():
    given = resolve_loss("mean_squared_error", "float32")
    return Coding("regression", "mean_squared_error", "linear", sparse=False, given=given)


def numbers(y, weight=None, *, clip=False, scaled=False):
    y = np.asarray(y, dtype=float)
    return Numbers.of(y, np.ones(len(y)) if weight is None else np.array(weight, float), clip=clip, scaled=scaled)


def test_numbers_come_back_in_the_form_in_which_they_were_given():
    flat, table = numbers([1.0, 3.0, 5.0]), numbers([[1.0, 3.0], [2.0, 5.0]])
    assert (flat.kind, flat.heads, flat.n_outputs, table.n_outputs) == ("regression", None, 1, 2)
    np.testing.assert_array_equal(flat.restore(np.array([[7.0], [0.0]])), [7.0, 0.0])
    np.testing.assert_array_equal(table.restore(np.array([[7.0, 0.0]])), [[7.0, 0.0]])
    encoded = flat.encode([1, 3, 5], of_squares(), "float32", "y").encoded
    assert (encoded.shape, encoded.dtype) == ((3, 1), np.float32)
    np.testing.assert_array_equal(flat.restore(encoded), [1, 3, 5])
    sparse_one = table.encode(sparse.csr_array([[1.0, 0.0], [0.0, 5.0]]), of_squares(), "float64", "y").encoded
    np.testing.assert_array_equal(sparse_one, [[1, 0], [0, 5]])


def test_scaled_numbers_are_encoded_in_double_precision_first_and_come_back_in_their_units():
    y = np.array([[1e9 + 1, 0.0], [1e9 + 3, 4.0]])
    form = numbers(y, scaled=True)
    encoded = form.encode(y, of_squares(), "float32", "y").encoded
    assert encoded.dtype == np.float32
    np.testing.assert_array_equal(encoded, [[-1, -1], [1, 1]])
    np.testing.assert_array_equal(form.in_units(encoded.astype(float)), y)
    np.testing.assert_array_equal(form.predicted(encoded.astype(float)), y)
    unscaled = np.array([[2.0, 3.0]])
    assert numbers(y).in_units(unscaled) is unscaled


def test_the_limits_of_numbers_are_those_of_the_samples_that_have_a_weight():
    y = [[1.0, 8.0], [3.0, -2.0], [99.0, 99.0], [2.0, 5.0]]
    np.testing.assert_array_equal(numbers(y).limits, [[1, -2], [99, 99]])
    some = numbers(y, [1, 0.5, 0, 2], clip=True)
    np.testing.assert_array_equal(some.limits, [[1, -2], [3, 8]])
    far = np.array([[-50.0, 9.0], [50.0, -9.0]], dtype=np.float32)
    clipped = some.predicted(far)
    np.testing.assert_array_equal(clipped, [[1, 8], [3, -2]])
    assert clipped.dtype == np.float32
    np.testing.assert_array_equal(numbers(y, [1, 0.5, 0, 2]).predicted(far), far)


def test_a_training_that_goes_on_keeps_the_form_and_widens_the_limits():
    first = numbers([1.0, 3.0, 5.0], clip=True, scaled=True)
    later = first.going_on(np.array([2.0, 7.0, -8.0]), np.array([1.0, 1.0, 0.0]), clip=False)
    np.testing.assert_array_equal(later.limits, [[1], [7]])
    assert (later.n_outputs, later.flat, later.clip, later.scale) == (1, True, False, first.scale)
    lower = first.going_on(np.array([-4.0, 2.0]), np.ones(2), clip=True)
    np.testing.assert_array_equal(lower.limits, [[-4], [5]])
    assert lower.clip
    for later_target in (np.ones((2, 2)), np.ones((2, 0))):
        with pytest.raises(ValueError, match=r"^y has [02] outputs, but the target of this fit has 1: give as many"):
            first.going_on(later_target, np.ones(2), clip=False)


def test_numbers_that_are_none_for_this_fit_are_refused():
    form = numbers([[1.0, 3.0], [2.0, 5.0]])
    with pytest.raises(ValueError, match="y_val has 3 outputs, but the target of this fit has 2: give as many"):
        form.encode(np.ones((4, 3)), of_squares(), "float32", "y_val")
    for dates in (np.array(["2020-01-01", "2020-01-02"], "M8[D]"), np.array([1, 2], "m8[D]")):
        with pytest.raises(ValueError, match="y holds dates or times: make numbers of it"):
            form.encode(dates, of_squares(), "float32", "y")
    with pytest.raises(ValueError, match="y_val has one sample: give it at least two, so that R² is defined"):
        form.encode(np.ones((1, 2)), of_squares(), "float32", "y_val")
    assert form.encode(np.ones((2, 2)), of_squares(), "float32", "y_val").encoded.shape == (2, 2)
    assert form.encode(np.ones((1, 2)), of_squares(), "float32", "y").encoded.shape == (1, 2)


@pytest.mark.parametrize("clip", [False, True])
@pytest.mark.parametrize("scaled", [False, True])
def test_the_score_of_numbers_is_r2_of_what_is_predicted(clip, scaled):
    y, weight = np.array([1.0, 3.0, 4.0, 9.0]), np.array([1.0, 2.0, 0.5, 1.0])
    form = numbers(y, clip=clip, scaled=scaled)
    target = form.encode(y, of_squares(), "float64", "y")
    outputs = target.encoded + np.array([[-1.0], [0.5], [0.1], [3.0]])
    expected = r2_score(y, form.restore(outputs), sample_weight=weight)
    assert form.score(target, outputs, outputs, weight) == pytest.approx(expected)
    with np.errstate(invalid="ignore"):
        assert np.isnan(form.score(target, outputs, np.where(outputs > 3, np.nan, outputs), weight))
    assert form.weigh("balanced", weight, target, np.arange(4)) is weight


def test_the_score_of_numbers_that_are_not_finite_is_not_a_number():
    form = numbers([1.0, 3.0])
    target = form.encode([1.0, 3.0], of_squares(), "float64", "y")
    for value in (np.nan, np.inf):
        outputs = np.array([[1.0], [value]])
        assert np.isnan(form.score(target, outputs, outputs, np.ones(2)))


tables = hnp.arrays(
    np.float64, st.tuples(st.integers(1, 5), st.integers(1, 4)), elements=st.integers(-7000, 7000).map(lambda n: n / 10)
)


@given(tables, st.booleans())
def test_decisions_and_probabilities_agree_with_the_logits(logits, independent):
    width = logits.shape[1]
    kind = "binary" if width == 1 else "multilabel" if independent else "multiclass"
    labels = Labels(kind, np.arange(max(width, 2)))
    outputs = softmax(logits, axis=1) if kind == "multiclass" else expit(logits)
    table, logarithms = labels.probabilities(outputs, widened=False), labels.log_probabilities(logits)
    assert table.shape == logarithms.shape == (len(logits), max(width, 2))
    assert np.isfinite(logarithms).all()
    np.testing.assert_allclose(np.exp(logarithms), table, rtol=1e-9, atol=1e-12)
    decided = labels.decide(logits)
    if kind == "multilabel":
        np.testing.assert_array_equal(decided, table > 0.5)
    else:
        np.testing.assert_allclose(table.sum(axis=1), 1)
        of_decided = np.take_along_axis(logarithms, decided[:, None], axis=1)[:, 0]
        np.testing.assert_array_equal(of_decided, logarithms.max(axis=1))


def test_several_outputs_have_a_softmax_each():
    labels = Labels.of(SEVERAL, one_hot=False)
    logits = np.log([[0.3, 0.7, 0.2, 0.5, 0.3]])
    assert [head.tolist() for head in labels.split(logits)] == [logits[:, :2].tolist(), logits[:, 2:].tolist()]
    first, second = labels.log_probabilities(logits)
    np.testing.assert_allclose(np.exp(first), [[0.3, 0.7]])
    np.testing.assert_allclose(np.exp(second), [[0.2, 0.5, 0.3]])
    assert labels.label(labels.decide(logits)).tolist() == [["b", "y"]]


weights_by_class = st.dictionaries(st.integers(0, 2), st.floats(0.1, 10), max_size=3)


def coded(codes):
    codes = np.asarray(codes)
    return Target("multiclass", codes, codes)


@given(st.lists(st.integers(0, 2), min_size=3, max_size=20), st.one_of(st.just("balanced"), weights_by_class))
def test_class_weights_are_scikit_learns(codes, class_weight):
    codes = np.array([0, 1, 2, *codes])
    labels = Labels("multiclass", np.arange(3))
    weight = labels.weigh(class_weight, np.ones(len(codes)), coded(codes), np.arange(len(codes)))
    np.testing.assert_allclose(weight, compute_sample_weight(class_weight, codes))


def test_each_label_of_a_sample_has_a_weight_of_its_own():
    labels = Labels.of(MULTILABEL, one_hot=False)
    weight = np.array([1.0, 2.0, 1.0])
    rows = np.arange(3)
    table = labels.weigh([{1: 3.0}, "balanced", {0: 0.5}], weight, coded(MULTILABEL), rows)
    np.testing.assert_allclose(table[:, 0], weight * [3, 1, 3])
    np.testing.assert_allclose(table[:, 1], weight * compute_sample_weight("balanced", [0, 0, 0, 1])[[0, 0, 3]])
    np.testing.assert_allclose(table[:, 2], weight * [1, 0.5, 1])


@pytest.mark.parametrize(
    ("class_weight", "message"),
    [
        ({9: 1.0}, r"names labels that y does not have, \[9\], and does not name \[0, 1\]"),
        ({0: -1.0}, "at least 0"),
        ({0: 0.0, 1: 0.0}, "not all of them 0"),
        ([{0: 1.0}], "1 entries for 3 labels"),
    ],
)
def test_bad_class_weights(class_weight, message):
    labels = Labels.of(MULTILABEL, one_hot=False)
    with pytest.raises(ValueError, match=message):
        labels.weigh(class_weight, np.ones(3), coded(MULTILABEL), np.arange(3))


@pytest.mark.parametrize(("one_hot", "kind"), [(True, "one-hot"), (False, "multilabel")])
def test_an_array_of_0_and_1_needs_no_classes_for_its_parts(one_hot, kind):
    labels = Labels.of_classes(None, ONE_HOT[:1], one_hot=one_hot)
    assert (labels.kind, labels.n_outputs) == (kind, 3)


def test_an_output_of_one_label_is_refused_by_its_number():
    with pytest.raises(ValueError, match="output 1 of y"):
        Labels.of(np.array([["a", "x"], ["b", "x"]], dtype=object), one_hot=False)


def test_some_class_weights_may_be_0():
    labels = Labels("multiclass", np.arange(3))
    codes = np.array([0, 1, 2, 1])
    weight = labels.weigh({0: 0.0, 1: 2.0}, np.ones(4), coded(codes), np.arange(4))
    np.testing.assert_array_equal(weight, [0, 2, 1, 2])


def test_probabilities_of_a_wider_dtype_sum_to_1_in_each_row():
    outputs = np.array([[0.2, 0.3, 0.4999], [0.1, 0.8, 0.1002]])
    found = Labels("multiclass", np.arange(3)).probabilities(outputs, widened=True)
    np.testing.assert_allclose(found, outputs / outputs.sum(axis=1)[:, None], rtol=1e-15)
    np.testing.assert_array_equal(Labels("multiclass", np.arange(3)).probabilities(outputs, widened=False), outputs)


def test_a_sample_is_right_if_all_of_its_labels_are():
    labels = Labels.of(MULTILABEL, one_hot=False)
    logits = np.where(MULTILABEL, 1.0, -1.0)
    logits[1, 2] = 1.0
    score = labels.score(coded(MULTILABEL), logits, expit(logits), np.array([1.0, 2.0, 1.0]))
    assert score == 0.5


@pytest.mark.parametrize("y", [[0.5, 1.5, 2.5], [[0.5, 1.0], [1.0, 0.5]]])
def test_continuous_targets_are_refused(y):
    with pytest.raises(ValueError, match="Unknown label type"):
        Labels.of(np.array(y), one_hot=False)


def test_a_single_class_is_refused_by_its_name():
    with pytest.raises(ValueError, match=r"^y has one class, 'a': a classifier needs"):
        Labels.of(["a", "a"], one_hot=False)
    with pytest.raises(ValueError, match=r"^y has one class, 3"):
        Labels.of_classes([3, 3], [3], one_hot=False)


@pytest.mark.parametrize("row", [[0, 0, 0], [1, 1, 0]])
def test_a_row_without_a_1_or_with_two_is_not_one_hot(row):
    with pytest.raises(ValueError, match="rows without a 1, or with more than one, which are not one-hot"):
        Labels.of(np.vstack([ONE_HOT, [row]]), one_hot=True)


def test_classes_of_parts_are_named_or_are_columns():
    assert Labels.of_classes([2, 1, 1], [1], one_hot=False).kind == "binary"
    several = Labels.of_classes(["c", "a", "b"], ["a"], one_hot=True)
    assert (several.kind, several.classes.tolist(), several.n_outputs) == ("multiclass", ["a", "b", "c"], 3)
    with pytest.raises(ValueError, match="classes must be passed on the first call to partial_fit"):
        Labels.of_classes(None, [0, 1], one_hot=False)
    for table in (SEVERAL, [[0, 2], [1, 0]], [["0", "1"], ["1", "0"]]):
        with pytest.raises(ValueError, match=r"y has shape .*: partial_fit takes one output, or an array of 0 and 1"):
            Labels.of_classes([0, 1], table, one_hot=False)
    assert Labels.of_classes(None, MULTILABEL, one_hot=False).classes.tolist() == [0, 1, 2]


def test_labels_of_a_table_are_0_and_1_alone():
    for y, one_hot in ((MULTILABEL, False), (ONE_HOT, True)):
        labels = Labels.of(y, one_hot=one_hot)
        with pytest.raises(ValueError, match=r"y_val holds labels that the target of this fit does not: \[2\]"):
            labels.number([[2, 0, 0], [0, 1, 0]], "y_val")
    with pytest.raises(ValueError, match=r"y_val has shape \(3,\), but the target of this fit has 3 columns"):
        labels.number([0, 1, 2], "y_val")
    with pytest.raises(ValueError, match=r"^y holds labels that .*: \['c'\]; it has \['a', 'b'\]"):
        Labels.of(["a", "b"], one_hot=False).number(["a", "c"])


KINDS = {
    "binary": (["no", "yes", "yes"], False, [[0], [1], [1]]),
    "multiclass": ([5, 3, 4], False, [[0, 0, 1], [1, 0, 0], [0, 1, 0]]),
    "one-hot": (ONE_HOT, True, ONE_HOT),
    "multilabel": (MULTILABEL, False, MULTILABEL),
    "multioutput": (SEVERAL, False, [[1, 0, 1, 0, 0], [0, 1, 0, 1, 0], [1, 0, 0, 0, 1]]),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_encoded_as_outputs_of_a_network_that_is_right(kind):
    y, one_hot, expected = KINDS[kind]
    labels = pickle.loads(pickle.dumps(Labels.of(y, one_hot=one_hot)))
    assert labels.kind == kind
    assert labels.scale is None
    assert labels.heads == ((2, 3) if kind == "multioutput" else None)
    coding = Coding(kind, "mean_squared_error", "auto", sparse=False, given=of_squares().given)
    target = labels.encode(y, coding, "float64", "y")
    np.testing.assert_array_equal(target.encoded, expected)
    assert (target.kind, target.encoded.dtype, target.codes.dtype.kind) == (kind, np.float64, "i")
    np.testing.assert_array_equal(labels.label(target.codes), y)
    logits = 4 * target.encoded - 2
    np.testing.assert_array_equal(labels.decide(logits), target.codes)
    assert labels.score(target, logits, logits, np.ones(len(logits))) == 1.0
    assert labels.score(target, -logits, logits, np.ones(len(logits))) < 1.0
    assert labels.in_units(target.encoded) is target.encoded
    assert labels.predicted(logits) is logits


def test_a_score_at_the_boundary_speaks_for_0():
    assert Labels("binary", np.arange(2)).decide(np.array([[0.0], [1e-9]])).tolist() == [0, 1]
    assert Labels("multilabel", np.arange(2)).decide(np.array([[0.0, 1e-9]])).tolist() == [[0, 1]]


def test_probabilities_of_several_outputs_are_a_table_each():
    labels = Labels.of(SEVERAL, one_hot=False)
    outputs = np.array([[0.3, 0.6, 0.2, 0.5, 0.2], [0.9, 0.3, 0.1, 0.1, 0.1]])
    first, second = labels.probabilities(outputs, widened=False)
    np.testing.assert_array_equal(np.hstack([first, second]), outputs)
    wide = labels.probabilities(outputs, widened=True)
    for table, found in zip((outputs[:, :2], outputs[:, 2:]), wide, strict=True):
        np.testing.assert_allclose(found, table / table.sum(axis=1, keepdims=True), rtol=1e-15)
    for table, found in zip((outputs[:, :2], outputs[:, 2:]), labels.log_probabilities(outputs), strict=True):
        np.testing.assert_allclose(found, log_softmax(table, axis=1))
    independent = Labels("multilabel", np.arange(5))
    assert independent.probabilities(outputs, widened=True) is outputs
    one = Labels("multiclass", np.arange(5))
    assert [each.tolist() for each in one.split(outputs)] == [outputs.tolist()]


def test_the_score_of_several_outputs_counts_weights():
    labels = Labels.of(SEVERAL, one_hot=False)
    target = labels.target(labels.number(SEVERAL), sparse=False, dtype="float64")
    logits = target.encoded.copy()
    logits[0, :2] = logits[0, 1::-1]
    assert labels.score(target, logits, logits, np.array([3.0, 1.0, 1.0])) == pytest.approx(0.4)


def test_balanced_weights_count_the_rows_that_are_trained_on_by_their_weights():
    labels = Labels("multiclass", np.arange(3))
    codes, weight = np.array([0, 0, 1, 1, 2]), np.array([1.0, 3.0, 2.0, 5.0, 7.0])
    found = labels.weigh("balanced", weight, coded(codes), np.array([0, 1, 2]))
    # Class 0 has 4 of 6 and class 1 has 2: 6 / (2 * 4) and 6 / (2 * 2); no row of class 2 counts.
    np.testing.assert_allclose(found, weight * [0.75, 0.75, 1.5, 1.5, 1.0])


def test_class_weights_of_several_outputs_are_by_their_labels():
    labels = Labels.of(SEVERAL, one_hot=False)
    target = labels.target(labels.number(SEVERAL), sparse=False, dtype="float64")
    weight = np.array([1.0, 2.0, 3.0])
    found = labels.weigh([{"a": 2.0}, {"y": 5.0, "z": 0.0}], weight, target, np.arange(3))
    np.testing.assert_array_equal(found, [[2, 1], [2, 10], [6, 0]])
    one_for_all = labels.weigh("balanced", weight, target, np.array([0, 1]))
    np.testing.assert_allclose(one_for_all, weight[:, None] * [[1.5, 1.5], [0.75, 0.75], [1.5, 1.0]])


@pytest.mark.parametrize(
    ("class_weight", "message"),
    [
        ([{0: 1.0}], r"class_weight=\[\{0: 1.0\}\] must be a dictionary of weights by label, or 'balanced'"),
        ({7: 1.0, 0: 1.0}, r"names labels that y does not have, \[7\], and does not name \[1, 2\]"),
        ({0: np.nan}, "must hold finite weights of at least 0"),
        ({0: np.inf}, "must hold finite weights of at least 0"),
        ({0: -0.5}, "must hold finite weights of at least 0"),
    ],
)
def test_bad_class_weights_of_one_output(class_weight, message):
    codes = np.array([0, 1, 2])
    with pytest.raises(ValueError, match=message):
        Labels("multiclass", np.arange(3)).weigh(class_weight, np.ones(3), coded(codes), np.arange(3))


def test_class_weights_may_name_labels_that_a_fold_lacks_or_leave_some_out():
    labels, codes = Labels("multiclass", np.arange(3)), np.array([0, 1, 2])
    for class_weight, expected in (({0: 2, 1: 3, 2: 4, 9: 5}, [2, 3, 4]), ({1: 3}, [1, 3, 1])):
        found = labels.weigh(class_weight, np.ones(3), coded(codes), np.arange(3))
        np.testing.assert_array_equal(found, expected)


def test_labels_are_read_from_what_holds_them():
    for y in ([3, 1], np.array([3, 1]), pd.Series([3, 1]), pd.Series([3, 1], dtype=object), sparse.csr_array([[3, 1]])):
        table = label_table(y)
        assert table.dtype.kind == "i"
        np.testing.assert_array_equal(table.ravel(), [3, 1])
    frame = pd.DataFrame({"a": ["x", "y"], "b": [1, 2]})
    assert label_table(frame).tolist() == [["x", 1], ["y", 2]]
    assert label_table(np.array(["b", "a"], dtype=object)).dtype == object
    with pytest.warns(DataConversionWarning, match="A column-vector y was passed"):
        column = label_table([[3], [1]])
    assert column.tolist() == [3, 1]
    for y in (np.zeros((2, 2, 2)), np.array(3)):
        with pytest.raises(ValueError, match=r"dim|1d array"):
            label_table(y)
