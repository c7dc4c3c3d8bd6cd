"""Objects of a user's own share a program just when nothing tells them apart."""

import copy
import threading
from dataclasses import dataclass
from functools import partial

import joblib
import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.model_selection import cross_val_score

from skmlp import KerasMLPRegressor, cache_info, clear_cache
from skmlp._own import Own, content

PLAIN = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=3),
    st.binary(max_size=3),
    st.complex_numbers(),
)
NESTED = st.recursive(
    PLAIN,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.text(max_size=2), inner, max_size=3),
        st.tuples(inner, inner),
        st.builds(lambda values: np.array(values, dtype=object), st.lists(inner, max_size=2).map(lambda x: [x, None])),
    ),
    max_leaves=8,
)


@settings(deadline=None)
@given(NESTED)
def test_a_copy_is_as_good(value):
    assert content(copy.deepcopy(value)) == content(value)
    assert hash(content(copy.deepcopy(value))) == hash(content(value))


def told_apart(first, second):
    """Whether two plain values differ, as a program sees them: by type, by digits, NaN being NaN."""
    return repr(first) != repr(second)


@settings(deadline=None)
@given(NESTED.filter(lambda v: "array" not in repr(v)), NESTED.filter(lambda v: "array" not in repr(v)))
def test_what_differs_anywhere_is_another(first, second):
    assert (content(first) != content(second)) == told_apart(first, second)


class Secret(keras.losses.Loss):
    """A loss whose configuration, of which Keras makes deep copies, does not tell its argument."""

    def __init__(self, over):
        super().__init__()
        self.over = over


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (1, 1.0),
        (True, 1),
        (0.0, -0.0),
        (np.zeros(2), np.zeros(2, "float32")),
        (np.zeros((2, 1)), np.zeros((1, 2))),
        (np.arange(5000), np.where(np.arange(5000) == 2500, 0, np.arange(5000))),
        (np.array([1, "a"], dtype=object), np.array([1, "b"], dtype=object)),
        (pd.DataFrame({"a": range(500)}), pd.DataFrame({"a": [*range(499), 0]})),
        (pd.DataFrame({"a": [1]}), pd.DataFrame({"b": [1]})),
        (tf.range(5000), tf.concat([tf.range(4999), [0]], 0)),
        (keras.losses.Huber(1.0), keras.losses.Huber(2.0)),
        (Secret(1.0), Secret(2.0)),
    ],
    ids=["int and float", "bool and int", "zeros", "dtypes", "shapes", "arrays", "objects", "frames", "columns",
         "tensors", "losses", "losses of ones own"],
)  # fmt: skip
def test_what_repr_does_not_show_counts(first, second):
    assert content(first) == content(first if isinstance(first, Secret) else copy.deepcopy(first))
    assert content(first) != content(second)


class Weighted:
    """A loss with an attribute."""

    def __init__(self, weights):
        self.weights_ = weights

    def __call__(self, y_true, y_pred):
        total = float(np.sum(np.asarray(self.weights_)))
        return keras.ops.mean(keras.ops.square(y_true - y_pred), axis=-1) * total


def powered(y_true, y_pred, power=2.0):
    return keras.ops.mean(keras.ops.power(keras.ops.abs(y_true - y_pred), power), axis=-1)


@dataclass(frozen=True)
class Scaled:
    factors: list

    def __call__(self, x):
        return keras.ops.tanh(x) * self.factors[0]


@pytest.mark.parametrize(
    ("name", "value", "other"),
    [
        ("loss", partial(powered, power=2.0), partial(powered, power=3.0)),
        ("loss", Weighted(pd.DataFrame({"a": np.ones(200)})), Weighted(pd.DataFrame({"a": [0.0] + [1.0] * 199}))),
        ("loss", Weighted(np.ones(3)).__call__, Weighted(np.zeros(3)).__call__),
        ("activation", Scaled([1.0]), Scaled([2.0])),
    ],
    ids=["partial", "frame", "method", "dataclass"],
)
def test_a_search_compiles_an_object_of_ones_own_once(name, value, other, line):
    make = KerasMLPRegressor((3,), epochs=1, random_state=0).set_params(**{name: value})
    first = clone(make).fit(*line)
    before = cache_info().traces
    cross_val_score(make, *line, cv=3)
    assert cache_info().traces == before
    changed = clone(make).set_params(**{name: other}).fit(*line)
    assert cache_info().traces == before + 1
    assert changed.loss_ != first.loss_


