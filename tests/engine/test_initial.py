"""Initial weights that are drawn often come from a graph, and are those that Keras draws one by one."""

from dataclasses import replace

import numpy as np
import pytest
from specs import NETWORK

from skmlp._engine import initial
from skmlp._engine.cache import POOL
from skmlp._network import initial_weights, known_initializers


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", sorted(set(known_initializers().values())))
def test_the_graph_draws_what_keras_draws(name, dtype):
    network = replace(NETWORK, normalization="batch", dtype=dtype)
    POOL.clear()
    bias = "random_normal" if name == "zeros" else "zeros"
    for seed in range(initial._OFTEN + 2):
        drawn = initial.draw_initial_weights(network, name, bias, seed)
        for ours, theirs in zip(drawn, initial_weights(network, name, bias, seed), strict=True):
            assert ours.dtype == theirs.dtype
            np.testing.assert_array_equal(ours, theirs)
    assert initial._drawing.cache_info().currsize == 1
