"""scikit-learn's callbacks, which it has from version 1.9 on; before that, none."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

import numpy as np

from skmlp._spec import State
from skmlp._watch.watcher import Training, Watcher

try:
    from sklearn import callback as _callback
except ImportError:  # scikit-learn 1.8 and earlier
    _callback = None

Method = TypeVar("Method", bound=Callable[..., Any])


class _NoCallbacks:
    """Stands where scikit-learn has no callbacks."""


if TYPE_CHECKING:

    class CallbackSupportMixin:
        """scikit-learn's, from 1.9 on."""

        def set_callbacks(self, *callbacks: Any) -> Self:
            """Set the callbacks of scikit-learn's that fits tell of themselves."""
            return self

else:
    CallbackSupportMixin = _NoCallbacks if _callback is None else _callback.CallbackSupportMixin


def with_callbacks(method: Method) -> Method:
    """scikit-learn's decorator of methods that fit, or the method as it is."""
    return method if _callback is None else cast(Method, _callback.with_callbacks(method))


FRAMES_OF_CALLBACKS = int(_callback is not None)
"""How many calls `with_callbacks` adds between a user and a method, for warnings."""

__all__ = ["FRAMES_OF_CALLBACKS", "CallbackSupportMixin", "ScikitLearnCallbacks", "has_callbacks", "with_callbacks"]


class ScikitLearnCallbacks(Watcher):
    """Tells an estimator's scikit-learn callbacks of a fit and of each of its epochs.

    Parameters
    ----------
    estimator : estimator
        The estimator that is fitted, as its callbacks know it.
    fit : object
        The arguments of the fit, as attributes.
    attributes_at : callable
        From the state of the training, the attributes of an estimator whose fit ended there.
    """

    attentive = True

    def __init__(self, estimator: Any, fit: Any, attributes_at: Callable[[State], dict[str, Any]]) -> None:
        names = ("sample_weight", "X_val", "y_val", "sample_weight_val")
        metadata = {name: getattr(fit, name) for name in names if getattr(fit, name) is not None}
        self.estimator = estimator
        self.arguments = {"estimator": estimator, "X": fit.X, "y": fit.y, "metadata": metadata}
        self.attributes_at = attributes_at
        self._epoch: Any = None

    @staticmethod
    def begin_fit(estimator: Any, epochs: Any) -> None:
        """Begin the task of a fit of so many epochs; with_callbacks ends it."""
        if has_callbacks(estimator):
            known = isinstance(epochs, int | np.integer) and epochs > 0
            estimator._init_callback_context(max_subtasks=int(epochs) if known else None)

    def begin_training(self, training: Training) -> None:
        """Tell of the fit."""
        self.estimator._callback_fit_ctx.call_on_fit_task_begin(**self.arguments)

    def begin_epoch(self, training: Training) -> None:
        """Tell of an epoch that begins."""
        self._epoch = self.estimator._callback_fit_ctx.subcontext(task_name="epoch")
        self._epoch.call_on_fit_task_begin(**self.arguments)

    def end_epoch(self, training: Training, loss: float) -> None:
        """Tell of an epoch that has ended, and stop if a callback says so."""
        stop = self._epoch.call_on_fit_task_end(
            **self.arguments, reconstruction_attributes=lambda: self.attributes_at(training.state())
        )
        training.stop = training.stop or stop

    def end_training(self, training: Training) -> None:
        """Tell of the end of the fit."""
        self.estimator._callback_fit_ctx.call_on_fit_task_end(
            **self.arguments, reconstruction_attributes=lambda: self.attributes_at(training.state())
        )


def has_callbacks(estimator: Any) -> bool:
    """Whether somebody has set callbacks on an estimator."""
    return bool(getattr(estimator, "_skl_callbacks", None))
