"""MNIST by Adam, without and with dropout."""

from benchmarks._case import Case, Target
from benchmarks._training import HAND_WRITTEN, Problem, training
from benchmarks.cases.mnist_sgd import NETWORK

CASE = Case(
    "mnist_adam",
    "MNIST by Adam",
    "as MNIST by gradient descent, with Adam, learning rate 0.001; and the same with dropout 0.3",
    training(Problem("mnist", NETWORK), ("skmlp", "scikit-learn", "Keras fit", "SciKeras", "skorch", *HAND_WRITTEN))
    + training(
        Problem("mnist", NETWORK | {"dropout": 0.3}),
        ("skmlp", "Keras fit", "skorch", *HAND_WRITTEN),
        "dropout",
        limit=False,
    ),
    (
        Target(0.55, "scikit-learn"),
        Target(0.35, "Keras fit, dropout", of="skmlp, dropout"),
    ),
    data="mnist",
)
