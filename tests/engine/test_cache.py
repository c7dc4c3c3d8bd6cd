"""The pool of programs: bounded, thread-safe, and asked before any fit."""

import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

import skmlp
from skmlp import KerasMLPRegressor
from skmlp._engine.cache import POOL, ProgramPool


def test_a_returned_program_is_lent_again():
    pool = ProgramPool(maxsize=2)
    with pool.lend("a", object) as first:
        pass
    with pool.lend("a", object) as second:
        assert second is first
    assert pool.info()[:4] == (1, 1, 2, 1)


class InterruptedWhenFreed:
    def __del__(self):
        signal.raise_signal(signal.SIGINT)


def test_an_interrupt_while_a_program_is_freed_is_not_lost():
    pool = ProgramPool(maxsize=1)
    with pool.lend("a", InterruptedWhenFreed):
        pass
    with pytest.raises(KeyboardInterrupt), pool.lend("b", object):
        pass
    assert pool.info().currsize == 0
    with pool.lend("c", InterruptedWhenFreed):
        pass
    with pytest.raises(KeyboardInterrupt):
        pool.clear()
    assert pool.info().currsize == 0


def test_a_program_in_use_is_lent_to_nobody_else():
    pool = ProgramPool(maxsize=2)
    with pool.lend("a", object) as first, pool.lend("a", object) as second:
        assert first is not second
        assert pool.info().currsize == 2


def test_the_least_recently_used_goes_first():
    pool = ProgramPool(maxsize=2)
    for key in "abac":
        with pool.lend(key, object):
            pass
    assert pool.info().currsize == 2
    before = pool.info().hits
    for key in "ca":
        with pool.lend(key, object):
            pass
    assert pool.info().hits == before + 2


def test_a_failing_fit_returns_its_program():
    pool = ProgramPool(maxsize=2)
    with pytest.raises(RuntimeError, match="fit"), pool.lend("a", object):
        raise RuntimeError("fit")
    assert pool.info().currsize == 1


def test_a_failing_build_leaves_nothing_behind():
    pool = ProgramPool(maxsize=2)

    def build():
        raise RuntimeError("build")

    with pytest.raises(RuntimeError, match="build"), pool.lend("a", build):
        pass
    assert pool.info().currsize == 0
    with pool.lend("a", object) as program:
        assert program is not None


def test_clearing_forgets_programs_in_use_too():
    pool = ProgramPool(maxsize=2)
    cleared = []
    pool.on_clear(lambda: cleared.append(True))
    with pool.lend("a", object):
        pool.clear()
        assert pool.info().currsize == 1
    assert pool.info() == (0, 0, 2, 0, 0)
    assert cleared == [True]


@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from("abcdef")), max_size=60), st.integers(1, 4))
def test_it_never_holds_more_idle_programs_than_its_size(actions, maxsize):
    pool = ProgramPool(maxsize)
    lent = {}
    with patch("skmlp._engine.cache.gc"):  # a collection takes long beside what other tests have left
        for slot, key in actions:
            if slot in lent:
                lent.pop(slot).__exit__(None, None, None)
            else:
                lent[slot] = pool.lend(key, object)
                lent[slot].__enter__()
            info = pool.info()
            assert info.currsize <= max(maxsize, len(lent))
        for context in lent.values():
            context.__exit__(None, None, None)
    assert pool.info().currsize <= maxsize


def test_threads_share_it():
    pool = ProgramPool(maxsize=3)
    in_use = set()
    lock = threading.Lock()

    def work(number):
        with pool.lend(number % 2, object) as program:
            with lock:
                assert id(program) not in in_use
                in_use.add(id(program))
            with lock:
                in_use.remove(id(program))

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(work, range(400)))
    info = pool.info()
    assert info.hits + info.misses == 400
    assert info.currsize <= 3


def test_the_public_functions_tell_of_fits(line):
    skmlp.clear_cache()
    traces = skmlp.cache_info().traces
    estimator = KerasMLPRegressor((3,), epochs=1)
    estimator.fit(*line).fit(*line)
    assert skmlp.cache_info() == (1, 1, 32, 1, traces + 1)
    skmlp.clear_cache()
    assert skmlp.cache_info() == (0, 0, 32, 0, traces + 1)
    before = estimator.predict(line[0])
    skmlp.clear_cache()
    assert (estimator.predict(line[0]) == before).all()


def test_many_structures_stay_within_the_bound(line, monkeypatch):
    monkeypatch.setattr(POOL, "maxsize", 2)
    for width in range(1, 6):
        KerasMLPRegressor((width,), epochs=1).fit(line[0][:10], line[1][:10])
        assert skmlp.cache_info().currsize <= 2


def test_a_discarded_program_is_lent_to_nobody():
    pool = ProgramPool(maxsize=2)
    with pool.lend("a", object) as first:
        pool.discard(first)
    assert pool.info().currsize == 0
    with pool.lend("a", object) as second:
        assert second is not first
    with pool.lend("a", object) as third:
        assert third is second


@pytest.mark.skipif(sys.platform != "linux", reason="what a process holds is read from /proc")
def test_fits_leave_no_thread_and_no_open_file(line):
    def held():
        return [len([*Path("/proc/self", each).iterdir()]) for each in ("fd", "task")]

    estimator = KerasMLPRegressor((3,), epochs=2, early_stopping=True)
    estimator.fit(*line).predict(line[0])
    files, threads = held()
    for seed in range(10):
        estimator.set_params(random_state=seed).fit(*line).predict(line[0])
    assert held()[0] <= files
    assert held()[1] < threads + 5  # TensorFlow's own pools may still start a thread or two
