"""TensorFlow, imported and started quietly, with as many threads as the process may use."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from skmlp._interrupts import deferred_interrupts
from skmlp._quiet import without_log_lines

_LOG_LEVEL = "TF_CPP_MIN_LOG_LEVEL"

_THREADS = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")

_LOCK = threading.RLock()

_DONE: set[str] = set()
"""What was done here: "import", "start"."""


def import_tensorflow() -> None:
    """Import TensorFlow, and Keras with it, but start nothing: a process may still be forked.

    If the user has imported TensorFlow already, nothing is done.
    """
    with _LOCK:
        if "tensorflow" in sys.modules:
            return
        with _quietly():
            import tensorflow  # noqa: F401  (it is loaded for others)
        _DONE.add("import")


def start_tensorflow() -> None:
    """Import TensorFlow and start its devices, which takes its numbers of threads from the environment.

    If the user has imported TensorFlow already, nothing is done.
    """
    with _LOCK:
        import_tensorflow()
        if "import" in _DONE and "start" not in _DONE:
            with _quietly():
                _start()
            _DONE.add("start")


@contextmanager
def _quietly() -> Iterator[None]:
    """Set what TensorFlow reads from the environment, for this moment only, and leave its log lines out.

    TensorFlow reads its log level once, while it is imported, and logs some lines before that, straight to the file
    descriptor (tensorflow issue 100442), and more, in old versions, when devices and XLA start.
    """
    quiet = _LOG_LEVEL not in os.environ
    settings = {_LOG_LEVEL: "3"} if quiet else {}
    # joblib tells the workers of a parallel search by this variable how many threads each may have; TensorFlow, which
    # does not know it, would start one for each processor in every worker.
    if threads := os.environ.get("OMP_NUM_THREADS"):
        settings |= {name: threads for name in _THREADS if name not in os.environ}
    with deferred_interrupts():
        os.environ.update(settings)
        try:
            with without_log_lines() if quiet else nullcontext():
                yield
        finally:
            for name in settings:
                del os.environ[name]


def _start() -> None:
    """Run a small function by a session, compiled, and another one eagerly."""
    import tensorflow as tf

    with tf.Graph().as_default() as graph:
        value = tf.compat.v1.placeholder(tf.float32)  # a constant would be folded, and nothing compiled
        negative = tf.function(tf.negative, jit_compile=True, autograph=False)(value)
    with tf.compat.v1.Session(graph=graph) as session:
        session.run(negative, {value: 1.0})
    tf.zeros(())
