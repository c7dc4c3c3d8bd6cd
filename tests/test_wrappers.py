"""What SciKeras promises of a wrapped model function holds on today's scikit-learn."""

import copy
import os
import pickle
import random
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest import SkipTest

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import OutlierMixin, TransformerMixin, clone, is_classifier, is_outlier_detector, is_regressor
from sklearn.calibration import CalibratedClassifierCV
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import estimator_checks_generator

from skmlp._keras import keras, tf
from skmlp.wrappers import BaseWrapper, KerasClassifier, KerasRegressor


def network(meta, compile_kwargs, hidden=4):
    """A network for every target that scikit-learn's checks fit."""
    heads = {
        "binary": (1, "sigmoid", "binary_crossentropy"),
        "multilabel-indicator": (meta.get("n_classes_"), "sigmoid", "binary_crossentropy"),
        "multiclass": (meta.get("n_classes_"), "softmax", "sparse_categorical_crossentropy"),
    }
    linear = (meta["n_outputs_"], None, "mse")
    width, activation, loss = heads[meta["target_type_"]] if "n_classes_" in meta else linear
    inputs = keras.Input((meta["n_features_in_"],))
    outputs = keras.layers.Dense(width, activation=activation)(keras.layers.Dense(hidden, activation="relu")(inputs))
    model = keras.Model(inputs, outputs)
    model.compile(**compile_kwargs | {"loss": loss})
    return model


