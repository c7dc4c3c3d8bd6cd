"""Estimators for every kind of target, with weights of samples and of classes."""

import functools

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.base import clone
from sklearn.metrics import f1_score, log_loss
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.neural_network import MLPClassifier

from skmlp import KerasMLPClassifier, KerasMLPRegressor, cache_info
from skmlp._optimizers import known_optimizers

pytestmark = pytest.mark.newest


@pytest.fixture
def table(blobs):
    """Three labels a sample that X decides."""
    X, y = blobs
    return X, np.column_stack([y == 0, y != 1, X[:, 3] > 0]).astype(int)


@pytest.fixture
def make():
    return KerasMLPClassifier((10,), learning_rate=0.05, batch_size=20, epochs=40, random_state=0)


def test_labels_that_are_independent(table, make):
    X, y = table
    fitted = make.fit(X, y)
    probabilities = fitted.predict_proba(X)
    assert fitted.out_activation_ == "sigmoid"
    assert fitted.classes_.tolist() == [0, 1, 2]
    assert probabilities.shape == y.shape
    np.testing.assert_array_equal(fitted.predict(X), probabilities > 0.5)
    np.testing.assert_array_equal(fitted.predict(X), fitted.decision_function(X) > 0)
    np.testing.assert_allclose(np.exp(fitted.predict_log_proba(X)), probabilities, atol=1e-6)
    assert f1_score(y, fitted.predict(X), average="macro") > 0.9
    assert fitted.score(X, y) == (fitted.predict(X) == y).all(axis=1).mean()
    reference = MLPClassifier((10,), learning_rate_init=0.05, max_iter=40, batch_size=20, random_state=0, tol=0)
    reference.set_params(n_iter_no_change=100)
    with pytest.warns(UserWarning, match="Maximum iterations"):
        reference.fit(X, y)
    assert fitted.score(X, y) > reference.score(X, y) - 0.1


def test_independent_labels_from_a_sparse_table(table, make):
    X, y = table
    expected = clone(make).fit(X, y)
    np.testing.assert_array_equal(make.fit(X, sparse.csr_matrix(y)).coefs_[0], expected.coefs_[0])


def test_one_hot_rows_are_one_label(blobs, make):
    X, y = blobs
    rows = np.eye(3)[y]
    numbers = clone(make).fit(X, y)
    fitted = clone(make).set_params(loss="categorical_crossentropy").fit(X, rows)
    np.testing.assert_array_equal(fitted.predict_proba(X), numbers.predict_proba(X))
    np.testing.assert_array_equal(fitted.predict(X), np.eye(3)[numbers.predict(X)])
    assert fitted.score(X, rows) == numbers.score(X, y)
    assert clone(make).set_params(output_activation="softmax").fit(X, rows).out_activation_ == "softmax"
    assert clone(make).fit(X, rows).out_activation_ == "sigmoid"


def test_several_outputs_of_several_classes(blobs, make):
    X, y = blobs
    several = np.column_stack([np.array(["red", "green", "blue"])[y], np.where(X[:, 3] > 0, "up", "down")])
    fitted = make.fit(X, several)
    assert [classes.tolist() for classes in fitted.classes_] == [["blue", "green", "red"], ["down", "up"]]
    assert fitted.n_outputs_ == 5
    colours, directions = fitted.predict_proba(X)
    assert (colours.shape, directions.shape) == ((60, 3), (60, 2))
    np.testing.assert_allclose(colours.sum(axis=1), 1, rtol=1e-6)
    predicted = fitted.predict(X)
    np.testing.assert_array_equal(predicted[:, 0], fitted.classes_[0][colours.argmax(axis=1)])
    assert (predicted == several).mean() > 0.9
    assert fitted.score(X, several) == (predicted == several).all(axis=1).mean()
    together = np.hstack([colours, directions])
    np.testing.assert_allclose(fitted.model_.predict(X, verbose=0), together, atol=1e-6)


def test_several_outputs_train_as_their_mean_cross_entropy(blobs):
    X, y = blobs
    several = np.column_stack([y, X[:, 3] > 0])
    fitted = KerasMLPClassifier((5,), epochs=1, learning_rate=1e-12, random_state=0).fit(X, several)
    first, second = fitted.predict_proba(X)
    expected = (log_loss(y, first) + log_loss(X[:, 3] > 0, second)) / 2
    assert fitted.loss_ == pytest.approx(expected, rel=1e-4)


def test_several_outputs_in_a_search(blobs, make):
    X, y = blobs
    several = np.column_stack([y, X[:, 3] > 0])
    assert cross_val_score(make, X, several, cv=3).mean() > 0.5
    assert GridSearchCV(make, {"epochs": [5]}, cv=2).fit(X, several).best_score_ > 0


