"""
Which output, which loss
========================

The last layer and the loss follow from the target. ``KerasMLPClassifier`` and
``KerasMLPRegressor`` choose them by themselves, but for fractions, which are targets of
numbers to them unless you say so:

=======================  =====================  ==================================
target                   output activation      loss
=======================  =====================  ==================================
two classes              sigmoid, one unit      binary cross-entropy
one of several classes   softmax                categorical cross-entropy
several labels a sample  sigmoid, one a label   binary cross-entropy
numbers of any size      linear                 mean squared error
fractions, from 0 to 1   sigmoid                mean squared error, or binary
                                                cross-entropy
=======================  =====================  ==================================

This example goes through the rows and checks each: that the fitted network has the
output of the table, that the loss it was trained by is the one of the table, computed
by scikit-learn from the predictions, and that it has learned more than a constant
guess. The data come with scikit-learn or are drawn here.
"""

# %%

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_digits,
    make_multilabel_classification,
)
from sklearn.metrics import log_loss, mean_squared_error
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from skmlp import KerasMLPClassifier, KerasMLPRegressor

seed = 0


def check_row(row, network, X, y, *, activation, loss):
    """Fit a row of the table, and check it; the outputs for the test samples.

    ``loss`` computes the loss that the table names from test targets and outputs.
    """
    X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
    scaler = StandardScaler().fit(X_train)
    X_train, X_test = scaler.transform(X_train), scaler.transform(X_test)
    network.fit(X_train, y_train, X_val=X_test, y_val=y_test)
    predict = getattr(network, "predict_proba", network.predict)
    outputs = predict(X_test)
    constant = np.broadcast_to(outputs.mean(axis=0), outputs.shape)

    np.testing.assert_equal(network.out_activation_, activation, err_msg=row)
    reported = network.history_["val_loss"][-1]
    computed, guessed = loss(y_test, outputs), loss(y_test, constant)
    np.testing.assert_allclose(reported, computed, rtol=1e-3, err_msg=row)
    np.testing.assert_array_less(computed, guessed, err_msg=row)
    print(
        f"{row}: {network.n_outputs_} {activation} output"
        f"{'s' if network.n_outputs_ > 1 else ''}, with a test loss of {reported:.4f} "
        f"({computed:.4f} by scikit-learn, {guessed:.4f} for a constant guess)."
    )
    return outputs


training = {"batch_size": 32, "epochs": 30, "random_state": seed}

# %%
# Two classes
# -----------
# Breast tumours, malignant or benign. One sigmoid unit gives the probability of the
# second class; that of the first is what remains.

X, y = load_breast_cancer(return_X_y=True)
network = KerasMLPClassifier((16,), **training)
probabilities = check_row(
    "two classes", network, X, y, activation="sigmoid", loss=log_loss
)
np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)

# %%
# One of several classes
# ----------------------
# The ten digits. A softmax makes the outputs probabilities that sum to 1.

X, y = load_digits(return_X_y=True)
network = KerasMLPClassifier((32,), **training)
probabilities = check_row(
    "one of several classes", network, X, y, activation="softmax", loss=log_loss
)
np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)

# %%
# Several labels a sample
# -----------------------
# Texts with any number of five topics; a table of 0 and 1 says which. Each label has
# its own sigmoid, and the probabilities of a sample need not sum to 1.


def mean_log_loss(y, probabilities):
    """The mean over the labels of their binary cross-entropies."""
    return np.mean(
        [log_loss(y[:, label], probabilities[:, label]) for label in range(y.shape[1])]
    )


X, y = make_multilabel_classification(2_000, n_features=40, n_classes=5, random_state=0)
network = KerasMLPClassifier((32,), **training)
probabilities = check_row(
    "several labels", network, X, y, activation="sigmoid", loss=mean_log_loss
)
sums = probabilities.sum(axis=1)
print(
    f"The probabilities of a sample sum to {sums.min():.2f} at the least, "
    f"and to {sums.max():.2f} at the most."
)

# %%
# Numbers of any size
# -------------------
# The progression of diabetes, 25 to 346. A linear output can take any value. The target
# is scaled here for the sake of the comparison; ``target_scaling="standard"`` would do
# that, and scale the predictions back.

X, y = load_diabetes(return_X_y=True)
network = KerasMLPRegressor((16,), **training)
predicted = check_row(
    "numbers",
    network,
    X,
    (y - y.mean()) / y.std(),
    activation="linear",
    loss=mean_squared_error,
)

# %%
# Fractions, from 0 to 1
# ----------------------
# The fraction of 20 plants that survive a dose: targets from 0 to 1, which are not
# labels. A sigmoid keeps the predictions in that range. Both losses are least at the
# mean fraction; binary cross-entropy penalizes an error more where the fraction is near
# 0 or 1.


def cross_entropy(fractions, predicted):
    """Binary cross-entropy with fractions as targets."""
    return -np.mean(
        fractions * np.log(predicted) + (1 - fractions) * np.log1p(-predicted)
    )


rng = np.random.default_rng(0)
dose = rng.uniform(0, 10, size=600)
survived = rng.binomial(20, 1 / (1 + np.exp(1.5 * (dose - 4)))) / 20
networks = {
    "linear, mean squared error": KerasMLPRegressor(
        (8,), learning_rate=0.01, **training
    ),
    "sigmoid, mean squared error": KerasMLPRegressor(
        (8,), output_activation="sigmoid", learning_rate=0.01, **training
    ),
    "sigmoid, binary cross-entropy": KerasMLPRegressor(
        (8,),
        output_activation="sigmoid",
        loss="binary_crossentropy",
        learning_rate=0.01,
        **training,
    ),
}
for name, network in networks.items():
    activation, loss_name = name.split(", ")
    loss = cross_entropy if loss_name == "binary cross-entropy" else mean_squared_error
    predicted = check_row(
        f"fractions, {loss_name}",
        network,
        dose[:, None],
        survived,
        activation=activation,
        loss=loss,
    )
    print(f"    It predicts from {predicted.min():.3f} to {predicted.max():.3f}.")
    if activation == "sigmoid":
        np.testing.assert_array_equal(predicted, np.clip(predicted, 0, 1))

# %%
# Beyond the doses that were tried, the linear output predicts fractions that cannot be:
# those in the grey.

doses = np.linspace(-3, 15, 200)[:, None]
tried, _ = train_test_split(dose[:, None], random_state=0)
scaled = StandardScaler().fit(tried).transform(doses)
beyond = {name: network.predict(scaled) for name, network in networks.items()}
figure, panel = plt.subplots(figsize=(7, 4), layout="constrained")
panel.scatter(dose, survived, s=6, color="#bbbbbb", label="measured")
for (name, predicted), colour in zip(
    beyond.items(), ("#d55e00", "#009e73", "#0072b2"), strict=True
):
    panel.plot(doses, predicted, color=colour, label=name)
panel.axhspan(-0.4, 0, color="#000000", alpha=0.06)
panel.axhspan(1, 1.4, color="#000000", alpha=0.06)
panel.set(
    xlabel="dose", ylabel="fraction that survives", xlim=(-3, 15), ylim=(-0.4, 1.4)
)
panel.legend()
figure.suptitle("Fractions by linear and by sigmoid outputs")
figure.savefig("outputs_fractions.png", dpi=150)
plt.show()
