"""
A search in a minute
====================

The bundled digits, 1,797 pictures of 8 by 8 pixels, through a pipeline that scales its input and a Keras network that
scikit-learn tunes. Learning rate, L2 penalty and dropout rate are values to the compiled training program, so that the
whole search compiles one program for each *structure*: here one with dropout and one without.
"""

# %%
# The data
# --------
# A fifth of the pictures is set aside until the end.

import time

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skmlp
from skmlp import KerasMLPClassifier, SearchCurveDisplay

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, stratify=y, random_state=0)

# %%
# The search
# ----------
# 4 learning rates × 3 penalties × 2 dropout rates, 5 folds each.

pipeline = make_pipeline(
    StandardScaler(),
    KerasMLPClassifier((100,), batch_size=32, epochs=20, random_state=0),
)
grid = {
    "kerasmlpclassifier__learning_rate": [1e-4, 1e-3, 5e-3, 5e-2],
    "kerasmlpclassifier__l2": [1e-5, 1e-4, 1e-3],
    "kerasmlpclassifier__dropout": [0.0, 0.3],
}
start = time.perf_counter()
search = GridSearchCV(pipeline, grid, cv=5).fit(X_train, y_train)
seconds = time.perf_counter() - start
best = {name.split("__")[1]: value for name, value in search.best_params_.items()}
print(f"best parameters: {best}, mean accuracy over 5 folds {search.best_score_:.4f}")

# %%
# The winner
# ----------

scores = cross_val_score(search.best_estimator_, X_train, y_train, cv=5)
accuracy = search.score(X_test, y_test)
print(f"cross-validated accuracy of the winner: {scores.mean():.4f} ± {scores.std():.4f}")
print(f"accuracy on the held-out fifth: {accuracy:.4f}")
n_fits = len(search.cv_results_["params"]) * search.n_splits_ + 1
print(f"{skmlp.cache_info().traces} programs compiled for {n_fits} fits, in {seconds:.1f} s")

# %%
# How the learning rates compare
# ------------------------------
# Each line is one penalty, each panel one dropout rate; the bars are the standard deviation over the folds.

figure, panels = plt.subplots(1, 2, figsize=(8, 4), sharey=True, layout="constrained")
for panel, dropout in zip(panels, grid["kerasmlpclassifier__dropout"], strict=True):
    SearchCurveDisplay.from_estimator(search, "learning_rate", where={"dropout": dropout}, ax=panel)
    panel.set_title(f"dropout {dropout:g}")
panels[1].set_ylabel("")
figure.suptitle("Digits: 100 hidden units, 20 epochs of Adam")
figure.savefig("quickstart.png", dpi=150)
plt.show()
