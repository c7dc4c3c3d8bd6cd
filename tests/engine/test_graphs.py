"""Compiled functions give their memory back; this notices when TensorFlow's private clean-up changes."""

import gc
import weakref

import numpy as np
import pytest
import tensorflow as tf

import skmlp
from skmlp import KerasMLPRegressor
from skmlp._engine.graphs import CompiledGraph


def looping(x):
    return tf.while_loop(lambda i, _: i < 3, lambda i, total: (i + 1, total + x), (0, tf.constant(0.0)))[1]


def compiled(jit_compile):
    graph = CompiledGraph()
    with graph.building():
        x = tf.compat.v1.placeholder(tf.float32, ())
        result = tf.function(looping, autograph=False, jit_compile=jit_compile)(x)
    return graph.function(result, [x])


@pytest.mark.parametrize("jit_compile", [False, True])
def test_it_computes(jit_compile):
    assert compiled(jit_compile)(np.float32(2)) == 6.0


def operations():
    return sum(1 for thing in gc.get_objects() if type(thing).__name__ == "Operation" and thing.graph is not None)


@pytest.mark.parametrize("jit_compile", [False, True])
def test_a_dropped_function_leaves_no_operations(jit_compile):
    gc.collect()
    before = operations()
    function = compiled(jit_compile)
    function(np.float32(2))
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
