"""What onnxruntime computes of a converted estimator is what the estimator predicts."""

import doctest
import subprocess
import sys

import numpy as np
import onnxruntime
import pandas as pd
import pytest
import skl2onnx
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.sparse import csr_matrix
from sklearn.compose import make_column_transformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import skmlp.onnx
from skmlp import KerasMLPClassifier, KerasMLPRegressor
from skmlp._network import known_activations
from skmlp.onnx import to_onnx

TOLERANCE = {"float32": 2e-6, "float64": 1e-13}


def small(estimator, **parameters):
    return estimator((5,), **{"epochs": 2, "random_state": 0, **parameters})


def run(model, X, feeds=None, **options):
    """The outputs of a converted model, by name."""
    session = onnxruntime.InferenceSession(to_onnx(model, X, **options).SerializeToString())
    names = [output.name for output in session.get_outputs()]
    feeds = {session.get_inputs()[0].name: X} if feeds is None else feeds
    return dict(zip(names, session.run(None, feeds), strict=True))


def assert_same(model, X, dtype="float32", feeds=None):
    found = run(model, X, feeds)
    expected = model.predict(X)
    assert found["label"].shape == expected.shape
    assert np.array_equal(found["label"], expected)
    probabilities = model.predict_proba(X)
    if not isinstance(probabilities, list):
        found["probabilities"], probabilities = [found["probabilities"]], [probabilities]
    assert len(found["probabilities"]) == len(probabilities)
    for ours, theirs in zip(probabilities, found["probabilities"], strict=True):
        assert np.allclose(ours, theirs, rtol=0, atol=TOLERANCE[dtype])


@pytest.fixture(name="X")
def samples(rng):
    return 3 * rng.normal(size=(40, 4))


THREE = np.arange(40) % 3
TWO = THREE > 0
TARGETS = {
    "integers": THREE,
    "strings": np.array(["no", "maybe", "yes"])[THREE],
    "objects": np.array(["no", "maybe", "yes"], dtype=object)[THREE],
    "floats": np.array([-1.0, 1.0, 2.0])[THREE],
    "two integers": TWO + 3,
    "two strings": np.array(["ham", "spam"])[TWO.astype(int)],
    "truths": TWO,
    "two floats": np.array([0.0, 1.0])[TWO.astype(int)],
    "labels": np.column_stack([TWO, THREE == 0, THREE == 2]).astype(int),
    "outputs": np.column_stack([THREE, THREE[::-1] + 5]),
    "outputs of strings": np.array(["a", "b", "c", "dd"])[np.column_stack([THREE, THREE[::-1] + 1])],
}


@pytest.mark.parametrize("n_members", [1, 3])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("target", TARGETS)
def test_labels_and_probabilities_of_every_target_are_the_same(X, target, dtype, n_members):
    model = small(KerasMLPClassifier, dtype=dtype, n_members=n_members).fit(X, TARGETS[target])
    assert_same(model, X, dtype)
    assert run(model, X)["label"].dtype == (object if "str" in target or "obj" in target else model.predict(X).dtype)


def test_one_hot_rows_are_predicted_as_such(X):
    assert_same(small(KerasMLPClassifier, output_activation="softmax").fit(X, np.eye(3)[THREE]), X)


