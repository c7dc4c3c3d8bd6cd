"""The loop over epochs and blocks, which can be watched, continued, and interrupted."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from functools import partial
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from skmlp._engine.batches import Gatherer
from skmlp._engine.blocks import block_steps, training_spec
from skmlp._engine.cache import POOL
from skmlp._engine.data import Data
from skmlp._engine.initial import draw_initial_weights
from skmlp._engine.program import Program, Weights, lend_program
from skmlp._interrupts import deferred_interrupts
from skmlp._schedules import make_schedule
from skmlp._spec import NetworkSpec, Plan, State, TrainingPlan, steps_per_epoch
from skmlp._watch.watcher import Training as Watched
from skmlp._watch.watcher import Watcher

_MASKS, _SHUFFLES = 1, 2
"""What the seed of a fit is split for, beside the initial weights."""

_SNAPSHOT_SECONDS = 1.0
"""At most so much training is done again when a fit is interrupted."""

_GROUP_SECONDS = 0.2
"""At most about so many seconds of epochs are run together."""


def initial_state(plan: Plan) -> State:
    """The state before the first epoch."""
    chosen, network = plan.hyperparameters, plan.network
    assert isinstance(network, NetworkSpec)  # noqa: S101  (for the type checker: others draw their weights themselves)
    return State(draw_initial_weights(network, chosen.kernel_initializer, chosen.bias_initializer, plan.seed))


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
    is_shared : bool
        Whether another thread runs epochs.
    output_losses : list of float
        The mean losses of the last epoch by output, if there are several.
    """

    def __init__(
        self, plan: TrainingPlan, data: Data, program: Program, state: State, horizon: int, helper: ThreadPoolExecutor
    ) -> None:
        self.plan = plan
        self.epoch = state.epoch
        self.step = state.step
        self.learning_rate = plan.learning_rate
        self.rate = plan.learning_rate
        self.stop = False
        self.is_shared = False
        self.output_losses: list[float] = []
        self._data = data
        self._program = program
        self._block_steps = block_steps(plan, data)
        self._gatherer = Gatherer(
            data,
            plan.inputs,
            plan.batch_size,
            self._block_steps,
            fixed=program.spec.block_steps is not None,
            sparse=program.spec.sparse,
            helper=helper,
        )
        self._rate_factor = make_schedule("learning_rate_schedule", plan.learning_rate_schedule, horizon)
        self._dropout_factor = make_schedule("dropout_schedule", plan.dropout_schedule, horizon)
        self._scheduled = np.array([plan.values[name] for name in plan.scheduled])
        self._mask_seed = int(np.random.SeedSequence((plan.seed, _MASKS)).generate_state(1)[0] >> 2)

    def weights(self) -> Weights:
        """Copy the network's weights."""
        return self._program.weights()

    def set_weights(self, weights: Weights) -> None:
        """Replace the network's weights."""
        self._program.set_weights(weights)

    def state(self) -> State:
        """Copy all that it takes to go on from here."""
        state = State(*self._program.state(), self.epoch, self.step)
        self._program.note(state)
        return state

    def load(self, state: State) -> None:
        """Go on from a state."""
        if self._program.is_at(state):
            self._program.reset_metrics()
        else:
            self._program.load(state.weights, state.optimizer)
        self.epoch, self.step = state.epoch, state.step

    def share(self) -> None:
        """Note that another thread runs epochs: unless `unshare` follows, nobody else is lent the program."""
        self.is_shared = True
        POOL.discard(self._program)

    def unshare(self) -> None:
        """Note that the other thread has ended."""
        self.is_shared = False
        POOL.retain(self._program)

    def reset_metrics(self) -> None:
        """Begin to measure the batches that are trained on anew."""
        self._program.reset_metrics()

    def metrics(self) -> dict[str, NDArray[Any]]:
        """The metrics of the batches since they were reset, by name."""
        return self._program.metrics()

    def evaluate(self, data: Data, batch_size: int) -> tuple[list[float], dict[str, NDArray[Any]]]:
        """The mean loss of other samples, and that of each output if there are several; and their metrics, by name."""
        values = self._program.spec.pack(self.plan.values)
        spec = training_spec(self.plan, self._data)
        losses, metrics = self._program.evaluate(spec, values, batch_size, data.X, data.y, data.weight)
        return [float(loss) for loss in np.atleast_1d(losses)], metrics

    def run_epochs(
        self, n_epochs: int, watchers: Sequence[Watcher] = (), *, singly: bool = True
    ) -> Generator[float, None, None]:
        """Run epochs, and go through them: through each as it ends, or, if not ``singly``, when all have been run.

        Yields
        ------
        loss : float
            The mean loss of an epoch over the samples. `epoch`, `step` and `rate` are those at its end; the network is
            as after the last epoch that was run.
        """
        program = self._program
        values = program.spec.pack(self.plan.values)
        orders = [self._order(self.epoch + i) for i in range(n_epochs)]
        n_steps = steps_per_epoch(len(orders[0]), self.plan.batch_size)
        groups = [_StepGroups(watcher, watcher.every) for watcher in watchers if watcher.every is not None]
        prompt = [group for group in groups if group.attentive]
        late = [group for group in groups if not group.attentive]
        begin, start = self.epoch, self.step
        ran: list[tuple[NDArray[Any], ...]] = []
        with closing(self._gatherer.blocks(orders)) as blocks:
            for block in blocks:
                step_values = np.zeros((len(block.weight), 1 + len(self._scheduled)), program.spec.dtype)
                first = 0
                while first < block.n_steps and not (self.stop and ran):
                    for group in prompt:
                        group.begin(self)
                    done = self.step - start
                    left = n_steps - done % n_steps if singly else block.n_steps
                    left = min([left, *(group.left(self.step) for group in prompt)])
                    if self.stop:  # since the epoch began: as in Keras, there is a first step
                        left = 1
                    last = min(block.n_steps, first + left)
                    now = self._step_values(begin, done, last - first, n_steps)
                    step_values[first:last] = now
                    losses = program.run(values, self._mask_seed, step_values, block, first, last, self.step)
                    ran.append((losses, block.n_samples[first:last], now[:, 0]))
                    self.step += last - first
                    whole = (self.step - start) % n_steps == 0
                    for group in prompt:
                        group.add(self, losses, last=whole)
                    first = last
                    if whole and (singly or first == block.n_steps):
                        yield from self._ended(ran, n_steps, late)
                if self.stop:
                    break
        for group in prompt:
            group.end(self)
        yield from self._ended(ran, n_steps, late)

    def _ended(self, ran: list[tuple[NDArray[Any], ...]], n_steps: int, late: Sequence[_StepGroups]) -> Iterator[float]:
        """Go through epochs whose steps were run, the last of which may have been cut short, and forget the steps.

        ``ran`` has the losses of some steps, the numbers of samples and the learning rates; ``late`` are told of them.
        """
        if not ran:
            return
        losses, n_samples, rates = (np.concatenate(each) for each in zip(*ran, strict=True))
        ran.clear()
        before = self.step - len(losses)
        by_output = losses.astype(np.float64).reshape(len(losses), -1)
        for begin in range(0, len(losses), n_steps):
            epoch = slice(begin, begin + n_steps)
            for group in late:
                group.catch_up(self, before + begin, losses[epoch])
            self.epoch += 1
            self.step = before + min(begin + n_steps, len(losses))
            self.rate = float(rates[begin])
            # Those of outputs are, as Keras has them, the means over the batches, whatever their sizes.
            self.output_losses = by_output[epoch, 1:].mean(axis=0).tolist()
            yield float(by_output[epoch, 0] @ n_samples[epoch] / n_samples[epoch].sum())

    def next_group(self, epochs_a_second: float) -> int:
        """How many epochs to run, or at least to gather, together: those that a block holds.

        Results do not depend on it. It is kept small enough to notice a KeyboardInterrupt soon.
        """
        in_a_block = self._block_steps // steps_per_epoch(len(self._data.rows), self.plan.batch_size)
        return max(1, min(in_a_block, int(epochs_a_second * _GROUP_SECONDS)))

    def _order(self, epoch: int) -> NDArray[np.intp]:
        """The samples of an epoch; their order depends on the seed and the epoch's number alone."""
        rows = self._data.rows
        if not self.plan.shuffle:
            return rows
        return rows[np.random.default_rng((self.plan.seed, _SHUFFLES, epoch)).permutation(len(rows))]

    def _step_values(self, epoch: int, done: int, n: int, n_steps: int) -> NDArray[np.float64]:
        """The learning rates and the scheduled values of the next steps, when so many were done since an epoch."""
        found = np.empty((n, 1 + len(self._scheduled)))
        steps = range(done, done + n)
        times = [(self.step + i - done, epoch + i // n_steps + i % n_steps / n_steps) for i in steps]
        found[:, 0] = [self.learning_rate * self._rate_factor(*time) for time in times]
        if len(self._scheduled):
            found[:, 1:] = np.outer([self._dropout_factor(*time) for time in times], self._scheduled)
        return found


class Moment:
    """A training as it was at the end of an epoch, for watchers that are told while the next one is run.

    It has what `skmlp._watch.watcher.Watcher.beside` names of a training.
    """

    def __init__(self, training: Training) -> None:
        self.epoch = training.epoch
        self.step = training.step
        self.learning_rate = training.learning_rate
        self.rate = training.rate
        self.output_losses = training.output_losses
        self.stop = False
        self._state = training.state()

    def weights(self) -> Weights:
        """The network's weights."""
        return self._state.weights

    def state(self) -> State:
        """All that it takes to go on from here."""
        return self._state


class _StepGroups:
    """The groups of steps that one watcher is told of: each ends at a multiple of ``every``, or with the epoch."""

    def __init__(self, watcher: Watcher, every: int) -> None:
        self._watcher = watcher
        self._every = every
        self.attentive = watcher.attentive
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
        self._losses.append(losses if losses.ndim == 1 else losses[:, 0])
        if last or training.step % self._every == 0:
            self.end(training)

    def catch_up(self, training: Training, step: int, losses: NDArray[np.floating]) -> None:
        """Tell of all groups of an epoch, from its first step on, after it was run."""
        begin = 0
        while begin < len(losses):
            training.step = step + begin
            self.begin(training)
            end = min(begin + self.left(training.step), len(losses))
            training.step = step + end
            self.add(training, losses[begin:end], last=end == len(losses))
            begin = end

    def end(self, training: Training) -> None:
        """Tell of the group that is under way, if there is one."""
        if self._losses:
            losses, self._losses = np.concatenate(self._losses), []
            self._watcher.end_steps(training, losses)


def train(
    plan: TrainingPlan,
    data: Data,
    state: State,
    n_epochs: int,
    watchers: Sequence[Watcher] = (),
    horizon: int | None = None,
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
    """
    spec = training_spec(plan, data)
    last = state.epoch + n_epochs
    # The threads are started when there is something for them: to gather a block, or to run an epoch ahead.
    with lend_program(spec) as program, ThreadPoolExecutor(1) as helper, ThreadPoolExecutor(1) as runner:
        training = Training(plan, data, program, state, last if horizon is None else horizon, helper)
        training.load(state)
        for watcher in watchers:
            watcher.begin_training(training)
        training.stop = False  # as in Keras, there is a first epoch
        interrupted = _run_epochs(training, state, last, watchers, runner)
        if not interrupted:
            for watcher in watchers:
                watcher.end_training(training)
        return training.state(), interrupted


def _run_epochs(
    training: Training, state: State, last: int, watchers: Sequence[Watcher], runner: ThreadPoolExecutor
) -> bool:
    """Run epochs until the last one, or until a watcher stops them; whether they were interrupted."""
    snapshot, taken = state, time.monotonic()
    finished = state.epoch
    plan = training.plan
    curious = callable(plan.learning_rate_schedule) or callable(plan.dropout_schedule)  # they may look at anything
    singly = curious or any(watcher.attentive for watcher in watchers)
    ahead = singly and not curious and all(watcher.beside for watcher in watchers)
    tell = partial(_told_beside, runner=runner) if ahead else partial(_told, singly=singly)
    try:
        with closing(tell(training, last, watchers)) as epochs:
            for seen, settled in epochs:
                finished = seen.epoch
                interferes = any(watcher.interferes for watcher in watchers)
                if settled and (interferes or time.monotonic() - taken > _SNAPSHOT_SECONDS):
                    snapshot, taken = seen.state(), time.monotonic()
    except KeyboardInterrupt:
        if finished == state.epoch or training.is_shared:
            raise
        training.load(snapshot)
        training.stop = False
        while training.epoch < finished:  # the same steps again, since the last snapshot
            for _ in training.run_epochs(1):
                pass
        return True
    return False


def _told(
    training: Training, last: int, watchers: Sequence[Watcher], *, singly: bool
) -> Generator[tuple[Training, bool], None, None]:
    """Run epochs up to that number, or to a stop, and tell watchers of them.

    Yields the training after each that was told of, and whether the network is as after that one.
    """
    group = 1
    while training.epoch < last and not training.stop:
        began, end = time.monotonic(), min(training.epoch + group, last)
        for watcher in watchers:
            watcher.begin_epoch(training)
        with closing(training.run_epochs(end - training.epoch, watchers, singly=singly)) as losses:
            for loss in losses:
                for watcher in watchers:
                    watcher.end_epoch(training, loss)
                yield training, singly or training.epoch == end
                if singly and (training.stop or training.epoch == end):
                    break
                for watcher in watchers if singly else ():
                    watcher.begin_epoch(training)
        group = training.next_group(group / (time.monotonic() - began))


def _told_beside(
    training: Training, last: int, watchers: Sequence[Watcher], *, runner: ThreadPoolExecutor
) -> Generator[tuple[Moment, bool], None, None]:
    """As `_told`, but other epochs are run while watchers are told of one; for nothing, if they stop there.

    An interrupt waits until watchers were told of an epoch. One more ends the training at once, and the program, which
    may still run, is then used by nobody else.
    """
    ended: queue.Queue[tuple[Moment, float] | None] = queue.Queue(_AHEAD)
    enough = threading.Event()
    seen = Moment(training)
    running = None
    with deferred_interrupts(at_most=1) as hand_over:
        training.share()
        try:
            running = runner.submit(_run_ahead, training, last, ended, enough)
            while not seen.stop and seen.epoch < last:
                for watcher in watchers:
                    watcher.begin_epoch(cast("Watched", seen))
                next_one = _next(ended, hand_over)
                if next_one is None:
                    break
                seen, loss = next_one
                for watcher in watchers:
                    watcher.end_epoch(cast("Watched", seen), loss)
                yield seen, True
                hand_over()
        finally:
            enough.set()
            while running is not None and not running.done():
                with suppress(queue.Empty):
                    ended.get(timeout=_MOMENT)
            if running is not None:
                training.unshare()
    running.result()
    if training.epoch != seen.epoch:
        training.load(seen.state())
    training.stop = seen.stop


_AHEAD = 2
"""The most epochs that wait for watchers, each with a copy of the network and of its optimizer's state."""

_MOMENT = 0.05
"""Seconds after which a thread that waits for another looks whether there is still something to wait for."""


def _next(
    ended: queue.Queue[tuple[Moment, float] | None], hand_over: Callable[[], None]
) -> tuple[Moment, float] | None:
    """Wait for the next epoch, None if there is none, or for an interrupt."""
    while True:
        hand_over()
        with suppress(queue.Empty):
            return ended.get(timeout=_MOMENT)


def _run_ahead(
    training: Training, last: int, ended: queue.Queue[tuple[Moment, float] | None], enough: threading.Event
) -> None:
    """Run epochs, and put each into a queue, until it is enough; then None."""

    def put(each: tuple[Moment, float] | None) -> None:
        while not enough.is_set():
            with suppress(queue.Full):
                ended.put(each, timeout=_MOMENT)
                return

    group = 1
    try:
        while training.epoch < last and not enough.is_set():
            began, end = time.monotonic(), min(training.epoch + group, last)
            with closing(training.run_epochs(end - training.epoch)) as losses:
                for loss in losses:
                    put((Moment(training), loss))
                    if enough.is_set():
                        return
            group = training.next_group(group / (time.monotonic() - began))
    finally:
        put(None)


def probe(plan: TrainingPlan, data: Data, weights: Weights) -> None:
    """Build and compile the program of a plan, and run none of its steps."""
    spec = training_spec(plan, data)
    n_steps = 1 if spec.block_steps is None else spec.block_steps
    gatherer = Gatherer(data, plan.inputs, plan.batch_size, n_steps, fixed=spec.block_steps is not None)
    with lend_program(spec) as program, closing(gatherer.blocks([data.rows])) as blocks:
        block = next(blocks)
        program.load(weights)
        program.run(spec.pack(plan.values), 0, np.zeros((n_steps, 1 + len(spec.scheduled)), spec.dtype), block, 0, 0, 0)
