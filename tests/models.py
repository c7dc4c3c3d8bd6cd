"""Small Keras models and data for them, trained by the engine and by Keras in the same order, for tests."""

from dataclasses import replace
from itertools import pairwise

import numpy as np

from skmlp._builds import Build
from skmlp._keras import keras, tf
from skmlp._model_training import Fit, model_samples, plan_model
from skmlp._network import initial_weights
from skmlp._optimizers import OPTIMIZERS
from skmlp._spec import State


def functional(*layers):
    """A function that makes a model of layers for a kind of samples, and gives the kind back."""

    def make(draw):
        shape, dtype = draw(1)[0].shape[1:], draw(1)[0].dtype
        hidden = inputs = keras.Input(shape, dtype=str(dtype))
        for layer in layers:
            hidden = layer(hidden)
        return keras.Model(inputs, hidden), draw

    return make


def _drawn(shape, integers=False):
    def draw(n, seed=0):
        rng, dtype = np.random.default_rng(seed), keras.config.floatx()
        X = rng.integers(0, 20, (n, *shape)).astype("int32") if integers else rng.normal(size=(n, *shape))
        return X if integers else X.astype(dtype), rng.normal(size=(n, 2)).astype(dtype)

    return draw


numbers, pictures, sequences, codes = (_drawn((4,)), _drawn((6, 6, 2)), _drawn((5, 3)), _drawn((7,), integers=True))


def planned(model, X, y, batch_size, sample_weight=None, validation=None, compiles=True):
    """A fit of a compiled model in the order of the rows, ready to be trained."""
    samples = model_samples(model, X, y, sample_weight)
    plan = plan_model(Build(model), samples, batch_size=batch_size, shuffle=False, seed=0)
    held_out = None if validation is None else model_samples(model, *validation, None)
    return Fit(plan if compiles else replace(plan, compiles=False), model, samples, held_out, 10).proven()


def by_engine(model, X, y, batch_size, n_epochs, **options):
    """The weights after some epochs, and the history."""
    fit = planned(model, X, y, batch_size, **options)
    history = fit.history()
    state, _ = fit.train(State(model.get_weights()), n_epochs, [], history)
    return state.weights, history.history


def by_keras(model, X, y, batch_size, n_epochs, sample_weight=None):
    """The weights after the same steps by Keras itself, which takes them one by one."""
    arrays = [X, y] if sample_weight is None else [X, y, sample_weight]

    def loss(X, y, sample_weight=None):
        return model.compute_loss(X, y, model(X, training=True), sample_weight)

    step = keras_step(loss, model.optimizer, model.trainable_variables, arrays)
    for _ in range(n_epochs):
        for first in range(0, len(X), batch_size):
            step(*(each[first : first + batch_size] for each in arrays))
    return model.get_weights()


def keras_step(loss, optimizer, variables, arrays):
    """One step of a Keras optimizer on batches of arrays like these, in a graph as Keras takes it; returns the loss."""
    optimizer.build(variables)
    batches = [tf.TensorSpec((None, *each.shape[1:]), each.dtype) for each in arrays]

    @tf.function(input_signature=batches)
    def step(*batch):
        with tf.GradientTape() as tape:
            value = loss(*batch)
        optimizer.apply(tape.gradient(value, variables), variables)
        return value

    return step


def assert_same_weights(estimator, model, **tolerances):
    """Compare weights, but for biases under a batch normalisation, which takes them away.

    Their gradients are roundings alone, which an optimizer such as Adam makes steps of the usual size.
    """
    normalized = [each for each in pairwise(model.layers) if isinstance(each[1], keras.layers.BatchNormalization)]
    moved = [id(weight) for dense, batch in normalized for weight in (dense.bias, batch.moving_mean)]
    for ours, theirs in zip(estimator._fitted.state.weights, model.weights, strict=True):
        if id(theirs) not in moved:
            np.testing.assert_allclose(ours, theirs.numpy(), **tolerances)


def train_plain_keras(estimator, X, y, loss):
    """What a user would write by hand: the same network from the same weights, trained in the order of the rows."""
    plan = estimator._fitted.plan
    chosen = plan.hyperparameters
    dtype = chosen.dtype
    penalty = keras.regularizers.L1L2(chosen.l1, chosen.l2)
    bias_penalty = penalty if chosen.regularize_bias else None
    layers = [keras.Input((X.shape[1],), dtype=dtype)]
    for width, activation in zip(chosen.hidden_layer_sizes, chosen.activation, strict=True):
        layers.append(keras.layers.Dense(width, dtype=dtype, kernel_regularizer=penalty, bias_regularizer=bias_penalty))
        if chosen.normalization == "batch":
            layers.append(keras.layers.BatchNormalization(dtype=dtype))
        layers.append(keras.layers.Activation(activation, dtype=dtype))
    layers.append(
        keras.layers.Dense(
            plan.network.n_outputs, dtype=dtype, kernel_regularizer=penalty, bias_regularizer=bias_penalty
        )
    )
    model = keras.Sequential(layers)
    model.set_weights(initial_weights(plan.network, chosen.kernel_initializer, chosen.bias_initializer, plan.seed))
    settings = dict(chosen.settings)
    if "nesterov" in OPTIMIZERS[chosen.optimizer].settings:
        settings["nesterov"] = chosen.nesterov
    if "momentum" in OPTIMIZERS[chosen.optimizer].settings:
        settings.setdefault("momentum", 0.0)
    settings.setdefault("weight_decay", 0.0 if chosen.optimizer == "adamw" else None)
    optimizer = getattr(keras.optimizers, OPTIMIZERS[chosen.optimizer].class_name)(chosen.learning_rate, **settings)
    X = X.astype(dtype)

    def whole_loss(X, y):
        return loss(y, model(X, training=True)) + sum(model.losses)

    step = keras_step(whole_loss, optimizer, model.trainable_variables, [X, y])
    losses = []
    for _ in range(chosen.epochs):
        for start in range(0, len(X), plan.batch_size):
            batch = slice(start, start + plan.batch_size)
            losses.append(float(step(X[batch], y[batch])))
    return model, losses


def mean_squared_error(y, outputs):
    return tf.reduce_mean(tf.square(outputs[:, 0] - y))
