"""The types that skops asks about when it loads our estimators."""

SKOPS_TRUSTED_TYPES = [
    "skmlp.KerasMLPClassifier",
    "skmlp.KerasMLPRegressor",
    "skmlp.TabularMLPClassifier",
    "skmlp.TabularMLPRegressor",
    "numpy.dtype",  # of the columns of a table
]
"""For ``trusted`` of `skops.io.load`, and ``skops_trusted_types`` of MLflow.

The wrappers are not among them: a file of one may hold a whole Keras model, which can run code when it is loaded.
"""
