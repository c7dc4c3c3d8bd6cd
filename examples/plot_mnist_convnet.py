"""
A convolutional network of your own on MNIST
============================================

The network of Keras' example "Simple MNIST convnet", as a function that builds it.
``skmlp.wrappers.KerasClassifier`` makes an estimator of the function, which
scikit-learn cross-validates and tunes; the fits of a search over values share one
compiled program.
"""

# %%
# The data
# --------
# Pictures stay pictures, (n_samples, 28, 28, 1), and pixels the bytes that they are:
# the network scales them itself.

import argparse
import time

import keras
import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import GridSearchCV, cross_val_score

import skmlp
from skmlp import SearchCurveDisplay
from skmlp.wrappers import KerasClassifier

parser = argparse.ArgumentParser()
parser.add_argument(
    "--seeds", type=int, default=3, help="how many times to train the final network"
)
parser.add_argument(
    "--quick",
    action="store_true",
    help="a small size and one seed; the figures are of that size",
)
options, _ = parser.parse_known_args()
seeds = range(1 if options.quick else options.seeds)

(X_train, y_train), (X_test, y_test) = keras.datasets.mnist.load_data()
X_train, X_test = X_train[..., np.newaxis], X_test[..., np.newaxis]
n_tuned, n_epochs, n_final = 10_000, 5, 15
if options.quick:
    X_train, y_train, X_test, y_test = (
        X_train[:1_000],
        y_train[:1_000],
        X_test[:1_000],
        y_test[:1_000],
    )
    n_tuned, n_epochs, n_final = 600, 2, 3
    print("Quick size: 1,000 pictures to train on, 3 epochs, one seed.")
print(f"{len(X_train):,} pictures to train on, {X_train.dtype}, {X_train.shape[1:]}")

# %%
# The model function
# ------------------
# Its arguments are parameters of the estimator: ``model__dropout``. ``meta`` is a
# dictionary of what the fit found out about the data. The function may compile the
# model or, as here, leave that to the estimator, whose ``optimizer``,
# ``optimizer__learning_rate`` and ``loss`` can then be tuned as well.


def convnet(dropout, meta):
    """Two convolutions, each with max-pooling, and a softmax."""
    return keras.Sequential(
        [
            keras.Input(meta["X_shape_"][1:]),
            keras.layers.Rescaling(1 / 255),
            keras.layers.Conv2D(32, 3, activation="relu"),
            keras.layers.MaxPooling2D(),
            keras.layers.Conv2D(64, 3, activation="relu"),
            keras.layers.MaxPooling2D(),
            keras.layers.Flatten(),
            keras.layers.Dropout(dropout),
            keras.layers.Dense(meta["n_classes_"], activation="softmax"),
        ]
    )


classifier = KerasClassifier(
    convnet,
    model__dropout=0.5,
    optimizer="adam",
    optimizer__learning_rate=0.001,
    loss="sparse_categorical_crossentropy",
    batch_size=32 if options.quick else 128,
    epochs=n_epochs,
    random_state=0,
    verbose=0,
)

# %%
# Cross-validation
# ----------------
# As of any other classifier: the folds are stratified, and the scores are accuracies. A
# part of the pictures has to do.

X_tuned, y_tuned = X_train[:n_tuned], y_train[:n_tuned]
start = time.perf_counter()
scores = cross_val_score(classifier, X_tuned, y_tuned, cv=3)
print(
    f"{n_epochs} epochs of {n_tuned:,} pictures: accuracy {scores.mean():.4f}, mean of 3 folds; "
    f"{(time.perf_counter() - start) / 3:.1f} s a fit"
)

# %%
# A search
# --------
# Learning rate and dropout rate are values to the compiled program, which is there
# since the cross-validation.

grid = {
    "optimizer__learning_rate": [0.0003, 0.001, 0.003, 0.01],
    "model__dropout": [0.2, 0.5],
}
if options.quick:
    grid["optimizer__learning_rate"] = grid["optimizer__learning_rate"][1:]
