"""Keras on TensorFlow, imported quietly; only modules that a fit loads import this one."""

import os

from skmlp._forks import mark_forks
from skmlp._interrupts import deferred_interrupts
from skmlp._tensorflow import start_tensorflow


def _require_tensorflow(backend: str) -> None:
    """Refuse a Keras that runs, or is about to run, on another backend."""
    if backend != "tensorflow":
        raise ImportError(
            f"skmlp trains with Keras on TensorFlow, but Keras is set to run on {backend!r} in this process: set "
            "KERAS_BACKEND=tensorflow in the environment before Keras is first imported."
        )


_require_tensorflow(os.environ.get("KERAS_BACKEND", "tensorflow"))

with deferred_interrupts():  # an import that is cut in two cannot be repeated
    mark_forks()
    start_tensorflow()

    import keras
    import tensorflow as tf

_require_tensorflow(keras.config.backend())  # Keras' configuration file may name another one

__all__ = ["keras", "tf"]
