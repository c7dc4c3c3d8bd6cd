"""The regressor against scikit-learn's linear models, and its own promises."""

import numpy as np
import pytest
from sklearn.linear_model import Lasso, Ridge

from skmlp import KerasMLPRegressor


@pytest.mark.parametrize("n_outputs", [0, 1, 3])
def test_without_hidden_layers_it_finds_scikit_learns_optimum(n_outputs, line):
    X, y = line
    y = np.column_stack([y * (i + 1) - i for i in range(n_outputs)]) if n_outputs else y
    l2 = 0.02
    estimator = KerasMLPRegressor(
        (), l2=l2, optimizer="sgd", learning_rate=0.1, momentum=0.9, epochs=500, dtype="float64", random_state=0
    ).fit(X, y)
    # Ours minimises the mean over samples and outputs; Ridge the sum over both, with alpha * sum(w ** 2).
    reference = Ridge(alpha=l2 * len(X) * max(n_outputs, 1)).fit(X, y)
    assert estimator.predict(X).shape == y.shape
    np.testing.assert_allclose(estimator.predict(X), reference.predict(X).reshape(y.shape), atol=1e-6)


def test_l1_finds_the_weights_of_a_lasso(line, rng):
    X, y = line
    X, y = np.hstack([X, rng.normal(size=(80, 5))]), y + rng.normal(size=80)
    reference = Lasso(0.5 / 2).fit(X, y)  # its squared errors are halved
    left_out = reference.coef_ == 0
    assert left_out.tolist() == [False] * 3 + [True] * 5
    settings = {"optimizer": "sgd", "learning_rate": 0.1, "learning_rate_schedule": "cosine", "epochs": 1000}
    plain = KerasMLPRegressor((), **settings).fit(X, y).coefs_[0][:, 0]
    weights = KerasMLPRegressor((), l1=0.5, **settings).fit(X, y).coefs_[0][:, 0]
    assert abs(plain[left_out]).max() > 0.1
    np.testing.assert_allclose(weights, reference.coef_, atol=1e-3)


def test_outputs_stay_within_the_activation(line):
    X, y = line
    y = 1 / (1 + np.exp(-y))
    for loss in ("mean_squared_error", "binary_crossentropy"):
        estimator = KerasMLPRegressor(
            (5,), loss=loss, output_activation="sigmoid", learning_rate=0.05, epochs=200, random_state=0
        ).fit(X, y)
        assert estimator.score(X, y) > 0.9
        assert estimator.predict(100 * X).min() >= 0
        assert estimator.predict(100 * X).max() <= 1


def test_a_column_stays_a_column(line):
    X, y = line
    assert KerasMLPRegressor((3,), epochs=1).fit(X, y[:, None]).predict(X).shape == (80, 1)
