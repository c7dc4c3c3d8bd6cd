"""Graphs give their memory back; this notices when the private parts of TensorFlow and Keras that it takes change."""

import gc
import subprocess
import sys
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
    return graph.function([result], [x])


@pytest.mark.parametrize("jit_compile", [False, True])
def test_it_computes(jit_compile):
    assert compiled(jit_compile)(2) == [6.0]


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


@pytest.mark.skipif(sys.platform != "linux", reason="the memory of a process is read from /proc")
@pytest.mark.parametrize(("n", "n_steps", "limit"), [(30, 1, 0.5), (20, 20, 3.0)], ids=["plain graphs", "xla"])
def test_evicted_structures_leave_their_memory(n, n_steps, limit):
    # TensorFlow and Keras by themselves keep 2.3 MB of a plain graph and 7 MB of an XLA program; compilation takes and
    # returns some 30 MB.
    code = f"""
import pathlib
import numpy as np
from skmlp import KerasMLPRegressor
from skmlp._engine.cache import POOL
def resident():
    return int(pathlib.Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20
POOL.maxsize = 2
X, y = np.ones(({4 * n_steps}, 3)), np.arange({4.0 * n_steps})
for width in range(1, {n} + 11):
    KerasMLPRegressor((width,), batch_size=4, epochs=1).fit(X, y)
    if width == 10:
        before = resident()
print((resident() - before) / {n})
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert float(result.stdout) < limit
