"""A wrapper by the compiled engine against the same wrapper by Keras' ``fit``."""

import copy
import gc
import pickle
import random

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from skmlp import _builds, _model_training, cache_info
from skmlp._engine import predict
from skmlp._engine.blocks import training_spec
from skmlp._engine.cache import POOL
from skmlp._keras import keras
from skmlp.wrappers import BaseWrapper, KerasClassifier, KerasRegressor

L = keras.layers


def network(hidden=4, dropout=0.0, l2=0.0):
    return keras.Sequential(
        [
            keras.Input((4,)),
            L.Dense(hidden, "tanh", kernel_regularizer=keras.regularizers.L2(l2) if l2 else None),
            L.BatchNormalization(),
            *([L.Dropout(dropout)] if dropout else []),
            L.Dense(3, "softmax"),
        ]
    )


def make(model=network, **changes):
    settings = {
        "loss": "sparse_categorical_crossentropy",
        "optimizer": "adam",
        "optimizer__learning_rate": 0.01,
        "metrics": ["accuracy"],
        "batch_size": 13,
        "epochs": 3,
        "shuffle": False,
        "random_state": 0,
        "verbose": 0,
    }
    return KerasClassifier(model, **settings | changes, **eagerly(changes))


def eagerly(changes):
    """Keras' fit without a graph: it would trace one for each."""
    return {"run_eagerly": True} if changes.get("engine") == "keras" else {}


def weights(estimator):
    return estimator.model_.get_weights()


def assert_alike(ours, theirs, tolerance=1e-4):
    assert (ours.engine_, theirs.engine_) == ("compiled", "keras")
    assert [*ours.history_] == [*theirs.history_]
    for name, values in theirs.history_.items():
        np.testing.assert_allclose(ours.history_[name], values, rtol=tolerance, atol=tolerance)
    for each, other in zip(weights(ours), weights(theirs), strict=True):
        np.testing.assert_allclose(each, other, rtol=tolerance, atol=tolerance)


WAYS = {
    "plain": {},
    "penalty": {"model__l2": 0.01},
    "validation split": {"validation_split": 0.25},
    "class weights": {"class_weight": {0: 1.0, 1: 2.0, 2: 0.5}},
    "other metrics": {
        "metrics": ["sparse_top_k_categorical_accuracy", keras.metrics.SparseCategoricalCrossentropy(name="ce")]
    },
    "weighted metrics": {"compile__weighted_metrics": ["accuracy"], "class_weight": {0: 1.0, 1: 2.0, 2: 0.5}},
    "schedule": {
        "optimizer": keras.optimizers.Adam(keras.optimizers.schedules.ExponentialDecay(0.1, 3, 0.5)),
        "optimizer__learning_rate": None,
    },
    "whole batch": {"batch_size": -1},
}


@pytest.mark.parametrize("way", WAYS)
def test_history_and_weights_are_those_of_keras_fit(way, blobs):
    changes = WAYS[way]
    fits = []
    for engine in ("compiled", "keras"):
        estimator = make(engine=engine, **copy.deepcopy(changes))
        if changes.get("optimizer__learning_rate", 0) is None:
            del estimator.optimizer__learning_rate
        fits.append(estimator.fit(*blobs))
    assert_alike(*fits)


def test_validation_data_and_sample_weights(blobs):
    X, y = blobs
    weight = np.linspace(0.5, 2, len(X))
    fits = [
        make(engine=engine).fit(X, y, sample_weight=weight, validation_data=(X[:21], y[:21].astype("float32")))
        for engine in ("compiled", "keras")
    ]
    assert_alike(*fits)


