"""
How to measure a model: four protocols
======================================

A score is an estimate, and how far it can be trusted depends on how the samples were
split. Hold-out, K-fold, iterated K-fold with shuffling, and splits that respect time:
to scikit-learn each is an object that is given as ``cv``, and to this network all are
the same. It is compiled once for all splits of a data set.
"""

# %%
# Which rows train and which test
# -------------------------------
# The four protocols on 40 rows.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.model_selection import (
    KFold,
    RepeatedKFold,
    ShuffleSplit,
    TimeSeriesSplit,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skmlp
from skmlp import KerasMLPRegressor

n_shuffles = 4  # full size: 10
n_repeats = 3  # full size: 10
n_hours = 400  # full size: 1_000
seed = 0

splits = {
    "hold-out": ShuffleSplit(n_splits=1, test_size=0.25, random_state=0),
    "4-fold": KFold(4),
    "4-fold, shuffled, 2 times": RepeatedKFold(n_splits=4, n_repeats=2, random_state=0),
    "TimeSeriesSplit": TimeSeriesSplit(4),
}
figure, panels = plt.subplots(2, 2, figsize=(8, 4.6), sharex=True, layout="constrained")
for panel, (name, cv) in zip(panels.flat, splits.items(), strict=True):
    for number, (train, test) in enumerate(cv.split(np.zeros((40, 1)))):
        for part, rows, colour in (
            ("trains", train, "#0072b2"),
            ("tests", test, "#d55e00"),
        ):
            panel.scatter(
                rows, [number] * len(rows), marker="s", s=14, color=colour, label=part
            )
    panel.set(title=name, yticks=range(number + 1), ylim=(number + 0.7, -0.7))
    panel.set(ylabel="fit")
panels[1, 0].set_xlabel("row")
panels[1, 1].set_xlabel("row")
handles, labels = panels[0, 0].get_legend_handles_labels()
figure.legend(handles, labels, loc="outside lower center", ncols=2)
figure.savefig("protocols_splits.png", dpi=150)
plt.show()

# %%
# Few samples: hold-out, K-fold, iterated K-fold
# ----------------------------------------------
# 442 diabetes patients, bundled with scikit-learn: how far is the predicted progression
# of the disease off? A hold-out set of 110 patients gives one number, and another split
# gives another. K-fold cross-validation tests on every patient once; repeating it with
# new shuffles averages over the splits, too. Each protocol is run with several
# shuffles, to see how much its answer depends on them.

X, y = load_diabetes(return_X_y=True)
network = make_pipeline(
    StandardScaler(),
    KerasMLPRegressor(
        (16,), learning_rate=0.01, batch_size=32, epochs=20, random_state=seed
    ),
)


def mean_absolute_error(cv, X, y):
    """The mean absolute error over all splits."""
    errors = cross_val_score(network, X, y, cv=cv, scoring="neg_mean_absolute_error")
    return -errors.mean()


def protocols(shuffle):
    """The protocols with one shuffle, by name."""
    return {
        "hold-out": ShuffleSplit(n_splits=1, test_size=0.25, random_state=shuffle),
        "4-fold": KFold(4, shuffle=True, random_state=shuffle),
        f"4-fold, {n_repeats} times": RepeatedKFold(
            n_splits=4, n_repeats=n_repeats, random_state=shuffle
        ),
    }


before = skmlp.cache_info().traces
answers = {name: [] for name in protocols(0)}
for shuffle in range(n_shuffles):
    for name, cv in protocols(100 * seed + shuffle).items():
        answers[name].append(mean_absolute_error(cv, X, y))
spread = {name: np.std(errors) for name, errors in answers.items()}
for name, errors in answers.items():
    print(
        f"By {name} the mean absolute error is {np.mean(errors):.2f}, with a standard "
        f"deviation of {spread[name]:.2f} over {n_shuffles} shuffles."
    )
n_fits = n_shuffles * (1 + 4 + 4 * n_repeats)
n_programs = skmlp.cache_info().traces - before
print(f"Programs compiled for these {n_fits} fits: {n_programs}")

# %%
# The more fits, the less the answer depends on the shuffle.

figure, panel = plt.subplots(figsize=(6.4, 3.8), layout="constrained")
for place, (errors, colour) in enumerate(
    zip(answers.values(), ("#0072b2", "#d55e00", "#009e73"), strict=True)
):
    panel.scatter([place] * len(errors), errors, s=40, alpha=0.7, color=colour)
panel.set_xticks(range(3), answers)
panel.set(xlim=(-0.5, 2.5), ylabel="mean absolute error")
panel.set_title("Each point: the answer with another shuffle")
panel.grid(alpha=0.3, axis="y")
figure.savefig("protocols_shuffles.png", dpi=150)
plt.show()

# %%
# Samples in order of time
# ------------------------
# A series that wanders: each value is the last one and a step that nobody can predict.
# The features are the time and three sine waves of it, so that the network can do no
# more than interpolate between neighbours in time. A shuffled fold lies between
# training samples of the hours before and after it, and looks easy. A model that is
# used tomorrow knows no tomorrow: ``TimeSeriesSplit`` trains on the past and tests on
# what follows. The last fifth of the series, which neither protocol sees, says which of
# them was right.

hours = np.arange(n_hours)
series = np.random.default_rng(seed).normal(size=n_hours).cumsum()
waves = [np.sin(2 * np.pi * hours / period) for period in (24, 168, 720)]
X, y = np.column_stack([hours, *waves]), series
past, future = np.split(hours, [n_hours * 4 // 5])
predicted = network.fit(X[past], y[past]).predict(X[future])
shuffled = mean_absolute_error(
    KFold(5, shuffle=True, random_state=seed), X[past], y[past]
)
in_time = mean_absolute_error(TimeSeriesSplit(5), X[past], y[past])
true = np.abs(predicted - y[future]).mean()
print(f"By shuffled 5-fold the mean absolute error is {shuffled:.2f}.")
print(f"By TimeSeriesSplit the mean absolute error is {in_time:.2f}.")
print(f"In the future itself the mean absolute error is {true:.2f}.")

# %%
# The shuffled folds promise an error several times too small.
#
# *At full size*, over three series, the error was 2.84 by shuffled folds, 8.69 by
# ``TimeSeriesSplit`` and 8.58 in the future itself.

figure, panel = plt.subplots(figsize=(7.4, 3.8), layout="constrained")
panel.plot(hours, y, color="#555555", linewidth=0.8, label="the series")
panel.plot(past, network.predict(X[past]), color="#0072b2", label="fitted to the past")
panel.plot(future, predicted, color="#d55e00", label="predicted for the future")
panel.set(xlabel="hour", ylabel="value")
panel.legend()
panel.grid(alpha=0.3)
figure.suptitle("A random walk, and what the network makes of it")
figure.savefig("protocols_time.png", dpi=150)
plt.show()
