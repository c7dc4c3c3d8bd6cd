"""The gradient of every activation with every loss, penalty, normalisation and weights is that of differences."""

import gradients
import pytest

from skmlp import clear_cache
from skmlp._network import known_activations


@pytest.mark.parametrize("activation", known_activations())
@pytest.mark.parametrize(("loss", "kind"), gradients.losses())
def test_a_gradient_is_that_of_differences(loss, kind, activation):
    for penalty in gradients.PENALTIES:
        for normalization in gradients.NORMALIZATIONS:
            for weighted in (False, True):
                gradients.check(activation, loss, kind, penalty, normalization, weighted)
    clear_cache()
