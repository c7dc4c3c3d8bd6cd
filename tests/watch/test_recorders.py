"""Histories hold what was told, epoch by epoch and every few steps."""

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pretended import Pretended

from skmlp import KerasMLPClassifier, KerasMLPRegressor
from skmlp._watch.recorders import Recorder, StepRecorder

losses_of_epochs = st.lists(st.lists(st.floats(0, 10), min_size=1, max_size=7), min_size=1, max_size=4)


def validate(weights):
    """The weight of the pretended training, as a loss."""
    return {"val_loss": float(weights[0][0])}


def test_each_epoch_adds_its_loss_its_rate_and_its_validation():
    recorder = Recorder(validate)
    training = Pretended()
    for training.epoch, training.step, loss in ((1, 10, 0.5), (2, 20, 0.25)):
        recorder.end_epoch(training, loss)
    assert recorder.history == {"loss": [0.5, 0.25], "val_loss": [10.0, 20.0], "learning_rate": [0.1, 0.1]}
    assert recorder.latest == {"loss": 0.25, "val_loss": 20.0}


def test_a_history_that_is_continued_stays_aligned_and_the_earlier_one_as_it_is():
    earlier = {"loss": [1.0], "learning_rate": [0.1]}
    recorder = Recorder(validate, earlier)
    recorder.end_epoch(Pretended(step=7), 0.5)
    np.testing.assert_equal(
        recorder.history, {"loss": [1.0, 0.5], "learning_rate": [0.1, 0.1], "val_loss": [np.nan, 7.0]}
    )
    assert earlier == {"loss": [1.0], "learning_rate": [0.1]}


def test_only_validation_has_to_see_each_epoch():
    assert Recorder(validate).attentive
    assert not Recorder(None).attentive


def test_the_epochs_after_an_interrupt_are_cut():
    recorder = Recorder(None)
    for loss in (3.0, 2.0, 1.0):
        recorder.end_epoch(Pretended(), loss)
    recorder.cut(2)
    assert recorder.history == {"loss": [3.0, 2.0], "learning_rate": [0.1, 0.1]}


@given(losses_of_epochs, st.integers(1, 9), st.integers(0, 20))
def test_records_hold_the_mean_of_the_losses_since_the_last_one(epochs, every, start):
    recorder = StepRecorder(every, None)
    training = Pretended(step=start)
    losses, group = {}, []
    for number, loss in enumerate((loss for epoch in epochs for loss in epoch), start + 1):
        group.append(loss)
        if number % every == 0:
            losses[float(number)] = np.mean(group)
            group = []
    for epoch in epochs:  # a group ends at a multiple of `every`, and with its epoch
        ends = [i for i in range(1, len(epoch) + 1) if (training.step + i) % every == 0 or i == len(epoch)]
        for first, last in zip([0, *ends], ends, strict=False):
            training.step += last - first
            recorder.end_steps(training, np.array(epoch[first:last]))
    assert recorder.history.get("step", []) == list(losses)
    np.testing.assert_allclose(recorder.history.get("loss", []), list(losses.values()), atol=1e-12)


def test_the_records_of_an_interrupted_epoch_are_cut():
    recorder = StepRecorder(2, validate)
    training = Pretended()
    for training.step in (2, 4, 6):
        recorder.end_steps(training, np.ones(2))
    recorder.cut(5)
    assert recorder.history == {"step": [2.0, 4.0], "loss": [1.0, 1.0], "val_loss": [2.0, 4.0]}


@pytest.mark.parametrize("batch_size", [4, 10], ids=["xla", "plain graph"])
def test_record_every_records_the_means_of_the_losses_of_its_steps(batch_size, blobs):
    X, y = blobs
    settings = {"hidden_layer_sizes": (5,), "batch_size": batch_size, "epochs": 4, "random_state": 0}
    steps = KerasMLPClassifier(record_every=1, **settings).fit(X, y).step_history_
    fitted = KerasMLPClassifier(record_every=4, **settings).fit(X, y, X_val=X, y_val=y)
    records = fitted.step_history_
    assert records["step"] == steps["step"][3::4]
    np.testing.assert_allclose(records["loss"], np.reshape(steps["loss"], (-1, 4)).mean(axis=1), rtol=1e-6)
    assert len(records["val_loss"]) == len(records["val_score"]) == len(records["step"])
    assert records["val_score"][-1] == fitted.validation_scores_[-1]
    assert KerasMLPClassifier((5,), epochs=1).fit(X, y).step_history_ is None


def test_records_go_on_with_the_fit(line):
    settings = {"hidden_layer_sizes": (3,), "batch_size": 16, "record_every": 7, "random_state": 0}
    whole = KerasMLPRegressor(epochs=6, **settings).fit(*line)
    parts = KerasMLPRegressor(epochs=3, warm_start=True, **settings).fit(*line).fit(*line)
    assert parts.step_history_["step"] == whole.step_history_["step"] == [7, 14, 21, 28]


def test_records_beside_other_watchers_are_the_same(line):
    class Batches(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            pass

    settings = {"hidden_layer_sizes": (3,), "batch_size": 16, "epochs": 4, "record_every": 7, "random_state": 0}
    alone = KerasMLPRegressor(**settings).fit(*line)
    beside = KerasMLPRegressor(callbacks=[Batches()], **settings).fit(*line)
    assert beside.step_history_["step"] == alone.step_history_["step"]
    np.testing.assert_allclose(beside.step_history_["loss"], alone.step_history_["loss"], rtol=1e-6)
