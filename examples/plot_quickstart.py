"""
A search in a minute
====================

The 1,797 handwritten digits that come with scikit-learn, 8 by 8 pixels each, go through
a pipeline of a scaler and a Keras network, and scikit-learn tunes two hyperparameters
of the network: its learning rate and its L2 penalty. Both are values to the compiled
training program, so that the whole search compiles one program.
"""

# %%
# The data
# --------
# A quarter of the digits is set aside as the test set.

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skmlp
from skmlp import KerasMLPClassifier, SearchCurveDisplay

seed = 0
X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)

# %%
# The search
# ----------
# Five learning rates × four penalties, each cross-validated on five folds of the
# training samples.

mlp = KerasMLPClassifier(
    (100,), dropout=0.3, batch_size=32, epochs=20, random_state=seed
)
pipeline = make_pipeline(StandardScaler(), mlp)
grid = {
    "kerasmlpclassifier__learning_rate": [3e-4, 1e-3, 3e-3, 1e-2, 3e-2],
    "kerasmlpclassifier__l2": [1e-5, 1e-4, 1e-3, 1e-2],
}
search = GridSearchCV(pipeline, grid, cv=5).fit(X_train, y_train)
print(f"The best hyperparameters are {search.best_params_}.")
print(f"Their accuracy is {search.best_score_:.3f} in the cross-validation.")
print(f"On the test set it is {search.score(X_test, y_test):.3f}.")
print(
    f"The number of programs compiled for the 101 fits is {skmlp.cache_info().traces}."
)

# %%
# How the learning rates compare
# ------------------------------
# Each line is one penalty; the bars are the standard deviation over the folds. The
# learning rate matters most. Up to a learning rate of 0.01 the three weaker penalties
# differ by less than the bars; from 0.001 on the strongest is the worst.

display = SearchCurveDisplay.from_estimator(search, "learning_rate")
display.ax_.set_title("Digits: 100 hidden units, dropout 0.3, 20 epochs of Adam")
display.figure_.savefig("quickstart.png", dpi=150)
plt.show()
