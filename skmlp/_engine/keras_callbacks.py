"""Keras callbacks: those that a fit uses, and how the training loop drives them."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from types import CodeType
from typing import Any, ParamSpec, TypeVar

import numpy as np
from numpy.typing import NDArray

from skmlp._apart import apart
from skmlp._engine.export import keras_model
from skmlp._engine.program import Weights
from skmlp._engine.touch import before_use
from skmlp._keras import keras, tf
from skmlp._spec import Plan, State
from skmlp._target_scale import TargetScale
from skmlp._watch.watcher import Training, Watcher

P = ParamSpec("P")
R = TypeVar("R")

_BATCH_HOOKS = ("on_train_batch_begin", "on_train_batch_end", "on_batch_begin", "on_batch_end")


def check_callbacks(callbacks: Any) -> None:
    """Refuse what is neither a Keras callback, nor a list of them, nor a function that may return them.

    Raises
    ------
    ValueError
        If it is something else, with what to write instead.
    """
    if not is_function(callbacks):
        _check_each(_as_list(callbacks), "callbacks holds")
        return
    required = [parameter.name for parameter in _required(callbacks)]
    if len(required) > 1:
        raise ValueError(
            f"callbacks={callbacks!r} needs the arguments {', '.join(required)}: one at most may be without a default, "
            "the estimator. Give the others by functools.partial."
        )


def callbacks_of_fit(callbacks: Any, estimator: Any) -> list[Any]:
    """The callbacks that one fit uses: copies of those given, or what a function of the estimator returns.

    Raises
    ------
    ValueError
        If a callback cannot be copied, or the function returns something else than callbacks.
    """
    if not is_function(callbacks):
        return [_copy(callback) for callback in _as_list(callbacks)]
    required = _required(callbacks)
    by_name = {parameter.name: estimator for parameter in required if parameter.kind is parameter.KEYWORD_ONLY}
    returned = callbacks(**by_name) if by_name or not required else callbacks(estimator)
    if returned is None:
        raise ValueError(f"callbacks={callbacks!r} returned None: let it return a callback or a list of them.")
    returned = _as_list(returned)
    _check_each(returned, f"callbacks={callbacks!r} returned")
    return returned


def is_function(callbacks: Any) -> bool:
    """Whether callbacks are a function that returns them."""
    return callable(callbacks) and not isinstance(callbacks, type | keras.callbacks.Callback)


def _required(function: Callable[..., Any]) -> list[inspect.Parameter]:
    """The arguments of a function that have no default."""
    variable = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    parameters = inspect.signature(function).parameters.values()
    return [each for each in parameters if each.default is each.empty and each.kind not in variable]


def _as_list(callbacks: Any) -> list[Any]:
    if callbacks is None:
        return []
    return list(callbacks) if isinstance(callbacks, list | tuple) else [callbacks]


def _check_each(callbacks: Sequence[Any], found: str) -> None:
    """Refuse what is not a Keras callback, with the first row that fits it."""
    for callback in callbacks:
        faults = [
            (isinstance(callback, type), "a class: give an instance of it"),
            (isinstance(callback, keras.callbacks.CallbackList), "a CallbackList: give the list in its .callbacks"),
            (
                isinstance(callback, keras.callbacks.BackupAndRestore),
                "a BackupAndRestore, whose epoch a fit would not continue from: pickle the estimator, and continue "
                "with warm_start=True",
            ),
            (isinstance(callback, keras.callbacks.Callback), None),
            (callable(callback), "a function in a list: give it in place of the list, and let it return all of them"),
            (True, "not a keras.callbacks.Callback: scikit-learn's callbacks are given to set_callbacks"),
        ]
        fault = next(fault for fits, fault in faults if fits)
        if fault is not None:
            raise ValueError(f"{found} {callback!r}, which is {fault}.")


def _copy(callback: Any) -> Any:
    try:
        return copy.deepcopy(callback)
    except Exception as error:  # any, as deep copies run code of whatever the callback holds
        raise ValueError(
            f"callbacks holds {callback!r}, which cannot be copied for a fit of its own ({error}): give a function "
            "that returns it, such as callbacks=lambda: [...], whose callbacks are used as they are."
        ) from error


class KerasCallbacks(Watcher):
    """Drives the Keras callbacks of a fit, and the Keras model that they see.

    The model is given the weights of the training, and the state of its optimizer after each epoch, before each hook;
    where no code of a user's own speaks of the model, when a hook first uses it, and at the end. What a hook does to
    the weights, to ``model.optimizer.learning_rate`` or to ``model.stop_training`` is done to the training.

    Parameters
    ----------
    callbacks : sequence of keras.callbacks.Callback
    model : keras.Model
        Compiled, with weights in the order of the training's.
    logs : callable
        From the learning rate of an epoch to what hooks are told of it.
    batch_logs : callable
        From the training, the loss of a batch and its number in the epoch to what hooks are told of it.
    first_epoch, n_epochs, n_steps : int
        Epochs before this training, in it, and steps in each.
    """

    interferes = attentive = True

    def __init__(
        self,
        callbacks: Sequence[Any],
        model: Any,
        logs: Callable[[float], dict[str, float]],
        batch_logs: Callable[[Training, float, int], dict[str, Any]],
        first_epoch: int,
        n_epochs: int,
        n_steps: int,
    ) -> None:
        self.model = model
        self._logs_of = logs
        self._batch_logs_of = batch_logs
        self._first_epoch = first_epoch
        self._origin = 0
        self.every = 1 if any(wants_batches(callback) for callback in callbacks) else None
        self._rate = _eagerly(self._read_rate)
        self._batch = 0
        self._step = -1
        self._weights: Weights = []
        self._state_step = -1
        self._keeps = any(mentions_model(callback) for callback in callbacks)
        self._forgets = all(_is_of_keras(callback) for callback in callbacks)
        self._logs: dict[str, float] = {}
        # Keras' own list gives each hook its arguments as ``fit`` does, some by position and some by name.
        self._hooks = keras.callbacks.CallbackList(
            list(callbacks),
            add_history=True,
            model=self.model,
            verbose=0,
            epochs=first_epoch + n_epochs,
            steps=n_steps,
        )

    def begin_training(self, training: Training) -> None:
        """Call ``on_train_begin``."""
        self.model.stop_training = False
        self._origin = training.epoch - self._first_epoch
        self._call(training, "on_train_begin")

    def begin_epoch(self, training: Training) -> None:
        """Call ``on_epoch_begin``."""
        self._batch = 0
        self._call(training, "on_epoch_begin", training.epoch - self._origin)

    def begin_steps(self, training: Training) -> None:
        """Call ``on_train_batch_begin``."""
        self._call(training, "on_train_batch_begin", self._batch)

    def end_steps(self, training: Training, losses: NDArray[np.floating]) -> None:
        """Call ``on_train_batch_end``."""
        logs = self._batch_logs_of(training, float(losses[-1]), self._batch)
        self._call(training, "on_train_batch_end", self._batch, logs)
        self._batch += 1

    def end_epoch(self, training: Training, loss: float) -> None:
        """Call ``on_epoch_end`` with the losses and the scores of the epoch."""
        self._logs = self._logs_of(training.rate)
        self._call(training, "on_epoch_end", training.epoch - self._origin - 1, self._logs)

    def end_training(self, training: Training) -> None:
        """Call ``on_train_end`` with those of the last epoch."""
        self._call(training, "on_train_end", self._logs)

    def _call(self, training: Training, hook: str, *args: Any) -> None:
        of_batch = hook.startswith("on_train_batch")
        used = self._keeps or hook == "on_train_end"
        if used:
            _eagerly(self._give, training, of_batch=of_batch)

        def give() -> None:
            nonlocal used
            used = True
            self._give(training, of_batch=of_batch)

        with nullcontext() if used else before_use(self.model, give):
            _eagerly(getattr(self._hooks, hook), *args)
        if used:
            self._keeps = not self._forgets
            self._take(training)

    def _take(self, training: Training) -> None:
        """Do to the training what a hook has done to the model."""
        changed = _eagerly(self.model.get_weights)
        if not all(np.array_equal(new, old, equal_nan=True) for new, old in zip(changed, self._weights, strict=True)):
            training.set_weights(changed)
            self._weights = changed
        rate = _eagerly(self._read_rate)
        if rate is not None and rate != self._rate:
            training.learning_rate = self._rate = rate
        training.stop = training.stop or bool(self.model.stop_training)

    def _give(self, training: Training, *, of_batch: bool) -> None:
        """Give the Keras model the weights of the training, the number of its steps, and its optimizer's state.

        The last is left out before the hooks of batches: setting and copying takes longer than a small step.
        """
        if training.step != self._step:
            self._step, self._weights = training.step, training.weights()
            self.model.set_weights(self._weights)
            self.model.optimizer.iterations.assign(self._step)
        if not of_batch and training.step != self._state_step:
            self._state_step = training.step
            self._give_optimizer(training.state().optimizer or [])

    def _give_optimizer(self, values: Sequence[Any]) -> None:
        """Set what the model's optimizer keeps, where it keeps the same of the same weights."""
        optimizer = self.model.optimizer
        kept = [each for each in optimizer.variables if each is not optimizer._learning_rate]
        if [tuple(each.shape) for each in kept] == [np.shape(value) for value in values]:
            for variable, value in zip(kept, values, strict=True):
                variable.assign(value)

    def _read_rate(self) -> float | None:
        """The learning rate that a hook may have changed; None where a schedule of the model's own sets it."""
        optimizer = self.model.optimizer
        scheduled = isinstance(optimizer._learning_rate, keras.optimizers.schedules.LearningRateSchedule)
        return None if scheduled else float(optimizer.learning_rate)


