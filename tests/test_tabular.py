"""The estimators for tables: frames in, predictions out, and what members predict out of fold."""

import pickle
import re
import tracemalloc
import warnings

import keras
import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.metrics import accuracy_score, r2_score
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import StandardScaler
from sklearn.utils import check_random_state
from sklearn.utils.estimator_checks import check_sample_weight_equivalence_on_dense_data, parametrize_with_checks

from skmlp import TabularMLPClassifier, TabularMLPRegressor, cache_info, search_space
from skmlp._folds import Folds

SMALL = {"hidden_layer_sizes": (8,), "n_members": 3, "random_state": 0}
_DRAWN_BY_ROW = "folds, dropout and quantiles are of rows, so that a repeated row is not a row of twice the weight"


@parametrize_with_checks(
    [TabularMLPClassifier((8,), n_members=2), TabularMLPRegressor((8,), n_members=2)],
    expected_failed_checks=lambda _: {"check_sample_weight_equivalence_on_dense_data": _DRAWN_BY_ROW},
)
def test_scikit_learns_estimator_checks(estimator, check):
    with warnings.catch_warnings():
        warnings.simplefilter("default")  # as for the other estimators: checks warn on purpose
        check(estimator)


@pytest.mark.parametrize("cls", [TabularMLPClassifier, TabularMLPRegressor])
def test_where_nothing_is_drawn_by_row_a_row_of_weight_two_is_two_rows(cls):
    nothing = {"dropout": 0.0, "early_stopping": None, "numeric_scaling": None, "dtype": "float64"}
    check_sample_weight_equivalence_on_dense_data(cls.__name__, cls((8,), n_members=2, epochs=8, **nothing))


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    n = 240
    frame = pd.DataFrame(
        {
            "age": rng.normal(40, 10, n),
            "job": rng.choice(["cook", "clerk", "pilot"], n).astype(object),
            "town": rng.choice([f"town {i}" for i in range(12)], n).astype(object),
            "member": rng.random(n) < 0.5,
        }
    )
    frame.loc[::7, "age"] = np.nan
    frame.loc[::11, "job"] = None
    y = np.where((frame["age"].fillna(40) > 40) | (frame["job"] == "cook"), "yes", "no")
    return frame, y


@pytest.fixture(scope="module")
def classifier(table):
    return TabularMLPClassifier(max_one_hot=5, epochs=24, batch_size=40, **SMALL).fit(*table)


def test_a_frame_with_categories_and_gaps_is_learned(classifier, table):
    assert classifier.score(*table) > 0.9
    assert list(classifier.feature_names_in_) == ["age", "job", "town", "member"]
    assert classifier.preprocessor_.one_hot_columns_ == [1]
    assert classifier.preprocessor_.embedded_ == [2]


def test_categories_nobody_has_seen_are_predicted(classifier, table):
    X = table[0].head(3).copy()
    X["job"], X["town"] = "judge", "nowhere"
    assert classifier.model_inputs(X)[2].tolist() == [[0]] * 3
    assert np.isfinite(classifier.predict_proba(X)).all()


def test_a_polars_frame_is_the_same_table(classifier, table):
    X = pl.DataFrame({name: [None if pd.isna(value) else value for value in table[0][name]] for name in table[0]})
    np.testing.assert_array_equal(classifier.predict_proba(X), classifier.predict_proba(table[0]))