def in_another_thread(estimator, *asked):
    """Have another thread ask all of it while the estimator is fitted, and list what it gets or is told."""
    found = []

    class Asking(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            with ThreadPoolExecutor(1) as thread:
                found.extend(each.exception() or each.result() for each in map(thread.submit, asked))

    estimator.set_params(callbacks=lambda fitted: [Asking()])
    return found


# Keras 3.15 warns so on NumPy 2 while it saves a model, on its own account
keras_saves = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")

SETTINGS = {"model": network, "optimizer": "adam", "verbose": 0, "random_state": 0}


@pytest.fixture
def classifier():
    return KerasClassifier(**SETTINGS, optimizer__learning_rate=0.1, batch_size=30, epochs=2)


@pytest.fixture
def regressor():
    return KerasRegressor(**SETTINGS, optimizer__learning_rate=0.1, batch_size=30, epochs=2)


@pytest.fixture
def pair(blobs):
    """The first two of the three classes."""
    X, y = blobs
    return X[y < 2], y[y < 2]


@pytest.fixture
def tf_seed():
    """Lets a test set TensorFlow's global seed."""
    yield tf.random.set_seed
    tf.random.set_seed(None)


def bits(estimator):
    return b"".join(weight.tobytes() for weight in estimator.model_.get_weights())


class TestKind:
    def test_scikit_learn_sees_a_classifier_and_a_regressor(self, classifier, regressor):
        assert is_classifier(classifier)
        assert not is_regressor(classifier)
        assert is_regressor(regressor)
        assert not is_classifier(regressor)

    def test_cross_validation_stratifies(self, classifier, blobs):
        X, y = blobs
        order = np.argsort(y)  # without stratification no fold would know the class that it predicts
        scores = cross_val_score(classifier.set_params(epochs=8), X[order], y[order], cv=3, error_score="raise")
        assert scores.min() > 0.5

    def test_roc_auc(self, classifier, pair):
        scores = cross_val_score(classifier.set_params(epochs=8), *pair, cv=2, scoring="roc_auc", error_score="raise")
        assert scores.min() > 0.8

    def test_calibration(self, classifier, pair):
        X, y = pair
        probabilities = CalibratedClassifierCV(classifier, cv=2).fit(X, y).predict_proba(X)
        assert probabilities.shape == (len(X), 2)


class AutoEncoder(BaseWrapper, TransformerMixin):
    """A transformer with a network and a fit of its own, written as in SciKeras' documentation."""

    def _keras_build_fn(self, width, meta):
        inputs = keras.Input((meta["n_features_in_"],))
        codes = keras.layers.Dense(width, activation="tanh")(inputs)
        self.encoder_model_ = BaseWrapper(keras.Model(inputs, codes), verbose=self.verbose)
        return keras.Model(inputs, keras.layers.Dense(meta["n_features_in_"])(codes))

    def _initialize(self, X, y=None):
        X, _ = super()._initialize(X, X)
        self.encoder_model_.initialize(X)
        return X, X

    def fit(self, X, y=None, *, sample_weight=None):
        return super().fit(X, X, sample_weight=sample_weight)

    def score(self, X, y=None):
        return -np.mean((self.predict(X) - X) ** 2)

    def transform(self, X):
        return self.encoder_model_.predict(X)


class TestBaseWrapper:
    """What SciKeras documents of its base class: kinds of estimators that it has no wrapper for."""

    @pytest.fixture
    def encoder(self):
        return AutoEncoder(
            width=2, loss="mse", optimizer="adam", optimizer__learning_rate=0.05, epochs=5, random_state=0, verbose=0
        )

    def test_a_transformer_in_a_pipeline(self, encoder, blobs, classifier):
        X, y = blobs
        pipeline = make_pipeline(MinMaxScaler(), encoder, classifier).fit(X, y)
        scaled = pipeline[0].transform(X)
        kernel, bias = pipeline[1].model_.get_weights()[:2]
        np.testing.assert_allclose(pipeline[:-1].transform(X), np.tanh(scaled @ kernel + bias), rtol=1e-4, atol=1e-6)
        assert pipeline.predict(X).shape == y.shape

    def test_it_learns_its_samples(self, encoder, blobs):
        X, _ = blobs
        worst = clone(encoder).set_params(epochs=1, optimizer__learning_rate=1e-9).fit(X).score(X)
        assert encoder.set_params(epochs=30).fit(X).score(X) > 0.7 * worst

    def test_its_parameters_are_searched(self, encoder, blobs):
        search = GridSearchCV(encoder, {"width": [1, 3], "epochs": [15]}, cv=2, error_score="raise").fit(blobs[0])
        assert search.best_params_["width"] == 3
        assert search.best_estimator_.transform(blobs[0]).shape == (60, 3)

    def test_same_seed_same_weights(self, encoder, blobs):
        X, _ = blobs
        first = bits(encoder.fit(X))
        assert bits(clone(encoder).fit(X)) == first
        assert bits(clone(encoder).set_params(random_state=1).fit(X)) != first

    def test_columns_are_checked_by_name(self, encoder, blobs):
        X = pd.DataFrame(blobs[0], columns=list("abcd"))
        encoder.fit(X)
        with pytest.raises(ValueError, match="feature names should match"):
            encoder.predict(X[list("dcba")])

    def test_sample_weights_count(self, encoder, blobs):
        X, _ = blobs
        weight = np.r_[np.ones(30), np.zeros(30)]
        assert bits(encoder.fit(X, sample_weight=weight)) == bits(clone(encoder).fit(X[:30], sample_weight=weight[:30]))

    def test_a_mixin_on_the_right_says_what_an_estimator_is(self, encoder, blobs):
        class Detector(BaseWrapper, OutlierMixin):
            """Mixins stand on the right in SciKeras' documentation."""

        assert get_tags(encoder).transformer_tags is not None
        assert is_outlier_detector(Detector())
        assert not get_tags(encoder).target_tags.required
        assert get_tags(KerasRegressor()).target_tags.required

    def test_both_wrappers_are_of_its_kind(self, classifier, regressor):
        assert isinstance(classifier, BaseWrapper)
        assert isinstance(regressor, BaseWrapper)

    def test_a_model_that_is_there_already_predicts(self, blobs):
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
        X = blobs[0].astype("float32")
        predictions = BaseWrapper(model, verbose=0).initialize(X).predict(X)
        np.testing.assert_allclose(predictions, X @ model.get_weights()[0], rtol=1e-5, atol=1e-6)


def sigmoid(meta, activation="sigmoid"):
    """A network of one unit, left uncompiled."""
    return keras.Sequential([keras.Input((meta["n_features_in_"],)), keras.layers.Dense(1, activation=activation)])


class TestNames:
    """Settings are routed to a class that is given by its name, as to one that is given itself."""

    @pytest.fixture
    def make(self, pair):
        def make(**parameters):
            settings = SETTINGS | {"model": sigmoid, "loss": "binary_crossentropy"} | parameters
            return KerasClassifier(**settings).fit(*pair)

        return make

    @pytest.mark.parametrize("wrap", [lambda loss: loss, lambda loss: [loss]], ids=["alone", "list"])
    @pytest.mark.parametrize("loss", ["BinaryCrossentropy", keras.losses.BinaryCrossentropy], ids=["name", "class"])
    def test_of_losses(self, make, loss, wrap):
        def weights(**parameters):
            return bits(make(model__activation="linear", **parameters))

        expected = weights(loss=keras.losses.BinaryCrossentropy(from_logits=True, label_smoothing=0.1))
        assert weights(loss=wrap(loss), loss__from_logits=True, loss__label_smoothing=0.1) == expected
        assert weights(loss=wrap(loss)) != expected

    def test_of_losses_by_output(self, make):
        fitted = make(loss=["BinaryCrossentropy"], loss__label_smoothing=0.3, loss__0__label_smoothing=0.1)
        assert bits(fitted) == bits(make(loss=keras.losses.BinaryCrossentropy(label_smoothing=0.1)))

    def test_of_a_loss_for_compile_alone(self, make):
        fitted = make(loss=None, compile__loss="BinaryCrossentropy", loss__label_smoothing=0.1)
        assert bits(fitted) == bits(make(loss=keras.losses.BinaryCrossentropy(label_smoothing=0.1)))

    @pytest.mark.parametrize(
        "metric", ["BinaryAccuracy", "binary_accuracy", keras.metrics.BinaryAccuracy], ids=["name", "snake", "class"]
    )
    def test_of_metrics(self, make, metric):
        assert "half" in make(metrics=[metric], metrics__0__name="half").history_
        strict = make(metrics=[metric], metrics__threshold=1.0)
        assert strict.history_["binary_accuracy"] == [pytest.approx(0.5)]  # no output is more than 1: all are the first

    def test_of_metrics_that_need_a_setting(self, make):
        fitted = make(metrics=["MeanIoU", "accuracy"], metrics__0__num_classes=2, metrics__0__name="overlap")
        assert 0 <= fitted.history_["overlap"][0] <= 1
        assert "accuracy" in fitted.history_

    @pytest.mark.parametrize("optimizer", ["SGD", "sgd", keras.optimizers.SGD], ids=["name", "snake", "class"])
    def test_of_optimizers(self, make, optimizer):
        fitted = make(optimizer=optimizer, optimizer__learning_rate=0.25, optimizer__momentum=0.5)
        assert bits(fitted) == bits(make(optimizer=keras.optimizers.SGD(0.25, momentum=0.5)))

    @pytest.mark.parametrize("loss", ["binary_crossentropy", keras.losses.BinaryCrossentropy()], ids=["name", "object"])
    def test_a_function_or_an_object_takes_no_settings(self, make, loss):
        with pytest.raises(TypeError, match="does not accept parameters because it's not a class"):
            make(loss=loss, loss__from_logits=True)

    def test_parameters_stay_as_they_were_given(self, make):
        fitted = make(loss="BinaryCrossentropy", metrics=["AUC"], metrics__0__num_thresholds=3)
        assert (fitted.loss, fitted.metrics) == ("BinaryCrossentropy", ["AUC"])


class TestParameters:
    def test_clones_and_copies_train_as_many_epochs(self, classifier, blobs):
        def epochs(estimator, X, y):
            return estimator.current_epoch

        grid = {"optimizer__learning_rate": [0.01, 0.1], "model__hidden": [3]}
        search = GridSearchCV(classifier, grid, cv=2, scoring=epochs, error_score="raise").fit(*blobs)
        np.testing.assert_array_equal(search.cv_results_["mean_test_score"], 2)
        assert len(search.best_estimator_.history_["loss"]) == 2
        assert search.best_estimator_.model_.layers[1].units == 3

    def test_grid_search_finds_the_learning_rate_that_learns(self, classifier, blobs):
        grid = {"optimizer__learning_rate": [1e-6, 0.1]}
        search = GridSearchCV(classifier.set_params(epochs=4), grid, cv=2, error_score="raise", refit=False).fit(*blobs)
        assert search.best_params_ == {"optimizer__learning_rate": 0.1}

    def test_parameters_survive_a_clone(self, classifier):
        stop = keras.callbacks.EarlyStopping
        parameters = {
            "optimizer__learning_rate": 0.02,
            "model__hidden": 5,
            "epochs": 7,
            "batch_size": 13,
            "callbacks": stop,
            "callbacks__monitor": "loss",
            "class_weight": {0: 1.0, 1: 2.0, 2: 3.0},
        }
        copy = clone(classifier.set_params(**parameters))
        assert copy.get_params() == classifier.get_params()
        assert copy.get_params().items() >= parameters.items()

    @pytest.mark.parametrize("engine", ["compiled", "keras"])
    def test_callbacks_may_be_a_function_that_makes_those_of_each_fit(self, engine, classifier, blobs):
        made = []

        def callbacks(estimator):
            made.append((estimator, keras.callbacks.EarlyStopping(monitor="loss", min_delta=1e6, patience=1)))
            return made[-1][1]

        fitted = classifier.set_params(callbacks=callbacks, engine=engine, epochs=9).fit(*blobs).fit(*blobs)
        assert len(fitted.history_["loss"]) == 2
        assert [estimator is fitted for estimator, _ in made] == [True, True]
        assert made[0][1] is not made[1][1]

    @keras_saves
    def test_callbacks_survive_a_clone(self, classifier, blobs):
        stop = keras.callbacks.EarlyStopping(monitor="loss", min_delta=1e6, patience=1)
        copy = clone(clone(classifier.set_params(callbacks=[stop], epochs=9)).fit(*blobs))
        assert copy.fit(*blobs).current_epoch == 2
        assert copy.callbacks[0] is not stop


class TestRandomState:
    def test_same_seed_same_weights(self, classifier, blobs):
        first = bits(classifier.set_params(random_state=5).fit(*blobs))
        assert bits(clone(classifier).set_params(random_state=np.int64(5)).fit(*blobs)) == first
        assert bits(classifier.fit(*blobs)) == first

    def test_every_random_state_instance_is_a_seed_of_its_own(self, classifier, blobs):
        def fitted(seed):
            return bits(clone(classifier).set_params(random_state=np.random.RandomState(seed)).fit(*blobs))

        assert fitted(1) == fitted(1)
        assert fitted(1) != fitted(2)

    def test_a_random_state_instance_gives_the_same_fit_again(self, classifier, regressor, blobs, line):
        for estimator, data in [(classifier, blobs), (regressor, line)]:
            estimator.set_params(random_state=np.random.RandomState(3))
            first = bits(estimator.fit(*data))
            assert bits(estimator.fit(*data)) == first
            assert bits(clone(estimator).fit(*data)) == first

    def test_a_random_state_instance_is_not_drawn_from(self, classifier, blobs):
        instance = np.random.RandomState(3)
        classifier.set_params(random_state=instance).fit(*blobs)
        assert instance.randint(2**31) == np.random.RandomState(3).randint(2**31)

    def test_a_random_state_instance_that_has_moved_on_gives_another_fit(self, classifier, blobs):
        instance = np.random.RandomState(3)
        first = bits(classifier.set_params(random_state=instance).fit(*blobs))
        instance.randint(2**31)
        assert bits(classifier.fit(*blobs)) != first

    def test_seeded_fits_in_threads_are_reproducible(self, classifier, blobs):
        first = bits(classifier.fit(*blobs))
        with ThreadPoolExecutor(2) as threads:
            others = list(threads.map(lambda _: bits(clone(classifier).fit(*blobs)), range(4)))
        assert others == [first] * 4

    def test_python_numpy_and_environment_stay_as_they_are(self, classifier, blobs):
        def state():
            name, keys, *position = np.random.get_state()  # noqa: NPY002  (the state that must not change)
            return random.getstate(), name, keys.tolist(), position, dict(os.environ)

        before = state()
        classifier.fit(*blobs).predict(blobs[0])
        assert state() == before

    def test_tensorflow_goes_on_drawing_where_it_was(self, classifier, blobs, tf_seed):
        def drawn_after(do):
            tf_seed(11)
            for _ in range(3):
                tf.random.uniform([2])
            do()
            return [tf.random.uniform([2]).numpy().tolist() for _ in range(2)]

        expected = drawn_after(lambda: None)
        assert drawn_after(lambda: classifier.fit(*blobs).predict(blobs[0])) == expected

    @pytest.mark.parametrize("draws", [0, 3])
    def test_keras_goes_on_drawing_where_it_was(self, classifier, blobs, tf_seed, draws):
        def drawn_after(do):
            keras.utils.clear_session(free_memory=False)  # Keras before 3.13 seeds only its next generator
            keras.utils.set_random_seed(11)
            for _ in range(draws):
                keras.random.uniform((2,))
            do()
            return keras.ops.convert_to_numpy(keras.random.uniform((2,))).tolist()

        expected = drawn_after(lambda: None)
        assert drawn_after(lambda: classifier.fit(*blobs).predict(blobs[0])) == expected


class TestWeights:
    @pytest.mark.parametrize("method", ["fit", "partial_fit"])
    def test_the_callers_arrays_are_not_changed(self, classifier, blobs, method):
        arrays = *blobs, np.linspace(0.0, 1.0, 60)
        copies = [array.copy() for array in arrays]
        for class_weight in [None, {0: 1, 1: 2, 2: 3}]:
            X, y, sample_weight = arrays
            estimator = clone(classifier).set_params(class_weight=class_weight)
            getattr(estimator, method)(X, y, sample_weight=sample_weight)
            for array, copied in zip(arrays, copies, strict=True):
                np.testing.assert_array_equal(array, copied)

    def test_class_weights_multiply_whole_sample_weights(self, classifier, blobs):
        X, y = blobs
        sample_weight = 1 + np.arange(60) % 3
        product = bits(clone(classifier).fit(X, y, sample_weight=sample_weight * np.array([0.5, 1.0, 2.5])[y]))
        classifier.set_params(class_weight={0: 0.5, 1: 1.0, 2: 2.5})
        for kind in [np.array, list, pd.Series]:
            assert bits(classifier.fit(X, y, sample_weight=kind(sample_weight))) == product, kind

    def test_score_takes_weights_with_whatever_predict_takes(self, regressor, line):
        X, y = line
        sample_weight = np.arange(80.0)
        expected = regressor.fit(X, y).score(X, y, sample_weight=sample_weight)
        for kind in [pd.DataFrame, np.ndarray.tolist]:
            assert regressor.score(kind(X), y, sample_weight=sample_weight) == expected, kind


class TestData:
    def test_columns_are_checked_by_name(self, classifier, blobs):
        X, y = pd.DataFrame(blobs[0], columns=list("abcd")), blobs[1]
        classifier.fit(X, y)
        np.testing.assert_array_equal(classifier.feature_names_in_, list("abcd"))
        with pytest.raises(ValueError, match="feature names should match"):
            classifier.predict(X[list("dcba")])

    def test_the_number_of_features_is_checked_in_scikit_learns_words(self, regressor, line):
        X, y = line
        with pytest.raises(ValueError, match="X has 2 features, but KerasRegressor is expecting 3 features"):
            regressor.fit(X, y).predict(X[:, :2])

    def test_a_missing_target_is_named(self, regressor, line):
        with pytest.raises(ValueError, match="requires y to be passed"):
            regressor.fit(line[0], None)

    def test_images_are_welcome(self, line):
        def pixels(meta):
            layers = keras.layers
            return keras.Sequential([keras.Input(meta["X_shape_"][1:]), layers.Flatten(), layers.Dense(1)])

        images = np.zeros((80, 4, 5, 1))
        regressor = KerasRegressor(**SETTINGS | {"model": pixels}, loss="mse").fit(images, line[1])
        assert regressor.predict(images).shape == (80,)

    @pytest.mark.parametrize("form", [sparse.csr_matrix, sparse.coo_array])
    def test_sparse_matrices_and_arrays(self, classifier, blobs, form):
        X, y = form(blobs[0]), blobs[1]
        assert classifier.fit(X, y).predict(X).shape == (60,)

    @pytest.mark.parametrize("n_classes", [2, 3])
    def test_probabilities_of_one_sample_are_a_row(self, classifier, blobs, pair, n_classes):
        X, y = pair if n_classes == 2 else blobs
        probabilities = classifier.fit(X, y).predict_proba(X)
        np.testing.assert_allclose(classifier.predict_proba(X[:1]), probabilities[:1], rtol=1e-5)

    @pytest.mark.parametrize("column", [False, True], ids=["labels", "column"])
    @pytest.mark.parametrize("n_classes", [1, 2])
    def test_one_unit_gives_two_columns_as_scikit_learns_perceptron(self, pair, n_classes, column):
        X, y = pair
        y = y if n_classes == 2 else np.zeros(len(y), dtype=int)
        y = y[:, None] if column else y
        reference = MLPClassifier((), solver="lbfgs", alpha=1.0).fit(X, y.ravel())
        fitted = KerasClassifier(**SETTINGS | {"model": sigmoid}, loss="binary_crossentropy").fit(X, y)
        probabilities = fitted.predict_proba(X)
        assert probabilities.shape == reference.predict_proba(X).shape == (len(X), 2)
        np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-6)
        predicted = fitted.model_.predict(X, verbose=0)  # in batches of 32, whose last bits may differ
        np.testing.assert_allclose(probabilities[:, 1:], predicted, rtol=1e-6)
        np.testing.assert_allclose(fitted.predict_proba(X[:1]), probabilities[:1], rtol=1e-5)

    def test_labels_may_be_strings(self, classifier, blobs):
        X, y = blobs
        labels = np.array(["sun", "rain", "snowfall"])
        numbers = np.unique(labels, return_inverse=True)[1]  # the labels' places in sorted order
        expected = np.unique(labels)[clone(classifier).fit(X, numbers[y]).predict(X)]
        np.testing.assert_array_equal(classifier.fit(X, labels[y]).predict(X), expected)


