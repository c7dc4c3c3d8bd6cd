"""Weights as slices of one vector are trained as weights of a variable each, and look the same from outside."""

from itertools import accumulate
from types import SimpleNamespace
from unittest.mock import patch

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone

from skmlp import KerasMLPClassifier, KerasMLPRegressor, clear_cache
from skmlp._engine import layout
from skmlp._engine.architecture import Network
from skmlp._engine.layout import OneVector, VariableEach
from skmlp._optimizers import OPTIMIZERS, known_optimizers, make_optimizer
from skmlp._spec import OptimizerSpec

SHAPES = [(3, 2), (2,), (2,), (2, 2, 4), (1,)]
ELEMENTWISE = [name for name in known_optimizers() if OPTIMIZERS[name].elementwise]

rng = np.random.default_rng(0)
X = rng.normal(size=(50, 4))
y = rng.normal(size=50)


def variables(shapes):
    return [SimpleNamespace(shape=shape) for shape in shapes]


@given(st.permutations(range(len(SHAPES))), st.integers(1, len(SHAPES)))
def test_weights_go_in_and_come_out_in_keras_order(order, n_trained):
    of_network = variables(SHAPES)
    trainable = [of_network[place] for place in order[:n_trained]]
    laid_out = OneVector(OptimizerSpec("adam"), (), Network(None, of_network, trainable))
    weights = [rng.normal(size=shape) for shape in SHAPES]
    values = laid_out.weights_in(weights)
    assert [each.ndim for each in values[:1]] == [1]
    assert len(values) == 1 + len(SHAPES) - n_trained
    for weight, same in zip(weights, laid_out.weights_out(values), strict=True):
        np.testing.assert_array_equal(weight, same, strict=True)


@settings(max_examples=20, deadline=None)
@given(st.sampled_from(ELEMENTWISE), st.booleans(), st.integers(1, len(SHAPES)))
def test_the_state_of_an_optimizer_is_that_of_one_with_a_variable_for_each_weight(name, with_momentum, n_weights):
    on = ("momentum",) if with_momentum and name in ("sgd", "rmsprop") else ()
    spec = OptimizerSpec(name)
    shapes = SHAPES[:n_weights]

    def built(shapes):
        schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 1, 0.9)
        optimizer = make_optimizer(spec, schedule, dict.fromkeys(on, 0.5))
        optimizer.build([keras.Variable("zeros", shape=shape) for shape in shapes])
        return [tuple(each.shape) for each in optimizer.variables]

    laid_out = OneVector(spec, on, Network(None, of := variables(shapes), of))
    total = int(sum(np.prod(shape) for shape in shapes))
    of_each = built(shapes)
    assert laid_out.state_shapes(built([(total,)])) == of_each
    ends = list(accumulate(int(np.prod(shape)) for shape in of_each))
    state = [np.arange(end - np.prod(shape), end).reshape(shape) for end, shape in zip(ends, of_each, strict=True)]
    values = laid_out.state_in(state)
    assert [each.shape for each in values] == built([(total,)])
    for array, same in zip(state, laid_out.state_out(values), strict=True):
        np.testing.assert_array_equal(array, same)


@pytest.mark.parametrize("by_kind", [False, True])
def test_the_state_of_any_order_goes_in_and_comes_out(by_kind):
    laid_out = OneVector(OptimizerSpec("adam"), (), Network(None, of := variables([(2,), (3,)]), of))
    kinds = ["ab", "AB"] if by_kind else ["aA", "bB"]
    sizes = {"a": 2, "b": 3}
    state = [np.array(1), *(np.full(sizes[name.lower()], ord(name)) for kind in kinds for name in kind), np.array(2)]
    with patch.object(layout, "_order", return_value=(1, 1, by_kind)):
        values = laid_out.state_in(state)
        back = laid_out.state_out(values)
    assert [each.astype(np.uint8).tobytes() for each in values] == [b"\1", b"aabbb", b"AABBB", b"\2"]
    for array, same in zip(state, back, strict=True):
        np.testing.assert_array_equal(array, same)


def fitted(make, **parameters):
    """The estimator after a fit and a further part of one."""
    return clone(make).set_params(**parameters).fit(X, y).partial_fit(X, y)


@pytest.mark.parametrize(
    "parameters",
    [
        {"normalization": "batch", "l1": 1e-3, "regularize_bias": True},
        {"normalization": "layer", "dropout": 0.3, "l2": 1e-3, "optimizer": "nadam"},
        {"optimizer": "adamw", "dtype": "float64"},
        {"hidden_layer_sizes": (), "optimizer": "sgd", "momentum": 0.9, "nesterov": True},
    ],
    ids=str,
)
def test_it_is_trained_as_weights_of_a_variable_each(parameters):
    make = KerasMLPRegressor((5, 3), epochs=2, batch_size=20, random_state=0)
    with patch.object(layout, "OneVector", wraps=OneVector) as made:
        one = fitted(make, **parameters)
    assert made.called
    clear_cache()
    with patch.object(layout, "_MOST_PARAMETERS", 0):
        other = fitted(make, **parameters)
    clear_cache()
    precision = 1e-11 if one._fitted.plan.dtype == "float64" else 1e-5
    for ours, theirs in zip(
        [*one._fitted.state.weights, *one._fitted.state.optimizer],
        [*other._fitted.state.weights, *other._fitted.state.optimizer],
        strict=True,
    ):
        assert ours.shape == theirs.shape
        np.testing.assert_allclose(ours, theirs, rtol=precision, atol=precision)


@pytest.mark.parametrize(
    "parameters",
    [
        *({"optimizer": name} for name in known_optimizers() if not OPTIMIZERS[name].elementwise),
        {"clipnorm": 1.0},  # as those optimizers do, it looks at a weight as a whole
        {"batch_size": 3},  # XLA compiles it
    ],
    ids=str,
)
def test_the_others_have_a_variable_for_each(parameters):
    with patch.object(layout, "VariableEach", wraps=VariableEach) as made:
        KerasMLPClassifier((4,), epochs=1, random_state=0, **parameters).fit(X, y > 0)
    assert made.called
