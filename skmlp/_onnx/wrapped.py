"""Converters of the wrappers for skl2onnx: a user's own model, and the labels that its outputs stand for."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType

from skmlp._onnx.converters import LABEL_DTYPES, check_width, label_type
from skmlp._onnx.keras_model import model_outputs
from skmlp._onnx.nodes import Nodes


def classifier_shapes(operator: Any) -> None:
    """Give the labels and the probabilities of a wrapped classifier their types.

    Raises
    ------
    ValueError
        If its target is not a column of labels.
    """
    estimator = operator.raw_operator
    if estimator.target_type_ not in ("binary", "multiclass") or estimator.y_ndim_ != 1:
        raise ValueError(
            f"A KerasClassifier of a target of the type {estimator.target_type_!r} with {estimator.y_ndim_} dimensions "
            "cannot be written as nodes of ONNX: fit it on one label for each sample, (n_samples,)."
        )
    n_samples = check_width(operator)
    options = operator.scope_inst.get_options(estimator, {"zipmap": False})
    labels = label_type([np.asarray(estimator.classes_)], zipped=bool(options["zipmap"]))
    operator.outputs[0].type = labels([n_samples])
    number = FloatTensorType if options["zipmap"] is True else _number_type(operator)
    n_classes = 2 if estimator.target_type_ == "binary" else estimator.model_.outputs[0].shape[-1]
    operator.outputs[1].type = number([n_samples, n_classes])


def regressor_shapes(operator: Any) -> None:
    """Give the numbers of a wrapped regressor their type."""
    n_outputs = operator.raw_operator.model_.outputs[0].shape[-1]
    operator.outputs[0].type = _number_type(operator)([check_width(operator), n_outputs])


def _number_type(operator: Any) -> Any:
    """The type of what the model returns."""
    return DoubleTensorType if operator.raw_operator.model_.outputs[0].dtype == "float64" else FloatTensorType


def _outputs(scope: Any, operator: Any, container: Any) -> tuple[Nodes, str]:
    model = operator.raw_operator.model_
    nodes = Nodes(scope, container, model.outputs[0].dtype)
    tables = [nodes.cast(variable.full_name, nodes.dtype) for variable in operator.inputs]
    x = tables[0] if len(tables) == 1 else nodes("Concat", *tables, axis=1)
    return nodes, model_outputs(nodes, model, x)


def convert_classifier(scope: Any, operator: Any, container: Any) -> None:
    """Write a classifier: the label with the highest probability."""
    estimator = operator.raw_operator
    nodes, outputs = _outputs(scope, operator, container)
    label, numbers = operator.outputs
    if estimator.target_type_ == "binary" and estimator.model_.outputs[0].shape[-1] == 1:
        outputs = nodes("Concat", nodes("Sub", 1.0, outputs), outputs, axis=1)
    classes: NDArray[Any] = np.asarray(estimator.classes_).astype(LABEL_DTYPES[type(label.type)])
    nodes.of("float64")("Gather", classes, nodes("ArgMax", outputs, axis=1, keepdims=0), output=label.full_name)
    nodes("Identity", outputs, output=numbers.full_name)


def convert_regressor(scope: Any, operator: Any, container: Any) -> None:
    """Write a regressor."""
    nodes, outputs = _outputs(scope, operator, container)
    nodes("Identity", outputs, output=operator.outputs[0].full_name)
