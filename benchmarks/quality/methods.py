"""The methods, each as it comes: an estimator of scikit-learn's kind that takes a frame as it is, on one thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from benchmarks.quality.sets import Split


class Method(NamedTuple):
    """How an estimator is made for a split and a seed.

    Attributes
    ----------
    title : str
    make : callable
        Of a split and a seed.
    compiles : bool
        Whether a second fit is quicker than the first of a process.
    needs : str
        The package.
    """

    title: str
    make: Callable[[Split, int], Any]
    compiles: bool = False
    needs: str = "sklearn"


def _categories(split: Split) -> list[str]:
    return list(split.X.select_dtypes(exclude="number").columns)


def _arrays(split: Split, estimator: Any) -> Any:
    """Standardized numbers and one-hot rows of categories before an estimator."""
    from sklearn.compose import make_column_selector, make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    numbers = make_column_selector(dtype_include="number")
    categories = make_column_selector(dtype_exclude="number")
    columns = make_column_transformer(
        (make_pipeline(SimpleImputer(), StandardScaler()), numbers),
        (OneHotEncoder(handle_unknown="ignore", sparse_output=False), categories),
    )
    return make_pipeline(columns, estimator)


def _tabular(split: Split, seed: int) -> Any:
    import skmlp

    kind = skmlp.TabularMLPClassifier if split.is_classification else skmlp.TabularMLPRegressor
    return kind(random_state=seed)


def _plain(split: Split, seed: int) -> Any:
    import skmlp

    kind = skmlp.KerasMLPClassifier if split.is_classification else skmlp.KerasMLPRegressor
    return _arrays(split, kind(random_state=seed))


def _tuned(split: Split, seed: int) -> Any:
    import skmlp

    settings: dict[str, Any] = {
        "hidden_layer_sizes": (256, 256, 256),
        "kernel_initializer": "lecun_normal",
        "dropout": 0.15,
        "beta_2": 0.95,
        "weight_decay": 0.02,
        "learning_rate_schedule": "coslog4",
        "batch_size": 256,
        "epochs": 64,
        "random_state": seed,
    }
    if split.is_classification:
        classifier = skmlp.KerasMLPClassifier(activation="selu", learning_rate=0.0025, label_smoothing=0.1, **settings)
        return _arrays(split, classifier)
    regressor = skmlp.KerasMLPRegressor(
        activation="mish", learning_rate=0.005, target_scaling="standard", clip_predictions=True, **settings
    )
    return _arrays(split, regressor)


def _search(estimator: Any, space: Any, split: Split, seed: int) -> Any:
    """The best of 20 random candidates by a fifth of the training rows, fitted on all of them."""
    from sklearn.model_selection import RandomizedSearchCV, ShuffleSplit, StratifiedShuffleSplit

    folds = StratifiedShuffleSplit if split.is_classification else ShuffleSplit
    cv = folds(n_splits=1, test_size=0.2, random_state=seed)
    return RandomizedSearchCV(estimator, space, n_iter=20, cv=cv, error_score="raise", random_state=seed)


def _searched(split: Split, seed: int) -> Any:
    import skmlp

    return _search(_tabular(split, seed), skmlp.search_space("tabular"), split, seed)


def _searched_oof(split: Split, seed: int) -> Any:
    """The best of 20 random candidates by `oof_score_`: each is fitted on all training rows, and the best once more."""
    import numpy as np
    from sklearn.model_selection import RandomizedSearchCV

    import skmlp

    rows = np.arange(len(split.y))
    return RandomizedSearchCV(
        _tabular(split, seed),
        skmlp.search_space("tabular"),
        n_iter=20,
        scoring=lambda estimator, X, y: estimator.oof_score_,
        cv=[(rows, rows[:2])],
        error_score="raise",
        random_state=seed,
    )


def _searched_plain(split: Split, seed: int) -> Any:
    import skmlp

    pipeline = _plain(split, seed)
    return _search(pipeline, skmlp.search_space("mlp").prefixed(pipeline.steps[-1][0]), split, seed)


def _perceptron(split: Split, seed: int) -> Any:
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    return _arrays(split, (MLPClassifier if split.is_classification else MLPRegressor)(random_state=seed))


def _histogram_boosting(split: Split, seed: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    kind = HistGradientBoostingClassifier if split.is_classification else HistGradientBoostingRegressor
    return kind(categorical_features="from_dtype", random_state=seed)


def _lightgbm(split: Split, seed: int) -> Any:
    import lightgbm

    kind = lightgbm.LGBMClassifier if split.is_classification else lightgbm.LGBMRegressor
    return kind(random_state=seed, n_jobs=1, verbose=-1)


def _catboost(split: Split, seed: int) -> Any:
    import catboost
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer

    categories = _categories(split)

    def filled(X: Any) -> Any:
        """Missing categories as one of their own: it takes no NaN in a category."""
        return X.assign(**{name: X[name].astype(object).fillna("missing") for name in categories})

    kind = catboost.CatBoostClassifier if split.is_classification else catboost.CatBoostRegressor
    made = kind(random_seed=seed, thread_count=1, verbose=0, allow_writing_files=False, cat_features=categories)
    return make_pipeline(FunctionTransformer(filled), made)


def _pytabkit(name: str) -> Callable[[Split, int], Any]:
    def make(split: Split, seed: int) -> Any:
        import pytabkit

        kind = getattr(pytabkit, f"{name}_{'Classifier' if split.is_classification else 'Regressor'}")
        return kind(device="cpu", random_state=seed, n_threads=1, verbosity=0)

    return make


METHODS: dict[str, Method] = {
    "tabular": Method("skmlp, `TabularMLP…`", _tabular, compiles=True),
    "searched": Method("skmlp, `TabularMLP…`, best of 20 candidates", _searched),
    "searched_oof": Method("skmlp, `TabularMLP…`, best of 20 candidates by `oof_score_`", _searched_oof),
    "tuned": Method("skmlp, `KerasMLP…` with settings for tables", _tuned, compiles=True),
    "plain": Method("skmlp, `KerasMLP…`", _plain, compiles=True),
    "searched_plain": Method("skmlp, `KerasMLP…`, best of 20 candidates", _searched_plain),
    "perceptron": Method("scikit-learn, `MLP…`", _perceptron),
    "hist_boosting": Method("scikit-learn, `HistGradientBoosting…`", _histogram_boosting),
    "lightgbm": Method("LightGBM", _lightgbm, needs="lightgbm"),
    "catboost": Method("CatBoost", _catboost, needs="catboost"),
    "realmlp": Method("RealMLP-TD (pytabkit)", _pytabkit("RealMLP_TD"), needs="pytabkit"),
    "tabm": Method("TabM-D (pytabkit)", _pytabkit("TabM_D"), needs="pytabkit"),
}
