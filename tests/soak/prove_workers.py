"""A worker that dies in the middle of a search: joblib's error, and the next search works."""

import os
import signal
from pathlib import Path

import joblib
import numpy as np
import pytest
from joblib.externals.loky.process_executor import TerminatedWorkerError
from sklearn.model_selection import GridSearchCV

from skmlp import KerasMLPClassifier

rng = np.random.default_rng(0)
X = rng.normal(size=(60, 4))
y = np.arange(60) % 3


class Dying(KerasMLPClassifier):
    """Ends the process that fits it, once: if the file is there, which it takes away."""

    __module__ = "prove_workers"

    def fit(self, X, y):
        path = Path(os.environ["SKMLP_DYING"])
        if path.exists():
            path.unlink()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().fit(X, y)


def search(n_jobs):
    grid = {"learning_rate": [1e-4, 1e-3, 1e-2, 1e-1]}
    return GridSearchCV(Dying((4,), epochs=2, random_state=0), grid, cv=3, n_jobs=n_jobs, error_score="raise")


@pytest.fixture
def dying(tmp_path, monkeypatch):
    monkeypatch.setenv("SKMLP_DYING", str(tmp_path / "die"))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]))
    return tmp_path / "die"


def scores(search):
    return search.fit(X, y).cv_results_["mean_test_score"]


def test_a_loky_worker_that_is_killed(dying):
    expected = scores(search(None))
    with joblib.parallel_backend("loky"):
        dying.touch()
        with pytest.raises(TerminatedWorkerError):
            search(2).fit(X, y)
        np.testing.assert_array_equal(scores(search(2)), expected)
