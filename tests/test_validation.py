"""Parameters are checked and completed, and unknown names are called so, with the nearest known ones."""

import inspect
import math
import numbers

import keras
import numpy as np
import pytest
from sklearn.utils import _param_validation

from skmlp import KerasMLPClassifier, KerasMLPRegressor
from skmlp._loss_table import LOSSES
from skmlp._optimizers import OPTIMIZERS, known_optimizers
from skmlp._validation import (
    PARAMETER_CONSTRAINTS,
    check_hyperparameters,
    check_sample_weight,
    check_together,
    dropout_rates,
    known_name,
    layer_sizes,
    per_layer,
    split_rows,
)


def checked(**changes):
    return check_hyperparameters({**KerasMLPClassifier().get_params(), **changes})


def test_scikit_learns_private_constraints_are_what_they_were():
    assert _param_validation.Interval(numbers.Real, 0, 1, closed="left").is_satisfied_by(0.0)
    assert not _param_validation.Interval(numbers.Real, 0, 1, closed="left").is_satisfied_by(1.0)
    assert _param_validation.StrOptions({"a"}).is_satisfied_by("a")
    assert _param_validation.Options(numbers.Real, {np.inf}).is_satisfied_by(np.inf)
    assert "parameter_constraints" in inspect.signature(_param_validation.validate_parameter_constraints).parameters


def test_every_parameter_has_constraints():
    parameters = set(KerasMLPClassifier().get_params()) | set(KerasMLPRegressor().get_params())
    assert parameters == set(PARAMETER_CONSTRAINTS)


def test_defaults_are_completed():
    chosen = checked()
    assert (chosen.hidden_layer_sizes, chosen.activation, chosen.dropout) == ((100,), ("relu",), (0.0,))
    assert (chosen.optimizer, chosen.learning_rate, chosen.nesterov) == ("adam", 0.001, False)
    assert chosen.settings == {"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7}


def test_nesterov_is_a_flag_and_no_setting():
    chosen = checked(optimizer="sgd", momentum=0.9, nesterov=True)
    assert chosen.nesterov
    assert chosen.settings == {"momentum": 0.9}


def test_nesterov_without_momentum_is_plain_where_momentum_is_0():
    chosen = checked(optimizer="sgd", momentum=0.0, nesterov=True)
    assert not chosen.nesterov
    assert chosen.settings == {}
    with pytest.raises(ValueError, match="nesterov=True needs a momentum"):
        checked(optimizer="sgd", nesterov=True)


def test_an_optimizer_that_divides_by_the_rate_takes_no_schedule_that_begins_at_0():
    for optimizer in ("ftrl", keras.optimizers.Ftrl()):
        with pytest.raises(ValueError, match=r"learning_rate_schedule='coslog4' begins .* optimizer='ftrl' divides"):
            checked(optimizer=optimizer, learning_rate_schedule="coslog4")
    assert checked(optimizer="ftrl", learning_rate_schedule="cosine").learning_rate_schedule == "cosine"


@pytest.mark.parametrize("name", known_optimizers())
def test_optimizers_that_divide_by_the_rate_are_those_whose_weights_a_rate_of_0_spoils(name):
    weight = keras.Variable([1.0, -2.0])
    optimizer = getattr(keras.optimizers, OPTIMIZERS[name].class_name)(learning_rate=0.0)
    optimizer.apply([keras.ops.convert_to_tensor([0.5, 0.0])], [weight])
    assert OPTIMIZERS[name].divides_by_rate == bool(np.isnan(np.asarray(weight)).any())


def test_patience_without_end(blobs):
    X, y = blobs
    fitted = KerasMLPClassifier((3,), early_stopping=True, n_iter_no_change=np.inf, epochs=15, random_state=0)
    assert fitted.fit(X, y).n_iter_ == 15


@pytest.mark.parametrize(
    ("parameter", "value", "message"),
    [
        ("activation", "ReLU", "activation='ReLU' is unknown: did you mean 'relu'"),
        ("activation", "logistic", "activation='logistic' is unknown: did you mean 'sigmoid'"),
        ("activation", ["tahn"], "activation='tahn' is unknown: did you mean 'tanh'"),
        ("activation", "qqq", r"activation='qqq' is unknown\. Choose one of (celu, )?elu"),
        ("kernel_initializer", "he_norml", "kernel_initializer='he_norml' is unknown: did you mean 'he_normal'"),
        ("bias_initializer", "Zero", "bias_initializer='Zero' is unknown: did you mean 'zero'"),
        ("optimizer", "adamm", "optimizer='adamm' is unknown: did you mean 'adam'"),
        ("optimizer", None, "optimizer=None is not one of"),
        ("optimizer", keras.optimizers.Adam, "is a class: give it an instance"),
    ],
)
def test_an_unknown_name_is_called_unknown(parameter, value, message):
    with pytest.raises(ValueError, match=message):
        checked(**{parameter: value})


def names_of_keras(module):
    return [
        name
        for name, value in vars(module).items()
        if callable(value) and not name.startswith("_") and name not in ("get", "serialize", "deserialize")
    ]


def test_every_initializer_that_keras_resolves_is_known():
    from keras.src.initializers import ALL_OBJECTS_DICT  # the one list of what keras.initializers.get knows

    unfit = {"Initializer", "initializer", "STFT", "stft", "STFTInitializer"}
    for name in {*ALL_OBJECTS_DICT, *names_of_keras(keras.initializers)} - unfit:
        canonical = checked(kernel_initializer=name).kernel_initializer
        expected = ALL_OBJECTS_DICT.get(name, getattr(keras.initializers, name, None))
        assert getattr(keras.initializers, canonical) is expected


def test_every_activation_that_keras_resolves_is_known_by_every_name():
    from keras.src.activations import ALL_OBJECTS_DICT  # the one list of what keras.activations.get knows

    for name, function in ALL_OBJECTS_DICT.items():
        if name not in ("glu", "threshold"):
            assert checked(activation=name).activation == checked(activation=function).activation
            assert getattr(keras.activations, checked(activation=name).activation[0]) is function


@pytest.mark.parametrize("name", known_optimizers())
def test_every_optimizer_is_known_by_its_class_name_and_as_an_object(name):
    cls = getattr(keras.optimizers, OPTIMIZERS[name].class_name)
    assert checked(optimizer=cls.__name__) == checked(optimizer=name) == checked(optimizer=cls())
    assert checked(optimizer=cls(0.25)) == checked(optimizer=name, learning_rate=0.25)


def test_an_optimizer_object_says_its_settings():
    made = keras.optimizers.SGD(0.3, momentum=0.8, nesterov=True, clipnorm=2.0)
    flat = {"learning_rate": 0.3, "momentum": 0.8, "nesterov": True, "clipnorm": 2.0}
    assert checked(optimizer=made) == checked(optimizer="sgd", **flat)
    off = keras.optimizers.AdamW(weight_decay=0.0)
    assert checked(optimizer=off) == checked(optimizer="adamw", weight_decay=0.0)
    quiet = keras.optimizers.SGD(nesterov=True)
    assert checked(optimizer=quiet) == checked(optimizer="sgd", momentum=0.0, nesterov=True)


def test_parameters_go_before_an_optimizer_objects_own():
    made = keras.optimizers.Adam(0.3, beta_1=0.5)
    assert checked(optimizer=made, learning_rate=0.1) == checked(optimizer="adam", learning_rate=0.1, beta_1=0.5)
    assert checked(optimizer=made, beta_1=0.6).settings["beta_1"] == 0.6
    with pytest.raises(ValueError, match=r"momentum=0.9 is not a setting of optimizer='adam'"):
        checked(optimizer=made, momentum=0.9)


def rate():
    return 0.1


class Mine(keras.optimizers.SGD):
    """An optimizer of a user's own."""


def built():
    optimizer = keras.optimizers.Adam()
    optimizer.build([keras.Variable(np.zeros(2))])
    return optimizer


@pytest.mark.parametrize(
    ("optimizer", "message"),
    [
        (keras.optimizers.Adam(use_ema=True), "use_ema=True, which is not taken over: leave use_ema out"),
        (keras.optimizers.Adam(global_clipnorm=1.0), "global_clipnorm=1.0.*use clipnorm"),
        (keras.optimizers.Adam(clipvalue=1.0), "clipvalue=1.0.*use clipnorm"),
        (keras.optimizers.Adam(amsgrad=True), "amsgrad=True.*leave amsgrad out"),
        (keras.optimizers.Adam(gradient_accumulation_steps=4), "gradient_accumulation_steps=4.*batch_size larger"),
        (keras.optimizers.Adam(loss_scale_factor=8.0), "loss_scale_factor=8.0"),
        (keras.optimizers.RMSprop(centered=True), "centered=True"),
        (keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.1, 9)), "a schedule.*learning_rate_schedule"),
        (keras.optimizers.Adam(rate), "a schedule.*learning_rate_schedule"),
        (keras.optimizers.Adam(beta_1=1.0), r"beta_1=1.0, which must be a float in the range \(0.0, 1.0\)"),
        (keras.optimizers.Adam(-1.0), "learning_rate=-1.0, which must be a float in"),
        (Mine(), "is not one of the optimizers that are trained here: choose one of sgd"),
        (built(), "has been used by a model"),
        (keras.losses.Huber(), "is not one of the optimizers"),
    ],
)
def test_what_is_not_taken_over_from_an_optimizer_object_is_refused_by_name(optimizer, message, blobs):
    with pytest.raises(ValueError, match=f"optimizer=<.*{message}"):
        KerasMLPClassifier((3,), optimizer=optimizer, epochs=1).fit(*blobs)


