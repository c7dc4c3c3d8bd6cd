"""Small data that many tests share; figures are closed after each."""

import gc
import os
import signal
import sys

import numpy as np
import pytest

os.environ.setdefault("MPLBACKEND", "Agg")  # before matplotlib is imported: no test opens a window


def pytest_configure():
    """Have tests interrupt themselves where a shell put them into the background, which ignores interrupts."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish():
    """Let no search for garbage look through what is imported by now.

    A program that is evicted has one search follow, and half a million objects of TensorFlow, Keras and others, which
    stay until the end anyway, made it ten times as long. What tests make is searched as ever.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _close_figures():
    """Close what a test drew, if it drew."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def blobs():
    """60 samples of three classes, in three groups that overlap a little: X (60, 4), y (60,)."""
    rng = np.random.default_rng(1)
    y = np.repeat(np.arange(3), 20)
    X = rng.normal(size=(60, 4)) + 2.0 * np.eye(3, 4)[y]
    order = rng.permutation(60)
    return X[order], y[order]


@pytest.fixture
def line():
    """80 samples of a noisy linear function: X (80, 3), y (80,)."""
    rng = np.random.default_rng(2)
    X = rng.normal(size=(80, 3))
    return X, X @ [1.0, -2.0, 0.5] + 0.3 + 0.05 * rng.normal(size=80)
