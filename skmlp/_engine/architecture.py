"""What the engine must know of a network, whichever kind of network it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

from skmlp._engine.traced import Traced
from skmlp._spec import Form, Objective


def _cannot_be_split() -> tuple[Sequence[Any], Callable[..., Any]]:
    raise RuntimeError("This network does not begin with a dense layer.")


class Network(NamedTuple):
    """A network in the graph that is being built.

    Attributes
    ----------
    call : callable
        From a list of inputs to the list of raw outputs, which losses take: (inputs, training).
    weights, trainable : list of keras.Variable
        All weights in Keras' order, and those that are trained.
    penalty : callable or None
        The penalty on the weights, by the traced values; None without one.
    split : callable or None
        For sparse samples: the kernels of the first layer that they are multiplied by, those of members side by side,
        and the rest of the network, from the product to the raw output; a RuntimeError where there is no such layer.
    added : callable or None
        The losses that the last call added by itself, such as those of activity regularizers; None if there can be
        none.
    replaceable : bool
        Whether tensors can take the place of the trainable weights, which are then of one dtype, during a call.
    """

    call: Callable[..., list[Any]]
    weights: list[Any]
    trainable: list[Any]
    penalty: Callable[[], Any] | None = None
    split: Callable[[], tuple[Sequence[Any], Callable[..., Any]]] = _cannot_be_split
    added: Callable[[], Any] | None = None
    replaceable: bool = False


class Architecture(Protocol):
    """The structure of a network, made of its hashable spec.

    Attributes
    ----------
    inputs : tuple of Form
    dtype : str
        Of the losses and of the traced values.
    multiplies_sparse : bool
        Whether a network can be split after a product with its samples (see `Network.split`).
    by_row : bool
        Whether what is predicted of a row depends on that row alone.
    widest : int
        The most values that a layer has of one sample, about: predictions are made in chunks of rows by it.
    rewritten : bool
        Whether it is worth it that TensorFlow rewrites its plain graphs (see `skmlp._engine.graphs.CompiledGraph`).
    """

    inputs: tuple[Form, ...]
    dtype: str
    multiplies_sparse: bool
    by_row: bool
    widest: int
    rewritten: bool

    def __init__(self, spec: Any) -> None: ...

    def build(self, traced: Traced | None) -> Network:
        """Build the network in the graph that is the default one: for training, or without traced values to predict."""

    def predictions(self, raw: Sequence[Any]) -> list[Any]:
        """What is returned of raw outputs when samples are predicted."""

    def loss(self, objective: Objective, output: int, *, per_label: bool) -> Callable[..., Any]:
        """The loss of an output as a function (target, raw output, values, weight, filled) -> the loss of the batch.

        ``weight`` (batch,), or (batch, labels) if it is ``per_label``, is 0 in places that no sample fills; ``filled``
        (batch,) says which are.
        """
