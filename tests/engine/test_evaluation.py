"""Samples that are not trained on are evaluated as Keras evaluates them, in a graph that is made when it is needed."""

from unittest.mock import patch

import numpy as np
import pytest

import skmlp._engine.program as program_module
from skmlp import clear_cache
from skmlp._keras import keras
from skmlp.wrappers import KerasRegressor

RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((40, 3)).astype("float32"), RNG.standard_normal((40, 2)).astype("float32")
OTHER_X, OTHER_Y = X[:17] + 0.5, Y[:17] * 0.5


def network(l2=0.01, dropout=0.25):
    inputs = keras.Input((3,))
    hidden = keras.layers.Dense(4, "tanh", kernel_regularizer=keras.regularizers.L2(l2))(inputs)
    hidden = keras.layers.Dropout(dropout)(keras.layers.BatchNormalization(momentum=0.5)(hidden))
    model = keras.Model(inputs, keras.layers.Dense(2)(hidden))
    model.compile(keras.optimizers.Adam(0.01), "mse", metrics=["mae"])
    return model


def wrapper(**parameters):
    return KerasRegressor(network, engine="compiled", batch_size=8, random_state=0, verbose=0, **parameters)


@pytest.mark.parametrize("batch_size", [5, 17, 32])
def test_the_loss_and_the_metrics_are_those_of_keras_with_the_weights_of_the_moment(batch_size):
    fitted = wrapper(epochs=3, validation_batch_size=batch_size).fit(X, Y, validation_data=(OTHER_X, OTHER_Y))
    found = fitted.model_.evaluate(OTHER_X, OTHER_Y, batch_size=batch_size, verbose=0, return_dict=True)
    assert fitted.history_["val_loss"][-1] == pytest.approx(found["loss"], rel=1e-5)
    assert fitted.history_["val_mae"][-1] == pytest.approx(found["mae"], rel=1e-5)
    assert len(set(fitted.history_["val_loss"])) == 3  # not those of the weights of the first epoch


def test_to_evaluate_changes_nothing_of_the_training():
    watched = wrapper(epochs=3).fit(X, Y, validation_data=(OTHER_X, OTHER_Y))
    plain = wrapper(epochs=3).fit(X, Y)
    assert watched.history_["loss"] == plain.history_["loss"]
    assert watched.history_["mae"] == plain.history_["mae"]
    for mine, other in zip(watched.model_.get_weights(), plain.model_.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, other)


def test_its_graph_is_made_when_it_is_first_asked_for():
    clear_cache()
    with patch.object(program_module, "Evaluation", wraps=program_module.Evaluation) as made:
        wrapper(epochs=1).fit(X, Y)
        assert made.call_count == 0
        for l2 in (0.01, 0.1):  # a strength is a value: the second fit has the program of the first
            wrapper(epochs=2, model__l2=l2).fit(X, Y, validation_data=(OTHER_X, OTHER_Y))
            assert made.call_count == 1


def test_a_program_whose_evaluation_failed_is_lent_to_no_other_fit():
    clear_cache()
    with patch.object(program_module.Evaluation, "__call__", side_effect=FloatingPointError("broken")):
        with pytest.raises(FloatingPointError, match="broken"):
            wrapper(epochs=1).fit(X, Y, validation_data=(OTHER_X, OTHER_Y))
        before = program_module.POOL.info().misses
    wrapper(epochs=1).fit(X, Y, validation_data=(OTHER_X, OTHER_Y))
    assert program_module.POOL.info().misses == before + 1
