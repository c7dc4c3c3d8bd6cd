"""Hostile inputs to every method, and hostile files to every loader."""

import hostile
import pytest
import stored
from hypothesis import given
from hypothesis import strategies as st

from skmlp import KerasMLPClassifier, KerasMLPRegressor


@pytest.fixture(scope="module", params=[KerasMLPClassifier, KerasMLPRegressor], ids=lambda kind: kind.__name__)
def fitted(request):
    mlp = request.param((3,), epochs=1, random_state=0, optimizer="sgd", learning_rate=1e-3)
    return mlp.fit(hostile.X, hostile.TARGETS[request.param])


@given(st.sampled_from(["fit", "partial_fit"]), hostile.SAMPLES, hostile.TARGET, hostile.WEIGHTS)
def test_fits(fitted, method, samples, target, weight):
    hostile.check_fit(fitted, method, samples, target, weight)


@given(st.sampled_from(["predict", "predict_proba", "predict_log_proba", "decision_function"]), hostile.SAMPLES)
def test_predictions(fitted, method, samples):
    hostile.check_prediction(fitted, method if hasattr(fitted, method) else "predict", samples)


@given(st.dictionaries(st.sampled_from(hostile.NAMES) | st.text(max_size=5), hostile.VALUES, min_size=1, max_size=3))
def test_parameters(fitted, parameters):
    hostile.check_parameters(fitted, parameters)


@given(st.dictionaries(st.sampled_from(hostile.NAMES) | st.text(max_size=5), hostile.VALUES, min_size=1, max_size=3))
def test_constructors(fitted, parameters):
    hostile.check_constructor(type(fitted), parameters)


@pytest.fixture(scope="module")
def files():
    return hostile.files([name for name in stored.FITTED if name != "by_keras"])


@given(st.data())
def test_files(files, data):
    file = data.draw(st.sampled_from(files))
    hostile.check_file(file.load, file.damaged(data.draw), stored.outputs, file.expected)