@pytest.mark.parametrize("early_stopping", [False, True])
def test_validation_of_every_kind(early_stopping, blobs, table, line):
    X, y = blobs
    several = np.column_stack([y, X[:, 3] > 0])
    for target in (y, y == 0, table[1], several):
        make = KerasMLPClassifier((4,), early_stopping=early_stopping, monitor="loss", epochs=6, random_state=0)
        fitted = clone(make).set_params(learning_rate=0.5).fit(X, target, X_val=X, y_val=target)
        right = (fitted.predict(X) == target).reshape(60, -1).all(axis=1)
        kept = np.argmin(fitted.history_["val_loss"]) if early_stopping else -1
        assert fitted.validation_scores_[kept] == pytest.approx(right.mean())
        assert make.set_params(early_stopping=True).fit(X, target).t_ == 6 * 54  # a tenth is held out


@pytest.mark.parametrize("loss", ["mean_squared_error", "binary_crossentropy"])
def test_a_share_between_0_and_1(loss, line):
    X, y = line
    y = 1 / (1 + np.exp(-y))
    fitted = KerasMLPRegressor((8,), loss=loss, output_activation="sigmoid", learning_rate=0.05, random_state=0)
    assert fitted.fit(X, y).score(X, y) > 0.9
    with pytest.raises(ValueError, match="from 0 to 1"):
        fitted.fit(X, 2 * y)


@pytest.mark.parametrize("quantile", [0.1, 0.5, 0.9])
def test_quantiles(quantile):
    rng = np.random.default_rng(0)
    X = rng.random((2000, 1))
    y = X[:, 0] + rng.exponential(size=2000)
    fitted = KerasMLPRegressor(
        (), loss="quantile", quantile=quantile, learning_rate=0.05, batch_size=100, epochs=60, random_state=0,
        learning_rate_schedule="cosine",
    ).fit(X, y)  # fmt: skip
    assert np.mean(y <= fitted.predict(X)) == pytest.approx(quantile, abs=0.03)
    loss = np.maximum(quantile * (y - fitted.predict(X)), (quantile - 1) * (y - fitted.predict(X))).mean()
    assert fitted.model_.evaluate(X, y[:, None], verbose=0)[0] == pytest.approx(loss, rel=1e-4)


def test_a_search_over_quantiles_compiles_once(line):
    make = KerasMLPRegressor((3,), loss="quantile", epochs=1)
    make.fit(*line)
    before = cache_info().traces
    GridSearchCV(make, {"quantile": [0.2, 0.5, 0.7]}, cv=2).fit(*line)
    assert cache_info().traces == before


def own_loss(y_true, y_pred):
    return keras.ops.mean(keras.ops.abs(y_true - y_pred), axis=-1)


class AnyLoss(keras.losses.Loss):
    def call(self, y_true, y_pred):
        return keras.ops.square(y_true - y_pred)


@pytest.mark.parametrize(
    ("loss", "name"),
    [
        (own_loss, "mean_absolute_error"),
        (AnyLoss(), "mean_squared_error"),
        (keras.losses.Huber(), "huber"),
        (keras.losses.MeanAbsoluteError(), "mean_absolute_error"),
    ],
    ids=["function", "class", "Huber", "MeanAbsoluteError"],
)
def test_losses_of_ones_own(loss, name, line):
    make = KerasMLPRegressor((4,), epochs=3, random_state=0)
    expected = clone(make).set_params(loss=name).fit(*line)
    fitted = clone(make).set_params(loss=loss).fit(*line)
    np.testing.assert_allclose(fitted.predict(line[0]), expected.predict(line[0]), rtol=1e-5)
    np.testing.assert_allclose(fitted.loss_curve_, expected.loss_curve_, rtol=1e-5)


@pytest.mark.parametrize(
    ("loss", "name"),
    [
        (keras.losses.CategoricalCrossentropy(), "categorical_crossentropy"),
        (keras.losses.CategoricalCrossentropy(label_smoothing=0.1), None),
        (keras.losses.SparseCategoricalCrossentropy(), "categorical_crossentropy"),
        (keras.losses.CategoricalCrossentropy(from_logits=True), "categorical_crossentropy"),
        (keras.losses.BinaryCrossentropy(), "binary_crossentropy"),
    ],
)
def test_classification_losses_as_objects(loss, name, blobs):
    make = KerasMLPClassifier((4,), epochs=3, random_state=0)
    fitted = clone(make).set_params(loss=loss).fit(*blobs)
    named = {"loss": name} if name else {"label_smoothing": 0.1}
    expected = clone(make).set_params(**named).fit(*blobs)
    np.testing.assert_allclose(fitted.predict_proba(blobs[0]), expected.predict_proba(blobs[0]), rtol=1e-4)


def test_a_loss_object_compiles_once_in_a_search(blobs):
    make = KerasMLPClassifier((4,), epochs=1, loss=keras.losses.CategoricalFocalCrossentropy(gamma=3.0))
    make.fit(*blobs)
    before = cache_info().traces
    cross_val_score(make, *blobs, cv=3)
    assert cache_info().traces == before
    make.set_params(loss=keras.losses.CategoricalFocalCrossentropy(gamma=1.0)).fit(*blobs)
    assert cache_info().traces == before + 1


