"""
TensorBoard, and callbacks of one's own
=======================================

Keras' callbacks go into ``callbacks`` as they are. Here TensorBoard logs each run of
:ref:`sphx_glr_auto_examples_plot_activations_mnist.py` per epoch and per batch, and a
callback written for the occasion collects the loss of every batch.
"""

# %%
# A callback of one's own
# -----------------------
# A callback with batch hooks makes the fit go batch by batch, with a Keras model that
# has the weights of the moment. That takes a few milliseconds a batch, several times
# what training takes, which is why the runs are short here.

import argparse
import tempfile
import time
from pathlib import Path

import keras
import matplotlib.pyplot as plt
import numpy as np
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from skmlp import KerasMLPClassifier, LossCurveDisplay

parser = argparse.ArgumentParser()
parser.add_argument(
    "--epochs", type=int, default=2, help="how many epochs each run takes"
)
parser.add_argument("--quick", action="store_true", help="a small size")
options, _ = parser.parse_known_args()


class BatchLosses(keras.callbacks.Callback):
    """The loss of every batch, in the order of training."""

    def on_train_begin(self, logs=None):
        """Start with an empty list."""
        self.losses = []

    def on_train_batch_end(self, batch, logs=None):
        """Add the loss of a batch."""
        self.losses.append(logs["loss"])


(X_train, y_train), (X_test, y_test) = keras.datasets.mnist.load_data()
if options.quick:
    X_train, y_train = X_train[:5_000], y_train[:5_000]
X_train, X_test = (
    pictures.reshape(-1, 784) / np.float32(255) for pictures in (X_train, X_test)
)
one_hot = np.eye(10, dtype=int)

# %%
# The runs
# --------
# ``update_freq="batch"`` logs each batch, and each epoch all the same. A fit works on
# copies of the callbacks, so that a clone in a search does not write into another one's
# list; the copies are in ``callbacks_``.

logs = Path(tempfile.mkdtemp(prefix="skmlp-tensorboard-"))
layers = {"hidden_layer_sizes": (200, 100, 60, 30)}
relu = {**layers, "activation": "relu", "learning_rate": 0.001}
dropout = {**relu, "dropout": [0.0, 0.25, 0.25, 0.25]}
settings = {
    "softmax regression, SGD": {
        "hidden_layer_sizes": (),
        "optimizer": "sgd",
        "learning_rate": 0.005,
    },
    "sigmoid, Adam": {**layers, "activation": "sigmoid", "learning_rate": 0.003},
    "sigmoid, SGD": {
        **layers,
        "activation": "sigmoid",
        "optimizer": "sgd",
        "learning_rate": 0.003,
    },
    "ReLU, Adam": relu,
    "ReLU, dropout": dropout,
    "ReLU, dropout, decay": {**dropout, "learning_rate_schedule": "exponential"},
}
fitted, losses = {}, {}
for name, parameters in settings.items():
    estimator = KerasMLPClassifier(
        **parameters,
        output_activation="softmax",
        loss="binary_crossentropy",
        batch_size=100,
        epochs=options.epochs,
        metrics=["binary_accuracy"],
        callbacks=[
            BatchLosses(),
            keras.callbacks.TensorBoard(
                logs / name, update_freq="batch", write_graph=False
            ),
        ],
        record_every=20,
        random_state=0,
    )
    start = time.perf_counter()
    fitted[name] = estimator.fit(
        X_train, one_hot[y_train], X_val=X_test, y_val=one_hot[y_test]
    )
    seconds = time.perf_counter() - start
    losses[name] = estimator.callbacks_[0].losses
    print(
        f"{name}: {len(losses[name])} losses collected in {options.epochs} epochs of {len(X_train):,} digits, "
        f"in batches of 100; {seconds:.1f} s"
    )

# %%
# The layers
# ----------
# ``model_`` is the fitted network as a Keras model.

fitted["ReLU, dropout"].model_.summary()

# %%
# The loss of every batch
# -----------------------
# As the callback saw it. Without a callback ``record_every`` gives the mean over every
# so many steps, at the speed of compiled training: the lines on the right.

figure, panels = plt.subplots(
    1, 2, figsize=(10, 4.6), sharey=True, layout="constrained"
)
colours = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
LossCurveDisplay.from_estimators(fitted, by="step", ax=panels[1])
panels[1].get_legend().remove()
panels[1].set(title="means of 20 batches; dashed: the test set", ylabel="")
for (name, values), colour in zip(losses.items(), colours, strict=True):
    panels[0].plot(
        np.arange(1, len(values) + 1), values, color=colour, linewidth=0.7, label=name
    )
panels[0].set(xlabel="step", ylabel="loss", title="every batch", ylim=(0, 0.45))
panels[0].grid(alpha=0.3)
figure.legend(
    *panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=3
)
figure.savefig("batch_losses.png", dpi=150)
plt.show()

# %%
# What TensorBoard has
# --------------------
# The event files, read with TensorBoard's own reader: the loss of every batch, and by
# epoch the losses, the learning rate and the metrics.

for name in settings:
    for part in ("train", "validation"):
        events = EventAccumulator(
            str(logs / name / part), size_guidance={"tensors": 0}
        )  # 0: all of them
        events.Reload()
        tags = {tag: len(events.Tensors(tag)) for tag in events.Tags()["tensors"]}
        print(
            f"{name}, {part}: {', '.join(f'{tag} × {count}' for tag, count in tags.items())}"
        )
        if part == "train":
            np.testing.assert_equal(tags["batch_loss"], len(losses[name]))
            np.testing.assert_equal(tags["epoch_loss"], options.epochs)
print(f"to look at the runs: tensorboard --logdir {logs}")
