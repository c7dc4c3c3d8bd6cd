"""TensorBoard and Weights & Biases are told of every epoch, each fit of a search by itself."""

import tempfile
from pathlib import Path

import keras
import pytest
import wandb
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tensorboard.backend.event_processing.event_multiplexer import EventMultiplexer
from tensorboard.plugins.hparams import api as hparams
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData
from tensorboard.util import tensor_util
from wandb.integration.keras import WandbMetricsLogger

from skmlp import KerasMLPClassifier

# Keras 3.15 warns so on NumPy 2 while it makes an array of a weight, on its own account.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")


@pytest.fixture
def searched(blobs, tmp_path):
    """A search over two learning rates and two folds, and what TensorBoard shows of it."""

    def board(estimator):
        values = {"l2": estimator.l2, "learning_rate": estimator.learning_rate}
        candidate = tmp_path / " ".join(f"{name}={value:g}" for name, value in values.items())
        candidate.mkdir(exist_ok=True)
        folder = tempfile.mkdtemp(prefix="fold-", dir=candidate)
        return [
            keras.callbacks.TensorBoard(folder, histogram_freq=1, write_graph=False),
            hparams.KerasCallback(folder, values),
        ]

    mlp = KerasMLPClassifier((5,), l2=1e-4, epochs=3, early_stopping=True, callbacks=board, random_state=0)
    pipeline = make_pipeline(StandardScaler(), mlp)
    search = GridSearchCV(pipeline, {"kerasmlpclassifier__learning_rate": [1e-3, 1e-2]}, cv=2, refit=False)
    search.fit(*blobs)
    events = EventMultiplexer().AddRunsFromDirectory(str(tmp_path))
    events.Reload()
    return events


def test_each_fold_of_each_candidate_has_a_folder_of_its_own(searched):
    folders = [Path(run) for run in searched.Runs() if Path(run).name.startswith("fold-")]
    candidates = [folder.parent.name for folder in folders]
    assert sorted(candidates) == 2 * ["l2=0.0001 learning_rate=0.001"] + 2 * ["l2=0.0001 learning_rate=0.01"]


def test_the_curves_and_histograms_of_each_are_there(searched):
    folders = [run for run in searched.Runs() if Path(run).name.startswith("fold-")]
    for folder in folders:
        of_training = searched.GetAccumulator(f"{folder}/train")
        losses = [tensor_util.make_ndarray(event.tensor_proto) for event in of_training.Tensors("epoch_loss")]
        assert len(losses) == 3
        assert losses[-1] < losses[0]
        tags = set(of_training.Tags()["tensors"])
        assert {"hidden_0/kernel/histogram", "output/bias/histogram"} <= tags
        assert "epoch_accuracy" in searched.GetAccumulator(f"{folder}/validation").Tags()["tensors"]


def test_the_folds_of_a_candidate_are_a_group_with_its_hyperparameters(searched):
    groups = {}
    for run, of_run in searched.Runs().items():
        if "_hparams_/session_start_info" in of_run["tensors"]:
            metadata = searched.SummaryMetadata(run, "_hparams_/session_start_info")
            start = HParamsPluginData.FromString(metadata.plugin_data.content).session_start_info
            values = {name: value.number_value for name, value in start.hparams.items()}
            groups.setdefault(start.group_name, []).append(values)
    assert sorted((len(folds), folds[0]["learning_rate"]) for folds in groups.values()) == [(2, 1e-3), (2, 1e-2)]
    assert all(folds[0] == folds[1] for folds in groups.values())


def test_weights_and_biases_logs_each_epoch(blobs, tmp_path):
    X, y = blobs
    told = []

    class Logger(WandbMetricsLogger):
        def on_epoch_end(self, epoch, logs=None):
            super().on_epoch_end(epoch, logs)
            told.append(dict(wandb.run.summary))

    def logger():
        return Logger()

    with wandb.init(project="skmlp", dir=tmp_path):
        mlp = KerasMLPClassifier((5,), epochs=3, callbacks=logger, random_state=0)
        mlp.fit(X, y, X_val=X[:20], y_val=y[:20])
    wandb.teardown()  # else later runs, such as that of the page, are written into the folder of this one
    for name in ("loss", "val_loss", "val_score"):
        assert [epoch[f"epoch/{name}"] for epoch in told] == pytest.approx(mlp.history_[name])
