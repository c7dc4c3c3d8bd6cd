"""Metrics that are kept while a program runs, by Keras' own objects in its graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from numpy.typing import NDArray

from skmlp._engine.graphs import CompiledGraph
from skmlp._keras import keras, tf
from skmlp._measures import MadeMetric, Measures


class Meter:
    """Measures batches; made in the graph that is the default one.

    Keras finds out what a metric's name stands for, and what to call each of them.

    Parameters
    ----------
    measures : Measures
    y, outputs : sequence of tensors
        Targets and outputs of any batch.
    whole : bool
        Whether every place of every batch is filled.

    Attributes
    ----------
    variables : list of tf.Variable
    """

    def __init__(self, measures: Measures, y: Sequence[Any], outputs: Sequence[Any], *, whole: bool) -> None:
        self._whole = whole
        self._plain = _measuring_model(measures.metrics.value, measures.output_names, outputs)
        self._weighted = _measuring_model(measures.weighted_metrics.value, measures.output_names, outputs)
        ones = tf.ones(tf.shape(outputs[0])[:1])
        self.update(y, outputs, ones, ones)
        models = [each for each in (self._plain, self._weighted) if each is not None]
        self.variables = [
            variable.value for model in models for metric in model.metrics for variable in metric.variables
        ]

    def update(self, y: Sequence[Any], outputs: Sequence[Any], weight: Any, filled: Any) -> None:
        """Take note of a batch, those of its places that are filled."""
        for model, places in ((self._plain, None if self._whole else filled), (self._weighted, weight)):
            if model is not None:
                weights = None if places is None else tf.cast(places, keras.config.floatx())
                model.compute_metrics(None, _packed(y), _packed(outputs), sample_weight=weights)

    def results(self) -> dict[str, Any]:
        """The metrics by name, as tensors of the graph that is the default one."""
        found: dict[str, Any] = {}
        for model in (self._plain, self._weighted):
            if model is not None:
                for name, value in model.get_metrics_result().items():
                    if name == "loss":  # which is that of no loss
                        continue
                    found[name if name not in found else f"weighted_{name}"] = value
        return found


class Readings:
    """The functions of a meter, or of none: its variables are initialized by ``reset``.

    Parameters
    ----------
    graph : CompiledGraph
        That of the meter.
    meter : Meter or None
    """

    def __init__(self, graph: CompiledGraph, meter: Meter | None) -> None:
        results = {} if meter is None else graph.build(meter.results)
        variables = [] if meter is None else meter.variables
        self._names = list(results)
        self._read = graph.function(list(results.values())) if results else list
        self.reset: Callable[..., Any] = graph.function([each.initializer for each in variables]) if variables else list

    def read(self) -> dict[str, NDArray[Any]]:
        """The metrics by name."""
        return dict(zip(self._names, self._read(), strict=True))


def _packed(tensors: Sequence[Any]) -> Any:
    return tensors[0] if len(tensors) == 1 else list(tensors)


def _measuring_model(metrics: Any, names: Sequence[str], outputs: Sequence[Any]) -> Any | None:
    """A Keras model of these output names that computes nothing, and knows the metrics."""
    if not metrics:
        return None
    inputs = [keras.Input(tuple(output.shape[1:]), dtype=output.dtype) for output in outputs]
    passed = [
        keras.layers.Identity(name=name, dtype=each.dtype)(each) for name, each in zip(names, inputs, strict=True)
    ]
    model = keras.Model(inputs, _packed(passed))
    made = keras.tree.map_structure(lambda each: each.make() if isinstance(each, MadeMetric) else each, metrics)
    model.compile(optimizer=None, loss=None, weighted_metrics=made)
    return model
