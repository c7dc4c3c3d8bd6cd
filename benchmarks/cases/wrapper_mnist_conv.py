"""The network of Keras' example "Simple MNIST convnet", where the arithmetic is all that there is."""

from __future__ import annotations

from typing import Any

from benchmarks._case import Case, Target
from benchmarks._own_model import OwnModel, fits


def _images() -> Any:
    from benchmarks.data import load

    data = load("mnist")
    return data._replace(X=data.X.reshape(-1, 28, 28, 1), X_test=data.X_test.reshape(-1, 28, 28, 1))


def network(learning_rate: float) -> Any:
    """The model function."""
    import keras
    from keras import layers

    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(10, "softmax"),
        ]
    )
    model.compile(keras.optimizers.Adam(learning_rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


CASE = Case(
    "wrapper_mnist_conv",
    "MNIST by a convolutional model function",
    "a model function with Conv2D 32 and 64, each with max-pooling, and dropout 0.5, on MNIST, Adam, batch 128, an "
    "epoch; compiled before",
    fits(OwnModel(network, _images, batch_size=128, epochs=1)),
    (Target(0.9, "Keras fit", of="skmlp.wrappers"),),
    data="mnist",
)
