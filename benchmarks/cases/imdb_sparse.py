"""Sparse text: time, and the memory that a dense copy would take."""

from benchmarks._case import Case, Target
from benchmarks._training import Problem, training

CASE = Case(
    "imdb_sparse",
    "Sparse reviews",
    "IMDB, 25,000 × 10,000 words, multi-hot (CSR; dense for Keras), 16-16-1 ReLU, Adam, batch 512, one epoch",
    training(
        Problem("imdb", {"hidden": (16, 16), "batch_size": 512}),
        ("skmlp", "scikit-learn", "Keras fit"),
    ),
    (
        Target(0.80, "scikit-learn"),
        Target(0.15, "Keras fit"),
        Target(0.20, "Keras fit", reading="peak_mb"),
    ),
    data="imdb",
)
