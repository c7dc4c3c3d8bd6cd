"""Each kind of target has its loss and its outputs, and refuses those of others."""

import numpy as np
import pytest

from skmlp._loss_table import GivenLoss, fitting_losses
from skmlp._losses import known_losses, resolve_loss
from skmlp._targets import TARGETS, Coding, Target, choose


def chosen(kind, loss="auto", output_activation="auto"):
    choice = choose(kind, resolve_loss(loss, "float32"), output_activation, known_losses())
    return choice.loss, choice.output_activation


def test_auto_takes_the_default_of_a_row():
    assert chosen("binary") == ("binary_crossentropy", "sigmoid")
    assert chosen("multiclass") == ("categorical_crossentropy", "softmax")
    assert chosen("one-hot") == ("categorical_crossentropy", "softmax")
    assert chosen("multilabel") == ("binary_crossentropy", "sigmoid")
    assert chosen("multioutput") == ("categorical_crossentropy", "softmax")
    assert chosen("regression") == ("mean_squared_error", "linear")


@pytest.mark.parametrize("kind", TARGETS)
def test_unknown_choices_list_the_known_ones(kind):
    unfit = "categorical_crossentropy" if kind == "regression" else "quantile"
    fitting = ", ".join(fitting_losses(kind, known_losses()))
    assert TARGETS[kind].loss in fitting
    with pytest.raises(ValueError, match=f"loss='{unfit}' does not fit a {kind} target: .* one of {fitting}[.]"):
        chosen(kind, unfit)
    with pytest.raises(ValueError, match=r"output_activation='x' does not fit"):
        chosen(kind, "auto", "x")


@pytest.mark.parametrize(
    ("kind", "activations"),
    [
        ("binary", ["sigmoid", "linear"]),
        ("multiclass", ["softmax", "linear"]),
        ("one-hot", ["softmax", "linear"]),
        ("multilabel", ["sigmoid", "linear"]),
        ("regression", ["linear", "sigmoid", "softplus", "exponential", "relu", "tanh"]),
    ],
)
def test_each_kind_takes_its_outputs(kind, activations):
    for activation in activations:
        assert chosen(kind, "mean_squared_error", activation) == ("mean_squared_error", activation)


def own(y, outputs):
    return y - outputs


def boundary(kind, loss, activation):
    return choose(kind, resolve_loss(loss, "float32"), activation, known_losses()).boundary


def test_scores_are_compared_with_the_boundary_of_their_loss():
    assert boundary("binary", "mean_squared_error", "linear") == 0.5
    assert boundary("binary", "mean_squared_error", "sigmoid") == 0.0
    assert boundary("binary", "auto", "auto") == 0.0
    assert boundary("multilabel", "hinge", "linear") == 0.0


def test_the_boundary_of_a_loss_of_the_users_own_is_to_be_found_for_scores():
    assert boundary("binary", own, "linear") is None
    assert boundary("multilabel", own, "linear") is None
    assert boundary("binary", own, "sigmoid") == 0.0
    assert boundary("multiclass", own, "linear") == 0.0
    assert boundary("regression", own, "linear") == 0.0


def test_scores_of_a_loss_that_takes_logits_are_logits():
    given = GivenLoss("own", resolve_loss(own, "float32").loss, None, from_logits=True)
    assert choose("binary", given, "linear", known_losses()).boundary == 0.0


def test_several_outputs_take_no_loss_of_a_whole_row():
    with pytest.raises(ValueError, match="does not fit a multioutput target"):
        chosen("multioutput", own)


def test_outputs_for_which_a_loss_is_not_defined_are_refused():
    with pytest.raises(ValueError, match="poisson"):
        chosen("regression", "poisson", "tanh")


def test_some_of_the_samples_of_a_target():
    numbers = Target("regression", np.arange(6.0)[:, None], None)
    assert numbers.strata is None
    assert numbers.rows(np.array([4, 1])).encoded.tolist() == [[4.0], [1.0]]
    assert numbers.rows(np.array([4, 1])).codes is None
    labels = Target("multiclass", np.eye(3), np.arange(3))
    assert labels.rows(np.array([2])).codes.tolist() == [2]
    assert labels.strata.tolist() == [0, 1, 2]
    assert Target("multilabel", np.eye(3), np.eye(3, dtype=int)).strata is None


def test_labels_are_told_at_0_unless_a_loss_says_otherwise():
    assert Coding("binary", "hinge", "linear", sparse=False, given=resolve_loss("hinge", "float32")).boundary == 0.0
