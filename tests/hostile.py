"""Input that nobody should give, and what must come of it: an error of ours by name, or a right result."""

import copy
import io
import math
import pickle
import re
import warnings
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
import skops.io
import stored
from hypothesis import strategies as st
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from skmlp import KerasMLPClassifier, KerasMLPRegressor

N_FEATURES = 3
rng = np.random.default_rng(0)
X = rng.normal(size=(20, N_FEATURES))
TARGETS = {KerasMLPClassifier: np.arange(20) % 3, KerasMLPRegressor: X[:, 0]}

ODD_NUMBERS = st.sampled_from(
    [np.nan, np.inf, -np.inf, -0.0, 1e-320, 1e30, 1e308, -1.0, 2**63, -1, 0, True, None, "1.5", "", b"x", 1j, [], {}]
)
DTYPES = st.sampled_from(
    ["f2", "f4", "f8", ">f8", "g", "i1", "u8", "?", "c8", "O", "U3", "S2", "M8[s]", "m8[s]", "V4", [("a", "f4")]]
)


@st.composite
def arrays(draw, columns=N_FEATURES, rows=20):
    """An array of any dtype, layout and shape, whose numbers may be anything."""
    width = draw(st.sampled_from([columns] * 6 + [0, 1, columns + 1]))
    length = draw(st.sampled_from([rows] * 6 + [0, 1, 2, rows + 1]))
    shape = draw(st.sampled_from([(length, width)] * 6 + [(), (length,), (length, width, 1), (1, length, width)]))
    values = np.random.default_rng(draw(st.integers(0, 3))).normal(size=shape)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            array = values.astype(draw(DTYPES))
        except (TypeError, ValueError):
            array = np.zeros(shape, draw(st.sampled_from(["O", "M8[s]", "V4"])))
    if array.size and array.dtype.kind in "fO":
        for _ in range(draw(st.integers(0, 2))):
            with np.errstate(all="ignore"):
                value = draw(ODD_NUMBERS if array.dtype == object else st.sampled_from([np.nan, np.inf, 1e30, 0.0]))
                array.reshape(-1)[draw(st.integers(0, array.size - 1))] = value
    layout = draw(st.sampled_from(["C", "F", "reversed", "every other", "read-only"]))
    if layout == "F":
        return np.asfortranarray(array)
    if layout == "reversed" and array.ndim:
        return array[::-1]
    if layout == "every other" and array.ndim:
        return np.repeat(array, 2, axis=0)[::2]
    array.flags.writeable = layout != "read-only"
    return array


@st.composite
def matrices(draw):
    """A sparse matrix of any format, which may be malformed."""
    matrix = sparse.random(20, draw(st.sampled_from([2, 3, 3, 3])), density=0.3, random_state=0, format="csr")
    part = draw(st.sampled_from(["none", "none", "indices", "indptr", "data"]))
    if part != "none":
        array = getattr(matrix, part)
        value = draw(st.sampled_from([-1, 1000, 2**31 - 1]) if part != "data" else st.sampled_from([np.nan, np.inf]))
        array[draw(st.integers(0, len(array) - 1))] = value
        return matrix
    return matrix.asformat(draw(st.sampled_from(["csr", "csc", "coo", "lil", "dok", "bsr", "dia"])))


def frames():
    """Data frames, of which some have names that are not strings, gaps, or categories."""
    return st.sampled_from(
        [
            pd.DataFrame(X, columns=list("abc")),
            pd.DataFrame(X, columns=[1, "b", "c"]),
            pd.DataFrame(X, columns=list("cab")),
            pd.DataFrame({"a": [1.0, None] * 10, "b": ["x"] * 20, "c": pd.Categorical(["u"] * 20)}),
            pd.DataFrame({"a": pd.array([1, None] * 10, dtype="Int64")}),
        ]
    )


OTHERS = st.sampled_from(
    [
        *(None, 3, "samples", b"samples", {}, {"a": [1]}, [], [[]], [[1.0, 2.0], [1.0]], [[1, 2, 3]] * 20),
        *([["a"] * 3] * 20, object(), iter([]), range(20), type, X.tolist, X.tolist()),
        *(np.ma.masked_array(X, X > 0), np.matrix(X)),
    ]
)
SAMPLES = arrays() | matrices() | frames() | OTHERS | st.just(X)
TARGET = st.one_of(
    arrays(columns=1),
    arrays(columns=2).map(lambda array: array[..., 0] if array.ndim == 2 and array.shape[1] else array),
    OTHERS,
    st.sampled_from([np.arange(20) % 2, np.array(["a", "b"] * 10, dtype=object), np.zeros(20), pd.Series([1, 2] * 10)]),
    matrices(),
)
WEIGHTS = st.none() | arrays(columns=1).map(np.ravel) | OTHERS | st.sampled_from([np.zeros(20), -np.ones(20)])

