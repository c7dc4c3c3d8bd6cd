"""Each kind of target has its loss and its outputs, and refuses those of others."""

import pytest

from skmlp._losses import known_losses, resolve_loss
from skmlp._targets import TARGETS, choose


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
    with pytest.raises(ValueError, match=rf"(?s)loss='{unfit}' does not fit a {kind} target.*{TARGETS[kind].loss}"):
        chosen(kind, unfit)
    with pytest.raises(ValueError, match=r"output_activation='x' does not fit"):
        chosen(kind, "auto", "x")
