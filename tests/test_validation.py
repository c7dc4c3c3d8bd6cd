"""Parameters are checked and completed, and unknown names are called so, with the nearest known ones."""

import inspect
import math
import numbers
import re

import keras
import numpy as np
import pandas as pd
import pytest
from sklearn.utils import _param_validation
from sklearn.utils._param_validation import StrOptions

from skmlp import KerasMLPClassifier, KerasMLPRegressor
from skmlp._loss_table import LOSSES
from skmlp._optimizers import OPTIMIZERS, known_optimizers
from skmlp._validation import (
    PARAMETER_CONSTRAINTS,
    _require_range,
    check_hyperparameters,
    check_parameters,
    check_sample_weight,
    check_together,
    dropout_rates,
    floating_dtype,
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


RATES, SHARES = ([0, 0.99], [-1e-9, 1.0]), ([1e-9, 0.99], [0.0, 1.0])
AMOUNTS, POSITIVE, COUNTS = ([0, 5.0], [-1e-9, "1"]), ([1e-9, 5.0], [0.0]), ([1, 5], [0, 1.5])
FLAGS = ([True, False], ["yes", None])
LIMITS = {
    **dict.fromkeys(("dropout", "input_dropout", "label_smoothing"), RATES),
    **dict.fromkeys(("momentum", "rho"), ([*RATES[0], None], RATES[1])),
    **dict.fromkeys(("l1", "l2", "tol"), AMOUNTS),
    "weight_decay": ([*AMOUNTS[0], None], AMOUNTS[1]),
    **dict.fromkeys(("learning_rate", "epsilon", "clipnorm"), ([*POSITIVE[0], None], POSITIVE[1])),
    **dict.fromkeys(("beta_1", "beta_2"), ([*SHARES[0], None], SHARES[1])),
    **dict.fromkeys(("quantile", "validation_fraction"), SHARES),
    "epochs": COUNTS,
    "n_members": (COUNTS[0], [*COUNTS[1], 2**31]),
    "batch_size": ([*COUNTS[0], "auto"], [*COUNTS[1], "all"]),
    "record_every": ([*COUNTS[0], None], COUNTS[1]),
    "n_iter_no_change": ([*COUNTS[0], np.inf], [*COUNTS[1], -np.inf]),
    "hidden_layer_sizes": ([1, (2, 3), [2], np.array([2])], [0, "2", None, 2**31]),
    **dict.fromkeys(("regularize_bias", "clip_predictions", "shuffle", "early_stopping", "warm_start"), FLAGS),
    "nesterov": ([True, False, None], ["yes"]),
    "jit_compile": ([True, False, "auto"], ["yes", None]),
    **dict.fromkeys(("dropout_schedule", "learning_rate_schedule"), (["cosine", abs, None], ["x", 1])),
    "normalization": (["batch", "layer", None], ["group"]),
    "target_scaling": (["standard", None], ["x"]),
    "monitor": (["score", "loss"], ["x", None]),
    "dtype": (["float32", "float64"], ["float16", None]),
    "activation": (["relu", abs, ["relu"]], [1, None]),
    **dict.fromkeys(("kernel_initializer", "bias_initializer", "loss"), (["x", abs], [1, None])),
    "output_activation": (["x"], [1, None, abs]),
    "class_weight": (["balanced", {0: 1.0}, [{0: 1.0}], None], ["x", 1]),
    "metrics": ([["x"], (), None], ["x", 1]),
    "callbacks": ([[], (), abs, keras.callbacks.Callback(), None], ["x", 1]),
    "random_state": ([0, np.random.RandomState(0), None], [-1, "x"]),
    "verbose": ([0, 1, True], [-1, "x"]),
    "optimizer": (["x", object(), None], []),
}


def test_every_parameter_has_its_limits():
    assert set(LIMITS) == set(PARAMETER_CONSTRAINTS)
    for name, (good, bad) in LIMITS.items():
        for value in good:
            check_parameters(type("Estimator", (), {}), PARAMETER_CONSTRAINTS, {"learning_rate": None, name: value})
        for value in bad:
            with pytest.raises(ValueError, match=f"The '{name}' parameter of Estimator must be"):
                check_parameters(type("Estimator", (), {}), PARAMETER_CONSTRAINTS, {"learning_rate": None, name: value})


def test_what_was_found_right_is_not_checked_again():
    kind = type("Estimator", (), {})
    for value, sound in ((0.5, True), ([0.5], False)):
        given = {"learning_rate": None, "dropout": value}
        check_parameters(kind, PARAMETER_CONSTRAINTS, given)
        nothing_is_right = {"dropout": [StrOptions({"x"})], "learning_rate": [None]}
        if sound:
            check_parameters(kind, nothing_is_right, given)
        else:  # it may have been changed
            with pytest.raises(ValueError, match="dropout"):
                check_parameters(kind, nothing_is_right, given)
    with pytest.raises(ValueError, match="dropout"):
        check_parameters(type("Another", (), {}), nothing_is_right, {"learning_rate": None, "dropout": 0.5})


def test_a_rate_by_name_is_told_what_takes_its_place():
    with pytest.raises(ValueError, match="learning_rate='adaptive' is a number here"):
        check_parameters(KerasMLPClassifier, PARAMETER_CONSTRAINTS, {"learning_rate": "adaptive"})


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
        ("optimizer", keras.optimizers.Adam, "optimizer=<class .* is a class: give it an instance"),
    ],
)
def test_an_unknown_name_is_called_unknown(parameter, value, message):
    with pytest.raises(ValueError, match=f"^{message}"):
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
    ("make", "message"),
    [
        (lambda: keras.optimizers.Adam(use_ema=True), "use_ema=True, which is not taken over: leave use_ema out"),
        (lambda: keras.optimizers.Adam(global_clipnorm=1.0), "global_clipnorm=1.0.*use clipnorm"),
        (lambda: keras.optimizers.Adam(clipvalue=1.0), "clipvalue=1.0.*use clipnorm"),
        (lambda: keras.optimizers.Adam(amsgrad=True), "amsgrad=True.*leave amsgrad out"),
        (
            lambda: keras.optimizers.Adam(gradient_accumulation_steps=4),
            "gradient_accumulation_steps=4.*batch_size larger",
        ),
        (lambda: keras.optimizers.Adam(loss_scale_factor=8.0), "loss_scale_factor=8.0"),
        (lambda: keras.optimizers.RMSprop(centered=True), "centered=True"),
        (
            lambda: keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.1, 9)),
            "a schedule.*learning_rate_schedule",
        ),
        (lambda: keras.optimizers.Adam(rate), "a schedule.*learning_rate_schedule"),
        (lambda: keras.optimizers.Adam(beta_1=1.0), r"beta_1=1.0, which must be a float in the range \(0.0, 1.0\)"),
        (lambda: keras.optimizers.Adam(-1.0), "learning_rate=-1.0, which must be a float in"),
        (Mine, "is not one of the optimizers that are trained here: choose one of sgd"),
        (built, "has been used by a model"),
        (keras.losses.Huber, "is not one of the optimizers"),
    ],
)
def test_what_is_not_taken_over_from_an_optimizer_object_is_refused_by_name(make, message, blobs):
    with pytest.raises(ValueError, match=f"optimizer=<.*{message}"):
        KerasMLPClassifier((3,), optimizer=make(), epochs=1).fit(*blobs)


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


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        ([1.0, -0.5, 1.0], "w has negative values, such as -0.5: a weight is at least 0"),
        ([1e308, 1e308, 1.0], r"w has values up to 1e\+308, whose sum is too large for a number: divide them"),
        ([0.0, 0.0, 0.0], "w is zero for every sample"),
        ([1.0, 1.0], r"w has shape \(2,\), but there are 3 samples"),
        ([[1.0], [1.0], [1.0]], r"w has shape \(3, 1\)"),
    ],
)
def test_bad_weights(weight, message):
    with pytest.raises(ValueError, match=message):
        check_sample_weight(weight, 3, "w")
    np.testing.assert_array_equal(check_sample_weight([0.0, 0.0, 1.0], 3, "w"), [0.0, 0.0, 1.0])


