"""Names: the nearest known ones to an unknown one, and ours for those of Keras and of scikit-learn's MLP."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])

_EPOCHS = "the number of epochs is epochs"
_VALIDATION = (
    "give validation samples to fit as X_val and y_val; early_stopping=True holds out the fraction "
    "validation_fraction of the training samples"
)
_SCHEDULE = "a schedule is given as learning_rate_schedule"
_CLIPPING = "gradients are clipped by clipnorm"
_WIDTHS = "the widths of the hidden layers are hidden_layer_sizes"
_NORMALIZATION = "normalisation is normalization='batch' or 'layer'"
_PENALTY = "penalties on the kernels are l1 and l2"
_WRAPPER = "give a model function of your own to skmlp.wrappers.KerasClassifier or KerasRegressor"
_SEED = "the seed is random_state"
_PATIENCE = "the patience of early_stopping=True is n_iter_no_change"
_RATE = "the learning rate is learning_rate"
_MEMBERS = "the networks of an ensemble are n_members"

ANSWERS: Mapping[str, str] = {
    # scikit-learn's MLP
    "alpha": "the penalty on the squared weights is l2, whose documentation has its ratio to alpha",
    "beta1": "it is beta_1",
    "beta2": "it is beta_2",
    "learning_rate_init": _RATE,
    "max_fun": "there is no lbfgs here, and the number of epochs is epochs",
    "max_iter": _EPOCHS,
    "n_iter": _EPOCHS,
    "nesterovs_momentum": "it is nesterov",
    "power_t": _SCHEDULE,
    "solver": "the optimizer is optimizer, 'sgd' or 'adam' for example",
    # Keras, SciKeras and skorch
    "activity_regularizer": _PENALTY,
    "amsgrad": "optimizers are trained without it",
    "batch_norm": _NORMALIZATION,
    "batch_normalization": _NORMALIZATION,
    "bias_regularizer": "penalties are l1 and l2, on the biases too with regularize_bias=True",
    "build_fn": _WRAPPER,
    "clipvalue": _CLIPPING,
    "decay": "decoupled weight decay is weight_decay, and " + _SCHEDULE,
    "dropout_rate": "it is dropout",
    "global_clipnorm": _CLIPPING,
    "gradient_accumulation_steps": "larger steps are a larger batch_size",
    "hidden_layers": _WIDTHS,
    "hidden_units": _WIDTHS,
    "initial_epoch": "a fit continues the last one with warm_start=True",
    "input_dim": "the number of features is read from X",
    "input_shape": "the number of features is read from X",
    "kernel_regularizer": _PENALTY,
    "layer_norm": _NORMALIZATION,
    "layers": _WIDTHS,
    "lr": _RATE,
    "max_epochs": _EPOCHS,
    "min_delta": "the least improvement for early_stopping=True is tol",
    "model": _WRAPPER,
    "module": _WRAPPER,
    "n_epochs": _EPOCHS,
    "nb_epoch": _EPOCHS,
    "patience": _PATIENCE,
    "regularizer": _PENALTY,
    "restore_best_weights": "early_stopping=True keeps the weights of the best epoch",
    "seed": _SEED,
    "steps_per_epoch": "the number of steps in an epoch follows from batch_size",
    "units": _WIDTHS,
    "use_ema": "weights are not averaged here",
    "validation_data": _VALIDATION,
    "validation_split": _VALIDATION,
    "weighted_metrics": "metrics are weighted by sample_weight_val, and given as metrics",
    # scikit-learn's ensembles
    **dict.fromkeys(("ensemble_size", "n_ensembles", "n_estimators", "n_models", "n_networks"), _MEMBERS),
}
"""Names that people know from elsewhere, and what they are here."""


_ADAM = "the networks are trained by Adam, whose settings are learning_rate, beta_1, beta_2, epsilon and weight_decay"
_DECAY = "weights are kept small by weight_decay and dropout"
_CATEGORIES = "the columns that hold categories are categorical_features"
_HELD_OUT = (
    "give validation samples to fit as X_val and y_val; early_stopping='validation' holds out the fraction "
    "validation_fraction of the training samples"
)
_NO_LAYERS = "there is no normalisation of layers, and columns are scaled by numeric_scaling"
_NO_TREES = "there are no trees: widths of layers are hidden_layer_sizes, and dropout and weight_decay regularise"
_OUT_OF_FOLD = "early_stopping='out-of-fold' keeps the best epoch, and n_iter_no_change is that of 'validation'"
_RANDOM_WEIGHTS = "weights begin as those of RealMLP, drawn from random_state"
_ANEW = "each fit starts from scratch"

TABULAR_ANSWERS: Mapping[str, str] = {
    **ANSWERS,
    # scikit-learn's MLP, Keras, and the other estimators here
    **dict.fromkeys(("alpha", "bias_regularizer", "kernel_regularizer", "regularizer", "activity_regularizer"), _DECAY),
    **dict.fromkeys(("l1", "l2", "regularize_bias"), _DECAY),
    **dict.fromkeys(("optimizer", "solver", "momentum", "nesterov", "nesterovs_momentum", "rho"), _ADAM),
    **dict.fromkeys(("clipnorm", "clipvalue", "global_clipnorm"), "gradients are not clipped: lower learning_rate"),
    **dict.fromkeys(("batch_norm", "batch_normalization", "layer_norm", "normalization"), _NO_LAYERS),
    **dict.fromkeys(("bias_initializer", "kernel_initializer"), _RANDOM_WEIGHTS),
    **dict.fromkeys(("validation_data", "validation_split"), _HELD_OUT),
    **dict.fromkeys(("initial_epoch", "warm_start"), _ANEW),
    "input_dropout": "hidden layers alone have dropout",
    "jit_compile": "XLA compiles the training if an epoch has 16 batches or more",
    "min_delta": "the least improvement for early_stopping='validation' is tol",
    "output_activation": "it follows from the target",
    "patience": _OUT_OF_FOLD,
    "restore_best_weights": "early_stopping='out-of-fold' and 'validation' keep the weights of the best epoch",
    # scikit-learn's, LightGBM's, XGBoost's and CatBoost's trees
    **dict.fromkeys(("n_estimators", "n_ensembles", "n_models"), "networks are n_members, and passes over them epochs"),
    **dict.fromkeys(("iterations", "num_boost_round", "num_iterations", "num_epochs"), _EPOCHS),
    **dict.fromkeys(
        ("cat_cols", "cat_features", "cat_idxs", "categorical_columns", "categorical_feature"), _CATEGORIES
    ),
    **dict.fromkeys(("cat_indicator", "enable_categorical"), _CATEGORIES),
    **dict.fromkeys(("l2_leaf_reg", "l2_regularization", "reg_alpha", "reg_lambda"), _DECAY),
    **dict.fromkeys(("depth", "max_bin", "max_bins", "max_depth", "max_features", "max_leaf_nodes"), _NO_TREES),
    **dict.fromkeys(("min_child_samples", "min_samples_leaf", "num_leaves"), _NO_TREES),
    **dict.fromkeys(("colsample_bytree", "subsample"), _NO_TREES),
    **dict.fromkeys(("interaction_cst", "monotone_constraints", "monotonic_cst"), "there are no such constraints"),
    **dict.fromkeys(("early_stopping_rounds", "od_wait"), _OUT_OF_FOLD),
    "eta": _RATE,
    "eval_metric": "what is recorded of validation samples are metrics",
    "eval_set": _HELD_OUT,
    "embedding_dim": "the width of the embedding of a category is category_dim",
    "n_jobs": "threads are those that joblib, or OMP_NUM_THREADS, gives the process",
    "one_hot_max_size": "it is max_one_hot",
    "random_seed": _SEED,
    "scaler": "columns are scaled by numeric_scaling",
    "scoring": "early_stopping monitors accuracy or R², or the loss with monitor='loss'",
    # pytabkit's RealMLP and TabM
    **dict.fromkeys(("n_cv", "n_ens", "tabm_k"), _MEMBERS),
    **dict.fromkeys(("d_block", "hidden_sizes", "hidden_width", "n_blocks", "n_hidden_layers"), _WIDTHS),
    "act": "it is activation",
    "cat_col_names": _CATEGORIES,
    "embedding_size": "it is category_dim",
    "ls_eps": "it is label_smoothing",
    "lr_sched": _SCHEDULE,
    "max_one_hot_cat_size": "it is max_one_hot",
    "mom": "it is beta_1",
    "opt_eps": "it is epsilon",
    "p_drop": "it is dropout",
    "p_drop_sched": "it is dropout_schedule",
    "plr_sigma": "it is frequency_scale",
    "sq_mom": "it is beta_2",
    "val_fraction": "it is validation_fraction",
    "wd": "it is weight_decay",
}
"""The same for the estimators for tables, with names that people know from trees and other estimators for tables."""


_SAME = {
    "absolute_error": "mean_absolute_error",
    "identity": "linear",
    "log_loss": "categorical_crossentropy",
    "logistic": "sigmoid",
    "squared_error": "mean_squared_error",
}
"""scikit-learn's names of what Keras calls otherwise."""


