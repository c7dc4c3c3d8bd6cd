"""A user's own Keras model is trained as Keras trains it, step by step, whatever its layers are."""

import numpy as np
import pytest
from models import by_engine, by_keras, codes, functional, numbers, pictures, sequences

from skmlp import cache_info
from skmlp._keras import keras
from skmlp._model_parts import all_layers
from skmlp._optimizers import OPTIMIZERS, known_optimizers

L = keras.layers


def dense():
    # Keras rounds strengths to float32, powers of 2 to nothing else; its orthogonal regularizer fails in float64
    orthogonal = keras.regularizers.OrthogonalRegularizer(0.01) if keras.config.floatx() == "float32" else None
    return functional(
        L.Dense(5, "tanh", kernel_regularizer=keras.regularizers.L1L2(2**-10, 2**-7)),
        L.Dense(
            4, "selu", bias_regularizer=keras.regularizers.L1(2**-6), kernel_constraint=keras.constraints.MaxNorm(0.75)
        ),
        L.BatchNormalization(momentum=0.5),
        L.PReLU(),
        L.Dense(3, kernel_regularizer=orthogonal),
        L.LeakyReLU(),
        L.Dense(3, trainable=False),
        L.Dense(2),
    )(numbers)


def residual():
    inputs = keras.Input((4,))
    shared = L.Dense(4, "tanh", kernel_regularizer="l2")
    inner = keras.Sequential([keras.Input((4,)), L.Dense(3, "relu"), L.BatchNormalization(), L.Dense(4)])
    hidden = L.Add()([inputs, shared(shared(inputs)), inner(inputs)])
    return keras.Model(inputs, L.Dense(2)(hidden)), numbers


def convolution():
    return functional(
        L.Rescaling(0.5, 0.1),
        L.Conv2D(3, 2, activation="relu", padding="same"),
        L.BatchNormalization(),
        L.SeparableConv2D(4, 2),
        L.MaxPooling2D(2),
        L.Conv2DTranspose(2, 2),
        L.GroupNormalization(2),
        L.DepthwiseConv2D(2),
        L.UpSampling2D(2),
        L.AveragePooling2D(2),
        L.GlobalAveragePooling2D(),
        L.Dense(2),
    )(pictures)


def recurrent():
    return functional(
        L.Conv1D(4, 2, activation="gelu"),
        L.GRU(4, return_sequences=True),
        L.Bidirectional(L.LSTM(3, return_sequences=True)),
        L.TimeDistributed(L.Dense(3, "relu")),
        L.SimpleRNN(3),
        L.Dense(2),
    )(sequences)


def attention():
    inputs = keras.Input((5, 3))
    hidden = L.LayerNormalization()(L.MultiHeadAttention(2, 3)(inputs, inputs))
    hidden = L.Flatten()(L.EinsumDense("abc,cd->abd", (5, 4))(L.Permute((1, 2))(hidden)))
    return keras.Model(inputs, L.Dense(2)(L.UnitNormalization()(hidden))), sequences


def embedded():
    return functional(L.Embedding(20, 3), L.GlobalAveragePooling1D(), L.SpectralNormalization(L.Dense(4)), L.Dense(2))(
        codes
    )


def masked():
    return functional(L.Embedding(20, 3, mask_zero=True), L.LSTM(3, return_sequences=True), L.GRU(2), L.Dense(2))(codes)


def adapted():
    samples = np.random.default_rng(0).normal(3, 2, size=(50, 4))
    normalization, discretization = L.Normalization(), L.Discretization(num_bins=3, epsilon=0.01)
    normalization.adapt(samples)
    discretization.adapt(samples)
    inputs = keras.Input((4,))
    hidden = [normalization(inputs), L.CategoryEncoding(4, output_mode="multi_hot")(discretization(inputs))]
    return keras.Model(inputs, L.Dense(2)(L.Concatenate()(hidden))), numbers


MODELS = [dense, residual, convolution, recurrent, attention, embedded, masked, adapted]


def assert_same(ours, theirs, tolerance=1e-5):
    for each, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(each, other, rtol=tolerance, atol=tolerance)


@pytest.fixture
def double_precision():
    """Keras' layers and optimizers made meanwhile are in float64."""
    for precision in ("float64", "float32"):
        keras.config.set_floatx(precision)
        keras.config.set_dtype_policy(
            precision
        )  # layers go by it, and it is what floatx was when it was first asked for
        if precision == "float64":
            yield