NAMES = sorted(set(KerasMLPClassifier().get_params()) - {"epochs", "verbose", "callbacks"})
VALUES = st.one_of(
    ODD_NUMBERS,
    st.integers(-3, 5),
    st.floats(-2, 2),
    st.text(max_size=4),
    st.lists(st.integers(-1, 4) | st.floats(0, 1) | st.none() | st.just("relu"), max_size=3),
    st.sampled_from(["auto", "balanced", "relu", "softmax", "linear", "mse", "hinge", "sgd", "adam", b"relu"]),
    st.sampled_from(
        [
            *((), ((2,),), {"a": 1}, {0: 1.0}, {1: np.nan}, set(), slice(2), object(), type, len, print),
            *(lambda x: x, lambda *a: None, lambda x: 1 / 0),
            *(np.zeros(2), np.array("x"), np.float32(0.1), np.int8(2), float("nan")),
            *(np.random.RandomState(0), np.random.default_rng(0)),
        ]
    ),
)


def content(value):
    """All that a call could change in an argument."""
    if isinstance(value, np.ndarray):
        numbers = repr(value.tolist()) if value.dtype.hasobject else value.tobytes()
        return value.dtype.str, value.shape, value.flags.writeable, numbers
    if sparse.issparse(value):
        parts = [getattr(value, name, None) for name in ("data", "indices", "indptr", "row", "col", "rows", "offsets")]
        return [value.format, value.shape, *(content(part) for part in parts if isinstance(part, np.ndarray))]
    if isinstance(value, pd.DataFrame | pd.Series):
        return repr(value.to_dict())
    return repr(value)


def ours(error):
    """Whether an error is one of ours, or of scikit-learn's: short, of the right type, and not from TensorFlow."""
    said = str(error)
    foreign = re.search(r"tensorflow|Graph execution|Node:|\{\{node|keras\.src|XlaRuntime|Traceback", said)
    if isinstance(error, ZeroDivisionError):  # of the function of a user's own that divides by 0
        return True
    return isinstance(error, ValueError | TypeError) and said and not foreign


def attempt(function, *arguments, **keywords):
    """Call a function; what it returned, or None with an error of ours."""
    given = [*arguments, *keywords.values()]
    before = [content(each) for each in given]
    result = None
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            result = function(*arguments, **keywords)
        except Exception as error:
            if not ours(error):
                raise
    assert [content(each) for each in given] == before, "an argument was changed"
    return result


def check_fit(fitted, method, samples, target, weight):
    """Fit an estimator that is fitted already: it is so anew, or as it was; which of them."""
    estimator = copy.copy(fitted)
    before = fitted.predict(X)
    done = attempt(getattr(estimator, method), samples, target, sample_weight=weight)
    assert done is None or done is estimator
    if done is None:
        np.testing.assert_array_equal(estimator.predict(X), before)
    else:
        assert np.isfinite(estimator.loss_)
        assert all(np.isfinite(weight).all() for weight in estimator.coefs_)
    return done is not None


def check_prediction(fitted, method, samples):
    """Predict: as many rows as there are samples, of finite numbers, or an error; whether there was none."""
    result = attempt(getattr(fitted, method), samples)
    if result is not None:
        assert len(result) == (samples.shape[0] if hasattr(samples, "shape") else len(samples))
        if result.dtype.kind == "f":
            assert np.isfinite(result).all()
    return result is not None


def check_parameters(fitted, parameters):
    """Set parameters and fit: an error leaves the earlier fit, and a fit can be repeated; which of them.

    It is that of a new estimator, or that of another one that goes on from the same fit.
    """
    kind = type(fitted)
    estimator = copy.copy(fitted)
    before = fitted.predict(X)
    if attempt(estimator.set_params, **parameters) is None:
        assert repr(estimator.get_params()) == repr(fitted.get_params())
        return False
    if attempt(estimator.fit, X, TARGETS[kind]) is None:
        np.testing.assert_array_equal(estimator.predict(X), before)
        return False
    assert all(np.isfinite(weight).all() for weight in estimator.coefs_)
    if isinstance(estimator.random_state, int):
        goes_on = copy.copy(fitted).set_params(**parameters)
        again = (goes_on if estimator.warm_start else clone(estimator)).fit(X, TARGETS[kind])
        np.testing.assert_array_equal(again.predict(X), estimator.predict(X))
    return True


