"""Types of what users give: names that an option takes, of which an editor completes and a type checker finds typos.

A name may also be one of NumPy's strings, as a search draws it of an array. Whatever else an option takes, such as
functions and Keras' objects, is in the type of the option. What is ours to name is checked by the same ``Literal``
(see `names`); tests/test_types.py compares the others with what the installed Keras has.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, Protocol, TypeAlias, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

# Samples and targets


class SparseMatrix(Protocol):
    """A sparse matrix or array of SciPy's, whatever its format."""

    def tocsr(self) -> Any:
        """The same, row by row."""

    def tocoo(self) -> Any:
        """The same, value by value."""


SamplesLike: TypeAlias = ArrayLike | SparseMatrix
"""Arrays, lists, data frames (they have ``__array__``), and sparse matrices."""

TargetsLike: TypeAlias = ArrayLike | SparseMatrix

# Objects


class ArrayOfNames(Protocol):
    """Anything that NumPy makes an array of by itself, such as an index of pandas."""

    def __array__(self) -> NDArray[Any]:
        """The array."""


class KerasOptimizer(Protocol):
    """An optimizer of Keras', which has no types."""

    def get_config(self) -> Any:
        """What it was made with."""

    def apply_gradients(self, *args: Any, **kwargs: Any) -> Any:
        """Make a step."""


class Transformer(Protocol):
    """A transformer of scikit-learn's."""

    def fit(self, *args: Any, **kwargs: Any) -> Any:
        """Learn from samples."""

    def transform(self, *args: Any, **kwargs: Any) -> Any:
        """Change samples."""


# Names that are Keras'

ActivationName = Literal[
    "celu", "elu", "exponential", "gelu", "hard_shrink", "hard_sigmoid", "hard_silu", "hard_swish", "hard_tanh",
    "leaky_relu", "linear", "log_sigmoid", "log_softmax", "mish", "relu", "relu6", "selu", "sigmoid", "silu",
    "soft_shrink", "softmax", "softplus", "softsign", "sparse_plus", "sparse_sigmoid", "sparsemax", "squareplus",
    "swish", "tanh", "tanh_shrink",
]  # fmt: skip

InitializerName = Literal[
    "constant", "glorot_normal", "glorot_uniform", "he_normal", "he_uniform", "identity", "identity_initializer",
    "lecun_normal", "lecun_uniform", "normal", "one", "ones", "orthogonal", "orthogonal_initializer", "random_normal",
    "random_uniform", "truncated_normal", "uniform", "variance_scaling", "zero", "zeros",
    "Constant", "GlorotNormal", "GlorotUniform", "HeNormal", "HeUniform", "Identity", "IdentityInitializer",
    "LecunNormal", "LecunUniform", "Ones", "Orthogonal", "OrthogonalInitializer", "RandomNormal", "RandomUniform",
    "TruncatedNormal", "VarianceScaling", "Zeros",
]  # fmt: skip

OptimizerName = Literal[
    "adadelta", "adafactor", "adagrad", "adam", "adamax", "adamw", "ftrl", "lamb", "lion", "muon", "nadam", "rmsprop",
    "sgd",
    "Adadelta", "Adafactor", "Adagrad", "Adam", "Adamax", "AdamW", "Ftrl", "Lamb", "Lion", "Muon", "Nadam", "RMSprop",
    "SGD",
]  # fmt: skip

_AnyLossName = Literal[
    "auto",
    "binary_crossentropy", "binary_focal_crossentropy", "cosine_similarity", "hinge", "huber", "kl_divergence",
    "log_cosh", "mean_absolute_error", "mean_absolute_percentage_error", "mean_squared_error",
    "mean_squared_logarithmic_error", "poisson", "squared_hinge",
    "bce", "kld", "mae", "mape", "mse", "msle", "BCE", "KLD", "MAE", "MAPE", "MSE", "MSLE",
    "BinaryCrossentropy", "BinaryFocalCrossentropy", "CosineSimilarity", "Hinge", "Huber", "KLDivergence", "LogCosh",
    "MeanAbsoluteError", "MeanAbsolutePercentageError", "MeanSquaredError", "MeanSquaredLogarithmicError", "Poisson",
    "SquaredHinge",
]  # fmt: skip

ClassifierLossName = Literal[
    _AnyLossName,
    "categorical_crossentropy", "categorical_focal_crossentropy", "categorical_hinge",
    "sparse_categorical_crossentropy",
    "CategoricalCrossentropy", "CategoricalFocalCrossentropy", "CategoricalHinge", "SparseCategoricalCrossentropy",
]  # fmt: skip

RegressorLossName = Literal[_AnyLossName, "quantile"]

# Names that are ours

ClassifierOutputName = Literal["auto", "linear", "sigmoid", "softmax"]
RegressorOutputName = Literal["auto", "exponential", "linear", "relu", "sigmoid", "softplus", "tanh"]
ScheduleName = Literal["coslog4", "cosine", "exponential", "flat_cosine", "inverse_time"]
NormalizationName = Literal["batch", "layer"]
TargetScalingName = Literal["standard"]
MonitorName = Literal["loss", "score"]
DtypeName = Literal["float32", "float64"]
BatchSizeName = Literal["auto"]
JitCompileName = Literal["auto"]
ClassWeightName = Literal["balanced"]
CategoricalFeaturesName = Literal["from_dtype"]
NumericScalingName = Literal["quantile", "standard"]
NumericEmbeddingName = Literal["periodic"]
EarlyStoppingName = Literal["out-of-fold", "validation"]
EngineName = Literal["auto", "compiled", "keras"]


def names(literal: Any) -> set[str]:
    """The names of a ``Literal``, for the check of what a user gives."""
    return set(get_args(literal))


# Options of the estimators

NumpyName: TypeAlias = np.str_

Activation: TypeAlias = ActivationName | NumpyName | Callable[[Any], Any]
TabularActivation: TypeAlias = Literal["auto"] | Activation
Initializer: TypeAlias = InitializerName | NumpyName | Callable[..., Any]
Optimizer: TypeAlias = OptimizerName | NumpyName | KerasOptimizer
ClassifierLoss: TypeAlias = ClassifierLossName | NumpyName | Callable[[Any, Any], Any]
RegressorLoss: TypeAlias = RegressorLossName | NumpyName | Callable[[Any, Any], Any]
ClassifierOutput: TypeAlias = ClassifierOutputName | NumpyName
RegressorOutput: TypeAlias = RegressorOutputName | NumpyName
Schedule: TypeAlias = ScheduleName | NumpyName | Callable[[int], float] | None
Normalization: TypeAlias = NormalizationName | NumpyName | None
TargetScaling: TypeAlias = TargetScalingName | NumpyName | None
Monitor: TypeAlias = MonitorName | NumpyName
Dtype: TypeAlias = DtypeName | NumpyName
BatchSize: TypeAlias = int | BatchSizeName | NumpyName
JitCompile: TypeAlias = bool | JitCompileName | NumpyName
ClassWeight: TypeAlias = dict[Any, Any] | ClassWeightName | NumpyName | None
ClassWeights: TypeAlias = ClassWeight | list[Any]
CategoricalFeatures: TypeAlias = (
    CategoricalFeaturesName | NumpyName | Sequence[int] | list[str] | tuple[str, ...] | ArrayOfNames | None
)
NumericScaling: TypeAlias = NumericScalingName | NumpyName | Transformer | None
NumericEmbedding: TypeAlias = NumericEmbeddingName | NumpyName | None
EarlyStopping: TypeAlias = EarlyStoppingName | NumpyName | None
Engine: TypeAlias = EngineName | NumpyName
