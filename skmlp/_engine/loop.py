"""The loop over epochs and blocks, which can be watched, continued, and interrupted."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import numpy as np
from numpy.typing import NDArray

from skmlp._apart import apart
from skmlp._engine.batches import Gatherer
from skmlp._engine.blocks import block_steps, training_spec
from skmlp._engine.data import Data
from skmlp._engine.program import Program, Weights, lend_program
from skmlp._network import initial_weights
from skmlp._optimizers import make_schedule
from skmlp._spec import Plan, State
from skmlp._watch.watcher import Watcher

_MASKS, _SHUFFLES = 1, 2
"""What the seed of a fit is split for, beside the initial weights."""

_SNAPSHOT_SECONDS = 1.0
"""At most so much training is done again when a fit is interrupted."""

_GROUP_SECONDS = 0.2
"""At most about so many seconds of epochs are run together."""


def initial_state(plan: Plan) -> State:
    """The state before the first epoch."""
    chosen = plan.hyperparameters
    return State(apart(initial_weights, plan.network, chosen.kernel_initializer, chosen.bias_initializer, plan.seed))


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

    def __init__(
        self, plan: Plan, data: Data, program: Program, state: State, horizon: int, helper: ThreadPoolExecutor
    ) -> None:
        chosen = plan.hyperparameters
        self.plan = plan
        self.epoch = state.epoch
        self.step = state.step
        self.learning_rate = chosen.learning_rate
        self.rate = chosen.learning_rate
        self.stop = False
        self._data = data
        self._program = program
        self._block_steps = block_steps(plan, data)
        self._gatherer = Gatherer(
            data,
            plan.batch_size,
            self._block_steps,
            fixed=program.spec.block_steps is not None,
            sparse=program.spec.sparse,
            helper=helper,
        )
        self._factor = make_schedule(chosen.learning_rate_schedule, horizon)
        self._mask_seed = int(np.random.SeedSequence((plan.seed, _MASKS)).generate_state(1)[0] >> 2)

    def weights(self) -> Weights:
        """Copy the network's weights."""
        return self._program.weights()

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

    def run_epochs(self, n_epochs: int, watchers: Sequence[Watcher] = ()) -> Iterator[float]:
        """Run epochs, and then go through them.

        Yields
        ------
        loss : float
            The mean loss of an epoch over the samples. `epoch`, `step` and `rate` are those at its end; the network is
            as after the last epoch.
        """
        plan, program = self.plan, self._program
        values = program.spec.pack(plan.values)
        orders = [self._order(self.epoch + i) for i in range(n_epochs)]
        n_steps = plan.steps_per_epoch(len(orders[0]))
        groups = [_StepGroups(watcher, watcher.every) for watcher in watchers if watcher.every is not None]
        start = self.step
        rates, losses, n_samples = [], [], []
        with closing(self._gatherer.blocks(orders)) as blocks:
            for block in blocks:
                block_rates = np.zeros(len(block.y), program.spec.network.dtype)
                done = self.step - start
                first = 0
                while first < block.n_steps:
                    for group in groups:
                        group.begin(self)
                    last = min([block.n_steps, *(first + group.left(self.step) for group in groups)])
                    if self.stop:  # since the epoch began: as in Keras, there is a first step
                        last = first + 1
                    rates += self._rates(done + first, done + last, n_steps)
                    block_rates[first:last] = rates[done + first :]
                    losses.append(program.run(values, self._mask_seed, block_rates, block, first, last, self.step))
                    n_samples.append(block.n_samples[first:last])
                    self.step += last - first
                    for group in groups:
                        group.add(self, losses[-1], last=self.step - start == n_epochs * n_steps)
                    first = last
                    if self.stop:
                        break
                if self.stop:
                    break
        for group in groups:
            group.end(self)
        all_losses, all_samples = np.concatenate(losses).astype(np.float64), np.concatenate(n_samples)
        for begin in range(0, n_epochs * n_steps, n_steps):
            epoch = slice(begin, begin + n_steps)
            self.epoch += 1
            self.step = start + min(begin + n_steps, len(rates))
            self.rate = rates[begin]
            yield float(all_losses[epoch] @ all_samples[epoch] / all_samples[epoch].sum())

    def next_group(self, watchers: Sequence[Watcher], epochs_a_second: float) -> int:
        """How many epochs to run together: what a block holds, if nobody looks at them one by one.

        Results do not depend on it. It is kept small enough to notice a KeyboardInterrupt soon.
        """
        if any(watcher.attentive or watcher.every for watcher in watchers):
            return 1
        if callable(self.plan.hyperparameters.learning_rate_schedule):  # a user's own may look at anything
            return 1
        in_a_block = self._block_steps // self.plan.steps_per_epoch(len(self._data.rows))
        return max(1, min(in_a_block, int(epochs_a_second * _GROUP_SECONDS)))

    def _order(self, epoch: int) -> NDArray[np.intp]:
        """The samples of an epoch; their order depends on the seed and the epoch's number alone."""
        rows = self._data.rows
        if not self.plan.hyperparameters.shuffle:
            return rows
        return rows[np.random.default_rng((self.plan.seed, _SHUFFLES, epoch)).permutation(len(rows))]

    def _rates(self, first: int, last: int, n_steps: int) -> list[float]:
        """The learning rates of some steps, counted from the first one of this run."""
        rates = []
        for i in range(first, last):
            epochs, within = divmod(i, n_steps)
            rates.append(
                self.learning_rate * self._factor(self.step + i - first, self.epoch + epochs + within / n_steps)
            )
        return rates


