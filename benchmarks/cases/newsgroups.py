"""Text with all of its words: 16.7 million parameters, few of which a batch touches."""

from benchmarks._case import Case, Target
from benchmarks._training import Problem, training

CASE = Case(
    "newsgroups",
    "Sparse newsgroups",
    "20 newsgroups, 2,560 × 130,107 words, TF-IDF (CSR), 130,107-128-20 ReLU, Adam, batch 128, 5 epochs",
    training(
        Problem("newsgroups", {"hidden": (128,), "batch_size": 128, "epochs": 5}, rows=2560), ("skmlp", "scikit-learn")
    ),
    (Target(0.80, "scikit-learn"),),
    data="newsgroups",
)
