"""What onnxruntime computes of an estimator for tables is what the estimator predicts."""

import numpy as np
import onnxruntime
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.special import ndtri
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import make_column_transformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import QuantileTransformer, RobustScaler, StandardScaler

from skmlp import TabularMLPClassifier, TabularMLPRegressor
from skmlp._onnx.tables import _LIMITS, _POLYNOMIAL
from skmlp.onnx import to_onnx

N = 60
TOLERANCE = {"float32": 5e-6, "float64": 1e-11}
rng = np.random.default_rng(0)
THREE = np.arange(N) % 3
TARGETS = {
    "two": THREE > 0,
    "three": np.array(["no", "maybe", "yes"])[THREE],
    "labels": np.column_stack([THREE > 0, THREE == 0]).astype(int),
    "outputs": np.column_stack([THREE, THREE[::-1] + 5]),
}
FRAME = pd.DataFrame(
    {
        "number": np.where(np.arange(N) % 7 == 0, np.nan, rng.normal(50, 20, N)),
        "whole": rng.integers(0, 9, N),
        "gap": np.where(np.arange(N) % 5 == 0, np.nan, rng.exponential(size=N)),
        "two": rng.integers(0, 2, N) == 0,
        "one": np.ones(N),
        "few": np.array(["a", "b", None], dtype=object)[rng.integers(0, 3, N)],
        "many": np.array([f"city {i}" for i in range(15)] + [None], dtype=object)[rng.integers(0, 16, N)],
        "code": pd.Categorical(rng.integers(100, 120, N)),
    }
)


def small(estimator, **parameters):
    given = {"hidden_layer_sizes": (6, 5), "epochs": 3, "n_members": 2, "random_state": 0, "max_one_hot": 4}
    return estimator(**{**given, **parameters})


def feeds_of(frame):
    """What a caller without Python gives: a column of each dtype, NaN or "" where it is missing."""
    feeds = {}
    for name, column in frame.items():
        if name in ("few", "many"):
            feeds[name] = column.fillna("").to_numpy()[:, None]
        elif name == "code":
            feeds[name] = column.astype(float).to_numpy()[:, None]
        else:
            feeds[name] = column.to_numpy()[:, None]
    return feeds


def run(model, X, feeds=None, **options):
    session = onnxruntime.InferenceSession(to_onnx(model, X, **options).SerializeToString())
    names = [output.name for output in session.get_outputs()]
    feeds = {session.get_inputs()[0].name: X} if feeds is None else feeds
    return dict(zip(names, session.run(None, feeds), strict=True))


def unseen():
    """Rows with gaps, with categories that no row of the fit had, and beyond the range of the numbers."""
    frame = FRAME.iloc[:12].copy()
    frame.loc[0, ["few", "many"]] = ["new", "nowhere"]
    frame.loc[1, ["few", "many"]] = [None, None]
    frame.loc[2, "number"] = 1e4
    frame.loc[3, "number"] = -1e4
    frame.loc[4, ["number", "gap", "one"]] = np.nan
    frame["code"] = frame["code"].cat.add_categories([7]).where(frame.index != 5, 7).where(frame.index != 6)
    return frame


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("target", TARGETS)
def test_labels_and_probabilities_of_every_target_are_the_same(target, dtype):
    model = small(TabularMLPClassifier, dtype=dtype).fit(FRAME, TARGETS[target])
    for frame in (FRAME, unseen()):
        found = run(model, frame, feeds_of(frame))
        assert np.array_equal(found["label"], model.predict(frame))
        ours, theirs = model.predict_proba(frame), found["probabilities"]
        for mine, other in zip(*((each if isinstance(each, list) else [each]) for each in (ours, theirs)), strict=True):
            assert other.dtype == mine.dtype
            assert np.allclose(mine, other, rtol=0, atol=TOLERANCE[dtype])