def test_a_loss_of_one_number_is_refused(line):
    with pytest.raises(ValueError, match="must return one for each sample"):
        KerasMLPRegressor((3,), loss=lambda y, outputs: keras.ops.mean(y - outputs), epochs=1).fit(*line)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_label_smoothing_is_that_of_keras(n_classes, blobs):
    X, y = blobs
    y = np.minimum(y, n_classes - 1)
    fitted = KerasMLPClassifier((4,), label_smoothing=0.2, learning_rate=1e-12, epochs=1, random_state=0).fit(X, y)
    outputs = fitted.predict_proba(X)
    if n_classes == 2:
        expected = keras.losses.BinaryCrossentropy(label_smoothing=0.2)(y[:, None], outputs[:, 1:])
    else:
        expected = keras.losses.CategoricalCrossentropy(label_smoothing=0.2)(np.eye(3)[y], outputs)
    assert fitted.loss_ == pytest.approx(float(expected), rel=1e-5)


def test_a_margin_has_no_probabilities(blobs):
    X, y = blobs
    fitted = KerasMLPClassifier(
        (), loss="squared_hinge", output_activation="linear", learning_rate=0.05, epochs=100, random_state=0
    ).fit(X, y == 0)
    assert fitted.score(X, y == 0) > 0.8
    assert not hasattr(fitted, "predict_proba")
    assert cross_val_score(fitted, X, y == 0, cv=3, scoring="roc_auc").min() > 0.8


@pytest.mark.parametrize("class_weight", ["balanced", {0: 5.0, 2: 0.1}])
def test_class_weights_are_sample_weights(class_weight, blobs):
    from sklearn.utils.class_weight import compute_sample_weight

    X, y = blobs[0][8:], blobs[1][8:]
    make = KerasMLPClassifier((4,), epochs=5, batch_size=16, random_state=0)
    by_class = clone(make).set_params(class_weight=class_weight).fit(X, y)
    by_sample = clone(make).fit(X, y, compute_sample_weight(class_weight, y))
    np.testing.assert_allclose(by_class.predict_proba(X), by_sample.predict_proba(X), rtol=1e-4, atol=1e-6)


def test_class_and_sample_weights_multiply_and_stay_the_callers(blobs):
    X, y = blobs
    weight = np.linspace(0.5, 2, 60)
    before = weight.copy()
    class_weight = {0: 3.0}
    make = KerasMLPClassifier((4,), epochs=5, random_state=0)
    both = clone(make).set_params(class_weight=class_weight).fit(X, y, weight)
    product = clone(make).fit(X, y, weight * np.where(y == 0, 3.0, 1.0))
    np.testing.assert_allclose(both.predict_proba(X), product.predict_proba(X), rtol=1e-4, atol=1e-6)
    np.testing.assert_array_equal(weight, before)
    assert class_weight == {0: 3.0}


def test_balanced_counts_samples_by_their_weight(blobs):
    X, y = blobs
    counts = np.where(y == 0, 3, 1)
    make = KerasMLPClassifier((4,), epochs=3, class_weight="balanced", dtype="float64", random_state=0)
    weighted = clone(make).fit(X, y, counts)
    copied = clone(make).fit(np.repeat(X, counts, axis=0), np.repeat(y, counts))
    np.testing.assert_allclose(weighted.predict_proba(X), copied.predict_proba(X), rtol=1e-9)


def test_heavy_classes_are_found_more_often(blobs):
    X, y = blobs
    make = KerasMLPClassifier((), learning_rate=0.05, epochs=50, random_state=0)
    heavy = clone(make).set_params(class_weight={1: 50.0}).fit(X, y)
    assert (heavy.predict(X) == 1).sum() > (clone(make).fit(X, y).predict(X) == 1).sum()


def test_each_label_may_have_weights_of_its_own(table):
    X, y = table
    # One layer: each label's unit learns alone, so weights of the others do not matter to it but through their mean.
    make = KerasMLPClassifier((), epochs=60, learning_rate=0.05, random_state=0)
    plain = clone(make).fit(X, y)
    heavy = clone(make).set_params(class_weight=[{1: 20.0}, {}, {}]).fit(X, y)
    assert heavy.predict(X)[:, 0].sum() > plain.predict(X)[:, 0].sum()
    np.testing.assert_array_equal(heavy.predict(X)[:, 1], plain.predict(X)[:, 1])
    several = clone(make).set_params(class_weight=[{0: 9.0}, "balanced"])
    several.fit(X, np.column_stack([blob_labels(X), y[:, 2]]))
    assert len(several.classes_) == 2


def blob_labels(X):
    return X[:, :3].argmax(axis=1)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(0, 3), min_size=8, max_size=16).filter(lambda counts: sum(c > 0 for c in counts) > 4))
