"""The peers: how each one makes the same network, with the same optimizer, batches and epochs.

They draw their initial weights and orders themselves, kernels uniformly as Glorot and Bengio propose.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from benchmarks.compiled_peers import JaxFit, TorchFit


@dataclass(frozen=True)
class Network:
    """A network and how it is trained.

    Attributes
    ----------
    hidden : tuple of int
        Widths of the hidden layers.
    activation : str
        Of the hidden layers.
    dropout : float
        Share dropped of every hidden layer's outputs.
    l2 : float
        As Keras' ``l2``: the loss has ``l2 * sum(w ** 2)`` of the kernels.
    optimizer : {"adam", "sgd"}
        Adam with betas 0.9 and 0.999 and epsilon 1e-7, or plain gradient descent.
    learning_rate : float
        Constant.
    batch_size, epochs : int
        Samples per step, and passes over the samples.
    """

    hidden: tuple[int, ...]
    activation: str = "relu"
    dropout: float = 0.0
    l2: float = 0.0
    optimizer: str = "adam"
    learning_rate: float = 0.001
    batch_size: int = 32
    epochs: int = 1


def skmlp(network: Network, n_features: int, n_classes: int, seed: int) -> Any:
    """Our estimator."""
    from skmlp import KerasMLPClassifier

    return KerasMLPClassifier(
        network.hidden,
        network.activation,
        dropout=network.dropout,
        l2=network.l2,
        optimizer=network.optimizer,
        learning_rate=network.learning_rate,
        batch_size=network.batch_size,
        epochs=network.epochs,
        random_state=seed,
    )


def scikit_learn(network: Network, n_features: int, n_classes: int, seed: int) -> Any:
    """scikit-learn's, which has no dropout; all epochs are trained."""
    from sklearn.neural_network import MLPClassifier

    assert not network.dropout, "scikit-learn has no dropout"  # noqa: S101  (a case must not ask for it)
    return MLPClassifier(
        network.hidden,
        network.activation,
        solver=network.optimizer,
        alpha=alpha(network.l2, network.batch_size),
        learning_rate_init=network.learning_rate,
        momentum=0.0,
        epsilon=1e-7,
        batch_size=network.batch_size,
        max_iter=network.epochs,
        n_iter_no_change=network.epochs,
        tol=0.0,
        random_state=seed,
    )


_GRADIENTS = {"classes": lambda k: 2, "labels": lambda k: 2 * k, "numbers": lambda k: k}
"""The gradient of a penalty of Keras' in those of scikit-learn's, for k outputs: Keras' losses are means over them."""


def alpha(l2: float, batch_size: int, target: str = "classes", n_outputs: int = 1) -> float:
    """scikit-learn's penalty that is as strong beside its loss as Keras' ``l2`` beside the loss of Keras.

    Parameters
    ----------
    l2 : float
        Keras' penalty: its gradient is ``2 * l2 * w``, where scikit-learn's is ``alpha * w / batch_size``.
    batch_size : int
        Samples per step.
    target : {"classes", "labels", "numbers"}
        What is learned: the class of a sample, independent labels, or numbers. scikit-learn sums their losses over
        labels, and halves of the squared errors over numbers, of which Keras takes means.
    n_outputs : int
        How many labels or numbers a sample has.
    """
    return l2 * batch_size * _GRADIENTS[target](n_outputs)


def keras_model(
    hidden: tuple[int, ...],
    activation: str,
    dropout: float,
    l2: float,
    optimizer: str,
    learning_rate: float,
    n_features: int,
    n_classes: int,
) -> Any:
    """A compiled Keras model, as a user writes it."""
    import keras
    from keras import layers

    regularizer = keras.regularizers.L2(l2) if l2 else None
    model = keras.Sequential([keras.Input((n_features,))])
    for width in hidden:
        model.add(layers.Dense(width, activation, kernel_regularizer=regularizer))
        if dropout:
            model.add(layers.Dropout(dropout))
    binary = n_classes == 2
    outputs = (1, "sigmoid") if binary else (n_classes, "softmax")
    model.add(layers.Dense(*outputs, kernel_regularizer=regularizer))
    method = {"adam": keras.optimizers.Adam, "sgd": keras.optimizers.SGD}[optimizer]
    model.compile(method(learning_rate), "binary_crossentropy" if binary else "sparse_categorical_crossentropy")
    return model


def _model_arguments(network: Network) -> dict[str, Any]:
    return {name: value for name, value in vars(network).items() if name not in ("batch_size", "epochs")}


class TracedModel:
    """A compiled Keras model that keeps what Keras traces for it, and starts from new weights whenever it is asked to.

    Parameters
    ----------
    build : callable
        Builds and compiles the model.
    """

    def __init__(self, build: Callable[[], Any]) -> None:
        self._build = build
        self.model = build()
        self.model.optimizer.build(self.model.trainable_variables)
        self._optimizer = [variable.numpy() for variable in self.model.optimizer.variables]

    def restart(self, seed: int) -> None:
        """Draw weights anew, and let the optimizer forget its steps."""
        import keras

        keras.utils.set_random_seed(seed)
        self.model.set_weights(self._build().get_weights())
        for variable, value in zip(self.model.optimizer.variables, self._optimizer, strict=True):
            variable.assign(value)


