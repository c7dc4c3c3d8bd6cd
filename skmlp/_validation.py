"""What users pass in, checked before any work is done: parameters, sample weights, validation data."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from numbers import Integral, Real
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.model_selection import train_test_split
from sklearn.utils import check_array, check_consistent_length

# scikit-learn's own estimators declare their parameters with these. They are private, but third-party estimators
# have no public way to get the same messages; tests/test_validation.py notices when they change.
from sklearn.utils._param_validation import HasMethods, Interval, Options, StrOptions, validate_parameter_constraints
from sklearn.utils.validation import validate_data

from skmlp._names import nearest
from skmlp._optimizers import OPTIMIZERS, SETTINGS, read_optimizer, resolve_settings
from skmlp._own import Own
from skmlp._schedules import SCHEDULES
from skmlp._sparse_format import check_sparse_format
from skmlp._spec import Activation, Hyperparameters
from skmlp._types import (
    BatchSizeName,
    ClassWeightName,
    DtypeName,
    JitCompileName,
    MonitorName,
    NormalizationName,
    TargetScalingName,
    names,
)

_RATE = Interval(Real, 0, 1, closed="left")
_DECAY = Interval(Real, 0, 1, closed="left")
_AMOUNT = Interval(Real, 0, None, closed="left")
_POSITIVE = Interval(Real, 0, None, closed="neither")
_COUNT = Interval(Integral, 1, None, closed="left")
_SIZE = Interval(Integral, 1, 2**31 - 1, closed="both")  # of what is made, rather than counted: beyond, arrays overflow

PARAMETER_CONSTRAINTS: dict[str, list[Any]] = {
    "hidden_layer_sizes": ["array-like", _SIZE],
    "activation": [str, callable, "array-like"],
    "n_members": [_SIZE],
    "dropout": [_RATE, "array-like"],
    "input_dropout": [_RATE],
    "dropout_schedule": [StrOptions(set(SCHEDULES)), callable, None],
    "l1": [_AMOUNT],
    "l2": [_AMOUNT],
    "regularize_bias": ["boolean"],
    "normalization": [StrOptions(names(NormalizationName)), None],
    "kernel_initializer": [str, callable],
    "bias_initializer": [str, callable],
    "loss": [str, callable],
    "label_smoothing": [_RATE],
    "quantile": [Interval(Real, 0, 1, closed="neither")],
    "output_activation": [str],
    "target_scaling": [StrOptions(names(TargetScalingName)), None],
    "clip_predictions": ["boolean"],
    "optimizer": [object],  # by name, or an object of Keras', which is not imported yet
    "learning_rate": [_POSITIVE, None],
    "learning_rate_schedule": [StrOptions(set(SCHEDULES)), callable, None],
    "momentum": [_DECAY, None],
    "nesterov": ["boolean", None],
    "beta_1": [Interval(Real, 0, 1, closed="neither"), None],
    "beta_2": [Interval(Real, 0, 1, closed="neither"), None],
    "rho": [_DECAY, None],
    "epsilon": [_POSITIVE, None],
    "weight_decay": [_AMOUNT, None],
    "clipnorm": [_POSITIVE, None],
    "batch_size": [StrOptions(names(BatchSizeName)), _COUNT],
    "epochs": [_COUNT],
    "shuffle": ["boolean"],
    "jit_compile": [StrOptions(names(JitCompileName)), "boolean"],
    "early_stopping": ["boolean"],
    "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
    "n_iter_no_change": [_COUNT, Options(Real, {np.inf})],
    "monitor": [StrOptions(names(MonitorName))],
    "tol": [_AMOUNT],
    "class_weight": [dict, list, StrOptions(names(ClassWeightName)), None],
    "metrics": [list, tuple, None],
    "callbacks": [list, tuple, callable, HasMethods("set_model"), None],  # a Keras callback has set_model
    "record_every": [_COUNT, None],
    "warm_start": ["boolean"],
    "random_state": ["random_state"],
    "verbose": ["verbose"],
    "dtype": [StrOptions(names(DtypeName))],
}


def check_parameters(caller: type, constraints: Mapping[str, list[Any]], parameters: Mapping[str, Any]) -> None:
    """Check an estimator's parameters one by one, each against its row.

    Raises
    ------
    InvalidParameterError
        A ValueError that names the parameter, the value and what it may be.
    """
    rate = parameters["learning_rate"]
    if isinstance(rate, str):
        raise ValueError(
            f"learning_rate={rate!r} is a number here: scikit-learn's 'constant' is learning_rate_schedule=None, "
            "'invscaling' and the like are other schedules, 'adaptive' is the callback "
            "keras.callbacks.ReduceLROnPlateau."
        )
    sound = _SOUND.setdefault(caller, {})
    unknown = {name: value for name, value in parameters.items() if sound.get(name, _NOTHING) is not value}
    validate_parameter_constraints(constraints, unknown, caller_name=caller.__name__)
    sound.update({name: value for name, value in unknown.items() if type(value) in _IMMUTABLE})


_IMMUTABLE = (bool, float, int, str, type(None))
_NOTHING = object()
_SOUND: WeakKeyDictionary[type, dict[str, Any]] = WeakKeyDictionary()
"""By class, the value of each parameter that was found right last: most fits have the same one again."""


def check_hyperparameters(parameters: Mapping[str, Any]) -> Hyperparameters:
    """Check and complete the constructor's values, after scikit-learn has checked them one by one.

    Raises
    ------
    ValueError
        If a value is not usable, by itself or with the others; the message names the parameter.
    """
    for name in ("activation", "kernel_initializer", "bias_initializer", "loss"):
        if isinstance(parameters[name], type):
            raise ValueError(f"{name}={parameters[name]!r} is a class: give it an instance, with its arguments.")
    sizes = layer_sizes(parameters["hidden_layer_sizes"])
    optimizer, learning_rate, settings = _optimizer(parameters)
    _check_schedule(parameters["learning_rate_schedule"], optimizer)
    nesterov = bool(settings.pop("nesterov", False))
    return Hyperparameters(
        hidden_layer_sizes=sizes,
        activation=tuple(_activation(value) for value in per_layer("activation", parameters["activation"], len(sizes))),
        dropout=dropout_rates(parameters["dropout"], len(sizes)),
        input_dropout=float(parameters["input_dropout"]),
        dropout_schedule=parameters["dropout_schedule"],
        l1=float(parameters["l1"]),
        l2=float(parameters["l2"]),
        regularize_bias=bool(parameters["regularize_bias"]),
        normalization=parameters["normalization"],
        kernel_initializer=_initializer("kernel_initializer", parameters["kernel_initializer"]),
        bias_initializer=_initializer("bias_initializer", parameters["bias_initializer"]),
        label_smoothing=float(parameters.get("label_smoothing", 0.0)),
        quantile=float(parameters.get("quantile", 0.5)),
        optimizer=optimizer,
        learning_rate=learning_rate,
        learning_rate_schedule=parameters["learning_rate_schedule"],
        nesterov=nesterov,
        settings={name: float(value) for name, value in settings.items()},
        epochs=int(parameters["epochs"]),
        shuffle=bool(parameters["shuffle"]),
        dtype=parameters["dtype"],
    )


def _optimizer(parameters: Mapping[str, Any]) -> tuple[str, float, dict[str, float | bool]]:
    """The optimizer's name, its learning rate, and its settings that are on; parameters go before an object's own."""
    row, read = read_optimizer(parameters["optimizer"])
    if parameters["dtype"] not in row.dtypes:
        raise ValueError(
            f"optimizer={parameters['optimizer']!r} trains networks of dtype={row.dtypes[0]!r} alone, not of "
            f"dtype={parameters['dtype']!r}: change one of them."
        )
    for name, value in read.items():
        constraints = [each for each in PARAMETER_CONSTRAINTS[name] if isinstance(each, Interval)]
        # A decay or clipping that is off is None in Keras, and 0 here.
        if constraints and value and not any(each.is_satisfied_by(value) for each in constraints):
            raise ValueError(
                f"optimizer={parameters['optimizer']!r} has {name}={value!r}, which must be {constraints[0]}."
            )
    given = {name: read.get(name) if parameters[name] is None else parameters[name] for name in SETTINGS}
    chosen = parameters["learning_rate"]
    rate = read.get("learning_rate", row.learning_rate) if chosen is None else chosen
    return row.name, float(rate), resolve_settings(row.name, given)


def _activation(value: Any) -> Activation:
    from skmlp._network import activation_name, known_activations

    if not callable(value):
        return str(activation_name(known_name("activation", value, known_activations())))
    name = activation_name(value)
    return Own.of(value) if name is None else name


def _initializer(parameter: str, value: Any) -> Any:
    from skmlp._network import known_initializers

    known = known_initializers()
    return value if callable(value) else known[known_name(parameter, value, known)]


def _check_schedule(schedule: Any, optimizer: str) -> None:
    """Refuse a schedule that returns learning rates, or begins with one that the optimizer cannot take."""
    from skmlp._keras import keras

    if isinstance(schedule, keras.optimizers.schedules.LearningRateSchedule):
        raise ValueError(
            f"learning_rate_schedule={schedule!r} returns learning rates: give a function of the step that returns a "
            "factor on learning_rate, such as lambda step: float(schedule(step)) / learning_rate."
        )
    if isinstance(schedule, str) and SCHEDULES[schedule](0.0, 1) == 0 and OPTIMIZERS[optimizer].divides_by_rate:
        raise ValueError(
            f"learning_rate_schedule={schedule!r} begins with a learning rate of 0, by which optimizer={optimizer!r} "
            "divides: choose another schedule, or another optimizer."
        )


def layer_sizes(hidden_layer_sizes: Any) -> tuple[int, ...]:
    """The widths of the hidden layers as a tuple; a single number is one layer."""
    sizes = hidden_layer_sizes if _is_sequence(hidden_layer_sizes) else [hidden_layer_sizes]
    for size in sizes:
        if not _SIZE.is_satisfied_by(size):
            raise ValueError(
                f"hidden_layer_sizes={hidden_layer_sizes!r} must hold whole numbers of at least 1 and less than 2³¹, "
                "the width of each hidden layer; () is a network without hidden layers."
            )
    return tuple(int(size) for size in sizes)


def per_layer(name: str, value: Any, n_layers: int) -> tuple[Any, ...]:
    """One value for each hidden layer, from one for all of them or a sequence of as many."""
    if not _is_sequence(value):
        return (value,) * n_layers
    values = tuple(value)
    if len(values) != n_layers:
        raise ValueError(
            f"{name}={value!r} has {len(values)} values for {n_layers} hidden layers: give one value for all of them, "
            "or one for each."
        )
    return values


def dropout_rates(dropout: Any, n_layers: int) -> tuple[float, ...]:
    """The dropout rate after each hidden layer."""
    rates = per_layer("dropout", dropout, n_layers)
    for rate in rates:
        if not _RATE.is_satisfied_by(rate):
            raise ValueError(f"dropout={dropout!r} must hold rates of at least 0 and less than 1.")
    return tuple(float(rate) for rate in rates)


def known_name(parameter: str, value: Any, known: Iterable[str]) -> str:
    """The name, if it is one of those known."""
    names = sorted(known)
    if value not in names:
        question = nearest(str(value), names)
        raise ValueError(
            f"{parameter}={value!r} is unknown{': ' + question if question else '.'} Choose one of {', '.join(names)}."
        )
    return str(value)


def check_samples(estimator: Any, *arrays: Any, dtype: str, **options: Any) -> Any:
    """scikit-learn's ``validate_data`` for X, or X and y.

    Samples come back as an array of ``dtype`` or as a CSR matrix; those of a memory-mapped file as they are, to be
    cast block by block. What float32 cannot hold is scikit-learn's error, without a warning.
    """
    for name, array in zip("Xy", arrays, strict=False):
        check_sparse_format(array, name)  # before scikit-learn has SciPy convert it
    mapped = isinstance(arrays[0], np.memmap)
    with np.errstate(over="ignore", invalid="ignore"):
        checked = validate_data(
            estimator,
            *arrays,
            dtype="numeric" if mapped else dtype,
            order=None if mapped else "C",
            accept_sparse="csr",
            **options,
        )
    if mapped:
        _require_range(arrays[0], dtype)
    return checked


def _require_range(mapped: NDArray[Any], dtype: str) -> None:
    """Refuse a memory-mapped file of values that a dtype cannot hold, read block by block."""
    largest = np.finfo(dtype).max
    if mapped.dtype.kind != "f" or np.finfo(mapped.dtype).max <= largest:
        return
    n = max(1, _RANGE_BYTES // max(1, mapped[:1].nbytes))
    for begin in range(0, len(mapped), n):
        block = mapped[begin : begin + n]
        extremes = [block.min(), block.max()] if block.size else []
        too_large = [value for value in extremes if abs(value) > largest]
        if too_large:
            raise ValueError(
                f"Input X contains a value too large for dtype('{dtype}'), {too_large[0]:g}: scale X, or set "
                "dtype='float64'."
            )


_RANGE_BYTES = 1 << 24


def floating_dtype(X: Any) -> np.dtype[Any]:
    """The dtype that predictions of samples have, as those of scikit-learn's MLP: float32 for float32, else float64."""
    dtypes = getattr(X, "dtypes", None)  # of a data frame, one for each column
    dtypes = [getattr(X, "dtype", None)] if dtypes is None else list(dtypes)
    single = all(isinstance(each, np.dtype) and each == np.float32 for each in dtypes)
    return np.dtype("float32" if single else "float64")