def test_a_weight_is_a_number_of_copies_of_labels_too(counts):
    rng = np.random.default_rng(len(counts))
    X = rng.normal(size=(len(counts), 3))
    y = rng.integers(0, 2, (len(counts), 2))
    make = KerasMLPClassifier((4,), optimizer="sgd", class_weight={1: 2.0}, epochs=2, dtype="float64", random_state=0)
    weighted = clone(make).fit(X, y, counts)
    copied = clone(make).fit(np.repeat(X, counts, axis=0), np.repeat(y, counts, axis=0))
    np.testing.assert_allclose(weighted.predict_proba(X), copied.predict_proba(X), rtol=1e-8)


def test_metrics_on_the_validation_samples(blobs, line):
    X, y = blobs
    names = ["categorical_accuracy", "sparse_categorical_accuracy", "mean_absolute_error", own_loss]
    fitted = KerasMLPClassifier((4,), epochs=3, metrics=names, record_every=1, random_state=0)
    fitted.fit(X, y, X_val=X, y_val=y)
    history = fitted.history_
    assert history["val_categorical_accuracy"] == history["val_sparse_categorical_accuracy"] == history["val_score"]
    error = np.abs(np.eye(3)[y] - fitted.predict_proba(X)).mean()
    assert history["val_mean_absolute_error"][-1] == pytest.approx(error, rel=1e-5)
    assert history["val_own_loss"] == pytest.approx(history["val_mean_absolute_error"])
    assert fitted.step_history_["val_own_loss"] == history["val_own_loss"]
    X, y = line
    weight = np.linspace(0.1, 1, 80)
    fitted = KerasMLPRegressor((4,), epochs=3, metrics=["mean_absolute_error"], random_state=0)
    fitted.fit(X, y, X_val=X, y_val=y, sample_weight_val=weight)
    expected = np.average(abs(fitted.predict(X) - y), weights=weight)
    assert fitted.history_["val_mean_absolute_error"][-1] == pytest.approx(expected, rel=1e-5)
    assert fitted.model_.evaluate(X, y, verbose=0)[1] == pytest.approx(abs(fitted.predict(X) - y).mean(), rel=1e-5)


def test_class_weights_that_leave_nothing(blobs):
    X, y = blobs
    with pytest.raises(ValueError, match="class_weight leaves no sample"):
        KerasMLPClassifier(class_weight={0: 0.0}).fit(X, y, y == 0)


def squared(y_true, y_pred):
    return keras.ops.mean(keras.ops.square(y_true - y_pred), axis=-1)


@pytest.mark.parametrize("batch_size", [2, 50])
def test_a_function_weighs_labels_as_the_loss_of_that_name(batch_size, table):
    X, y = table[0], table[1][:, :2]
    make = KerasMLPClassifier((5,), batch_size=batch_size, epochs=2, class_weight=[{1: 20.0}, {1: 2.0}], random_state=0)
    named = clone(make).set_params(loss="mean_squared_error").fit(X, y)
    own = clone(make).set_params(loss=squared).fit(X, y)
    np.testing.assert_allclose(own.loss_curve_, named.loss_curve_, rtol=1e-5)
    named = clone(make).set_params(loss="binary_focal_crossentropy").fit(X, y)
    own = clone(make).set_params(loss=keras.losses.BinaryFocalCrossentropy()).fit(X, y)
    np.testing.assert_allclose(own.loss_curve_, named.loss_curve_, rtol=1e-4)


@pytest.mark.parametrize("batch_size", [4, 32], ids=["xla", "plain graph"])
def test_the_filling_of_a_short_batch_is_not_seen_by_a_loss(batch_size, line):
    X, y = line[0][:79], np.exp(line[1][:79])

    def relative(y_true, y_pred):
        return keras.ops.mean(keras.ops.abs(y_true - y_pred) / y_true, axis=-1)

    fitted = KerasMLPRegressor((3,), loss=relative, batch_size=batch_size, epochs=2).fit(X, y)
    assert np.isfinite(fitted.loss_curve_).all()


