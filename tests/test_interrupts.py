"""Interrupts wait for the end of moments that they must not cut in two, and reach the handler that the user has set."""

import os
import signal
import threading

import keras
import pytest
from sklearn.model_selection import GridSearchCV

from skmlp import KerasMLPRegressor
from skmlp._apart import apart
from skmlp._interrupts import deferred_interrupts


@pytest.fixture
def told():
    """The interrupts that a handler of the user's own is told of."""
    told = []
    before = signal.signal(signal.SIGINT, lambda signum, frame: told.append(signum))
    yield told
    signal.signal(signal.SIGINT, before)


def interrupt(n=1):
    for _ in range(n):
        signal.raise_signal(signal.SIGINT)


def test_an_interrupt_comes_at_the_end():
    reached = []

    def interrupted():
        with deferred_interrupts():
            interrupt()
            reached.append("end")

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert reached == ["end"]
    assert signal.getsignal(signal.SIGINT) is before


def test_a_handler_of_the_users_own_is_told_of_each(told):
    handler = signal.getsignal(signal.SIGINT)
    with deferred_interrupts():
        with deferred_interrupts():
            interrupt(2)
        assert told == []
    assert told == [signal.SIGINT] * 2
    assert signal.getsignal(signal.SIGINT) is handler


def test_those_above_the_limit_do_not_wait(told):
    with deferred_interrupts(at_most=1):
        interrupt(3)
        assert len(told) == 2
    assert len(told) == 3


def test_an_error_comes_with_the_interrupt():
    def fail():
        with deferred_interrupts():
            interrupt()
            raise ValueError("another")

    with pytest.raises(KeyboardInterrupt) as raised:
        fail()
    assert isinstance(raised.value.__context__, ValueError)


def test_a_handler_that_is_set_meanwhile_stays(told):
    def another(signum, frame):
        told.append("another")

    with deferred_interrupts():
        signal.signal(signal.SIGINT, another)
    assert signal.getsignal(signal.SIGINT) is another


@pytest.mark.parametrize("handler", [signal.SIG_IGN, signal.SIG_DFL])
def test_a_process_without_a_handler_in_python_is_left_alone(handler, told):
    signal.signal(signal.SIGINT, handler)
    with deferred_interrupts():
        assert signal.getsignal(signal.SIGINT) is handler


def test_another_thread_is_left_alone(told):
    handlers = []

    def run():
        with deferred_interrupts():
            handlers.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert handlers == [signal.getsignal(signal.SIGINT)]


def interrupting(traced):
    """An activation that interrupts the process when it is traced, and says when it is at its end."""

    def activation(x):
        os.kill(os.getpid(), signal.SIGINT)
        traced.append(x)
        return keras.ops.tanh(x)

    return activation


def test_an_interrupt_of_a_tracing_ends_the_fit_after_it(line):
    traced = []
    fitted = KerasMLPRegressor((3,), epochs=1, random_state=0).fit(*line)
    before = fitted.predict(line[0])
    fitted.set_params(activation=interrupting(traced))
    with pytest.raises(KeyboardInterrupt):
        fitted.fit(*line)
    assert len(traced) == 1
    assert (fitted.predict(line[0]) == before).all()
    fitted.set_params(activation="tanh").fit(*line)


def test_a_search_is_ended_by_an_interrupt_of_a_tracing(line):
    search = GridSearchCV(KerasMLPRegressor((3,), epochs=1), {"activation": [interrupting([])]}, cv=2)
    with pytest.raises(KeyboardInterrupt):
        search.fit(*line)


def test_a_second_interrupt_does_not_wait_for_a_function_of_the_users_own():
    heard = threading.Event()
    before = signal.signal(signal.SIGINT, lambda signum, frame: heard.set())

    def until_heard():
        return any(os.kill(os.getpid(), signal.SIGINT) or heard.wait(0.01) for _ in range(1000))

    try:
        assert apart(until_heard)
    finally:
        signal.signal(signal.SIGINT, before)
