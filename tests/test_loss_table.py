"""The table of losses says what Keras' losses do."""

import inspect

import keras
import numpy as np
import pytest

from skmlp._engine.trial import find_boundary
from skmlp._loss_table import LOSSES, NOT_OF_A_SAMPLE
from skmlp._losses import known_losses
from skmlp._spec import Own
from skmlp._targets import TARGETS

KERAS = [name for name in known_losses() if name != "quantile"]


def takes_two(function):
    parameters = inspect.signature(function).parameters.values()
    return sum(each.default is inspect.Parameter.empty for each in parameters) == 2


def test_every_loss_of_keras_has_a_row():
    functions = {
        name
        for name, value in vars(keras.losses).items()
        if name.islower() and callable(value) and name not in ("get", "serialize", "deserialize", *NOT_OF_A_SAMPLE)
    }
    assert functions == {name for name in LOSSES if name != "quantile" and hasattr(keras.losses, name)}
    assert {name for name in functions if takes_two(getattr(keras.losses, name))} == set(KERAS)


@pytest.mark.parametrize("name", [name for name in KERAS if "regression" in LOSSES[name].kinds])
def test_losses_of_differences_are_those_that_stay_when_targets_and_outputs_are_moved(name):
    function = getattr(keras.losses, name)
    y, outputs = np.random.default_rng(0).uniform(0.1, 0.4, (2, 50, 3))
    before, moved = (np.asarray(function(y + by, outputs + by)) for by in (0.0, 0.5))
    assert LOSSES[name].of_differences == np.allclose(before, moved, rtol=1e-5, atol=1e-8)


def test_rows_name_target_types_and_activations_that_there_are():
    for row in LOSSES.values():
        assert set(row.kinds) <= set(TARGETS)
        assert set(row.regression_outputs or ()) <= set(TARGETS["regression"].output_activations)


@pytest.mark.parametrize("name", [name for name in KERAS if LOSSES[name].boundary is not None])
def test_the_loss_of_both_labels_is_the_same_at_the_boundary_and_nowhere_else(name):
    function, boundary = getattr(keras.losses, name), LOSSES[name].boundary
    scores = np.linspace(-5, 5, 1001, dtype="float64")[:, None]
    scores = np.vstack([scores, [[boundary]]])
    of_one, of_zero = (np.asarray(function(np.full_like(scores, label), scores)) for label in (1.0, 0.0))
    difference = of_one - of_zero
    assert abs(difference[-1]) < 1e-6
    above, below = scores[:, 0] > boundary + 1e-3, scores[:, 0] < boundary - 1e-3
    assert (difference[above] < 0).all()
    assert (difference[below] > 0).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", [name for name in KERAS if LOSSES[name].boundary is not None])
def test_trying_a_loss_finds_the_boundary_of_its_row(name, dtype):
    for n_outputs in (1, 3):
        found = find_boundary(Own.of(getattr(keras.losses, name)), n_outputs, dtype)
        assert found == pytest.approx(LOSSES[name].boundary, abs=1e-6)


@pytest.mark.parametrize("name", [name for name in KERAS if LOSSES[name].logits_of is not None])
def test_losses_that_take_logits_say_of_which_activation(name, rng):
    row = LOSSES[name]
    logits = rng.normal(size=(5, 4))
    outputs = np.asarray(keras.ops.copy(getattr(keras.activations, row.logits_of)(logits)))
    y = np.array([0, 1, 2, 3, 0]) if name.startswith("sparse") else np.eye(4)[[0, 1, 2, 3, 0]]
    function = getattr(keras.losses, name)
    np.testing.assert_allclose(function(y, logits, from_logits=True), function(y, outputs), rtol=1e-5)


@pytest.mark.parametrize("name", [name for name in KERAS if LOSSES[name].least_target == 0.0])
def test_losses_of_targets_of_at_least_0_do_not_tell_others_from_it(name):
    # What makes a negative target pointless: Keras clips it, or its best output is none of those it may have.
    function = getattr(keras.losses, name)
    outputs = np.linspace(0.01, 5, 500)[:, None]
    best = [float(outputs[np.argmin(function(np.full_like(outputs, y), outputs)), 0]) for y in (-2.0, -1.0)]
    assert best[0] == best[1]
