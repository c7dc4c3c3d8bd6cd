"""The loop over epochs and blocks, against a loop of NumPy that is written down step by step."""

import functools
import signal
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skmlp import KerasMLPRegressor, cache_info
from skmlp._engine import loop
from skmlp._engine.data import Data
from skmlp._engine.loop import Training, initial_state, train
from skmlp._watch.finite import RequireFinite
from skmlp._watch.watcher import Watcher

# Every example has the same structure, which is compiled once: a plain graph takes batches of any size.
quick = settings(max_examples=60, deadline=None)
everys = st.lists(st.one_of(st.none(), st.integers(1, 9)), min_size=1, max_size=3)
RATE = 0.05


@functools.cache
def problem():
    """A linear target with noise."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 2))
    return X, X @ [1.0, -0.5] + 0.1 * rng.normal(size=60)


@functools.cache
def plan_and_data(n_samples, batch_size, **parameters):
    """What the estimator hands to the engine for a linear model: no hidden layer, plain SGD."""
    X, y = (array[:n_samples] for array in problem())
    estimator = KerasMLPRegressor(
        (), optimizer="sgd", learning_rate=RATE, batch_size=batch_size, epochs=1, dtype="float64", random_state=0
    )
    plan = estimator.set_params(shuffle=False, **parameters).fit(X, y)._fitted.plan
    return plan, Data((X,), (y[:, np.newaxis],), np.ones(n_samples), np.arange(n_samples))


def naive_losses(n_samples, batch_size, n_epochs, state, rates=None):
    """The loss of every step of a linear regression by SGD, epoch by epoch, and the weights after the last."""
    X, y = (array[:n_samples] for array in problem())
    kernel, bias = state.weights[0][:, 0].copy(), float(state.weights[1][0])
    losses, step = [], 0
    for _ in range(n_epochs):
        losses.append([])
        for begin in range(0, n_samples, batch_size):
            batch = slice(begin, begin + batch_size)
            error = X[batch] @ kernel + bias - y[batch]
            losses[-1].append(np.mean(error**2))
            rate = RATE if rates is None else rates(step)
            kernel = kernel - rate * 2 * error @ X[batch] / len(error)
            bias = bias - rate * 2 * np.mean(error)
            step += 1
    return losses, kernel, bias


class Diary(Watcher):
    """Writes down what it is told, into a list that several may share."""

    attentive = True

    def __init__(self, every=None, name=None, pages=None):
        self.every = every
        self.name = name
        self.pages = [] if pages is None else pages

    def _write(self, *page):
        self.pages.append(page if self.name is None else (self.name, *page))

    def begin_training(self, training):
        self._write("training begins", training.step)

    def begin_epoch(self, training):
        self._write("epoch begins", training.epoch, training.step)

    def begin_steps(self, training):
        self._write("steps begin", training.step)

    def end_steps(self, training, losses):
        self._write("steps end", training.step, losses.tolist())

    def end_epoch(self, training, loss):
        self._write("epoch ends", training.epoch, training.step, loss)

    def end_training(self, training):
        self._write("training ends", training.epoch, training.step)


def naive_diary(every, losses, n_samples, batch_size):
    """What a watcher is told, if nobody else is there and every step is run by itself."""
    pages = [("training begins", 0)]
    step = 0
    for epoch, of_epoch in enumerate(losses):
        pages.append(("epoch begins", epoch, step))
        group = []
        for i, loss in enumerate(of_epoch, 1):
            if every is not None and not group:
                pages.append(("steps begin", step))
            step += 1
            group.append(loss)
            if every is not None and (step % every == 0 or i == len(of_epoch)):
                pages.append(("steps end", step, group))
                group = []
        sizes = [min(batch_size, n_samples - begin) for begin in range(0, n_samples, batch_size)]
        pages.append(("epoch ends", epoch + 1, step, np.average(of_epoch, weights=sizes)))
    return [*pages, ("training ends", len(losses), step)]


def assert_same_pages(pages, expected):
    assert [page[:-1] for page in pages] == [page[:-1] for page in expected]
    for page, other in zip(pages, expected, strict=True):
        np.testing.assert_allclose(page[-1], other[-1], rtol=1e-9)


@quick
@given(everys, st.integers(2, 60), st.integers(4, 20), st.integers(1, 3), st.integers(1, 9))
def test_each_watcher_is_told_as_if_it_were_alone(everys, n_samples, batch_size, n_epochs, block_steps):
    plan, data = plan_and_data(n_samples, batch_size)
    state = initial_state(plan)
    diaries = [Diary(every) for every in everys]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("skmlp._engine.loop.block_steps", lambda plan, data: block_steps)
        ended, interrupted = train(plan, data, state, n_epochs, diaries)
    losses, kernel, bias = naive_losses(n_samples, plan.batch_size, n_epochs, state)
    for diary in diaries:
        assert_same_pages(diary.pages, naive_diary(diary.every, losses, n_samples, plan.batch_size))
    np.testing.assert_allclose(ended.weights[0][:, 0], kernel, rtol=1e-9)
    np.testing.assert_allclose(ended.weights[1], bias, rtol=1e-9, atol=1e-12)
    assert not interrupted
    assert ended.epoch == n_epochs
    assert ended.step == sum(map(len, losses))


class Late(Diary):
    """Is told of the epochs of a block after all of them were run."""

    attentive = False

    def __init__(self, every=None):
        super().__init__(every)
        self.rates = []

    def end_epoch(self, training, loss):
        super().end_epoch(training, loss)
        self.rates.append(training.rate)


@quick
@given(everys, st.integers(2, 60), st.integers(4, 20), st.integers(1, 9), st.integers(1, 40))
def test_who_is_told_of_epochs_that_were_run_together_is_told_the_same(
    everys, n_samples, batch_size, n_epochs, block_steps
):
    plan, data = plan_and_data(n_samples, batch_size)
    state = initial_state(plan)
    diaries = [Late(every) for every in everys]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("skmlp._engine.loop.block_steps", lambda plan, data: block_steps)
        ended, _ = train(plan, data, state, n_epochs, diaries)
    losses, kernel, _ = naive_losses(n_samples, plan.batch_size, n_epochs, state)
    for diary in diaries:
        expected = naive_diary(diary.every, losses, n_samples, plan.batch_size)
        told = ("steps begin", "steps end", "epoch ends", "training ends")
        assert_same_pages(*([page for page in pages if page[0] in told] for pages in (diary.pages, expected)))
    np.testing.assert_allclose(ended.weights[0][:, 0], kernel, rtol=1e-9)
    assert (ended.epoch, ended.step) == (n_epochs, sum(map(len, losses)))


@pytest.mark.parametrize("block_steps", [2, 5, 20])
@pytest.mark.parametrize("watcher", [Diary, Late])
def test_a_schedule_by_epochs_counts_their_fractions(watcher, block_steps, monkeypatch):
    monkeypatch.setattr("skmlp._engine.loop.block_steps", lambda plan, data: block_steps)
    plan, data = plan_and_data(57, 12, learning_rate_schedule="exponential")
    state, diaries = initial_state(plan), [watcher(), Late()]
    after = train(plan, data, state, 2, diaries)[0]
    train(plan, data, after, 3, diaries)  # goes on where the first ended
    losses, _, _ = naive_losses(57, 12, 5, state, rates=lambda step: RATE * 0.95 ** (step / 5))
    told = [page[3] for page in diaries[0].pages if page[0] == "epoch ends"]
    np.testing.assert_allclose(told, [np.average(each, weights=[12] * 4 + [9]) for each in losses], rtol=1e-9)
    np.testing.assert_allclose(diaries[1].rates, RATE * 0.95 ** np.arange(5), rtol=1e-12)


def test_a_program_that_another_thread_ran_is_lent_again():
    plan, data = plan_and_data(60, 12)
    train(plan, data, initial_state(plan), 2, [Beside()])
    before = cache_info()
    train(plan, data, initial_state(plan), 2, [Beside()])
    train(plan, data, initial_state(plan), 2)
    assert cache_info().traces == before.traces
    assert cache_info().currsize == before.currsize


def test_watchers_of_every_4_and_of_every_6_steps_are_each_told_at_their_own():
    plan, data = plan_and_data(60, 3)
    fours, sixes = Diary(4), Diary(6)
    train(plan, data, initial_state(plan), 1, [fours, sixes])
    ends = [[page[1] for page in diary.pages if page[0] == "steps end"] for diary in (fours, sixes)]
    assert ends == [[4, 8, 12, 16, 20], [6, 12, 18, 20]]
    assert [len(page[2]) for page in sixes.pages if page[0] == "steps end"] == [6, 6, 6, 2]


def test_watchers_are_told_in_their_order():
    plan, data = plan_and_data(60, 10)
    pages = []
    train(plan, data, initial_state(plan), 1, [Diary(every, name, pages) for name, every in (("a", 4), ("b", 2))])
    for what in ("begin", "end"):
        told = [(page[2], page[0]) for page in pages if page[1] == f"steps {what}"]
        assert told == sorted(told)
    assert {page[2] for page in pages if page[0] == "a" and page[1] == "steps end"} == {4, 6}


def test_a_stop_within_an_epoch_tells_every_watcher_of_all_the_steps_that_were_run():
    class StopAt5(Watcher):
        every = 5
        attentive = True

        def end_steps(self, training, losses):
            training.stop = True

    plan, data = plan_and_data(60, 6)
    before, after = Diary(3), Diary(4)
    state, _ = train(plan, data, initial_state(plan), 3, [before, StopAt5(), after])
    assert state.step == 5
    for diary, ends in ((before, [(3, 3), (5, 2)]), (after, [(4, 4), (5, 1)])):
        assert [(page[1], len(page[2])) for page in diary.pages if page[0] == "steps end"] == ends
        assert [page[2] for page in diary.pages if page[0] == "epoch ends"] == [5]


@quick
@given(st.integers(1, 9), st.integers(1, 3), st.integers(1, 3))
def test_groups_of_a_training_that_goes_on_end_where_those_of_one_at_once_do(every, first, second):
    plan, data = plan_and_data(50, 7)
    whole, parts = Diary(every), Diary(every)
    train(plan, data, initial_state(plan), first + second, [whole])
    state, _ = train(plan, data, initial_state(plan), first, [parts])
    train(plan, data, state, second, [parts])
    steps = [page for page in whole.pages if page[0].startswith("steps")]
    assert [page for page in parts.pages if page[0].startswith("steps")] == steps


@pytest.mark.parametrize("together", [1, 100])
def test_losses_do_not_depend_on_how_many_epochs_are_run_together(together, monkeypatch):
    plan, data = plan_and_data(50, 7)
    state = initial_state(plan)
    monkeypatch.setattr("skmlp._engine.loop.Training.next_group", lambda *_: together)
    diary = Diary()
    train(plan, data, state, 7, [diary])
    losses, _, _ = naive_losses(50, 7, 7, state)
    sizes = [7] * 7 + [1]
    told = [page[3] for page in diary.pages if page[0] == "epoch ends"]
    np.testing.assert_allclose(told, [np.average(each, weights=sizes) for each in losses], rtol=1e-9)


@pytest.mark.parametrize(("every", "changed"), [(1, 3), (4, 4)])
def test_a_rate_that_a_watcher_sets_holds_from_the_next_step_on(every, changed):
    class Halve(Watcher):
        interferes = attentive = True

        def __init__(self):
            self.every = every

        def end_steps(self, training, losses):
            if training.step == changed:
                training.learning_rate = RATE / 2

    plan, data = plan_and_data(60, 10)
    state = initial_state(plan)
    diary = Diary()
    train(plan, data, state, 2, [Halve(), diary])
    losses, _, _ = naive_losses(60, 10, 2, state, rates=lambda step: RATE if step < changed else RATE / 2)
    told = [page[3] for page in diary.pages if page[0] == "epoch ends"]
    np.testing.assert_allclose(told, np.mean(losses, axis=1), rtol=1e-9)


def test_a_watcher_of_epochs_alone_is_not_told_of_steps():
    plan, data = plan_and_data(60, 10)
    epochs = Diary()
    train(plan, data, initial_state(plan), 1, [Diary(2), epochs])
    assert not [page for page in epochs.pages if page[0].startswith("steps")]


class Interrupt(Watcher):
    """Interrupts the third epoch of five steps."""

    every = 2

    def end_steps(self, training, losses):
        if training.step == 14:
            raise KeyboardInterrupt


def test_an_interrupt_goes_back_to_the_last_epoch_that_was_watched():
    plan, data = plan_and_data(60, 12)
    state = initial_state(plan)
    ended, interrupted = train(plan, data, state, 9, [Diary(3), Interrupt()])
    assert interrupted
    assert (ended.epoch, ended.step) == (2, 10)
    _, kernel, bias = naive_losses(60, 12, 2, state)
    np.testing.assert_allclose([*ended.weights[0][:, 0], *ended.weights[1]], [*kernel, bias], rtol=1e-9)


def test_an_interrupt_keeps_the_epochs_before_a_watcher_changed_the_rate():
    class Halve(Watcher):
        interferes = attentive = True

        def end_epoch(self, training, loss):
            if training.epoch == 1:
                training.learning_rate = RATE / 2

    plan, data = plan_and_data(60, 12)
    state = initial_state(plan)
    ended, interrupted = train(plan, data, state, 9, [Halve(), Interrupt()])
    assert interrupted
    assert (ended.epoch, ended.step) == (2, 10)
    _, kernel, bias = naive_losses(60, 12, 2, state, rates=lambda step: RATE if step < 5 else RATE / 2)
    np.testing.assert_allclose([*ended.weights[0][:, 0], *ended.weights[1]], [*kernel, bias], rtol=1e-9)


def test_each_step_gets_the_rates_of_its_time():
    X, y = problem()
    estimator = KerasMLPRegressor(
        (3, 2),
        dropout=[0.5, 0.25],
        dropout_schedule="inverse_time",
        learning_rate_schedule="exponential",
        learning_rate=RATE,
        batch_size=12,
        epochs=1,
    )
    plan = estimator.fit(X, y)._fitted.plan
    seen = []

    class Look(Watcher):
        attentive = True

        def end_epoch(self, training, loss):
            seen.append(training._step_values(training.epoch, 0, 7, 5))

    state = initial_state(plan)
    train(
        plan,
        Data((X.astype("f4"),), (y[:, np.newaxis].astype("f4"),), np.ones(60, "f4"), np.arange(60)),
        state,
        1,
        [Look()],
    )
    epochs = 1 + np.arange(7) / 5
    expected = [RATE * 0.95**epochs, 0.5 / (1 + 0.1 * epochs), 0.25 / (1 + 0.1 * epochs)]
    np.testing.assert_allclose(seen[0], np.transpose(expected), rtol=1e-12)


def test_a_loss_that_is_not_finite_ends_the_training():
    plan, data = plan_and_data(60, 12, learning_rate_schedule=lambda step: 1.0 if step < 6 else 1e300)
    with pytest.raises(ValueError, match=r"The loss became (nan|inf) in epoch 2 of 5: .*learning_rate \(it is 0.05\)"):
        train(plan, data, initial_state(plan), 5, [RequireFinite(5, ["a"])])


def test_a_stop_as_an_epoch_begins_leaves_it_one_step():
    class StopInSecond(Watcher):
        def begin_epoch(self, training):
            training.stop = training.epoch == 1

    plan, data = plan_and_data(60, 12)
    stop = StopInSecond()
    stop.attentive = True
    state, _ = train(plan, data, initial_state(plan), 5, [stop])
    assert (state.epoch, state.step) == (2, 6)


class Beside(Diary):
    """Keeps the state of each epoch, and does something at one of them, while others are run."""

    beside = True

    def __init__(self, at=None, act=None):
        super().__init__()
        self.at, self.act = at, act
        self.states = []

    def end_epoch(self, training, loss):
        super().end_epoch(training, loss)
        self.states.append(training.state())
        assert training.weights() is self.states[-1].weights
        assert training.learning_rate == training.rate == RATE
        if training.epoch == self.at:
            self.act(training)


def assert_same_state(state, other):
    assert (state.epoch, state.step) == (other.epoch, other.step)
    for one, two in zip([*state.weights, *state.optimizer], [*other.weights, *other.optimizer], strict=True):
        np.testing.assert_array_equal(one, two)


def stop(training):
    training.stop = True


@quick
@given(st.integers(2, 60), st.integers(4, 20), st.integers(1, 8), st.integers(1, 9), st.integers(1, 9))
def test_who_is_told_beside_the_next_epochs_sees_and_leaves_what_others_do(
    n_samples, batch_size, n_epochs, stop_at, block_steps
):
    plan, data = plan_and_data(n_samples, batch_size, optimizer="adam")
    before = initial_state(plan)
    beside = Beside(stop_at, stop)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("skmlp._engine.loop.block_steps", lambda plan, data: block_steps)
        ended, interrupted = train(plan, data, before, n_epochs, [beside])
    n_told = min(n_epochs, stop_at)
    assert not interrupted
    assert len(beside.states) == n_told
    for i, state in enumerate(beside.states, 1):
        assert_same_state(state, train(plan, data, before, i)[0])
    assert_same_state(ended, beside.states[-1])
    diary = Diary()
    assert_same_state(ended, train(plan, data, before, n_told, [diary])[0])
    assert beside.pages == diary.pages


def test_an_interrupt_beside_an_epoch_goes_back_to_the_last_that_was_watched():
    def interrupt(training):
        raise KeyboardInterrupt

    plan, data = plan_and_data(60, 12)
    before = initial_state(plan)
    ended, interrupted = train(plan, data, before, 9, [Beside(3, interrupt)])
    assert interrupted
    assert_same_state(ended, train(plan, data, before, 2)[0])


def test_an_error_beside_an_epoch_ends_the_training_alone():
    def fail(training):
        raise RuntimeError("of the watcher")

    plan, data = plan_and_data(60, 12)
    before = initial_state(plan)
    whole = train(plan, data, before, 4)[0]
    with pytest.raises(RuntimeError, match="of the watcher"):
        train(plan, data, before, 4, [Beside(2, fail)])
    assert_same_state(train(plan, data, before, 4)[0], whole)


def test_an_error_of_the_training_is_raised_where_watchers_are_told_beside_it(monkeypatch):
    plan, data = plan_and_data(60, 12)
    before = initial_state(plan)
    steps = Training._step_values

    def fail_in_third(self, epoch, *args):
        if self.epoch == 2:
            raise RuntimeError("of the training")
        return steps(self, epoch, *args)

    beside = Beside()
    monkeypatch.setattr(Training, "_step_values", fail_in_third)
    with pytest.raises(RuntimeError, match="of the training"):
        train(plan, data, before, 9, [beside])
    monkeypatch.undo()
    assert len(beside.states) == 2
    assert_same_state(beside.states[-1], train(plan, data, before, 2)[0])


def test_a_signal_beside_an_epoch_waits_until_it_was_watched():
    plan, data = plan_and_data(60, 12)
    before = initial_state(plan)
    beside = Beside(3, lambda training: signal.raise_signal(signal.SIGINT))
    ended, interrupted = train(plan, data, before, 9, [beside, Beside()])
    assert interrupted
    assert_same_state(ended, train(plan, data, before, 3)[0])


def test_a_second_signal_ends_the_training_and_nobody_gets_its_program():
    def twice(training):
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    plan, data = plan_and_data(60, 12)
    before = initial_state(plan)
    whole = train(plan, data, before, 9)[0]
    ended, interrupted = train(plan, data, before, 9, [Beside(3, twice)])  # the other thread has ended: as after one
    assert interrupted
    assert_same_state(ended, train(plan, data, before, 2)[0])
    assert_same_state(train(plan, data, before, 9)[0], whole)


@pytest.mark.parametrize("where", ["start", "put"])
def test_an_interrupt_between_threads_leaves_none_and_harms_no_later_training(where, monkeypatch):
    plan, data = plan_and_data(60, 12)
    before = initial_state(plan)
    whole = train(plan, data, before, 30)[0]
    threads = threading.active_count()
    start, wait = threading.Thread.start, loop._next

    def interrupted_start(self):
        start(self)
        raise KeyboardInterrupt

    def interrupted_wait(*args):
        wait(*args)
        raise KeyboardInterrupt

    if where == "start":
        monkeypatch.setattr(threading.Thread, "start", interrupted_start)
    else:
        monkeypatch.setattr(loop, "_next", interrupted_wait)
    with pytest.raises(KeyboardInterrupt):
        train(plan, data, before, 30, [Beside()])
    monkeypatch.undo()
    assert_same_state(train(plan, data, before, 30, [Beside()])[0], whole)
    assert threading.active_count() == threads