@pytest.mark.parametrize("samples", ["float32", "float64"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_numbers_are_double_where_samples_or_the_network_are(X, samples, dtype):
    X = X.astype(samples)
    for target in (TWO, THREE):
        model = small(KerasMLPClassifier, dtype=dtype).fit(X, target)
        assert run(model, X)["probabilities"].dtype == model.predict_proba(X).dtype
    regressor = small(KerasMLPRegressor, dtype=dtype).fit(X, X[:, 0])
    assert run(regressor, X)["variable"].dtype == regressor.predict(X).dtype


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("activation", known_activations())
def test_every_activation_of_keras_is_the_same(X, activation, dtype):
    assert_same(small(KerasMLPClassifier, activation=activation, dtype=dtype).fit(X, THREE), X, dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("normalization", ["batch", "layer"])
@pytest.mark.parametrize("n_members", [1, 2])
def test_normalizations_are_the_same(X, normalization, dtype, n_members):
    sizes = {"normalization": normalization, "dtype": dtype, "n_members": n_members, "learning_rate": 0.1}
    assert_same(small(KerasMLPClassifier, activation="tanh", **sizes).fit(X, THREE), X, dtype)


@pytest.mark.parametrize("target", [TWO, THREE, TARGETS["labels"]], ids=["two", "three", "labels"])
@pytest.mark.parametrize("n_members", [1, 2])
def test_linear_outputs_are_scores(X, target, n_members):
    given = {"loss": "mean_squared_error", "output_activation": "linear", "n_members": n_members}
    model = small(KerasMLPClassifier, **given).fit(X, target)
    found = run(model, X)
    assert np.array_equal(found["label"], model.predict(X))
    assert np.allclose(found["scores"], model.decision_function(X), rtol=0, atol=2e-6)


@pytest.mark.parametrize("clip", [False, True])
@pytest.mark.parametrize("scaling", [None, "standard"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_numbers_are_in_the_units_and_the_limits_of_the_target(X, scaling, clip, dtype):
    parameters = {"target_scaling": scaling, "clip_predictions": clip, "dtype": dtype, "n_members": 2}
    for y in (X[:, 0], 100 + 7 * X[:, :2]):
        y = y / np.abs(y).max()  # noqa: PLW2901  (numbers that a short fit reaches)
        model = small(KerasMLPRegressor, **parameters, epochs=20, learning_rate=0.1).fit(X, y)
        expected = model.predict(10 * X)
        found = run(model, 10 * X)["variable"].reshape(expected.shape)
        tolerance = 10 * TOLERANCE[dtype]
        assert np.allclose(found, expected, rtol=tolerance, atol=tolerance)
        outside = (found < y.min(axis=0) - tolerance) | (found > y.max(axis=0) + tolerance)
        assert outside.any() != clip


@pytest.mark.parametrize("output", ["sigmoid", "softplus", "exponential", "relu", "tanh"])
def test_output_activations_of_a_regressor_are_the_same(X, output):
    model = small(KerasMLPRegressor, output_activation=output).fit(X / 10, np.linspace(0, 1, 40))
    assert np.allclose(run(model, X / 10)["variable"].ravel(), model.predict(X / 10), rtol=0, atol=2e-6)


def test_a_pipeline_of_scaled_numbers_and_encoded_categories_is_one_file(X):
    frame = pd.DataFrame({"a": X[:, 0], "b": X[:, 1], "colour": np.array(["red", "green", "blue"])[THREE]})
    columns = make_column_transformer((StandardScaler(), ["a", "b"]), (OneHotEncoder(), ["colour"]))
    pipeline = make_pipeline(columns, small(KerasMLPClassifier)).fit(frame, TARGETS["strings"])
    feeds = {name: frame[[name]].to_numpy() for name in frame}
    assert_same(pipeline, frame, feeds=feeds)


def test_a_frame_of_numbers_has_an_input_for_each_column(X):
    frame = pd.DataFrame(X, columns=list("abcd"))
    model = small(KerasMLPClassifier).fit(frame, THREE)
    assert_same(model, frame, feeds={name: frame[[name]].to_numpy() for name in frame})


def test_a_pipeline_of_texts_is_one_file():
    texts = ["good film", "bad film", "a good good plot", "bad acting and bad plot"] * 5
    # skl2onnx's node for lower case asks for a locale that the machine may not have
    pipeline = make_pipeline(TfidfVectorizer(lowercase=False), small(KerasMLPClassifier)).fit(
        texts, ["up", "down"] * 10
    )
    assert_same(pipeline, texts, feeds={"X": np.array(texts)[:, None]})


@pytest.mark.parametrize("key", [id, type, str])
def test_texts_are_made_lower_case_in_a_locale_that_the_machine_has(key):
    texts = ["Good FILM", "bad film", "a GOOD good plot", "Bad acting and bad plot"] * 5
    vectorizer = TfidfVectorizer()
    pipeline = make_pipeline(vectorizer, small(KerasMLPClassifier)).fit(texts, ["up", "down"] * 10)
    named = {"tfidfvectorizer__locale": "C.UTF-8"}
    options = named if key is str else {key(vectorizer): {"locale": "C.UTF-8"}}
    found = run(pipeline, texts, {"X": np.array(texts)[:, None]}, options=options)
    assert np.array_equal(found["label"], pipeline.predict(texts))
    assert np.allclose(found["probabilities"], pipeline.predict_proba(texts), rtol=0, atol=2e-6)


def test_sparse_samples_tell_the_inputs_as_dense_ones_do(X):
    sparse = csr_matrix(np.where(X > 3, X, 0))
    model = small(KerasMLPClassifier).fit(sparse, THREE)
    assert_same(model, sparse, feeds={"X": sparse.toarray()})


def test_a_search_is_converted_as_its_best_estimator(X):
    pipeline = make_pipeline(StandardScaler(), small(KerasMLPClassifier))
    search = GridSearchCV(pipeline, {"kerasmlpclassifier__learning_rate": [0.01]}, cv=2).fit(X, THREE)
    assert_same(search, X)


@pytest.mark.parametrize("target", ["integers", "strings", "truths", "floats"])
def test_zipmap_makes_dictionaries_or_columns_of_probabilities(X, target):
    X = X.astype("float32")
    pipeline = make_pipeline(StandardScaler(), small(KerasMLPClassifier)).fit(X, TARGETS[target])
    found = run(pipeline, X, options={"zipmap": True})
    assert np.array_equal(found["output_label"], pipeline.predict(X))
    rows = [[row[label] for label in pipeline.classes_.tolist()] for row in found["output_probability"]]
    assert np.allclose(rows, pipeline.predict_proba(X), rtol=0, atol=2e-6)
    columns = [*run(pipeline, X, options={"zipmap": "columns"}).values()][1:]
    assert np.allclose(np.column_stack(columns), pipeline.predict_proba(X), rtol=0, atol=2e-6)


def test_skl2onnx_itself_knows_registered_estimators(X):
    skmlp.onnx.register()
    model = small(KerasMLPClassifier).fit(X, THREE)
    theirs = skl2onnx.to_onnx(model, X, options={"zipmap": False}, name="same")
    assert theirs.SerializeToString() == to_onnx(model, X, name="same").SerializeToString()


@pytest.mark.parametrize("opset", [13, 17, 21])
def test_older_operators_compute_the_same(X, opset):
    model = small(KerasMLPClassifier, normalization="batch", activation="sparsemax").fit(X, THREE)
    assert np.array_equal(run(model, X, target_opset=opset)["label"], model.predict(X))


def test_a_function_of_the_users_own_is_named(X):
    def own(x):
        return x * x

    model = small(KerasMLPClassifier, activation=own).fit(X, THREE)
    with pytest.raises(ValueError, match=r"activation=<function .*own.*cannot be written as nodes of ONNX: take one"):
        to_onnx(model, X)


def test_other_samples_than_those_of_the_fit_are_refused(X):
    with pytest.raises(ValueError, match="have 3 columns, but KerasMLPClassifier was fitted on 4 features"):
        to_onnx(small(KerasMLPClassifier).fit(X, THREE), X[:, :3])


@settings(max_examples=30, deadline=None)
@given(arrays.arrays("float32", (7, 4), elements=st.floats(-1e3, 1e3, width=32)))
def test_any_samples_have_the_same_probabilities(samples):
    assert np.allclose(SESSION(samples), MODEL().predict_proba(samples), rtol=1e-4, atol=1e-5)


def MODEL():  # noqa: N802  (made once, by the first example)
    if "model" not in _MADE:
        X = np.random.default_rng(0).normal(size=(40, 4)).astype("float32")
        _MADE["model"] = small(KerasMLPClassifier, activation="selu", n_members=2).fit(X, THREE)
        _MADE["session"] = onnxruntime.InferenceSession(to_onnx(_MADE["model"], X).SerializeToString())
    return _MADE["model"]


def SESSION(samples):  # noqa: N802  (the same)
    MODEL()
    return _MADE["session"].run(["probabilities"], {"X": samples})[0]


_MADE = {}


def test_what_writes_a_network_is_imported_without_tensorflow():
    code = "import sys, skmlp.onnx, skmlp._onnx.converters\nprint(sorted({'keras', 'tensorflow'} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_without_skl2onnx_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "skl2onnx", None)
    with pytest.raises(ImportError, match=r"pip install 'skmlp\[onnx\]'"):
        skmlp.onnx.register()


def test_examples_run():
    assert doctest.testmod(skmlp.onnx).failed == 0