LINEAR = {"output_activation": "linear"}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (LINEAR, "loss='binary_crossentropy' needs probabilities, not output_activation='linear'"),
        ({**LINEAR, "loss": "poisson"}, "needs probabilities"),
        ({**LINEAR, "loss": keras.losses.BinaryCrossentropy()}, "needs probabilities"),
        ({"loss": keras.losses.CategoricalCrossentropy()}, "does not fit a binary target"),
        ({"loss": keras.losses.categorical_crossentropy}, "does not fit a binary target"),
        ({"loss": keras.losses.SparseCategoricalCrossentropy()}, "does not fit a binary target"),
        ({"loss": "kl_divergence"}, "does not fit a binary target"),
        ({"loss": keras.losses.CosineSimilarity()}, "does not fit a binary target"),
        ({"metrics": ["categorical_accuracy"]}, "categorical_accuracy"),
        ({"loss": keras.losses.Hinge}, "is a class: give it an instance"),
        ({"kernel_initializer": keras.initializers.HeNormal}, "is a class: give it an instance"),
        ({"activation": keras.layers.PReLU()}, "has weights of its own"),
        ({"activation": keras.layers.Dropout(0.5)}, "choose one that draws none.*dropout"),
        ({"activation": keras.layers.GaussianNoise(0.5)}, "choose one that draws none.*dropout"),
        ({"learning_rate_schedule": keras.optimizers.schedules.CosineDecay(0.1, 9)}, "returns learning rates"),
        ({"metrics": ["binary_accuracy", "binary_accuracy"]}, "a name that is taken"),
    ],
)
def test_what_cannot_learn_is_refused(settings, message, blobs):
    X, y = blobs
    fitted = KerasMLPClassifier((3,), epochs=1).fit(X, y == 0)
    before = fitted.predict_proba(X)
    with pytest.raises(ValueError, match=message):
        clone(fitted).set_params(**settings).fit(X, y == 0)
    np.testing.assert_array_equal(fitted.predict_proba(X), before)


def test_logits_go_with_linear_outputs(blobs):
    X, y = blobs
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    make = KerasMLPClassifier((3,), epochs=3, random_state=0)
    scores = clone(make).set_params(loss=loss, output_activation="linear").fit(X, y == 0)
    expected = clone(make).fit(X, y == 0)
    np.testing.assert_allclose(scores.decision_function(X), expected.decision_function(X), rtol=1e-4, atol=1e-5)


def test_several_outputs_have_one_loss(blobs):
    several = np.column_stack([blobs[1], blobs[1] % 2])
    for loss in (own_loss, keras.losses.CategoricalFocalCrossentropy(), "mean_squared_error"):
        with pytest.raises(ValueError, match="does not fit a multioutput target"):
            KerasMLPClassifier((3,), loss=loss, epochs=1).fit(blobs[0], several)


@pytest.mark.parametrize("loss", ["binary_focal_crossentropy", "categorical_crossentropy", "kl_divergence"])
def test_losses_that_regression_cannot_use(loss, line):
    with pytest.raises(ValueError, match=r"loss=.*(does not fit|needs)"):
        KerasMLPRegressor((3,), loss=loss, epochs=1).fit(*line)


def test_a_quantile_without_its_loss_is_refused(line):
    with pytest.raises(ValueError, match=r"quantile=0.9 needs loss='quantile'"):
        KerasMLPRegressor((3,), quantile=0.9, epochs=1).fit(*line)


class Weighted(keras.losses.Loss):
    """A user's loss whose configuration does not tell its argument."""

    def __init__(self, over):
        super().__init__(name="weighted")
        self.over = over

    def call(self, y_true, y_pred):
        over = keras.ops.where(y_pred > y_true, self.over, 1.0)
        return keras.ops.mean(over * keras.ops.square(y_true - y_pred), axis=-1)


def test_losses_that_differ_in_secret_do_not_share_a_program(line):
    def mean(over):
        fitted = KerasMLPRegressor((4,), loss=Weighted(over), learning_rate=0.02, epochs=30, random_state=0)
        return fitted.fit(*line).predict(line[0]).mean()

    assert mean(0.01) - mean(100.0) > 0.1


def test_class_weights_of_parts_are_relative_to_one(blobs):
    X, y = blobs
    make = KerasMLPClassifier((3,), optimizer="sgd", random_state=0)
    only = y == 1
    plain = clone(make).partial_fit(X[only], y[only], classes=[0, 1, 2])
    heavy = clone(make).set_params(class_weight={1: 3.0}).partial_fit(X[only], y[only], classes=[0, 1, 2])
    assert heavy.loss_ == pytest.approx(3 * plain.loss_, rel=1e-5)


def test_the_validation_loss_smooths_labels_too(blobs):
    X, y = blobs
    fitted = KerasMLPClassifier((4,), label_smoothing=0.2, epochs=2, random_state=0).fit(X, y, X_val=X, y_val=y)
    expected = keras.losses.CategoricalCrossentropy(label_smoothing=0.2)(np.eye(3)[y], fitted.predict_proba(X))
    assert fitted.history_["val_loss"][-1] == pytest.approx(float(expected), rel=1e-5)


def test_sparse_metrics_of_one_hot_rows(blobs):
    X, rows = blobs[0], np.eye(3)[blobs[1]]
    make = {"loss": "mean_squared_error", "output_activation": "softmax", "epochs": 2, "random_state": 0}
    fitted = KerasMLPClassifier((4,), **make)
    fitted.set_params(metrics=["sparse_categorical_accuracy"]).fit(X, rows, X_val=X, y_val=rows)
    assert fitted.history_["val_sparse_categorical_accuracy"] == pytest.approx(fitted.history_["val_score"])


