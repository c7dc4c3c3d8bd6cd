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
# Images stay images, (n_samples, 28, 28, 1), and pixels the bytes that they are:
# the network scales them itself.

import keras
import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import GridSearchCV, cross_val_score

import skmlp
from skmlp import SearchCurveDisplay
from skmlp.wrappers import KerasClassifier

n_images = 1_000  # full size: 60_000
n_tuned = 600  # full size: 10_000
epochs_of_the_search = 2  # full size: 5
epochs = 3  # full size: 15
batch_size = 32  # full size: 128
rates = [0.001, 0.003, 0.01]  # full size: [0.0003, 0.001, 0.003, 0.01]
n_folds = 2  # full size: 3
seed = 0

(X_train, y_train), (X_test, y_test) = keras.datasets.mnist.load_data()
X_train, y_train = X_train[:n_images, ..., np.newaxis], y_train[:n_images]
X_test, y_test = X_test[:n_images, ..., np.newaxis], y_test[:n_images]
print(f"There are {len(X_train):,} images to train on, of {X_train.dtype}.")

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
    batch_size=batch_size,
    epochs=epochs_of_the_search,
    random_state=seed,
    verbose=0,
)

# %%
# Cross-validation
# ----------------
# As of any other classifier: the folds are stratified, and the scores are accuracies. A
# part of the images has to do.

X_tuned, y_tuned = X_train[:n_tuned], y_train[:n_tuned]
scores = cross_val_score(classifier, X_tuned, y_tuned, cv=n_folds)
print(
    f"After {epochs_of_the_search} epochs of {n_tuned:,} images the accuracy is "
    f"{scores.mean():.4f}, the mean of {n_folds} folds."
)

# %%
# A search
# --------
# Learning rate and dropout rate are values to the compiled program, which is there
# since the cross-validation: the search adds none.

grid = {"optimizer__learning_rate": rates, "model__dropout": [0.2, 0.5]}
before = skmlp.cache_info().traces
search = GridSearchCV(classifier, grid, cv=n_folds).fit(X_tuned, y_tuned)
n_programs = skmlp.cache_info().traces - before
best = search.best_params_
print(
    f"The best is a learning rate of {best['optimizer__learning_rate']} with a dropout "
    f"of {best['model__dropout']}: its accuracy is {search.best_score_:.4f}."
)
print(
    f"New programs for these {n_folds * 2 * len(rates) + 1} fits: {n_programs}; "
    f"the engine is {search.best_estimator_.engine_}."
)

figure, panel = plt.subplots(figsize=(6.4, 4), layout="constrained")
SearchCurveDisplay.from_estimator(search, "learning_rate", ax=panel)
panel.set(xlabel="learning rate of Adam", ylabel=f"accuracy, mean of {n_folds} folds")
figure.suptitle("MNIST: accuracy of the convolutional network by learning rate")
figure.savefig("mnist_convnet_search.png", dpi=150)
plt.show()

# %%
# The network
# -----------
# With the best values, on all the training images. `Keras' example
# <https://keras.io/examples/vision/mnist_convnet/>`__ trains for 15 epochs on 60,000
# images, and says that its accuracy on the test set is 99 %. Here there are fewer
# images and epochs.

network = classifier.set_params(**best, epochs=epochs).fit(X_train, y_train)
accuracy = network.score(X_test, y_test)
print(
    f"After {epochs} epochs of {len(X_train):,} images the accuracy on "
    f"{len(X_test):,} test images is {accuracy:.4f}."
)

# %%
# What it misreads
# ----------------
# The test images that the network is surest about, and wrong. ``predict_proba`` has a
# column for each of ``classes_``.

probabilities = network.predict_proba(X_test)
predicted = network.classes_[probabilities.argmax(axis=1)]
wrong = np.flatnonzero(predicted != y_test)
surest = wrong[np.argsort(-probabilities[wrong].max(axis=1))][:8]
figure, panels = plt.subplots(2, 4, figsize=(8, 4.6), layout="constrained")
for panel in panels.flat:
    panel.axis("off")
for panel, row in zip(panels.flat, surest, strict=False):
    panel.imshow(X_test[row], cmap="gray_r")
    panel.set_title(
        f"a {y_test[row]}, read as {predicted[row]}\n"
        f"({probabilities[row].max():.0%} sure)"
    )
figure.suptitle(f"{len(wrong)} of {len(y_test):,} test images are misread")
figure.savefig("mnist_convnet_misread.png", dpi=150)
plt.show()

# %%
# The first kernels
# -----------------
# ``model_`` is the function's model with the fitted weights. Its first layer has 32
# kernels of three by three pixels.

convolution = next(
    layer for layer in network.model_.layers if isinstance(layer, keras.layers.Conv2D)
)
kernels = convolution.get_weights()[0]
largest = np.abs(kernels).max()
figure, panels = plt.subplots(4, 8, figsize=(6, 3.2), layout="constrained")
for panel, kernel in zip(
    panels.flat, np.moveaxis(kernels[:, :, 0], -1, 0), strict=True
):
    image = panel.imshow(kernel, cmap="RdBu_r", vmin=-largest, vmax=largest)
    panel.axis("off")
figure.colorbar(image, ax=panels, label="weight")
figure.suptitle("The 32 kernels of the first layer")
figure.savefig("mnist_convnet_kernels.png", dpi=150)
plt.show()
