"""Numbers and labels are encoded, held to what was learned of them, and come back as they were."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import sparse
from scipy.special import expit, softmax
from sklearn.utils.class_weight import compute_sample_weight

from skmlp._losses import resolve_loss
from skmlp._target_forms import Labels, regression_target
from skmlp._targets import Target

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


def test_mixed_labels_are_refused():
    with pytest.raises((TypeError, ValueError)):
        Labels.of(np.array([1, "a", 1, "b"], dtype=object), one_hot=False)


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
