"""scikit-learn's callbacks, where it has them."""

import re

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmlp import KerasMLPClassifier, KerasMLPRegressor

sklearn_callback = pytest.importorskip("sklearn.callback", reason="scikit-learn has callbacks from version 1.9 on")


class Watch:
    """Follows a fit; stops it after some epochs."""

    def __init__(self, last=None):
        self.last = last
        self.tasks = []
        self.scores = []
        self.torn_down = 0

    def setup(self, estimator, context):
        self.tasks.append("setup")

    def teardown(self, estimator, context):
        self.torn_down += 1

    def on_fit_task_begin(self, estimator, context):
        self.tasks.append(("begin", context.task_name, context.max_subtasks))

    def on_fit_task_end(self, estimator, context, *, X=None, y=None, metadata=None, fitted_estimator=None):
        self.tasks.append(("end", context.task_name, context.task_id))
        self.scores.append((fitted_estimator.n_iter_, fitted_estimator.score(X, y), dict(metadata)))
        return context.task_name == "epoch" and context.task_id + 1 == self.last


def test_each_epoch_is_a_task(blobs):
    X, y = blobs
    watch = Watch()
    fitted = KerasMLPClassifier((4,), epochs=2, random_state=0).set_callbacks(watch).fit(X, y, np.ones(60))
    assert watch.tasks == [
        "setup",
        ("begin", "fit", 2),
        ("begin", "epoch", 0),
        ("end", "epoch", 0),
        ("begin", "epoch", 0),
        ("end", "epoch", 1),
        ("end", "fit", 0),
    ]
    assert [score[0] for score in watch.scores] == [1, 2, 2]
    assert watch.scores[-1][1] == fitted.score(X, y)
    assert list(watch.scores[0][2]) == ["sample_weight"]
    assert watch.torn_down == 1


def test_a_hook_stops_the_fit(line):
    watch = Watch(last=3)
    fitted = KerasMLPRegressor((4,), epochs=50, random_state=0).set_callbacks(watch).fit(*line)
    assert fitted.n_iter_ == 3
    assert not hasattr(fitted, "_callback_fit_ctx")


def test_a_failing_fit_tears_down_and_keeps_the_earlier_one(line):
    watch = Watch()
    fitted = KerasMLPRegressor((4,), epochs=1).fit(*line)
    before = fitted.predict(line[0])
    with pytest.raises(ValueError, match="epochs"):
        fitted.set_params(epochs=-1).set_callbacks(watch).fit(*line)
    assert watch.torn_down == 1
    np.testing.assert_array_equal(fitted.predict(line[0]), before)
    assert not hasattr(fitted, "_callback_fit_ctx")


def test_partial_fit_has_them_too(line):
    watch = Watch()
    KerasMLPRegressor((4,)).set_callbacks(watch).partial_fit(*line)
    assert watch.tasks[-1] == ("end", "fit", 0)


def test_scores_of_every_epoch(blobs):
    X, y = blobs
    monitor = sklearn_callback.ScoringMonitor(scoring="accuracy")
    fitted = KerasMLPClassifier((4,), epochs=3, random_state=0).set_callbacks(monitor).fit(X, y)
    data = monitor.get_logs()[0].data if isinstance(monitor.get_logs(), list) else monitor.get_logs().data
    epochs = [row["accuracy"] for row in data if row["task_name"] == "epoch"]
    assert len(epochs) == 3
    assert epochs[-1] == fitted.score(X, y)


def test_progress_through_a_search_and_a_pipeline(blobs, capfd, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    pipeline = make_pipeline(StandardScaler(), KerasMLPClassifier((4,), epochs=2))
    search = GridSearchCV(pipeline, {"kerasmlpclassifier__l2": [0.0, 0.1]}, cv=2)
    search.set_callbacks(sklearn_callback.ProgressBar(max_propagation_depth=None)).fit(*blobs)
    shown = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", capfd.readouterr().out)
    assert "GridSearchCV" in shown
    assert "KerasMLPClassifier - fit" in shown
