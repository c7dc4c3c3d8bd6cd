"""Fitted estimators, and whole pipelines with them, as files of ONNX, through skl2onnx."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.base import is_classifier

from skmlp._classifier import KerasMLPClassifier
from skmlp._columns import NUMBER, PandasTable, PolarsTable, kinds_of
from skmlp._regressor import KerasMLPRegressor
from skmlp._tabular_classifier import TabularMLPClassifier
from skmlp._tabular_regressor import TabularMLPRegressor

__all__ = ["register", "to_onnx"]


def to_onnx(
    model: Any,
    X: Any = None,
    *,
    name: str | None = None,
    initial_types: Any = None,
    target_opset: Any = None,
    options: Any = None,
    final_types: Any = None,
) -> Any:
    """Convert a fitted estimator, or a pipeline with one, to ONNX: every step in one file, labels and probabilities.

    It calls ``skl2onnx.to_onnx``, and adds converters of `KerasMLPClassifier`, `KerasMLPRegressor`,
    `TabularMLPClassifier`, `TabularMLPRegressor`, and of `wrappers.KerasClassifier` and `wrappers.KerasRegressor`
    around models of dense layers. They write the network from its weights, and what prepares the columns of a table, as
    nodes of ONNX's own operators. Who runs the file needs neither TensorFlow nor Keras.

    Parameters
    ----------
    model : estimator
        Fitted: one of these, or a pipeline, a search or another estimator that contains them and otherwise what
        skl2onnx knows.
    X : array-like, sparse matrix, data frame or sequence of str, default=None
        A few samples, of which the types of the inputs are read: one input for an array, one for each column of a
        frame, and one column of strings for texts. The numbers themselves do not matter. In the columns of an
        estimator for tables, a missing number is NaN, and a missing category "".
    name : str, default=None
        The name of the graph.
    initial_types : list of (str, type), default=None
        The inputs in skl2onnx's types, in place of ``X``.
    target_opset : int or dict, default=None
        The version of the operators, at least 13; None is the latest that skl2onnx knows.
    options : dict, default=None
        Those of skl2onnx, for each step. Other than there, ``zipmap`` is off unless you set it: probabilities are an
        array, as those of ``predict_proba``, and ``{"zipmap": True}`` makes dictionaries of them.
    final_types : list of (str, type), default=None
        Other names, or types, of the outputs.

    Returns
    -------
    onnx.ModelProto
        The model; its ``SerializeToString()`` returns the bytes of the file. A classifier has the outputs "label" and
        "probabilities", or "scores", those of ``decision_function``, if its outputs are linear; for several outputs,
        probabilities are a list. A regressor has the output "variable", (n_samples, n_outputs) even for a target of one
        dimension. Numbers are float32 if the inputs and the network are, otherwise float64; those of a wrapper are of
        the dtype of its model.

    Raises
    ------
    ImportError
        If skl2onnx is not installed.
    ValueError
        If something has no counterpart in ONNX, such as an activation of your own, or a layer of a wrapped model that
        is not one of the usual ones of a multi-layer perceptron. The message names it.

    See Also
    --------
    register : Lets ``skl2onnx.to_onnx`` convert the estimators.

    Examples
    --------
    >>> import numpy as np
    >>> import onnxruntime
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skmlp import KerasMLPClassifier
    >>> from skmlp.onnx import to_onnx
    >>> X, y = load_iris(return_X_y=True)
    >>> pipeline = make_pipeline(
    ...     StandardScaler(), KerasMLPClassifier((8,), epochs=5, random_state=0)
    ... ).fit(X, y)
    >>> session = onnxruntime.InferenceSession(to_onnx(pipeline, X).SerializeToString())
    >>> labels, probabilities = session.run(None, {"X": X})
    >>> np.array_equal(labels, pipeline.predict(X))
    True
    >>> np.allclose(probabilities, pipeline.predict_proba(X), atol=1e-6)
    True
    """
    register()
    import skl2onnx

    if isinstance(target_opset, int) and target_opset < 13:
        raise ValueError(f"target_opset={target_opset!r} is too old: give at least 13.")
    if is_classifier(model):
        options = _without_zipmap(model, options or {})
    return skl2onnx.to_onnx(
        model,
        None if X is None else _sample(X),
        name=name,
        initial_types=initial_types,
        target_opset=target_opset,
        options=options,
        final_types=final_types,
    )


def register() -> None:
    """Register the estimators with skl2onnx.

    After it, ``skl2onnx.to_onnx`` and ``skl2onnx.convert_sklearn`` convert them. `to_onnx` calls it.

    Raises
    ------
    ImportError
        If skl2onnx is not installed.

    See Also
    --------
    to_onnx : Converts an estimator or a pipeline.

    Examples
    --------
    >>> import skl2onnx
    >>> import skmlp.onnx
    >>> skmlp.onnx.register()
    """
    try:
        import skl2onnx
    except ImportError as error:
        raise ImportError("skmlp.onnx needs skl2onnx: pip install 'skmlp[onnx]'") from error
    from skmlp._onnx import converters, wrapped

    for classifier in (KerasMLPClassifier, TabularMLPClassifier):
        skl2onnx.update_registered_converter(
            classifier,
            f"Skmlp{classifier.__name__}",
            converters.classifier_shapes,
            converters.convert_classifier,
            parser=converters.parse_classifier,
            options=converters.CLASSIFIER_OPTIONS,
        )
    for regressor in (KerasMLPRegressor, TabularMLPRegressor):
        skl2onnx.update_registered_converter(
            regressor, f"Skmlp{regressor.__name__}", converters.regressor_shapes, converters.convert_regressor
        )
    wrappers = sys.modules.get("skmlp.wrappers")  # who has one has imported it, and TensorFlow with it
    if wrappers is not None:
        skl2onnx.update_registered_converter(
            wrappers.KerasClassifier,
            "SkmlpWrappersKerasClassifier",
            wrapped.classifier_shapes,
            wrapped.convert_classifier,
            options=converters.CLASSIFIER_OPTIONS,
        )
        skl2onnx.update_registered_converter(
            wrappers.KerasRegressor,
            "SkmlpWrappersKerasRegressor",
            wrapped.regressor_shapes,
            wrapped.convert_regressor,
        )


def _without_zipmap(model: Any, options: dict[Any, Any]) -> dict[Any, Any]:
    """Options by which probabilities are an array, unless they say otherwise.

    skl2onnx takes names of steps and options, or classes and ids of steps, and not both.
    """
    if all(isinstance(key, str) for key in options):
        return {"zipmap": False, **options}
    return {**options, id(model): {"zipmap": False, **options.get(id(model), {})}}


def _sample(X: Any) -> Any:
    """Samples as skl2onnx reads the types of inputs from them."""
    if issparse(X):
        return np.zeros((1, X.shape[1]), X.dtype)
    if hasattr(X, "columns"):
        return _types_of(X)
    array = np.asarray(X)
    if array.ndim == 1 and all(isinstance(each, str) for each in array[:1].tolist()):
        from skl2onnx.common.data_types import StringTensorType

        return [("X", StringTensorType([None, 1]))]
    return array


def _types_of(frame: Any) -> list[tuple[str, Any]]:
    """An input for each column of a data frame: of its dtype, of strings, or of numbers that may be missing."""
    from skl2onnx.common.data_types import DoubleTensorType, StringTensorType, _guess_numpy_type

    table = PandasTable(frame) if hasattr(frame, "iloc") else PolarsTable(frame)
    types = []
    for position, name in enumerate(frame.columns):
        dtype = frame.dtypes.iloc[position] if hasattr(frame, "iloc") else frame[name].to_numpy().dtype
        if isinstance(dtype, np.dtype) and dtype.kind in "biuf":
            found = _guess_numpy_type(dtype, [None, 1])
        elif table.kinds[position] == NUMBER:
            found = DoubleTensorType([None, 1])
        else:
            numbers = kinds_of(table.categories(position, slice(None))) == {"numbers"}
            found = (DoubleTensorType if numbers else StringTensorType)([None, 1])
        types.append((str(name), found))
    return types
