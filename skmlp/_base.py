"""The estimator template: validate, hand over to the engine, keep what it returns."""

from __future__ import annotations

import copy
from abc import ABCMeta, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from importlib.metadata import PackageNotFoundError, metadata
from typing import Any, ClassVar, TypeVar, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.utils import Tags, check_random_state

from skmlp._copies import check_copies
from skmlp._fields import wrong
from skmlp._fitted import Fitted, FittedAttributes
from skmlp._folds import Folds
from skmlp._forks import require_not_forked
from skmlp._names import ANSWERS, answer, knows_names
from skmlp._pickles import reduced
from skmlp._record import record, restored
from skmlp._samples import Arguments, Samples, explicit_validation, split, weigh
from skmlp._seal import check_seal, is_plain, seal
from skmlp._spec import Hyperparameters, NetworkShape, NetworkSpec, Plan, State
from skmlp._target_forms import TargetForm
from skmlp._targets import Coding, Target
from skmlp._training import Run
from skmlp._types import SamplesLike, TargetsLike
from skmlp._validation import (
    check_hyperparameters,
    check_parameters,
    check_sample_weight,
    check_samples,
    check_together,
    floating_dtype,
)
from skmlp._watch.sklearn_callbacks import CallbackSupportMixin, ScikitLearnCallbacks, with_callbacks

Self = TypeVar("Self", bound="BaseKerasMLP")

_ADDED = {"n_members": 1, "jit_compile": "auto"}
"""Parameters that files of earlier versions lack, and what is as it was without them."""

_NOTED = ("n_features_in_", "feature_names_in_")
"""The attributes in which scikit-learn notes what it has seen of X."""


