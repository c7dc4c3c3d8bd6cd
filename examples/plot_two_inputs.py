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

n_districts = 3_000  # full size: 16_512
epochs = 8  # full size: 40
rates = [0.002, 0.005]  # full size: [0.001, 0.002, 0.005]
penalties = [1e-5, 1e-4]  # full size: [1e-6, 1e-5, 1e-4]
n_folds = 2  # full size: 3
seed = 0

load = keras.datasets.california_housing.load_data
(X_train, y_train), (X_test, y_test) = load(version="large")
X_train, y_train = X_train[:n_districts], y_train[:n_districts] / 1e5
y_test = y_test / 1e5
print(f"{len(X_train):,} districts are to train on, {len(X_test):,} to test.")

# %%
# A place is a square of half a degree, some 50 kilometres wide. Its number is the
# category.

west, south, side = -124.5, 32.5, 0.5
n_columns, n_rows = 21, 19


def square(longitude_latitude):
    """The number of the square that each district is in, (n_districts, 1)."""
    column, row = np.floor((longitude_latitude - [west, south]) / side).astype(int).T
    return (row * n_columns + column)[:, np.newaxis]


n_squares = len(np.unique(square(X_train[:, :2])))
print(f"{n_squares} of {n_columns * n_rows} squares have districts in them.")

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


settings = {"batch_size": 64, "epochs": epochs, "random_state": seed, "verbose": 0}
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
scores = {}
for name, candidate in candidates.items():
    folds = cross_val_score(candidate, X_train, y_train, cv=3)
    scores[name] = folds.mean()
    print(
        f"With {name} the R² is {scores[name]:.3f}, the mean of three folds with a "
        f"standard deviation of {folds.std():.3f}."
    )

# %%
# The place is worth more than a twentieth of the variance, and the vectors of the
# squares no less than longitude and latitude.

# %%
# A search
# --------
# Over the learning rate, and the penalty of the vectors. Both are values to one
# compiled program, which is there since the cross-validation.

grid = {
    "twoinputs__optimizer__learning_rate": rates,
    "twoinputs__model__l2": penalties,
}
before = skmlp.cache_info().traces
search = GridSearchCV(embedded, grid, cv=n_folds).fit(X_train, y_train)
n_programs = skmlp.cache_info().traces - before
best = search.best_params_
network = search.best_estimator_
r2 = network.score(X_test, y_test)
print(
    f"The best is a learning rate of {best['twoinputs__optimizer__learning_rate']} "
    f"with an l2 of {best['twoinputs__model__l2']}: its R² is "
    f"{search.best_score_:.3f}, the mean of {n_folds} folds."
)
n_fits = n_folds * len(rates) * len(penalties) + 1
print(f"New programs for these {n_fits} fits: {n_programs}")
print(f"On the test set the R² is {r2:.3f}; the engine is {network[-1].engine_}.")

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
    """An image of values of squares, empty elsewhere."""
    image = np.full(n_rows * n_columns, np.nan)
    image[there] = values
    return image.reshape(n_rows, n_columns)


figure, panels = plt.subplots(1, 2, figsize=(9, 4.4), sharey=True, layout="constrained")
extent = (west, west + n_columns * side, south, south + n_rows * side)
for panel, values, title in (
    (panels[0], prices, "mean price, 100,000 dollars"),
    (panels[1], component, "first principal component of the vectors"),
):
    image = panel.imshow(
        on_the_map(values), origin="lower", extent=extent, aspect=1.25, cmap="viridis"
    )
    figure.colorbar(image, ax=panel, label=title)
    panel.set(xlabel="longitude")
panels[0].set(ylabel="latitude")
figure.savefig("california_places.png", dpi=150)
plt.show()
