"""
Two inputs: numbers, and a place that is embedded
=================================================

Prices of houses in 20,640 districts of California. Where a district is says most about
its prices, but not as two numbers along which they rise or fall: it is a category. A
network with two inputs takes the numbers as they are, and gives each place a vector
that it learns. The estimator splits the samples for it, so that pipelines and searches
see an ordinary table.
"""

# %%
# The data
# --------
# From ``keras.datasets``: longitude, latitude, and six numbers of each district. The
# price is in units of 100,000 dollars.

import argparse
import time

import keras
import matplotlib.pyplot as plt
import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

import skmlp
from skmlp import KerasMLPRegressor
from skmlp.wrappers import KerasRegressor

parser = argparse.ArgumentParser()
parser.add_argument(
    "--seeds", type=int, default=3, help="how many times to repeat the experiment"
)
parser.add_argument(
    "--quick",
    action="store_true",
    help="a small size and one seed; the figures are of that size",
)
options, _ = parser.parse_known_args()
seeds = range(1 if options.quick else options.seeds)

(X_train, y_train), (X_test, y_test) = keras.datasets.california_housing.load_data(
    version="large"
)
n_epochs = 40
if options.quick:
    X_train, y_train = X_train[:3_000], y_train[:3_000]
    n_epochs = 8
    print("Quick size: 3,000 districts to train on, 8 epochs, one seed.")
y_train, y_test = y_train / 1e5, y_test / 1e5
print(f"{len(X_train):,} districts to train on, {len(X_test):,} to test")

# %%
# A place is a square of half a degree, some 50 kilometres wide. Its number is the
# category.

west, south, side = -124.5, 32.5, 0.5
n_columns, n_rows = 21, 19


def square(longitude_latitude):
    """The number of the square that each district is in, (n_districts, 1)."""
    column, row = np.floor((longitude_latitude - [west, south]) / side).astype(int).T
    return (row * n_columns + column)[:, np.newaxis]


print(
    f"{len(np.unique(square(X_train[:, :2])))} of the {n_columns * n_rows} squares have districts in them"
)

# %%
# The columns for the network: the standardised numbers, counts by their logarithms, and
# the number of the square last.

counts = [3, 4, 5, 6]
numbers = ColumnTransformer(
    [
        ("numbers", StandardScaler(), [2, 7]),
        (
            "counts",
            make_pipeline(FunctionTransformer(np.log), StandardScaler()),
            counts,
        ),
        ("square", FunctionTransformer(square), [0, 1]),
    ]
)

# %%
# The model function
# ------------------
# A functional model with two inputs. L2 on the vectors keeps a square with few
# districts near zero.


def priced(width, dropout, l2, meta):
    """A network of the numbers and the vector of the square."""
    numbers = keras.Input((meta["n_features_in_"] - 1,), name="numbers")
    square = keras.Input((1,), dtype="int32", name="square")
    penalty = keras.regularizers.L2(l2)
    place = keras.layers.Embedding(
        n_columns * n_rows, width, embeddings_regularizer=penalty, name="places"
    )(square)
    both = keras.layers.Concatenate()([numbers, keras.layers.Flatten()(place)])
    for units in (64, 64):
        both = keras.layers.Dense(units, activation="relu")(both)
        both = keras.layers.Dropout(dropout)(both)
    return keras.Model(
        {"numbers": numbers, "square": square}, keras.layers.Dense(1)(both)
    )


# %%
# The estimator
# -------------
# ``feature_encoder`` is the transformer between what scikit-learn hands over, one
# array, and what the model takes.


def split(X):
    """The inputs of the network by name."""
    return {"numbers": X[:, :-1], "square": X[:, -1:].astype("int32")}


class TwoInputs(KerasRegressor):
    """A regressor whose last column is a category."""

    @property
    def feature_encoder(self):
        """What splits the samples."""
        return FunctionTransformer(split)


settings = {"batch_size": 64, "epochs": n_epochs, "random_state": 0, "verbose": 0}
regressor = TwoInputs(
    priced,
    model__width=8,
    model__dropout=0.05,
    model__l2=1e-5,
    optimizer="adam",
    optimizer__learning_rate=0.002,
    loss="mse",
    **settings,
)
embedded = make_pipeline(numbers, regressor)

