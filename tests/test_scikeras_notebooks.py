"""What SciKeras' documentation shows, notebook by notebook, with the import changed and nothing else.

Data and epochs are small; what a notebook claims of its results is asserted, and that the compiled engine trained it.
"""

import pickle

import numpy as np
import pytest
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.datasets import load_digits, make_classification, make_moons, make_regression
from sklearn.ensemble import AdaBoostClassifier, BaggingClassifier
from sklearn.metrics import accuracy_score, mean_squared_error
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, LabelEncoder, StandardScaler

from skmlp._keras import keras
from skmlp.wrappers import BaseWrapper, KerasClassifier, KerasRegressor

pytestmark = pytest.mark.newest

# Keras 3.15 warns so on NumPy 2 while it saves a model, on its own account
keras_saves = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")


def ran_compiled(estimator):
    return estimator.engine_ == "compiled"


@pytest.fixture(scope="module")
def pair():
    return make_classification(120, 20, n_informative=10, random_state=0)


@pytest.fixture(scope="module")
def numbers():
    X, y = make_regression(120, 20, n_informative=10, random_state=0)
    return X, y / y.std()


@pytest.fixture(scope="module")
def moons():
    return make_moons(100, noise=0.2, random_state=0)


class TestQuickStart:
    @pytest.fixture
    def classifier(self):
        def get_model(hidden_layer_dim, meta):
            model = keras.models.Sequential()
            model.add(keras.layers.Input(shape=meta["X_shape_"][1:]))
            model.add(keras.layers.Dense(meta["n_features_in_"]))
            model.add(keras.layers.Activation("relu"))
            model.add(keras.layers.Dense(hidden_layer_dim))
            model.add(keras.layers.Activation("relu"))
            model.add(keras.layers.Dense(meta["n_classes_"]))
            model.add(keras.layers.Activation("softmax"))
            return model

        return KerasClassifier(get_model, loss="sparse_categorical_crossentropy", hidden_layer_dim=10, verbose=0)

    def test_a_classifier_has_probabilities(self, classifier, pair):
        probabilities = classifier.fit(*pair).predict_proba(pair[0])
        assert probabilities.shape == (120, 2)
        np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
        assert ran_compiled(classifier)

    def test_width_optimizer_and_its_settings_are_searched_in_a_pipeline(self, classifier, pair):
        pipeline = Pipeline([("scale", StandardScaler()), ("clf", classifier)])
        grid = {
            "clf__hidden_layer_dim": [5, 10],
            "clf__optimizer": ["adam", "sgd"],
            "clf__optimizer__learning_rate": [1e-4, 1e-2],
        }
        search = GridSearchCV(pipeline, grid, cv=2, scoring="accuracy", error_score="raise").fit(*pair)
        assert len(search.cv_results_["params"]) == 8
        assert search.best_score_ > 0.5
        assert ran_compiled(search.best_estimator_[-1])


def mlp(hidden_layer_sizes, meta, compile_kwargs):
    """The network of the notebooks on MLPs and on meta-estimators, which chooses its loss."""
    heads = {
        "binary": (1, "sigmoid", "binary_crossentropy"),
        "multiclass": (meta["n_classes_"], "softmax", "sparse_categorical_crossentropy"),
    }
    units, activation, loss = heads[meta["target_type_"]]
    model = keras.Sequential()
    model.add(keras.layers.Input(shape=(meta["n_features_in_"],)))
    for size in hidden_layer_sizes:
        model.add(keras.layers.Dense(size, activation="relu"))
    model.add(keras.layers.Dense(units, activation=activation))
    model.compile(loss=loss, optimizer=compile_kwargs["optimizer"])
    return model


