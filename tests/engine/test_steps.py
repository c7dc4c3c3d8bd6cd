"""The steps of a program: the numbers that its masks depend on."""

import numpy as np
import pytest

from skmlp import KerasMLPRegressor


@pytest.mark.parametrize("batch_size", [5, 40], ids=["xla", "plain graph"])
def test_a_warm_start_with_another_optimizer_draws_the_masks_of_the_steps_to_come(line, batch_size):
    # The weights stand still, so that the losses of a fit tell its masks.
    X, y = line
    still = {"learning_rate": 1e-30, "batch_size": batch_size, "shuffle": False, "random_state": 0}
    at_once = KerasMLPRegressor((), input_dropout=0.5, optimizer="sgd", epochs=4, **still).fit(X, y)
    assert len(set(at_once.loss_curve_)) == 4
    parts = KerasMLPRegressor((), input_dropout=0.5, optimizer="sgd", epochs=2, warm_start=True, **still).fit(X, y)
    parts.set_params(optimizer="adam").fit(X, y)
    # Two programs of XLA may round the last bit of a loss differently.
    np.testing.assert_allclose(parts.loss_curve_, at_once.loss_curve_, rtol=1e-6)
