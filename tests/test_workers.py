"""A worker process that dies in the middle of a search: joblib's error, and the next search works."""

import os
from pathlib import Path

import joblib
import numpy as np
import pytest
from joblib.externals.loky.process_executor import TerminatedWorkerError
from sklearn.model_selection import GridSearchCV

from skmlp import KerasMLPClassifier

pytestmark = pytest.mark.newest


class Dying(KerasMLPClassifier):
    """Ends the process that fits it, once: if the file is there, which it takes away."""

    __module__ = "test_workers"  # as a worker imports it

    def fit(self, X, y):
        path = Path(os.environ["SKMLP_DYING"])
        if path.exists():
            path.unlink()
            os._exit(1)  # as abruptly as a signal would, on every system
        return super().fit(X, y)


def test_a_killed_worker_ends_its_search_alone(blobs, tmp_path, monkeypatch):
    monkeypatch.setenv("SKMLP_DYING", str(tmp_path / "die"))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]))
    X, y = blobs
    search = GridSearchCV(Dying((4,), epochs=1, random_state=0), {"learning_rate": [1e-3, 1e-2]}, cv=2)
    expected = search.fit(X, y).cv_results_["mean_test_score"]
    with joblib.parallel_config("loky", n_jobs=2):
        (tmp_path / "die").touch()
        with pytest.raises(TerminatedWorkerError):
            search.fit(X, y)
        assert not (tmp_path / "die").exists()
        np.testing.assert_array_equal(search.fit(X, y).cv_results_["mean_test_score"], expected)
