"""``model_`` is the fitted network as a Keras model."""

import functools

import keras
import numpy as np
import pytest

from skmlp import KerasMLPClassifier, KerasMLPRegressor


@pytest.fixture
def fitted(blobs):
    return KerasMLPClassifier(
        (6, 5),
        activation=["tanh", "relu"],
        dropout=[0.0, 0.4],
        input_dropout=0.1,
        l1=1e-3,
        l2=2e-3,
        normalization="layer",
        kernel_initializer="he_normal",
        optimizer="sgd",
        learning_rate=0.05,
        momentum=0.8,
        nesterov=True,
        clipnorm=2.0,
        epochs=2,
        random_state=0,
    ).fit(*blobs)


def test_it_predicts_what_the_estimator_predicts(fitted, blobs):
    np.testing.assert_allclose(fitted.model_.predict(blobs[0], verbose=0), fitted.predict_proba(blobs[0]), atol=1e-6)


def test_two_classes_and_regression(blobs, line):
    binary = KerasMLPClassifier((4,), normalization="batch", epochs=2).fit(blobs[0], blobs[1] > 0)
    np.testing.assert_allclose(
        binary.model_.predict(blobs[0], verbose=0)[:, 0], binary.predict_proba(blobs[0])[:, 1], atol=1e-6
    )
    regressor = KerasMLPRegressor((4,), epochs=2, dtype="float64").fit(*line)
    # Keras casts its input to float32, whatever the network's dtype.
    np.testing.assert_allclose(
        regressor.model_.predict(line[0], verbose=0)[:, 0], regressor.predict(line[0]), atol=1e-6
    )


def test_it_is_built_as_the_parameters_say(fitted, capsys):
    model = fitted.model_
    model.summary()
    assert "hidden_1" in capsys.readouterr().out
    first = model.get_layer("hidden_0")
    assert first.kernel_regularizer.get_config() == pytest.approx({"l1": 1e-3, "l2": 2e-3})
    assert first.bias_regularizer is None
    assert type(first.kernel_initializer).__name__ == "HeNormal"
    assert model.get_layer("input_dropout").rate == 0.1
    assert model.get_layer("dropout_1").rate == 0.4
    with pytest.raises(ValueError, match="dropout_0"):
        model.get_layer("dropout_0")
    optimizer = model.optimizer.get_config()
    assert type(model.optimizer) is keras.optimizers.SGD
    assert optimizer["learning_rate"] == pytest.approx(0.05)
    assert (optimizer["momentum"], optimizer["nesterov"], optimizer["clipnorm"]) == (0.8, True, 2.0)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras' own reading of HDF5
def test_it_saves_and_loads_and_can_train_on(fitted, blobs, tmp_path):
    fitted.model_.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(loaded.predict(blobs[0], verbose=0), fitted.predict_proba(blobs[0]), atol=1e-6)
    before = fitted.predict_proba(blobs[0])
    loss = fitted.model_.fit(*blobs, epochs=2, verbose=0).history["loss"]
    assert np.isfinite(loss).all()
    np.testing.assert_array_equal(fitted.predict_proba(blobs[0]), before)


def test_it_is_made_once_a_fit(fitted, blobs):
    assert fitted.model_ is fitted.model_
    before = fitted.model_
    assert fitted.fit(*blobs).model_ is not before


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras' own reading of HDF5
def test_layers_and_losses_of_ours_are_saved_with_it(blobs, line, tmp_path):
    X, y = blobs
    several = KerasMLPClassifier((4,), epochs=1).fit(X, np.column_stack([y, y % 2]))
    quantile = KerasMLPRegressor((4,), loss="quantile", quantile=0.3, epochs=1).fit(*line)
    for fitted, samples in ((several, X), (quantile, line[0])):
        fitted.model_.save(tmp_path / "model.keras")
        loaded = keras.saving.load_model(tmp_path / "model.keras")
        expected = fitted.model_.predict(samples, verbose=0)
        np.testing.assert_allclose(loaded.predict(samples, verbose=0), expected, atol=1e-6)
    assert loaded.loss.quantile == 0.3


def test_it_is_compiled_with_a_loss_of_ones_own(line):
    fitted = KerasMLPRegressor((4,), loss=functools.partial(keras.losses.huber, delta=0.5), epochs=1).fit(
        *line, X_val=line[0], y_val=line[1]
    )
    loss, _ = fitted.model_.evaluate(*line, batch_size=80, verbose=0)
    assert loss == pytest.approx(fitted.history_["val_loss"][-1], rel=1e-5)
