"""A fitted network as a compiled Keras model."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from skmlp._apart import apart
from skmlp._engine.program import Weights
from skmlp._keras import keras
from skmlp._losses import keras_loss
from skmlp._network import build_network, seeded_initializer
from skmlp._optimizers import make_optimizer
from skmlp._spec import NetworkSpec, Plan
from skmlp._tabular_network import build_tabular
from skmlp._tabular_spec import TabularSpec
from skmlp._target_scale import TargetScale


def keras_model(plan: Plan, weights: Weights, metrics: Sequence[Any], scale: TargetScale | None) -> Any:
    """Build the network with Keras' own dropout and regularisers, compile it, and give it the fitted weights.

    With a scale, a last layer gives its outputs the units of the target.
    """
    return apart(_build, plan, weights, metrics, scale)


def _build(plan: Plan, weights: Weights, metrics: Sequence[Any], scale: TargetScale | None) -> Any:
    chosen = plan.hyperparameters
    model = _network(plan)
    if scale is not None:
        mean, deviation = scale.mean.tolist(), scale.deviation.tolist()
        units = keras.layers.Rescaling(deviation, offset=mean, dtype=chosen.dtype, name="target_units")
        model = keras.Model(model.input, units(model.output), name=model.name)
    headed = plan.network.heads is not None
    model.compile(
        optimizer=make_optimizer(plan.optimizer, chosen.learning_rate, chosen.settings),
        loss=keras_loss(plan.loss, chosen.quantile, sparse_labels=plan.sparse_labels, headed=headed),
        metrics=list(metrics),
    )
    model.optimizer.build(model.trainable_variables)  # so that a saved model loads with its optimizer
    model.set_weights(weights)
    samples = [np.zeros((1, *form.sizes), form.dtype) for form in plan.inputs]
    model(samples if len(samples) > 1 else samples[0])  # Keras exports to ONNX only what has been called
    return model


def _network(plan: Plan) -> Any:
    """The network with Keras' own dropout and regularisers."""
    network = plan.network
    if isinstance(network, TabularSpec):
        return build_tabular(network, dropout=partial(_dropout, plan, 0), average=True)
    assert isinstance(network, NetworkSpec)  # noqa: S101  (for the type checker)
    if network.n_members == 1:
        return _member(plan, network, 0, "mlp")
    inputs = keras.Input((network.n_features,), dtype=network.dtype)
    members = [_member(plan, network, member, f"member_{member}")(inputs) for member in range(network.n_members)]
    return keras.Model(inputs, keras.layers.Average(dtype=network.dtype, name="mean")(members), name="mlp")


def _dropout(plan: Plan, member: int, name: str) -> Any | None:
    rate = plan.values.get(name)
    if rate is None:
        return None
    return keras.layers.Dropout(rate, seed=plan.seed + member, dtype=plan.dtype, name=name)


def _member(plan: Plan, network: NetworkSpec, member: int, name: str) -> Any:
    """One of the networks that are trained side by side; the penalty of all is the mean of theirs."""
    chosen = plan.hyperparameters
    l1, l2 = chosen.l1 / network.n_members, chosen.l2 / network.n_members
    regularizer = keras.regularizers.L1L2(l1, l2) if l1 or l2 else None
    return build_network(
        network,
        name=name,
        dropout=partial(_dropout, plan, member),
        kernel_initializer=seeded_initializer(chosen.kernel_initializer, (plan.seed,)),
        bias_initializer=seeded_initializer(chosen.bias_initializer, (plan.seed,)),
        kernel_regularizer=regularizer,
        bias_regularizer=regularizer if chosen.regularize_bias else None,
    )
