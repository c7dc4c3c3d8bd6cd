"""The loop over epochs and blocks, which can be watched, continued, and interrupted."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmlp._callbacks import Watcher
from skmlp._engine.batches import Data, blocks
from skmlp._engine.cache import POOL
from skmlp._engine.program import Program, Weights
from skmlp._network import initial_weights
from skmlp._optimizers import make_schedule
from skmlp._spec import Plan, State

_MASKS, _SHUFFLES = 1, 2
"""What the seed of a fit is split for, beside the initial weights."""

_SNAPSHOT_SECONDS = 1.0
"""At most so much training is done again when a fit is interrupted."""


def initial_state(plan: Plan) -> State:
    """The state before the first epoch."""
    chosen = plan.hyperparameters
    return State(initial_weights(plan.network, chosen.kernel_initializer, chosen.bias_initializer, plan.seed))


class Training:
    """A training under way, as its watchers see it.

    Attributes
    ----------
    plan : Plan
    epoch, step : int
        Epochs and steps done, those before this training included.
    learning_rate : float
        The learning rate before its schedule; a watcher may change it.
    rate : float
        The learning rate of the first step of the last epoch.
    stop : bool
        Set by a watcher to end the training after the epoch.
    """

    def __init__(self, plan: Plan, data: Data, program: Program, state: State, horizon: int) -> None:
        chosen = plan.hyperparameters
        self.plan = plan
        self.epoch = state.epoch
        self.step = state.step
        self.learning_rate = chosen.learning_rate
        self.rate = chosen.learning_rate
        self.stop = False
        self._data = data
        self._program = program
        self._factor = make_schedule(chosen.learning_rate_schedule, horizon)
        self._mask_seed = int(np.random.SeedSequence((plan.seed, _MASKS)).generate_state(1)[0] >> 2)

    def weights(self) -> Weights:
        """Copy the network's weights."""
        return self._program.weights()

    def live_weights(self) -> list[Any]:
        """Lend the network's weights until the next step."""
        return self._program.live_weights()

    def set_weights(self, weights: Weights) -> None:
        """Replace the network's weights."""
        self._program.set_weights(weights)

    def state(self) -> State:
        """Copy all that it takes to go on from here."""
        return State(self._program.weights(), self._program.optimizer_state(), self.epoch, self.step)

    def load(self, state: State) -> None:
        """Go on from a state."""
        self._program.load(state.weights, state.optimizer)
        self.epoch, self.step = state.epoch, state.step

    def run_epoch(self, watchers: Sequence[Watcher]) -> float:
        """Run one epoch; returns its mean loss over the samples."""
        plan, program = self.plan, self._program
        values = program.spec.pack(plan.values)
        order = self._order()
        n_steps = plan.steps_per_epoch(len(order))
        every = min((watcher.every for watcher in watchers if watcher.every is not None), default=None)
        total = 0.0
        done = n_samples = 0
        for block in blocks(self._data, order, plan.batch_size, plan.block_steps, fixed=program.spec.jit_compile):
            tensors = program.put(block)
            first = 0
            while first < block.n_steps:
                last = block.n_steps if every is None else min(block.n_steps, first + every - self.step % every)
                for watcher in watchers:
                    watcher.begin_steps(self)
                rates = np.zeros(len(block.X), program.spec.network.dtype)
                for i in range(first, last):
                    progress = self.epoch + (done + i) / n_steps
                    rate = self.learning_rate * self._factor(self.step + i - first, progress)
                    rates[i] = rate
                    if done + i == 0:
                        self.rate = rate
                losses = program.run(values, self._mask_seed, rates, tensors, first, last)
                self.step += last - first
                total += float(losses.astype(np.float64) @ block.n_samples[first:last])
                n_samples += int(block.n_samples[first:last].sum())
                for watcher in watchers:
                    watcher.end_steps(self, losses)
                first = last
                if self.stop:
                    break
            done += block.n_steps
            if self.stop:
                break
        self.epoch += 1
        return total / n_samples

    def _order(self) -> NDArray[np.intp]:
        """The samples of this epoch; their order depends on the seed and the epoch's number alone."""
        rows = self._data.rows
        if not self.plan.hyperparameters.shuffle:
            return rows
        return rows[np.random.default_rng((self.plan.seed, _SHUFFLES, self.epoch)).permutation(len(rows))]


def train(
    plan: Plan, data: Data, state: State, n_epochs: int, watchers: Sequence[Watcher] = (), horizon: int | None = None
) -> tuple[State, bool]:
    """Train for some epochs more.

    Parameters
    ----------
    plan : Plan
    data : Data
    state : State
        Where to go on from.
    n_epochs : int
    watchers : sequence of Watcher
        Told of every epoch, in this order.
    horizon : int, optional
        The epoch at which a schedule over the whole training ends; that of this training by default.

    Returns
    -------
    state : State
        Where the training ended.
    interrupted : bool
        Whether a KeyboardInterrupt ended it, after its first epoch; the state is that of the last epoch that was
        finished and watched.

    Raises
    ------
    ValueError
        If the loss of an epoch is NaN or infinite.
    """
    spec = plan.training_spec(len(data.rows))
    last = state.epoch + n_epochs
    with POOL.lend(spec, lambda: Program(spec)) as program:
        training = Training(plan, data, program, state, last if horizon is None else horizon)
        training.load(state)
        for watcher in watchers:
            watcher.begin_training(training)
        training.stop = False  # as in Keras, there is a first epoch
        interrupted = _run_epochs(training, state, last, watchers)
        if not interrupted:
            for watcher in watchers:
                watcher.end_training(training)
        return training.state(), interrupted


def _run_epochs(training: Training, state: State, last: int, watchers: Sequence[Watcher]) -> bool:
    """Run epochs until the last one, or until a watcher stops them; whether they were interrupted."""
    snapshot, taken = state, time.monotonic()
    finished = state.epoch
    always = any(watcher.interferes for watcher in watchers)
    try:
        while training.epoch < last and not training.stop:
            for watcher in watchers:
                watcher.begin_epoch(training)
            loss = training.run_epoch(watchers)
            if not np.isfinite(loss):
                raise ValueError(_diverged(training, loss, last))
            for watcher in watchers:
                watcher.end_epoch(training, loss)
            finished = training.epoch
            if always or time.monotonic() - taken > _SNAPSHOT_SECONDS:
                snapshot, taken = training.state(), time.monotonic()
    except KeyboardInterrupt:
        if finished == state.epoch:
            raise
        training.load(snapshot)
        while training.epoch < finished:  # the same steps again, since the last snapshot
            training.run_epoch(())
        return True
    return False


def _diverged(training: Training, loss: float, last: int) -> str:
    return (
        f"The loss became {loss} in epoch {training.epoch} of {last}: training diverged. Try a smaller learning_rate "
        f"(it is {training.learning_rate:g}), clipnorm=1.0, or features and targets scaled to about 1 (StandardScaler)."
    )
