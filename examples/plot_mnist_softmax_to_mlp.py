"""
From softmax regression to a network with dropout
=================================================

Handwritten digits are classified without a hidden layer, then with two, then with two
and dropout. The three classifiers are one estimator with other parameters. All of
them are trained by plain stochastic gradient descent at Keras' default learning rate of
0.01, on batches of 128.
"""

# %%
# The data
# --------
# ``keras.datasets`` downloads MNIST once: 60,000 images to train on and 10,000 to
# test, of 28 by 28 pixels from 0 to 255. The last fifth of the training images is
# held out for validation.

import keras
import matplotlib.pyplot as plt
import numpy as np
import sklearn
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skmlp import KerasMLPClassifier, LossCurveDisplay

n_images = 20_000  # full size: 60_000
epochs = 20  # full size: 200
epochs_with_dropout = 25  # full size: 250
seed = 0

(X, y), (X_test, y_test) = keras.datasets.mnist.load_data()
X, X_test = X.reshape(-1, 784), X_test.reshape(-1, 784)
X_train, X_val, y_train, y_val = train_test_split(
    X[:n_images], y[:n_images], test_size=0.2, shuffle=False
)

# %%
# The pipeline
# ------------
# Pixels are scaled to [0, 1] within the pipeline. ``transform_input`` sends the
# validation samples through the same scaling; for that, scikit-learn's metadata routing
# is switched on and the classifier requests them.

sklearn.set_config(enable_metadata_routing=True)


def scale_pixels(pixels):
    """Bring pixels from 0-255 to [0, 1]."""
    return pixels / np.float32(255)


def make_classifier(hidden_layer_sizes, **parameters):
    """A pipeline that scales pixels, and trains a network by gradient descent."""
    mlp = KerasMLPClassifier(
        hidden_layer_sizes,
        optimizer="sgd",
        batch_size=128,
        random_state=seed,
        **parameters,
    )
    mlp.set_fit_request(X_val=True, y_val=True)
    return make_pipeline(
        FunctionTransformer(scale_pixels), mlp, transform_input=["X_val"]
    )


def print_accuracies(name, classifier):
    """Say how well a network does on the three parts of the data."""
    print(
        f"The accuracy {name} is {classifier.score(X_train, y_train):.4f} on the "
        f"training images, {classifier.score(X_val, y_val):.4f} on the held-out "
        f"fifth and {classifier.score(X_test, y_test):.4f} on the test set."
    )


# %%
# Softmax regression
# ------------------
# Without hidden layers, the network is a multinomial logistic regression: one weight
# for each pixel and digit.
#
# *At full size*, over three seeds, its accuracy was 0.923 in training, 0.924 in
# validation and 0.922 on the test set. The experiment was published, without an author,
# with 0.9231, 0.9232 and 0.9225.

softmax = make_classifier((), epochs=epochs).fit(
    X_train, y_train, X_val=X_val, y_val=y_val
)
print_accuracies("of softmax regression", softmax)

# %%
# Two hidden layers
# -----------------
# Two layers of 128 ReLU units, for as many epochs. *At full size* the accuracy on the
# test set was 0.977 (published: 0.97).

mlp = make_classifier((128, 128), epochs=epochs).fit(
    X_train, y_train, X_val=X_val, y_val=y_val
)
print_accuracies("of the hidden layers", mlp)

# %%
# Dropout
# -------
# Each training step now sets three tenths of the outputs of both hidden layers to zero,
# at random. A network that is trained like that needs more epochs. *At full size* its
# accuracy on the test set was 0.978.

dropout = make_classifier((128, 128), dropout=0.3, epochs=epochs_with_dropout)
dropout.fit(X_train, y_train, X_val=X_val, y_val=y_val)
print_accuracies("with dropout", dropout)

# %%
# The curves
# ----------
# Solid lines are the training loss, dashed lines the validation loss. The training loss
# of the network with dropout is taken while units are left out, so that it lies above
# the validation loss, which is taken with all of them.

figure, panels = plt.subplots(1, 2, figsize=(8.5, 4), layout="constrained")
LossCurveDisplay.from_estimators(
    {"softmax regression": softmax, "128-128": mlp, "128-128, dropout 0.3": dropout},
    metrics=("loss", "val_score"),
    ax=panels,
)
panels[0].set_yscale("log")
panels[1].set_ylabel("accuracy on the held-out fifth")
panels[1].set_ylim(0.8, 1)
figure.suptitle(
    "MNIST, stochastic gradient descent, learning rate 0.01, batch size 128"
)
figure.savefig("mnist_softmax_to_mlp.png", dpi=150)

# %%
# Inspect a fitted classifier
# ---------------------------
# The cross-entropy and the accuracy on the test set, the digit predicted for each
# image, and the probability of each digit.

probabilities = dropout.predict_proba(X_test)
predicted = dropout.predict(X_test)
print(f"On the test set the loss is {log_loss(y_test, probabilities):.4f}.")
print(f"The first digits are predicted as {predicted[:10]}, and are {y_test[:10]}.")
print("The probabilities of the digits 0 to 9 for the first three images are")
print(probabilities[:3].round(4))

# %%
# The four test images that the network was least certain of, and what it thought
# possible. Orange is the true digit.

doubtful = np.argsort(probabilities.max(axis=1))[:4]
figure, panels = plt.subplots(
    2, 4, figsize=(8.5, 4), height_ratios=(1.4, 1), layout="constrained"
)
for image, bars, row in zip(*panels, doubtful, strict=True):
    image.imshow(X_test[row].reshape(28, 28), cmap="gray_r")
    image.set(title=f"{y_test[row]}, predicted {predicted[row]}", xticks=[], yticks=[])
    colours = ["#d55e00" if digit == y_test[row] else "#0072b2" for digit in range(10)]
    bars.bar(range(10), probabilities[row], color=colours)
    bars.set(xlabel="digit", xticks=range(10), ylim=(0, 1))
panels[1, 0].set_ylabel("probability")
figure.savefig("mnist_doubtful_digits.png", dpi=150)
sklearn.set_config(enable_metadata_routing=False)  # as it was
plt.show()