def test_the_fewest_rows_of_a_split():
    train, val = split_rows(4, None, 0.5, seed=0)
    assert (len(train), len(val)) == (2, 2)
    assert train.tolist() == sorted(train)
    assert split_rows(8, None, 0.25, seed=1)[1].tolist() != split_rows(8, None, 0.25, seed=2)[1].tolist()
    for n_samples, fraction in ((4, 0.25), (4, 0.75), (3, 0.5)):
        with pytest.raises(ValueError, match="both sides need 2 rows, for a score"):
            split_rows(n_samples, None, fraction, seed=0)
    strata = np.repeat([0, 2, 5], 2)
    train, val = split_rows(6, strata, 0.5, seed=0)
    assert strata[train].tolist() == sorted(strata[val]) == [0, 2, 5]
    for strata, fraction in (
        (np.array([0, 0, 0, 1]), 0.5),
        (np.repeat([0, 1, 2], 2), 0.3),
        (np.repeat([0, 1, 2], 2), 0.6),
    ):
        with pytest.raises(ValueError, match=r"a row of each of the [23] classes"):
            split_rows(len(strata), strata, fraction, seed=0)


def test_the_dtype_of_predictions():
    for X, dtype in (
        (np.zeros(2, "f4"), "f4"),
        (np.zeros(2), "f8"),
        (np.zeros(2, int), "f8"),
        ([[1.0]], "f8"),
        (pd.DataFrame({"a": np.zeros(2, "f4"), "b": np.zeros(2, "f4")}), "f4"),
        (pd.DataFrame({"a": np.zeros(2, "f4"), "b": np.zeros(2)}), "f8"),
        (pd.DataFrame({"a": pd.array([1.0, None], dtype="Float32")}), "f8"),
    ):
        assert floating_dtype(X) == np.dtype(dtype)


