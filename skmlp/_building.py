"""The lock under which models are built, and programs and predictors of them, one at a time."""

from __future__ import annotations

import threading

BUILDING = threading.RLock()
"""Held while a layer may draw from Python's generator, which is the whole process's, and while an estimator gets a
model of its own.

The thread that asks for something to be built holds it, not the one that builds it apart: a model function may fit
another estimator. There is no second such lock, so that no two threads wait for each other.
"""
