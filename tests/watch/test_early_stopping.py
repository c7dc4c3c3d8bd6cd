"""Early stopping keeps to scikit-learn's rule, with a validation whose values are given."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pretended import Pretended

from skmlp._watch.early_stopping import EarlyStopping
from skmlp._watch.recorders import Recorder


def stop_on(values, monitor="score", tol=0.01, patience=2):
    """The epoch that early stopping ends, and the one that it keeps, for the values of an epoch each."""
    recorder = Recorder(None)
    stopping = EarlyStopping(recorder, monitor, tol, patience)
    training = Pretended()
    stopping.begin_training(training)
    for training.epoch, value in enumerate(values, 1):
        recorder.latest = {f"val_{monitor}": value}
        stopping.end_epoch(training, 0.0)
        if training.stop:
            return training.epoch, stopping.best_state.epoch
    return None, stopping.best_state.epoch


def test_the_stopping_rule_is_scikit_learns():
    assert stop_on([0.1, 0.2, 0.3, 0.4]) == (None, 4)
    assert stop_on([0.5, 0.4, 0.4, 0.4, 0.4]) == (4, 1)
    assert stop_on([0.5, 0.505, 0.505, 0.505]) == (4, 2)
    assert stop_on([0.5, 0.4, 0.4, 0.6, 0.4, 0.4]) == (None, 4)


def test_a_loss_is_better_when_it_is_smaller():
    assert stop_on([0.5, 0.6, 0.6, 0.6], monitor="loss") == (4, 1)
    assert stop_on([0.5, 0.4, 0.3, 0.2], monitor="loss") == (None, 4)


@given(st.lists(st.integers(0, 10).map(lambda tenths: tenths / 10), min_size=1), st.integers(1, 4))
def test_the_kept_epoch_is_the_first_of_the_best_before_the_stop(scores, patience):
    stopped, kept = stop_on(scores, patience=patience)
    seen = scores[:stopped]
    assert kept == 1 + int(np.argmax(seen))
    if stopped is not None:
        assert kept == stopped - patience - 1


@pytest.mark.parametrize("monitor", ["score", "loss"])
def test_a_training_that_goes_on_has_to_better_where_it_stands(monitor):
    recorder = Recorder(lambda weights: {"val_score": 0.5, "val_loss": 0.5})
    stopping = EarlyStopping(recorder, monitor, tol=0.0, patience=3)
    training = Pretended(epoch=4)
    stopping.begin_training(training)
    training.epoch = 5
    recorder.latest = {"val_score": 0.4, "val_loss": 0.6}
    stopping.end_epoch(training, 0.0)
    assert stopping.best_state.epoch == 4
    training.epoch = 6
    recorder.latest = {"val_score": 0.6, "val_loss": 0.4}
    stopping.end_epoch(training, 0.0)
    assert stopping.best_state.epoch == 6