def test_a_metric_of_one_number_is_refused(line):
    def total(y_true, y_pred):
        return keras.ops.sum(y_true - y_pred)

    with pytest.raises(ValueError, match="must return one for each sample"):
        KerasMLPRegressor((3,), metrics=[total], epochs=1).fit(*line, X_val=line[0], y_val=line[1])


def test_a_loss_with_an_array_is_known_by_all_its_values(blobs):
    alphas = [np.array([0.2, 0.3, last], dtype=np.float32) for last in (0.5, 0.5, 0.50001)]
    make = KerasMLPClassifier((4,), epochs=1)
    traces = []
    for alpha in alphas:
        loss = keras.losses.CategoricalFocalCrossentropy(alpha=alpha)
        make.set_params(loss=loss).fit(*blobs)
        traces.append(cache_info().traces)
    assert traces[0] == traces[1] == traces[2] - 1


def test_one_weight_for_all_samples(line):
    make = KerasMLPRegressor((3,), epochs=2, random_state=0)
    expected = clone(make).fit(*line).predict(line[0])
    np.testing.assert_array_equal(clone(make).fit(*line, sample_weight=2.0).predict(line[0]), expected)


def test_several_outputs_need_a_whole_fit_first(blobs):
    several = np.column_stack([blobs[1], blobs[1] % 2])
    with pytest.raises(ValueError, match="partial_fit takes one output"):
        KerasMLPClassifier((3,)).partial_fit(blobs[0], several)


REGRESSION_LOSSES = ["mean_squared_error", "mean_absolute_error", "huber", "log_cosh", "mean_squared_logarithmic_error"]


@pytest.mark.parametrize("loss", REGRESSION_LOSSES)
def test_linear_outputs_of_two_classes_are_decided_between_0_and_1(loss, blobs):
    X, y = blobs[0], blobs[1] == 0
    fitted = KerasMLPClassifier(
        (10,), loss=loss, output_activation="linear", learning_rate=0.05, epochs=60, random_state=0
    ).fit(X, y, X_val=X, y_val=y)
    outputs = fitted.model_.predict(X, verbose=0)[:, 0]
    boundary = np.sqrt(2) - 1 if loss == "mean_squared_logarithmic_error" else 0.5
    np.testing.assert_array_equal(fitted.predict(X), outputs > boundary)
    np.testing.assert_array_equal(fitted.predict(X), fitted.decision_function(X) > 0)
    np.testing.assert_allclose(fitted.decision_function(X), outputs - boundary, atol=1e-6)
    assert fitted.score(X, y) == (fitted.predict(X) == y).mean() > 0.9
    assert fitted.validation_scores_[-1] == pytest.approx(fitted.score(X, y))


@pytest.mark.parametrize("loss", REGRESSION_LOSSES)
def test_linear_outputs_of_several_labels_are_decided_between_0_and_1(loss, table, make):
    X, y = table
    fitted = make.set_params(loss=loss, output_activation="linear").fit(X, y, X_val=X, y_val=y)
    assert f1_score(y, fitted.predict(X), average="macro") > 0.9
    np.testing.assert_array_equal(fitted.predict(X), fitted.decision_function(X) > 0)
    assert fitted.score(X, y) == pytest.approx(fitted.validation_scores_[-1])


def test_early_stopping_looks_at_the_score_of_the_predictions(blobs):
    X, y = blobs[0], blobs[1] == 0
    fitted = KerasMLPClassifier(
        (10,), loss="mse", output_activation="linear", learning_rate=0.05, early_stopping=True, random_state=0
    ).fit(X, y, X_val=X, y_val=y)
    assert fitted.best_validation_score_ == pytest.approx(fitted.score(X, y))


@pytest.mark.parametrize("loss", ["mean_absolute_percentage_error", keras.losses.MeanAbsolutePercentageError()])
def test_a_loss_without_a_boundary_is_refused_for_linear_outputs(loss, blobs, table):
    X, y = blobs
    make = KerasMLPClassifier((3,), loss=loss, output_activation="linear", epochs=1)
    for target in (y == 0, table[1]):
        with pytest.raises(ValueError, match=r"loss=.* has no boundary between scores.*choose one of hinge, huber"):
            make.fit(X, target)
    make.fit(X, y)  # of one class among many, the largest
    with pytest.raises(ValueError, match="has no boundary"):
        make.set_params(loss="cosine_similarity").fit(X, table[1])


def test_the_hinge_of_several_classes_is_of_scores(blobs):
    fitted = KerasMLPClassifier(
        (), loss="categorical_hinge", output_activation="linear", learning_rate=0.05, epochs=60, random_state=0
    ).fit(*blobs)
    assert fitted.score(*blobs) > 0.9


