"""How a wrapper builds its Keras model: by the function of a user, for each fit or once for those that are alike."""

from __future__ import annotations

import copy
import functools
import inspect
import re
from collections.abc import Callable
from typing import Any

from skmlp._keras import keras

# isort: split
# SciKeras imports Keras and TensorFlow too: after the line above, they are loaded, and were quiet about it
import numpy as np
from scikeras import _utils as lookup

from skmlp._builds import Build, seeded, shared_build
from skmlp._compiled_fit import CompiledFit, check_engine
from skmlp._scikeras import CLASSES, Wrapper, fresh, seeding_undone, takes

_COMPILING = ("compile__", "optimizer__", "loss__", "metrics__")
"""How names of parameters begin that are routed to what compiles a model."""


class FunctionModel(CompiledFit, Wrapper):
    """What a wrapper has of its model function: the model that is built and compiled by its parameters."""

    def _get_compile_kwargs(self) -> dict[str, Any]:
        """Find the classes of losses and metrics that are given by name, so that SciKeras routes settings to them."""
        given = copy.copy(self)
        for parameter, found in CLASSES.items():
            for name in filter(functools.partial(hasattr, self), (parameter, f"compile__{parameter}")):
                setattr(given, name, lookup.try_to_convert_strings_to_classes(getattr(self, name), found))
        arguments: dict[str, Any] = super(FunctionModel, given)._get_compile_kwargs()
        if arguments["optimizer"] is getattr(given, "compile__optimizer", given.optimizer):  # not made for this model
            arguments["optimizer"] = fresh(arguments["optimizer"])
        if not isinstance(self.metrics, keras.metrics.Metric):
            for metric in keras.tree.flatten(arguments["metrics"]):
                if isinstance(metric, keras.metrics.Metric) and metric not in keras.tree.flatten(self.metrics):
                    metric.name = re.sub(r"_\d+$", "", metric.name)  # Keras numbers those that are made of a class
        return arguments

    def _build_keras_model(self) -> keras.Model:
        """Build the model; one that fits share, if that is all that the function does."""
        check_engine(self.engine)
        if isinstance(self.random_state, np.random.RandomState):
            # as SciKeras promises, the same instance gives the same fit again; it draws from [0, 1), however, and so
            # every instance would give the weights of seed 0
            self._random_state = int(copy.deepcopy(self.random_state).randint(2**31 - 1))
        elif self.random_state is not None:
            self._random_state = int(self.random_state)  # Python's `random` takes no NumPy integer
        if self.engine == "keras":
            with seeding_undone(self._random_state):
                return self._built_by(super()._build_keras_model)
        self._build = self._find_build()
        return self._call_function() if self._build is None else self._build.model

    @property
    def _has_loss(self) -> bool:
        return self.loss is not None or hasattr(self, "compile__loss")

    def _find_build(self) -> Build | None:
        """The model that is shared with other fits, if it can be."""
        function = self._check_model_param()
        if self._random_state is None or inspect.ismethod(function) or isinstance(self.model, keras.Model):
            return None
        parameters = self.get_params()
        given = {
            "arguments": lookup.route_params(parameters, "model", getattr(self, "_user_params", set()), strict=True),
            "compile": self._compiled_by(parameters) if self._has_loss or takes(function, "compile_kwargs") else None,
            "params": parameters if takes(function, "params") else None,
        }
        return shared_build(function, given, self._get_metadata(), self._call_function, self._random_state)

    def _compiled_by(self, parameters: dict[str, Any]) -> dict[str, Any]:
        """The parameters that decide how the model is compiled, with an optimizer that has done nothing yet."""
        return {
            name: fresh(value)
            for name, value in parameters.items()
            if name in self._compile_kwargs or name.startswith(_COMPILING)
        }

    def _call_function(self, meta: dict[str, Any] | None = None) -> keras.Model:
        """Call the model function, under the seed if there is one, and compile what it left uncompiled."""
        told = copy.copy(self)
        told._random_state = None  # SciKeras would seed TensorFlow, for the whole process
        if meta is not None:
            told._get_metadata = lambda: meta
        with seeded(self._random_state):
            function = super(FunctionModel, self if inspect.ismethod(self._check_model_param()) else told)
            model = self._built_by(function._build_keras_model)  # type: ignore[attr-defined]  # SciKeras has no types
        if not model.compiled and self._has_loss:
            model.compile(**self._get_compile_kwargs())
        return model

    def _built_by(self, build: Callable[[], Any]) -> keras.Model:
        """The model that a model function returns.

        Raises
        ------
        ValueError
            If it is none, with what to return.
        """
        model = build()
        if not isinstance(model, keras.Model):
            name = getattr(self._check_model_param(), "__name__", repr(self.model))
            raise ValueError(
                f"The model function {name} returned {model!r}, which is not a keras.Model: let it return the model "
                "that it builds."
            )
        return model
