"""A small fit, where what surrounds a step counts more than its arithmetic."""

from benchmarks._case import Case, Target
from benchmarks._training import HAND_WRITTEN, Problem, training

NETWORK = {"hidden": (100,), "batch_size": 32, "epochs": 50}

CASE = Case(
    "small",
    "A small fit",
    "1,000 × 20, 3 classes, 20-100-3 ReLU, Adam, batch 32, 50 epochs; compiled before",
    training(Problem("blobs", NETWORK), ("skmlp", "scikit-learn", "Keras fit", "SciKeras", "skorch", *HAND_WRITTEN)),
    (Target(0.30, "scikit-learn"), Target(0.04, "Keras fit")),
    data="blobs",
)