class TestRefit:
    """A fit changes nothing for others before it has ended, and nothing at all if it fails."""

    def test_others_predict_by_the_earlier_fit_meanwhile(self, classifier, blobs):
        X, y = blobs
        labels = np.array(["sun", "rain", "snow"])
        fitted = classifier.fit(X, y)
        expected, probabilities = fitted.predict(X), fitted.predict_proba(X)
        building, asked = threading.Event(), threading.Event()

        def slow(meta, compile_kwargs):
            building.set()
            assert asked.wait(60)
            return network(meta, compile_kwargs)

        with ThreadPoolExecutor(1) as thread:
            fit = thread.submit(fitted.set_params(model=slow).fit, X[:30], labels[y[:30]])
            assert building.wait(60)
            try:
                np.testing.assert_array_equal(fitted.predict(X), expected)
                np.testing.assert_array_equal(fitted.predict_proba(X), probabilities)
                assert fitted.score(X, y) == np.mean(expected == y)
            finally:
                asked.set()
            fit.result()
        assert set(fitted.predict(X)) <= set(labels)

    def test_others_are_told_meanwhile_that_it_is_not_fitted(self, regressor, line):
        found = in_another_thread(regressor, lambda: regressor.predict(line[0]), lambda: regressor.model_)
        regressor.fit(*line)
        assert [type(each) for each in found[:2]] == [NotFittedError, AttributeError]

    @pytest.mark.parametrize("random_state", [0, None])
    def test_others_get_the_earlier_model_meanwhile(self, random_state, regressor, line):
        fitted = regressor.set_params(random_state=random_state).fit(*line)
        expected = fitted.predict(line[0])
        found = in_another_thread(
            fitted,
            lambda: fitted.model_,
            lambda: fitted.model_,
            lambda: copy.deepcopy(fitted).predict(line[0]),
        )
        fitted.set_params(model__hidden=5).fit(*line)
        first, again, copied = found[:3]
        assert first is again
        assert first.layers[1].units == 4
        np.testing.assert_allclose(first.predict(line[0], verbose=0).ravel(), expected, rtol=1e-5)
        np.testing.assert_array_equal(copied, expected)
        assert fitted.model_.layers[1].units == 5

    @keras_saves
    def test_what_is_saved_in_its_callback_is_no_estimator_that_is_being_fitted(self, regressor, line):
        saved = []

        class Saving(keras.callbacks.Callback):
            def on_epoch_end(self, epoch, logs=None):
                saved.append(regressor.__getstate__())

        regressor.set_params(callbacks=lambda estimator: [Saving()]).fit(*line)
        assert not {"_fitting", "_earlier"} & {*saved[0]}

    def test_a_fit_that_fails_leaves_the_classes(self, classifier, blobs):
        X, y = blobs
        fitted = classifier.fit(X, y)
        with pytest.raises(ValueError, match="epochs=0"):
            fitted.fit(X, y, epochs=0)
        np.testing.assert_array_equal(fitted.classes_, [0, 1, 2])