@pytest.mark.parametrize("engine", ["compiled", "keras"])
@pytest.mark.parametrize("loss", ["sparse_categorical_crossentropy", "categorical_crossentropy"])
def test_labels_to_validate_on_are_those_of_y_or_encoded(loss, engine, blobs):
    X, y = blobs
    labels, ids = np.array(["sun", "rain", "wind"])[y], 10 * y
    codes = np.unique(labels, return_inverse=True)[1]
    codes = codes if loss.startswith("sparse") else np.eye(3)[codes]
    estimator = make(engine=engine, loss=loss, metrics=None, epochs=1)
    losses = [
        clone(estimator).fit(X, given, validation_data=(X[:20], held_out[:20])).history_["val_loss"]
        for given, held_out in [(labels, labels), (labels, codes), (labels[:, None], labels.tolist())]
    ]
    assert losses == [pytest.approx(losses[0], rel=1e-4)] * 3
    assert estimator.set_params(fit__validation_data=(X[:20], ids[:20])).fit(X, ids).history_["val_loss"][0] < 9
    with pytest.raises(ValueError, match=r"validation_data has labels that y does not have: \['hail'\]\. Leave"):
        clone(estimator).fit(X, labels, validation_data=(X[:2], ["sun", "hail"]))


def parted(width=3):
    first, second = keras.Input((2,), name="first"), keras.Input((2,), name="second")
    hidden = L.Dense(width, "tanh")(L.Concatenate()([first, second]))
    outputs = {"class": L.Dense(3, "softmax", name="class")(hidden), "size": L.Dense(1, name="size")(hidden)}
    model = keras.Model({"first": first, "second": second}, outputs)
    model.compile(
        keras.optimizers.SGD(0.05),
        loss={"class": "sparse_categorical_crossentropy", "size": "mse"},
        loss_weights={"class": 1.0, "size": 0.3},
        metrics={"class": ["accuracy"], "size": ["mae", "mse"]},
    )
    return model


class Parted(BaseWrapper):
    @property
    def feature_encoder(self):
        from sklearn.preprocessing import FunctionTransformer

        return FunctionTransformer(lambda X: {"first": X[:, :2], "second": X[:, 2:]})

    @property
    def target_encoder(self):
        from sklearn.preprocessing import FunctionTransformer

        return FunctionTransformer(lambda y: {"class": y[:, 0], "size": y[:, 1]}, check_inverse=False)


def test_several_inputs_and_outputs_by_name(blobs):
    X, y = blobs
    both = np.stack([y, X.sum(axis=1)], axis=1)
    fits = []
    for engine in ("compiled", "keras"):
        estimator = Parted(parted, engine=engine, epochs=3, batch_size=16, shuffle=False, random_state=0, verbose=0)
        estimator.n_outputs_expected_ = 2
        fits.append(estimator.fit(X, both))
    ours, theirs = fits
    losses = [fit.history_.pop("size_loss") for fit in fits]
    ratio = np.divide(*losses)
    # The first releases of Keras 3 record the loss of an output times its weight.
    assert ratio == pytest.approx(1.0, rel=1e-4) or ratio == pytest.approx(1 / 0.3, rel=1e-4)
    assert_alike(ours, theirs)
    raw = ours._predict_raw(X)
    assert [*raw] == ["class", "size"]
    for name, values in theirs._predict_raw(X).items():
        np.testing.assert_allclose(raw[name], values, rtol=1e-3, atol=1e-4)


KEYED = {
    "one loss": {"loss": "mse"},
    "losses in order": {"loss": ["mae", "mse"]},
    "all by key": {
        "loss": {"class": "sparse_categorical_crossentropy", "size": "mse"},
        "loss_weights": {"class": 1.0, "size": 0.3},
        "metrics": {"class": ["accuracy"], "size": ["mae"]},
    },
}


