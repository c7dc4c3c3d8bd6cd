"""A few hundred hostile inputs and files; `tox -e soak` tries many more."""

import hostile
import pytest
import stored
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skmlp import KerasMLPClassifier, KerasMLPRegressor

pytestmark = pytest.mark.newest

SUPPRESSED = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]
few = settings(max_examples=30, deadline=None, suppress_health_check=SUPPRESSED)


@pytest.fixture(scope="module", params=[KerasMLPClassifier, KerasMLPRegressor], ids=lambda kind: kind.__name__)
def fitted(request):
    mlp = request.param((3,), epochs=1, random_state=0, optimizer="sgd", learning_rate=1e-3)
    return mlp.fit(hostile.X, hostile.TARGETS[request.param])


@few
@given(st.sampled_from(["fit", "partial_fit"]), hostile.SAMPLES, hostile.TARGET, hostile.WEIGHTS)
def test_fits(fitted, method, samples, target, weight):
    hostile.check_fit(fitted, method, samples, target, weight)


@few
@given(st.sampled_from(["predict", "predict_proba", "decision_function"]), hostile.SAMPLES)
def test_predictions(fitted, method, samples):
    hostile.check_prediction(fitted, method if hasattr(fitted, method) else "predict", samples)


@few
@given(st.dictionaries(st.sampled_from(hostile.NAMES) | st.text(max_size=5), hostile.VALUES, min_size=1, max_size=2))
def test_parameters(fitted, parameters):
    hostile.check_parameters(fitted, parameters)


@few
@given(st.dictionaries(st.sampled_from(hostile.NAMES) | st.text(max_size=5), hostile.VALUES, min_size=1, max_size=2))
def test_constructors(fitted, parameters):
    hostile.check_constructor(type(fitted), parameters)


@pytest.fixture(scope="module")
def files():
    return hostile.files(("binary", "multiclass", "wrapper"))


@settings(few, max_examples=200)
@given(st.data())
def test_files(files, data):
    file = data.draw(st.sampled_from(files))
    hostile.check_file(file.load, file.damaged(data.draw), stored.outputs, file.expected)
