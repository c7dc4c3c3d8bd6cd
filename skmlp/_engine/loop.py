"""The loop over epochs: seeds, shuffles, blocks, and a report after each epoch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmlp._engine.batches import Data, blocks
from skmlp._engine.cache import POOL
from skmlp._engine.program import Program, Weights
from skmlp._network import initial_weights
from skmlp._optimizers import make_schedule
from skmlp._spec import Plan

_MASKS, _SHUFFLES = 1, 2
"""What the seed of a fit is split for, beside the initial weights."""


@dataclass(frozen=True)
class Epoch:
    """What is known when an epoch ends.

    ``number`` counts from 1; ``loss`` is the mean over the samples, penalty included; ``learning_rate`` is that of
    the epoch's first step. ``weights`` copies the network's weights; ``live_weights`` lends them until the next step.
    """

    number: int
    loss: float
    learning_rate: float
    weights: Callable[[], Weights]
    live_weights: Callable[[], list[Any]]


def train(plan: Plan, data: Data, on_epoch: Callable[[Epoch], bool]) -> Weights:
    """Train a network from its initial weights.

    Parameters
    ----------
    plan : Plan
    data : Data
    on_epoch : callable
        Called after every epoch; training ends when it returns True.

    Returns
    -------
    weights : list of arrays
        The last weights, in Keras' order.

    Raises
    ------
    ValueError
        If the loss of an epoch is NaN or infinite.
    """
    chosen = plan.hyperparameters
    spec = plan.training_spec(len(data.X))
    weights = initial_weights(plan.network, chosen.kernel_initializer, chosen.bias_initializer, plan.seed)
    factor = make_schedule(chosen.learning_rate_schedule, plan.steps_per_epoch(len(data.X)), chosen.epochs)
    with POOL.lend(spec, lambda: Program(spec)) as program:
        program.load(weights)
        step = 0
        for number in range(1, chosen.epochs + 1):
            rates = chosen.learning_rate * np.array(
                [factor(step + i) for i in range(plan.steps_per_epoch(len(data.X)))], dtype=np.float64
            )
            loss = _run_epoch(program, plan, data, number, step, rates)
            step += len(rates)
            if not np.isfinite(loss):
                raise ValueError(
                    f"The loss became {loss} in epoch {number} of {chosen.epochs}: training diverged. Try a smaller "
                    f"learning_rate (it is {chosen.learning_rate:g}), clipnorm=1.0, or features and targets scaled "
                    "to about 1 (StandardScaler)."
                )
            if on_epoch(Epoch(number, loss, float(rates[0]), program.weights, program.live_weights)):
                break
        trained: Weights = program.weights()
        return trained


def _run_epoch(
    program: Program, plan: Plan, data: Data, number: int, first_step: int, rates: NDArray[np.float64]
) -> float:
    """Run one epoch; returns its mean loss over the samples."""
    spec = program.spec
    values = spec.pack(plan.values)
    mask_seed = int(np.random.SeedSequence((plan.seed, _MASKS)).generate_state(1)[0] >> 2)
    order = _order(plan, len(data.X), number)
    total = 0.0
    step = 0
    for block in blocks(data, order, plan.batch_size, plan.block_steps, fixed=spec.jit_compile):
        block_rates = np.zeros(len(block.X), spec.network.dtype)
        block_rates[: block.n_steps] = rates[step : step + block.n_steps]
        losses = program.run(
            values, mask_seed, first_step + step, block_rates, block.X, block.y, block.weight, block.n_steps
        )
        total += float(losses.astype(np.float64) @ block.n_samples)
        step += block.n_steps
    return total / len(order)


def _order(plan: Plan, n_samples: int, number: int) -> NDArray[np.intp]:
    """The order of the rows in an epoch; it depends on the seed and the epoch's number alone."""
    if not plan.hyperparameters.shuffle:
        return np.arange(n_samples)
    return np.random.default_rng((plan.seed, _SHUFFLES, number)).permutation(n_samples)