def test_the_kinds_of_sizes():
    assert layer_sizes(3) == (3,)
    assert layer_sizes(np.array([3, 4])) == (3, 4)
    assert layer_sizes(()) == ()
    assert per_layer("activation", "relu", 2) == ("relu", "relu")
    assert dropout_rates([0.1, 0.2], 2) == (0.1, 0.2)
    with pytest.raises(ValueError, match=r"dropout=.*less than 1"):
        dropout_rates(1.0, 1)


def test_a_known_name_is_itself():
    assert known_name("loss", "hinge", LOSSES) == "hinge"


def test_weights_are_never_the_callers():
    weight = np.arange(3.0)
    assert check_sample_weight(weight, 3, "sample_weight") is not weight
    np.testing.assert_array_equal(check_sample_weight(None, 3, "sample_weight"), np.ones(3))
    np.testing.assert_array_equal(check_sample_weight(2, 3, "sample_weight"), np.full(3, 2.0))


def test_validation_data_is_there_or_not():
    check_together([[1]], [1], None)
    check_together(None, None, None)
    for given in (([[1]], None, None), (None, [1], None), (None, None, [1])):
        with pytest.raises(ValueError, match="without"):
            check_together(*given)


@pytest.mark.parametrize("fraction", [0.1, 0.25, 0.5])
def test_a_split_has_every_row_once_and_every_class_on_both_sides(fraction):
    strata = np.repeat(np.arange(3), 20)
    train, val = split_rows(60, strata, fraction, seed=3)
    assert sorted([*train, *val]) == list(range(60))
    assert len(val) == math.ceil(60 * fraction)
    assert set(strata[train]) == set(strata[val]) == {0, 1, 2}
