"""Dask's and Ray's workers fit what one process fits, bit by bit."""

import itertools
import os
import signal
from contextlib import suppress

import dask.array as da
import joblib
import numpy as np
import pytest
import ray
import ray.data
from dask.distributed import Client
from dask_ml.wrappers import Incremental, ParallelPostFit
from ray.util.joblib import register_ray
from sklearn.base import clone
from sklearn.ensemble import BaggingClassifier, StackingClassifier
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmlp import KerasMLPClassifier, KerasMLPRegressor, TabularMLPClassifier

pytestmark = [
    # Ray 2.60 reads its own deprecated settings.
    pytest.mark.filterwarnings("ignore::DeprecationWarning:ray.data.context"),
]


def scores(estimator, X, y):
    """The accuracy, and the process that computed it."""
    return {"accuracy": estimator.score(X, y), "process": os.getpid()}


scores.__module__ = "__main__"  # what other processes cannot import is pickled as it is

MLP = KerasMLPClassifier((5,), epochs=2, random_state=0)
PIPELINE = make_pipeline(StandardScaler(), MLP)
RATES = {"kerasmlpclassifier__learning_rate": [1e-3, 1e-2]}
MANY = {
    "grid": GridSearchCV(PIPELINE, RATES, cv=2, scoring=scores, refit="accuracy"),
    "halving": HalvingGridSearchCV(PIPELINE, RATES, cv=2, factor=2, min_resources=20, random_state=0),
    "bagging": BaggingClassifier(PIPELINE, n_estimators=3, random_state=0),
    "stacking": StackingClassifier([("one", PIPELINE), ("other", clone(MLP).set_params(random_state=1))], MLP, cv=2),
    "tables": GridSearchCV(TabularMLPClassifier(epochs=2, n_members=2, random_state=0), {"dropout": [0.1, 0.2]}, cv=2),
}


def assert_same_bits(ours, serial, X):
    for name in ("mean_test_score", "split0_test_accuracy", "split1_test_accuracy"):
        if name in getattr(serial, "cv_results_", {}):
            assert np.isfinite(serial.cv_results_[name]).all()
            assert np.array_equal(ours.cv_results_[name], serial.cv_results_[name])
    assert np.array_equal(ours.predict_proba(X), serial.predict_proba(X))


def processes(search):
    """Those in which the folds of a search were fitted."""
    return {int(process) for split in (0, 1) for process in search.cv_results_[f"split{split}_test_process"]}


@pytest.fixture(scope="module")
def client():
    with Client(n_workers=2, threads_per_worker=1, dashboard_address=None) as client:
        yield client


@pytest.fixture(scope="module")
def _ray():
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    register_ray()
    yield
    ray.shutdown()


@pytest.mark.usefixtures("client")
@pytest.mark.parametrize("kind", MANY)
def test_dasks_workers_fit_the_bits_of_one_process(blobs, kind):
    X, y = blobs
    with joblib.parallel_config("dask", scatter=[X, y]):
        ours = clone(MANY[kind]).fit(X, y)
    assert_same_bits(ours, clone(MANY[kind]).fit(X, y), X)


def test_dask_fits_in_its_workers(blobs, client):
    X, y = blobs
    with joblib.parallel_config("dask"):
        search = clone(MANY["grid"]).fit(X, y)
    assert processes(search) <= set(client.run(os.getpid).values())


def test_dasks_workers_are_warmed_up_at_the_same_time(blobs, client):
    X, y = blobs
    fitted = client.run(clone(PIPELINE).fit, X, y)
    assert len(fitted) == 2
    serial = clone(PIPELINE).fit(X, y)
    for each in fitted.values():
        assert np.array_equal(each.predict_proba(X), serial.predict_proba(X))


