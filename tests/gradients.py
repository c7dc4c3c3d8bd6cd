"""Gradients of the engine beside differences of its losses, in float64."""

import itertools

import numpy as np

from skmlp import KerasMLPClassifier, KerasMLPRegressor
from skmlp._loss_table import LOSSES
from skmlp._losses import known_losses
from skmlp._network import known_activations

RATE, STEP = 1e-3, 1e-5
rng = np.random.default_rng(3)
X = rng.normal(size=(12, 3))
WEIGHT = rng.uniform(0.5, 2.0, 12)
TARGETS = {
    "regression": rng.uniform(0.1, 0.9, (12, 2)),
    "binary": np.arange(12) % 2,
    "multiclass": np.arange(12) % 3,
    "multilabel": rng.integers(0, 2, (12, 3)),
}
PENALTIES = {"none": {}, "l1": {"l1": 0.02}, "both": {"l1": 0.01, "l2": 0.03, "regularize_bias": True}}
NORMALIZATIONS = [None, "batch", "layer"]


def losses():
    """Each loss that has a name, with a kind of target that it is for."""
    known = {*known_losses(), "quantile"}
    named = [(loss, row) for loss, row in LOSSES.items() if row.has_name and loss in known]
    return [(loss, kind) for loss, row in named for kind in row.kinds if kind in TARGETS]


def combinations():
    """Every activation with every loss, penalty, normalisation, and with weights and without."""
    return itertools.product(known_activations(), losses(), PENALTIES, NORMALIZATIONS, [False, True])


def check(activation, loss, kind, penalty, normalization, weighted):
    """Compare the derivatives of the loss along two directions with differences of it."""
    # A percentage of a label of 0 is one of 1e-7: its gradients of 1e9 would saturate the network in one step.
    rate = 1e-11 if loss == "mean_absolute_percentage_error" and kind != "regression" else RATE
    cls = KerasMLPRegressor if kind == "regression" else KerasMLPClassifier
    outputs = (LOSSES[loss].regression_outputs or ("auto",))[0] if kind == "regression" else "auto"
    settings = {"optimizer": "sgd", "learning_rate": rate, "batch_size": len(X), "epochs": 1, "shuffle": False}
    network = {"activation": activation, "normalization": normalization, "bias_initializer": "random_normal"}
    mlp = cls((4,), loss=loss, output_activation=outputs, dtype="float64", random_state=0, warm_start=True,
              **settings, **network, **PENALTIES[penalty])  # fmt: skip
    arguments = (X, TARGETS[kind], WEIGHT if weighted else None)
    begun = mlp.fit(*arguments)._fitted
    kinds = ["kernel", "bias"] if normalization is None else ["kernel", "bias", "gamma", "beta"]

    def step(change):
        """The loss at weights that are changed in a direction, and the weights after a step from there."""
        mlp._fitted = begun
        for of_kind in kinds:
            moved = [each + along for each, along in zip(begun.weights(of_kind), change[of_kind], strict=True)]
            mlp._fitted = mlp._fitted.with_weights(of_kind, moved, of_kind)
        mlp.fit(*arguments)
        return mlp.loss_, mlp._fitted

    zero = {each: [np.zeros_like(weight) for weight in begun.weights(each)] for each in kinds}
    _, after = step(zero)
    directions = np.random.default_rng(0)
    for _ in range(2):
        direction = {each: [directions.normal(size=weight.shape) for weight in zero[each]] for each in kinds}
        ahead, behind = (
            step({each: [sign * STEP * along for along in direction[each]] for each in kinds})[0] for sign in (1, -1)
        )
        slope = sum(
            float(((before - now) / rate * along).sum())
            for each in kinds
            for before, now, along in zip(begun.weights(each), after.weights(each), direction[each], strict=True)
        )
        np.testing.assert_allclose((ahead - behind) / (2 * STEP), slope, rtol=1e-5, atol=1e-7)