def nearest(name: str, known: Iterable[str]) -> str:
    """The known names that are like an unknown one, whatever their case, as a question; nothing if none is."""
    by_lower: dict[str, str] = {}
    for each in known:
        by_lower.setdefault(each.lower(), each)
    same = _SAME.get(name, "")
    matches = [same] if same in by_lower else [by_lower[match] for match in get_close_matches(name.lower(), by_lower)]
    return f"did you mean {' or '.join(map(repr, matches))}?" if matches else ""


def answer(name: str, known: Iterable[str], answers: Mapping[str, str]) -> str:
    """What to write in place of a name that nobody here knows, as an ending of a message."""
    base, _, setting = name.partition("__")
    for each in (name, base):
        if each in answers:
            return f": {answers[each]}"
    if base == "optimizer" and setting:
        return f": settings of the optimizer are parameters of the estimator, such as {setting}"
    question = nearest(name, known)
    return f": {question}" if question else ""


def knows_names(function: Function) -> Function:
    """Let a method of an estimator answer keyword arguments that it does not take with the names that it does.

    Arguments that are missing or too many are an error that names the estimator, not a base class of it.
    Its signature stays what it is, for scikit-learn's inspection, for type checkers, and for help.
    """
    signature = inspect.signature(function)
    taken = list(signature.parameters)

    @functools.wraps(function)
    def answering(self: Any, *args: Any, **kwargs: Any) -> Any:
        for name in kwargs:
            if name not in taken:
                raise TypeError(_unexpected(type(self), function.__name__, name, taken[1:]))
        try:
            signature.bind(self, *args, **kwargs)
        except TypeError as error:
            raise TypeError(f"{type(self).__name__}.{function.__name__}(): {error}") from None
        return function(self, *args, **kwargs)

    return answering  # type: ignore[return-value]  # the same signature


def _unexpected(estimator: Any, method: str, name: str, taken: list[str]) -> str:
    said = f"{estimator.__name__}.{method}() got an unexpected keyword argument {name!r}"
    if method != "__init__" and name in estimator._get_param_names():
        return f"{said}: it is a parameter of the estimator, {estimator.__name__}({name}=...) or set_params({name}=...)"
    if method == "__init__" and name in inspect.signature(estimator.fit).parameters:
        return f"{said}: it is given to fit"
    return said + answer(name, taken, estimator._answers)
