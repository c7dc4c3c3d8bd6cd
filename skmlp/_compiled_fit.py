"""How a wrapper trains its Keras model by the compiled engine, and what it keeps of it."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from threading import get_ident
from typing import Any, Self, get_args
from weakref import WeakKeyDictionary, WeakSet

import numpy as np
from numpy.typing import NDArray

from skmlp._apart import apart
from skmlp._building import BUILDING
from skmlp._builds import Build, seeded
from skmlp._engine.keras_callbacks import KerasCallbacks, wants_batches
from skmlp._engine.predict import forward
from skmlp._fields import wrong
from skmlp._forks import require_not_forked
from skmlp._keras import keras
from skmlp._model_parts import Unsupported, structure
from skmlp._model_training import Fit, ModelSamples, input_arrays, model_samples, plan_model
from skmlp._models import read_model, require_plain
from skmlp._saved_model import archive_in, archived, load_state, require_saved, restored, saved, state_of
from skmlp._seal import check_seal, is_plain, seal
from skmlp._spec import ModelSpec, State, steps_per_epoch
from skmlp._told import said
from skmlp._types import EngineName
from skmlp._watch.progress import Progress, display
from skmlp._watch.watcher import Training, Watcher

ENGINES = get_args(EngineName)

_TAKEN = {"batch_size", "validation_batch_size", "verbose", "validation_split", "validation_data", "shuffle"}
"""Arguments of Keras' ``fit`` that the engine takes."""

_IDLE: Mapping[str, Any] = {"validation_freq": 1, "sample_weight": None}
"""Values of others under which they do nothing; None does nothing for any."""


_OF_FITTING = ("_fitting", "_earlier")
"""Attributes that an estimator has while it is fitted alone; in this order they are dropped."""

_SPECS: WeakKeyDictionary[Any, ModelSpec] = WeakKeyDictionary()
"""Of the models that have predicted, so that they are read once."""

_SHOWN: WeakSet[Any] = WeakSet()
"""Models that somebody has asked for, and may have changed since: they are read at each prediction."""


def check_engine(engine: Any) -> None:
    """Refuse an unknown engine.

    Raises
    ------
    ValueError
        With those that there are.
    """
    if engine not in ENGINES:
        raise ValueError(f"engine={engine!r} is unknown: choose one of {', '.join(map(repr, ENGINES))}.")


