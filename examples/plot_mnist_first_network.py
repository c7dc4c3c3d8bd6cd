"""
A first network for handwritten digits
======================================

MNIST has 70,000 images of handwritten digits, 28 by 28 pixels each. A network with
one hidden layer of 512 rectified linear units learns to tell them apart in five epochs
of RMSprop. The settings are those of the first example of François Chollet's book *Deep
Learning with Python*.
"""

# %%
# The data
# --------
# ``keras.datasets`` downloads them once. Each image becomes a row of 784 numbers
# between 0 and 1.

import keras
import matplotlib.pyplot as plt
import numpy as np

from skmlp import KerasMLPClassifier, LossCurveDisplay

n_digits = 6_000  # full size: 60_000
seed = 0

(images_train, y_train), (images_test, y_test) = keras.datasets.mnist.load_data()
images_train, y_train = images_train[:n_digits], y_train[:n_digits]
X_train = images_train.reshape(-1, 784) / np.float32(255)
X_test = images_test.reshape(-1, 784) / np.float32(255)
print(
    f"There are {len(X_train):,} digits to train on and {len(X_test):,} to test, "
    f"of {X_train.shape[1]} pixels each."
)

# %%
# The first digit of each class, as it was scanned:

figure, panels = plt.subplots(1, 10, figsize=(9, 1.3), layout="constrained")
for digit, panel in enumerate(panels):
    panel.imshow(images_train[np.flatnonzero(y_train == digit)[0]], cmap="gray_r")
    panel.set(title=digit, xticks=[], yticks=[])
figure.savefig("mnist_digits.png", dpi=150)
plt.show()

# %%
# The network
# -----------
# The labels stay the digits 0 to 9. An estimator with ten classes has ten softmax
# outputs and takes the categorical cross-entropy, without being told so. The test set
# is only watched here: nothing is chosen by it.
#
# *At full size*, on all 60,000 digits, the test accuracy over three seeds was 0.980;
# Keras' ``fit`` had 0.9798 with the same settings.

classifier = KerasMLPClassifier(
    (512,),
    activation="relu",
    optimizer="rmsprop",
    batch_size=128,
    epochs=5,
    random_state=seed,
)
classifier.fit(X_train, y_train, X_val=X_test, y_val=y_test)
print(f"The accuracy on the test set is {classifier.score(X_test, y_test):.4f}.")

# %%
# How it learned
# --------------
# The training loss ends below the loss on the test set, and falls faster: the network
# begins to overfit.

figure, panels = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
LossCurveDisplay.from_estimator(classifier, metrics=("loss", "val_score"), ax=panels)
panels[1].set_ylabel("accuracy on the test set")
figure.suptitle("MNIST: 784-512-10")
figure.savefig("mnist_first_network.png", dpi=150)
plt.show()

# %%
# What it gets wrong
# ------------------
# The mistakes that it is surest of. Some of them a person would argue about, too.

predicted = classifier.predict(X_test)
probability = classifier.predict_proba(X_test).max(axis=1)
mistakes = np.flatnonzero(predicted != y_test)
surest = mistakes[np.argsort(probability[mistakes])[::-1]][:10]
print(f"It makes {len(mistakes)} mistakes in {len(X_test):,} digits.")

figure, panels = plt.subplots(2, 5, figsize=(9, 4.2), layout="constrained")
for panel, row in zip(panels.flat, surest, strict=True):
    panel.imshow(images_test[row], cmap="gray_r")
    panel.set(
        title=f"a {y_test[row]}, taken for a {predicted[row]}\n"
        f"({probability[row]:.1%} sure)",
        xticks=[],
        yticks=[],
    )
    panel.title.set_fontsize(9)
figure.savefig("mnist_mistakes.png", dpi=150)
plt.show()
