"""The loss and the metrics of samples that are not trained on, with the weights of a training under way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmlp._engine.architectures import architecture_of
from skmlp._engine.batch_loss import BatchLoss, make_meter
from skmlp._engine.graphs import Access, CompiledGraph
from skmlp._engine.meter import Meter, Readings
from skmlp._engine.traced import Traced, TracedValues
from skmlp._keras import tf
from skmlp._spec import TrainingSpec


class Evaluation:
    """A plain graph with a network of its own, for the samples of the programs that train by a spec.

    A program makes it when it is first asked, since most fits have no such samples: within that of a small network of
    a user's own it would take 1.6 of 9.7 MB.
    """

    def __init__(self, spec: TrainingSpec) -> None:
        graph = CompiledGraph(rewritten=architecture_of(spec.architecture).rewritten)
        inputs, losses, network, meter = graph.build(_add, graph, spec)
        self._set_weights = graph.function(network.assignments, network.placeholders)
        self._evaluate = graph.function([losses], inputs)
        self._meter = Readings(graph, meter)
        graph.complete()

    def __call__(
        self,
        network_weights: Sequence[NDArray[Any]],
        values: NDArray[np.floating],
        batch_size: int,
        X: Sequence[Any],
        y: Sequence[Any],
        weight: NDArray[Any],
    ) -> tuple[NDArray[np.floating], dict[str, NDArray[Any]]]:
        """Go through samples in batches.

        Parameters
        ----------
        network_weights : sequence of arrays
            In Keras' order.
        values : (n_values,)
            The traced values, from `TrainingSpec.pack`.
        batch_size : int
        X, y : sequence of arrays, (n_samples, ...) for each input and for each output
        weight : (n_samples,)

        Returns
        -------
        losses : () or (1 + outputs,)
            The mean loss of the samples, penalty included; for several outputs, that of each of them, too.
        metrics : dict of str to array
        """
        self._set_weights(*network_weights)
        self._meter.reset()
        (losses,) = self._evaluate(values, batch_size, weight, *y, *X)
        return losses, self._meter.read()


def _add(graph: CompiledGraph, spec: TrainingSpec) -> tuple[list[Any], Any, Access, Meter | None]:
    """The placeholders of a call, its losses, the variables of the network, and its metrics."""
    values = TracedValues()
    architecture = architecture_of(spec.architecture)
    network = architecture.build(Traced(values, spec.values))
    loss, meter = BatchLoss(spec, architecture, network, values), make_meter(spec, network)
    variables = [variable.value for variable in network.weights]

    def evaluate(packed: Any, batch_size: Any, weight: Any, *arrays: Any) -> Any:
        named = {name: packed[i] for i, name in enumerate(spec.values)}
        n_samples = tf.shape(weight)[0]

        def sizes(of_all: Any, of_outputs: Any) -> Any:
            """What the parts of a record count by: means of outputs are, as in Keras, those of batches of any size."""
            if not loss.width:
                return of_all
            return tf.stack([of_all, *[tf.cast(of_outputs, spec.dtype)] * len(spec.objectives)])

        def batch(first: Any, total: Any) -> Any:
            last = tf.minimum(first + batch_size, n_samples)
            its_weight, *its_arrays = (each[first:last] for each in (weight, *arrays))
            y, X = its_arrays[: len(spec.objectives)], its_arrays[len(spec.objectives) :]
            values.now = {**named, "filled": tf.ones_like(its_weight, tf.bool)}
            _, record = loss(y, its_weight, network.call(X, training=False), meter)
            if network.penalty is not None:
                record += loss.of_whole(tf.cast(network.penalty(), spec.dtype))
            return last, total + record * sizes(tf.cast(last - first, spec.dtype), 1)

        try:
            _, total = tf.while_loop(
                lambda first, _: first < n_samples, batch, (0, tf.zeros(loss.width, spec.dtype)), parallel_iterations=1
            )
        finally:
            values.now = {}  # symbolic tensors would keep the graph of this tracing alive
        n_batches = -(-n_samples // batch_size)
        return total / sizes(tf.cast(n_samples, spec.dtype), tf.cast(n_batches, spec.dtype))

    arguments = [
        (spec.dtype, (len(spec.values),)),
        (tf.int32, ()),
        (spec.dtype, (None,)),
        *((objective.target.dtype, (None, *objective.target.shape)) for objective in spec.objectives),
        *((form.dtype, (None, *form.shape)) for form in spec.inputs),
    ]
    inputs = [tf.compat.v1.placeholder(*argument) for argument in arguments]
    metrics = [] if meter is None else meter.variables
    losses = graph.call(evaluate, inputs, variables=[*variables, *metrics])
    return inputs, losses, Access(variables), meter