@pytest.mark.parametrize(
    "names",
    [
        ["mean_squared_error", "mse", "MSE", "MeanSquaredError"],
        ["mse", keras.losses.MeanSquaredError(), keras.losses.mean_squared_error],
        ["mean_absolute_error", "mae", "MeanAbsoluteError", keras.losses.MeanAbsoluteError(name="x")],
        ["huber", "Huber", keras.losses.Huber(), keras.losses.Huber(reduction="none")],
        ["binary_crossentropy", "bce", "BCE", "auto", keras.losses.BinaryCrossentropy(dtype="float32")],
    ],
)  # fmt: skip
def test_one_loss_under_different_names_is_one_structure(names, blobs):
    X, y = blobs[0], blobs[1] == 0
    fits = [KerasMLPClassifier((4,), loss=loss, epochs=2, random_state=0) for loss in names]
    expected = fits[0].fit(X, y).predict_proba(X)
    before = cache_info()
    for fitted in fits[1:]:
        np.testing.assert_array_equal(fitted.fit(X, y).predict_proba(X), expected)
    assert cache_info().misses == before.misses
    assert cache_info().traces == before.traces


@pytest.mark.parametrize(
    "loss",
    [
        "sparse_categorical_crossentropy",
        "SparseCategoricalCrossentropy",
        keras.losses.SparseCategoricalCrossentropy(),
    ],
)
def test_class_numbers_are_what_labels_are(loss, blobs):
    X, y = blobs
    expected = KerasMLPClassifier((4,), epochs=2, random_state=0).fit(X, y)
    before = cache_info().misses
    fitted = KerasMLPClassifier((4,), loss=loss, epochs=2, random_state=0).fit(X, y)
    np.testing.assert_array_equal(fitted.predict_proba(X), expected.predict_proba(X))
    assert cache_info().misses == before
    with pytest.raises(ValueError, match="does not fit a binary target"):
        KerasMLPClassifier((4,), loss=loss, epochs=2).fit(X, y == 0)


def test_a_categorical_loss_object_reads_a_table_as_one_hot_rows(blobs):
    X, rows = blobs[0], np.eye(3)[blobs[1]]
    for loss in (keras.losses.CategoricalFocalCrossentropy(gamma=1.5), "CategoricalCrossentropy"):
        assert KerasMLPClassifier((4,), loss=loss, epochs=1).fit(X, rows).out_activation_ == "softmax"


@pytest.mark.parametrize("poisson", ["poisson", "Poisson", keras.losses.Poisson(), keras.losses.poisson])
def test_a_loss_is_judged_by_what_it_is(poisson, line):
    X, y = line
    make = KerasMLPRegressor((3,), loss=poisson, output_activation="exponential", epochs=1)
    with pytest.raises(ValueError, match=r"loss=.*takes targets of at least 0, but y goes down to"):
        make.fit(X, y)
    make.fit(X, abs(y))
    with pytest.raises(ValueError, match=r"loss=.*needs positive outputs"):
        make.set_params(output_activation="auto").fit(X, abs(y))


def test_a_sum_over_the_batch_is_refused(line):
    with pytest.raises(ValueError, match=r"reduction='sum', but a step minimises the mean.*learning_rate by the"):
        KerasMLPRegressor((3,), loss=keras.losses.MeanSquaredError(reduction="sum"), epochs=1).fit(*line)


@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "none", None])
def test_reductions_that_leave_the_mean_to_us(reduction, line):
    expected = KerasMLPRegressor((3,), epochs=2, random_state=0).fit(*line).predict(line[0])
    loss = keras.losses.MeanSquaredError(reduction=reduction)
    fitted = KerasMLPRegressor((3,), loss=loss, epochs=2, random_state=0).fit(*line)
    np.testing.assert_array_equal(fitted.predict(line[0]), expected)


def test_a_loss_is_computed_in_the_estimators_precision(line):
    make = KerasMLPRegressor((3,), dtype="float64", epochs=2, random_state=0)
    for loss in (keras.losses.Huber(dtype="float64"), keras.losses.Huber()):
        make.set_params(loss=loss).fit(*line)
    with pytest.raises(ValueError, match=r"loss=.*has dtype='float16', but losses are computed in.*dtype='float64'"):
        make.set_params(loss=keras.losses.Huber(dtype="float16")).fit(*line)


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        ("mean_square_error", "loss='mean_square_error' is unknown: did you mean 'mean_squared_error'"),
        ("meansquarederror", "is unknown: did you mean 'MeanSquaredError'"),
        ("crossentropy", "is unknown: did you mean .*Choose 'auto' or one of binary_crossentropy"),
        ("Dice", "does not compare one row of outputs"),
        ("qqq", r"loss='qqq' is unknown\. Choose 'auto'"),
    ],
)
def test_an_unknown_loss_is_called_unknown(loss, message, blobs):
    with pytest.raises(ValueError, match=message):
        KerasMLPClassifier((3,), loss=loss, epochs=1).fit(*blobs)


