"""How a program keeps the weights that it trains: a variable each, or as the slices of one vector."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from itertools import chain, pairwise, starmap
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from skmlp._apart import apart
from skmlp._engine.architecture import Network
from skmlp._engine.traced import TracedRate, TracedValues
from skmlp._keras import keras, tf
from skmlp._optimizers import OPTIMIZERS, make_optimizer
from skmlp._spec import OptimizerSpec, TrainingSpec

Arrays = list[NDArray[Any]]


class Layout(Protocol):
    """The weights of a network and the state of its optimizer, as arrays of others and as a program's own."""

    def weights_in(self, weights: Sequence[NDArray[Any]]) -> Arrays:
        """The values of the variables, from an array for each of the network's weights in Keras' order."""

    def weights_out(self, values: Sequence[NDArray[Any]]) -> Arrays:
        """An array for each of the network's weights in Keras' order, from the values of the variables."""

    def state_in(self, state: Sequence[NDArray[Any]]) -> Arrays:
        """The values of the optimizer's variables, from those of an optimizer of a variable for each weight."""

    def state_out(self, values: Sequence[NDArray[Any]]) -> Arrays:
        """Those of an optimizer of a variable for each weight, from the values of the optimizer's variables."""

    def state_shapes(self, shapes: Sequence[tuple[int, ...]]) -> list[tuple[int, ...]]:
        """The shapes that `state_out` has, from those of the optimizer's variables."""


def lay_out(spec: TrainingSpec, network: Network) -> tuple[Layout, Network]:
    """The faster layout of what is trained, and the network with its variables.

    A plain graph of one vector is built in two thirds of the time, and its steps are no longer, where the optimizer
    treats all numbers alike. XLA would compile it sooner, too, but its steps would be longer.
    """
    row = OPTIMIZERS.get(spec.optimizer.kind) if isinstance(spec.optimizer.kind, str) else None
    alike = row is not None and row.elementwise and "clipnorm" not in spec.values
    able = network.replaceable and not spec.sparse and not spec.jit_compile
    if alike and able and sum(_sizes(network)) <= _MOST_PARAMETERS:
        return OneVector(spec.optimizer, spec.settings, network), _of_one_vector(network)
    return VariableEach(), network


_MOST_PARAMETERS = 1 << 16
"""Beyond it, the copies from the vector and to it take longer than they save (docs/design.md has measurements)."""


def _sizes(network: Network) -> list[int]:
    return [int(np.prod(each.shape)) for each in network.trainable]


def _others(network: Network) -> list[Any]:
    """The weights that are not trained."""
    trained = {id(each) for each in network.trainable}
    return [each for each in network.weights if id(each) not in trained]


def _of_one_vector(network: Network) -> Network:
    """The network with slices of a new variable, in the graph that is being built, in place of its trained weights."""
    sizes, shapes = _sizes(network), [tuple(each.shape) for each in network.trainable]
    vector = keras.Variable("zeros", shape=(sum(sizes),), dtype=network.trainable[0].dtype, name="weights")
    others = _others(network)

    def of_slices(function: Callable[..., Any]) -> Callable[..., Any]:
        """A function of the network's variables as one of the vector; what it assigns to the others is assigned."""

        def call(*args: Any, **kwargs: Any) -> Any:
            parts = zip(tf.split(vector.value, sizes), shapes, strict=True)
            mapping = list(zip(network.trainable, starmap(tf.reshape, parts), strict=True))
            with keras.StatelessScope(state_mapping=mapping) as scope:
                result = function(*args, **kwargs)
            for variable in others:
                value = scope.get_current_value(variable)
                if value is not None:
                    variable.assign(value)
            return result

        return call

    return network._replace(
        call=of_slices(network.call),
        weights=[vector, *others],
        trainable=[vector],
        penalty=None if network.penalty is None else of_slices(network.penalty),
    )


class VariableEach:
    """A variable for each weight (see `Layout`)."""

    def weights_in(self, weights: Sequence[NDArray[Any]]) -> Arrays:
        """As they are."""
        return list(weights)

    weights_out = state_in = state_out = weights_in

    def state_shapes(self, shapes: Sequence[tuple[int, ...]]) -> list[tuple[int, ...]]:
        """As they are."""
        return list(shapes)


