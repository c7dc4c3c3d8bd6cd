"""A recurrent network that reads digits row by row."""

from __future__ import annotations

from functools import partial
from typing import Any

from benchmarks._case import Case, Target
from benchmarks._own_model import OwnModel, fits
from benchmarks.cases.wrapper_conv import digits


def network(learning_rate: float) -> Any:
    """The model function."""
    import keras
    from keras import layers

    model = keras.Sequential([keras.Input((8, 8)), layers.LSTM(32), layers.Dense(10, "softmax")])
    model.compile(keras.optimizers.Adam(learning_rate), "sparse_categorical_crossentropy")
    return model


CASE = Case(
    "wrapper_lstm",
    "A recurrent model function",
    "a model function with an LSTM of 32 units over the 8 rows of 1,500 digits, Adam, batch 32, 10 epochs; "
    "compiled before",
    fits(OwnModel(network, partial(digits, 8, 8), batch_size=32, epochs=10)),
    (Target(0.15, "Keras fit", of="skmlp.wrappers"),),
    data="digits",
)
