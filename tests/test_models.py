"""What is read of a user's Keras model: equal for two builds that differ in values alone, and for no others."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skmlp._compilations import compilation, read_objectives, read_optimizer
from skmlp._keras import keras
from skmlp._model_parts import Unsupported, all_layers, flat_arrays, has_own_layers, output_names, structure
from skmlp._models import read_model
from skmlp._spec import Form

L = keras.layers


def build(rate=0.3, l2=1e-3, width=3, activation="relu", seed=None, initializer="he_normal", **names):
    inputs = keras.Input((4,))
    regularizer = keras.regularizers.L2(l2) if l2 is not None else None
    hidden = L.Dense(width, activation, kernel_regularizer=regularizer, kernel_initializer=initializer, **names)(inputs)
    return keras.Model(inputs, L.Dense(2)(L.Dropout(rate, seed=seed)(L.BatchNormalization()(hidden))))


CHANGES = {
    "rate": st.floats(0.1, 0.9),
    "l2": st.floats(1e-6, 1.0),
    "seed": st.integers(0, 99),
    "initializer": st.sampled_from(["zeros", "glorot_uniform", keras.initializers.Constant(3.0)]),
    "name": st.sampled_from(["a", "relu", "b_1"]),
}


@settings(deadline=None, max_examples=20)
@given(st.fixed_dictionaries({}, optional=CHANGES))
def test_builds_that_differ_in_values_have_one_structure(changes):
    model = build(**changes)
    read = read_model(model)
    assert read.spec == read_model(build()).spec
    assert hash(read.spec) == hash(read_model(build()).spec)
    assert read.values == pytest.approx({"rate_0": changes.get("rate", 0.3), "l2_0": changes.get("l2", 1e-3)}, rel=1e-6)


@pytest.mark.parametrize(
    "changes",
    [
        {"rate": 0.0},
        {"l2": None},
        {"width": 4},
        {"activation": "tanh"},
        {"activation": keras.activations.gelu},
        {"trainable": False},
        {"use_bias": False},
        {"kernel_constraint": "non_neg"},
        {"dtype": "float64"},
    ],
)
def test_other_structures_have_other_keys(changes):
    assert read_model(build(**changes)).spec != read_model(build()).spec


class Doubled(keras.Operation):
    def call(self, inputs):
        return 2 * inputs

    def compute_output_spec(self, inputs):
        return keras.KerasTensor(inputs.shape, inputs.dtype)


def within(inputs):
    return keras.Model(inputs, keras.ops.tanh(inputs))


OPERATIONS = {
    "x + y": lambda x: x + L.Dense(4)(x),
    "x * 2": lambda x: x * 2.0,
    "x * 3": lambda x: x * 3.0,
    "a constant array": lambda x: x * np.arange(4, dtype="float32"),
    "another constant array": lambda x: x * np.arange(1, 5, dtype="float32"),
    "a slice": lambda x: x[:, ::2],
    "another slice": lambda x: x[:, 1::2],
    "relu": keras.ops.relu,
    "a mean over an axis": lambda x: keras.ops.mean(x, axis=1, keepdims=True),
    "a cast there and back": lambda x: keras.ops.cast(keras.ops.cast(x, "int32"), "float32"),
    "in a model within": lambda x: within(keras.Input((4,)))(L.Dense(4)(x)),
}


def test_operations_between_layers_are_the_same_in_each_build():
    def operating(operation):
        inputs = keras.Input((4,))
        return keras.Model(inputs, L.Dense(2)(operation(L.Dense(4)(inputs))))

    keys = [read_model(operating(each)).spec for each in OPERATIONS.values()]
    assert keys == [read_model(operating(each)).spec for each in OPERATIONS.values()]
    assert len({*keys}) == len(keys)


class Factor:
    def __init__(self, factor):
        self.factor = factor

    def scaled(self, x):
        return x * self.factor


def test_methods_count_by_what_they_are_bound_to():
    def scaling(factor):
        return keras.Sequential([keras.Input((4,)), L.Lambda(Factor(factor).scaled)])

    assert read_model(scaling(2.0)).own
    assert read_model(scaling(2.0)).spec == read_model(scaling(2.0)).spec
    assert read_model(scaling(2.0)).spec != read_model(scaling(3.0)).spec


@pytest.mark.parametrize("name", ["x + y", "x * 2", "a constant array", "relu", "in a model within"])
def test_operations_number_by_number_do_not_see_the_batch(name):
    assert not has_own_layers(calling(OPERATIONS[name]))


@pytest.mark.parametrize("name", ["a slice", "a mean over an axis"])
def test_other_operations_may_see_the_batch_as_a_whole(name):
    assert has_own_layers(calling(OPERATIONS[name]))


@pytest.mark.parametrize(
    ("layer", "joins"),
    [
        (lambda: L.Softmax(axis=0), True),
        (lambda: L.Softmax(axis=-2), True),
        (lambda: L.UnitNormalization(axis=[0]), True),
        (L.LayerNormalization, False),
        (L.Softmax, False),
        (L.BatchNormalization, False),
    ],
)
def test_layers_over_the_axis_of_the_samples_see_batches_as_they_are(layer, joins):
    assert has_own_layers(keras.Sequential([keras.Input((4,)), layer()])) is joins
    if layer().axis != -2:  # where a layer is used twice, its axes are all that is known
        inputs, shared = keras.Input((4,)), layer()
        assert has_own_layers(keras.Model(inputs, shared(shared(inputs)))) is joins


def test_a_name_is_not_mistaken_for_an_activation():
    assert read_model(build(name="tanh", activation="tanh")).spec != read_model(build(name="relu")).spec


class Scale(L.Layer):
    def __init__(self, factor, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, inputs):
        return inputs * self.factor

    def get_config(self):
        return {**super().get_config(), "factor": self.factor}


class Silent(L.Layer):
    def __init__(self, layers, **kwargs):
        super().__init__(**kwargs)
        self.inner = list(layers)

    def call(self, inputs):
        return self.inner[0](inputs)


def own(factor):
    return keras.Sequential([keras.Input((4,)), Scale(factor), L.Lambda(lambda x: x + factor), L.Dense(1)])


def test_layers_of_ones_own_count_by_what_they_hold():
    assert read_model(own(2.0)).spec == read_model(own(2.0)).spec
    assert read_model(own(2.0)).spec != read_model(own(3.0)).spec
    assert read_model(own(2.0)).own
    assert not read_model(build()).own


def half(row):
    return row / 2


class Halved:
    def __call__(self, row):
        return row / 2

    def get_config(self):
        return {}


def within_model(function):
    inputs = keras.Input((4,))
    return keras.Model(inputs, calling(function)(inputs))


class Subclassed(keras.Model):
    def call(self, inputs):
        return inputs


class OwnStep(keras.Model):
    def train_step(self, data):
        return {}


def own_step(inputs):
    return OwnStep(inputs, inputs)


def refused(*layers, **compiled):
    model = keras.Sequential([keras.Input((4,)), *layers])
    model.compile(**{"loss": "mse", **compiled})
    return model


def calling(function):
    inputs = keras.Input((4,))
    return keras.Model(inputs, function(inputs))


class Applied(L.Layer):
    def call(self, inputs, function):
        return function(inputs)


REASONS = {
    "Doubled is an operation of your own": lambda: calling(Doubled()),
    "is called with a lambda": lambda: calling(lambda x: keras.ops.map(lambda row: row * 2, x)),
    "is called with the function 'half'": lambda: calling(lambda x: L.Dense(1)(Applied()(x, function=half))),
    "is called with the function 'half', of": lambda: keras.Sequential(
        [keras.Input((2, 4)), L.TimeDistributed(calling(lambda x: keras.ops.map(half, x)))]
    ),
    "is called with an object of Halved": lambda: within_model(lambda x: keras.ops.map(Halved(), x)),
    "a call of its own": Subclassed,
    "has a train_step of its own": lambda: own_step(keras.Input((1,))),
    "run eagerly": lambda: refused(run_eagerly=True),
    "looks values up in a table": lambda: refused(L.IntegerLookup(vocabulary=[1, 2])),
    "keeps its state from batch to batch": lambda: keras.Sequential(
        [keras.Input(batch_shape=(2, 3, 1)), L.LSTM(2, stateful=True)]
    ),
    "skips values": lambda: keras.Sequential([keras.Input((6, 6, 6, 1)), L.Conv3D(1, 1, strides=3, padding="same")]),
    "computes in another precision": lambda: refused(L.Dense(2, dtype="mixed_bfloat16")),
    "does not say how it was made": lambda: refused(Silent([L.Dense(1)])),
}


@pytest.mark.parametrize("reason", REASONS)
def test_what_cannot_be_trained_is_refused_with_its_reason(reason):
    with pytest.raises(Unsupported, match=reason):
        read_model(REASONS[reason]())


@pytest.mark.parametrize(
    ("optimizer", "reason"),
    [
        (keras.optimizers.Adam(use_ema=True), "averages the weights"),
        (keras.optimizers.Adam(gradient_accumulation_steps=2), "accumulates gradients"),
        (keras.optimizers.Adam(loss_scale_factor=2.0), "scales the loss"),
        (keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam()), "scales the loss"),
    ],
)
def test_optimizers_that_do_more_than_take_steps_are_refused(optimizer, reason):
    with pytest.raises(Unsupported, match=reason):
        read_optimizer(optimizer)


def test_settings_of_an_optimizer_are_values():
    read = read_optimizer(keras.optimizers.Adam(0.1, beta_1=0.8, clipnorm=0.5))
    other = read_optimizer(keras.optimizers.Adam(0.2, beta_1=0.7, clipnorm=0.1))
    assert read.spec == other.spec
    assert (read.learning_rate, other.learning_rate) == pytest.approx((0.1, 0.2))
    assert {name: other.values[name] for name in ("beta_1", "clipnorm")} == {"beta_1": 0.7, "clipnorm": 0.1}
    assert read.spec != read_optimizer(keras.optimizers.Adam(0.1, amsgrad=True)).spec


def two_outputs(loss, loss_weights=None):
    inputs = keras.Input((4,), name="numbers")
    model = keras.Model(inputs, [L.Dense(1, name="a")(inputs), L.Dense(1, "sigmoid", name="b")(inputs)])
    model.compile(loss=loss, loss_weights=loss_weights)
    return model


TARGETS = [Form((1,), "float32")] * 2


def test_each_output_has_its_loss_and_share():
    by_name = two_outputs({"b": keras.losses.BinaryCrossentropy(label_smoothing=0.2), "a": "mse"}, {"b": 0.5})
    objectives, values, is_own = read_objectives(by_name, TARGETS)
    assert [objective.shared for objective in objectives] == [False, True]
    assert values == {"label_smoothing_1": 0.2, "share_1": 0.5}
    assert not is_own
    in_order, _, _ = read_objectives(
        two_outputs(["mse", keras.losses.BinaryCrossentropy(label_smoothing=0.1)], [1, 2]), TARGETS
    )
    assert in_order[1] == objectives[1]
    assert read_objectives(two_outputs(["mse", lambda y, p: (y - p) ** 2]), TARGETS)[2]


@pytest.mark.parametrize(
    ("loss", "reason"),
    [({"a": "mse"}, "the outputs are"), (["mse", None], "has no loss"), (["mse"] * 3, "3 entries for 2 outputs")],
)
def test_an_output_without_a_loss_is_refused(loss, reason):
    model = two_outputs(["mse", "mse"])
    model._compile_config.config["loss"] = loss
    with pytest.raises(Unsupported, match=reason):
        read_objectives(model, TARGETS)


def test_arrays_are_matched_by_name_and_in_order():
    model = two_outputs("mse")
    a, b = np.zeros(2), np.ones(2)
    assert [each.tolist() for each in flat_arrays(model, {"b": b, "a": a}, "outputs")] == [[0, 0], [1, 1]]
    assert flat_arrays(model, {"numbers": a}, "inputs")[0] is a
    with pytest.raises(Unsupported, match=r"keys \['c'\]"):
        flat_arrays(model, {"c": a}, "inputs")
    with pytest.raises(Unsupported, match="1 arrays for 2 outputs"):
        flat_arrays(model, a, "outputs")


def test_what_is_private_in_keras_is_where_it_was():
    # The engine reads these attributes, which have no public counterpart; see the functions for the reasons.
    inputs = {"x": keras.Input((2,), name="x"), "y": keras.Input((3,), name="y")}
    block = keras.Sequential([keras.Input((5,)), L.Dense(2)])
    model = keras.Model(inputs, {"out": block(L.Concatenate()([inputs["x"], inputs["y"]]))})
    model.compile("sgd", loss="mse", metrics=["mae"], loss_weights=[2.0])
    assert [*structure(model, "inputs")] == ["x", "y"]
    assert [*structure(model, "outputs")] == ["out"]
    given = compilation(model)
    assert (given["loss"], given["metrics"], given["loss_weights"]) == ("mse", ["mae"], [2.0])
    assert {type(layer) for layer in all_layers(model)} >= {L.Concatenate, keras.Sequential, L.Dense}
    assert L.LSTMCell in {type(layer) for layer in all_layers(L.Bidirectional(L.LSTM(2)))}
    assert len(output_names(model)) == 1
    assert hasattr(model.optimizer._learning_rate, "assign")


def test_the_products_of_convolutions_are_counted():
    def products(*layers, shape=(6, 6, 2)):
        return read_model(keras.Sequential([keras.Input(shape), *layers])).convolved

    # At the places of the input or of the output, whichever has more.
    assert products(L.Conv2D(5, 3)) == 6 * 6 * (3 * 3 * 2 * 5)
    assert products(L.Conv2D(5, 3), L.Conv2D(1, 2, padding="same")) == 6 * 6 * (3 * 3 * 2 * 5) + 4 * 4 * (2 * 2 * 5)
    assert products(L.Conv1D(4, 3), shape=(7, 2)) == 7 * 3 * 2 * 4
    assert products(L.Dense(3)) == 0
    # Where they are not written as products of matrices, XLA takes longer, and much longer over more than 64 places.
    assert products(L.Conv2D(4, 3, groups=2)) == 4 * 6 * 6 * (3 * 3 * 1 * 4)
    assert products(L.Conv2DTranspose(4, 1, use_bias=False)) == 4 * 6 * 6 * 2 * 4
    assert products(L.Conv1D(4, 3, groups=2), shape=(65, 2)) == 128 * 65 * 3 * 1 * 4
    assert products(L.Conv1D(4, 65), shape=(70, 2)) == 128 * 70 * 65 * 2 * 4
    assert products(L.TimeDistributed(L.Conv1D(4, 3)), shape=(2, 6, 2)) >= 1 << 22
