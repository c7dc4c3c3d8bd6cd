"""A network of 3.2 million parameters: products of matrices, and Adam's traffic to memory."""

from benchmarks._case import Case, Target
from benchmarks._training import HAND_WRITTEN, Problem, training

CASE = Case(
    "mnist_large",
    "A large network",
    "MNIST, 20,000 rows, 784-1500-1000-500-10 ReLU, Adam, batch 64, one epoch",
    training(
        Problem("mnist", {"hidden": (1500, 1000, 500), "batch_size": 64}, rows=20_000),
        ("skmlp", "scikit-learn", "Keras fit", "skorch", *HAND_WRITTEN),
    ),
    (Target(0.50, "scikit-learn"), Target(0.60, "Keras fit")),
    data="mnist",
)
