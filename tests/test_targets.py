"""The table of targets: what each allows, how it is encoded and decoded."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.special import expit, softmax

from skmlp._targets import (
    TARGETS,
    choose,
    class_numbers,
    class_target,
    decide,
    encode_classes,
    log_probabilities,
    probabilities,
    regression_target,
)


def test_auto_takes_the_first_of_a_row():
    assert choose("binary", "auto", "auto") == ("binary_crossentropy", "sigmoid")
    assert choose("multiclass", "auto", "auto") == ("categorical_crossentropy", "softmax")
    assert choose("regression", "auto", "auto") == ("mean_squared_error", "linear")


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
    classes, codes = encode_classes(labels)
    assert sorted(set(labels.tolist())) == classes.tolist()
    np.testing.assert_array_equal(classes[codes], labels)
    np.testing.assert_array_equal(class_numbers(labels[::-1], classes, "y_val"), codes[::-1])


def test_mixed_labels_are_refused():
    with pytest.raises((TypeError, ValueError)):
        encode_classes(np.array([1, "a", 1, "b"], dtype=object))


def test_encodings():
    codes = np.array([2, 0, 1])
    sparse = class_target(codes, 3, "auto", "auto", "float32")
    assert (sparse.loss, sparse.n_outputs, sparse.encoded.dtype) == ("sparse_categorical_crossentropy", 3, np.int32)
    np.testing.assert_array_equal(sparse.encoded, codes)
    one_hot = class_target(codes, 3, "binary_crossentropy", "auto", "float64")
    np.testing.assert_array_equal(one_hot.encoded, np.eye(3)[codes])
    assert one_hot.encoded.dtype == np.float64
    binary = class_target(codes % 2, 2, "auto", "auto", "float32")
    assert (binary.n_outputs, binary.encoded.shape) == (1, (3, 1))
    flat = regression_target(np.arange(4.0), "auto", "auto", "float32")
    assert (flat.encoded.shape, flat.encoded.dtype) == ((4, 1), np.float32)
    np.testing.assert_array_equal(flat.rows(np.array([2])).encoded, [[2.0]])


logits = hnp.arrays(
    np.float64, st.tuples(st.integers(1, 5), st.integers(1, 4)), elements=st.floats(-700, 700, allow_nan=False)
)


@given(logits)
def test_decisions_and_probabilities_agree_with_the_logits(values):
    binary = values.shape[1] == 1
    outputs = expit(values) if binary else softmax(values, axis=1)
    table = probabilities(outputs)
    assert table.shape == (len(values), 2 if binary else values.shape[1])
    np.testing.assert_allclose(table.sum(axis=1), 1)
    logarithms = log_probabilities(values)
    assert np.isfinite(logarithms).all()
    np.testing.assert_allclose(np.exp(logarithms), table, rtol=1e-9, atol=1e-12)
    chosen = np.take_along_axis(logarithms, decide(values)[:, None], axis=1)[:, 0]
    np.testing.assert_array_equal(chosen, logarithms.max(axis=1))


@pytest.mark.parametrize("kind", TARGETS)
def test_unknown_choices_list_the_known_ones(kind):
    with pytest.raises(ValueError, match=rf"(?s)loss='x' does not fit a {kind} target.*{TARGETS[kind].losses[-1]}"):
        choose(kind, "x", "auto")
    with pytest.raises(ValueError, match=r"output_activation='x' does not fit"):
        choose(kind, "auto", "x")
