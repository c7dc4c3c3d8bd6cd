"""A training spec made into one compiled TensorFlow program that runs many steps a call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmlp._engine.batches import Block
from skmlp._engine.cache import POOL
from skmlp._engine.graphs import CompiledGraph, process_settings
from skmlp._engine.steps import Steps
from skmlp._keras import tf
from skmlp._spec import TrainingSpec

Weights = list[NDArray[np.floating]]


class Program:
    """The compiled form of a structure.

    It owns variables, so that it serves one fit at a time; `load` resets all of its state.
    """

    def __init__(self, spec: TrainingSpec) -> None:
        self.spec = spec
        graph = CompiledGraph()
        inputs, losses, network, optimizer = graph.build(_add_training, graph, spec)
        self._run = graph.function([losses], inputs)
        self._weights = graph.function(network.values)
        self._set_weights = graph.function(network.assignments, network.placeholders)
        self._reset_optimizer = graph.function(optimizer.initializers)
        self._optimizer = graph.function(optimizer.values)
        self._set_optimizer = graph.function(optimizer.assignments, optimizer.placeholders)

    def load(self, weights: Weights, optimizer_state: Sequence[NDArray[Any]] | None = None) -> None:
        """Start from these weights, with a fresh optimizer or with one that goes on from ``optimizer_state``."""
        self.set_weights(weights)
        if optimizer_state is None:
            self._attempt(self._reset_optimizer)
        else:
            self._attempt(self._set_optimizer, *optimizer_state)

    def run(
        self,
        values: NDArray[np.floating],
        seed: int,
        rates: NDArray[np.floating],
        block: Block,
        first: int,
        last: int,
        step: int,
    ) -> NDArray[np.floating]:
        """Train on some of the batches of a block.

        Parameters
        ----------
        values : (n_values,)
            The traced values, from `TrainingSpec.pack`.
        seed : int
            Seed of the dropout masks, below 2 ** 30.
        rates : (block_steps,)
            The learning rate of each batch.
        block : Block
        first, last : int
            The batches are those from ``first`` up to but not including ``last``.
        step : int
            The number of the first one's step, counted from the beginning of the fit: dropout masks depend on it.

        Returns
        -------
        losses : (last - first,)
            The mean loss of each batch before its update, penalty included.
        """
        (losses,) = self._attempt(self._run, values, seed, rates, first, last, step, block.y, block.weight, *block.X)
        return np.asarray(losses[first:last])

    def weights(self) -> Weights:
        """Copy the network's weights out, in Keras' order."""
        return self._weights()

    def set_weights(self, weights: Weights) -> None:
        """Replace the network's weights, and leave the optimizer alone."""
        self._attempt(self._set_weights, *weights)

    def optimizer_state(self) -> list[NDArray[Any]]:
        """Copy the optimizer's variables out."""
        return self._optimizer()

    def _attempt(self, function: Callable[..., list[Any]], *arrays: Any) -> list[Any]:
        """Call a function of the graph. Where it fails, no other fit is lent the program: it might fail again."""
        try:
            return function(*arrays)
        except Exception:
            POOL.discard(self)
            raise


class _Access:
    """The operations that read, assign and initialize variables, and the placeholders of what they are assigned."""

    def __init__(self, variables: Sequence[Any]) -> None:
        self.values = [variable.read_value() for variable in variables]
        self.placeholders = [tf.compat.v1.placeholder(variable.dtype, variable.shape) for variable in variables]
        pairs = zip(variables, self.placeholders, strict=True)
        self.assignments = [variable.assign(value).op for variable, value in pairs]
        self.initializers = [variable.initializer for variable in variables]


def _add_training(graph: CompiledGraph, spec: TrainingSpec) -> tuple[list[Any], Any, _Access, _Access]:
    """The placeholders of a call, its losses, and the variables of the network and of the optimizer."""
    steps = Steps(spec)
    inputs = steps.placeholders()
    variables = [*steps.weights, *steps.optimizer_variables]
    losses = graph.call(steps.run, inputs, variables=variables, jit_compile=spec.jit_compile)
    return inputs, losses, _Access(steps.weights), _Access(steps.optimizer_variables)


def lend_program(spec: TrainingSpec) -> AbstractContextManager[Program]:
    """Lend the program of a spec, built under the present settings of the process if none is idle."""
    return POOL.lend((spec, process_settings()), lambda: Program(spec))
