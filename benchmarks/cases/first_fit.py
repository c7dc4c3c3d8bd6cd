"""The first fit of a process: compilation counts, imports do not."""

from benchmarks._case import Case, Target
from benchmarks._training import HAND_WRITTEN, Problem, training
from benchmarks.cases.small import NETWORK

CASE = Case(
    "first_fit",
    "The first fit of a process",
    "as the small fit, as the first one of a process; imports not counted",
    training(
        Problem("blobs", NETWORK, warm=False),
        ("skmlp", "scikit-learn", "Keras fit", "SciKeras", "skorch", *HAND_WRITTEN),
        limit=False,
    ),
    (Target(0.6, "scikit-learn", how="difference"),),
    data="blobs",
    fresh=True,
)