class CompiledFit:
    """What a wrapper around a Keras model has of the compiled engine.

    The model of a fit is built once for all fits that would build the same, and then shared: nothing is trained in it.
    A wrapper gets one of its own when somebody asks for ``model_``; from then on that model's weights are the truth.

    Attributes
    ----------
    engine_ : {"compiled", "keras"}
        What trained the model.
    engine_reason_ : str or None
        Why it was not the compiled engine.
    """

    # What SciKeras' wrapper has
    engine: Any
    _random_state: int | None
    _fit_callbacks: list[Any]
    _predict_callbacks: list[Any]

    # What a training leaves: the model, where the training stands, whether the model has its weights, and the seed
    _model: Any = None
    _saved: dict[str, Any] | None = None
    _build: Build | None = None
    _state: State | None = None
    _synced: bool = True
    _seed: int | None = None

    # While it is fitted: the thread that does it, and the estimator as it was before
    _fitting: int | None = None
    _earlier: Any = None

    engine_: str
    engine_reason_: str | None

    @property
    def model_(self) -> Any:
        # The wrappers' docstrings say what it is; here, a text would be a second target of its name in the pages.
        earlier = self._before_others()
        known = self if earlier is None else earlier
        if not known.initialized_:
            raise AttributeError(f"This {type(self).__name__} instance is not fitted yet: it has no model_.")
        if self._fitting == get_ident():
            return self._bare_model()
        model = known._own_model()
        _SHOWN.add(model)
        return model

    @model_.setter
    def model_(self, model: Any) -> None:
        self._model = model

    @property
    def initialized_(self) -> bool:
        """Whether there is a model."""
        return self._model is not None or self._saved is not None

    def _call_function(self, meta: dict[str, Any] | None = None) -> Any:
        raise NotImplementedError  # the wrapper's, which knows SciKeras

    def _record(self, history: dict[str, list[float]], initial_epoch: int, *, warm_start: bool) -> None:
        raise NotImplementedError

    @staticmethod
    def _pack(model: Any) -> NDArray[np.uint8]:
        raise NotImplementedError

    @staticmethod
    def _unpack(archive: NDArray[np.uint8]) -> Any:
        raise NotImplementedError

    @contextmanager
    def _refit(self) -> Iterator[None]:
        """Fit: where it fails, the earlier fit stays as it was; meanwhile, other threads predict by it."""
        if self._fitting == get_ident():  # within another one
            yield
            return
        require_not_forked(type(self).__name__)
        with BUILDING:  # another thread may be giving this estimator a model of its own
            earlier = copy.copy(self)
            self._earlier, self._fitting = earlier, get_ident()
        try:
            yield
        except BaseException:
            self.__dict__ = {**vars(earlier)}  # at once, since other threads may look at it
            raise
        finally:
            for name in _OF_FITTING:
                vars(self).pop(name, None)

    def _settled(self: Self) -> Self:
        """The estimator as one fit has left it, whatever another thread does to it: the earlier one, or itself."""
        if self._fitting == get_ident():
            return self
        self._bare_model()  # which is loaded once
        copied = copy.copy(self)
        earlier = copied._before_others()  # as the copy has it: a fit may have begun, or ended, since
        return copied if earlier is None else copy.copy(earlier)

    def _before_others(self) -> Any:
        """The estimator as it was before the fit that another thread is doing, None if there is no such fit."""
        return None if self._fitting == get_ident() else self._earlier

    def _forget_training(self) -> None:
        """Forget the model and the training of an earlier fit."""
        for name in ("_model", "_saved", "_build", "_state", "_synced", "_seed"):
            vars(self).pop(name, None)

    def _bare_model(self) -> Any:
        """The model as it is, with whatever weights, and perhaps shared."""
        if self._model is None and self._saved is not None:
            require_not_forked(type(self).__name__)
            with seeded(0):  # layers draw as they are made
                earlier = self._before_others()
                if earlier is not None:
                    return earlier._bare_model()
                kept = self._saved  # another thread may have restored it meanwhile
                if self._model is None and kept is not None:
                    self._model, self._state = apart(restored, kept)
                    self._saved = None
        return self._model

    def _built_model(self, X: Any) -> Any:
        """The model, built for samples if it is a sequential one that was not told their shape."""
        model = self._bare_model()
        if model.built or not isinstance(model, keras.Sequential) or not hasattr(X, "shape"):
            return model
        model = self._own_model()  # building draws weights: others may be about to do the same
        with seeded(self._random_state):
            model.build((None, *X.shape[1:]))
        return model

    def _own_model(self) -> Any:
        """The model, which is nobody else's, with the weights that were trained."""
        model = self._model
        if model is not None and self._build is None and self._synced and self._before_others() is None:
            return model
        require_not_forked(type(self).__name__)
        with BUILDING:
            earlier = self._before_others()
            if earlier is not None:
                return earlier._own_model()
            model, build, state = self._bare_model(), self._build, None if self._synced else self._state
            if state is None:
                model = model if build is None else self._call_function()
            elif build is None:
                load_state(model, state)
            else:
                model = self._built_again(build, state)
            self._model, self._build, self._synced = model, None, True
        return model

    def _built_again(self, build: Build, state: State) -> Any:
        """A model as the one that was built, with the weights that were trained.

        What the function builds now may be another one: then, it is made from the configuration, which cannot say
        everything of a user's own layers.
        """
        with suppress(Exception):  # whatever a user's function raises, whose parameters may have changed since
            model = self._call_function()
            if build.is_like(model):
                load_state(model, state)
                return model
        with seeded(0):
            model, _ = apart(restored, saved(build.model, state))
        return model

    def _leave_to_keras(self, reason: str) -> None:
        """Note that Keras' ``fit`` has trained the model."""
        self.engine_ = "keras"
        self.engine_reason_ = reason
        self._state, self._synced = None, True

    def _train(
        self, X: Any, y: Any, sample_weight: Any, epochs: int, initial_epoch: int, arguments: Mapping[str, Any]
    ) -> None:
        """Train by the compiled engine.

        Raises
        ------
        Unsupported
            If it cannot, before anything is trained.
        """
        callbacks = keras.tree.flatten(self._fit_callbacks)
        fit = self._planned(X, y, sample_weight, callbacks, arguments)
        model = self._own_model() if callbacks else fit.model
        start = self._start(model)
        history = fit.history()
        watchers: list[Watcher] = []
        if callbacks:
            model.optimizer.build(model.trainable_variables)  # so that a checkpoint loads with its optimizer
            n_samples, size = len(fit.samples), fit.plan.batch_size

            def of_batches(training: Training, loss: float, batch: int) -> dict[str, Any]:
                return history.of_batches(training, loss, min(size, n_samples - batch * size))

            watchers.append(
                KerasCallbacks(
                    callbacks,
                    model,
                    lambda rate: dict(history.latest),
                    of_batches,
                    initial_epoch,
                    epochs,
                    steps_per_epoch(n_samples, size),
                )
            )
        if arguments.get("verbose", 1):
            watchers.append(Progress(display(type(self).__name__, start.epoch + epochs), history))
        try:
            state, interrupted = fit.train(start, epochs, watchers, history)
        finally:
            for watcher in watchers:
                watcher.leave()
        done = state.epoch - start.epoch
        if interrupted:
            history.cut(done)
            warnings.warn(
                f"The fit was interrupted: {type(self).__name__} is as it was after epoch {initial_epoch + done}.",
                stacklevel=6,
            )
        self._state, self._seed, self._synced = state, fit.plan.seed, False
        if self._build is None:
            self._own_model()
        # Callbacks may add to what Keras' own history, which is told last, records.
        recorded = {name: values[:done] for name, values in model.history.history.items()} if callbacks else None
        self._record(recorded or history.history, initial_epoch, warm_start=initial_epoch > 0)
        self.engine_ = "compiled"
        self.engine_reason_ = None

    def _planned(self, X: Any, y: Any, sample_weight: Any, callbacks: list[Any], arguments: Mapping[str, Any]) -> Fit:
        """The fit of the model, whose program is there.

        Raises
        ------
        Unsupported
            If the engine cannot train it.
        """
        _require_known(arguments)
        model = self._built_model(X)
        require_plain(model)
        samples, validation = _split(model, X, y, sample_weight, arguments)
        n_samples = len(samples)
        batch_size = _batch_size(arguments.get("batch_size"), n_samples)
        _require_hooks(callbacks, model, validation)
        seed = self._seed if self._seed is not None else self._new_seed()
        try:
            plan = plan_model(
                self._build or Build(model),
                samples,
                batch_size=min(batch_size, n_samples),
                shuffle=bool(arguments.get("shuffle", True)),
                seed=seed,
            )
            validation_batch_size = _batch_size(arguments.get("validation_batch_size") or batch_size, n_samples)
            return Fit(plan, model, samples, validation, validation_batch_size).proven()
        except Unsupported:
            raise
        except Exception as error:  # what a user's objects raise when they are asked what they are
            raise Unsupported(f"what it is compiled with cannot be read: {said(error)}") from error

    def _new_seed(self) -> int:
        if self._random_state is not None:
            return self._random_state % 2**30
        with seeded(None):
            return int(np.random.randint(2**30))  # noqa: NPY002  (as scikit-learn draws without a random_state)

    def _start(self, model: Any) -> State:
        """Where the training goes on from: where the last one ended, or with what the model has."""
        if self._state is not None and not self._synced:
            return self._state
        if self._build is not None and model is self._build.model:
            return self._build.start
        return self._present_state(model)

    def _present_state(self, model: Any) -> State:
        """What a model has, as the state of the training that was done."""
        done = (0, 0) if self._state is None else (self._state.epoch, self._state.step)
        return state_of(model, *done)

    def _forward(self, X: Any) -> Any:
        """Predict, in the structure in which the model returns its outputs.

        Raises
        ------
        Unsupported
            If the engine cannot: the model was changed since it was trained, or the samples are not what it takes.
        """
        state = None if self._synced else self._state  # before the model: another thread may ask for one of its own
        model = self._bare_model()
        weights = model.get_weights() if state is None else state.weights
        spec = None if model in _SHOWN else _SPECS.get(model)
        if spec is None:
            spec = _SPECS[model] = (read_model(model) if self._build is None else self._build.read).spec
        outputs = forward(spec, weights, input_arrays(model, X))
        struct = structure(model, "outputs")
        return outputs[0] if struct is model.outputs[0] else keras.tree.pack_sequence_as(struct, outputs)

    def __copy__(self) -> Any:
        """A shallow copy, which has the same model."""
        copied = object.__new__(type(self))
        copied.__dict__.update(self.__dict__)
        return copied

    def __deepcopy__(self: Self, memo: dict[int, Any]) -> Self:
        copied = memo[id(self)] = object.__new__(type(self))
        copied._take(copy.deepcopy(self._for_files(), memo))
        return copied

    def __getstate__(self) -> dict[str, Any]:
        """What goes into a file: the attributes, and the model and its training as plain values, under a seal."""
        state = self._for_files()
        return {**state, "_seal": seal(_sealed(state))}

    def __setstate__(self, state: Any) -> None:
        """Take what comes from a file.

        Raises
        ------
        ValueError
            If it is not what was saved, or is of a later version of skmlp.
        """
        name = type(self).__name__
        if not isinstance(state, dict):
            raise wrong(name, "state", state)
        state = dict(state)
        check_seal(state.pop("_seal", None), _sealed(state), name)
        if "_saved" in state:
            require_saved(state["_saved"], name)
        self._take(state)

    def _for_files(self) -> dict[str, Any]:
        """The attributes, with a model as plain values: read by the engine, or else as a file of Keras'."""
        earlier = self._before_others()
        if earlier is not None:
            found: dict[str, Any] = earlier._for_files()
            return found
        state: dict[str, Any] = {**super().__getstate__()}  # type: ignore[dict-item]  # scikit-learn's, on the right
        for name in _OF_FITTING:
            state.pop(name, None)
        model = state.pop("_model", None)
        build = state.pop("_build", None)
        if model is not None:
            if getattr(self, "engine_", None) == "compiled":
                trained = self._present_state(model) if self._synced or self._state is None else self._state
                state["_saved"] = saved(model, trained)
            else:
                if build is not None:  # not trained: Keras saves and loads what it compiled with all that it has
                    model.optimizer.build(model.trainable_variables)
                state["_saved"] = archived(self._pack(model))
            for name in ("_state", "_synced"):
                state.pop(name, None)
        return state

    def _take(self, state: dict[str, Any]) -> None:
        """Take the attributes; a file of Keras' is loaded at once, where its user may have said what it refers to."""
        archive = archive_in(state.get("_saved"))
        if archive is not None:
            require_not_forked(type(self).__name__)
            state = {**state, "_saved": None, "_model": self._unpack(archive)}
        vars(self).update(state)


