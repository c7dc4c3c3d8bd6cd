"""A fitted network as a compiled Keras model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from skmlp._apart import apart
from skmlp._engine.program import Weights
from skmlp._keras import keras
from skmlp._losses import keras_loss
from skmlp._network import build_network, seeded_initializer
from skmlp._optimizers import make_optimizer
from skmlp._spec import Plan


def keras_model(plan: Plan, weights: Weights, metrics: Sequence[Any]) -> Any:
    """Build the network with Keras' own dropout and regularisers, compile it, and give it the fitted weights."""
    return apart(_build, plan, weights, metrics)


def _build(plan: Plan, weights: Weights, metrics: Sequence[Any]) -> Any:
    chosen = plan.hyperparameters
    rates = plan.values

    def dropout(name: str) -> Any | None:
        if name not in rates:
            return None
        return keras.layers.Dropout(rates[name], seed=plan.seed, dtype=chosen.dtype, name=name)

    regularizer = keras.regularizers.L1L2(chosen.l1, chosen.l2) if chosen.l1 or chosen.l2 else None
    model = build_network(
        plan.network,
        dropout=dropout,
        kernel_initializer=seeded_initializer(chosen.kernel_initializer, (plan.seed,)),
        bias_initializer=seeded_initializer(chosen.bias_initializer, (plan.seed,)),
        kernel_regularizer=regularizer,
        bias_regularizer=regularizer if chosen.regularize_bias else None,
    )
    headed = plan.network.heads is not None
    settings = {**chosen.settings, **({"nesterov": True} if chosen.nesterov else {})}
    model.compile(
        optimizer=make_optimizer(chosen.optimizer, chosen.learning_rate, settings),
        loss=keras_loss(plan.loss, chosen.quantile, sparse_labels=plan.sparse_labels, headed=headed),
        metrics=list(metrics),
    )
    model.optimizer.build(model.trainable_variables)  # so that a saved model loads with its optimizer
    model.set_weights(weights)
    model(np.zeros((1, plan.network.n_features), plan.network.dtype))  # Keras exports to ONNX only what has been called
    return model
