"""
Sweeps over learning rate, width and batch size
===============================================

How the accuracy of a network with two hidden layers depends on its learning rate, its
width and its batch size, one at a time; then all of them, and dropout, tuned together.
"""

# %%
# The data and the pipeline
# -------------------------
# MNIST from ``keras.datasets``. The pixels are scaled within the pipeline, so that each
# search tunes the whole pipeline.

import keras
import matplotlib.pyplot as plt
import numpy as np
from scipy.stats import loguniform
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV, ShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import skmlp
from skmlp import KerasMLPClassifier, SearchCurveDisplay

n_images = 3_000  # full size: 60_000
epochs = 3  # full size: 10
epochs_of_the_winner = 6  # full size: 30
n_candidates = 8  # full size: 20
seed = 0

(X, y), (X_test, y_test) = keras.datasets.mnist.load_data()
X, X_test = X[:n_images].reshape(-1, 784), X_test.reshape(-1, 784)
y = y[:n_images]


def scale_pixels(pixels):
    """Bring pixels from 0-255 to [0, 1]."""
    return pixels / np.float32(255)


pipeline = make_pipeline(
    FunctionTransformer(scale_pixels),
    KerasMLPClassifier((128, 128), batch_size=128, epochs=epochs, random_state=seed),
)

# %%
# One at a time
# -------------
# Each candidate is fitted three times, with another fifth of the training images held
# out each time. The bars are the standard deviation over the three.

held_out = ShuffleSplit(n_splits=3, test_size=0.2, random_state=seed)


def sweep(in_words, parameter, values, optimizer):
    """Search one parameter with one optimizer, say the best value, draw the scores."""
    name = f"kerasmlpclassifier__{parameter}"
    candidate = clone(pipeline).set_params(kerasmlpclassifier__optimizer=optimizer)
    before = skmlp.cache_info().traces
    search = GridSearchCV(candidate, {name: values}, cv=held_out)
    search.fit(X, y)
    n_programs = skmlp.cache_info().traces - before
    print(
        f"With {optimizer} the best {in_words}: {search.best_params_[name]}, with an "
        f"accuracy of {search.best_score_:.4f} on the held-out fifths; the "
        f"{3 * len(values) + 1} fits needed {n_programs} new "
        f"program{'s' if n_programs > 1 else ''}."
    )
    figure, panel = plt.subplots(figsize=(6.4, 4.2), layout="constrained")
    SearchCurveDisplay.from_estimator(search, parameter, ax=panel)
    panel.set(xlabel=f"{in_words}, by {optimizer}", ylabel="accuracy, mean of 3 splits")
    figure.suptitle(f"Accuracy by {in_words}")
    figure.savefig(f"mnist_sweep_{parameter}.png", dpi=150)
    return search, n_programs


# %%
# The learning rate of SGD. With a small one the network learns next to nothing in so
# few epochs, and with too large a one training fails. It is a value to the compiled
# program, so that all these fits share one.

rates, programs_of_rates = sweep(
    "learning rate",
    "learning_rate",
    [0.0001, 0.001, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0],
    "sgd",
)

# %%
# The width of both hidden layers. Each width is a program of its own. Wider layers are
# better up to the widest here.

widths = [16, 32, 64, 128, 256, 512]
layers, programs_of_layers = sweep(
    "width", "hidden_layer_sizes", [(width, width) for width in widths], "adam"
)

# %%
# The batch size. A larger batch makes fewer steps an epoch, at the same learning rate:
# in so few epochs, the smaller a batch, the better.

batches, programs_of_batches = sweep(
    "batch size", "batch_size", [16, 32, 64, 128, 256, 512, 1024], "adam"
)

# %%
# All together
# ------------
# Both sweeps by Adam have their best value at the edge of the grid. With more epochs or
# another learning rate it would be elsewhere: the best learning rate depends on the
# batch size, and the best dropout on the width. A randomised search draws all of them
# at once, learning rates evenly over the powers of ten. It holds out the same fifths.

distributions = {
    "kerasmlpclassifier__learning_rate": loguniform(1e-4, 1e-2),
    "kerasmlpclassifier__hidden_layer_sizes": [(width, width) for width in widths[2:]],
    "kerasmlpclassifier__batch_size": [32, 64, 128, 256],
    "kerasmlpclassifier__dropout": [0.0, 0.1, 0.2, 0.3, 0.4, 0.5],
}
search = RandomizedSearchCV(
    pipeline, distributions, n_iter=n_candidates, cv=held_out, random_state=seed
)
search.fit(X, y)
best = {name.partition("__")[2]: value for name, value in search.best_params_.items()}
print(
    f"The best of {n_candidates} candidates has a learning rate of "
    f"{best['learning_rate']:.2g}, hidden layers of {best['hidden_layer_sizes']}, "
    f"batches of {best['batch_size']} and a dropout of {best['dropout']}, and an "
    f"accuracy of {search.best_score_:.4f} on the held-out fifths."
)

# %%
# The candidates by their learning rate. They differ in the other parameters, too.

figure, panel = plt.subplots(figsize=(6.4, 4.2), layout="constrained")
SearchCurveDisplay.from_estimator(search, "learning_rate", max_lines=1, ax=panel)
panel.set(xlabel="learning rate, by adam", ylabel="accuracy, mean of 3 splits")
panel.set(xscale="log", xlim=(9e-5, 1.1e-2), xticks=[1e-4, 1e-3, 1e-2])
figure.suptitle("A search over four parameters, by learning rate")
figure.savefig("mnist_random_search.png", dpi=150)

# %%
# The winner
# ----------
# With the best parameters, trained on all training images for longer, and then scored
# on the test set for the first time.
#
# *At full size* the best were a learning rate of 0.00075, hidden layers of 512 units,
# batches of 128 and a dropout rate of 0.2, with an accuracy of 0.983 on the test set
# over three seeds.

winner = clone(search.best_estimator_)
winner.set_params(kerasmlpclassifier__epochs=epochs_of_the_winner).fit(X, y)
print(
    f"The accuracy of the winner on the test set is {winner.score(X_test, y_test):.4f}."
)
plt.show()
