"""A seal tells whatever is not as it was, and nothing else."""

import copy

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.preprocessing import OrdinalEncoder

from skmlp._seal import FORMAT, check_seal, seal

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


def damaged(content, stored):
    with pytest.raises(ValueError, match=r"is damaged: .* Load another copy"):
        check_seal(stored, content, "KerasMLPRegressor")


@given(PLAIN, PLAIN)
@settings(max_examples=100, deadline=None)
def test_values_are_told_apart(one, other):
    stored = seal({"value": one})
    check_seal(stored, {"value": copy.deepcopy(one)}, "KerasMLPRegressor")
    if repr(one) != repr(other) and repr(sorted_names(one)) != repr(sorted_names(other)):
        damaged({"value": other}, stored)


def sorted_names(value):
    """The order of a dictionary does not count."""
    if isinstance(value, dict):
        return {name: sorted_names(value[name]) for name in sorted(value)}
    return [sorted_names(each) for each in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ((1, 2.5), [1, 2.5]),
        (np.float64(0.1), 0.1),
        (np.int32(3), 3),
        (np.bool_(True), True),
        (np.str_("relu"), "relu"),
        (np.asfortranarray(np.eye(3)), np.eye(3)),
        (np.arange(6).reshape(2, 3).T, np.arange(6).reshape(2, 3).T.copy()),
        (np.arange(3.0).astype(">f8"), np.arange(3.0)),
        (np.array(["a", "b"], dtype=object), np.array(["a", "b"], dtype=object)),
        (np.dtype(">f4"), np.dtype("<f4")),
        ({"own": object()}, {"own": object()}),
        ({False: 1}, {True: 1}),  # some formats make strings of such keys, and of them what they can
    ],
)
def test_what_a_format_may_change_is_the_same(written, read):
    check_seal(seal({"value": written}), {"value": read}, "KerasMLPRegressor")


@pytest.mark.parametrize("size", [3, 512, 2000])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_every_bit_of_an_array_counts(size, dtype):
    array = np.random.default_rng(0).normal(size=size).astype(dtype)
    stored = seal({"weights": [array]})
    for position in range(0, array.nbytes, 97):
        for bit in range(8):
            flipped = array.copy()
            flipped.view(np.uint8)[position] ^= np.uint8(1 << bit)
            damaged({"weights": [flipped]}, stored)


def test_pages_in_another_order_are_told():
    pages = np.random.default_rng(0).normal(size=(4, 512))
    stored = seal({"weights": pages})
    damaged({"weights": pages[[0, 2, 1, 3]]}, stored)
    damaged({"weights": pages[:3]}, stored)
    damaged({"weights": pages.astype("f4")}, stored)
    damaged({"weights": pages.reshape(2, -1)}, stored)


def test_arrays_that_change_places_are_told():
    damaged({"a": np.ones(3), "b": np.zeros(3)}, seal({"a": np.zeros(3), "b": np.ones(3)}))


def test_the_attributes_of_encoders_count():
    encoder, other = OrdinalEncoder().fit([["a"], ["b"]]), OrdinalEncoder().fit([["a"], ["c"]])
    stored = seal({"encoder": encoder})
    check_seal(stored, {"encoder": copy.deepcopy(encoder)}, "KerasClassifier")
    damaged({"encoder": other}, stored)


def test_memory_mapped_arrays_are_left_where_they_are(tmp_path):
    mapped = np.memmap(tmp_path / "weights", dtype="f4", mode="w+", shape=(5,))
    stored = seal({"weights": mapped})
    assert stored == seal({"weights": np.zeros(5, "f4")})
    mapped[:] = 1
    check_seal(stored, {"weights": mapped}, "KerasMLPRegressor")
    damaged({"weights": np.ones(5, "f4")}, stored)
    damaged({"weights": mapped[:4]}, stored)


def test_a_later_format_is_refused_by_name():
    stored = {**seal({}), "format": FORMAT + 1, "skmlp": "7.5.0", "of the future": 1}
    with pytest.raises(ValueError, match=r"saved by skmlp 7.5.0 in format 2, .* install skmlp 7.5.0 or later"):
        check_seal(stored, {}, "KerasMLPRegressor")


def test_no_seal_is_refused():
    with pytest.raises(ValueError, match="not a KerasMLPRegressor saved by skmlp: it has no format"):
        check_seal(None, {}, "KerasMLPRegressor")


@pytest.mark.parametrize(
    "stored",
    [3, {}, {**seal({}), "format": "1"}, {**seal({}), "format": 0}, {**seal({}), "arrays": 1}, {**seal({}), "skmlp": 1},
     {**seal({}), "checksum": None}, {**seal({}), "arrays": [1]}],
)  # fmt: skip
def test_a_broken_seal_is_refused(stored):
    damaged({}, stored)


def test_what_holds_itself_is_refused():
    ring = []
    ring.append(ring)
    damaged({"value": ring}, seal({}))