class _StepGroups:
    """The groups of steps that one watcher is told of: each ends at a multiple of ``every``, or with the epoch."""

    def __init__(self, watcher: Watcher, every: int) -> None:
        self._watcher = watcher
        self._every = every
        self._losses: list[NDArray[np.floating]] = []

    def left(self, step: int) -> int:
        """The number of steps to the next multiple of ``every``."""
        return self._every - step % self._every

    def begin(self, training: Training) -> None:
        """Tell of a group that begins, unless one is under way."""
        if not self._losses:
            self._watcher.begin_steps(training)

    def add(self, training: Training, losses: NDArray[np.floating], *, last: bool) -> None:
        """Count steps that were run; ``last`` says that they end the epoch."""
        self._losses.append(losses)
        if last or training.step % self._every == 0:
            self.end(training)

    def end(self, training: Training) -> None:
        """Tell of the group that is under way, if there is one."""
        if self._losses:
            losses, self._losses = np.concatenate(self._losses), []
            self._watcher.end_steps(training, losses)


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
    spec = training_spec(plan, data)
    last = state.epoch + n_epochs
    # The thread that gathers blocks is started by the first epoch that has more than one.
    with lend_program(spec) as program, ThreadPoolExecutor(1) as helper:
        training = Training(plan, data, program, state, last if horizon is None else horizon, helper)
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
    interferes = any(watcher.interferes for watcher in watchers)
    group = 1
    try:
        while training.epoch < last and not training.stop:
            began = time.monotonic()
            for watcher in watchers:
                watcher.begin_epoch(training)
            for loss in training.run_epochs(min(group, last - training.epoch), watchers):
                _require_finite(training, loss, last)
                for watcher in watchers:
                    watcher.end_epoch(training, loss)
                finished = training.epoch
            if interferes or time.monotonic() - taken > _SNAPSHOT_SECONDS:
                snapshot, taken = training.state(), time.monotonic()
            group = training.next_group(watchers, group / (time.monotonic() - began))
    except KeyboardInterrupt:
        if finished == state.epoch:
            raise
        training.load(snapshot)
        training.stop = False
        while training.epoch < finished:  # the same steps again, since the last snapshot
            for _ in training.run_epochs(1):
                pass
        return True
    return False


def require_finite_weights(plan: Plan, state: State) -> None:
    """Refuse a state that no one can go on from, or predict with: its last steps may have spoilt what the loss saw.

    Raises
    ------
    ValueError
        If a weight is NaN or infinite.
    """
    for weight in state.weights:
        if not np.isfinite(weight).all():
            value = weight[~np.isfinite(weight)][0]
            raise _diverged(f"A weight became {value} by epoch {state.epoch}", plan.hyperparameters.learning_rate)


def _require_finite(training: Training, loss: float, last: int) -> None:
    if not np.isfinite(loss):
        raise _diverged(f"The loss became {loss} in epoch {training.epoch} of {last}", training.learning_rate)


def _diverged(what: str, learning_rate: float) -> ValueError:
    return ValueError(
        f"{what}: training diverged. Try a smaller learning_rate (it is {learning_rate:g}), clipnorm=1.0, or features "
        "and targets scaled to about 1 (StandardScaler)."
    )