def test_sizes_that_are_none():
    for sizes in (0, (3, 0), (2.5,), "3", (True, "x"), (3, 2**31), 2**63):
        with pytest.raises(
            ValueError, match=r"hidden_layer_sizes=.* must hold whole numbers of at least 1 and less than 2³¹"
        ):
            layer_sizes(sizes)
    with pytest.raises(ValueError, match=r"dropout=\[0.1\] has 1 values for 2 hidden layers"):
        dropout_rates([0.1], 2)
    assert per_layer("dropout", np.float64(0.5), 2) == per_layer("dropout", np.array(0.5), 2) == (0.5, 0.5)
    assert dropout_rates(0, 1) == (0.0,)
    assert isinstance(dropout_rates(0, 1)[0], float)
    assert isinstance(layer_sizes(np.array([3]))[0], int)


def test_halves_of_validation_data_are_named():
    with pytest.raises(ValueError, match=r"^X_val was given without y_val"):
        check_together([[1]], None, None)
    with pytest.raises(ValueError, match=r"^y_val was given without X_val"):
        check_together(None, [1], None)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        check_together([[1], [2]], [1], None)


def test_classes_in_the_place_of_objects_are_told():
    for name in ("activation", "kernel_initializer", "bias_initializer", "loss"):
        with pytest.raises(ValueError, match=f"^{name}=.* is a class: give it an instance"):
            checked(**{name: keras.layers.Dense})


def test_a_schedule_of_keras_is_told_to_be_a_factor():
    with pytest.raises(ValueError, match="returns learning rates: give a function"):
        checked(learning_rate_schedule=keras.optimizers.schedules.CosineDecay(0.1, 9))


def test_values_become_those_of_python():
    chosen = checked(l1=np.float32(0.5), epochs=np.int64(3), shuffle=np.bool_(False), regularize_bias=1, l2=2,
                     input_dropout=0, label_smoothing=0, beta_1=np.float32(0.5))  # fmt: skip
    for value, kind in ((chosen.l1, float), (chosen.l2, float), (chosen.epochs, int), (chosen.shuffle, bool),
                        (chosen.regularize_bias, bool), (chosen.input_dropout, float), (chosen.label_smoothing, float),
                        (chosen.settings["beta_1"], float), (chosen.learning_rate, float)):  # fmt: skip
        assert type(value) is kind
    assert (chosen.l1, chosen.epochs, chosen.shuffle, chosen.regularize_bias, chosen.l2) == (0.5, 3, False, True, 2.0)
    bare = {name: value for name, value in KerasMLPClassifier().get_params().items() if name != "label_smoothing"}
    bare.pop("quantile", None)
    assert (check_hyperparameters(bare).label_smoothing, check_hyperparameters(bare).quantile) == (0.0, 0.5)


def test_a_mapped_file_of_numbers_that_are_too_large_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("skmlp._validation._RANGE_BYTES", 32)  # two rows at a time
    X = np.memmap(tmp_path / "X", "f8", "w+", shape=(5, 2))
    _require_range(X, "float32")
    for place in (0, 4):
        for value in (1e39, -1e39):
            X[:] = 0
            X[place, 1] = value
            with pytest.raises(ValueError, match=re.escape(f"too large for dtype('float32'), {value:g}: scale X")):
                _require_range(X, "float32")
            _require_range(X, "float64")
            _require_range(X[:0], "float32")
    X[:] = np.finfo("f4").max
    _require_range(X, "float32")