def test_an_optimizer_object_goes_through_a_search(blobs):
    make = KerasMLPClassifier((4,), optimizer=keras.optimizers.Adam(0.05), epochs=5, random_state=0)
    flat = KerasMLPClassifier((4,), optimizer="adam", learning_rate=0.05, epochs=5, random_state=0).fit(*blobs)
    before = cache_info().misses
    np.testing.assert_array_equal(clone(make).fit(*blobs).predict_proba(blobs[0]), flat.predict_proba(blobs[0]))
    search = GridSearchCV(make, {"learning_rate": [1e-6, 0.05]}, cv=2).fit(*blobs)
    assert search.best_params_ == {"learning_rate": 0.05}
    assert cache_info().misses == before


@pytest.mark.parametrize("optimizer", ["muon", "adafactor"])
def test_optimizers_that_look_at_shapes_train_sparse_samples_as_dense_ones(optimizer, blobs):
    if optimizer not in known_optimizers():
        return
    X = np.zeros((60, 100), "float32")
    X[:, :4] = blobs[0]
    make = KerasMLPClassifier((6, 4), optimizer=optimizer, learning_rate=0.02, epochs=4, random_state=0)
    dense, thin = clone(make).fit(X, blobs[1]), clone(make).fit(sparse.csr_matrix(X), blobs[1])
    np.testing.assert_allclose(thin.predict_proba(X), dense.predict_proba(X), rtol=1e-3, atol=1e-4)


class Tenfold:
    """A callable that holds a loss of Keras' under the name that Keras' own objects have for theirs."""

    def __init__(self, fn):
        self.fn = fn

    def __call__(self, y_true, y_pred):
        return 10 * self.fn(y_true, y_pred)


def test_a_callable_is_called_whatever_it_holds(line):
    make = KerasMLPRegressor((3,), epochs=2, optimizer="sgd", learning_rate=1e-30, random_state=0)
    plain = clone(make).fit(*line).loss_
    assert make.set_params(loss=Tenfold(keras.losses.mean_squared_error)).fit(*line).loss_ == pytest.approx(10 * plain)


class Overriding(keras.losses.MeanSquaredError):
    def __call__(self, y_true, y_pred, sample_weight=None):
        return 10 * super().__call__(y_true, y_pred, sample_weight)


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        (Overriding(), "overrides __call__.*override call"),
        (keras.losses.SparseCategoricalCrossentropy(ignore_class=1), "ignore_class=1.*sample_weight 0"),
    ],
    ids=["__call__", "ignore_class"],
)
def test_what_a_fit_would_leave_out_of_a_loss_is_refused(loss, message, blobs):
    with pytest.raises(ValueError, match=message):
        KerasMLPClassifier((3,), loss=loss, epochs=1).fit(*blobs)


def numbers_of_classes():
    losses = [keras.losses.SparseCategoricalCrossentropy(from_logits=False)]
    losses.append(functools.partial(keras.losses.sparse_categorical_crossentropy, from_logits=False))
    if hasattr(keras.losses, "CategoricalGeneralizedCrossEntropy"):
        losses.append(keras.losses.CategoricalGeneralizedCrossEntropy(q=0.3))
    return losses


@pytest.mark.parametrize("loss", numbers_of_classes(), ids=lambda loss: type(loss).__name__)
@pytest.mark.parametrize("batch_size", [3, 32])
def test_losses_of_class_numbers_get_class_numbers(loss, batch_size, blobs):
    X, y = blobs
    make = KerasMLPClassifier((3,), loss=loss, optimizer="sgd", learning_rate=1e-30, epochs=1, random_state=0)
    fitted = make.set_params(batch_size=batch_size).fit(X, y)
    theirs = keras.ops.mean(loss(y, fitted.predict_proba(X).astype("float32")))
    assert fitted.loss_ == pytest.approx(float(theirs), rel=1e-4)


def test_an_activation_may_know_the_width_of_its_layer(line):
    factors = keras.ops.convert_to_tensor(np.arange(1.0, 6.0, dtype="float32"))
    fitted = KerasMLPRegressor((5,), activation=lambda x: x * factors, epochs=1).fit(*line)
    assert np.isfinite(fitted.predict(line[0])).all()


@pytest.mark.parametrize(
    ("metric", "message"),
    [
        (lambda y, outputs: keras.ops.ones(3), "returned 3 values for 60 samples"),
        (lambda y, outputs: None, "failed on the validation samples"),
    ],
    ids=["length", "None"],
)
def test_metrics_that_return_nonsense_are_named(metric, message, blobs):
    X, y = blobs
    metric.__name__ = "nonsense"
    with pytest.raises(ValueError, match=f"metrics holds .*{message}"):
        KerasMLPClassifier((3,), metrics=[metric], epochs=1).fit(X, y, X_val=X, y_val=y)


def test_a_batch_whose_weights_vanish_teaches_nothing(line):
    X, y = line
    weight = np.full(len(X), 1e-60)
    weight[0] = 1.0
    fitted = KerasMLPRegressor((3,), batch_size=8, epochs=2, random_state=0).fit(X, y, weight)
    assert np.isfinite(fitted.loss_)
