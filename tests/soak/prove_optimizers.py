"""Every optimizer takes the steps of plain Keras with batch normalisation, weight decay and clipping."""

import numpy as np
import pytest
from models import assert_same_weights, mean_squared_error, train_plain_keras

from skmlp import KerasMLPRegressor
from skmlp._optimizers import OPTIMIZERS, known_optimizers

rng = np.random.default_rng(2)
X = rng.normal(size=(78, 3))
y = X @ [1.0, -2.0, 0.5] + 0.3 + 0.05 * rng.normal(size=78)


@pytest.mark.parametrize("batch_size", [5, 40], ids=["xla", "plain graph"])  # the last batch is short
@pytest.mark.parametrize("normalization", [None, "batch"])
@pytest.mark.parametrize("clipnorm", [None, 0.1])
@pytest.mark.parametrize("weight_decay", [None, 0.05])
@pytest.mark.parametrize("optimizer", [name for name in known_optimizers() if "float64" in OPTIMIZERS[name].dtypes])
def test_an_optimizer_takes_the_steps_of_plain_keras(optimizer, weight_decay, clipnorm, normalization, batch_size):
    mlp = KerasMLPRegressor(
        (6, 4), activation="tanh", normalization=normalization, optimizer=optimizer, learning_rate=0.01,
        weight_decay=weight_decay, clipnorm=clipnorm, batch_size=batch_size, epochs=2, shuffle=False, random_state=0,
        dtype="float64",
    ).fit(X, y)  # fmt: skip
    model, _ = train_plain_keras(mlp, X, y, mean_squared_error)
    # Keras rounds learning rates and betas to float32; a gradient divided by its own size hands that on.
    assert_same_weights(mlp, model, rtol=0, atol=2e-5)