class KerasFit:
    """``keras.Model.fit``; the model of a network is built and traced once, and starts from new weights every time."""

    def __init__(self, network: Network, n_features: int, n_classes: int, seed: int) -> None:
        self._network = network
        traced = _traced(replace(network, epochs=1), n_features, n_classes)
        traced.restart(seed)
        self._model = traced.model

    def fit(self, X: Any, y: np.ndarray) -> None:
        """Train."""
        self._model.fit(X, y, batch_size=self._network.batch_size, epochs=self._network.epochs, verbose=0)

    def predict(self, X: Any) -> np.ndarray:
        """Predict class numbers."""
        outputs = self._model.predict(X, batch_size=1000, verbose=0)
        return outputs.ravel() > 0.5 if outputs.shape[1] == 1 else outputs.argmax(axis=1)


@functools.cache
def _traced(network: Network, n_features: int, n_classes: int) -> TracedModel:
    """The model of a network."""
    return TracedModel(lambda: keras_model(**_model_arguments(network), n_features=n_features, n_classes=n_classes))


def scikeras_classifier() -> Any:
    """SciKeras' classifier with its tags repaired: version 0.13 is no classifier to scikit-learn 1.6 and later."""
    from scikeras.wrappers import KerasClassifier
    from sklearn.utils import ClassifierTags

    class Repaired(KerasClassifier):
        def __sklearn_tags__(self) -> Any:
            return replace(super().__sklearn_tags__(), estimator_type="classifier", classifier_tags=ClassifierTags())

    return Repaired


def scikeras(network: Network, n_features: int, n_classes: int, seed: int) -> Any:
    """SciKeras."""
    import keras

    keras.utils.set_random_seed(seed)  # its own seeding switches on deterministic ops, which are slower
    return scikeras_classifier()(
        keras_model,
        **{f"model__{name}": value for name, value in _model_arguments(network).items()},
        model__n_features=n_features,
        model__n_classes=n_classes,
        batch_size=network.batch_size,
        epochs=network.epochs,
        verbose=0,
    )


def skorch(network: Network, n_features: int, n_classes: int, seed: int) -> Any:
    """PyTorch, by skorch; its penalty is the optimizer's weight decay, on the kernels."""
    import torch
    from skorch import NeuralNetClassifier

    torch.manual_seed(seed)
    layers: list[torch.nn.Module] = []
    widths = (n_features, *network.hidden)
    for inputs, outputs in itertools.pairwise(widths):
        layers += [
            torch.nn.Linear(inputs, outputs),
            {"relu": torch.nn.ReLU, "tanh": torch.nn.Tanh}[network.activation](),
        ]
        if network.dropout:
            layers.append(torch.nn.Dropout(network.dropout))
    layers.append(torch.nn.Linear(widths[-1], n_classes))
    for layer in layers:
        if isinstance(layer, torch.nn.Linear):
            torch.nn.init.xavier_uniform_(layer.weight)
            torch.nn.init.zeros_(layer.bias)
    settings = {"eps": 1e-7} if network.optimizer == "adam" else {}
    return NeuralNetClassifier(
        torch.nn.Sequential(*layers),
        criterion=torch.nn.CrossEntropyLoss,
        optimizer={"adam": torch.optim.Adam, "sgd": torch.optim.SGD}[network.optimizer],
        **{f"optimizer__{name}": value for name, value in settings.items()},
        optimizer__weight_decay=2 * network.l2,
        optimizer__param_groups=[("*bias", {"weight_decay": 0.0})],
        lr=network.learning_rate,
        batch_size=network.batch_size,
        max_epochs=network.epochs,
        iterator_train__shuffle=True,
        train_split=None,
        verbose=0,
    )


@dataclass(frozen=True)
class Peer:
    """A peer: what it needs, and how it makes a network.

    Attributes
    ----------
    make : callable
        Takes a network, the numbers of features and classes, and a seed; returns what has ``fit`` and ``predict``.
    packages : tuple of str
        Imported before anything is read.
    sparse : bool
        Whether it trains on a CSR matrix; otherwise it gets a dense array.
    """

    make: Callable[[Network, int, int, int], Any]
    packages: tuple[str, ...]
    sparse: bool = False


PEERS = {
    "skmlp": Peer(skmlp, ("keras", "skmlp"), sparse=True),
    "scikit-learn": Peer(scikit_learn, ("sklearn.neural_network",), sparse=True),
    "Keras fit": Peer(KerasFit, ("keras",)),
    "SciKeras": Peer(scikeras, ("scikeras.wrappers",)),
    "skorch": Peer(skorch, ("torch", "skorch")),
    "JAX": Peer(JaxFit, ("jax", "optax")),
    "torch.compile": Peer(TorchFit, ("torch._dynamo",)),
}