def dying(path):
    """A classifier that kills the process that fits it, once: whoever can take away the file does."""

    class Dying(KerasMLPClassifier):
        __module__ = "__main__"

        def fit(self, X, y):
            with suppress(FileNotFoundError):
                path.unlink()
                os.kill(os.getpid(), signal.SIGKILL)
            return super().fit(X, y)

    return Dying((4,), epochs=2, random_state=0)


def test_a_search_whose_worker_is_killed_has_the_scores_of_one_process(blobs, client, tmp_path):
    X, y = np.tile(blobs[0], (10, 1)), np.tile(blobs[1], 10)
    folds, path = [*StratifiedKFold(3).split(X, y)], tmp_path / "die"

    def search():
        grid = {"learning_rate": [1e-4, 1e-3, 1e-2, 1e-1]}
        return GridSearchCV(dying(path), grid, cv=folds, error_score="raise").fit(X, y)

    serial = search()
    before = set(client.run(os.getpid).values())
    path.touch()
    # What one worker alone has is lost with it. joblib sends every array above a kilobyte to one, unless it is
    # scattered to all of them, and the manager of their memory deletes all but one copy.
    client.amm.stop()
    with joblib.parallel_config("dask", scatter=[X, y, *itertools.chain(*folds)]):
        ours = search()
    client.amm.start()
    assert not path.exists()
    assert_same_bits(ours, serial, X)
    client.wait_for_workers(2)
    assert len(set(client.run(os.getpid).values()) - before) == 1


@pytest.mark.parametrize("estimator", [KerasMLPClassifier, KerasMLPRegressor])
def test_incremental_trains_on_the_blocks_of_an_array(blobs, estimator):
    X, y = blobs
    classes = {"classes": [0, 1, 2]} if estimator is KerasMLPClassifier else {}
    X_blocks, y_blocks = da.from_array(X, chunks=(20, 4)), da.from_array(y, chunks=20)
    by_dask = Incremental(estimator((5,), random_state=0), shuffle_blocks=False).fit(X_blocks, y_blocks, **classes)
    by_hand = estimator((5,), random_state=0)
    for begin in range(0, 60, 20):
        by_hand.partial_fit(X[begin : begin + 20], y[begin : begin + 20], **classes)
    for ours, theirs in zip(by_dask.estimator_.coefs_, by_hand.coefs_, strict=True):
        assert np.array_equal(ours, theirs)
    assert np.array_equal(by_dask.predict(X_blocks).compute(), by_hand.predict(X))


def test_parallel_post_fit_predicts_block_by_block(blobs):
    X, y = blobs
    fitted = PIPELINE.fit(X, y)
    by_dask, blocks = ParallelPostFit(fitted), da.from_array(X, chunks=(20, 4))
    assert np.array_equal(by_dask.predict(blocks).compute(), fitted.predict(X))
    assert np.array_equal(by_dask.predict_proba(blocks).compute(), fitted.predict_proba(X))


@pytest.mark.usefixtures("_ray")
def test_rays_workers_fit_the_bits_of_one_process(blobs):
    X, y = blobs
    with joblib.parallel_config("ray", n_jobs=2):
        ours = clone(MANY["grid"]).fit(X, y)
    assert os.getpid() not in processes(ours)
    assert_same_bits(ours, clone(MANY["grid"]).fit(X, y), X)


@pytest.mark.usefixtures("_ray")
def test_rays_batches_train_as_those_of_an_array(blobs):
    X, y = blobs
    data = ray.data.from_items([{"X": row, "y": label} for row, label in zip(X, y, strict=True)])
    by_ray, by_hand = (KerasMLPClassifier((5,), random_state=0) for _ in range(2))
    for batch in data.iter_batches(batch_size=20, batch_format="numpy"):
        by_ray.partial_fit(batch["X"], batch["y"], classes=[0, 1, 2])
    for begin in range(0, 60, 20):
        by_hand.partial_fit(X[begin : begin + 20], y[begin : begin + 20], classes=[0, 1, 2])
    assert np.array_equal(by_ray.predict_proba(X), by_hand.predict_proba(X))
