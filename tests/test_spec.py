"""What is static and what is traced: a value has a place in a program just when it is on."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from specs import NETWORK, plan

from skmlp._spec import (
    Form,
    ModelSpec,
    NetworkSpec,
    Objective,
    OptimizerSpec,
    State,
    TrainingSpec,
    complement_name,
    dropout_name,
    penalty_name,
    share_name,
    steps_per_epoch,
)


def spec(values):
    some = plan()
    return TrainingSpec(NETWORK, some.inputs, some.objectives, some.dtype, values, scheduled=(), n_weights=None,
                        optimizer=some.optimizer, jit_compile=False, batch_size=None, block_steps=None)  # fmt: skip


RATE = st.one_of(st.just(0.0), st.floats(0.01, 0.9))


@given(RATE, RATE, RATE, RATE, st.tuples(RATE, RATE))
def test_a_value_has_a_place_when_it_is_on(l1, l2, smoothing, input_dropout, dropout):
    values = plan(l1=l1, l2=l2, label_smoothing=smoothing, input_dropout=input_dropout, dropout=dropout).values
    expected = {"kernel_l1": l1, "kernel_l2": l2, "label_smoothing": smoothing, "input_dropout": input_dropout}
    expected |= {dropout_name(layer): rate for layer, rate in enumerate(dropout)}
    assert values == {name: value for name, value in expected.items() if value}


@given(RATE, st.tuples(RATE, RATE), st.sampled_from([None, "cosine", abs]))
def test_dropout_rates_are_passed_by_step_whatever_their_schedule(input_dropout, dropout, schedule):
    some = plan(input_dropout=input_dropout, dropout=dropout, dropout_schedule=schedule, l2=0.1)
    assert [*some.scheduled] == [name for name in some.values if "dropout" in name]


@given(RATE, RATE)
def test_biases_have_a_penalty_where_they_are_regularised(l1, l2):
    values = plan(l1=l1, l2=l2, regularize_bias=True).values
    expected = {
        penalty_name(kind, norm): each for kind in ("kernel", "bias") for norm, each in (("l1", l1), ("l2", l2))
    }
    assert values == {name: value for name, value in expected.items() if value}


def test_two_strengths_of_a_penalty_have_one_structure():
    assert [*plan(l2=0.1, dropout=(0.2, 0.0)).values] == [*plan(l2=0.7, dropout=(0.9, 0.0)).values]
    assert [*plan(l2=0.1).values] != [*plan(l1=0.1).values]


def test_a_quantile_belongs_to_its_loss():
    assert plan("quantile", quantile=0.3).values == {"quantile": 0.3}
    assert plan(quantile=0.3).values == {}


def test_a_setting_travels_with_its_exact_complement():
    values = plan(settings={"beta_2": 0.999, "epsilon": 1e-7}).values
    assert values[complement_name("beta_2")] == 1 - 0.999
    packed = spec(tuple(values))
    assert packed.settings == ("beta_2", "epsilon")
    vector = packed.pack(values)
    assert vector.dtype == "float32"
    np.testing.assert_array_equal(vector, np.array([0.999, 1 - 0.999, 1e-7, 1 - 1e-7], "float32"))
    assert vector[1] != np.float32(1) - np.float32(0.999)


@given(st.permutations(["l1", "l2", "dropout_0"]))
def test_values_arrive_in_the_order_of_the_spec(names):
    given_values = {"l1": 1.0, "l2": 2.0, "dropout_0": 3.0}
    assert spec(tuple(names)).pack(given_values).tolist() == [given_values[name] for name in names]


@pytest.mark.parametrize(("n_samples", "steps"), [(1, 1), (32, 1), (33, 2), (64, 2)])
def test_steps_of_an_epoch(n_samples, steps):
    assert steps_per_epoch(n_samples, 32) == steps


def test_any_length_has_the_size_1():
    assert Form((None, 3, None), "float32").sizes == (1, 3, 1)


def test_the_input_is_that_of_the_features():
    network = NetworkSpec(7, (2,), ("relu",), None, 1, "linear", "float64")
    assert network.inputs == (Form((7,), "float64"),)
    assert (network.heads, network.n_members) == (None, 1)


def test_a_plan_says_what_the_engine_must_know():
    some = plan("hinge", learning_rate=0.3, learning_rate_schedule="cosine", dropout_schedule=abs, shuffle=False)
    assert (some.architecture, some.inputs, some.dtype) == (NETWORK, NETWORK.inputs, "float32")
    assert some.objectives == (Objective("hinge", Form((2,), "float32")),)
    assert (some.learning_rate, some.learning_rate_schedule, some.dropout_schedule) == (0.3, "cosine", abs)
    assert (some.measures, some.compiles, some.convolved, some.exact) == (None, True, 0, False)
    assert some.shuffle is False
    assert plan().shuffle is True


def test_class_numbers_are_one_integer_a_sample():
    some = replace(plan("categorical_crossentropy"), sparse_labels=True)
    assert some.objectives == (Objective("categorical_crossentropy", Form((), "int32")),)
    assert (some.objectives[0].shared, some.objectives[0].code) == (False, ())
    assert share_name(3) == "share_3"


def test_the_flag_of_nesterov_is_compiled():
    assert plan(nesterov=True).optimizer == OptimizerSpec("sgd", (("nesterov", True),))
    assert plan().optimizer == OptimizerSpec("sgd") == OptimizerSpec("sgd", ())


def test_dropped_inputs_are_not_multiplied_sparse():
    assert plan().multiplies_sparse is True
    assert plan(input_dropout=0.1).multiplies_sparse is False


def test_a_model_counts_by_its_key_alone():
    one, other = ModelSpec("key", lambda: 1), ModelSpec("key", lambda: 2)
    assert one == other
    assert hash(one) == hash(other)
    assert repr(one) == "ModelSpec(key='key')"
    assert one != ModelSpec("another", one.model)


def test_a_program_fills_dense_batches_and_measures_nothing_unless_told():
    some = spec(())
    assert (some.sparse, some.exact, some.measures) == (False, False, None)


def test_a_training_begins_at_0():
    some = State([])
    assert (some.optimizer, some.epoch, some.step) == (None, 0, 0)
