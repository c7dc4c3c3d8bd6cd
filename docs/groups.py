"""The parameters of the estimators in groups, each with the pages of the guide that explain them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Group(NamedTuple):
    """Parameters that belong together, and the pages of the guide that explain them."""

    title: str
    parameters: tuple[str, ...]
    pages: tuple[str, ...] = ()


_PLAIN = (
    Group(
        "Network",
        (
            *("hidden_layer_sizes", "activation", "n_members", "normalization", "kernel_initializer"),
            *("bias_initializer", "dtype"),
        ),
        ("user_guide/classify", "user_guide/ensembles"),
    ),
    Group(
        "Loss and target",
        (
            *("loss", "quantile", "label_smoothing", "output_activation", "target_scaling", "clip_predictions"),
            "class_weight",
        ),
        ("user_guide/outputs", "user_guide/regress", "user_guide/scale_your_target"),
    ),
    Group(
        "Regularization",
        ("dropout", "input_dropout", "dropout_schedule", "l1", "l2", "regularize_bias", "weight_decay"),
        ("user_guide/classify", "user_guide/mathematics"),
    ),
    Group(
        "Optimizer",
        (
            *("optimizer", "learning_rate", "learning_rate_schedule", "momentum", "nesterov", "beta_1", "beta_2"),
            *("rho", "epsilon", "clipnorm"),
        ),
        ("user_guide/tune", "user_guide/mathematics"),
    ),
    Group(
        "Training",
        ("batch_size", "epochs", "shuffle", "jit_compile", "warm_start", "random_state"),
        ("user_guide/practical_tips", "user_guide/continue"),
    ),
    Group(
        "Validation",
        ("early_stopping", "validation_fraction", "monitor", "n_iter_no_change", "tol"),
        ("user_guide/validate",),
    ),
    Group(
        "Records", ("metrics", "callbacks", "record_every", "verbose"), ("user_guide/validate", "user_guide/callbacks")
    ),
)

_TABULAR = (
    Group(
        "Network",
        ("hidden_layer_sizes", "activation", "n_members", "input_scale", "parametric_activation", "dtype"),
        ("user_guide/tables",),
    ),
    Group(
        "Columns",
        (
            *("categorical_features", "max_one_hot", "category_dim", "numeric_scaling", "numeric_embedding"),
            *("n_frequencies", "frequency_scale", "periodic_dim"),
        ),
        ("user_guide/tables",),
    ),
    *_PLAIN[1:],
)

_WRAPPERS = (
    Group("Model", ("model", "build_fn"), ("user_guide/your_own_keras_model",)),
    Group(
        "Compilation",
        ("optimizer", "loss", "metrics", "run_eagerly"),
        ("user_guide/your_own_keras_model", "user_guide/mathematics"),
    ),
    Group(
        "Training",
        ("batch_size", "epochs", "shuffle", "class_weight", "warm_start", "random_state", "engine"),
        ("user_guide/your_own_keras_model", "user_guide/continue"),
    ),
    Group("Validation", ("validation_split", "validation_batch_size"), ("user_guide/validate",)),
    Group("Records", ("callbacks", "verbose"), ("user_guide/callbacks",)),
)

GROUPS: Mapping[str, Sequence[Group]] = {
    "skmlp.KerasMLPClassifier": _PLAIN,
    "skmlp.KerasMLPRegressor": _PLAIN,
    "skmlp.TabularMLPClassifier": _TABULAR,
    "skmlp.TabularMLPRegressor": _TABULAR,
    "skmlp.wrappers.BaseWrapper": _WRAPPERS,
    "skmlp.wrappers.KerasClassifier": _WRAPPERS,
    "skmlp.wrappers.KerasRegressor": _WRAPPERS,
}
"""The groups of each estimator; a name that it does not have is passed over.

Those of our estimators are in the order of their docstrings, while the wrappers have the order of SciKeras.
"""


def parameters_of(name: str) -> list[str]:
    """The parameters in the groups of an estimator, in their order."""
    return [parameter for group in GROUPS[name] for parameter in group.parameters]