search = GridSearchCV(classifier, grid, cv=2 if options.quick else 3)
start, before = time.perf_counter(), skmlp.cache_info().traces
search.fit(X_tuned, y_tuned)
best = search.best_params_
print(
    f"tuned: accuracy {search.best_score_:.4f}, mean of {search.n_splits_} folds, at learning rate "
    f"{best['optimizer__learning_rate']}, dropout {best['model__dropout']}; "
    f"{search.n_splits_ * len(search.cv_results_['params']) + 1} fits in {time.perf_counter() - start:.0f} s, "
    f"programs compiled: {skmlp.cache_info().traces - before}"
)
print("engine of the best:", search.best_estimator_.engine_)

display = SearchCurveDisplay.from_estimator(search, "optimizer__learning_rate")
rates = grid["optimizer__learning_rate"]
display.ax_.set(
    xlabel="learning rate of Adam",
    ylabel=f"accuracy, mean of {search.n_splits_} folds",
    xscale="log",
)
display.ax_.set_xticks(rates, [f"{rate:g}" for rate in rates])
display.ax_.set_xticks([], minor=True)
display.figure_.savefig("mnist_convnet_search.png", dpi=150)
plt.show()

# %%
# The network
# -----------
# With the best values, on all the training pictures. `Keras' example
# <https://keras.io/examples/vision/mnist_convnet/>`__ trains for 15 epochs on 60,000
# pictures, and says that its accuracy on the test set is 99 %.

accuracies, seconds = [], []
for seed in seeds:
    network = classifier.set_params(**best, epochs=n_final, random_state=seed)
    start = time.perf_counter()
    network.fit(X_train, y_train)
    seconds.append(time.perf_counter() - start)
    accuracies.append(network.score(X_test, y_test))
print(
    f"{n_final} epochs of {len(X_train):,} pictures: test accuracy {', '.join(f'{each:.4f}' for each in accuracies)}; "
    f"{np.mean(seconds):.0f} s a fit"
)

# %%
# What it misreads
# ----------------
# The test pictures that the network is surest about, and wrong. ``predict_proba`` has a
# column for each of ``classes_``.

probabilities = network.predict_proba(X_test)
predicted = network.classes_[probabilities.argmax(axis=1)]
wrong = np.flatnonzero(predicted != y_test)
surest = wrong[np.argsort(-probabilities[wrong].max(axis=1))][:12]
figure, panels = plt.subplots(2, 6, figsize=(9, 3.6), layout="constrained")
for panel in panels.flat:
    panel.axis("off")
for panel, picture in zip(panels.flat, surest, strict=False):
    panel.imshow(X_test[picture], cmap="gray_r")
    panel.set_title(
        f"{predicted[picture]} ({probabilities[picture].max():.0%}), is {y_test[picture]}",
        fontsize="small",
    )
figure.suptitle(f"{len(wrong)} of {len(y_test):,} test pictures are misread")
figure.savefig("mnist_convnet_misread.png", dpi=150)
plt.show()

# %%
# The first kernels
# -----------------
# ``model_`` is the function's model with the fitted weights. Its first layer has 32
# kernels of three by three pixels.

kernels = next(
    layer for layer in network.model_.layers if isinstance(layer, keras.layers.Conv2D)
).kernel.numpy()
largest = np.abs(kernels).max()
figure, panels = plt.subplots(4, 8, figsize=(6, 3.2), layout="constrained")
for panel, kernel in zip(
    panels.flat, np.moveaxis(kernels[:, :, 0], -1, 0), strict=True
):
    picture = panel.imshow(kernel, cmap="RdBu_r", vmin=-largest, vmax=largest)
    panel.axis("off")
figure.colorbar(picture, ax=panels, label="weight")
figure.savefig("mnist_convnet_kernels.png", dpi=150)
plt.show()