_SEALED = (
    "_saved",
    "_seed",
    "classes_",
    "engine_",
    "feature_encoder_",
    "feature_names_in_",
    "n_classes_",
    "n_features_in_",
    "n_outputs_",
    "n_outputs_expected_",
    "target_encoder_",
    "target_type_",
    "X_dtype_",
    "X_shape_",
    "y_dtype_",
    "y_ndim_",
)
"""Attributes that decide predictions, and how a training goes on."""


def _sealed(state: Mapping[str, Any]) -> dict[str, Any]:
    """What is held to the checksums: these, and the parameters that are numbers or names."""
    parameters = {name: value for name, value in state.items() if not name.startswith("_") and not name.endswith("_")}
    return {
        "parameters": {name: value for name, value in parameters.items() if is_plain(value)},
        **{name: state.get(name) for name in _SEALED},
    }


def _require_known(arguments: Mapping[str, Any]) -> None:
    """Refuse arguments of Keras' ``fit`` that the engine does not take."""
    for name, value in arguments.items():
        if name not in _TAKEN and name not in ("epochs", "initial_epoch") and value not in (None, _IDLE.get(name)):
            raise Unsupported(f"fit was given {name}={value!r}")
    if not isinstance(arguments.get("shuffle", True), bool | np.bool_):
        raise Unsupported(f"fit was given shuffle={arguments['shuffle']!r}")