# Each entry is a check that would need SciKeras' own classes changed, or Keras' arithmetic
EXPECTED_FAILURES = {
    "check_mixin_order": "SciKeras' classes have the mixins on the right; Python cannot order them otherwise below",
    "check_sample_weight_equivalence_on_dense_data": "Keras divides a weighted loss by the number of samples, not by "
    "the sum of weights, and trains in float32, while the check's tolerance is 1e-7",
    "check_sample_weight_equivalence_on_sparse_data": "SciKeras makes sparse samples float32, and then refuses the "
    "check's dense float64 ones",
}
EXPECTED_FAILURES_OF_REGRESSOR = {
    "check_regressor_multioutput": "it wants float64 predictions, Keras makes float32 ones",
}


# They take a quarter of the time, and both wrappers validate sparse samples by the same lines
ONCE = {"check_estimator_sparse_array", "check_estimator_sparse_matrix"}


@pytest.mark.parametrize(
    ("wrapper", "expected", "left_out"),
    [
        (KerasClassifier, EXPECTED_FAILURES, ONCE),
        (KerasRegressor, EXPECTED_FAILURES | EXPECTED_FAILURES_OF_REGRESSOR, set()),
    ],
)
def test_scikit_learns_checks(wrapper, expected, left_out):
    failures = {}
    for estimator, check in estimator_checks_generator(wrapper(**SETTINGS | {"optimizer": "sgd"}, batch_size=512)):
        name = check.func.__name__
        if name not in left_out:
            try:
                check(estimator)
            except SkipTest:
                continue
            except Exception as failure:
                failures[name] = failure
    assert failures.keys() == expected.keys(), failures