# %%
# What the place is worth
# -----------------------
# Cross-validated beside two networks of one input, by ``KerasMLPRegressor``: one knows
# nothing of the place, the other has longitude and latitude as two numbers.

mlp = KerasMLPRegressor(
    (64, 64), activation="relu", dropout=0.05, learning_rate=0.002, **settings
)
elsewhere = ColumnTransformer(numbers.transformers[:2])
coordinates = ColumnTransformer(
    [*numbers.transformers[:2], ("coordinates", StandardScaler(), [0, 1])]
)
candidates = {
    "no place": make_pipeline(elsewhere, mlp),
    "longitude and latitude": make_pipeline(coordinates, mlp),
    "embedded square": embedded,
}
for name, candidate in candidates.items():
    start = time.perf_counter()
    scores = cross_val_score(candidate, X_train, y_train, cv=3)
    print(
        f"{name}: R² {scores.mean():.3f}, mean of 3 folds with a standard deviation of {scores.std():.3f}; "
        f"{(time.perf_counter() - start) / 3:.1f} s a fit"
    )

# %%
# A search
# --------
# Over the learning rate, and the penalty of the vectors. Both are values to one
# compiled program.

grid = {
    "twoinputs__optimizer__learning_rate": [0.001, 0.002, 0.005],
    "twoinputs__model__l2": [1e-6, 1e-5, 1e-4],
}
if options.quick:
    grid = {name: values[1:] for name, values in grid.items()}
search = GridSearchCV(embedded, grid, cv=2 if options.quick else 3)
start, before = time.perf_counter(), skmlp.cache_info().traces
search.fit(X_train, y_train)
best = {name.rpartition("__")[2]: value for name, value in search.best_params_.items()}
print(
    f"tuned: R² {search.best_score_:.3f}, mean of {search.n_splits_} folds, at learning rate {best['learning_rate']}, "
    f"l2 {best['l2']}; {search.n_splits_ * len(search.cv_results_['params']) + 1} fits in "
    f"{time.perf_counter() - start:.0f} s, programs compiled: {skmlp.cache_info().traces - before}"
)

scores, seconds = [], []
for seed in seeds:
    start = time.perf_counter()
    network = search.best_estimator_.set_params(twoinputs__random_state=seed).fit(
        X_train, y_train
    )
    seconds.append(time.perf_counter() - start)
    scores.append(network.score(X_test, y_test))
print("engine:", network[-1].engine_)
print(
    f"embedded square, tuned: R² {', '.join(f'{score:.3f}' for score in scores)} on the test set, "
    f"{np.mean(seconds):.1f} s a fit"
)

# %%
# What it learned of California
# -----------------------------
# The vectors' first principal component, square by square, beside the mean price. The
# network was never told which squares are neighbours.

vectors = network[-1].model_.get_layer("places").get_weights()[0]
squares = square(X_train[:, :2]).ravel()
there, districts = np.unique(squares, return_counts=True)
there = there[districts >= 5]
prices = np.array([y_train[squares == number].mean() for number in there])
component = PCA(1).fit_transform(vectors[there]).ravel()
component *= np.sign(np.corrcoef(component, prices)[0, 1])


def on_the_map(values):
    """A picture of values of squares, empty elsewhere."""
    picture = np.full(n_rows * n_columns, np.nan)
    picture[there] = values
    return picture.reshape(n_rows, n_columns)


figure, panels = plt.subplots(1, 2, figsize=(9, 4.4), sharey=True, layout="constrained")
extent = (west, west + n_columns * side, south, south + n_rows * side)
for panel, values, title in (
    (panels[0], prices, "mean price, 100,000 dollars"),
    (panels[1], component, "first principal component of the vectors"),
):
    picture = panel.imshow(
        on_the_map(values), origin="lower", extent=extent, aspect=1.25, cmap="viridis"
    )
    figure.colorbar(picture, ax=panel, label=title)
    panel.set(xlabel="longitude")
panels[0].set(ylabel="latitude")
figure.savefig("california_places.png", dpi=150)
plt.show()
