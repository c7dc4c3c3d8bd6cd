"""Keras on TensorFlow, imported quietly; only modules that a fit loads import this one."""

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

_LOG_LEVEL = "TF_CPP_MIN_LOG_LEVEL"

_THREADS = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")

_LOG_LINE = re.compile(
    rb"(?m)^(?:[IWEF]\d{4} [\d:.]+\s+\d+ [\w./]+:\d+\] "  # what absl logs: severity, date, time, thread, file, line
    rb"|\d{4}-\d\d-\d\d [\d:.]+: [IWE] "  # what TensorFlow logs
    rb"|WARNING: All log messages before absl::InitializeLog|To enable the following instructions:).*\n?"
)


def _import_and_start() -> None:
    """Import TensorFlow and start its devices, without messages and with as many threads as the process may use.

    TensorFlow reads its settings from the environment, once; what is set here is taken back at the end. If the user has
    imported TensorFlow already, nothing is done.
    """
    if "tensorflow" in sys.modules:
        return
    quiet = _LOG_LEVEL not in os.environ
    settings = {_LOG_LEVEL: "3"} if quiet else {}
    # joblib tells the workers of a parallel search by this variable how many threads each may have; TensorFlow, which
    # does not know it, would start one for each processor in every worker.
    if threads := os.environ.get("OMP_NUM_THREADS"):
        settings |= {name: threads for name in _THREADS if name not in os.environ}
    os.environ.update(settings)
    try:
        with _without_log_lines() if quiet else nullcontext():
            _start()
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


@contextmanager
def _without_log_lines() -> Iterator[None]:
    """Hold back what is written to the process's standard error, and pass on all but C++ log lines at the end.

    TensorFlow logs some lines before it reads its log level, straight to the file descriptor (tensorflow issue 100442).
    """
    try:
        stderr = os.dup(2)
    except OSError:  # a process without standard error has nothing to keep quiet
        yield
        return
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
            held.seek(0)
            rest = _LOG_LINE.sub(b"", held.read())
            while rest:
                rest = rest[os.write(2, rest) :]


def _require_tensorflow(backend: str) -> None:
    """Refuse a Keras that runs, or is about to run, on another backend."""
    if backend != "tensorflow":
        raise ImportError(
            f"skmlp trains with Keras on TensorFlow, but Keras is set to run on {backend!r} in this process: set "
            "KERAS_BACKEND=tensorflow in the environment before Keras is first imported."
        )


_require_tensorflow(os.environ.get("KERAS_BACKEND", "tensorflow"))
_import_and_start()

import keras  # noqa: E402  (after TensorFlow, whose messages are silenced above)
import tensorflow as tf  # noqa: E402

_require_tensorflow(keras.config.backend())  # Keras' configuration file may name another one

__all__ = ["keras", "tf"]
