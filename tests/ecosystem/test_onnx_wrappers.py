"""What onnxruntime computes of a wrapper is what the wrapper predicts."""

import keras
import numpy as np
import onnxruntime
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmlp.onnx import to_onnx
from skmlp.wrappers import KerasClassifier, KerasRegressor

X = 3 * np.random.default_rng(0).normal(size=(40, 4)).astype("float32") + 1
THREE = np.arange(40) % 3
NAMES = np.array(["no", "maybe", "yes"])
L = keras.layers


def layered(meta, layers=(), units=3, end="softmax"):
    return keras.Sequential([keras.Input((meta["n_features_in_"],)), *(make() for make in layers), L.Dense(units, end)])


def branched(meta):
    inputs = keras.Input((meta["n_features_in_"],))
    left, right = L.Dense(5, "tanh")(inputs), L.Dense(5, use_bias=False)(inputs)
    parts = [L.Add()([left, right]), L.Multiply()([left, right]), L.Average()([left, right]), inputs]
    return keras.Model(inputs, L.Dense(1)(L.Concatenate()(parts)))


def run(model, **options):
    session = onnxruntime.InferenceSession(to_onnx(model, X, **options).SerializeToString())
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, {session.get_inputs()[0].name: X}), strict=True))


def fitted(model, y, **parameters):
    estimator = KerasClassifier if parameters.pop("classifier", True) else KerasRegressor
    return estimator(model, **{"epochs": 2, "random_state": 0, "verbose": 0, **parameters}).fit(X, y)


def assert_same(model):
    found = run(model)
    assert np.array_equal(found["label"], model.predict(X))
    assert np.allclose(found["probabilities"], model.predict_proba(X), rtol=0, atol=2e-6)


STACKS = {
    "none": [],
    "dropped": [lambda: L.Dense(6, "relu"), lambda: L.Dropout(0.5), lambda: L.GaussianNoise(0.1), L.Flatten],
    "normalized": [lambda: L.Rescaling(0.5, 1.0), L.BatchNormalization, lambda: L.Dense(6), L.LayerNormalization],
    "unscaled": [lambda: L.BatchNormalization(scale=False), lambda: L.LayerNormalization(center=False), L.ReLU],
    "adapted": [lambda: L.Normalization(mean=[1.0, 2.0, 3.0, 4.0], variance=[4.0, 1.0, 9.0, 2.0])],
    "activated": [lambda: L.Activation("gelu"), lambda: L.ReLU(negative_slope=0.1), lambda: L.Dense(4), L.Softmax],
}


@pytest.mark.parametrize("stack", STACKS)
def test_labels_and_probabilities_of_layers_are_the_same(stack):
    given = {"model__layers": STACKS[stack], "loss": "sparse_categorical_crossentropy"}
    assert_same(fitted(layered, NAMES[THREE], **given))


@pytest.mark.parametrize("loss", ["binary_crossentropy", "categorical_crossentropy", "kerass"])
def test_every_way_to_code_labels_is_the_same(loss):
    if loss == "binary_crossentropy":
        model = fitted(layered, NAMES[THREE % 2], loss=loss, model__units=1, model__end="sigmoid")
    elif loss == "categorical_crossentropy":
        model = fitted(layered, THREE + 5, loss=loss)
    else:
        model = fitted(layered, THREE, loss="sparse_categorical_crossentropy", engine="keras")
    assert_same(model)


def test_a_regressor_with_branches_in_a_pipeline_is_one_file():
    regressor = KerasRegressor(branched, loss="mse", epochs=2, random_state=0, verbose=0)
    pipeline = make_pipeline(StandardScaler(), regressor).fit(X, X[:, 0])
    assert np.allclose(run(pipeline)["variable"].ravel(), pipeline.predict(X), rtol=0, atol=5e-6)


def test_several_numbers_are_the_same():
    model = fitted(layered, X[:, :2], classifier=False, loss="mse", model__units=2, model__end="linear")
    assert np.allclose(run(model)["variable"], model.predict(X), rtol=0, atol=5e-6)


def test_zipmap_makes_dictionaries_of_probabilities():
    model = fitted(layered, THREE, loss="sparse_categorical_crossentropy")
    found = run(model, options={"zipmap": True})
    rows = [[row[label] for label in (0, 1, 2)] for row in found["output_probability"]]
    assert np.allclose(rows, model.predict_proba(X), rtol=0, atol=2e-6)


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([lambda: L.UnitNormalization(name="unit")], "nothing for its layer 'unit' of the class UnitNormalization"),
        ([lambda: L.ReLU(max_value=6.0, name="six")], "nothing for the limits of its layer 'six'"),
        ([lambda: L.Dense(3, lambda x: x * x, name="own")], "nothing for the activation .* of its layer 'own'"),
        ([lambda: L.Normalization(mean=0.0, variance=1.0, invert=True, name="back")], "'back' inverts"),
    ],
)
def test_what_is_not_written_is_named(layers, message):
    model = fitted(layered, THREE, loss="sparse_categorical_crossentropy", model__layers=layers)
    with pytest.raises(ValueError, match=rf"{message}.*format='onnx'"):
        to_onnx(model, X)


def test_other_models_and_targets_are_refused():
    def shared(meta):
        inputs, dense = keras.Input((4,)), L.Dense(4, name="twice")
        return keras.Model(inputs, L.Dense(3, "softmax")(dense(dense(inputs))))

    given = {"loss": "sparse_categorical_crossentropy"}
    with pytest.raises(ValueError, match="layer 'twice' is called more than once"):
        to_onnx(fitted(shared, THREE, **given), X)
    labels = np.column_stack([THREE > 0, THREE > 1]).astype(int)
    several = fitted(layered, labels, loss="binary_crossentropy", model__units=2, model__end="sigmoid")
    with pytest.raises(ValueError, match="of the type 'multilabel-indicator' with 2 dimensions"):
        to_onnx(several, X)
