"""Converters of our estimators for skl2onnx: the outputs that each has, their types, and the nodes that make them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from skl2onnx import get_model_alias
from skl2onnx._parse import _parse_sklearn_classifier
from skl2onnx.common.data_types import (
    BooleanTensorType,
    DoubleTensorType,
    FloatTensorType,
    Int64TensorType,
    SequenceType,
    StringTensorType,
)

from skmlp._fitted import Fitted
from skmlp._onnx import network, tabular
from skmlp._onnx.network import outputs_of, scores_of
from skmlp._onnx.nodes import Nodes
from skmlp._onnx.tables import Columns, network_inputs
from skmlp._spec import NetworkSpec
from skmlp._tabular_spec import TabularSpec

CLASSIFIER_OPTIONS = {"zipmap": [True, False, "columns"], "output_class_labels": [False, True], "nocl": [False, True]}
"""What skl2onnx has for every classifier, as far as it goes with the target."""


def parse_classifier(scope: Any, model: Any, inputs: Any, custom_parsers: Any = None) -> Any:
    """The outputs of a classifier: labels, and probabilities, or scores where there are none.

    Several outputs have a sequence of probabilities, which no ``zipmap`` makes dictionaries of, and scores have none
    either.
    """
    if _has_one_table_of_probabilities(model._fit_result):
        return _parse_sklearn_classifier(scope, model, inputs, custom_parsers)
    operator = scope.declare_local_operator(get_model_alias(type(model)), model)
    operator.inputs = inputs
    name = "scores" if model.out_activation_ == "linear" else "probabilities"
    for variable in ("label", name):
        operator.outputs.append(scope.declare_local_variable(variable, FloatTensorType()))
    return operator.outputs


def _has_one_table_of_probabilities(fitted: Fitted) -> bool:
    return fitted.form.kind != "multioutput" and fitted.coding.output_activation != "linear"


def classifier_shapes(operator: Any) -> None:
    """Give the outputs of a classifier their types."""
    fitted = operator.raw_operator._fit_result
    n_samples = check_width(operator)
    labels, kind = fitted.form, fitted.form.kind
    options = operator.scope_inst.get_options(operator.raw_operator, {"zipmap": False})
    zipped = bool(options["zipmap"]) and _has_one_table_of_probabilities(fitted)
    tables = labels.classes if kind == "multioutput" else [labels.classes]
    several = len(labels.classes) if kind in ("one-hot", "multilabel", "multioutput") else None
    type_of_labels = label_type(tables, zipped=zipped)
    operator.outputs[0].type = type_of_labels([n_samples] if several is None else [n_samples, several])
    # The runtimes' ZipMap, which makes dictionaries, takes single precision alone.
    number = FloatTensorType if zipped and options["zipmap"] is True else _number_type(operator, fitted)
    if kind == "multioutput":
        operator.outputs[1].type = SequenceType(number())
    elif fitted.coding.output_activation == "linear" and kind == "binary":
        operator.outputs[1].type = number([n_samples])
    else:
        operator.outputs[1].type = number([n_samples, 2 if kind == "binary" else labels.n_outputs])


_LABEL_TYPES = {"b": BooleanTensorType, "f": DoubleTensorType, "i": Int64TensorType, "u": Int64TensorType}


def label_type(tables: Sequence[NDArray[Any]], *, zipped: bool) -> Any:
    """The type of the labels of one or several outputs: that of `predict`, or whole numbers as keys of dictionaries.

    Raises
    ------
    ValueError
        If there is none.
    """
    kinds = {"U" if _are_texts(classes) else classes.dtype.kind for classes in tables}
    (kind,) = kinds if len(kinds) == 1 else ("",)
    if kind == "U":
        return StringTensorType
    if kind not in _LABEL_TYPES:
        dtypes = ", ".join(sorted({str(classes.dtype) for classes in tables}))
        raise ValueError(
            f"ONNX has no type for labels of the dtype {dtypes}: fit on strings, numbers or booleans, the same for all "
            "outputs."
        )
    if not zipped or kind in "iu":
        return _LABEL_TYPES[kind]
    return Int64TensorType


def _are_texts(classes: NDArray[Any]) -> bool:
    return classes.dtype.kind == "U" or (
        classes.dtype == object and all(isinstance(label, str) for label in classes.tolist())
    )


def regressor_shapes(operator: Any) -> None:
    """Give the output of a regressor its type."""
    fitted = operator.raw_operator._fit_result
    n_samples = check_width(operator)
    operator.outputs[0].type = _number_type(operator, fitted)([n_samples, fitted.form.n_outputs])


def check_width(operator: Any) -> Any:
    """The number of rows, if it is fixed; the number of columns has to be that of the fit.

    Raises
    ------
    ValueError
    """
    widths = [variable.get_second_dimension() for variable in operator.inputs]
    n_features = operator.raw_operator.n_features_in_
    if None not in widths and sum(widths) != n_features:
        raise ValueError(
            f"The inputs have {sum(widths)} columns, but {type(operator.raw_operator).__name__} was fitted on "
            f"{n_features} features: give to_onnx samples as you give them to predict."
        )
    return operator.inputs[0].get_first_dimension()


def _number_type(operator: Any, fitted: Fitted) -> Any:
    """The type of numbers that are predicted: single precision if samples and the network have it."""
    single = all(isinstance(variable.type, FloatTensorType) for variable in operator.inputs)
    return FloatTensorType if single and fitted.plan.network.dtype == "float32" else DoubleTensorType


def _forward(nodes: Nodes, operator: Any, fitted: Fitted) -> list[str]:
    """The logits of each member for the inputs, whose tables are put side by side."""
    shape, weights = fitted.plan.network, fitted.state.weights
    if isinstance(shape, TabularSpec):
        estimator, learned = operator.raw_operator, fitted.preprocessor
        names = getattr(estimator, "feature_names_in_", range(estimator.n_features_in_))
        columns = Columns(nodes, operator.inputs, [str(name) for name in names])
        inputs = network_inputs(nodes, columns, learned, operator)
        return tabular.logits_of_members(nodes, shape, weights, inputs, learned._n_periodic)
    assert isinstance(shape, NetworkSpec)  # noqa: S101  (for the type checker: no other is registered)
    tables = [nodes.cast(variable.full_name, nodes.dtype) for variable in operator.inputs]
    x = tables[0] if len(tables) == 1 else nodes("Concat", *tables, axis=1)
    return network.logits_of_members(nodes, shape, weights, x)


def convert_classifier(scope: Any, operator: Any, container: Any) -> None:
    """Write a classifier."""
    fitted = operator.raw_operator._fit_result
    shape, labels = fitted.plan.network, fitted.form
    nodes = Nodes(scope, container, shape.dtype)
    members = _forward(nodes, operator, fitted)
    outputs = outputs_of(nodes, shape, members)
    scores = scores_of(nodes, shape, members, outputs)
    if fitted.coding.boundary:
        scores = [nodes("Sub", each, float(fitted.coding.boundary)) for each in scores]
    label, numbers = operator.outputs
    _write_labels(nodes, labels, scores, label)
    if labels.kind == "multioutput":
        dtype = _dtype(numbers.type.element_type)
        nodes("SequenceConstruct", *_shares(nodes, outputs, dtype), output=numbers.full_name)
    elif fitted.coding.output_activation == "linear":
        found = nodes.flat(scores[0]) if labels.kind == "binary" else scores[0]
        nodes.cast(found, _dtype(numbers.type), numbers.full_name)
    else:
        _write_probabilities(nodes, labels.kind, outputs, numbers)


def _write_labels(nodes: Nodes, labels: Any, scores: Sequence[str], label: Any) -> None:
    """Labels, as `skmlp._target_forms.Labels` decides them by scores, a slice for each head."""
    dtype = LABEL_DTYPES[type(label.type)]
    if labels.kind == "multilabel":
        nodes.cast(nodes("Greater", scores[0], 0.0), np.int64, label.full_name)
    elif labels.kind == "multioutput":
        columns = [
            nodes("Gather", classes.astype(dtype), nodes("ArgMax", head, axis=1, keepdims=1))
            for head, classes in zip(scores, labels.classes, strict=True)
        ]
        nodes.of("float64")("Concat", *columns, axis=1, output=label.full_name)
    else:
        if labels.kind == "binary":
            codes = nodes.cast(nodes.flat(nodes("Greater", scores[0], 0.0)), np.int64)
        else:
            codes = nodes("ArgMax", scores[0], axis=1, keepdims=0)
        one_hot = labels.kind == "one-hot"
        classes = np.eye(len(labels.classes), dtype=np.int64) if one_hot else labels.classes.astype(dtype)
        nodes.of("float64")("Gather", classes, codes, output=label.full_name)


LABEL_DTYPES = {
    BooleanTensorType: np.bool_,
    DoubleTensorType: np.float64,
    Int64TensorType: np.int64,
    StringTensorType: np.object_,
}


def _write_probabilities(nodes: Nodes, kind: str, outputs: Sequence[str], numbers: Any) -> None:
    """Probabilities, as `skmlp._target_forms.Labels` makes them of outputs."""
    dtype = _dtype(numbers.type)
    wide = nodes.of(dtype)
    if kind == "binary":
        second = nodes.cast(outputs[0], dtype)
        wide("Concat", wide("Sub", 1.0, second), second, axis=1, output=numbers.full_name)
    elif kind == "multilabel":
        nodes.cast(outputs[0], dtype, numbers.full_name)
    else:
        wide("Identity", _shares(nodes, outputs, dtype)[0], output=numbers.full_name)


def _shares(nodes: Nodes, tables: Sequence[str], dtype: str) -> list[str]:
    """Tables whose rows sum to 1 in a dtype: what does in the network's need not in a wider one."""
    wide = nodes.of(dtype)
    tables = [nodes.cast(table, dtype) for table in tables]
    if dtype == nodes.dtype:
        return tables
    return [wide("Div", table, wide.row_sums(table)) for table in tables]


def convert_regressor(scope: Any, operator: Any, container: Any) -> None:
    """Write a regressor, whose predictions are in the units of its target and within its limits if they are clipped."""
    fitted = operator.raw_operator._fit_result
    shape, form = fitted.plan.network, fitted.form
    nodes = Nodes(scope, container, shape.dtype)
    (values,) = outputs_of(nodes, shape, _forward(nodes, operator, fitted))
    (predicted,) = operator.outputs
    dtype = _dtype(predicted.type)
    if form.scale is not None:
        wide = nodes.of("float64")
        standardized = wide.cast(values, "float64")
        values = wide("Add", wide("Mul", standardized, form.scale.deviation), form.scale.mean)
    values = nodes.cast(values, dtype)
    if form.clip:
        values = nodes.of(dtype).clipped(values, *form.limits)
    nodes("Identity", values, output=predicted.full_name)


def _dtype(number_type: Any) -> str:
    return "float64" if isinstance(number_type, DoubleTensorType) else "float32"