@pytest.mark.parametrize(
    "how",  # Keras 3.6 takes no metrics by such keys
    [pytest.param(how, marks=[pytest.mark.newest] if "metrics" in KEYED[how] else []) for how in KEYED],
)
def test_outputs_by_keys_that_are_not_the_names_of_layers(how, blobs):
    def keyed():
        inputs = {name: keras.Input((2,), name=name) for name in ("first", "second")}
        hidden = L.Concatenate()([*inputs.values()])
        width = 3 if how == "all by key" else 1
        outputs = {"size": L.Dense(1)(hidden), "class": L.Dense(width, "softmax" if width > 1 else None)(hidden)}
        model = keras.Model(inputs, outputs)
        model.compile(keras.optimizers.SGD(0.05), **KEYED[how])
        return model

    X, y = blobs
    both = np.stack([y, X.sum(axis=1)], axis=1)
    ours, theirs = (
        Parted(keyed, engine=engine, epochs=2, shuffle=False, random_state=0, verbose=0).fit(X, both)
        for engine in ("compiled", "keras")
    )
    assert [*ours.history_] == [*theirs.history_]
    assert ours.history_["loss"] == pytest.approx(theirs.history_["loss"], rel=1e-4)
    for name, values in theirs._predict_raw(X).items():
        np.testing.assert_allclose(ours._predict_raw(X)[name], values, rtol=1e-3, atol=1e-4)


def test_a_search_over_values_compiles_one_program(blobs):
    grid = {"optimizer__learning_rate": [0.01, 0.1], "model__dropout": [0.1, 0.5], "model__l2": [1e-3, 1e-2]}
    before = cache_info().traces
    search = GridSearchCV(make(engine="compiled", model__hidden=6), grid, cv=3, error_score="raise").fit(*blobs)
    assert cache_info().traces == before + 1
    assert len({tuple(each) for each in np.round(search.cv_results_["mean_test_score"], 6).reshape(-1, 1)}) > 1


def test_a_fit_keeps_nothing_to_predict_with(blobs):
    POOL.clear()
    estimator = make(engine="compiled").fit(*blobs)
    assert predict._predictor.cache_info().currsize == 0
    estimator.predict(blobs[0])
    assert predict._predictor.cache_info().currsize == 1


def test_validation_is_built_of_the_model_of_its_own_fit(blobs):
    X, y = blobs
    POOL.clear()
    make(engine="compiled").fit(X, y)  # the program stays, and the model that it was built of goes
    _builds._BUILDS.clear()
    predict._predictor.cache_clear()
    gc.collect()
    fitted = make(engine="compiled").fit(X, y, validation_data=(X, y))
    assert len(fitted.history_["val_loss"]) == len(fitted.history_["loss"])
    assert cache_info().misses == 1


def of_meta(meta, hidden=4):
    assert meta["n_features_in_"] == 4
    return network(hidden)


def test_a_model_is_built_once_for_each_set_of_values(blobs, monkeypatch):
    built = []

    class Counted(_builds.Build):
        def __init__(self, model):
            built.append(model)
            super().__init__(model)

    monkeypatch.setattr(_builds, "Build", Counted)
    grid = {"optimizer__learning_rate": [0.01, 0.02], "model__hidden": [4, 5]}
    GridSearchCV(make(of_meta), grid, cv=3, refit=False, error_score="raise").fit(*blobs)
    assert len(built) == 4


