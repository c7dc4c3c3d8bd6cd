"""Hostile inputs to every method, and hostile files to every loader."""

from collections import Counter

import hostile
import pytest
import stored
from hypothesis import given
from hypothesis import strategies as st

from skmlp import KerasMLPClassifier, KerasMLPRegressor


@pytest.fixture(scope="module", autouse=True)
def tried():
    """How many were tried of what, and whether they went well or were refused: hypothesis may try less than it may."""
    counts = Counter()
    yield counts
    for what in sorted({what for what, _ in counts}):
        print(
            f"\n{what}: {counts[what, True] + counts[what, False]:,}, of which {counts[what, False]:,} refused", end=""
        )


@pytest.fixture(scope="module", params=[KerasMLPClassifier, KerasMLPRegressor], ids=lambda kind: kind.__name__)
def fitted(request):
    mlp = request.param((3,), epochs=1, random_state=0, optimizer="sgd", learning_rate=1e-3)
    return mlp.fit(hostile.X, hostile.TARGETS[request.param])


@given(st.sampled_from(["fit", "partial_fit"]), hostile.SAMPLES, hostile.TARGET, hostile.WEIGHTS)
def test_fits(fitted, tried, method, samples, target, weight):
    tried["fits", hostile.check_fit(fitted, method, samples, target, weight)] += 1


@given(st.sampled_from(["predict", "predict_proba", "predict_log_proba", "decision_function"]), hostile.SAMPLES)
def test_predictions(fitted, tried, method, samples):
    tried[
        "predictions", hostile.check_prediction(fitted, method if hasattr(fitted, method) else "predict", samples)
    ] += 1


@given(st.dictionaries(st.sampled_from(hostile.NAMES) | st.text(max_size=5), hostile.VALUES, min_size=1, max_size=3))
def test_parameters(fitted, tried, parameters):
    tried["parameters", hostile.check_parameters(fitted, parameters)] += 1


@given(st.dictionaries(st.sampled_from(hostile.NAMES) | st.text(max_size=5), hostile.VALUES, min_size=1, max_size=3))
def test_constructors(fitted, tried, parameters):
    tried["constructors", hostile.check_constructor(type(fitted), parameters)] += 1


@pytest.fixture(scope="module")
def files():
    return hostile.files([name for name in stored.FITTED if name != "by_keras"])


@given(st.data())
def test_files(files, tried, data):
    file = data.draw(st.sampled_from(files))
    tried["files", hostile.check_file(file.load, file.damaged(data.draw), stored.outputs, file.expected)] += 1
