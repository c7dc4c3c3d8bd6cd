"""No copy of an estimator trains another loss than the one that was given."""

import copy
import pickle
from contextlib import suppress
from functools import partial

import keras
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmlp import KerasMLPClassifier, KerasMLPRegressor, TabularMLPRegressor, cache_info
from skmlp._copies import check_copies
from skmlp.wrappers import KerasRegressor

HUBER = r"loss=Huber\(delta=0\.5\) cannot be copied.*functools\.partial\(keras\.losses\.huber, delta=0\.5\)"


def losses():
    """The loss classes of Keras that need no argument."""
    for value in vars(keras.losses).values():
        if isinstance(value, type) and issubclass(value, keras.losses.Loss) and value is not keras.losses.Loss:
            yield value


@pytest.mark.parametrize("cls", list(losses()))
def test_every_loss_as_keras_makes_it_is_accepted(cls):
    check_copies("loss", cls())


@pytest.mark.parametrize(
    "loss",
    [
        keras.losses.Huber(0.5),
        keras.losses.CosineSimilarity(axis=0),
        keras.losses.BinaryCrossentropy(label_smoothing=0.1),
        keras.losses.CategoricalFocalCrossentropy(alpha=0.3, gamma=1.0),
    ],
)
def test_a_loss_is_refused_or_its_copies_compute_the_same(loss):
    accepted = False
    y, outputs = np.eye(3)[[0, 2]], np.array([[0.7, 0.1, 0.2], [3.0, 0.5, 0.5]])
    with suppress(ValueError):
        check_copies("loss", loss)
        accepted = True
    copies = (copy.deepcopy(loss), pickle.loads(pickle.dumps(loss)))
    assert accepted == all(float(copied(y, outputs)) == float(loss(y, outputs)) for copied in copies)


def test_an_estimator_is_not_cloned_to_another_one(line):
    for make in (KerasMLPRegressor, TabularMLPRegressor, KerasRegressor):
        with pytest.raises(ValueError, match=HUBER):
            clone(make(loss=keras.losses.Huber(0.5)))
    with pytest.raises(ValueError, match=HUBER):
        clone(make_pipeline(StandardScaler(), KerasMLPRegressor(loss=keras.losses.Huber(0.5))))
    with pytest.raises(ValueError, match=HUBER):
        clone(KerasRegressor(loss={"price": "mse", "age": keras.losses.Huber(0.5)}))
    misses = cache_info().misses
    with pytest.raises(ValueError, match=HUBER):
        KerasMLPRegressor(loss=keras.losses.Huber(0.5)).fit(*line)
    assert cache_info().misses == misses


def test_what_to_write_instead_is_searched(line):
    losses = [partial(keras.losses.huber, delta=delta) for delta in (0.1, 2.0)]
    search = GridSearchCV(KerasMLPRegressor((4,), epochs=2, random_state=0), {"loss": losses}, cv=2).fit(*line)
    assert len(set(search.cv_results_["mean_test_score"])) == 2


def test_arguments_that_copies_keep_are_accepted(blobs):
    smoothed = keras.losses.CategoricalCrossentropy(label_smoothing=0.2)
    assert clone(KerasMLPClassifier(loss=smoothed)).loss.label_smoothing == 0.2
