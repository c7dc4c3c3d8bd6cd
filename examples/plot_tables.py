"""
Tables
======

Columns of numbers and of categories, some of them with gaps: most data comes as such a
table. ``TabularMLPClassifier`` and ``TabularMLPRegressor`` take it as it is, without a
scaler, an encoder, or a setting to find. Both train several small networks side by
side, the members, and predict their mean.
"""

# %%
# People
# ------
# At full size this is Adult, of the census of the United States in 1994: age,
# education, occupation and other columns of 48,842 people, and whether each earns more
# than 50,000 dollars a year, from OpenML. At the small size people are invented, so
# that nothing is downloaded: a table of fewer columns of the same kinds, of which two
# have gaps in a tenth of the rows. In return, the probability by which each label was
# drawn is known.

import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.calibration import CalibrationDisplay
from sklearn.datasets import fetch_california_housing, fetch_openml
from sklearn.metrics import accuracy_score, brier_score_loss
from sklearn.model_selection import cross_val_score, train_test_split

from skmlp import TabularMLPClassifier, TabularMLPRegressor

invent = True  # full size: False
n_train = 1_500  # full size: 10_000
settings = {"epochs": 32}  # full size: {}
seed = 0


def invented(n_people, rng):
    """A table of people, and the probability that each earns much."""
    jobs = {
        "clerk": -0.5,
        "cook": -1.5,
        "driver": -0.9,
        "engineer": 1.1,
        "manager": 1.3,
        "nurse": 0.1,
        "teacher": 0.2,
    }
    people = pd.DataFrame(
        {
            "age": rng.integers(17, 80, n_people).astype(float),
            "job": rng.choice(list(jobs), n_people),
            "married": rng.choice(
                ["never", "now", "no longer"], n_people, p=[0.35, 0.45, 0.2]
            ),
            "hours": rng.normal(40, 10, n_people).clip(5, 90).round(),
            "gain": np.where(
                rng.random(n_people) < 0.1, rng.lognormal(8, 1, n_people).round(), 0.0
            ),
        }
    )
    odds = (
        -1.0
        - ((people["age"] - 50) / 16) ** 2
        + people["job"].map(jobs)
        + 1.5 * (people["married"] == "now")
    )
    odds += 0.05 * (people["hours"] - 40) + 2.5 * (people["gain"] > 4_000)
    for name in ("job", "hours"):
        people.loc[rng.random(n_people) < 0.1, name] = None
    return people, 1 / (1 + np.exp(-1.5 * odds))


if invent:
    rng = np.random.default_rng(seed)
    people, probability = invented(6_000, rng)
    rich = rng.random(len(people)) < probability
else:
    people, income = fetch_openml("adult", version=2, as_frame=True, return_X_y=True)
    rich = (income == ">50K").to_numpy()
print(people.head(5).to_string(index=False))
gaps = people.isna().mean()
for name, share in gaps[gaps > 0].items():
    print(f"Of the column {name!r} {share:.0%} are missing.")

# %%
# Five lines from the table to a score:

X, X_test, y, y_test = train_test_split(
    people, rich, train_size=n_train, stratify=rich, random_state=seed
)
classifier = TabularMLPClassifier(random_state=seed, **settings)
classifier.fit(X, y)
accuracy = classifier.score(X_test, y_test)
print(f"The accuracy on {len(X_test):,} other people is {accuracy:.3f}.")

# %%
# What to compare it with:

always = max(np.mean(y_test), 1 - np.mean(y_test))
print(f"The more frequent answer, given always, has {always:.3f}.")
if invent:
    best = accuracy_score(y_test, probability[X_test.index] > 0.5)
    print(f"The probabilities that drew the labels, with no gaps, have {best:.3f}.")

# %%
# A score that comes with the fit
# -------------------------------
# Each member leaves out a fold of its own and predicts it. ``oof_score_`` is the
# accuracy of these predictions, and comes with the fit. It is pessimistic, because each
# row is predicted by a single member, and optimistic, because it chose the epoch.
# ``cross_val_score`` has neither bias, but needs a fit for each fold, on fewer rows.
# Both estimate the accuracy on other people, with an uncertainty of about the standard
# error below. They use the same rows, so that much of their error is the same, too.
#
# *At full size* the accuracy was 0.859 out of fold, 0.858 cross-validated, which took
# 38 s, and 0.858 on 38,842 other people, with a standard error of 0.003 on the 10,000
# rows. 76 % of the people earn no more than 50,000 dollars.

folds = cross_val_score(classifier, X, y, cv=3)
standard_error = np.sqrt(accuracy * (1 - accuracy) / n_train)
print(f"Out of fold, with no further fit, the accuracy is {classifier.oof_score_:.3f}.")
print(f"Epoch {classifier.best_epoch_} was kept.")
print(f"Cross-validated in three folds, the accuracy is {folds.mean():.3f}.")
print(f"On other people, as above, it is {accuracy:.3f}.")
print(f"The standard error of an accuracy on {n_train:,} rows is {standard_error:.3f}.")

