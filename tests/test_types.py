"""The names that type checkers know are those that a fit takes."""

import contextlib
import inspect
import typing

import keras
import numpy as np
import pytest

import skmlp
from skmlp import _types
from skmlp._compiled_fit import ENGINES
from skmlp._loss_table import LOSSES
from skmlp._losses import resolve_loss
from skmlp._network import known_activations, known_initializers
from skmlp._optimizers import OPTIMIZERS, known_optimizers
from skmlp._schedules import SCHEDULES
from skmlp._targets import TARGETS
from skmlp._types import names

ADDED_AFTER_KERAS_3_6 = {
    "celu", "hard_shrink", "hard_swish", "hard_tanh", "log_sigmoid", "soft_shrink", "sparse_plus", "sparse_sigmoid",
    "sparsemax", "squareplus", "swish", "tanh_shrink", "muon", "Muon",
}  # fmt: skip
NEWEST = tuple(map(int, keras.__version__.split(".")[:2])) >= (3, 15)
ESTIMATORS = [
    skmlp.KerasMLPClassifier,
    skmlp.KerasMLPRegressor,
    skmlp.TabularMLPClassifier,
    skmlp.TabularMLPRegressor,
]


def losses(target_types):
    """Every name of a loss that `skmlp._losses.resolve_loss` takes for a target of one of these types."""
    aliases = ("bce", "kld", "mae", "mape", "mse", "msle", "BCE", "KLD", "MAE", "MAPE", "MSE", "MSLE")
    found = {"auto"}
    for name in (*aliases, *vars(keras.losses), "quantile"):
        with contextlib.suppress(ValueError, TypeError):  # not a loss, or not one of a sample
            row = resolve_loss(name, "float32").row
            if row is not None and target_types & set(LOSSES[row].kinds):
                found.add(name)
    return found


LABELS = TARGETS.keys() - {"regression"}


@pytest.mark.parametrize(
    ("literal", "known"),
    [
        (_types.ActivationName, lambda: set(known_activations())),
        (_types.InitializerName, lambda: set(known_initializers())),
        (_types.OptimizerName, lambda: {*known_optimizers(), *(OPTIMIZERS[n].class_name for n in known_optimizers())}),
        (_types.ClassifierLossName, lambda: losses(LABELS)),
        (_types.RegressorLossName, lambda: losses({"regression"})),
    ],
)
def test_the_names_of_kerass_are_those_that_the_installed_keras_has(literal, known):
    assert known() <= names(literal)
    assert names(literal) - known() <= (set() if NEWEST else ADDED_AFTER_KERAS_3_6)


def test_the_names_of_ours_are_those_of_the_tables():
    outputs = [{"auto", *(name for kind in kinds for name in TARGETS[kind].output_activations)}
               for kinds in (LABELS, {"regression"})]  # fmt: skip
    assert outputs == [names(_types.ClassifierOutputName), names(_types.RegressorOutputName)]
    assert names(_types.ScheduleName) == SCHEDULES.keys()
    assert names(_types.EngineName) == set(ENGINES) == {"auto", "compiled", "keras"}


def literals(annotation):
    """The names in an annotation."""
    if typing.get_origin(annotation) is typing.Literal:
        return set(typing.get_args(annotation))
    return set().union(*map(literals, typing.get_args(annotation)))


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_the_names_in_a_constructor_are_those_of_its_constraints(estimator):
    annotations = typing.get_type_hints(estimator.__init__)
    compared = 0
    for name, constraints in estimator._parameter_constraints.items():
        options = [each.options for each in constraints if type(each).__name__ == "StrOptions"]
        if options:
            assert literals(annotations[name]) == options[0], name
            compared += 1
    assert compared >= 7


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_every_default_is_of_its_type_and_no_option_that_is_a_name_is_any_string(estimator):
    annotations = typing.get_type_hints(estimator.__init__)
    for name, parameter in inspect.signature(estimator).parameters.items():
        assert str not in typing.get_args(annotations[name])
        assert annotations[name] is not str
        if isinstance(parameter.default, str):
            assert parameter.default in literals(annotations[name]), name


def test_a_name_may_be_a_string_of_numpys():
    drawn = np.array(["tanh", "sgd", "hinge", "linear", "cosine", "loss", "float64", "layer"])
    activation, optimizer, loss, output, schedule, monitor, dtype, normalization = drawn
    classifier = skmlp.KerasMLPClassifier(
        (2,), activation, optimizer=optimizer, loss=loss, output_activation=output, learning_rate_schedule=schedule,
        monitor=monitor, dtype=dtype, normalization=normalization, epochs=1,
    )  # fmt: skip
    assert classifier.fit([[0.0], [1.0]], [0, 1]).decision_function([[0.0]]).dtype == np.float64