@pytest.mark.parametrize(
    "optimizer",
    [
        {"optimizer": "adam", "optimizer__learning_rate": 0.01},
        {"optimizer": "Adam", "optimizer__learning_rate": keras.optimizers.schedules.ExponentialDecay(0.1, 5, 0.5)},
        {"optimizer": keras.optimizers.Adam, "optimizer__beta_1": 0.8},
    ],
)
def test_an_optimizer_is_made_for_each_model_and_not_for_each_fit(optimizer, blobs, monkeypatch):
    made, init = [], keras.optimizers.Adam.__init__

    def counted(self, *args, **kwargs):
        made.append(self)
        init(self, *args, **kwargs)

    estimator = make(**optimizer).fit(*blobs)
    before = weights(estimator)
    taken = clone(estimator)
    monkeypatch.setattr(keras.optimizers.Adam, "__init__", counted)
    taken.fit(*blobs)
    assert not made
    assert taken.model_.optimizer is not estimator.model_.optimizer
    for ours, theirs in zip(weights(taken), before, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("said", [True, False, "auto"])
def test_a_model_that_is_compiled_with_jit_compile_is_trained_by_xla(said, blobs, monkeypatch):
    made = []
    monkeypatch.setattr(_model_training, "training_spec", lambda *given: made.append(training_spec(*given)) or made[-1])
    X, y = blobs
    for batch_size, many in ((len(X), False), (len(X) // 16, True)):
        make(compile__jit_compile=said, epochs=1, batch_size=batch_size, engine="compiled").fit(X, y)
        # Keras has False where nothing was said, so that False cannot be heeded.
        assert made.pop().jit_compile is (said is True or many)


def test_settings_of_the_compilation_count(blobs):
    fits = [make(optimizer="sgd", optimizer__momentum=each).fit(*blobs) for each in (0.0, 0.9, 0.5)]
    assert [float(fit.model_.optimizer.momentum) for fit in fits] == [0.0, 0.9, 0.5]
    once, twice = (make(compile__loss_weights=[each], epochs=1).fit(*blobs).history_["loss"][0] for each in (1.0, 2.0))
    assert twice > 1.5 * once


WIDTH = 4


def of_a_global():
    return network(WIDTH)


def test_a_global_that_changed_is_heeded(blobs, monkeypatch):
    estimator = make(of_a_global).fit(*blobs)
    assert estimator.model_.layers[0].units == 4
    monkeypatch.setattr(f"{__name__}.WIDTH", 7)
    assert estimator.fit(*blobs).model_.layers[0].units == 7


def test_fits_that_share_a_build_have_models_of_their_own(blobs):
    first, second = make().fit(*blobs), make(epochs=1).fit(*blobs)
    assert first.model_ is not second.model_
    assert first.model_ is first.model_
    assert not all(np.array_equal(*pair) for pair in zip(weights(first), weights(second), strict=True))


def test_the_models_weights_are_the_truth_once_it_is_handed_out(blobs):
    X, y = blobs
    estimator = make().fit(X, y)
    before = estimator.predict_proba(X)
    estimator.model_.set_weights([np.zeros_like(each) for each in weights(estimator)])
    np.testing.assert_allclose(estimator.predict_proba(X), 1 / 3, rtol=1e-6)
    assert not np.allclose(before, 1 / 3)
    assert estimator.partial_fit(X, y).model_.optimizer.iterations.numpy() == 4 * 5


@pytest.mark.parametrize("copied", [lambda x: pickle.loads(pickle.dumps(x)), copy.deepcopy])
def test_a_copy_predicts_and_goes_on_alike(copied, blobs):
    X, y = blobs
    estimator = make(model__dropout=0.3).fit(X, y)
    other = copied(estimator)
    np.testing.assert_array_equal(other.predict_proba(X), estimator.predict_proba(X))
    assert (other.engine_, other.history_) == ("compiled", estimator.history_)
    for each in (estimator, other):
        each.partial_fit(X, y)
    for ours, theirs in zip(weights(estimator), weights(other), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_parts_are_the_whole(blobs):
    X, y = blobs
    whole = make(model__dropout=0.3, shuffle=True, epochs=3).fit(X, y)
    parts = make(model__dropout=0.3, shuffle=True, epochs=2).fit(X, y).partial_fit(X, y)
    assert len(parts.history_["loss"]) == 3
    for ours, theirs in zip(weights(whole), weights(parts), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("engine", ["compiled", "keras"])
def test_a_warm_start_goes_on_with_the_optimizer_and_begins_its_history_anew(engine, blobs):
    schedule = keras.optimizers.schedules.PiecewiseConstantDecay([9], [0.05, 0.0])  # no steps after the tenth
    settings = {"optimizer": keras.optimizers.Adam(schedule), "batch_size": 12, "epochs": 1, "engine": engine}
    diary = Diary()
    estimator = make(**settings, warm_start=True)
    del estimator.optimizer__learning_rate
    first = weights(estimator.fit(*blobs))
    estimator.set_params(epochs=2, callbacks=[diary], optimizer="sgd", model__hidden=9)
    second = weights(estimator.fit(*blobs))
    assert int(estimator.model_.optimizer.iterations) == 15
    assert isinstance(estimator.model_.optimizer, keras.optimizers.Adam)
    assert second[0].shape == first[0].shape
    assert len(estimator.history_["loss"]) == estimator.current_epoch == 2
    kernels = [page[2] for page in diary.pages if page[0] != "begin"]
    assert [page[1] for page in diary.pages if page[0] == "begin"] == [0, 1]
    assert kernels[0] == pytest.approx(kernels[1])
    assert not np.array_equal(first[0], second[0])


def test_nothing_global_is_touched(blobs):
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002
    states = random.getstate(), np.random.get_state()  # noqa: NPY002
    make(model__dropout=0.2, engine="compiled").fit(*blobs).model_.summary(print_fn=lambda *a, **k: None)
    assert random.getstate() == states[0]
    np.testing.assert_equal(np.random.get_state(), states[1])  # noqa: NPY002


def test_the_reason_is_told_or_an_error(blobs):
    def averaged():
        model = network()
        model.compile(keras.optimizers.Adam(use_ema=True), "sparse_categorical_crossentropy")
        return model

    estimator = make(averaged, optimizer="rmsprop", metrics=None)
    del estimator.optimizer__learning_rate
    assert "averages the weights" in clone(estimator).fit(*blobs).engine_reason_
    with pytest.raises(ValueError, match=r"engine='compiled' cannot train this model: the optimizer Adam averages"):
        estimator.set_params(engine="compiled").fit(*blobs)
    with pytest.raises(ValueError, match=r"engine='gpu' is unknown: choose one of 'auto', 'compiled', 'keras'"):
        estimator.set_params(engine="gpu").fit(*blobs)


def test_a_fit_that_fails_leaves_the_earlier_one(blobs):
    X, y = blobs
    estimator = make().fit(X, y)
    before = estimator.predict_proba(X)

    def broken():
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        estimator.set_params(model=broken).fit(X, y)
    np.testing.assert_array_equal(estimator.predict_proba(X), before)


class Diary(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.pages = []

    def on_epoch_begin(self, epoch, logs=None):
        self.pages.append(("begin", epoch))

    def on_epoch_end(self, epoch, logs=None):
        self.pages.append((epoch, sorted(logs), float(np.abs(self.model.get_weights()[0]).sum())))
        self.model.stop_training = epoch == 1


def test_callbacks_are_told_what_keras_tells_them(blobs):
    pages = []
    for engine in ("compiled", "keras"):
        diary = Diary()
        estimator = make(engine=engine, epochs=5, validation_split=0.2, callbacks=[diary]).fit(*blobs)
        assert len(estimator.history_["loss"]) == 2
        pages.append(diary.pages)
    assert [page[:2] for page in pages[0]] == [page[:2] for page in pages[1]]
    assert [page[2:] for page in pages[0]] == [pytest.approx(page[2:], rel=1e-4) for page in pages[1]]


def per_sample(y_true, y_pred):
    return keras.ops.abs(y_true - y_pred[:, 0])


def per_batch(y_true, y_pred):
    return keras.ops.mean(keras.ops.abs(y_true - y_pred[:, 0]))


class Block(L.Layer):
    """A layer that looks at a batch as a whole, and has layers and a loss of its own."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.norm, self.dense = L.BatchNormalization(), L.Dense(4)

    def call(self, inputs, training=None):
        hidden = self.norm(self.dense(inputs), training=training)
        self.add_loss(0.1 * keras.ops.mean(hidden**2))
        return hidden - keras.ops.mean(hidden, axis=0, keepdims=True)


@pytest.mark.parametrize("loss", [per_sample, per_batch, keras.losses.Huber(reduction="sum"), "mae"])
@pytest.mark.parametrize("layer", [Block, lambda: L.Dense(4, lambda x: x * 0.5, activity_regularizer="l2")])
def test_what_looks_at_a_batch_sees_the_batches_of_keras(loss, layer, blobs):
    X = blobs[0]

    def model():
        return keras.Sequential([keras.Input((4,)), layer(), L.Dense(1)])

    settings = {"optimizer": "sgd", "epochs": 2, "batch_size": 13, "shuffle": False, "random_state": 0, "verbose": 0}
    ours, theirs = (
        KerasRegressor(
            model, loss=loss, metrics=[per_batch], engine=engine, **settings, **eagerly({"engine": engine})
        ).fit(X, X.sum(axis=1))
        for engine in ("compiled", "keras")
    )
    for each, other in zip(weights(ours), weights(theirs), strict=True):
        np.testing.assert_allclose(each, other, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(ours.history_["loss"], theirs.history_["loss"], rtol=1e-4)
    np.testing.assert_allclose(ours.history_["per_batch"], theirs.history_["per_batch"], rtol=1e-4)


def told_no_shape():
    return keras.Sequential([L.Dense(4, "tanh"), L.Dense(3, "softmax")])


def test_a_model_that_was_not_told_the_shape_of_its_samples(blobs):
    X, y = blobs
    first, second = make(told_no_shape).fit(X, y), make(told_no_shape).fit(X, y)
    assert first.engine_ == "compiled"
    np.testing.assert_array_equal(first.predict_proba(X), second.predict_proba(X))
    np.testing.assert_array_equal(weights(first)[0], weights(second)[0])


def test_models_of_several_lambdas_are_copied(blobs):
    def model():
        return line(L.Lambda(lambda x: x * 2.0), L.Dense(3, activation=lambda x: x + 1.0), L.Lambda(lambda x: x * 3.0))

    fitted = make_regressor(model, engine="compiled").fit(*blobs)
    copied = copy.deepcopy(fitted)
    np.testing.assert_array_equal(copied.predict(blobs[0]), fitted.predict(blobs[0]))
    assert copied.partial_fit(*blobs).history_ == fitted.partial_fit(*blobs).history_
    assert [layer.function.__name__ for layer in fitted.model_.layers[::2]] == ["<lambda>"] * 2


@pytest.mark.filterwarnings("ignore:The object being serialized includes a `lambda`")
def test_a_lambda_that_keras_would_not_load_is_no_file(blobs):
    def model():
        network = line(L.Lambda(lambda x: x * 2.0))
        network.compile(keras.optimizers.SGD(use_ema=True), "mse")
        return network

    fitted = make_regressor(model, optimizer="rmsprop").fit(*blobs)
    with pytest.raises(pickle.PicklingError, match="was given a lambda, which Keras does not load from a file: define"):
        pickle.dumps(fitted)


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = L.Dense(3, "softmax")

    def call(self, inputs):
        return self.dense(inputs)


def subclassed():
    return Subclassed()


def test_a_subclassed_model_is_trained_by_keras(blobs):
    estimator = make(subclassed).fit(*blobs)
    assert estimator.engine_ == "keras"
    assert "a call of its own" in estimator.engine_reason_
    assert estimator.predict(blobs[0]).shape == (60,)


# Keras 3.15 warns so on NumPy 2 while it saves a model, on its own account
@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")
def test_what_is_initialized_can_be_pickled(blobs):
    estimator = make().initialize(*blobs)
    assert pickle.loads(pickle.dumps(estimator)).model_.layers[0].units == 4


FACTOR = 1.0


def scaled(x):
    return x * FACTOR


class Scaled(L.Layer):
    def call(self, inputs):
        return inputs * FACTOR


class Projected(L.Layer):
    """A fixed random projection by a seed that is part of what the layer computes."""

    def __init__(self, seed=0, **kwargs):
        super().__init__(**kwargs)
        self.seed = seed

    def call(self, inputs):
        matrix = np.random.default_rng(self.seed).normal(size=(4, 4))
        return inputs @ keras.ops.convert_to_tensor(matrix.astype("float32"))

    def get_config(self):
        return {**super().get_config(), "seed": self.seed}


def scaled_loss(y_true, y_pred):
    return FACTOR * keras.ops.mean(keras.ops.square(y_true - y_pred), axis=-1)


def line(*layers):
    return keras.Sequential([keras.Input((4,)), *layers, L.Dense(1)])


def losses(model, engine, blobs, **changes):
    X = blobs[0]
    settings = {"loss": "mse", "optimizer": "sgd", "epochs": 2, "batch_size": 13, "random_state": 0, "verbose": 0}
    estimator = KerasRegressor(
        model, fit__shuffle=False, engine=engine, **settings | changes, **eagerly({"engine": engine})
    )
    return estimator.fit(X / 10, X.sum(axis=1) / 10).history_["loss"]


CODE = {
    "a layer": (lambda: line(Scaled()), {}),
    "a function in a Lambda layer": (lambda: line(L.Lambda(lambda x: x * FACTOR)), {}),
    "an activation": (lambda: line(L.Dense(3, scaled)), {}),
    "a loss": (line, {"loss": scaled_loss}),
}


@pytest.mark.parametrize("what", CODE)
def test_code_of_ones_own_is_compiled_anew_when_a_global_that_it_reads_changes(what, blobs, monkeypatch):
    model, changes = CODE[what]
    first = losses(model, "compiled", blobs, **changes)
    monkeypatch.setattr(f"{__name__}.FACTOR", 3.0)
    second = losses(model, "compiled", blobs, **changes)
    assert second != pytest.approx(first, rel=1e-3)
    assert second == pytest.approx(losses(model, "keras", blobs, **changes), rel=1e-4)


@pytest.mark.parametrize("seed", [0, 1])
def test_what_a_layer_of_ones_own_says_of_itself_counts(seed, blobs):
    ours, theirs = (losses(lambda: line(Projected(seed)), engine, blobs) for engine in ("compiled", "keras"))
    assert ours == pytest.approx(theirs, rel=1e-4)


def test_attributes_that_a_layer_does_not_tell_are_a_reason(blobs):
    def model():
        layer = Projected()
        layer.seed, layer.factor = 0, 2.0
        return line(layer)

    assert "attributes that its get_config does not tell" in make_regressor(model).fit(*blobs).engine_reason_


def make_regressor(model, **changes):
    settings = {"loss": "mse", "optimizer": "sgd", "random_state": 0, "verbose": 0}
    return KerasRegressor(model, **settings | changes)


def test_what_reads_a_file_is_called_at_each_fit(blobs, tmp_path):
    path = tmp_path / "units"

    def model():
        with open(path) as file:  # noqa: PTH123  (as a user may)
            return line(L.Dense(int(file.read())))

    estimator = make_regressor(model)
    for units in (3, 5):
        path.write_text(str(units))
        assert estimator.fit(*blobs).model_.layers[0].units == units


HELD = {}


def encoding():
    inputs = keras.Input((4,))
    codes = L.Dense(2)(inputs)
    HELD["encoder"] = keras.Model(inputs, codes)
    return keras.Model(inputs, L.Dense(1)(codes))


def test_a_part_that_a_function_keeps_is_trained(blobs):
    estimator = make_regressor(encoding).fit(*blobs)
    for held, fitted in zip(HELD["encoder"].get_weights(), weights(estimator), strict=False):
        np.testing.assert_array_equal(held, fitted)


def test_validation_needs_no_metrics(blobs):
    ours, theirs = (
        make(engine=engine, metrics=None, validation_split=0.3).fit(*blobs) for engine in ("compiled", "keras")
    )
    assert_alike(ours, theirs)


class BatchDiary(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.pages = []

    def on_train_batch_end(self, batch, logs=None):
        self.pages.append((batch, [*logs], [*logs.values()]))


def test_batch_hooks_are_told_of_the_means_since_the_epoch_began(blobs):
    pages = []
    for engine in ("compiled", "keras"):
        diary = BatchDiary()
        make(engine=engine, epochs=2, batch_size=25, validation_split=0.1, callbacks=[diary]).fit(*blobs)
        pages.append(diary.pages)
    assert [page[:2] for page in pages[0]] == [page[:2] for page in pages[1]]
    for ours, theirs in zip(*pages, strict=True):
        assert ours[2] == pytest.approx(theirs[2], rel=1e-4)


def test_batch_hooks_of_several_outputs_are_left_to_keras(blobs):
    X, y = blobs
    estimator = Parted(parted, engine="compiled", random_state=0, verbose=0, callbacks=[BatchDiary()])
    estimator.n_outputs_expected_ = 2
    with pytest.raises(ValueError, match="BatchDiary has batch hooks, which are told of the loss of each output"):
        estimator.fit(X, np.stack([y, X.sum(axis=1)], axis=1))


# Keras 3.15 warns so on NumPy 2 while it saves a model, on its own account
@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")
def test_a_checkpoint_loads_with_its_optimizer(blobs, tmp_path):
    path = tmp_path / "best.keras"
    checkpoint = keras.callbacks.ModelCheckpoint(path, monitor="loss", save_best_only=True)
    fitted = make(engine="compiled", callbacks=[checkpoint]).fit(*blobs)
    loaded = keras.models.load_model(path)
    np.testing.assert_array_equal(loaded.get_weights()[0], weights(fitted)[0])
    assert int(loaded.optimizer.iterations) == int(fitted.model_.optimizer.iterations)


class Noting(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        logs["noted"] = float(epoch)


def test_what_callbacks_add_to_the_logs_is_recorded(blobs):
    assert make(callbacks=[Noting()]).fit(*blobs).history_["noted"] == [0.0, 1.0, 2.0]


def test_metrics_of_a_class_have_one_name(blobs):
    X, y = blobs
    names = [[*make_regressor(line, metrics=["AUC"]).fit(X, y > 0).history_] for _ in range(2)]
    assert names[0] == names[1]


@pytest.mark.parametrize("loss", ["dice", "tversky"])
def test_losses_that_see_a_batch_get_the_batches_of_keras(loss, blobs):
    X, y = blobs
    ours, theirs = (
        make(engine=engine, loss=loss, metrics=None, epochs=2).fit(X, np.eye(3)[y]) for engine in ("compiled", "keras")
    )
    assert ours.history_["loss"] == pytest.approx(theirs.history_["loss"], rel=1e-4)


class Clipped(keras.optimizers.SGD):
    def apply_gradients(self, pairs):
        return super().apply_gradients([(keras.ops.clip(gradient, -0.1, 0.1), each) for gradient, each in pairs])


def test_an_optimizer_with_an_apply_of_its_own_is_left_to_keras(blobs):
    assert "apply_gradients of its own" in make_regressor(line, optimizer=Clipped).fit(*blobs).engine_reason_


def test_masks_and_dropout_within_recurrent_layers_compile():
    X = np.random.default_rng(0).normal(size=(30, 5, 4)).astype("float32")

    def model():
        return keras.Sequential([keras.Input((5, 4)), L.LSTM(3, dropout=0.3, recurrent_dropout=0.2), L.Dense(1)])

    fits = [make_regressor(model, epochs=2, validation_split=0.2).fit(X, X.sum(axis=(1, 2))) for _ in range(2)]
    assert [fit.engine_ for fit in fits] == ["compiled", "compiled"]
    assert fits[0].history_ == fits[1].history_
