"""A training spec made into one compiled TensorFlow program that runs many steps a call."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import lru_cache, partial
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from skmlp._building import BUILDING
from skmlp._engine.architectures import architecture_of
from skmlp._engine.batches import Block
from skmlp._engine.cache import POOL
from skmlp._engine.evaluation import Evaluation
from skmlp._engine.graphs import Access, CompiledGraph, process_settings
from skmlp._engine.layout import Layout, OneVector
from skmlp._engine.meter import Meter, Readings
from skmlp._engine.steps import Steps
from skmlp._spec import TrainingSpec

R = TypeVar("R")

Weights = list[NDArray[np.floating]]


class Program:
    """The compiled form of a structure.

    It owns variables, so that it serves one fit at a time; `load` resets all of its state.
    """

    def __init__(self, spec: TrainingSpec) -> None:
        self.spec = spec
        graph = CompiledGraph(rewritten=not spec.jit_compile and architecture_of(spec.architecture).rewritten)
        inputs, losses, network, optimizer, meter, layout = graph.build(_add_training, graph, spec)
        # Beyond some size independent operations, such as the two products of a gradient, are worth a thread each.
        graph.parallel = not (spec.jit_compile or isinstance(layout, OneVector))
        self._layout = layout
        self._run = graph.function([losses], inputs)
        self._weights = graph.function(network.values)
        self._set_weights = graph.function(network.assignments, network.placeholders)
        self._reset_optimizer = graph.function(optimizer.initializers)
        self._state = graph.function([*network.values, *optimizer.values])
        self._n_values = len(network.values)
        self._set_optimizer = graph.function(optimizer.assignments, optimizer.placeholders)
        shapes = [tuple(each.shape) for each in optimizer.placeholders]
        self._optimizer_shapes = lru_cache(1)(partial(layout.state_shapes, shapes))
        self._meter = Readings(graph, meter)
        self._evaluation: Evaluation | None = None
        self._at: Callable[[], Any] | None = None
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
                    f"Training cannot continue: the state of its optimizer has the shapes {shapes}, and here "
                    f"{self.spec.optimizer.kind} has {expected}. Continue with the version of Keras that began it, or "
                    "fit anew."
                )
        self.set_weights(weights)
        if optimizer_state is None:
            self._attempt(self._reset_optimizer)
        else:
            self._attempt(self._set_optimizer, *self._layout.state_in(optimizer_state))
        self.reset_metrics()

    def note(self, state: Any) -> None:
        """Note that this object, which nobody changes, holds the weights and the optimizer's variables as they are."""
        self._at = weakref.ref(state)

    def is_at(self, state: Any) -> bool:
        """Whether it was noted, and nothing has changed since: as when a training goes on in parts."""
        return self._at is not None and self._at() is state

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
        self._at = None
        arrays = (block.weight, *block.y, *block.X)
        (losses,) = self._attempt(self._run, values, seed, step_values, first, last, step, *arrays)
        return np.asarray(losses[first:last])

    def weights(self) -> Weights:
        """Copy the network's weights out, in Keras' order."""
        return self._layout.weights_out(self._weights())

    def set_weights(self, weights: Weights) -> None:
        """Replace the network's weights, and leave the optimizer alone."""
        self._at = None
        self._attempt(self._set_weights, *self._layout.weights_in(weights))

    def state(self) -> tuple[Weights, list[NDArray[Any]]]:
        """Copy out the weights, and the optimizer's variables as they are where each weight has its own."""
        values = self._state()
        n = self._n_values
        return self._layout.weights_out(values[:n]), self._layout.state_out(values[n:])

    def reset_metrics(self) -> None:
        """Begin to measure the batches that are trained on anew, if the spec has metrics."""
        if self.spec.measures is not None:
            self._attempt(self._meter.reset)

    def metrics(self) -> dict[str, NDArray[Any]]:
        """The metrics, by name, of the batches since they were reset."""
        return self._attempt(self._meter.read)

    def evaluate(
        self,
        spec: TrainingSpec,
        values: NDArray[np.floating],
        batch_size: int,
        X: Sequence[Any],
        y: Sequence[Any],
        weight: NDArray[Any],
    ) -> tuple[NDArray[np.floating], dict[str, NDArray[Any]]]:
        """The mean loss, as `run` returns those of batches, and the metrics of samples that are not trained on.

        ``spec`` is equal to the program's own, whose Keras model may be gone with an earlier fit.
        """
        if self._evaluation is None:
            with BUILDING:
                self._evaluation = Evaluation(spec)
        return self._attempt(self._evaluation, self.weights(), values, batch_size, X, y, weight)

    def _attempt(self, function: Callable[..., R], *arrays: Any) -> R:
        """Call a function of the graph. Where it fails, no other fit is lent the program: it might fail again."""
        try:
            return function(*arrays)
        except Exception:
            POOL.discard(self)
            raise


def _add_training(
    graph: CompiledGraph, spec: TrainingSpec
) -> tuple[list[Any], Any, Access, Access, Meter | None, Layout]:
    """The placeholders of a call, its losses, the variables and what reads them, and the layout of the weights."""
    steps = Steps(spec)
    inputs = steps.placeholders()
    metrics = [] if steps.meter is None else steps.meter.variables
    variables = [*steps.weights, *steps.optimizer_variables, *metrics]
    losses = graph.call(steps.run, inputs, variables=variables, jit_compile=spec.jit_compile)
    weights, optimizer = Access(steps.weights), Access(steps.optimizer_variables)
    return inputs, losses, weights, optimizer, steps.meter, steps.layout


def lend_program(spec: TrainingSpec) -> AbstractContextManager[Program]:
    """Lend the program of a spec, built under the present settings of the process if none is idle."""
    return POOL.lend((spec, process_settings()), lambda: Program(spec))