OPTIONS = [
    {"numeric_embedding": None},
    {"numeric_scaling": "standard"},
    {"numeric_scaling": None, "numeric_embedding": None},
    {"input_scale": False, "parametric_activation": False},
    {"n_members": 1, "max_one_hot": 0},
    {"n_members": 1, "early_stopping": None, "max_one_hot": 50},
    {"activation": "mish", "n_frequencies": 3, "periodic_dim": 2},
    {"activation": ["selu", "tanh"], "frequency_scale": 3.0},
    {"categorical_features": ["few", "many", "code", "whole", "two"]},
    {"hidden_layer_sizes": ()},
    {"numeric_scaling": RobustScaler()},
    {"numeric_scaling": QuantileTransformer(n_quantiles=20), "numeric_embedding": None},
    {"numeric_scaling": StandardScaler(with_mean=False)},
    {"numeric_scaling": StandardScaler(with_std=False), "numeric_embedding": None},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_numbers_are_the_same_with_every_option(options):
    y = FRAME["whole"] + FRAME["two"]
    model = small(TabularMLPRegressor, dtype="float64", **options).fit(FRAME, y)
    for frame in (FRAME, unseen()):
        found = run(model, frame, feeds_of(frame))["variable"]
        assert np.allclose(found.ravel(), model.predict(frame), rtol=1e-10, atol=1e-10)


def test_several_numbers_are_the_same():
    Y = rng.normal(size=(N, 2)) * [1, 100] + [0, 1000]
    model = small(TabularMLPRegressor).fit(FRAME, Y)
    assert np.allclose(run(model, FRAME, feeds_of(FRAME))["variable"], model.predict(FRAME), rtol=1e-5)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_an_array_is_one_input(dtype):
    X = rng.normal(size=(N, 5)).astype(dtype)
    X[::6, 1] = np.nan
    X[:, 4] = THREE
    model = small(TabularMLPClassifier, categorical_features=[4]).fit(X, TARGETS["three"])
    found = run(model, X)
    assert np.array_equal(found["label"], model.predict(X))
    assert found["probabilities"].dtype == model.predict_proba(X).dtype
    assert np.allclose(found["probabilities"], model.predict_proba(X), rtol=0, atol=5e-6)


def test_a_polars_frame_has_the_inputs_of_one_of_pandas():
    frame = pl.DataFrame({name: FRAME[name].tolist() for name in ("number", "whole", "two", "few")})
    model = small(TabularMLPClassifier).fit(frame, THREE)
    feeds = feeds_of(FRAME[frame.columns])
    assert np.allclose(run(model, frame, feeds)["probabilities"], model.predict_proba(frame), rtol=0, atol=5e-6)


def test_a_column_that_may_have_gaps_is_one_of_double_precision():
    frame = pd.DataFrame({"a": pd.array([1, 2, None, 4] * 10, dtype="Int64"), "b": [1.0, 3, 4, 8] * 10})
    model = small(TabularMLPRegressor).fit(frame, frame["b"])
    feeds = {name: frame[name].to_numpy(dtype=float, na_value=np.nan)[:, None] for name in frame}
    assert np.allclose(run(model, frame, feeds)["variable"].ravel(), model.predict(frame), rtol=1e-5, atol=1e-5)


def test_a_pipeline_with_one_is_one_file():
    columns = make_column_transformer((StandardScaler(), ["number", "whole"]), ("passthrough", ["one"]))
    pipeline = make_pipeline(columns, small(TabularMLPClassifier)).fit(FRAME, THREE)
    feeds = feeds_of(FRAME[["number", "whole", "one"]])
    found = run(pipeline, FRAME[["number", "whole", "one"]], feeds)
    assert np.allclose(found["probabilities"], pipeline.predict_proba(FRAME), rtol=0, atol=1e-4)


def test_equal_quantiles_have_the_rank_between_them():
    column = np.repeat([0.0, 1.0, 1.0, 1.0, 2.5, 7.0], 10)
    X = np.column_stack([column, column**2])
    for output in ("normal", "uniform"):
        scaling = QuantileTransformer(n_quantiles=10, output_distribution=output)
        model = small(TabularMLPRegressor, numeric_scaling=scaling, dtype="float64").fit(X, column)
        new = np.linspace(-1, 8, 37)[:, None] * [1.0, 1.0]
        assert np.allclose(run(model, new)["variable"].ravel(), model.predict(new), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("output", ["normal", "uniform"])
def test_one_quantile_is_what_scikit_learn_makes_of_it(output):
    X = np.array([[0.0, 5.0], [1.0, 5.5], [2.0, 6.0], [4.0, 9.0]] * 4)
    scaling = QuantileTransformer(n_quantiles=1, output_distribution=output)
    model = small(TabularMLPRegressor, numeric_scaling=scaling, dtype="float64").fit(X, X[:, 0])
    new = np.array([[-1.0, 4.0], [0.0, 5.0], [1e-8, 5.0 + 1e-8], [0.5, 5.2], [4.0, 9.0], [7.0, 20.0]])
    assert np.allclose(run(model, new)["variable"].ravel(), model.predict(new), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("n_rows", [2, 3, 4])
def test_a_tiny_table_is_written(n_rows):
    X = np.column_stack([np.arange(n_rows), np.arange(n_rows) % 2]).astype(float)
    model = small(TabularMLPRegressor, early_stopping=None, dtype="float64").fit(X, X[:, 0])
    new = np.vstack([X, X - 0.3, X + 9])
    assert np.allclose(run(model, new)["variable"].ravel(), model.predict(new), rtol=1e-9, atol=1e-9)


def test_normal_numbers_are_right_to_all_digits():
    ranks = np.geomspace(1e-7, 0.5, 1001)
    z = (2 * np.sqrt(-2 * np.log(ranks)) - sum(_LIMITS)) / (_LIMITS[1] - _LIMITS[0])
    assert np.allclose(np.polynomial.chebyshev.chebval(z, _POLYNOMIAL), ndtri(ranks), rtol=0, atol=1e-12)


@settings(max_examples=30, deadline=None)
@given(arrays.arrays("float64", (7, 3), elements=st.floats(-1e6, 1e6) | st.just(np.nan)))
def test_any_numbers_have_the_same_probabilities(samples):
    if "model" not in MADE:
        X = rng.normal(size=(N, 3))
        X[::7] = np.nan
        MADE["model"] = small(TabularMLPClassifier).fit(X, THREE)
        MADE["session"] = onnxruntime.InferenceSession(to_onnx(MADE["model"], X).SerializeToString())
    found = MADE["session"].run(["probabilities"], {"X": samples})[0]
    assert np.allclose(found, MADE["model"].predict_proba(samples), rtol=1e-4, atol=1e-5)


MADE = {}


class Halved(TransformerMixin, BaseEstimator):
    """A transformer that skl2onnx does not know."""

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return X / 2


def test_what_onnx_has_nothing_for_is_named():
    numbers = FRAME[["number", "gap"]]
    with pytest.raises(ValueError, match=r"numeric_scaling=Halved\(\) cannot be written .*register a converter"):
        to_onnx(small(TabularMLPRegressor, numeric_scaling=Halved()).fit(numbers, THREE), numbers)
    frame = pd.DataFrame({"a": ["", None, "b", "c"] * 5})
    with pytest.raises(ValueError, match=r'The column a has the category "", and a missing one'):
        to_onnx(small(TabularMLPRegressor).fit(frame, np.arange(20)), frame)
    days = pd.DataFrame({"day": pd.Categorical(pd.to_datetime(["2026-01-01", "2026-01-02"] * 5))})
    model = small(TabularMLPRegressor).fit(days, np.arange(10))
    with pytest.raises(ValueError, match="The column day has categories that are dates or times"):
        to_onnx(model, days)


def test_other_dtypes_than_those_of_the_fit_are_refused():
    frame = FRAME[["number", "few"]]
    model = small(TabularMLPClassifier).fit(frame, THREE)
    with pytest.raises(ValueError, match="The column number is one of numbers, but comes as strings"):
        to_onnx(model, frame.assign(number="1"))
    with pytest.raises(ValueError, match="The column few has categories that are strings, but comes as numbers"):
        to_onnx(model, frame.assign(few=1.0))