def _batch_size(given: Any, n_samples: int) -> int:
    return 32 if given is None else n_samples if given == -1 else int(given)


def _split(
    model: Any, X: Any, y: Any, sample_weight: Any, arguments: Mapping[str, Any]
) -> tuple[ModelSamples, ModelSamples | None]:
    """The samples to train on, and those to validate on: given ones, or the last part of the others."""
    samples = model_samples(model, X, y, sample_weight)
    given, part = arguments.get("validation_data"), arguments.get("validation_split") or 0.0
    if given is not None:
        if not isinstance(given, list | tuple) or len(given) not in (2, 3):
            raise Unsupported("validation_data is not a tuple of samples, targets, and perhaps weights")
        held_out = model_samples(model, *given, *([None] if len(given) == 2 else []))
        return samples, held_out.like(samples)
    if not part:
        return samples, None
    kept = int(np.floor(len(samples) * (1.0 - part)))
    if not 0 < kept < len(samples):
        raise Unsupported(f"validation_split={part!r} leaves no samples on one of the sides")
    return samples.rows(slice(None, kept)), samples.rows(slice(kept, None))


def _require_hooks(callbacks: list[Any], model: Any, validation: ModelSamples | None) -> None:
    """Refuse callbacks that are to be told of single batches of an evaluation, or of the losses of several outputs."""
    for callback in callbacks if len(model.outputs) > 1 else ():
        if wants_batches(callback):
            raise Unsupported(
                f"the callback {type(callback).__name__} has batch hooks, which are told of the loss of each output"
            )
    for callback in callbacks if validation is not None else ():
        for name in _TEST_HOOKS:
            owner = next(each for each in type(callback).__mro__ if name in vars(each))
            if owner.__module__.partition(".")[0] != "keras":
                raise Unsupported(f"the callback {type(callback).__name__} has {name}, which a validation would call")


_TEST_HOOKS = ("on_test_begin", "on_test_end", "on_test_batch_begin", "on_test_batch_end")
