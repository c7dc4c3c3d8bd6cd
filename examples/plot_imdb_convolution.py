"""
Reading film reviews in order
=============================

:ref:`sphx_glr_auto_examples_plot_imdb_sentiment.py` knows which words a review has, not
where. Here a network reads them in order: an embedding gives each word a vector, a
convolution looks at three neighbours at a time, and max-pooling keeps what it found,
wherever that was. The network is a function of your own; ``skmlp.wrappers`` makes a
classifier of it.
"""

# %%
# The data
# --------
# A review is a list of word numbers. Cut to the last words, and filled up with zeros in
# front, the reviews are a table of integer codes, (n_reviews, length).

import keras
import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import GridSearchCV

import skmlp
from skmlp import LossCurveDisplay
from skmlp.wrappers import KerasClassifier

n_reviews = 1_600  # full size: 25_000
n_tuned = 800  # full size: 5_000
length = 100  # full size: 400
n_filters = 32  # full size: 250
epochs = 4  # full size: 2
n_folds = 2  # full size: 3
n_words = 5_000
seed = 0

(train, y_train), (test, y_test) = keras.datasets.imdb.load_data(num_words=n_words)
X_train = keras.utils.pad_sequences(train[:n_reviews], maxlen=length)
X_test = keras.utils.pad_sequences(test[:n_reviews], maxlen=length)
y_train, y_test = y_train[:n_reviews], y_test[:n_reviews]
print(
    f"Of {len(X_train):,} reviews of {length} words each, "
    f"{y_train.mean():.0%} are favourable."
)

# %%
# The network
# -----------
# Convolutions over three words each, and a dense layer. The estimator compiles it with
# the loss, the optimizer and the metrics that it is given. The settings at full size
# are those of ``imdb_cnn.py``, an example that Keras had for years, which said 0.89 on
# the test set after two epochs.


def reader(dropout, n_filters, meta):
    """Embedding, convolution, the greatest value of each filter, and a sigmoid."""
    return keras.Sequential(
        [
            keras.Input((meta["n_features_in_"],), dtype="int32"),
            keras.layers.Embedding(n_words, 50, name="words"),
            keras.layers.Dropout(dropout),
            keras.layers.Conv1D(n_filters, 3, activation="relu"),
            keras.layers.GlobalMaxPooling1D(),
            keras.layers.Dense(n_filters, activation="relu"),
            keras.layers.Dropout(dropout),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )


classifier = KerasClassifier(
    reader,
    model__dropout=0.2,
    model__n_filters=n_filters,
    optimizer="adam",
    optimizer__learning_rate=0.001,
    loss="binary_crossentropy",
    metrics=["accuracy"],
    batch_size=32,
    epochs=epochs,
    random_state=seed,
    verbose=0,
)

# %%
# A few epochs
# ------------
# And what the order of the words is worth to this network: the same test reviews, with
# their words shuffled.

classifier.fit(X_train, y_train)
in_order = classifier.score(X_test, y_test)
in_any_order = np.random.default_rng(seed).permuted(X_test, axis=1)
shuffled = classifier.score(in_any_order, y_test)
print(
    f"After {epochs} epochs of {len(X_train):,} reviews the accuracy on the test set "
    f"is {in_order:.4f}, by the {classifier.engine_} engine."
)
print(f"With the words of each review shuffled the accuracy is {shuffled:.4f}.")

# %%
# At this small size the order is worth next to nothing: from so few reviews the network
# learns which words there are.

# %%
# Overfitting
# -----------
# The embedding alone has 250,000 weights. ``validation_split`` holds out the last
# fifth, as in Keras, and ``history_`` has what was measured on it after each epoch. The
# training accuracy reaches nearly 1, and the validation loss rises again.

classifier.set_params(epochs=3 * epochs, validation_split=0.2)
watched = classifier.fit(X_train, y_train)
history = watched.history_
figure, panels = plt.subplots(1, 2, figsize=(8.5, 4), layout="constrained")
LossCurveDisplay.from_estimator(watched, metrics=("loss", "accuracy"), ax=panels)
figure.suptitle("Reviews in order: loss and accuracy by epoch")
figure.savefig("imdb_convolution_overfitting.png", dpi=150)
plt.show()

# %%
# A search
# --------
# Over dropout and learning rate, on a part of the reviews: one program. Another number
# of filters is another network, and would be another program.

grid = {
    "model__dropout": [0.2, 0.5],
    "optimizer__learning_rate": [0.0005, 0.001, 0.002],
}
classifier = classifier.set_params(epochs=epochs, validation_split=0.0)
before = skmlp.cache_info().traces
search = GridSearchCV(classifier, grid, cv=n_folds, refit=False)
search.fit(X_train[:n_tuned], y_train[:n_tuned])
n_programs = skmlp.cache_info().traces - before
best = search.best_params_
print(
    f"The best is a dropout of {best['model__dropout']} with a learning rate of "
    f"{best['optimizer__learning_rate']}: its accuracy is {search.best_score_:.4f}, "
    f"the mean of {n_folds} folds of {n_tuned:,} reviews."
)
print(f"New programs for these {6 * n_folds} fits: {n_programs}")

# %%
# Reading along
# -------------
# What the network thinks after every tenth word of three favourable and three
# unfavourable test reviews. Shorter texts have more zeros in front.

classifier.set_params(**best).fit(X_train, y_train)
long = np.array([len(review) >= length for review in test[:n_reviews]])
ends = np.arange(10, length + 1, 10)
figure, panel = plt.subplots(figsize=(7, 4), layout="constrained")
for label, colour, name in (
    (1, "#0072b2", "favourable"),
    (0, "#d55e00", "unfavourable"),
):
    for number, review in enumerate(X_test[long & (y_test == label)][:3]):
        parts = [review[:end] for end in ends]
        read = classifier.predict_proba(keras.utils.pad_sequences(parts, maxlen=length))
        panel.plot(
            ends,
            read[:, 1],
            color=colour,
            alpha=0.8,
            marker=".",
            label=None if number else f"{name} reviews",
        )
panel.set(xlabel="words read", ylabel="probability of being favourable")
panel.set_ylim(-0.02, 1.02)
panel.legend()
panel.grid(alpha=0.3)
figure.suptitle("What the network thinks of six reviews as it reads")
figure.savefig("imdb_convolution_reading.png", dpi=150)
plt.show()