class OneVector:
    """One vector for the weights that are trained, and a variable for each of the others (see `Layout`).

    Parameters
    ----------
    optimizer : OptimizerSpec
        It treats every number of a weight alike, whatever others there are.
    settings : tuple of str
        Its settings that are on.
    network : Network
        As it is with a variable for each weight; nothing of it is kept.
    """

    def __init__(self, optimizer: OptimizerSpec, settings: tuple[str, ...], network: Network) -> None:
        self._optimizer = optimizer, settings
        self._shapes = [tuple(each.shape) for each in network.trainable]
        self._sizes = _sizes(network)
        places = {id(each): place for place, each in enumerate([*network.trainable, *_others(network)])}
        self._places = [places[id(each)] for each in network.weights]

    def weights_in(self, weights: Sequence[NDArray[Any]]) -> Arrays:
        """The vector, and the others."""
        ordered = [weights[self._places.index(place)] for place in range(len(weights))]
        n_trained = len(self._sizes)
        return [_joined(ordered[:n_trained]), *ordered[n_trained:]]

    def weights_out(self, values: Sequence[NDArray[Any]]) -> Arrays:
        """Slices of the vector, and the others."""
        vector, *others = values
        parts = [*self._slices(vector), *others]
        return [parts[place] for place in self._places]

    def state_in(self, state: Sequence[NDArray[Any]]) -> Arrays:
        """Vectors of what an optimizer of more variables has for each of them."""
        n_before, n_after, by_kind = _order(*self._optimizer)
        before, arrays, after = _cut(state, n_before, n_after)
        n_weights = len(self._sizes)
        n_kinds = len(arrays) // n_weights
        kinds = [
            arrays[kind * n_weights : (kind + 1) * n_weights] if by_kind else arrays[kind::n_kinds]
            for kind in range(n_kinds)
        ]
        return [*before, *map(_joined, kinds), *after]

    def state_out(self, values: Sequence[NDArray[Any]]) -> Arrays:
        """Slices of the vectors."""
        n_before, n_after, by_kind = _order(*self._optimizer)
        before, vectors, after = _cut(values, n_before, n_after)
        kinds = [self._slices(each) for each in vectors]
        return [*before, *chain.from_iterable(kinds if by_kind else zip(*kinds, strict=True)), *after]

    def state_shapes(self, shapes: Sequence[tuple[int, ...]]) -> list[tuple[int, ...]]:
        """Those of the slices."""
        return [each.shape for each in self.state_out([np.empty(shape) for shape in shapes])]

    def _slices(self, vector: NDArray[Any]) -> Arrays:
        bounds = pairwise(np.cumsum([0, *self._sizes]))
        return [vector[begin:end].reshape(shape) for (begin, end), shape in zip(bounds, self._shapes, strict=True)]


def _joined(arrays: Sequence[NDArray[Any]]) -> NDArray[Any]:
    return np.concatenate([np.ravel(each) for each in arrays])


def _cut(values: Sequence[NDArray[Any]], n_before: int, n_after: int) -> tuple[Arrays, Arrays, Arrays]:
    last = len(values) - n_after
    return list(values[:n_before]), list(values[n_before:last]), list(values[last:])


@cache
def _order(optimizer: OptimizerSpec, settings: tuple[str, ...]) -> tuple[int, int, bool]:
    """How Keras orders the variables of an optimizer.

    Returns
    -------
    n_before, n_after : int
        The single numbers before and after what it keeps for each of the weights.
    by_kind : bool
        Whether all momentums come before all velocities, rather than both of a weight before those of the next.
    """

    def sizes() -> list[int | None]:
        with tf.Graph().as_default():
            weights = [keras.Variable("zeros", shape=(size,), dtype="float32") for size in (2, 3)]
            made = make_optimizer(optimizer, TracedRate(TracedValues()), dict.fromkeys(settings, 0.5))
            made.build(weights)
            return [next(iter(each.shape), None) for each in made.variables]

    found = apart(sizes)
    arrays = [place for place, size in enumerate(found) if size is not None]
    if not arrays:
        return len(found), 0, True
    return arrays[0], len(found) - 1 - arrays[-1], found[arrays[0] : arrays[0] + 2] == [2, 3]
