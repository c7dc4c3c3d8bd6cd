"""
Missing values, set to zero
===========================

A network takes numbers only. Where a value is missing, a zero is a fair stand-in, if
zero is not a value that means something: after ``StandardScaler`` it is the mean of the
feature. The network learns to pass over a zero, but only from samples that have such
zeros. If the samples to predict will have missing values, the training samples must
have them too; if they have none, copies of them with values knocked out do the same.
"""

# %%
# The data
# --------
# The digits that come with scikit-learn, and a scanner that loses pixels: each of the
# 64 is missing with some probability. ``StandardScaler`` passes over missing values,
# and ``SimpleImputer`` then puts the zeros in their place.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.impute import SimpleImputer
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmlp import KerasMLPClassifier

seed = 0

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)


def with_gaps(X, share, rng):
    """A copy in which each value is missing with the given probability."""
    return np.where(rng.random(X.shape) < share, np.nan, X)


figure, panels = plt.subplots(1, 5, figsize=(9, 2.2), layout="constrained")
for panel, share in zip(panels, (0, 0.2, 0.4, 0.6, 0.8), strict=True):
    image = with_gaps(X_test[:1], share, np.random.default_rng(0)).reshape(8, 8)
    panel.imshow(image, cmap="gray_r")
    panel.set_facecolor("#e69f00")
    panel.set(title=f"{share:.0%} missing", xticks=[], yticks=[])
figure.savefig("missing_digits.png", dpi=150)
plt.show()

# %%
# Two trainings
# -------------
# The same network, trained on whole digits, three times each, and on the same digits
# once whole and in two copies that have gaps: one with 30 %, one with 60 % of the
# pixels missing. Both trainings thus take the same number of steps.

pipeline = make_pipeline(
    StandardScaler(),
    SimpleImputer(strategy="constant", fill_value=0.0),
    KerasMLPClassifier((64, 64), batch_size=32, epochs=30, random_state=seed),
)
shares = np.array([0.0, 0.15, 0.3, 0.45, 0.6, 0.75])
rng = np.random.default_rng(seed)
tests = [with_gaps(X_test, share, rng) for share in shares]
trainings = {
    "whole digits": [X_train, X_train, X_train],
    "digits with gaps, too": [
        X_train,
        with_gaps(X_train, 0.3, rng),
        with_gaps(X_train, 0.6, rng),
    ],
}
scores = {}
for name, parts in trainings.items():
    pipeline.fit(np.vstack(parts), np.tile(y_train, 3))
    scores[name] = np.array([pipeline.score(test, y_test) for test in tests])
    print(
        f"Trained on {name}, the network has an accuracy of {scores[name][0]:.3f} "
        f"on whole test digits and of {scores[name][4]:.3f} on those that lack 60 % "
        "of their pixels."
    )

# %%
# On whole digits the network that has seen nothing else is a little more accurate. As
# soon as pixels are missing it falls behind the one that knows gaps, most of all where
# 60 % are missing.

figure, panel = plt.subplots(figsize=(6.4, 4), layout="constrained")
for (name, accuracies), colour in zip(
    scores.items(), ("#d55e00", "#0072b2"), strict=True
):
    panel.plot(100 * shares, accuracies, marker="o", color=colour, label=name)
panel.set(
    xlabel="missing test pixels, %", ylabel="accuracy on the test set", ylim=(0, 1.02)
)
panel.legend(title="trained on", loc="lower left")
panel.grid(alpha=0.3)
figure.savefig("missing_accuracy.png", dpi=150)
plt.show()
