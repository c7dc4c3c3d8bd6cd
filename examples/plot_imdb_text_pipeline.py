"""
From raw text to sentiment in one pipeline
==========================================

The reviews of :ref:`sphx_glr_auto_examples_plot_imdb_sentiment.py` again, this time as
text. scikit-learn's vectorizers turn text into sparse matrices, and the network takes
these as they are. Everything from text to prediction is one estimator, which you fit,
tune and predict with.
"""

# %%
# The text
# --------
# Keras has the reviews as numbers of words. The dictionary's numbers are shifted by 3
# (0 is padding, 1 the start of a review, 2 an unknown word); with it the text comes
# back, in lower case and without punctuation.

import tempfile

import keras
import matplotlib.pyplot as plt
import numpy as np
from sklearn.base import clone
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from skmlp import KerasMLPClassifier, SearchCurveDisplay

n_reviews = 2_500  # full size: 25_000
n_searched = 1_500  # full size: 10_000
seed = 0

(train, y_train), (test, y_test) = keras.datasets.imdb.load_data()
numbers = keras.datasets.imdb.get_word_index()
words = {2: "?"} | {number + 3: word for word, number in numbers.items()}


def as_text(reviews):
    """The words of each review, without the sign of its start."""
    texts = [" ".join(words[number] for number in review[1:]) for review in reviews]
    return np.array(texts, dtype=object)


text_train, y_train = as_text(train[:n_reviews]), y_train[:n_reviews]
text_test, y_test = as_text(test[:n_reviews]), y_test[:n_reviews]
print(f"The first of {len(text_train):,} reviews begins: {text_train[0][:64]} ...")

# %%
# Two pipelines
# -------------
# Which of the 10,000 most frequent words are there, as a 1; or how often, weighted by
# how rare the word is.
#
# *At full size*, over three seeds, the accuracy on the test set was 0.883 by which
# words there are, and 0.878 by tf-idf; Keras' ``fit`` had 0.883 with multi-hot words
# and the same settings.

classifier = KerasMLPClassifier(
    (16, 16),
    activation="relu",
    optimizer="rmsprop",
    batch_size=512,
    epochs=4,
    random_state=seed,
)
vectorizers = {
    "which words there are": CountVectorizer(
        binary=True, max_features=10_000, dtype=np.float32
    ),
    "tf-idf": TfidfVectorizer(max_features=10_000, sublinear_tf=True, dtype=np.float32),
}
pipelines, accuracies = {}, {}
for name, vectorizer in vectorizers.items():
    pipelines[name] = make_pipeline(vectorizer, clone(classifier))
    pipelines[name].fit(text_train, y_train)
    accuracies[name] = pipelines[name].score(text_test, y_test)
    print(f"By {name} the accuracy on the test set is {accuracies[name]:.4f}.")

# %%
# The features stay sparse from the vectorizer to the first kernel. Dense, they would
# take many times the memory.

features = pipelines["tf-idf"][:-1].transform(text_test[:1000])
stored = features.data.nbytes + features.indices.nbytes + features.indptr.nbytes
dense = 4 * np.prod(features.shape)
print(
    f"1,000 reviews take {stored / 2**20:.1f} MiB, and would take {dense / 2**20:.0f} "
    "dense."
)

# %%
# The fitted pipeline takes any text. After these few reviews and epochs it is right
# about both sentences, but sure of neither.

sentences = (
    "an honest and moving film with a brilliant cast",
    "two hours of my life wasted, the plot is awful",
)
favourable = pipelines["which words there are"].predict_proba(sentences)[:, 1]
for sentence, probability in zip(sentences, favourable, strict=True):
    print(f"This is favourable with a probability of {probability:.3f}: {sentence}.")

# %%
# A search over both steps
# ------------------------
# Single words or pairs of words, too, and how much dropout. With ``memory`` the
# vectorizer is fitted once a fold for all dropout rates; and these are values to one
# compiled network.

with tempfile.TemporaryDirectory() as folder:
    pipeline = make_pipeline(
        vectorizers["tf-idf"], clone(classifier).set_params(epochs=8), memory=folder
    )
    grid = {
        "tfidfvectorizer__ngram_range": [(1, 1), (1, 2)],
        "kerasmlpclassifier__dropout": [0.1, 0.3, 0.5],
    }
    search = GridSearchCV(pipeline, grid, cv=3)
    search.fit(text_train[:n_searched], y_train[:n_searched])
    accuracy = search.score(text_test, y_test)
best = search.best_params_
print(
    f"The best is a dropout of {best['kerasmlpclassifier__dropout']} with terms of "
    f"{best['tfidfvectorizer__ngram_range']} words: its accuracy is "
    f"{search.best_score_:.4f} over three folds and {accuracy:.4f} on the test set."
)

figure, panel = plt.subplots(figsize=(6.4, 4), layout="constrained")
SearchCurveDisplay.from_estimator(search, "dropout", ax=panel)
panel.set(xlabel="dropout rate", ylabel="accuracy, mean of 3 folds")
panel.set_title("Reviews, tf-idf of 10,000 terms, 16-16-1")
figure.savefig("imdb_text_search.png", dpi=150)
plt.show()
