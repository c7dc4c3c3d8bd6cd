"""A spec becomes the Keras layers that it says, from the weights that Keras' initializers draw."""

import keras
import numpy as np
import pytest
from sklearn.model_selection import cross_val_score

import skmlp
from skmlp import KerasMLPRegressor
from skmlp._network import build_network, initial_weights, known_activations, known_initializers
from skmlp._spec import NetworkSpec
from skmlp._weights import weight_names, weight_shapes


def spec(**changes):
    values = {
        "n_features": 4,
        "hidden_layer_sizes": (6, 5),
        "activation": ("relu", "tanh"),
        "normalization": None,
        "n_outputs": 2,
        "output_activation": "linear",
        "dtype": "float32",
    }
    return NetworkSpec(**{**values, **changes})


@pytest.mark.parametrize("normalization", [None, "batch", "layer"])
def test_weights_come_in_keras_order(normalization):
    network = spec(normalization=normalization)
    model = build_network(network)
    assert [weight.name for weight in model.weights] == weight_names(network)
    assert [tuple(weight.shape) for weight in model.weights] == weight_shapes(network)
    weights = initial_weights(network, "glorot_uniform", "ones", seed=0)
    assert [weight.shape for weight in weights] == [tuple(weight.shape) for weight in model.weights]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_layer_computes_in_the_networks_dtype(dtype):
    model = build_network(spec(normalization="batch", dtype=dtype))
    assert {weight.dtype for weight in model.weights} == {dtype}
    assert {layer.compute_dtype for layer in model.layers[1:]} == {dtype}


@pytest.mark.parametrize("activation", known_activations())
def test_every_activation_that_is_known_trains(activation, line):
    estimator = KerasMLPRegressor((3,), activation=activation, epochs=1, learning_rate=1e-4).fit(*line)
    assert estimator._fitted.plan.network.activation == (getattr(keras.activations, activation).__name__,)


def test_activations_follow_their_own_layer():
    model = build_network(spec(activation=("sigmoid", "elu")))
    names = [model.get_layer(f"activation_{layer}").activation.__name__ for layer in (0, 1)]
    assert names == ["sigmoid", "elu"]


@pytest.mark.parametrize("name", known_initializers())
def test_every_initializer_that_is_known_fills_a_kernel(name):
    initializer = known_initializers()[name]
    (kernel, _, *_) = initial_weights(spec(hidden_layer_sizes=(), activation=()), initializer, "zeros", seed=1)
    assert kernel.shape == (4, 2)
    assert np.isfinite(kernel).all()


def test_initial_weights_have_keras_distribution():
    network = spec(n_features=300, hidden_layer_sizes=(200, 300), dtype="float64")
    weights = initial_weights(network, "glorot_uniform", "zeros", seed=3)
    limits = [np.sqrt(6 / 500), np.sqrt(6 / 500)]
    for kernel, limit in zip(weights[:4:2], limits, strict=True):
        assert abs(kernel).max() == pytest.approx(limit, rel=1e-3)
        assert kernel.std() == pytest.approx(limit / np.sqrt(3), rel=0.02)
    assert not np.array_equal(weights[0], weights[2].T)
    assert (weights[1] == 0).all()


def test_seeds_decide_initial_weights():
    draws = [initial_weights(spec(), "he_normal", "random_normal", seed=seed) for seed in (1, 1, 2)]
    for first, same, other in zip(*draws, strict=True):
        np.testing.assert_array_equal(first, same)
        assert not np.array_equal(first, other)


def test_dropout_stands_where_it_is_made():
    made = []

    def dropout(name):
        made.append(name)
        return None if name == "dropout_0" else keras.layers.Dropout(0.5, seed=1, name=name)

    model = build_network(spec(), dropout=dropout)
    assert made == ["input_dropout", "dropout_0", "dropout_1"]
    names = [layer.name for layer in model.layers]
    assert names[1] == "input_dropout"
    assert names.index("dropout_1") == names.index("activation_1") + 1
    assert "dropout_0" not in names


def cubed(x):
    return x**3


def test_an_activation_of_ones_own(line):
    X, y = line
    estimator = KerasMLPRegressor((4, 3), activation=[cubed, "tanh"], epochs=2, dtype="float64").fit(X, y)
    hidden = np.tanh(
        (X @ estimator.coefs_[0] + estimator.intercepts_[0]) ** 3 @ estimator.coefs_[1] + estimator.intercepts_[1]
    )
    by_hand = hidden @ estimator.coefs_[2] + estimator.intercepts_[2]
    np.testing.assert_allclose(estimator.predict(X), by_hand[:, 0])
    assert KerasMLPRegressor((4,), activation=cubed, epochs=1).fit(X, y).coefs_[0].shape == (3, 4)


def test_an_activation_of_ones_own_compiles_once(line):
    make = KerasMLPRegressor((4,), activation=cubed, epochs=1)
    make.fit(*line)
    before = skmlp.cache_info().traces
    cross_val_score(make, *line, cv=3)
    assert skmlp.cache_info().traces == before


@pytest.mark.parametrize(
    "initializer",
    [
        keras.initializers.RandomUniform(0.0, 1.0),
        keras.initializers.Constant(0.25),
        keras.initializers.VarianceScaling(2.0, mode="fan_out"),
    ],
    ids=["uniform", "constant", "scaling"],
)
def test_initializers_as_objects_follow_the_seed(initializer):
    first, same, other = (initial_weights(spec(), initializer, initializer, seed=seed) for seed in (1, 1, 2))
    for position, (one, two) in enumerate(zip(first, same, strict=True)):
        np.testing.assert_array_equal(one, two)
        if not isinstance(initializer, keras.initializers.Constant):
            assert not np.array_equal(one, other[position])
    if isinstance(initializer, keras.initializers.RandomUniform):
        assert all(0 <= weight.min() < weight.max() < 1 for weight in first)


def test_an_initializer_of_ones_own():
    weights = initial_weights(spec(), lambda shape, dtype: np.full(shape, 0.5), "zeros", seed=0)
    assert all((kernel == 0.5).all() for kernel in weights[::2])
    with pytest.raises(ValueError, match=r"kernel_initializer=.* returned the shape"):
        initial_weights(spec(), lambda shape, dtype: np.zeros(3), "zeros", seed=0)
