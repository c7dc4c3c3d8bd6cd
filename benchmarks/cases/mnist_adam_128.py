"""MNIST by Adam in larger batches."""

from benchmarks._case import Case, Target
from benchmarks._training import HAND_WRITTEN, Problem, training
from benchmarks.cases.mnist_sgd import NETWORK

CASE = Case(
    "mnist_adam_128",
    "MNIST by Adam, batches of 128",
    "as MNIST by Adam, without dropout, batch 128",
    training(
        Problem("mnist", NETWORK | {"batch_size": 128}),
        ("skmlp", "scikit-learn", "Keras fit", "SciKeras", "skorch", *HAND_WRITTEN),
    ),
    (Target(0.70, "scikit-learn"), Target(0.40, "Keras fit")),
    data="mnist",
)