def test_what_cannot_be_copied_is_itself_alone():
    lock = threading.Lock()
    assert content(lock) == content(lock)
    assert content(lock) != content(threading.Lock())
    assert content(lambda x: x) != content(lambda x: x + 1)
    assert content(powered) == content(copy.deepcopy(powered))


class Hidden(Weighted):
    """A callable whose state for copies does not tell its attribute."""

    def __getstate__(self):
        return {}


def test_what_copies_would_lose_counts():
    assert content(Hidden(1.0)) != content(Hidden(2.0))


class Scaling(keras.layers.Layer):
    factor = 1.0

    def call(self, inputs):
        return inputs * self.factor


def test_public_attributes_of_a_layer_count_and_its_made_up_name_does_not():
    assert content(Scaling()) == content(Scaling())
    changed = Scaling()
    changed.factor = 2.0
    assert content(changed) != content(Scaling())


def test_parts_that_are_shared_are_looked_at_once():
    shared = [1.0]
    for _ in range(200):
        shared = [shared, shared]
    assert content(shared) == content(copy.deepcopy(shared))
    ring = [Weighted([]) for _ in range(20)]
    for each in ring:
        each.weights_ = ring
    assert content(ring) == content(copy.deepcopy(ring))


def test_depth_is_no_limit():
    deep = ()
    for _ in range(5000):
        deep = (deep,)
    assert content(deep) == content(deep)


class Tanh:
    def __init__(self, factor):
        self.factor = factor

    def __call__(self, x):
        return keras.ops.tanh(self.factor * x)


def test_an_object_that_changes_after_a_fit_changes_no_estimator(line):
    X, y = line
    make = KerasMLPRegressor((3,), epochs=1, random_state=0)
    expected = clone(make).set_params(activation=Tanh(1.0)).fit(X, y).predict(X)
    clear_cache()
    activation = Tanh(1.0)
    fitted = clone(make)
    fitted.activation = activation
    fitted.fit(X, y)
    activation.factor = 3.0
    np.testing.assert_array_equal(fitted.predict(X), expected)
    np.testing.assert_allclose(np.ravel(fitted.model_(X)), expected, rtol=1e-5)
    other = clone(make).set_params(activation=Tanh(1.0)).fit(X, y)
    np.testing.assert_array_equal(other.predict(X), expected)


def test_a_stored_estimator_has_its_objects(line, tmp_path):
    X, y = line
    fitted = KerasMLPRegressor((3,), activation=Tanh(np.arange(1.0, 4.0, dtype="float32")), epochs=1).fit(X, y)
    expected = fitted.predict(X)
    joblib.dump(fitted, tmp_path / "fitted.joblib")
    for mmap_mode in (None, "r"):
        clear_cache()
        np.testing.assert_array_equal(joblib.load(tmp_path / "fitted.joblib", mmap_mode=mmap_mode).predict(X), expected)


class Uncopied(Tanh):
    def __deepcopy__(self, memo):
        raise TypeError("not to be copied")


def test_an_object_that_cannot_be_copied_must_stay_as_it_is(line):
    activation = Uncopied(1.0)
    fitted = KerasMLPRegressor((3,), epochs=1, random_state=0)
    fitted.activation = activation
    fitted.fit(*line)
    clear_cache()
    activation.factor = 3.0
    with pytest.raises(ValueError, match="has changed since it was given to an estimator"):
        fitted.predict(line[0])
    activation.factor = 1.0
    fitted.predict(line[0])


def test_an_object_shows_itself_as_it_is():
    assert repr(Own.of(np.zeros(10**6))) == repr(np.zeros(10**6))


def test_an_object_may_hold_itself():
    knot = Weighted([])
    knot.weights_ = [knot]
    assert content(knot) == content(copy.deepcopy(knot))


# Keras 3.15 turns its variables into arrays in a way that NumPy 2 warns of.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_the_weights_of_a_layer_count():
    first = keras.layers.Dense(2)
    first.build((None, 3))
    second = copy.deepcopy(first)
    assert content(first) == content(second)
    second.set_weights([np.ones((3, 2)), np.ones(2)])
    assert content(first) != content(second)


def test_a_spec_compares_contents_not_objects():
    assert Own.of(partial(powered, power=2.0)) == Own.of(partial(powered, power=2.0))
    assert Own.of(partial(powered, power=2.0)) != Own.of(partial(powered, power=2.5))