def _is_of_keras(callback: Any) -> bool:
    """Whether a callback is one of Keras' own, which looks at the model anew each time."""
    return type(callback).__module__.partition(".")[0] == "keras" and not isinstance(
        callback, keras.callbacks.LambdaCallback
    )


def mentions_model(callback: Any) -> bool:
    """Whether code of a user's own in a callback speaks of the model, a part of which it may then keep."""
    classes = [
        each for each in type(callback).__mro__ if each.__module__.partition(".")[0] not in ("keras", "builtins")
    ]
    found: list[Any] = [member for each in classes for member in vars(each).values()]
    found += [part for each in found if isinstance(each, property) for part in (each.fget, each.fset)]
    held = [each for each in vars(callback).values() if callable(each)]
    if _is_of_keras(callback):  # which holds NumPy's functions, too
        held = [each for each in held if hasattr(each, "__code__")]
    functions = [getattr(each, "__func__", each) for each in [*found, *held] if callable(each)]
    codes = [getattr(each, "__code__", None) for each in functions]
    return any(code is None or _speaks_of_model(code) for code in codes)


def _speaks_of_model(code: CodeType) -> bool:
    inner = [each for each in code.co_consts if isinstance(each, CodeType)]
    return not {"model", "_model", "set_model"}.isdisjoint(code.co_names) or any(map(_speaks_of_model, inner))