# %%
# Are the probabilities calibrated?
# ---------------------------------
# Of the people who are given a probability of 0.7, seven in ten should earn that much.
# The layer "output" of ``model_`` has the logits of each member, and so the mean
# prediction can be compared with what one member alone would have said. The Brier score
# is the mean squared error of a probability, less is better; that of the mean is never
# worse than the average of the members.

members = keras.Model(
    classifier.model_.inputs, classifier.model_.get_layer("output").output
)
logits = members(classifier.model_inputs(X_test))  # (members, people, 1)
logits = keras.ops.convert_to_numpy(logits)[:, :, 0]
of_members = 1 / (1 + np.exp(-logits.astype(float)))
of_mean = classifier.predict_proba(X_test)[:, 1]
of_each = [brier_score_loss(y_test, each) for each in of_members]
of_all = brier_score_loss(y_test, of_mean)
print(f"The Brier score of the mean of {len(of_each)} members is {of_all:.4f}.")
print(
    f"That of a member alone is {np.mean(of_each):.4f} on average, from "
    f"{min(of_each):.4f} to {max(of_each):.4f}."
)
if invent:
    lowest = brier_score_loss(y_test, probability[X_test.index])
    print(f"That of the probabilities that drew the labels is {lowest:.4f}.")

# %%
# Both curves keep near the diagonal. Label smoothing holds predictions off 0 and 1: at
# the left end, such people are rarer still than they say. In the middle are few people,
# and a point there moves by chance.
#
# *At full size* the Brier score of the mean was 0.0995, and that of the members from
# 0.0995 to 0.1002.

calibration = {}
figure, panel = plt.subplots(figsize=(5.6, 5.2), layout="constrained")
for values, name, colour in (
    (of_members[0], "the first member alone", "#d55e00"),
    (of_mean, f"mean of {len(of_each)} members", "#0072b2"),
):
    calibration[name] = CalibrationDisplay.from_predictions(
        y_test, values, n_bins=10, name=name, ax=panel, color=colour
    )
panel.set(
    xlabel="predicted probability",
    ylabel="fraction of people who earn that much",
    aspect="equal",
)
panel.grid(alpha=0.3)
figure.suptitle("Calibration of the predicted probabilities")
figure.savefig("tables_calibration.png", dpi=150)
plt.show()

# %%
# Numbers as targets
# ------------------
# Districts of California, and the median price of their houses in units of 100,000
# dollars.

districts, prices = fetch_california_housing(return_X_y=True, as_frame=True)
X, X_test, y, y_test = train_test_split(
    districts, prices, train_size=n_train, random_state=seed
)
regressor = TabularMLPRegressor(random_state=seed, **settings).fit(X, y)
print(
    f"R² is {regressor.score(X_test, y_test):.3f} on {len(X_test):,} other districts, "
    f"and {regressor.oof_score_:.3f} out of fold."
)

# %%
# *At full size* R² was 0.837 on 10,640 other districts, and 0.827 out of fold.

# %%
# What is learned of a column
# ---------------------------
# A number goes into the network beside three mixtures of cosines of it, whose
# frequencies are learned. In the upper row are the mixtures of two columns, from the
# first to the 99th percentile. They bend where many districts are, since the numbers
# are scaled by their quantiles first: along the longitude, around San Francisco
# (-122.4), and from Los Angeles (-118.2) to San Diego (-117.2). Below is what the
# network makes of it: the mean prediction for 200 districts, with that one column set
# to what the axis says, even where that is a place in the sea.

layer = regressor.model_.get_layer("periodic")
embed = keras.Model(regressor.model_.inputs, layer.output)
columns = {"MedInc": "median income, 10,000 dollars", "Longitude": "longitude, degrees"}
figure, panels = plt.subplots(
    2, 2, figsize=(9, 6), sharex="col", sharey="row", layout="constrained"
)
for (name, label), (above, below) in zip(columns.items(), panels.T, strict=True):
    values = np.linspace(*np.quantile(X[name], [0.01, 0.99]), 100)
    table = pd.DataFrame([X.median()] * len(values)).assign(**{name: values})
    outputs = embed.predict(regressor.model_inputs(table), verbose=0)
    # of each column, three mixtures and the number itself
    mixtures = outputs[:, X.columns.get_loc(name) :: layer.input.shape[-1]]
    for number, colour in enumerate(("#0072b2", "#d55e00", "#009e73")):
        above.plot(
            values, mixtures[:, number], color=colour, label=f"mixture {number + 1}"
        )
    predicted = [
        regressor.predict(X.head(200).assign(**{name: value})).mean()
        for value in values
    ]
    below.plot(values, predicted, color="0.2")
    below.set(xlabel=label)
    above.grid(alpha=0.3)
    below.grid(alpha=0.3)
panels[0, 0].set(ylabel="embedding")
panels[0, 0].legend()
panels[1, 0].set(ylabel="predicted price, 100,000 dollars")
figure.suptitle("What is learned of two columns")
figure.savefig("tables_columns.png", dpi=150)
plt.show()
