"""What the two estimators for tables have in common: their parameters, and how tables become a network's inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from numbers import Integral, Real
from types import MappingProxyType
from typing import Any, ClassVar, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import Tags, check_X_y
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions

from skmlp._base import BaseKerasMLP
from skmlp._columns import Table, read_table
from skmlp._folds import Folds, OutOfFoldOutputs
from skmlp._names import TABULAR_ANSWERS, knows_names
from skmlp._samples import Arguments, Samples
from skmlp._spec import Hyperparameters, NetworkShape, Plan, State
from skmlp._tables import TablePreprocessor, categorical_columns
from skmlp._tabular_spec import TabularSpec
from skmlp._target_forms import TargetForm
from skmlp._targets import Coding, Target
from skmlp._types import (
    CategoricalFeaturesName,
    EarlyStoppingName,
    NumericEmbeddingName,
    NumericScalingName,
    TargetsLike,
    names,
)
from skmlp._validation import PARAMETER_CONSTRAINTS
from skmlp._watch.sklearn_callbacks import ScikitLearnCallbacks, with_callbacks

Self = TypeVar("Self", bound="BaseTabularMLP")

_COUNT = Interval(Integral, 1, None, closed="left")
_SIZE = Interval(Integral, 1, 2**31 - 1, closed="both")

TABULAR_CONSTRAINTS: Mapping[str, list[Any]] = MappingProxyType(
    {
        **{
            name: PARAMETER_CONSTRAINTS[name]
            for name in (
                *("hidden_layer_sizes", "activation", "n_members", "dropout", "dropout_schedule", "learning_rate"),
                *("learning_rate_schedule", "beta_1", "beta_2", "epsilon", "weight_decay", "epochs", "shuffle"),
                *("validation_fraction", "monitor", "n_iter_no_change", "tol", "metrics", "callbacks", "record_every"),
                *("random_state", "verbose", "dtype"),
            )
        },
        "categorical_features": ["array-like", StrOptions(names(CategoricalFeaturesName)), None],
        "max_one_hot": [Interval(Integral, 0, None, closed="left")],
        "category_dim": [_SIZE],
        "numeric_scaling": [StrOptions(names(NumericScalingName)), HasMethods(["fit", "transform"]), None],
        "numeric_embedding": [StrOptions(names(NumericEmbeddingName)), None],
        "n_frequencies": [_SIZE],
        "frequency_scale": [Interval(Real, 0, None, closed="neither")],
        "periodic_dim": [_SIZE],
        "input_scale": ["boolean"],
        "parametric_activation": ["boolean"],
        "batch_size": [_COUNT],
        "early_stopping": [StrOptions(names(EarlyStoppingName)), None],
    }
)

_FIXED = {
    "input_dropout": 0.0,
    "l1": 0.0,
    "l2": 0.0,
    "regularize_bias": False,
    "normalization": None,
    "kernel_initializer": "random_normal",
    "bias_initializer": "zeros",
    "loss": "auto",
    "optimizer": "adam",
    **dict.fromkeys(("momentum", "nesterov", "rho", "clipnorm")),
}
"""What the other estimators have parameters for."""


class BaseTabularMLP(BaseKerasMLP):
    """What the classifier and the regressor for tables share."""

    # What both constructors take, and this class reads.
    categorical_features: Any
    max_one_hot: int
    category_dim: int
    numeric_scaling: Any
    numeric_embedding: str | None
    n_frequencies: int
    frequency_scale: float
    periodic_dim: int
    input_scale: bool
    parametric_activation: bool
    early_stopping: str | None

    output_activation = "auto"
    warm_start = False

    _answers = TABULAR_ANSWERS
    _remedies = ("numeric_scaling='quantile'",)

    _default_activation: ClassVar[str]

    @knows_names
    @with_callbacks
    def fit(
        self: Self,
        X: Any,
        y: TargetsLike,
        sample_weight: ArrayLike | None = None,
        *,
        X_val: Any = None,
        y_val: TargetsLike | None = None,
        sample_weight_val: ArrayLike | None = None,
    ) -> Self:
        """Fit the transformers of the columns, and train the network.

        The first fit of a process imports TensorFlow, and the first fit of each structure compiles a program.

        Parameters
        ----------
        X : data frame of pandas or polars, or array-like, of shape (n_samples, n_features)
            The training samples: numbers, booleans and, in a data frame or if ``categorical_features`` names them,
            categories. Any of them may be missing.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The target: labels for a classifier, finite numbers for a regressor.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights. Only their proportions matter; samples with weight 0 are ignored. A sample with weight
            2 counts twice in the loss, but as one row where folds and dropout masks are drawn and where scales and
            medians of columns are learned.
        X_val : data frame or array-like of shape (n_val, n_features), default=None
            Validation samples, which are evaluated after every epoch. With ``early_stopping="validation"`` they replace
            the part of ``X`` that it would hold out.
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
            If a parameter, a column or an array is not usable, before anything is compiled; or if the loss, or a weight
            that would be kept, becomes NaN or infinite.
        RuntimeError
            If this process was forked after TensorFlow had started.

        Warns
        -----
        UserWarning
            If a KeyboardInterrupt ended the fit. The estimator is then as it was after the last finished epoch, or
            after the best one of them; before the first, the interrupt is passed on.

        See Also
        --------
        model_inputs : What the network is given for a table.

        Examples
        --------
        >>> import pandas as pd
        >>> from skmlp import TabularMLPClassifier
        >>> X = pd.DataFrame(
        ...     {"age": [23, 31, None, 52] * 10, "job": ["cook", None, "clerk", "cook"] * 10}
        ... )
        >>> mlp = TabularMLPClassifier(n_members=2, epochs=2, random_state=0).fit(
        ...     X, ["no", "no", "yes", "yes"] * 10
        ... )
        >>> mlp.n_features_in_
        2
        """
        ScikitLearnCallbacks.begin_fit(self, self.epochs)
        return self._replace_fit(Arguments(X, y, sample_weight, X_val, y_val, sample_weight_val))

    def model_inputs(self, X: Any) -> list[NDArray[Any]] | NDArray[Any]:
        """Transform a table into the inputs of ``model_``.

        The transformers in ``preprocessor_`` impute, scale and encode the columns.

        Parameters
        ----------
        X : data frame of pandas or polars, or array-like, of shape (n_samples, n_features)
            The samples, with the columns that `fit` was given.

        Returns
        -------
        list of ndarray, or ndarray
            Up to three arrays of shape (n_samples, columns): numbers that are embedded, other numbers, and codes of
            embedded categories. An array that would have no columns is left out; a single one is returned by itself.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If ``X`` has other columns than in `fit`, or a column of another kind.

        See Also
        --------
        fit : Fits the transformers.

        Examples
        --------
        >>> import numpy as np
        >>> from skmlp import TabularMLPRegressor
        >>> X = np.linspace(-1, 1, 100)[:, None]
        >>> mlp = TabularMLPRegressor(n_members=2, epochs=2, random_state=0).fit(X, X[:, 0])
        >>> inputs = mlp.model_inputs(X)
        >>> np.allclose(mlp.model_.predict(inputs, verbose=0)[:, 0], mlp.predict(X), atol=1e-5)
        True
        """
        preprocessor = self.preprocessor_
        inputs = self._inputs(self._read(X, preprocessor, preprocessor.dtype), preprocessor)
        return list(inputs) if len(inputs) > 1 else inputs[0]

    @property
    def preprocessor_(self) -> TablePreprocessor:
        """The fitted transformers of scikit-learn that make the inputs of the network."""
        preprocessor: TablePreprocessor = self._fit_result.preprocessor
        return preprocessor

    @property
    def best_epoch_(self) -> int:
        """The epoch, counted from 1, whose weights were kept."""
        return self._fit_result.state.epoch

    @property
    def oof_score_(self) -> float:
        """The accuracy, or R², of ``oof_predictions_``, by the weights of the samples."""
        return self._out_of_fold.score

    @property
    def _out_of_fold(self) -> OutOfFoldOutputs:
        found = self._fit_result.out_of_fold
        if found is None:
            raise AttributeError(
                f"This {type(self).__name__} has no predictions out of fold: they come with "
                "early_stopping='out-of-fold' and n_members of at least 2."
            )
        return found

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = False
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        return tags

    def _checked_parameters(self) -> dict[str, Any]:
        parameters = super()._checked_parameters()
        if isinstance(self.numeric_scaling, type):
            raise ValueError(f"numeric_scaling={self.numeric_scaling!r} is a class: give it an instance.")
        if isinstance(self.activation, str) and self.activation == "auto":
            parameters["activation"] = self._default_activation
        validates = self.early_stopping == "validation"
        return {**_FIXED, **parameters, "early_stopping": validates}

    def _read_both(self, X: Any, y: Any, *, reset: bool) -> tuple[Table, NDArray[Any]]:
        named = not (self.categorical_features is None or isinstance(self.categorical_features, str))
        table = read_table(self, X, reset=reset, objects=named)
        _, y = check_X_y(np.zeros((table.n_rows, 1)), y, estimator=self, **self._y_checks)
        return table, y

    def _read(self, X: Any, preprocessor: TablePreprocessor, dtype: str) -> Table:
        return read_table(self, X, reset=False, objects=bool(preprocessor.categories_))

    def _learn_columns(self, X: Table, rows: NDArray[np.intp], seed: int) -> TablePreprocessor:
        categorical = categorical_columns(self.categorical_features, X, getattr(self, "feature_names_in_", None))
        preprocessor = TablePreprocessor(
            numeric_scaling=self.numeric_scaling,
            embed_numbers=self.numeric_embedding is not None,
            max_one_hot=int(self.max_one_hot),
            dtype=self.dtype,
        )
        return preprocessor.fit(X, categorical, rows, seed)

    def _inputs(self, X: Table, preprocessor: TablePreprocessor) -> tuple[Any, ...]:
        return preprocessor.transform(X)

    def _folded(
        self, samples: Samples, target: Target, weight: NDArray[np.float64], seed: int
    ) -> tuple[Samples, Folds | None]:
        data = samples.data
        if data.weight.ndim > 1:
            raise ValueError(
                "class_weight is for one label of a sample here, but y has several: give sample_weight instead."
            )
        if self.early_stopping != "out-of-fold" or self.n_members == 1:
            return samples, None
        trained = np.zeros(len(weight), dtype=bool)
        trained[data.rows] = True
        folds = Folds.shuffled(int(self.n_members), trained, target.strata, seed)
        return replace(samples, data=data._replace(weight=folds.weights(data.weight))), folds

    def _network(
        self,
        hyperparameters: Hyperparameters,
        form: TargetForm,
        coding: Coding,
        inputs: Sequence[Any],
        preprocessor: TablePreprocessor,
    ) -> NetworkShape:
        (n_periodic, _), (n_plain, _), (n_codes, _) = preprocessor.widths
        return TabularSpec(
            n_periodic=n_periodic,
            n_plain=n_plain,
            n_codes=n_codes,
            n_categories=preprocessor.n_categories_,
            category_dim=int(self.category_dim) if n_codes else 0,
            n_frequencies=int(self.n_frequencies) if n_periodic else 0,
            periodic_dim=int(self.periodic_dim) if n_periodic else 0,
            n_members=int(self.n_members),
            hidden_layer_sizes=hyperparameters.hidden_layer_sizes,
            activation=hyperparameters.activation,
            input_scale=bool(self.input_scale),
            parametric_activation=bool(self.parametric_activation),
            n_outputs=form.n_outputs,
            output_activation=coding.output_activation,
            dtype=hyperparameters.dtype,
            heads=form.heads,
        )

    def _initial_state(self, plan: Plan, preprocessor: TablePreprocessor) -> State:
        from skmlp._tabular_network import initial_weights

        network = plan.network
        assert isinstance(network, TabularSpec)  # noqa: S101  (for the type checker)
        used = preprocessor.used(network.periodic_dim, network.category_dim)
        return State(initial_weights(network, used, float(self.frequency_scale), plan.seed))
