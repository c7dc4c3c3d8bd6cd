"""A fit gives the same whatever the user has set in TensorFlow and Keras, for a thread or for the process."""

import subprocess
import sys
import threading
from contextlib import ExitStack, contextmanager
from pathlib import Path

import keras
import numpy as np
import pytest
import scipy.sparse
import tensorflow as tf

import skmlp
from skmlp import KerasMLPClassifier, KerasMLPRegressor
from skmlp._apart import apart

RNG = np.random.default_rng(0)
Y = np.arange(64) % 3
X = RNG.normal(size=(64, 6)) + 2 * np.eye(3, 6)[Y]
SPARSE = scipy.sparse.csr_array(np.where(RNG.random((64, 40)) < 0.05, 1.0, 0.0))
# Plain gradient descent: Adam makes whole steps of roundings where a gradient is nearly 0.
SETTINGS = {
    "epochs": 2,
    "random_state": 0,
    "early_stopping": True,
    "validation_fraction": 0.25,
    "optimizer": "sgd",
    "learning_rate": 0.1,
}


def classifier(batch_size):
    return KerasMLPClassifier(
        (5, 4),
        dropout=0.3,
        normalization="batch",
        l1=1e-3,
        l2=1e-3,
        label_smoothing=0.1,
        clipnorm=1.0,
        metrics=["kl_divergence", "categorical_accuracy"],
        batch_size=batch_size,
        **SETTINGS,
    )


FITS = {
    "xla": lambda: (classifier(3).fit(X, Y), X),
    "plain graph": lambda: (classifier(16).fit(X, Y), X),
    "sparse": lambda: (KerasMLPRegressor((5,), loss="quantile", quantile=0.3, **SETTINGS).fit(SPARSE, Y), SPARSE),
}


def results(cold=True):
    """Fit, without any program of before if it is to be cold: what was learnt and recorded, and predictions."""
    if cold:
        skmlp.clear_cache()
    found, models = {}, {}
    for name, fit in FITS.items():
        estimator, samples = fit()
        found[name] = [*estimator._fitted.state.weights, *map(np.asarray, estimator.history_.values())]
        found[name].append(getattr(estimator, "predict_proba", estimator.predict)(samples))
        models[name] = estimator.model_
    return found, models


def predictions(models):
    """Of ``model_``, which is the user's own, and used as they have set Keras."""
    samples = {"sparse": SPARSE.toarray()}
    return {name: [np.asarray(model(samples.get(name, X).astype("float32")))] for name, model in models.items()}


@pytest.fixture(scope="module")
def expected():
    found, models = results()
    return found, predictions(models)


def assert_same(found, expected):
    for name, arrays in expected.items():
        for ours, theirs in zip(found[name], arrays, strict=True):
            np.testing.assert_array_equal(ours, theirs, strict=True, err_msg=name)


@contextmanager
def switched(on, off):
    on()
    try:
        yield
    finally:
        off()


def setting(setter, value, before):
    return lambda: switched(lambda: setter(value), lambda: setter(before))


SWITCHES = {
    "run_functions_eagerly": [setting(tf.config.run_functions_eagerly, True, False)],
    "check_numerics": [lambda: switched(tf.debugging.enable_check_numerics, tf.debugging.disable_check_numerics)],
    "Graph": [lambda: tf.Graph().as_default()],
    "GradientTape": [lambda: tf.GradientTape(persistent=True)],
    "init_scope": [tf.init_scope],
    "StatelessScope": [keras.StatelessScope],
    "devices": [
        lambda: tf.device("GPU:7"),
        setting(tf.config.optimizer.set_jit, True, False),
        setting(tf.config.set_soft_device_placement, False, True),
        setting(tf.config.experimental.enable_tensor_float_32_execution, False, True),
    ],
    "types": [
        setting(keras.config.set_dtype_policy, "mixed_float16", "float32"),
        setting(keras.config.set_floatx, "float64", "float32"),
        setting(keras.config.set_image_data_format, "channels_first", "channels_last"),
        lambda: tf.name_scope("mine"),
    ],
}


def everything(switch):
    stack = ExitStack()
    for each in SWITCHES[switch]:
        stack.enter_context(each())
    return stack


@pytest.mark.parametrize("switch", SWITCHES)
def test_what_a_user_has_set_does_not_change_a_fit(switch, expected):
    with everything(switch):
        found, models = results()
    assert_same(found, expected[0])
    assert_same(predictions(models), expected[1])


@pytest.mark.parametrize("switch", ["run_functions_eagerly", "check_numerics"])
def test_programs_built_under_a_switch_are_good_after_it(switch, expected):
    with everything(switch):
        results()
    fitted, samples = FITS["xla"]()
    np.testing.assert_array_equal(fitted.predict_proba(samples), expected[0]["xla"][-1])


def test_a_graph_of_the_users_own_gets_nothing(line):
    with tf.Graph().as_default() as graph:
        KerasMLPRegressor((3,), epochs=1).fit(*line).predict(line[0])
    assert graph.get_operations() == []


def test_the_epsilon_of_keras_counts_for_programs_built_before_too(blobs):
    X, y = blobs
    make = KerasMLPClassifier((4,), loss="kl_divergence", epochs=3, random_state=0)

    def fit():
        fitted = make.fit(X, y, X_val=X, y_val=y)
        return [*fitted.history_["loss"], *fitted.history_["val_loss"]]

    before = fit()
    with setting(keras.config.set_epsilon, 0.1, 1e-7)():
        changed = fit()
        # Keras' divergence clips probabilities at its epsilon.
        theirs = keras.ops.mean(keras.losses.kl_divergence(np.eye(3)[y], make.predict_proba(X)))
        assert changed[-1] == pytest.approx(float(theirs), rel=1e-5)
    assert changed != before
    assert fit() == before


# What cannot be undone is set in a process of its own.
PROCESS = """
import sys
sys.path.insert(0, {tests!r})
import numpy as np
import tensorflow as tf
import test_apart
import skmlp
before, _ = test_apart.results()
{switch}
traces = skmlp.cache_info().traces
after, models = test_apart.results(cold=False)  # what was built before is not used, though it is there
assert skmlp.cache_info().traces == traces + 3
for name in before:
    for ours, theirs in zip(after[name], before[name], strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol={tolerance})
test_apart.predictions(models)
"""


@pytest.mark.parametrize(
    ("switch", "tolerance"),
    [
        # Everything is cast once more, which leaves TensorFlow's optimization of a plain graph other sums.
        ("tf.experimental.numpy.experimental_enable_numpy_behavior()", 1e-6),
        # TensorFlow writes cross-entropy as other operations.
        ("tf.config.experimental.enable_op_determinism()", 1e-3),
    ],
    ids=["numpy_behavior", "op_determinism"],
)
@pytest.mark.newest
def test_what_changes_operations_changes_roundings_at_most(switch, tolerance):
    code = PROCESS.format(tests=str(Path(__file__).parent), switch=switch, tolerance=tolerance)
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr[-3000:]


def test_it_returns_what_is_returned_and_raises_what_is_raised():
    assert apart(divmod, 7, 2) == (3, 1)
    assert apart(threading.get_ident) != threading.get_ident()
    with pytest.raises(ZeroDivisionError):
        apart(divmod, 1, 0)