def check_sample_weight(sample_weight: ArrayLike | None, n_samples: int, name: str) -> NDArray[np.float64]:
    """Sample weights as an array of shape (n_samples,), of ones when there are none; never the caller's own."""
    if sample_weight is None:
        return np.ones(n_samples)
    weight: NDArray[np.float64] = check_array(
        sample_weight, ensure_2d=False, dtype=np.float64, input_name=name, ensure_min_samples=0, copy=True
    )
    if weight.ndim == 0:
        weight = np.full(n_samples, weight)
    if weight.shape != (n_samples,):
        raise ValueError(
            f"{name} has shape {weight.shape}, but there are {n_samples} samples: give it the shape ({n_samples},)."
        )
    if (weight < 0).any():
        raise ValueError(f"{name} has negative values, such as {weight.min():g}: a weight is at least 0.")
    if not weight.any():
        raise ValueError(f"{name} is zero for every sample: at least one weight must be above 0.")
    with np.errstate(over="ignore"):
        if not np.isfinite(weight.sum()):
            raise ValueError(
                f"{name} has values up to {weight.max():g}, whose sum is too large for a number: divide them by a "
                "constant, since their proportions alone count."
            )
    return weight


def check_together(X_val: Any, y_val: Any, sample_weight_val: Any) -> None:
    """Refuse validation data without its other half: X_val and y_val come together or not at all."""
    if (X_val is None) != (y_val is None):
        given, missing = ("X_val", "y_val") if y_val is None else ("y_val", "X_val")
        raise ValueError(f"{given} was given without {missing}: give both, or neither.")
    if X_val is None:
        if sample_weight_val is not None:
            raise ValueError("sample_weight_val was given without X_val and y_val: give all three, or leave it out.")
        return
    check_consistent_length(X_val, y_val)


def split_rows(
    n_samples: int, strata: NDArray[np.intp] | None, validation_fraction: float, seed: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The rows to train on and those held out, stratified by class numbers when there are any.

    Raises
    ------
    ValueError
        If too few rows are left on either side.
    """
    n_val = math.ceil(validation_fraction * n_samples)
    n_train = n_samples - n_val
    least = 2 if strata is None else len(np.unique(strata))
    if min(n_val, n_train) < least or (strata is not None and np.bincount(strata)[np.unique(strata)].min() < 2):
        needed = "2 rows, for a score" if strata is None else f"a row of each of the {least} classes"
        raise ValueError(
            f"validation_fraction={validation_fraction!r} of {n_samples} samples holds out {n_val} and leaves "
            f"{n_train} to train on, but both sides need {needed}: change validation_fraction, pass X_val and y_val, "
            "or leave early_stopping at its default."
        )
    train, val = train_test_split(np.arange(n_samples), test_size=n_val, stratify=strata, random_state=seed)
    return np.sort(train), val


def _is_sequence(value: Any) -> bool:
    return not isinstance(value, str) and hasattr(value, "__len__") and getattr(value, "ndim", 1) > 0
