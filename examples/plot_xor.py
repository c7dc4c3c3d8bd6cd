"""
XOR needs a hidden layer
========================

Exclusive or: 1 if the two inputs differ, 0 if they are the same. No straight line
separates the ones from the zeros, so that a network without a hidden layer cannot learn
it. With one hidden layer of a few units it can.
"""

# %%
# There are four samples. The network without a hidden layer is logistic regression,
# which gets three of them right at most.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.inspection import DecisionBoundaryDisplay

from skmlp import KerasMLPClassifier, LossCurveDisplay

seed = 0

X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
y = np.array([0, 1, 1, 0])
training = {
    "optimizer": "adam",
    "learning_rate": 0.05,
    "batch_size": 4,
    "epochs": 500,
    "random_state": seed,
}
networks = {
    "no hidden layer": KerasMLPClassifier((), **training),
    "8 hidden units": KerasMLPClassifier((8,), activation="tanh", **training),
}
for name, network in networks.items():
    network.fit(X, y)
    print(f"With {name} the accuracy is {network.score(X, y):.2f}.")
    print(
        "The probability of 1 for 00, 01, 10 and 11 is",
        network.predict_proba(X)[:, 1].round(3),
    )

# %%
# The boundary
# ------------
# Without a hidden layer the best that binary cross-entropy finds is one half
# everywhere: the loss falls to ln 2, which is 0.693, and stays there.

figure, panels = plt.subplots(1, 3, figsize=(9.6, 3.4), layout="constrained")
for panel, (name, network) in zip(panels, networks.items(), strict=False):
    boundary = DecisionBoundaryDisplay.from_estimator(
        network,
        X,
        response_method="predict_proba",
        plot_method="pcolormesh",
        cmap="PuOr_r",
        vmin=0,
        vmax=1,
        ax=panel,
        eps=0.5,
        grid_resolution=200,
    )
    panel.contour(
        boundary.xx0,
        boundary.xx1,
        boundary.response,
        levels=[0.5],
        colors="black",
        linewidths=1,
    )
    panel.scatter(
        *X.T, c=y, cmap="PuOr_r", edgecolors="white", linewidths=2, s=90, zorder=3
    )
    panel.set(
        title=name,
        xlabel="first input",
        ylabel="second input",
        xticks=[0, 1],
        yticks=[0, 1],
        aspect="equal",
    )
figure.colorbar(boundary.surface_, ax=panels[:2], label="probability of 1", shrink=0.8)
LossCurveDisplay.from_estimators(networks, ax=panels[2])
panels[2].set_box_aspect(1)
figure.savefig("xor.png", dpi=150)
plt.show()
