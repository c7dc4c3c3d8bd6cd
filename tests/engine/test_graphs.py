"""Compiled functions give their memory back; this notices when TensorFlow's private clean-up changes."""

import gc
import weakref

import pytest
import tensorflow as tf

import skmlp
from skmlp import KerasMLPRegressor
from skmlp._engine.graphs import CompiledFunction


def looping(x):
    return tf.while_loop(lambda i, _: i < 3, lambda i, total: (i + 1, total + x), (0, tf.constant(0.0)))[1]


@pytest.mark.parametrize("jit_compile", [False, True])
def test_it_computes(jit_compile):
    function = CompiledFunction(looping, [tf.TensorSpec((), tf.float32)], jit_compile=jit_compile)
    assert float(function(tf.constant(2.0))) == 6.0


def operations():
    return sum(1 for thing in gc.get_objects() if type(thing).__name__ == "Operation" and thing.graph is not None)


def test_a_dropped_function_leaves_no_operations():
    gc.collect()
    before = operations()
    function = CompiledFunction(looping, [tf.TensorSpec((), tf.float32)])
    function(tf.constant(2.0))
    assert operations() > before
    del function
    gc.collect()
    assert operations() <= before


def test_an_evicted_program_is_freed(line):
    KerasMLPRegressor((5,), epochs=1).fit(*line).predict(line[0])
    (_, program) = next(reversed(skmlp._engine.cache.POOL._idle.values()))
    alive = weakref.ref(program)
    before = operations()
    del program
    skmlp.clear_cache()
    gc.collect()
    assert alive() is None
    assert operations() < before
