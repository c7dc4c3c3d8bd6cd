"""MNIST by plain gradient descent, with tanh and an L2 penalty."""

from benchmarks._case import Case, Target
from benchmarks._training import HAND_WRITTEN, Problem, training

NETWORK = {"hidden": (200, 100), "activation": "tanh", "l2": 3e-4, "batch_size": 32}

CASE = Case(
    "mnist_sgd",
    "MNIST by gradient descent",
    "MNIST, 784-200-100-10 tanh, l2 = 0.0003, SGD with learning rate 0.2, batch 32, one epoch",
    training(
        Problem("mnist", NETWORK | {"optimizer": "sgd", "learning_rate": 0.2}),
        ("skmlp", "scikit-learn", "Keras fit", "SciKeras", "skorch", *HAND_WRITTEN),
    ),
    (Target(0.70, "scikit-learn"), Target(0.30, "Keras fit")),
    data="mnist",
)