def check_constructor(kind, parameters):
    """Make an estimator, and have it fit: an error leaves it as it was made, without a fit; whether there was none."""
    estimator = attempt(kind, **{"epochs": 1, **parameters})
    if estimator is None:
        assert not parameters.keys() <= kind().get_params().keys()
        return False
    given = estimator.get_params()
    assert all(given[name] is value for name, value in parameters.items())
    with pytest.raises(NotFittedError):
        estimator.predict(X)
    done = attempt(estimator.fit, X, TARGETS[kind]) is not None
    if done:
        assert all(np.isfinite(weight).all() for weight in estimator.coefs_)
    else:
        with pytest.raises(NotFittedError):
            estimator.predict(X)
    assert all(value is given[name] for name, value in estimator.get_params().items())
    return done


def damage(data, draw):
    """A file with bits flipped, cut, or with a part of it written elsewhere."""
    how = draw(st.sampled_from(["flip", "flip", "flip", "cut", "zeros", "move"]))
    at = draw(st.integers(0, len(data) - 1))
    damaged = bytearray(data)
    if how == "flip":
        damaged[at] ^= 1 << draw(st.integers(0, 7))
    elif how == "cut":
        del damaged[at:]
    elif how == "zeros":
        damaged[at : at + 16] = bytes(16)[: len(damaged[at : at + 16])]
    else:
        other = draw(st.integers(0, len(data) - 1))
        damaged[at : at + 8] = data[other : other + 8]
    return bytes(damaged)


def recompressed(data, draw):
    """A file of skops' with the damage inside of a part, so that the checksums of ZIP are right."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    name = draw(st.sampled_from(sorted(parts, key=lambda part: (not part.endswith(".json"), part))))
    parts[name] = damage(parts[name], draw)
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for part, content in parts.items():
            archive.writestr(part, content)
    return written.getvalue()


@dataclass
class File:
    """A file of a fitted estimator, how it is loaded and damaged, and what the estimator predicts."""

    data: bytes
    load: Callable
    damages: Sequence
    expected: np.ndarray

    def damaged(self, draw):
        return draw(st.sampled_from(self.damages))(self.data, draw)


class Unpickler(pickle._Unpickler):
    """Python's own code: the C code takes 30 GB for one flipped bit, in the number of an object.

    Damaged objects of an array are refused before NumPy 1.26 sees them, which reads beyond the end of their list; so
    are damaged flags of a dtype, by which NumPy frees numbers as if they were objects.
    """

    dispatch: ClassVar = {**pickle._Unpickler.dispatch}

    def load_build(self):
        made, state = self.stack[-2:]
        if isinstance(made, np.ndarray) and isinstance(state[-1], list) and math.prod(state[1]) != len(state[-1]):
            raise pickle.UnpicklingError(f"{state!r} is no state of an array")
        if isinstance(made, np.dtype) and state[7:8] != (made.flags,):
            raise pickle.UnpicklingError(f"{state!r} is no state of {made}")
        super().load_build()

    dispatch[pickle.BUILD[0]] = load_build


def load_pickle(data):
    """Load a pickle."""
    return Unpickler(io.BytesIO(data)).load()


def files(names):
    """Pickles and files of skops' of the stored estimators of those names."""
    found = []
    for name in names:
        estimator = stored.FITTED[name]()
        expected = stored.outputs(estimator)
        data = skops.io.dumps(estimator)
        load = partial(skops.io.loads, trusted=skops.io.get_untrusted_types(data=data))
        found.append(File(pickle.dumps(estimator), load_pickle, [damage], expected))
        found.append(File(data, load, [damage, recompressed], expected))
    return found


def check_file(load, data, outputs, expected):
    """Load a damaged file: an error, or what was saved; whether it was loaded."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            found = outputs(load(data))
        except Exception:  # the loader's, or ours
            return False
    np.testing.assert_array_equal(found, expected)
    return True
