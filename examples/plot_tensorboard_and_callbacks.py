"""
TensorBoard and callbacks of your own
=====================================

Keras' callbacks go into ``callbacks`` as they are. Here TensorBoard logs runs of
:ref:`sphx_glr_auto_examples_plot_activations_mnist.py` per epoch and per batch, and a
callback written for the occasion collects the loss of every batch.
"""

# %%
# A callback of your own
# ----------------------
# A callback with batch hooks makes the fit go batch by batch, with a Keras model that
# has the weights of the moment. That takes a few milliseconds a batch, several times
# what training takes, which is why the runs are short here.

import tempfile
from pathlib import Path

import keras
import matplotlib.pyplot as plt
import numpy as np
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from skmlp import KerasMLPClassifier, LossCurveDisplay

n_digits = 5_000  # full size: 60_000
epochs = 2  # full size: 20
seed = 0


class BatchLosses(keras.callbacks.Callback):
    """The loss of every batch, in the order of training."""

    def on_train_begin(self, logs=None):
        """Start with an empty list."""
        self.losses = []

    def on_train_batch_end(self, batch, logs=None):
        """Add the loss of a batch."""
        self.losses.append(logs["loss"])


(X_train, y_train), (X_test, y_test) = keras.datasets.mnist.load_data()
X_train = X_train[:n_digits].reshape(-1, 784) / np.float32(255)
X_test = X_test.reshape(-1, 784) / np.float32(255)
one_hot = np.eye(10, dtype=int)
y_train = y_train[:n_digits]

# %%
# The runs
# --------
# ``update_freq="batch"`` logs each batch, and each epoch all the same. A fit works on
# copies of the callbacks, so that a clone in a search does not write into another one's
# list; the copies are in ``callbacks_``.

logs = Path(tempfile.mkdtemp(prefix="skmlp-tensorboard-"))
layers = {"hidden_layer_sizes": (200, 100, 60, 30)}
sigmoid = {**layers, "activation": "sigmoid", "learning_rate": 0.003}
relu = {**layers, "activation": "relu", "learning_rate": 0.001}
dropout = {**relu, "dropout": [0.0, 0.25, 0.25, 0.25]}
settings = {
    "softmax regression, SGD": {
        "hidden_layer_sizes": (),
        "optimizer": "sgd",
        "learning_rate": 0.005,
    },
    "sigmoid, Adam": sigmoid,
    "sigmoid, SGD": {**sigmoid, "optimizer": "sgd"},
    "ReLU, Adam": relu,
    "ReLU, dropout": dropout,
    "ReLU, dropout, decay": {**dropout, "learning_rate_schedule": "exponential"},
}
fitted, losses = {}, {}
for name, parameters in settings.items():
    tensorboard = keras.callbacks.TensorBoard(
        logs / name, update_freq="batch", write_graph=False
    )
    network = KerasMLPClassifier(
        **parameters,
        output_activation="softmax",
        loss="binary_crossentropy",
        batch_size=100,
        epochs=epochs,
        metrics=["binary_accuracy"],
        callbacks=[BatchLosses(), tensorboard],
        record_every=20,
        random_state=seed,
    )
    network.fit(X_train, one_hot[y_train], X_val=X_test, y_val=one_hot[y_test])
    fitted[name], losses[name] = network, network.callbacks_[0].losses
    print(
        f"{name}: {len(losses[name])} losses were collected from {epochs} epochs of "
        f"{len(X_train):,} digits, in batches of 100."
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

drawn = ("sigmoid, SGD", "ReLU, Adam", "ReLU, dropout")
figure, panels = plt.subplots(1, 2, figsize=(9, 4), sharey=True, layout="constrained")
for name, colour in zip(drawn, ("#0072b2", "#d55e00", "#009e73"), strict=True):
    steps = np.arange(1, len(losses[name]) + 1)
    panels[0].plot(steps, losses[name], color=colour, linewidth=1, label=name)
panels[0].set(xlabel="step", ylabel="loss", title="every batch", ylim=0)
panels[0].grid(alpha=0.3)
panels[0].legend()
LossCurveDisplay.from_estimators(
    {name: fitted[name] for name in drawn}, by="step", ax=panels[1]
)
panels[1].get_legend().remove()
panels[1].set(title="means of 20 batches; dashed: the test set", ylabel="")
figure.savefig("batch_losses.png", dpi=150)
plt.show()

# %%
# What TensorBoard has
# --------------------
# The event files, read with TensorBoard's own reader: the loss of every batch, and by
# epoch the losses, the learning rate and the metrics of the test set.

counts = {}
for part in ("train", "validation"):
    events = EventAccumulator(
        str(logs / "ReLU, dropout, decay" / part),
        size_guidance={"tensors": 0},  # 0: all of them
    )
    events.Reload()
    for tag in events.Tags()["tensors"]:
        counts[part, tag] = len(events.Tensors(tag))
        print(f"TensorBoard has {counts[part, tag]} values of {tag} in {part}.")
print("To look at the runs: tensorboard --logdir", logs)