class BaseKerasMLP(FittedAttributes, CallbackSupportMixin, BaseEstimator, metaclass=ABCMeta):  # type: ignore[misc]  # scikit-learn has no types
    """What the classifier and the regressor share; they add the form of the target, and the predictions."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]]
    _target_form: ClassVar[type[TargetForm]]

    _answers: ClassVar[Mapping[str, str]] = ANSWERS
    _remedies: ClassVar[Sequence[str]] = ("clipnorm=1.0", "features scaled to about 1 (StandardScaler)")
    """What helps a training that diverged."""

    # What both constructors take, and this class reads.
    loss: Any
    output_activation: str
    n_members: int
    optimizer: Any
    batch_size: int | str
    epochs: int
    metrics: Sequence[Any] | None
    callbacks: Any
    warm_start: bool
    random_state: Any
    dtype: str

    @knows_names
    @with_callbacks
    def fit(
        self: Self,
        X: SamplesLike,
        y: TargetsLike,
        sample_weight: ArrayLike | None = None,
        *,
        X_val: SamplesLike | None = None,
        y_val: TargetsLike | None = None,
        sample_weight_val: ArrayLike | None = None,
    ) -> Self:
        """Train the network.

        The network is trained from scratch, or with ``warm_start`` from where the last fit stopped. The first fit of a
        process imports TensorFlow, and the first fit of each structure compiles a program.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The training samples, finite numbers. A dense array is cast to ``dtype``, in a copy if necessary. A sparse
            matrix is kept in CSR format; batches are only made dense, one block of them at a time, if more than a tenth
            of the matrix is filled or with ``input_dropout``. A ``numpy.memmap`` is read block by block.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The target. For a classifier, labels of any dtype: an array of 0 and 1 with several columns is several
            labels for each sample, or one-hot rows if ``loss`` or ``output_activation`` asks for a softmax; other
            labels in several columns are several outputs. For a regressor, finite numbers.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights. Only their proportions matter; samples with weight 0 are ignored.
        X_val : array-like of shape (n_val, n_features), default=None
            Validation samples, which are evaluated after every epoch. With ``early_stopping`` they replace the part of
            ``X`` that it would hold out. Inside a pipeline, ``Pipeline(..., transform_input=["X_val"])`` sends them
            through its transformers.
        y_val : array-like of shape (n_val,) or (n_val, n_outputs), default=None
            The target of the validation samples.
        sample_weight_val : array-like of shape (n_val,), default=None
            The weights of the validation samples.

        Returns
        -------
        object
            The fitted estimator itself. A fit that fails leaves it as it was before.

        Raises
        ------
        ValueError
            If a parameter or an array is not usable, before anything is compiled; or if the loss, or a weight that
            would be kept, becomes NaN or infinite.
        RuntimeError
            If this process was forked after TensorFlow had started.

        Warns
        -----
        UserWarning
            If a KeyboardInterrupt ended the fit. The estimator is then as it was after the last finished epoch; before
            the first, the interrupt is passed on.
        ConvergenceWarning
            If a regressor trained on squared errors is worse than the mean of its target on its own training samples,
            and the target is far from a mean of 0 and a standard deviation of 1: see its ``target_scaling``.

        See Also
        --------
        partial_fit : Train for one more epoch.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from skmlp import KerasMLPClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> mlp = KerasMLPClassifier((10,), epochs=3, random_state=0)
        >>> mlp.fit(X[::2], y[::2], X_val=X[1::2], y_val=y[1::2]).n_iter_
        3
        >>> len(mlp.validation_scores_)
        3
        """
        ScikitLearnCallbacks.begin_fit(self, self.epochs)
        return self._replace_fit(Arguments(X, y, sample_weight, X_val, y_val, sample_weight_val))

    def _replace_fit(self: Self, given: Arguments) -> Self:
        """Fit a copy, so that an earlier fit stays whole until this one has succeeded."""
        candidate = copy.copy(self)
        fitted, noted = candidate._fit(given, watched=self)
        # What else was written onto the estimator meanwhile, by a function that makes callbacks for example, stays.
        others = {name: value for name, value in vars(self).items() if name not in _NOTED}
        self.__dict__ = {**others, **noted, "_fitted": fitted}
        return self

    def set_params(self: Self, **params: Any) -> Self:
        """Set parameters of the constructor by name.

        They take effect in the next fit; a fitted network stays as it is.

        Parameters
        ----------
        **params : dict
            The parameters and their new values, which `fit` checks.

        Returns
        -------
        object
            The estimator itself.

        Raises
        ------
        ValueError
            If a name is not one of the constructor's. The message translates the names of Keras and scikit-learn.

        See Also
        --------
        sklearn.base.BaseEstimator.get_params : The parameters and their values.

        Examples
        --------
        >>> from skmlp import KerasMLPClassifier
        >>> KerasMLPClassifier().set_params(dropout=0.3)
        KerasMLPClassifier(dropout=0.3)
        """
        known = self._get_param_names()
        for name in params:
            if name.partition("__")[0] not in known or (name not in known and answer(name, (), self._answers)):
                ours = answer(name, known, self._answers)
                raise ValueError(
                    f"Invalid parameter {name!r} for estimator {type(self).__name__}{ours}{'' if '?' in ours else '.'} "
                    f"Valid parameters are: {', '.join(known)}."
                )
        super().set_params(**params)
        return self

    def _get_doc_link(self) -> str:
        """Where scikit-learn's HTML representation links to: the page of the class in the documentation.

        scikit-learn asks each estimator with this method; its own answer is of classes of scikit-learn alone. There is
        a link once the package's metadata name the address of its documentation.
        """
        if type(self).__module__ != "skmlp":
            return ""
        try:
            urls = [line.partition(", ") for line in metadata("skmlp").get_all("Project-URL") or ()]
        except PackageNotFoundError:  # imported from a source tree
            return ""
        base = next((url for label, _, url in urls if label == "Documentation"), None)
        return f"{base.rstrip('/')}/generated/skmlp.{type(self).__name__}.html" if base else ""

    def __reduce_ex__(self, protocol: Any) -> Any:
        return reduced(super().__reduce_ex__(protocol), type(self), self.get_params(deep=False).values())

    def __getstate__(self) -> dict[str, Any]:
        """What goes into a file: the parameters, and what the fit left as a record, under a seal."""
        state: dict[str, Any] = {**super().__getstate__()}
        fitted = state.pop("_fitted", None)
        if fitted is not None:
            state["_fitted"] = record(fitted)
        return {**state, "_seal": seal(self._sealed(state))}

    def __setstate__(self, state: Any) -> None:
        """Take what comes from a file.

        Raises
        ------
        ValueError
            If it is not what was saved, is of a later version of skmlp, or lacks something.
        """
        name = type(self).__name__
        if not isinstance(state, dict):
            raise wrong(name, "state", state)
        state = dict(state)
        known = self._get_param_names()
        added = {each: value for each, value in _ADDED.items() if each in known and each not in state}
        check_seal(state.pop("_seal", None), self._sealed(state), name)
        state = {**added, **state}
        missing = [each for each in known if each not in state]
        if missing:
            raise ValueError(
                f"This file of a {name} lacks the parameters {', '.join(missing)}: load it with the version of skmlp, "
                "and of your own classes, that saved it."
            )
        if "_fitted" in state:
            state["_fitted"] = restored(state["_fitted"], self._target_form, name)
        super().__setstate__(state)

    def _sealed(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """What is held to the checksums: all that decides predictions, and the parameters that are numbers or names."""
        parameters = {each: state[each] for each in self._get_param_names() if each in state}
        return {
            "parameters": {each: value for each, value in parameters.items() if is_plain(value)},
            **{each: state.get(each) for each in (*_NOTED, "_fitted")},
        }

    def __copy__(self: Self) -> Self:
        """A shallow copy, which is not sealed and checked."""
        copied = type(self).__new__(type(self))
        copied.__dict__.update(vars(self))
        return copied

    def __deepcopy__(self: Self, memo: dict[int, Any]) -> Self:
        copied = memo[id(self)] = type(self).__new__(type(self))
        copied.__dict__.update(copy.deepcopy(vars(self), memo))
        return copied

    def __sklearn_clone__(self: Self) -> Self:
        check_copies("loss", getattr(self, "loss", None))
        return super().__sklearn_clone__()  # type: ignore[no-any-return]  # scikit-learn has no types

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.target_tags.multi_output = True
        return tags

    def _fit(self, given: Arguments, watched: BaseKerasMLP) -> tuple[Fitted, dict[str, Any]]:
        """Validate, and train; what the fit leaves, and what scikit-learn notes of X on an estimator, which is set.

        ``watched`` is the estimator that scikit-learn's callbacks know.
        """
        require_not_forked(type(self).__name__)
        from skmlp._engine.keras_callbacks import check_callbacks
        from skmlp._engine.trial import try_own
        from skmlp._metrics import resolve_metrics, try_metrics

        parameters = self._checked_parameters()
        hyperparameters = check_hyperparameters(parameters)
        previous = self._fitted if given.partial or self.warm_start else None
        check_callbacks(self.callbacks)
        if given.partial and parameters["early_stopping"]:
            raise ValueError("early_stopping=True needs whole epochs: partial_fit takes early_stopping=False.")
        check_together(given.X_val, given.y_val, given.sample_weight_val)
        X, y = self._read_both(given.X, given.y, reset=previous is None)
        weight = check_sample_weight(given.sample_weight, y.shape[0], "sample_weight")
        y = self._table(y)
        form = self._form(y, weight, given, None if previous is None else previous.form)
        coding = self._coding(form, hyperparameters)
        target = form.encode(y, coding, self.dtype, "y")
        metrics = resolve_metrics(self.metrics, coding)
        seed = int(check_random_state(self.random_state).randint(2**30)) if previous is None else previous.plan.seed
        parts = split(target, weight, parameters, explicit=given.X_val is not None, seed=seed)
        preprocessor = self._learn_columns(X, parts.rows, seed)

        def inputs_of(X: Any) -> tuple[Any, ...]:
            return self._inputs(self._read(X, preprocessor, self.dtype), preprocessor)

        explicit = explicit_validation(given, inputs_of, form, coding, self.dtype)
        inputs = self._inputs(X, preprocessor)
        samples = weigh(inputs, target, weight, form, parameters, parts, explicit=explicit, partial=given.partial)
        samples, folds = self._folded(samples, target, weight, seed)
        plan = Plan(
            hyperparameters=hyperparameters,
            network=self._network(hyperparameters, form, coding, inputs, preprocessor),
            loss=coding.loss,
            sparse_labels=coding.sparse,
            n_weights=samples.data.weight.shape[1] if samples.data.weight.ndim > 1 else None,
            batch_size=min(200 if self.batch_size == "auto" else int(self.batch_size), len(samples.data.rows)),
            seed=seed,
            jit_compile=parameters.get("jit_compile", "auto"),
        )
        try_own(plan)
        if samples.validation is not None:
            try_metrics(metrics, form.in_units(samples.validation.target.encoded), form.n_outputs)
        start = Fitted(
            plan=plan,
            state=self._initial_state(plan, preprocessor) if previous is None else continued(previous, plan),
            form=form,
            coding=coding,
            history={} if previous is None else previous.history,
            step_history=None if previous is None else previous.step_history,
            unrecorded=() if previous is None else previous.unrecorded,
            n_seen=0 if previous is None else previous.n_seen,
            stopped_early=parameters["early_stopping"] or folds is not None,
            metrics=tuple(self.metrics or ()),
            preprocessor=preprocessor,
        )
        noted = {name: value for name, value in vars(self).items() if name in _NOTED}
        return Run(watched, given, parameters, noted, samples, metrics, start, folds).train(), noted

    def _forward(self, X: Any) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
        """Logits and outputs, (n_samples, n_outputs) each, for samples to predict; as precise as X and the network."""
        fitted = self._fit_result
        require_not_forked(type(self).__name__)
        network = fitted.plan.network
        inputs = self._inputs(self._read(X, fitted.preprocessor, network.dtype), fitted.preprocessor)
        dtype = np.promote_types(floating_dtype(X), network.dtype)
        from skmlp._engine.predict import forward

        logits, outputs = forward(network, fitted.state.weights, inputs)
        return logits.astype(dtype, copy=False), outputs.astype(dtype, copy=False)

    def _checked_parameters(self) -> dict[str, Any]:
        """The parameters by name, checked one by one, those included that are attributes of the class."""
        # A subclass may have a smaller constructor: what it leaves out is an attribute all the same.
        parameters = {name: getattr(self, name) for name in self._parameter_constraints}
        check_parameters(type(self), self._parameter_constraints, parameters)
        return parameters

    def _read_both(self, X: Any, y: Any, *, reset: bool) -> tuple[Any, NDArray[Any]]:
        """Samples and targets, checked by scikit-learn; with ``reset`` their features are noted."""
        X, y = check_samples(self, X, y, dtype=self.dtype, reset=reset, **self._y_checks)
        return X, y

    def _read(self, X: Any, preprocessor: Any, dtype: str) -> Any:
        """Samples like those of the fit, checked by scikit-learn."""
        return check_samples(self, X, dtype=dtype, reset=False)

    def _learn_columns(self, X: Any, rows: NDArray[np.intp], seed: int) -> Any:
        """What there is to learn, of some rows, to make inputs of samples: nothing."""
        return None

    def _inputs(self, X: Any, preprocessor: Any) -> tuple[Any, ...]:
        """The inputs of the network that checked samples are: one, as they are."""
        return (X,)

    def _folded(
        self, samples: Samples, target: Target, weight: NDArray[np.float64], seed: int
    ) -> tuple[Samples, Folds | None]:
        """The samples weighed for each member, and the folds of them that the members leave out, if they do."""
        return samples, None

    def _network(
        self,
        hyperparameters: Hyperparameters,
        form: TargetForm,
        coding: Coding,
        inputs: Sequence[Any],
        preprocessor: Any,
    ) -> NetworkShape:
        """The structure of the network."""
        return NetworkSpec(
            n_features=inputs[0].shape[1],
            hidden_layer_sizes=hyperparameters.hidden_layer_sizes,
            activation=hyperparameters.activation,
            normalization=hyperparameters.normalization,
            n_outputs=form.n_outputs,
            output_activation=coding.output_activation,
            dtype=hyperparameters.dtype,
            heads=form.heads,
            n_members=int(self.n_members),
        )

    def _initial_state(self, plan: Plan, preprocessor: Any) -> State:
        """Where a new fit starts from."""
        from skmlp._engine.loop import initial_state

        return initial_state(plan)

    def _table(self, y: NDArray[Any]) -> NDArray[Any]:
        """A target as scikit-learn has checked it, made into one that its form is learned of."""
        return y

    @property
    @abstractmethod
    def _y_checks(self) -> dict[str, bool]:
        """How scikit-learn is to check the target: keyword arguments of ``validate_data``."""

    @abstractmethod
    def _form(
        self, y: NDArray[Any], weight: NDArray[np.float64], given: Arguments, previous: TargetForm | None
    ) -> TargetForm:
        """What predictions need to be turned back: learned of a target, or of the one that a training goes on from."""

    @abstractmethod
    def _coding(self, form: Any, hyperparameters: Hyperparameters) -> Coding:
        """How a target of that form is compared with the network's outputs."""


def continued(fitted: Fitted, plan: Plan) -> State:
    """The state to go on from under a new plan: with a fresh optimizer, if it is another one.

    Raises
    ------
    ValueError
        If the network is another one.
    """
    old, new = fitted.plan.network, plan.network
    different = [
        field.name for field in fields(cast(NetworkSpec, old)) if getattr(old, field.name) != getattr(new, field.name)
    ]
    if different:
        changes = ", ".join(f"{name} was {getattr(old, name)!r} and is {getattr(new, name)!r}" for name in different)
        raise ValueError(
            f"A fit can only continue with the same network, but {changes}: to start again, call fit with "
            "warm_start=False."
        )
    before, now = fitted.plan, plan
    same = before.optimizer == now.optimizer
    same = same and before.hyperparameters.settings.keys() == now.hyperparameters.settings.keys()
    return fitted.state if same else replace(fitted.state, optimizer=None)
