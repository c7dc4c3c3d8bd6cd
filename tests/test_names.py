"""Names from elsewhere are answered with ours, and a method that answers is the same method to everybody else."""

import copy
import inspect
import pickle
import re

import pytest
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor

from skmlp import KerasMLPClassifier, KerasMLPRegressor, TabularMLPClassifier, TabularMLPRegressor
from skmlp._names import ANSWERS, nearest

ESTIMATORS = [KerasMLPClassifier, KerasMLPRegressor]
TABULAR = [TabularMLPClassifier, TabularMLPRegressor]


@pytest.mark.parametrize("cls", ESTIMATORS)
@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("max_iter", "epochs"),
        ("n_iter", "epochs"),
        ("alpha", "l2"),
        ("learning_rate_init", "learning_rate"),
        ("solver", "optimizer"),
        ("validation_data", "X_val and y_val"),
        ("kernel_regularizer", "l1 and l2"),
        ("lr", "learning_rate"),
        ("batch_norm", "normalization='batch'"),
        ("optimizer__learning_rate", "such as learning_rate"),
        ("n_estimators", "n_members"),
        ("ensemble_size", "n_members"),
        ("learning_rat", "did you mean 'learning_rate'"),
        ("sample_weight", "given to fit"),
    ],
)
def test_a_constructor_answers_names_from_elsewhere(cls, name, ours):
    with pytest.raises(TypeError, match=rf"__init__\(\) got an unexpected keyword argument '{name}'.*{ours}"):
        cls(**{name: 1})


@pytest.mark.parametrize("cls", TABULAR)
@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("alpha", "weight_decay"),
        ("l2_regularization", "weight_decay"),
        ("solver", "beta_1, beta_2"),
        ("optimizer__momentum", "beta_1, beta_2"),
        ("normalization", "numeric_scaling"),
        ("max_iter", "epochs"),
        ("n_estimators", "n_members"),
        ("categorical_feature", "categorical_features"),
        ("cat_features", "categorical_features"),
        ("max_depth", "no trees.*hidden_layer_sizes"),
        ("early_stopping_rounds", "n_iter_no_change"),
        ("validation_data", "early_stopping='validation'"),
        ("patience", "early_stopping='out-of-fold'"),
        ("random_seed", "random_state"),
        ("objective", "loss"),
        ("n_member", "did you mean 'n_members'"),
    ],
)
def test_the_estimators_for_tables_answer_with_their_own_names(cls, name, ours):
    with pytest.raises(TypeError, match=rf"__init__\(\) got an unexpected keyword argument '{name}'.*{ours}"):
        cls(**{name: 1})
    with pytest.raises(ValueError, match=rf"(?s)Invalid parameter '{name}'.*{ours}"):
        cls().set_params(**{name: 1})


@pytest.mark.parametrize("cls", TABULAR)
def test_the_answers_of_the_estimators_for_tables_name_no_parameter_of_others(cls):
    foreign = set(KerasMLPRegressor().get_params()) - set(cls().get_params()) - {"loss"}
    named = {name: foreign & set(re.findall(r"\w+", answer)) for name, answer in cls._answers.items()}
    assert {name: words for name, words in named.items() if words} == {}


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        *((TabularMLPClassifier, each) for each in (MLPClassifier, HistGradientBoostingClassifier, KerasMLPClassifier)),
        *((TabularMLPRegressor, each) for each in (MLPRegressor, HistGradientBoostingRegressor, KerasMLPRegressor)),
    ],
)
def test_every_parameter_of_others_is_one_for_tables_or_is_answered(ours, theirs):
    assert set(theirs().get_params()) <= set(ours().get_params()) | set(ours._answers)


def test_a_name_like_none_is_refused_as_python_does():
    with pytest.raises(TypeError, match=r"unexpected keyword argument 'qqq'$"):
        KerasMLPClassifier(qqq=1)


@pytest.mark.parametrize("cls", ESTIMATORS)
def test_set_params_answers_names_from_elsewhere(cls):
    for name, ours in [("alpha", "l2"), ("max_iter", "epochs"), ("epoch", "'epochs'"), ("qqq", "hidden_layer_sizes")]:
        with pytest.raises(ValueError, match=f"(?s)Invalid parameter '{name}'.*{ours}"):
            cls().set_params(**{name: 1})


@pytest.mark.parametrize("cls", ESTIMATORS)
def test_fit_answers_names_from_elsewhere(cls, line):
    X, y = line
    for name, ours in [("validation_data", "X_val and y_val"), ("epochs", r"set_params\(epochs=...\)")]:
        for method in (cls().fit, cls().partial_fit):
            with pytest.raises(TypeError, match=rf"{method.__name__}\(\) got .*'{name}'.*{ours}"):
                method(X, y > 0, **{name: 1})


@pytest.mark.parametrize(("ours", "theirs"), [(KerasMLPClassifier, MLPClassifier), (KerasMLPRegressor, MLPRegressor)])
def test_every_parameter_of_scikit_learns_mlp_is_ours_or_is_answered(ours, theirs):
    assert set(theirs().get_params()) <= set(ours().get_params()) | set(ANSWERS)


@pytest.mark.parametrize("cls", [*ESTIMATORS, *TABULAR])
def test_no_answer_hides_a_parameter(cls):
    assert not set(cls._answers) & set(cls().get_params())


@pytest.mark.parametrize("cls", ESTIMATORS)
def test_signatures_are_as_they_are_written(cls):
    assert list(inspect.signature(cls).parameters)[:3] == ["hidden_layer_sizes", "activation", "n_members"]
    kinds = {parameter.kind for parameter in inspect.signature(cls).parameters.values()}
    assert kinds == {inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY}
    assert "validation_data" not in inspect.signature(cls.fit).parameters
    assert "X_val" in inspect.signature(cls().fit).parameters


class Smaller(KerasMLPClassifier):
    """A subclass with a constructor of its own."""

    def __init__(self, hidden_layer_sizes=(5,), *, max_iter=3):
        super().__init__(hidden_layer_sizes)
        self.max_iter = max_iter


def test_estimators_and_their_subclasses_are_made_in_every_way():
    for estimator in (KerasMLPClassifier((3,), "tanh", epochs=2), Smaller((4,), max_iter=7)):
        for again in (clone(estimator), copy.copy(estimator), copy.deepcopy(estimator)):
            assert again.get_params() == estimator.get_params()
        assert pickle.loads(pickle.dumps(estimator)).get_params() == estimator.get_params()
    with pytest.raises(TypeError, match="alpha"):
        Smaller(alpha=1)
    with pytest.raises(ValueError, match=r"'alpha'.*l2"):
        Smaller().set_params(alpha=1)


def test_the_nearest_names_are_found_whatever_their_case():
    assert nearest("ReLU6", ["relu", "relu6", "tanh"]).startswith("did you mean 'relu6'")
    assert nearest("qqq", ["relu"]) == ""


@pytest.mark.parametrize("estimator", [KerasMLPRegressor, TabularMLPClassifier])
def test_missing_and_surplus_arguments_of_fit_are_errors_of_the_estimator_itself(estimator):
    name = estimator.__name__
    with pytest.raises(TypeError, match=rf"^{name}\.fit\(\): missing a required argument: 'y'$"):
        estimator().fit([[0.0], [1.0]])
    with pytest.raises(TypeError, match=rf"^{name}\.fit\(\): multiple values for argument 'X'$"):
        estimator().fit([[0.0], [1.0]], [0, 1], X=[[0.0]])
    with pytest.raises(TypeError, match=rf"^{name}\.__init__\(\): too many positional arguments$"):
        estimator((2,), "relu", 3)