class TestProcess:
    @keras_saves
    def test_a_fitted_wrapper_is_pickled(self, classifier, blobs):
        X, y = blobs
        classifier.fit(X, y)
        copy = pickle.loads(pickle.dumps(classifier))
        np.testing.assert_array_equal(copy.predict_proba(X), classifier.predict_proba(X))
        assert bits(copy.partial_fit(X, y)) == bits(classifier.partial_fit(X, y))

    @keras_saves
    def test_a_fresh_process(self, classifier, blobs, tmp_path):
        """What can only be seen once: a quiet and late import, an unpickled wrapper, ops as random as before."""
        path = tmp_path / "fitted.pickle"
        path.write_bytes(pickle.dumps((classifier.fit(*blobs), blobs, bits(classifier))))
        program = (
            "import sys, skmlp\n"
            "assert not {'scikeras', 'keras', 'tensorflow'} & set(sys.modules)\n"
            "import skmlp.wrappers, pickle, tensorflow as tf\n"
            "import test_wrappers\n"
            "skmlp.wrappers.KerasRegressor(**test_wrappers.SETTINGS).fit([[0.0], [1.0]], [0.0, 1.0])\n"
            "tf.random.uniform([1])  # an error while ops are deterministic and no seed is set\n"
            "estimator, (X, y), expected = pickle.load(open(sys.argv[1], 'rb'))\n"
            "estimator.predict(X)\n"
            "assert test_wrappers.bits(estimator.fit(X, y)) == expected\n"
        )
        child = subprocess.run(
            [sys.executable, "-c", program, path],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (child.returncode, child.stdout, child.stderr) == (0, "", "")


class TestOwnModel:
    """`model_`, which is built for who asks for it, is the network that was fitted, and nothing else changes."""

    @pytest.fixture
    def line(self):
        rng = np.random.default_rng(0)
        X = rng.normal(size=(60, 3))
        return X, X @ [1.0, -2.0, 0.5]

    @staticmethod
    def make(**parameters):
        def network(width=4, activation="relu"):
            return keras.Sequential([keras.Input((3,)), keras.layers.Dense(width, activation), keras.layers.Dense(1)])

        given = {"loss": "mse", "epochs": 2, "random_state": 0, "verbose": 0, "engine": "compiled"}
        return KerasRegressor(network, **{**given, **parameters})

    @pytest.mark.parametrize(
        "later", [{"model__activation": "tanh"}, {"model__width": 6}, {"optimizer": "sgd"}, {"model": lambda: None}]
    )
    def test_parameters_that_change_after_the_fit_change_no_model(self, later, line):
        fitted = self.make(model__activation="relu", model__width=4, optimizer="adam").fit(*line)
        predicted = fitted.predict(line[0])
        fitted.set_params(**later)
        assert fitted.model_.layers[0].units == 4
        np.testing.assert_allclose(fitted.model_.predict(line[0], verbose=0).ravel(), predicted, rtol=1e-5)
        np.testing.assert_array_equal(fitted.predict(line[0]), predicted)
        assert int(fitted.model_.optimizer.iterations) == 4
        np.testing.assert_array_equal(copy.deepcopy(fitted).predict(line[0]), predicted)

    def test_threads_that_ask_for_it_at_once_get_the_fitted_one(self, line):
        fitted = self.make().fit(*line)
        predicted = fitted.predict(line[0])
        barrier = threading.Barrier(4)

        def ask(number):
            barrier.wait()
            return fitted.model_ if number % 2 else fitted.predict(line[0])

        with ThreadPoolExecutor(4) as threads:
            first, model, second, same = threads.map(ask, range(4))
        assert model is same
        for each in (first, second, fitted.predict(line[0])):
            np.testing.assert_array_equal(each, predicted)
        np.testing.assert_allclose(model.predict(line[0], verbose=0).ravel(), predicted, rtol=1e-5)

    @pytest.mark.parametrize("engine", ["compiled", "keras"])
    def test_an_optimizer_object_begins_anew_with_each_fit(self, engine, line):
        optimizer = keras.optimizers.Adam(0.05)
        expected = self.make(optimizer=optimizer, engine=engine).fit(*line).predict(line[0])
        fitted = self.make(optimizer=optimizer, engine=engine).fit(*line)
        assert int(fitted.model_.optimizer.iterations) == 4
        assert not optimizer.built
        again = self.make(optimizer=optimizer, engine=engine).fit(*line)
        np.testing.assert_array_equal(again.predict(line[0]), expected)

    def test_what_is_done_to_it_is_done_to_the_predictions(self, line):
        fitted = self.make().fit(*line)
        before = fitted.predict(line[0])
        model = fitted.model_
        np.testing.assert_array_equal(fitted.predict(line[0]), before)
        model.layers[-1].activation = keras.activations.relu
        np.testing.assert_allclose(fitted.predict(line[0]), np.maximum(before, 0), rtol=1e-5, atol=1e-6)
        model.run_eagerly = True  # which the engine does not train
        np.testing.assert_allclose(fitted.predict(line[0]), np.maximum(before, 0), rtol=1e-5, atol=1e-6)