@pytest.fixture(scope="module")
def categorical():
    """A table with a column of categories, its target, and what is predicted of it."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"age": rng.normal(size=30), "job": rng.choice(["cook", "clerk", "pilot"], 30).astype(object)})
    y = np.where(X["job"] == "cook", "yes", "no")
    return X, y, TabularMLPClassifier(epochs=2, **SMALL).fit(X, y).predict_proba(X)


def test_each_member_leaves_out_its_fold_and_predicts_it(classifier, table):
    _, y = table
    folds = Folds.shuffled(3, np.ones(240, bool), np.unique(y, return_inverse=True)[1], seed=5)
    weights = folds.weights(np.full(240, 2.0, np.float32))
    assert [set(np.flatnonzero(column == 0)) for column in weights.T] == [
        set(np.flatnonzero(folds.numbers == fold)) for fold in range(3)
    ]
    np.testing.assert_allclose(weights.mean(axis=1), 2.0)  # a sample counts as much as without folds
    assert np.ptp([np.bincount(folds.numbers[y == label], minlength=3) for label in ("no", "yes")], axis=1).max() <= 1
    fitted = classifier._fit_result
    inputs = classifier.model_inputs(table[0])
    _, outputs = folds.predict(fitted.plan.network, fitted.state.weights, inputs)
    model = keras.Model(classifier.model_.inputs, classifier.model_.get_layer("output").output)
    logits = keras.ops.convert_to_numpy(model(inputs))  # (n_members, n_samples, 1): each member for all samples
    own = logits[folds.numbers, np.arange(240)]
    np.testing.assert_allclose(outputs, 1 / (1 + np.exp(-own)), atol=1e-5)


def test_scores_out_of_fold_are_those_of_the_predictions(classifier, table):
    labels = classifier.classes_[classifier.oof_predictions_.argmax(axis=1)]
    assert classifier.oof_score_ == pytest.approx(accuracy_score(table[1], labels))
    scores = np.array(classifier.history_["oof_score"])
    assert classifier.best_epoch_ == np.flatnonzero(scores == np.nanmax(scores))[-1] + 1


def test_nothing_is_learned_out_of_fold_of_targets_that_are_drawn_at_random():
    # Tables of categories that members shared would hand the targets of a member's fold to it.
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"shop": rng.integers(0, 200, 600).astype(str), "size": rng.normal(size=600)})
    y = rng.integers(0, 2, 600)
    fitted = TabularMLPClassifier(max_one_hot=5, epochs=16, batch_size=40, **SMALL).fit(X, y)
    assert fitted.oof_score_ < 0.55


def test_frequencies_of_the_search_space_hand_no_random_targets_to_members_that_leave_them_out():
    # Members share the embedding: with a scale of 3, R² out of fold is 0.54 here.
    rng = np.random.default_rng(0)
    _, greatest = search_space("tabular")["frequency_scale"].support()
    options = {"epochs": 40, "batch_size": 64, "dropout": 0, "random_state": 0}
    regressor = TabularMLPRegressor((32,), frequency_scale=greatest, **options)
    assert regressor.fit(rng.normal(size=(600, 5)), rng.normal(size=600)).oof_score_ < 0.05


def test_the_regressor_predicts_in_the_units_and_the_range_of_its_target():
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, (300, 2))
    y = 5e4 + 1e4 * X[:, 0]
    regressor = TabularMLPRegressor(epochs=24, **SMALL).fit(X, y)
    assert regressor.score(X, y) > 0.9
    assert regressor.oof_score_ == pytest.approx(r2_score(y, regressor.oof_predictions_), abs=1e-6)
    assert regressor.predict(100 * X).max() <= np.float32(y.max())
    np.testing.assert_allclose(
        np.clip(regressor.model_.predict(regressor.model_inputs(X), verbose=0).ravel(), y.min(), y.max()),
        regressor.predict(X),
        rtol=1e-5,
    )


@pytest.mark.filterwarnings("ignore:__array__:DeprecationWarning")  # Keras 3.15 saves so
@pytest.mark.filterwarnings("ignore:(.|\\n)*structure of `inputs`:UserWarning")  # Keras 3.6 predicts lists so
def test_the_keras_model_predicts_the_mean_of_the_members(classifier, table, tmp_path):
    inputs = classifier.model_inputs(table[0])
    expected = classifier.predict_proba(table[0])[:, 1]
    np.testing.assert_allclose(classifier.model_.predict(inputs, verbose=0).ravel(), expected, atol=1e-5)
    classifier.model_.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(again.predict(inputs, verbose=0).ravel(), expected, atol=1e-5)


def test_the_same_seed_gives_the_same_bits_also_after_pickling(classifier, table):
    again = pickle.loads(pickle.dumps(classifier))
    np.testing.assert_array_equal(again.predict_proba(table[0]), classifier.predict_proba(table[0]))
    np.testing.assert_array_equal(
        clone(classifier).fit(*table).predict_proba(table[0]), classifier.predict_proba(table[0])
    )


def test_a_search_over_values_and_folds_compiles_one_program(table):
    X = table[0][["age", "job", "member"]]
    make = TabularMLPClassifier(epochs=1, batch_size=40, **SMALL).fit(X.head(160), table[1][:160])
    grid = {
        "learning_rate": [0.01, 0.1],
        "frequency_scale": [0.1, 1.0],
        "label_smoothing": [0.05, 0.2],
        "dropout_schedule": [None, "flat_cosine"],
    }
    before = cache_info().traces
    GridSearchCV(make, grid, cv=3, refit=False).fit(X, table[1])
    assert cache_info().traces == before


def test_a_sample_of_weight_zero_is_as_good_as_absent(table):
    frame, y = table
    weight = np.ones(len(y))
    weight[200:] = 0
    make = TabularMLPClassifier(epochs=2, **SMALL)
    with_zeros = clone(make).fit(frame, y, sample_weight=weight)
    without = clone(make).fit(frame.head(200), y[:200])
    np.testing.assert_array_equal(with_zeros.predict_proba(frame), without.predict_proba(frame))
    np.testing.assert_array_equal(with_zeros.oof_predictions_[:200], without.oof_predictions_)


def test_a_fit_of_many_rows_holds_no_second_copy_of_the_inputs(monkeypatch):
    monkeypatch.setattr("skmlp._tables._ROWS_FITTED", 2_000)  # so that both fits learn scales of as many rows
    rng = np.random.default_rng(0)
    make = TabularMLPClassifier(epochs=2, batch_size=1_000, **{**SMALL, "n_members": 2})
    X = rng.normal(size=(60_000, 20))
    y = X[:, 0] > 0
    make.fit(X[:20_000], y[:20_000])  # compiles
    peaks = []
    for n in (20_000, 60_000):
        tracemalloc.start()
        make.fit(X[:n], y[:n])
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    of_a_row = (peaks[1] - peaks[0]) / 40_000
    assert make.model_inputs(X[:1]).nbytes == 80
    assert 80 + 2 * 4 < of_a_row < 240  # a copy of X in double precision would be 160 more


def test_progress_says_the_score_out_of_fold_and_the_time_left(table, monkeypatch, capsys):
    monkeypatch.setattr("skmlp._watch.progress._LOG_SECONDS", 0.0)  # a line for each epoch
    TabularMLPClassifier(epochs=4, verbose=1, **SMALL).fit(*table)
    *lines, last = capsys.readouterr().out.splitlines()
    assert [re.search(r"epoch (\d)/4 ", line)[1] for line in lines] == ["1", "2", "3"]
    assert all(re.search(r"  [\d.]+ s left$", line) for line in lines)
    assert ["oof_score" in line for line in [*lines, last]] == [False, True, False, True]
    assert re.search(r"epoch 4/4 .* in [\d.]+ s$", last)


def test_early_stopping_by_validation_samples(table):
    make = TabularMLPClassifier(epochs=9, early_stopping="validation", n_iter_no_change=1, **SMALL)
    fitted = make.fit(*table, X_val=table[0], y_val=table[1])
    assert fitted.n_iter_ <= 9
    assert fitted.history_["val_score"][fitted.best_epoch_ - 1] == max(fitted.history_["val_score"])
    with pytest.raises(AttributeError, match=r"early_stopping='out-of-fold'"):
        _ = fitted.oof_score_


def test_parameters_that_are_set_after_a_fit_change_no_prediction(classifier, table):
    before = classifier.predict_proba(table[0])
    changed = pickle.loads(pickle.dumps(classifier))
    changed.set_params(dtype="float64", categorical_features=None, max_one_hot=0, n_members=1, numeric_scaling=None)
    np.testing.assert_array_equal(changed.predict_proba(table[0]), before)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda X: X[["job", "age", "town", "member"]], "must be in the same order"),
        (lambda X: X.drop(columns="job"), r"now missing:\n- job"),
        (lambda X: X.assign(wage=1.0), r"unseen at fit time:\n- wage"),
        (lambda X: X.rename(columns={"age": "Age"}), r"unseen at fit time:\n- Age\n.*now missing:\n- age"),
        (lambda X: X.head(0), r"0 sample\(s\)"),
    ],
)
def test_other_columns_than_at_fit_are_refused_as_scikit_learn_does(classifier, table, change, message):
    changed = change(table[0].head(9))
    for each in (changed, pl.from_pandas(changed)):
        with pytest.raises(ValueError, match=message):
            classifier.predict(each)
        with pytest.raises(ValueError, match=rf"X_val: [\s\S]*{message}"):
            clone(classifier).fit(*table, X_val=each, y_val=table[1][: len(changed)])


@pytest.mark.filterwarnings("ignore:X does not have valid feature names")  # as scikit-learn warns
def test_one_column_is_no_table(classifier, table):
    with pytest.raises(ValueError, match=r"Expected (2D array|a 2-dimensional container)"):
        classifier.predict(table[0]["age"])


def test_there_is_no_partial_fit():
    assert not hasattr(TabularMLPClassifier(), "partial_fit")


@pytest.mark.parametrize(
    ("columns", "changes", "message"),
    [
        ({"when": pd.date_range("2020", periods=240)}, {}, r"'when' of X holds dates.*make numbers"),
        ({}, {"categorical_features": ["jop"]}, r"'jop', which is not a column of X: did you mean 'job'"),
        ({}, {"categorical_features": [9]}, r"names the column 9, but X has 4"),
        ({}, {"categorical_features": [True]}, r"a mask of 1 columns, but X has 4"),
        ({}, {"categorical_features": None}, r"'job' of X is numeric, but holds.*categorical_features"),
        ({"age": np.inf}, {}, r"infinity in the column 'age'"),
        ({}, {"categorical_features": [-1]}, r"names the column -1, but X has 4: count from 0"),
        ({}, {"n_members": 0}, "n_members"),
        ({}, {"early_stopping": "validation", "validation_fraction": 0.999}, "leave early_stopping at its default"),
        ({}, {"early_stopping": "sometimes"}, "early_stopping"),
        ({}, {"numeric_scaling": "best"}, "numeric_scaling"),
        (
            {},
            {"numeric_scaling": StandardScaler},
            r"numeric_scaling=.*StandardScaler'> is a class: give it an instance",
        ),
    ],
)
def test_what_cannot_be_used_is_named_with_a_remedy(table, columns, changes, message):
    with pytest.raises(ValueError, match=message):
        TabularMLPClassifier(**{**SMALL, **changes}).fit(table[0].assign(**columns), table[1])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"loss": "poisson"}, r"loss='poisson' does not fit the unbounded outputs.*choose another loss, or Keras"),
        ({"loss": "hinge"}, r"does not work with loss='hinge'.*set target_scaling=None, or take one of the losses"),
        ({"learning_rate": 1e30}, r"diverged. Try a smaller learning_rate .*, or numeric_scaling='quantile'\.$"),
    ],
)
def test_errors_name_parameters_that_there_are(line, changes, message):
    with pytest.raises(ValueError, match=message):
        TabularMLPRegressor(epochs=2, **{**SMALL, **changes}).fit(*line)


FEW = pd.DataFrame({"x": [1.0, 2.5, -1.0, 0.5, 3.0, 2.0], "c": list("abcabc")})

TABLES = {
    "one column of numbers": FEW[["x"]],
    "one column of categories": FEW[["c"]],
    "categories alone": FEW[["c"]].assign(d=list("xyxyxx")),
    "constants": pd.DataFrame({"x": [1.0] * 6, "c": ["a"] * 6}),
    "missing alone": pd.DataFrame({"x": [np.nan] * 6, "c": [None] * 6}),
    "two values": pd.DataFrame({"x": [0.0, 1.0] * 3}),
}


@pytest.mark.parametrize("max_one_hot", [0, 64], ids=["embedded", "one-hot"])
@pytest.mark.parametrize("X", TABLES.values(), ids=TABLES.keys())
def test_small_tables_are_fitted_and_predicted(X, max_one_hot):
    fitted = TabularMLPClassifier(epochs=2, max_one_hot=max_one_hot, **SMALL).fit(X, list("ppqqqp"))
    probabilities = fitted.predict_proba(X)
    assert np.isfinite(probabilities).all()
    assert fitted.oof_predictions_.shape == (6, 2)
    if not X.nunique().gt(1).any():  # nothing to tell samples by
        np.testing.assert_array_equal(probabilities, probabilities[[0] * 6])


@pytest.mark.parametrize("y", ["pqpqrr", "pqpqpr"], ids=["two rows for each class", "one row in a class"])
@pytest.mark.parametrize("n_members", [2, 8], ids=["fewer members than rows", "more members than rows"])
def test_few_rows_are_learned(y, n_members):
    fitted = TabularMLPClassifier(**{**SMALL, "n_members": n_members, "epochs": 1}).fit(FEW, list(y))
    assert np.isfinite(fitted.oof_predictions_).all()
    assert set(fitted.predict(FEW)) <= set(y)


TARGETS = {
    "booleans": [True, False, True, True, False, False],
    "series of another index": pd.Series(list("qpqqpp"), index=[7, 5, 3, 1, 0, 9]),
    "nullable strings": pd.Series(list("qpqqpp"), dtype="string"),
    "nullable booleans": pd.Series([True, False, True, True, False, False], dtype="boolean"),
    "arrow": pd.Series(list("qpqqpp"), dtype="string[pyarrow]"),
    "categories": pd.Series(list("qpqqpp"), dtype="category"),
    "polars": pl.Series(list("qpqqpp")),
}
"""The same target, of labels in the same order."""


@pytest.mark.parametrize("y", TARGETS.values(), ids=TARGETS.keys())
def test_targets_are_learned_whatever_their_dtype(y):
    make = TabularMLPClassifier(epochs=1, **SMALL)
    fitted = clone(make).fit(FEW, y)
    assert list(fitted.classes_) == sorted(set(y))
    assert set(fitted.predict(FEW)) <= set(y)
    np.testing.assert_array_equal(
        fitted.predict_proba(FEW), clone(make).fit(FEW, [1, 0, 1, 1, 0, 0]).predict_proba(FEW)
    )


def test_a_regressor_learns_of_two_rows():
    fitted = TabularMLPRegressor(epochs=2, **SMALL).fit(
        FEW.head(2), pd.Series([1.0, 2.0], index=[5, 3], dtype="Float64")
    )
    assert fitted.oof_predictions_.shape == (2,)
    assert np.isfinite(fitted.predict(FEW)).all()


def test_weights_may_be_zero_on_whole_folds_and_whole_classes(table):
    X, y = table[0].head(60), table[1][:60]
    make = TabularMLPClassifier(epochs=2, **SMALL)
    strata = np.unique(y, return_inverse=True)[1]
    folds = Folds.shuffled(3, np.ones(60, bool), strata, int(check_random_state(0).randint(2**30)))
    for weight in ((folds.numbers != 0).astype(float), (folds.numbers == 0).astype(float)):
        fitted = clone(make).fit(X, y, weight)
        without = clone(make).fit(X[weight > 0], y[weight > 0])
        np.testing.assert_array_equal(fitted.predict_proba(X), without.predict_proba(X))
    one_class = clone(make).fit(X, y, (y == "yes").astype(float))
    assert np.isfinite(one_class.predict_proba(X)).all()


def test_class_weights_are_weights_of_samples(table):
    X, y = table[0].head(60), table[1][:60]
    make = TabularMLPClassifier(epochs=2, **SMALL)
    by_class = clone(make).set_params(class_weight={"no": 1.0, "yes": 3.0}).fit(X, y)
    by_sample = clone(make).fit(X, y, np.where(y == "yes", 3.0, 1.0))
    np.testing.assert_array_equal(by_class.predict_proba(X), by_sample.predict_proba(X))
    balanced = clone(make).set_params(class_weight="balanced").fit(X, y)
    assert set(balanced.predict(X)) <= {"no", "yes"}


@settings(max_examples=8, deadline=None)
@given(order=st.permutations(["cook", "clerk", "judge", "pilot"]), prefix=st.text(max_size=3), data=st.data())
def test_codes_and_names_of_categories_that_keep_their_order_change_nothing(categorical, order, prefix, data):
    X, y, expected = categorical
    dtype = pd.CategoricalDtype([prefix + name for name in order])
    renamed = X.assign(job=(prefix + X["job"]).astype(dtype))
    kept = data.draw(st.sampled_from([renamed, renamed.astype({"job": object}), pl.from_pandas(renamed)]))
    again = TabularMLPClassifier(epochs=2, **SMALL).fit(kept, y)
    np.testing.assert_array_equal(again.predict_proba(kept), expected)


@settings(max_examples=5, deadline=None)
@given(data=st.data())
def test_any_table_of_numbers_and_categories_is_learned(data):
    n = 8  # one structure or two, for what is compiled
    gap = st.none()
    number = st.floats(-1e18, 1e18) | gap
    columns = {
        "a": st.lists(number, min_size=n, max_size=n),
        "b": st.lists(st.integers(-(2**62), 2**62) | gap, min_size=n, max_size=n),
        "c": st.lists(st.text(max_size=2) | gap, min_size=n, max_size=n),
        "d": st.lists(st.booleans() | gap, min_size=n, max_size=n),
    }
    values = {name: data.draw(drawn) for name, drawn in columns.items()}
    X = pd.DataFrame({name: pd.Series(each, dtype=object) for name, each in values.items()})
    y = data.draw(st.permutations(["p", "q"] * (n // 2)))
    weight = np.array(data.draw(st.lists(st.sampled_from([0.0, 0.5, 2.0]), min_size=n, max_size=n)))
    weight[:2] = 1.0
    fitted = TabularMLPClassifier(epochs=1, **SMALL).fit(X, y, weight)
    probabilities = fitted.predict_proba(X)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    order = data.draw(st.permutations(range(n)))
    np.testing.assert_array_equal(fitted.predict_proba(X.iloc[order]), probabilities[order])
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(fitted)).predict_proba(X), probabilities)
