"""The code of the pages is run by ``python -m pytest docs --doctest-glob='*.rst'``."""

import importlib.util
import os

import pytest

import skmlp

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("RAY_AUTH_MODE", "disabled")
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("WANDB_SILENT", "true")

_WITH_OTHER_TOOLS = "with_other_tools.rst"
_OTHER_TOOLS = (
    "category_encoders",
    "dask_ml",
    "eli5",
    "fairlearn",
    "imblearn",
    "mapie",
    "mlflow",
    "mlxtend",
    "optuna_integration",
    "ray",
    "shap",
    "skforecast",
    "skrub",
    "sktime",
    "wandb",
)
_WARNINGS_OF_OTHER_TOOLS = (  # tests/ecosystem says why each
    "ignore:.*Any type hint is inferred:UserWarning:mlflow.types",
    "ignore::DeprecationWarning:mlflow.store.tracking",
    "ignore:`y_pred` was renamed:FutureWarning:sklearn.metrics",
    "ignore:OptunaSearchCV is experimental",
    "ignore:`optuna.terminator` module:FutureWarning",  # told of whoever calls the search
    "ignore::DeprecationWarning:ray.data.context",
    "ignore:The default of config ``remember_data``:FutureWarning:sktime",
)

# `tox -e ecosystem` has these packages, and runs the page.
_missing = [name for name in _OTHER_TOOLS if importlib.util.find_spec(name) is None]
collect_ignore = [f"user_guide/{_WITH_OTHER_TOOLS}"] if _missing else []


@pytest.fixture(autouse=True)
def _start_anew(tmp_path, monkeypatch):
    """Give each page a directory of its own to write to, and no compiled programs of the pages before."""
    monkeypatch.chdir(tmp_path)
    skmlp.clear_cache()


def pytest_collection_modifyitems(items):
    """Pass over a warning of NumPy 2, of what Keras does; all others are errors."""
    for item in items:
        # Keras makes arrays of the HDF5 data sets in a Keras file.
        item.add_marker(pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"))
        if item.path.name == _WITH_OTHER_TOOLS:
            for ignored in _WARNINGS_OF_OTHER_TOOLS:
                item.add_marker(pytest.mark.filterwarnings(ignored))
