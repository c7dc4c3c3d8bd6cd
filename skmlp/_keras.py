"""Keras on TensorFlow, imported quietly; only modules that a fit loads import this one."""

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

_LOG_LEVEL = "TF_CPP_MIN_LOG_LEVEL"

_LOG_LINE = re.compile(
    rb"(?m)^(?:[IWEF]\d{4} [\d:.]+\s+\d+ [\w./]+:\d+\] "  # what absl logs: severity, date, time, thread, file, line
    rb"|\d{4}-\d\d-\d\d [\d:.]+: [IWE] "  # what TensorFlow logs
    rb"|WARNING: All log messages before absl::InitializeLog|To enable the following instructions:).*\n?"
)


def _import_quietly() -> None:
    """Import TensorFlow without its start-up messages, and leave the environment as it was.

    TensorFlow reads its C++ log level once, while it is imported; but it logs some lines before that, straight to the
    file descriptor (tensorflow issue 100442), and some when it starts its devices, a session and XLA, which a first
    small function makes it do here. A level that the user has set, or a TensorFlow that the user has imported already,
    is left alone.
    """
    if "tensorflow" in sys.modules or _LOG_LEVEL in os.environ:
        return
    os.environ[_LOG_LEVEL] = "3"
    try:
        with _without_log_lines():
            import tensorflow as tf

            with tf.Graph().as_default() as graph:
                zero = tf.function(tf.identity, jit_compile=True, autograph=False)(tf.zeros(()))
            with tf.compat.v1.Session(graph=graph) as session:
                session.run(zero)
            tf.zeros(())  # eagerly
    finally:
        del os.environ[_LOG_LEVEL]


@contextmanager
def _without_log_lines() -> Iterator[None]:
    """Hold back what is written to the process's standard error, and pass on all but C++ log lines at the end."""
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
_import_quietly()

import keras  # noqa: E402  (after TensorFlow, whose messages are silenced above)
import tensorflow as tf  # noqa: E402

_require_tensorflow(keras.config.backend())  # Keras' configuration file may name another one

__all__ = ["keras", "tf"]
