"""A small convolutional network on the digits as images."""

from __future__ import annotations

from functools import partial
from typing import Any

from benchmarks._case import Case, Target
from benchmarks._own_model import OwnModel, fits

N_TRAIN = 1500


def digits(*shape: int) -> Any:
    """The digits in another shape, the last 297 of them for tests."""
    from benchmarks.data import Data, load

    X, y, _, _ = load("digits")
    X = X.reshape(-1, *shape)
    return Data(X[:N_TRAIN], y[:N_TRAIN], X[N_TRAIN:], y[N_TRAIN:])


def network(learning_rate: float) -> Any:
    """The model function."""
    import keras
    from keras import layers

    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(16, 3, activation="relu"),
            layers.BatchNormalization(),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dropout(0.3),
            layers.Dense(10, "softmax"),
        ]
    )
    model.compile(keras.optimizers.Adam(learning_rate), "sparse_categorical_crossentropy")
    return model


CASE = Case(
    "wrapper_conv",
    "A convolutional model function",
    "a model function with Conv2D 16, batch normalisation, max-pooling and dropout, on 1,500 digits of 8 × 8, Adam, "
    "batch 32, 10 epochs; compiled before",
    fits(OwnModel(network, partial(digits, 8, 8, 1), batch_size=32, epochs=10)),
    (Target(0.25, "Keras fit", of="skmlp.wrappers"),),
    data="digits",
)
