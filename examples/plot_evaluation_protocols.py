"""
How to measure a model: four protocols
======================================

A score is an estimate, and how far it can be trusted depends on how the samples were
split. Hold-out, K-fold, iterated K-fold with shuffling, and splits that respect time:
to scikit-learn each is an object that is given as ``cv``, and to this network all are
the same. It is compiled once for every split of this page.
"""

# %%
# Few samples: hold-out, K-fold, iterated K-fold
# ----------------------------------------------
# 442 diabetes patients, bundled with scikit-learn: how far is the predicted progression
# of the disease off? A hold-out set of 110 patients gives one number, and another split
# gives another. K-fold cross-validation tests on every patient once; repeating it with
# new shuffles averages over the splits, too. Each protocol is run with several
# shuffles, to see how much its answer depends on them.

import argparse
import time

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

parser = argparse.ArgumentParser()
parser.add_argument("--seeds", type=int, default=3, help="how many series to draw")
parser.add_argument(
    "--quick",
    action="store_true",
    help="a small size and one seed; the figures are of that size",
)
options, _ = parser.parse_known_args()
seeds = range(1 if options.quick else options.seeds)
n_splits_seeds, n_repeats = (4, 3) if options.quick else (10, 10)

X, y = load_diabetes(return_X_y=True)
network = make_pipeline(
    StandardScaler(),
    KerasMLPRegressor(
        (16,), learning_rate=0.01, batch_size=32, epochs=20, random_state=0
    ),
)


def mean_absolute_error(cv, X, y):
    """The mean absolute error over all splits."""
    return -cross_val_score(
        network, X, y, cv=cv, scoring="neg_mean_absolute_error"
    ).mean()


protocols = {
    "hold-out\n(1 fit)": lambda seed: ShuffleSplit(
        n_splits=1, test_size=0.25, random_state=seed
    ),
    "4-fold\n(4 fits)": lambda seed: KFold(4, shuffle=True, random_state=seed),
    f"4-fold, {n_repeats} times\n({4 * n_repeats} fits)": lambda seed: RepeatedKFold(
        n_splits=4, n_repeats=n_repeats, random_state=seed
    ),
}
start, before = time.perf_counter(), skmlp.cache_info().traces
answers = {
    name: [mean_absolute_error(protocol(seed), X, y) for seed in range(n_splits_seeds)]
    for name, protocol in protocols.items()
}
seconds = time.perf_counter() - start
for name, errors in answers.items():
    print(
        f"{name.replace(chr(10), ' ')}: mean absolute error {np.mean(errors):.2f}, with a standard deviation of "
        f"{np.std(errors):.2f} over {n_splits_seeds} shuffles"
    )
n_fits = n_splits_seeds * (1 + 4 + 4 * n_repeats)
print(
    f"{n_fits} fits in {seconds:.1f} s, programs compiled: {skmlp.cache_info().traces - before}"
)

figure, panel = plt.subplots(figsize=(6.4, 3.8), layout="constrained")
for place, (errors, colour) in enumerate(
    zip(answers.values(), ("#0072b2", "#d55e00", "#009e73"), strict=True)
):
    panel.scatter(np.full(len(errors), place), errors, s=30, alpha=0.7, color=colour)
panel.set_xticks(range(3), answers)
panel.set(
    xlim=(-0.5, 2.5),
    ylabel="mean absolute error",
    title="Each point: the answer with another shuffle",
)
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
# what follows. The last fifth of each series, which neither protocol sees, says which
# of them was right.

n_hours = 300 if options.quick else 1_000
errors = []
for seed in seeds:
    hours = np.arange(n_hours)
    series = np.random.default_rng(seed).normal(size=n_hours).cumsum()
    waves = [np.sin(2 * np.pi * hours / period) for period in (24, 168, 720)]
    X, y = np.column_stack([hours, *waves]), series
    past, future = np.split(hours, [n_hours * 4 // 5])
    predicted = network.fit(X[past], y[past]).predict(X[future])
    errors.append(
        [
            mean_absolute_error(
                KFold(5, shuffle=True, random_state=seed), X[past], y[past]
            ),
            mean_absolute_error(TimeSeriesSplit(5), X[past], y[past]),
            np.abs(predicted - y[future]).mean(),
        ]
    )
for name, mean in zip(
    ("shuffled 5-fold", "TimeSeriesSplit", "the future itself"),
    np.mean(errors, axis=0),
    strict=True,
):
    print(f"{name}: mean absolute error {mean:.2f}, mean of {len(seeds)} series")

figure, panel = plt.subplots(figsize=(7.4, 3.8), layout="constrained")
panel.plot(hours, y, color="#555555", linewidth=0.8, label="the series")
panel.plot(past, network.predict(X[past]), color="#0072b2", label="fitted to the past")
panel.plot(future, predicted, color="#d55e00", label="predicted for the future")
panel.set(xlabel="hour", ylabel="value")
panel.legend()
panel.grid(alpha=0.3)
figure.savefig("protocols_time.png", dpi=150)
plt.show()

# %%
# Which rows train and which test, for the four of them:

splits = {
    "hold-out": ShuffleSplit(n_splits=1, test_size=0.25, random_state=0),
    "4-fold": KFold(4),
    "4-fold, shuffled, 2 times": RepeatedKFold(n_splits=4, n_repeats=2, random_state=0),
    "TimeSeriesSplit": TimeSeriesSplit(4),
}
figure, panels = plt.subplots(2, 2, figsize=(8, 4.6), sharex=True, layout="constrained")
for panel, (name, cv) in zip(panels.flat, splits.items(), strict=True):
    for number, (train, test) in enumerate(cv.split(np.zeros((40, 1)))):
        panel.scatter(
            train, np.full(len(train), number), marker="s", s=14, color="#0072b2"
        )
        panel.scatter(
            test, np.full(len(test), number), marker="s", s=14, color="#d55e00"
        )
    panel.set(
        title=name, yticks=range(number + 1), ylim=(number + 0.7, -0.7), ylabel="fit"
    )
for panel in panels[1]:
    panel.set_xlabel("row (blue trains, orange tests)")
figure.savefig("protocols_splits.png", dpi=150)
plt.show()
