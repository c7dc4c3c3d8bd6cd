"""A training spec made into one compiled TensorFlow program that runs many steps a call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import lru_cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmlp._engine.architectures import architecture_of
from skmlp._engine.batches import Block
from skmlp._engine.cache import POOL
from skmlp._engine.graphs import CompiledGraph, process_settings
from skmlp._engine.meter import Meter
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
        graph = CompiledGraph(rewritten=not spec.jit_compile and architecture_of(spec.architecture).rewritten)
        inputs, losses, network, optimizer, steps = graph.build(_add_training, graph, spec)
        self._layout = steps.layout
        self._run = graph.function([losses], inputs)
        self._weights = graph.function(network.values)
        self._set_weights = graph.function(network.assignments, network.placeholders)
        self._reset_optimizer = graph.function(optimizer.initializers)
        self._optimizer = graph.function(optimizer.values)
        self._set_optimizer = graph.function(optimizer.assignments, optimizer.placeholders)
        shapes = [tuple(each.shape) for each in optimizer.placeholders]
        self._optimizer_shapes = lru_cache(1)(partial(steps.layout.state_shapes, shapes))
        if steps.meter is not None and steps.validation_meter is not None:
            self._meter = _Readings(graph, steps.meter)
            self._validation_meter = _Readings(graph, steps.validation_meter)
            self._evaluate = graph.function(*graph.build(_add_evaluation, graph, steps))
        graph.complete()

    def load(self, weights: Weights, optimizer_state: Sequence[NDArray[Any]] | None = None) -> None:
        """Start from these weights, with a fresh optimizer or with one that goes on from ``optimizer_state``.

        Raises
        ------
        ValueError
            If that state is not this optimizer's: from a file, it may be that of another version of Keras.
        """
        if optimizer_state is not None:
            shapes, expected = [np.shape(each) for each in optimizer_state], self._optimizer_shapes()
            if shapes != expected:
                raise ValueError(
                    f"The training cannot go on: the state of its optimizer has the shapes {shapes}, and here "
                    f"{self.spec.optimizer.kind} has {expected}. Go on with the version of Keras that began it, or fit "
                    "anew."
                )
        self.set_weights(weights)
        if optimizer_state is None:
            self._attempt(self._reset_optimizer)
        else:
            self._attempt(self._set_optimizer, *self._layout.state_in(optimizer_state))
        if self.spec.measures is not None:
            self.reset_metrics()

    def run(
        self,
        values: NDArray[np.floating],
        seed: int,
        step_values: NDArray[np.floating],
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
        step_values : (block_steps, 1 + scheduled)
            Of each batch, the learning rate and then the values that the spec has as ``scheduled``.
        block : Block
        first, last : int
            The batches are those from ``first`` up to but not including ``last``.
        step : int
            The number of the first one's step, counted from the beginning of the fit: dropout masks depend on it.

        Returns
        -------
        losses : (last - first,), or (last - first, 1 + outputs) for several outputs
            The mean loss of each batch before its update, penalty included; and that of each output.
        """
        arrays = (block.weight, *block.y, *block.X)
        (losses,) = self._attempt(self._run, values, seed, step_values, first, last, step, *arrays)
        return np.asarray(losses[first:last])

    def weights(self) -> Weights:
        """Copy the network's weights out, in Keras' order."""
        return self._layout.weights_out(self._weights())

    def set_weights(self, weights: Weights) -> None:
        """Replace the network's weights, and leave the optimizer alone."""
        self._attempt(self._set_weights, *self._layout.weights_in(weights))

    def optimizer_state(self) -> list[NDArray[Any]]:
        """Copy the optimizer's variables out, as they are where each weight has its own."""
        return self._layout.state_out(self._optimizer())

    def reset_metrics(self) -> None:
        """Begin to measure the batches that are trained on anew."""
        self._attempt(self._meter.reset)

    def metrics(self) -> dict[str, NDArray[Any]]:
        """The metrics, by name, of the batches since they were reset."""
        return self._meter.read(self._attempt)

    def evaluate(
        self, values: NDArray[np.floating], batch_size: int, X: Sequence[Any], y: Sequence[Any], weight: NDArray[Any]
    ) -> tuple[NDArray[np.floating], dict[str, NDArray[Any]]]:
        """The mean loss, as `run` returns those of batches, and the metrics of samples that are not trained on."""
        self._attempt(self._validation_meter.reset)
        (losses,) = self._attempt(self._evaluate, values, batch_size, weight, *y, *X)
        return losses, self._validation_meter.read(self._attempt)

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


class _Readings:
    """The functions of a meter."""

    def __init__(self, graph: CompiledGraph, meter: Meter) -> None:
        results = graph.build(meter.results)
        self._names = list(results)
        self._read = graph.function(list(results.values())) if results else list
        variables = meter.variables
        self.reset: Callable[..., Any] = graph.function([each.initializer for each in variables]) if variables else list

    def read(self, attempt: Callable[..., list[Any]]) -> dict[str, NDArray[Any]]:
        """The metrics by name."""
        return dict(zip(self._names, attempt(self._read), strict=True))


def _add_training(graph: CompiledGraph, spec: TrainingSpec) -> tuple[list[Any], Any, _Access, _Access, Steps]:
    """The placeholders of a call, its losses, the variables of the network and of the optimizer, and the steps."""
    steps = Steps(spec)
    inputs = steps.placeholders()
    variables = [*steps.weights, *steps.optimizer_variables]
    if steps.meter is not None:
        variables += steps.meter.variables
    losses = graph.call(steps.run, inputs, variables=variables, jit_compile=spec.jit_compile)
    return inputs, losses, _Access(steps.weights), _Access(steps.optimizer_variables), steps


def _add_evaluation(graph: CompiledGraph, steps: Steps) -> tuple[list[Any], list[Any]]:
    """The losses of an evaluation, and the placeholders of its arguments."""
    inputs = steps.evaluation_placeholders()
    variables = [*steps.weights, *(() if steps.validation_meter is None else steps.validation_meter.variables)]
    return [graph.call(steps.evaluate, inputs, variables=variables)], inputs


def lend_program(spec: TrainingSpec) -> AbstractContextManager[Program]:
    """Lend the program of a spec, built under the present settings of the process if none is idle."""
    return POOL.lend((spec, process_settings()), lambda: Program(spec))
