"""The gradient of each loss is that of its differences; `tox -e soak` tries every combination."""

import gradients
import pytest

from skmlp._network import known_activations

pytestmark = pytest.mark.newest

CASES = [
    (
        loss,
        kind,
        known_activations()[(5 * i) % len(known_activations())],
        [*gradients.PENALTIES][i % 3],
        gradients.NORMALIZATIONS[i // 2 % 3],
        bool(i % 2),
    )
    for i, (loss, kind) in enumerate(dict(reversed(gradients.losses())).items())
]


@pytest.mark.parametrize(("loss", "kind", "activation", "penalty", "normalization", "weighted"), CASES)
def test_a_gradient_is_that_of_differences(loss, kind, activation, penalty, normalization, weighted):
    gradients.check(activation, loss, kind, penalty, normalization, weighted)
