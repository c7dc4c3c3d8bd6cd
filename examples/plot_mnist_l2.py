"""
L2 against overfitting on MNIST
===============================

A network of two tanh layers, 784-200-100-10, learns MNIST for ten epochs of plain
stochastic gradient descent, with an L2 penalty on every kernel.

Textbooks write the penalised cost of n samples as

- L1: C = C₀ + (λ/n) Σ|w|
- L2: C = C₀ + (λ/2n) Σw²

where C₀ is the mean loss. Keras, and so skmlp, writes ``l1 * sum(|w|) + l2 * sum(w **
2)``: ``l1`` is λ/n, and ``l2`` is λ/2n. The ``l2=0.0003`` used here is λ = 36 for
60,000 samples.
"""

# %%
# The data
# --------
# ``keras.datasets`` downloads MNIST once: 60,000 images to train on and 10,000 to
# test. Pixels are divided by 255, which learns nothing from the data and so may come
# before everything else.

import keras
import matplotlib.pyplot as plt
import numpy as np
from sklearn.base import clone

from skmlp import KerasMLPClassifier, LossCurveDisplay

n_images = 6_000  # full size: 60_000
seed = 0

(X_train, y_train), (X_test, y_test) = keras.datasets.mnist.load_data()
X_train = X_train.reshape(-1, 784) / np.float32(255)
X_test = X_test.reshape(-1, 784) / np.float32(255)
X_train, y_train = X_train[:n_images], y_train[:n_images]

# %%
# The experiment
# --------------
# Biases start at one, and labels are the digits themselves. ``model_`` is the fitted
# network as a Keras model; its losses include the penalty. The same network without the
# penalty is fitted beside it.

penalised = KerasMLPClassifier(
    (200, 100),
    activation="tanh",
    l2=0.0003,
    bias_initializer="ones",
    optimizer="sgd",
    learning_rate=0.2,
    batch_size=32,
    epochs=10,
    random_state=seed,
)
plain = clone(penalised).set_params(l2=0.0)
for name, mlp in (("With", penalised), ("Without", plain)):
    mlp.fit(X_train, y_train, X_val=X_test, y_val=y_test)
    for part, X, y in (("training", X_train, y_train), ("test", X_test, y_test)):
        loss, accuracy = mlp.model_.evaluate(X, y, batch_size=1000, verbose=0)
        print(
            f"{name} the penalty the accuracy on the {part} set is {accuracy:.4f}, "
            f"and the loss {loss:.4f}."
        )

# %%
# The curves
# ----------
# The test set takes the place of validation samples here: nothing is chosen by it. The
# losses of the network with the penalty include it, so compare the gaps between
# training loss (solid) and test loss (dashed) rather than the heights. Without the
# penalty the training loss goes towards zero and leaves the test loss behind. On the
# test set the network without the penalty is the more accurate one at this strength,
# after ten epochs.
#
# *At full size*, over three seeds, the penalty narrows the gap: the training loss is
# 0.142 and the test loss 0.171 with it, 0.006 and 0.068 without. The accuracies with it
# are 0.985 on the training set and 0.974 on the test set, which were published with the
# experiment as 0.9830 and 0.9735 (losses 0.1449 and 0.1696); without it, 0.999 and
# 0.980.

figure, panels = plt.subplots(1, 2, figsize=(8.5, 4), layout="constrained")
LossCurveDisplay.from_estimators(
    {"l2 = 0.0003": penalised, "without l2": plain},
    metrics=("loss", "val_score"),
    ax=panels,
)
panels[0].set_ylabel("loss, with the penalty")
panels[1].set_ylabel("accuracy on the test set")
figure.suptitle("MNIST: 784-200-100-10, tanh, ten epochs")
figure.savefig("mnist_l2.png", dpi=150)
plt.show()