def _eagerly(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Call what reads or sets a Keras model, and hooks, which cannot be done inside a graph of the user's own."""
    if tf.executing_eagerly():
        return function(*args, **kwargs)
    return apart(function, *args, **kwargs)


def wants_batches(callback: Any) -> bool:
    """Whether a callback has batch hooks that do something.

    Those of Keras' own TensorBoard and checkpoints are there for every frequency, and idle when it is "epoch"; those
    that a subclass adds are not.
    """
    if any(hook in vars(callback) for hook in _BATCH_HOOKS):  # as a LambdaCallback has them
        return True
    classes = {next(each for each in type(callback).__mro__ if hook in vars(each)) for hook in _BATCH_HOOKS}
    if "epoch" in (getattr(callback, "update_freq", None), getattr(callback, "save_freq", None)):
        return any(each.__module__.partition(".")[0] != "keras" for each in classes)
    return classes != {keras.callbacks.Callback}


def watched_model(plan: Plan, state: State, metrics: Sequence[Any], scale: TargetScale | None) -> Any:
    """The Keras model of our own network that callbacks see."""
    model = keras_model(plan, state.weights, metrics, scale)
    _eagerly(_build_metrics, model, plan)
    return model


def _build_metrics(model: Any, plan: Plan) -> None:
    """Build a model's metrics, as ``fit`` does: callbacks ask them whether more is better."""
    outputs = np.zeros((2, plan.network.n_outputs), plan.network.dtype)
    targets = np.zeros(2, np.int32) if plan.sparse_labels else outputs
    model.compute_metrics(None, targets, outputs)
    model.reset_metrics()
