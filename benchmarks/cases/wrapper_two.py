"""A network with two inputs and two outputs."""

from __future__ import annotations

from typing import Any

from benchmarks._case import Case, Target
from benchmarks._own_model import OwnModel, fits

N_PIXELS = 64
N_CODES, VOCABULARY = 6, 20


def _images_and_codes() -> Any:
    """Digits with codes beside them; whether they are odd, and their ink with what the codes are worth."""
    import numpy as np

    from benchmarks.data import Data, load

    X, y, _, _ = load("digits")
    rng = np.random.default_rng(0)
    codes = rng.integers(0, VOCABULARY, (len(X), N_CODES))
    worth = rng.normal(size=VOCABULARY)[codes].mean(axis=1)
    samples = np.column_stack([X, codes]).astype("float32")
    targets = np.column_stack([y % 2, X.mean(axis=1) + worth]).astype("float32")
    return Data(samples, targets, samples[:0], targets[:0])


def split_inputs(X: Any) -> Any:
    """The images, and the codes."""
    return {"picture": X[:, :N_PIXELS].reshape(-1, 8, 8, 1), "codes": X[:, N_PIXELS:].astype("int32")}


def split_targets(y: Any) -> Any:
    """Whether the digit is odd, and a number."""
    return {"odd": y[:, :1], "ink": y[:, 1:]}


def network(learning_rate: float) -> Any:
    """The model function."""
    import keras
    from keras import layers

    picture = keras.Input((8, 8, 1), name="picture")
    codes = keras.Input((N_CODES,), dtype="int32", name="codes")
    seen = layers.GlobalAveragePooling2D()(layers.Conv2D(8, 3, activation="relu")(picture))
    read = layers.GlobalAveragePooling1D()(layers.Embedding(VOCABULARY, 4)(codes))
    both = layers.Dropout(0.3)(layers.Dense(16, "relu")(layers.Concatenate()([seen, read])))
    outputs = {"odd": layers.Dense(1, "sigmoid", name="odd")(both), "ink": layers.Dense(1, name="ink")(both)}
    model = keras.Model({"picture": picture, "codes": codes}, outputs)
    model.compile(
        keras.optimizers.Adam(learning_rate),
        loss={"odd": "binary_crossentropy", "ink": "mse"},
        loss_weights={"odd": 1.0, "ink": 0.5},
    )
    return model


CASE = Case(
    "wrapper_two",
    "A model function of two inputs and outputs",
    "a model function with two inputs, 8 × 8 images through Conv2D 8 and 6 codes through an Embedding, and two "
    "outputs with losses of their own, 1,797 samples, Adam, batch 32, 10 epochs; compiled before",
    fits(OwnModel(network, _images_and_codes, 32, 10, split_inputs, split_targets)),
    (Target(0.10, "Keras fit", of="skmlp.wrappers"),),
    data="digits",
)
