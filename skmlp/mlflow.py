"""MLflow's autologging, for fits of skmlp's estimators alone, too."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from skmlp._classifier import KerasMLPClassifier
from skmlp._regressor import KerasMLPRegressor
from skmlp._tabular_classifier import TabularMLPClassifier
from skmlp._tabular_regressor import TabularMLPRegressor

__all__ = ["autolog"]

_ESTIMATORS = (KerasMLPClassifier, KerasMLPRegressor, TabularMLPClassifier, TabularMLPRegressor)


def autolog(**options: Any) -> None:
    """Call ``mlflow.sklearn.autolog``, and have it log the fits of skmlp's estimators, too.

    Without this function, MLflow logs pipelines and searches with any estimators in them, and otherwise only
    scikit-learn's own estimators. With it, a fit of `KerasMLPClassifier`, `KerasMLPRegressor`, `TabularMLPClassifier`
    or `TabularMLPRegressor` logs its parameters, its scores on the training samples and the model, and ``score`` logs
    its result. A fit within a pipeline, a search or another estimator is logged as a part of it.

    Parameters
    ----------
    **options : dict
        Options of ``mlflow.sklearn.autolog``; ``disable=True`` ends the logging.

    Raises
    ------
    ImportError
        If MLflow is not installed.
    RuntimeError
        If this version of MLflow chooses the estimators in another way.

    See Also
    --------
    skmlp.SKOPS_TRUSTED_TYPES : The types to allow when MLflow saves a model with skops.

    Examples
    --------
    >>> import mlflow
    >>> import skmlp.mlflow
    >>> from sklearn.datasets import load_iris
    >>> from skmlp import KerasMLPClassifier
    >>> skmlp.mlflow.autolog(log_models=False)
    >>> with mlflow.start_run() as run:
    ...     mlp = KerasMLPClassifier((8,), epochs=5, random_state=0).fit(
    ...         *load_iris(return_X_y=True)
    ...     )
    >>> logged = mlflow.get_run(run.info.run_id).data
    >>> logged.params["epochs"], logged.params["hidden_layer_sizes"]
    ('5', '(8,)')
    >>> logged.metrics["training_accuracy_score"] == mlp.score(*load_iris(return_X_y=True))
    True
    >>> skmlp.mlflow.autolog(disable=True)
    """
    try:
        import mlflow.sklearn
    except ImportError as error:
        raise ImportError("skmlp.mlflow needs MLflow: pip install mlflow") from error
    with _ours_among_estimators(mlflow.sklearn):
        mlflow.sklearn.autolog(**options)


@contextmanager
def _ours_among_estimators(of_mlflow: Any) -> Iterator[None]:
    """Have MLflow find our estimators where it looks for scikit-learn's, which it does by a private function."""
    name = "_gen_estimators_to_patch"
    theirs = getattr(of_mlflow, name, None)
    if theirs is None:
        import mlflow

        raise RuntimeError(
            f"MLflow {mlflow.__version__} chooses the estimators that it logs in a way that this version of skmlp does "
            "not know: call mlflow.sklearn.autolog(), and fit make_pipeline(estimator) in place of the estimator."
        )
    setattr(of_mlflow, name, lambda: [*theirs(), *_ESTIMATORS])
    try:
        yield
    finally:
        setattr(of_mlflow, name, theirs)
