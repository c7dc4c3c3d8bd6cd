"""A training spec made into one compiled TensorFlow program that runs many steps a call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmlp._engine.batches import Block, SparseBatches
from skmlp._engine.graphs import CompiledGraph
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
        with graph.building():
            steps = Steps(spec)
            inputs = steps.inputs()
            losses = steps.run(inputs)
            reset = [variable.initializer for variable in steps.optimizer_variables]
            weights, set_weights = _access(steps.weights)
            optimizer, set_optimizer = _access(steps.optimizer_variables)
        self._run = graph.function([losses], inputs)
        self._weights = graph.function(weights)
        self._set_weights = graph.function(*set_weights)
        self._reset_optimizer = graph.function(reset)
        self._optimizer = graph.function(optimizer)
        self._set_optimizer = graph.function(*set_optimizer)

    def load(self, weights: Weights, optimizer_state: Sequence[NDArray[Any]] | None = None) -> None:
        """Start from these weights, with a fresh optimizer or with one that goes on from ``optimizer_state``."""
        self.set_weights(weights)
        if optimizer_state is None:
            self._reset_optimizer()
        else:
            self._set_optimizer(*optimizer_state)

    def run(
        self,
        values: NDArray[np.floating],
        seed: int,
        rates: NDArray[np.floating],
        block: Block,
        first: int,
        last: int,
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

        Returns
        -------
        losses : (last - first,)
            The mean loss of each batch before its update, penalty included.
        """
        X = block.X if isinstance(block.X, SparseBatches) else (block.X,)
        (losses,) = self._run(values, seed, rates, first, last, block.y, block.weight, *X)
        return np.asarray(losses[first:last])

    def weights(self) -> Weights:
        """Copy the network's weights out, in Keras' order."""
        return self._weights()

    def set_weights(self, weights: Weights) -> None:
        """Replace the network's weights, and leave the optimizer alone."""
        self._set_weights(*weights)

    def optimizer_state(self) -> list[NDArray[Any]]:
        """Copy the optimizer's variables out."""
        return self._optimizer()


def _access(variables: Sequence[Any]) -> tuple[list[Any], tuple[list[Any], list[Any]]]:
    """What reads variables; and what assigns them, with the placeholders of what they are assigned."""
    values = [tf.compat.v1.placeholder(variable.dtype, variable.shape) for variable in variables]
    assign = [variable.assign(value).op for variable, value in zip(variables, values, strict=True)]
    return [variable.read_value() for variable in variables], (assign, values)