@pytest.mark.parametrize("make", MODELS)
def test_weights_after_twenty_steps_are_those_of_keras(make):
    model, draw = make()
    model.compile(keras.optimizers.SGD(0.02), "mse")
    X, y = draw(78)  # batches of 16, 16, 16, 16 and 14: the last one is short
    ours, history = by_engine(model, X, y, 16, 4)
    assert_same(ours, by_keras(model, X, y, 16, 4))
    assert len(history["loss"]) == 4


@pytest.mark.newest
@pytest.mark.parametrize("make", MODELS)
def test_in_double_precision_they_are_the_same_but_for_roundings(make, double_precision):
    model, draw = make()
    for layer in all_layers(model):
        for setting, exact in (("epsilon", 2**-10), ("momentum", 0.75)):  # as Keras rounds them to float32
            if hasattr(layer, setting) and not isinstance(layer, L.Discretization):
                setattr(layer, setting, exact)
    model.compile(keras.optimizers.SGD(2**-6), "mse")
    X, y = draw(78)
    ours, _ = by_engine(model, X, y, 16, 4)
    assert all(weight.dtype != "float32" for weight in ours)
    # Keras adds its epsilon, 1e-7, to the number of filled places of a batch that is normalised with a mask
    normalises = any(isinstance(layer, L.BatchNormalization) for layer in all_layers(model))
    assert_same(ours, by_keras(model, X, y, 16, 4), 1e-8 if normalises else 1e-9)


@pytest.mark.parametrize("make", [convolution, recurrent])
def test_xla_and_a_plain_graph_train_alike(make):
    model, draw = make()
    model.compile(keras.optimizers.SGD(0.02), "mse")
    X, y = draw(78)
    before = cache_info().traces
    xla, history = by_engine(model, X, y, 4, 1)  # 20 steps an epoch
    assert cache_info().traces == before + 1
    plain, same = by_engine(model, X, y, 4, 1, compiles=False)
    assert_same(xla, plain)
    assert history["loss"] == pytest.approx(same["loss"], rel=1e-5)


def small(**compiled):
    model = keras.Sequential([keras.Input((4,)), L.Dense(3, "tanh"), L.Dense(2)])
    model.compile(**compiled)
    return model


SETTINGS = [
    *((OPTIMIZERS[name].class_name, {"learning_rate": 0.02}) for name in known_optimizers()),
    ("SGD", {"learning_rate": 0.02, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01}),
    ("Adam", {"learning_rate": 0.02, "amsgrad": True, "global_clipnorm": 0.5}),
    ("Adam", {"learning_rate": 0.02, "clipvalue": 0.01, "beta_1": 0.8}),
    ("RMSprop", {"learning_rate": 0.02, "centered": True, "momentum": 0.3, "clipnorm": 0.1}),
]


@pytest.mark.parametrize(("name", "settings"), SETTINGS)
def test_every_optimizer_takes_the_steps_of_keras(name, settings):
    X, y = numbers(60)
    model = small(optimizer=getattr(keras.optimizers, name)(**settings), loss="mse")
    ours, _ = by_engine(model, X, y, 12, 4)
    # Keras rounds 1 - beta in float32, which is wrong by 1.3e-5 of a step; Muon's steps amplify rounding
    assert_same(ours, by_keras(model, X, y, 12, 4), 2e-4 if name == "Muon" else 2e-5)


@pytest.mark.newest
@pytest.mark.parametrize(("name", "settings"), SETTINGS)
def test_every_optimizer_does_in_double_precision(name, settings, double_precision):
    X, y = numbers(60)
    optimizer = getattr(keras.optimizers, name)(**settings)
    for setting, value in vars(optimizer).items():
        if type(value) is float and 0 < value < 1:  # Keras rounds its settings to float32, here to nothing else
            bits = 0.5 ** round(-np.log2(min(value, 1 - value)))
            setattr(optimizer, setting, 1 - bits if value > 0.5 else bits)
    model = small(optimizer=optimizer, loss="mse")
    ours, _ = by_engine(model, X, y, 12, 4)
    assert_same(ours, by_keras(model, X, y, 12, 4), 1e-9)


@pytest.mark.parametrize(
    "schedule",
    [
        keras.optimizers.schedules.ExponentialDecay(0.1, 3, 0.5),
        keras.optimizers.schedules.CosineDecay(0.0, 12, warmup_target=0.1, warmup_steps=4),
        keras.optimizers.schedules.PiecewiseConstantDecay([4, 9], [0.1, 0.01, 0.05]),
    ],
)
def test_schedules_of_keras_are_followed(schedule):
    X, y = numbers(60)
    model = small(optimizer=keras.optimizers.SGD(schedule), loss="mse")
    ours, _ = by_engine(model, X, y, 12, 4)
    assert_same(ours, by_keras(model, X, y, 12, 4))