class MLPClassifier(KerasClassifier):
    """A subclass with parameters and a network of its own."""

    def __init__(
        self,
        hidden_layer_sizes=(100,),
        optimizer="adam",
        optimizer__learning_rate=0.001,
        epochs=200,
        verbose=0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.hidden_layer_sizes = hidden_layer_sizes
        self.optimizer = optimizer
        self.optimizer__learning_rate = optimizer__learning_rate
        self.epochs = epochs
        self.verbose = verbose

    def _keras_build_fn(self, compile_kwargs):
        return mlp(self.hidden_layer_sizes, self._get_metadata(), compile_kwargs)


class MLPRegressor(KerasRegressor):
    """The same for numbers."""

    def __init__(
        self,
        hidden_layer_sizes=(100,),
        optimizer="adam",
        optimizer__learning_rate=0.001,
        epochs=200,
        verbose=0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.hidden_layer_sizes = hidden_layer_sizes
        self.optimizer = optimizer
        self.optimizer__learning_rate = optimizer__learning_rate
        self.epochs = epochs
        self.verbose = verbose

    def _keras_build_fn(self, compile_kwargs):
        model = keras.Sequential()
        model.add(keras.layers.Input(shape=(self.n_features_in_,)))
        for size in self.hidden_layer_sizes:
            model.add(keras.layers.Dense(size, activation="relu"))
        model.add(keras.layers.Dense(1))
        model.compile(loss="mse", optimizer=compile_kwargs["optimizer"])
        return model


class TestMLPs:
    @pytest.mark.parametrize("n_classes", [2, 3])
    def test_a_function_that_chooses_its_loss(self, n_classes):
        X, y = make_classification(n_informative=4, n_classes=n_classes, random_state=0)
        classifier = KerasClassifier(
            model=mlp,
            hidden_layer_sizes=(100,),
            optimizer="adam",
            optimizer__learning_rate=0.05,
            epochs=3,
            verbose=0,
            random_state=0,
        )
        assert classifier.fit(X, y).score(X, y) > 0.5
        assert classifier.model_.optimizer.learning_rate.numpy() == np.float32(0.05)
        assert ran_compiled(classifier)

    def test_a_classifier_with_its_own_parameters(self):
        X, y = make_classification(random_state=0)
        classifier = MLPClassifier(epochs=3, optimizer__learning_rate=0.05, random_state=0)
        assert classifier.fit(X, y).score(X, y) > 0.7
        assert ran_compiled(classifier)

    def test_a_regressor_with_its_own_parameters(self):
        y = np.arange(100)
        X = (y / 2).reshape(-1, 1)
        regressor = MLPRegressor(epochs=3, optimizer__learning_rate=0.05, batch_size=10, random_state=0)
        assert regressor.fit(X, y).score(X, y) > 0.5
        assert ran_compiled(regressor)


def get_clf(meta, hidden_layer_sizes, dropout):
    """The classification network of "Basic usage"."""
    model = keras.models.Sequential()
    model.add(keras.layers.Input(shape=(meta["n_features_in_"],)))
    for size in hidden_layer_sizes:
        model.add(keras.layers.Dense(size, activation="relu"))
        model.add(keras.layers.Dropout(dropout))
    model.add(keras.layers.Dense(1, activation="sigmoid"))
    return model


def get_reg(meta, hidden_layer_sizes, dropout):
    """Its regression network."""
    model = keras.models.Sequential()
    model.add(keras.layers.Input(shape=(meta["n_features_in_"],)))
    for size in hidden_layer_sizes:
        model.add(keras.layers.Dense(size, activation="relu"))
        model.add(keras.layers.Dropout(dropout))
    model.add(keras.layers.Dense(1))
    return model


class UntilGoodEnough(keras.callbacks.Callback):
    """Ends the training once a metric is passed; as in the notebook it does not call Keras' constructor."""

    def __init__(self, monitor, threshold):
        self.monitor = monitor
        self.threshold = threshold

    def on_epoch_end(self, epoch, logs=None):
        if logs[self.monitor] > self.threshold:
            self.model.stop_training = True


class TestBasicUsage:
    @pytest.fixture
    def classifier(self):
        return KerasClassifier(
            model=get_clf, loss="binary_crossentropy", hidden_layer_sizes=(100,), dropout=0.5, verbose=0
        )

    @pytest.fixture
    def regressor(self, numbers):
        return KerasRegressor(model=get_reg, loss="mse", hidden_layer_sizes=(100,), dropout=0.5, verbose=0).fit(
            *numbers
        )

    def test_classes_and_probabilities(self, classifier, pair):
        X, y = pair
        classifier.fit(X, y)
        probabilities = classifier.predict_proba(X[:5])
        assert probabilities.shape == (5, 2)
        np.testing.assert_array_equal(classifier.predict(X[:5]), probabilities.argmax(axis=1))
        assert ran_compiled(classifier)

    def test_numbers(self, regressor, numbers):
        assert regressor.predict(numbers[0][:5]).shape == (5,)
        assert ran_compiled(regressor)

    @keras_saves
    def test_a_pickle_is_fitted(self, regressor, numbers):
        copy = pickle.loads(pickle.dumps(regressor))
        np.testing.assert_allclose(copy.predict(numbers[0]), regressor.predict(numbers[0]), rtol=1e-6)
        assert ran_compiled(copy)

    @keras_saves
    def test_a_keras_file_makes_a_regressor_that_needs_no_fit(self, regressor, numbers, tmp_path):
        X, y = numbers
        regressor.model_.save(tmp_path / "model.keras")
        new = KerasRegressor(keras.models.load_model(tmp_path / "model.keras"), verbose=0).initialize(X, y)
        np.testing.assert_allclose(new.predict(X), regressor.predict(X), rtol=1e-5, atol=1e-6)
        assert ran_compiled(regressor)

    def test_a_pipeline(self, classifier, pair):
        pipeline = Pipeline([("scale", StandardScaler()), ("clf", classifier)]).fit(*pair)
        assert pipeline.predict(pair[0]).shape == (120,)
        assert ran_compiled(pipeline[-1])

    def test_a_callback_that_reads_a_validation_metric_ends_the_training(self, moons):
        settings = {
            "model": get_clf,
            "loss": "binary_crossentropy",
            "dropout": 0.5,
            "hidden_layer_sizes": (100,),
            "metrics": ["binary_accuracy"],
            "fit__validation_split": 0.2,
            "epochs": 3,
            "verbose": False,
            "random_state": 0,
        }
        free = KerasClassifier(**settings).fit(*moons)
        assert len(free.history_["loss"]) == len(free.history_["val_binary_accuracy"]) == 3
        ended = KerasClassifier(**settings, callbacks=[UntilGoodEnough("val_binary_accuracy", 0.0)]).fit(*moons)
        assert len(ended.history_["loss"]) == 1
        assert ran_compiled(free)
        assert ran_compiled(ended)

    def test_prefixed_parameters_are_searched(self, moons):
        classifier = KerasClassifier(
            model=get_clf,
            loss="binary_crossentropy",
            optimizer="adam",
            optimizer__learning_rate=0.1,
            model__hidden_layer_sizes=(100,),
            model__dropout=0.5,
            verbose=False,
        )
        grid = {
            "optimizer__learning_rate": [0.05, 0.1],
            "model__hidden_layer_sizes": [(100,), (50, 50)],
            "model__dropout": [0, 0.5],
        }
        search = GridSearchCV(classifier, grid, scoring="accuracy", cv=2, error_score="raise").fit(*moons)
        assert search.best_score_ > 0.6
        assert ran_compiled(search.best_estimator_)


class TestMigration:
    """From the wrappers that Keras once had."""

    @staticmethod
    def get_model(hidden=5):
        return keras.Sequential(
            [
                keras.Input((20,)),
                keras.layers.Dense(hidden, activation="relu"),
                keras.layers.Dense(2, activation="softmax"),
            ]
        )

    def test_fit_returns_the_estimator_and_the_history_grows_by_partial_fits(self, pair):
        classifier = KerasClassifier(self.get_model, loss="sparse_categorical_crossentropy", epochs=2, verbose=0)
        assert len(classifier.fit(*pair).history_["loss"]) == 2
        assert len(classifier.partial_fit(*pair).history_["loss"]) == 3
        assert len(classifier.fit(*pair).history_["loss"]) == 2
        assert ran_compiled(classifier)

    def test_the_loss_of_the_constructor_encodes_the_target(self):
        X, y = make_classification(n_informative=4, n_classes=3, random_state=0)
        labels = np.array(["sun", "rain", "snow"])[y]

        def network(meta):
            return keras.Sequential([keras.Input((20,)), keras.layers.Dense(meta["n_classes_"], activation="softmax")])

        classifier = KerasClassifier(network, loss="categorical_crossentropy", verbose=0).fit(X, labels)
        assert set(classifier.predict(X)) <= set(labels)
        assert ran_compiled(classifier)

    def test_arguments_of_fit_and_predict_are_given_to_the_constructor(self, pair):
        X, y = pair
        classifier = KerasClassifier(
            self.get_model,
            loss="sparse_categorical_crossentropy",
            fit__batch_size=40,
            predict__batch_size=10,
            verbose=0,
        ).fit(X, y)
        assert classifier.model_.optimizer.iterations.numpy() == 3
        classifier.set_params(fit__batch_size=60, predict__batch_size=1000).fit(X, y)
        assert classifier.model_.optimizer.iterations.numpy() == 2
        assert classifier.predict(X).shape == (120,)
        assert ran_compiled(classifier)

    def test_arguments_of_fit_itself_are_taken_too(self, pair):
        classifier = KerasClassifier(self.get_model, loss="sparse_categorical_crossentropy", verbose=0)
        classifier.fit(*pair, batch_size=40, epochs=2)
        assert classifier.model_.optimizer.iterations.numpy() == 6
        assert ran_compiled(classifier)

    def test_the_old_name_of_the_model_function_works_with_a_warning(self, pair):
        classifier = KerasClassifier(build_fn=self.get_model, loss="sparse_categorical_crossentropy", verbose=0)
        with pytest.warns(UserWarning, match="will be renamed to ``model``"):
            classifier.fit(*pair)
        assert ran_compiled(classifier)

    @pytest.mark.parametrize("name", ["hidden", "model__hidden"])
    def test_an_argument_of_the_function_is_a_parameter_once_it_is_given(self, pair, name):
        classifier = KerasClassifier(self.get_model, loss="sparse_categorical_crossentropy", verbose=0, **{name: 3})
        assert classifier.fit(*pair).model_.get_weights()[0].shape == (20, 3)
        assert classifier.set_params(**{name: 4}).fit(*pair).model_.get_weights()[0].shape == (20, 4)
        assert ran_compiled(classifier)


class TestMetaEstimators:
    @pytest.fixture
    def classifier(self):
        return KerasClassifier(
            model=mlp,
            hidden_layer_sizes=(100,),
            optimizer="adam",
            optimizer__learning_rate=0.05,
            epochs=3,
            verbose=0,
            random_state=0,
        )

    def test_boosting(self, classifier, moons):
        boosted = AdaBoostClassifier(estimator=classifier, n_estimators=3, random_state=0).fit(*moons)
        assert boosted.score(*moons) > 0.7
        first, second = (estimator.model_.get_weights()[0] for estimator in boosted.estimators_[:2])
        assert not np.array_equal(first, second)
        assert all(ran_compiled(estimator) for estimator in boosted.estimators_)

    def test_bagging(self, classifier, moons):
        bagged = BaggingClassifier(estimator=classifier, n_estimators=3, random_state=0).fit(*moons)
        assert bagged.score(*moons) > 0.7
        assert all(ran_compiled(estimator) for estimator in bagged.estimators_)


class AutoEncoder(BaseWrapper, TransformerMixin):
    """A transformer whose encoder and decoder are models of their own, and share their layers with the one trained."""

    def _keras_build_fn(self, encoding_dim, hidden_layer_sizes, meta):
        n_features = meta["n_features_in_"]
        pixels = keras.Input(shape=(n_features,))
        x = pixels
        for size in hidden_layer_sizes:
            x = keras.layers.Dense(size, activation="relu")(x)
        encoder = keras.Model(pixels, keras.layers.Dense(encoding_dim, activation="relu")(x))

        codes = keras.Input(shape=(encoding_dim,))
        x = codes
        for size in reversed(hidden_layer_sizes):
            x = keras.layers.Dense(size, activation="relu")(x)
        decoder = keras.Model(codes, keras.layers.Dense(n_features, activation="sigmoid", name="decoder")(x))

        whole = keras.Input(shape=(n_features,))
        self.encoder_model_ = BaseWrapper(encoder, verbose=self.verbose)
        self.decoder_model_ = BaseWrapper(decoder, verbose=self.verbose)
        return keras.Model(whole, decoder(encoder(whole)))

    def _initialize(self, X, y=None):
        X, _ = super()._initialize(X=X, y=y)
        self.decoder_model_.initialize(self.encoder_model_.initialize(X).predict(X))
        return X, X

    def initialize(self, X):
        self._initialize(X=X, y=X)
        return self

    def fit(self, X, *, sample_weight=None):
        super().fit(X=X, y=X, sample_weight=sample_weight)
        return self

    def score(self, X):
        return 1 - mean_squared_error(self.predict(X), X)

    def transform(self, X):
        return self.encoder_model_.predict(self.feature_encoder_.transform(X))

    def inverse_transform(self, X):
        return self.feature_encoder_.inverse_transform(self.decoder_model_.predict(X))


@pytest.mark.parametrize("hidden", [[], [16]], ids=["plain", "deep"])
def test_autoencoder(hidden):
    X = (load_digits().data[:200] / 16).astype("float32")
    encoder = AutoEncoder(
        loss="binary_crossentropy",
        encoding_dim=8,
        hidden_layer_sizes=hidden,
        random_state=0,
        epochs=3,
        verbose=False,
        optimizer="adam",
        optimizer__learning_rate=0.01,
    )
    untrained = encoder.initialize(X).score(X)
    codes = encoder.fit(X).transform(X)
    assert codes.shape == (200, 8)
    # the encoder and the decoder share their layers with the model that was trained
    np.testing.assert_allclose(encoder.inverse_transform(codes), encoder.predict(X), rtol=1e-4, atol=1e-5)
    assert encoder.score(X) > untrained
    assert ran_compiled(encoder)


class TwoTargets(TransformerMixin, BaseEstimator):
    """Splits a table of two columns into the targets of two outputs, and takes their probabilities back."""

    def fit(self, y):
        self.encoders_ = [LabelEncoder().fit(column) for column in y.T]
        self.n_classes_ = [encoder.classes_.size for encoder in self.encoders_]
        self.n_outputs_expected_ = 2
        return self

    def transform(self, y):
        return [encoder.transform(column) for encoder, column in zip(self.encoders_, y.T, strict=True)]

    def inverse_transform(self, y, return_proba=False):
        if return_proba:
            return np.column_stack(y)
        numbers = (y[0] > 0.5).astype(int).ravel(), y[1].argmax(axis=1)
        return np.column_stack(
            [encoder.inverse_transform(column) for encoder, column in zip(self.encoders_, numbers, strict=True)]
        )

    def get_metadata(self):
        return {"n_classes_": self.n_classes_, "n_outputs_expected_": self.n_outputs_expected_}


class TwoOutputs(KerasClassifier):
    """A classifier of two targets."""

    @property
    def target_encoder(self):
        return TwoTargets()

    @staticmethod
    def scorer(y_true, y_pred, **kwargs):
        return np.mean([accuracy_score(y_true[:, output], y_pred[:, output]) for output in (0, 1)])


class TwoInputs(KerasRegressor):
    """A regressor with an input for each of two columns, as arrays of one axis."""

    @property
    def feature_encoder(self):
        return FunctionTransformer(func=lambda X: [X[:, 0], X[:, 1]])


class Pictures(KerasClassifier):
    """A classifier that makes pictures of rows."""

    @property
    def feature_encoder(self):
        return FunctionTransformer(func=lambda X: X.reshape(X.shape[0], 8, 8, 1))


class TestDataTransformers:
    """Several inputs, several outputs, and inputs of more axes."""

    def test_two_outputs(self):
        def network(meta):
            inputs = keras.layers.Input(shape=(meta["n_features_in_"],))
            hidden = keras.layers.Dense(100, activation="relu")(inputs)
            binary = keras.layers.Dense(1, activation="sigmoid")(hidden)
            category = keras.layers.Dense(meta["n_classes_"][1], activation="softmax")(hidden)
            model = keras.Model(inputs=inputs, outputs=[binary, category])
            model.compile(loss=["binary_crossentropy", "sparse_categorical_crossentropy"])
            return model

        rng = np.random.default_rng(0)
        y = np.column_stack([rng.integers(0, 2, 200), rng.integers(0, 5, 200)])
        X = StandardScaler().fit_transform(np.column_stack([y[:, 0], np.eye(5)[y[:, 1]]]))
        classifier = TwoOutputs(model=network, verbose=0, random_state=0, epochs=3, batch_size=10)
        assert classifier.fit(X, y).score(X, y) > 0.8
        assert classifier.predict(X).shape == y.shape
        assert ran_compiled(classifier)

    def test_two_inputs(self):
        def network():
            first = keras.layers.Input(shape=(1,))
            second = keras.layers.Input(shape=(1,))
            hidden = [
                keras.layers.Dense(100, activation="relu")(first),
                keras.layers.Dense(50, activation="relu")(second),
            ]
            outputs = keras.layers.Dense(1)(keras.layers.Concatenate(axis=-1)(hidden))
            model = keras.Model(inputs=[first, second], outputs=outputs)
            model.compile(loss="mse")
            return model

        X = np.random.default_rng(0).random((200, 2))
        y = X.sum(axis=1)
        regressor = TwoInputs(model=network, verbose=0, random_state=0, epochs=3, batch_size=10)
        assert regressor.fit(X, y).score(X, y) > 0.5
        assert ran_compiled(regressor)

    def test_pictures_from_rows(self):
        def network(meta):
            return keras.Sequential(
                [
                    keras.Input(shape=(8, 8, 1)),
                    keras.layers.Conv2D(8, kernel_size=(3, 3), activation="relu"),
                    keras.layers.MaxPooling2D(pool_size=(2, 2)),
                    keras.layers.Flatten(),
                    keras.layers.Dropout(0.2),
                    keras.layers.Dense(meta["n_classes_"], activation="softmax"),
                ]
            )

        X, y = load_digits(n_class=3, return_X_y=True)
        classifier = Pictures(
            model=network,
            loss="categorical_crossentropy",
            optimizer="adam",
            optimizer__learning_rate=0.01,
            metrics=["accuracy"],
            batch_size=32,
            epochs=2,
            verbose=0,
            random_state=0,
        )
        classifier.fit(X[:200] / 16, y[:200])
        assert classifier.score(X[:200] / 16, y[:200]) > 0.7
        assert len(classifier.history_["accuracy"]) == 2
        assert ran_compiled(classifier)
