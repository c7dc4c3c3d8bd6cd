"""scikit-learn's penalty, rate and loss, translated as the documentation says, give the same network here."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, PoissonRegressor, Ridge
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.utils.multiclass import unique_labels

from benchmarks.peers import alpha
from skmlp import KerasMLPClassifier, KerasMLPRegressor

N = 30
X = np.random.default_rng(0).normal(size=(N, 3))
SCORES = X @ np.random.default_rng(1).normal(size=(3, 4)) + np.random.default_rng(2).normal(size=(N, 4))
K = SCORES.shape[1]


@dataclass(frozen=True)
class Row:
    """A row of the table in "From scikit-learn's MLP".

    Attributes
    ----------
    target : str
        What `benchmarks.peers.alpha` calls it.
    y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        The target.
    l2 : float
        For ``alpha=1``.
    rate : float
        Our learning rate for scikit-learn's 1.
    loss : float
        Our loss for scikit-learn's 1, without a penalty.
    """

    target: str
    y: np.ndarray
    l2: float
    rate: float = 1.0
    loss: float = 1.0

    @property
    def n_outputs(self) -> int:
        return self.y[0].size

    def ours(self, **settings: Any) -> Any:
        """Our linear network, trained by steps over all samples."""
        estimator = KerasMLPRegressor if self.target == "numbers" else KerasMLPClassifier
        return estimator(
            (), optimizer="sgd", kernel_initializer="zeros", batch_size=N, dtype="float64", **settings
        ).fit(X, self.y)  # fmt: skip

    def perceptron(self, n_steps: int, **settings: Any) -> Any:
        """scikit-learn's, by steps over all samples from weights of zero."""
        settings = {
            "hidden_layer_sizes": (),
            "solver": "sgd",
            "momentum": 0.0,
            "batch_size": N,
            "random_state": 0,
        } | settings
        if self.target == "numbers":
            reference = MLPRegressor(**settings).partial_fit(X, self.y)
        else:
            reference = MLPClassifier(**settings).partial_fit(X, self.y, classes=unique_labels(self.y))
        for weights in (*reference.coefs_, *reference.intercepts_):
            weights[:] = 0
        for _ in range(n_steps):
            reference.partial_fit(X, self.y)
        return reference

    def optimum(self, strength: float) -> tuple[np.ndarray, np.ndarray]:
        """Kernel and predictions of scikit-learn's linear models."""
        if self.target == "numbers":
            ridge = Ridge(strength).fit(X, self.y)
            return ridge.coef_.reshape(-1, 3).T, ridge.predict(X)
        columns = self.y.T if self.target == "labels" else [self.y]
        models = [LogisticRegression(C=1 / strength, tol=1e-10, max_iter=1000).fit(X, column) for column in columns]
        probabilities = [model.predict_proba(X) for model in models]
        if self.target == "labels":
            probabilities = [column[:, 1:] for column in probabilities]
        return np.vstack([model.coef_ for model in models]).T, np.hstack(probabilities)


ROWS = {
    "two classes": Row("classes", np.where(SCORES[:, 0] > 0, "b", "a"), 1 / (2 * N)),
    "more classes": Row("classes", SCORES.argmax(axis=1), 1 / (2 * N)),
    "one number": Row("numbers", SCORES[:, 0], 1 / N, rate=1 / 2, loss=2),
    "numbers": Row("numbers", SCORES, 1 / (N * K), rate=K / 2, loss=2),
    "labels": Row("labels", (SCORES > 0).astype(int), 1 / (2 * N * K), rate=K, loss=1 / K),
}
each = pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)


@each
def test_the_benchmarks_translate_a_penalty_by_the_same_table(row):
    assert alpha(0.7 * row.l2, N, row.target, row.n_outputs) == pytest.approx(0.7)


@each
def test_the_optimum_is_scikit_learns(row):
    strength = 3.0
    fitted = row.ours(l2=strength * row.l2, learning_rate=0.3 * row.rate, momentum=0.9, epochs=600)
    kernel, predictions = row.optimum(strength)
    np.testing.assert_allclose(fitted.coefs_[0], kernel, atol=1e-7)
    answers = fitted.predict(X) if row.target == "numbers" else fitted.predict_proba(X)
    np.testing.assert_allclose(answers, predictions, atol=1e-7)


@each
def test_a_step_is_that_of_scikit_learns_perceptron(row):
    reference = row.perceptron(3, alpha=3.0, learning_rate_init=0.2)
    fitted = row.ours(l2=3.0 * row.l2, learning_rate=0.2 * row.rate, epochs=3)
    np.testing.assert_allclose(fitted.coefs_[0], reference.coefs_[0], rtol=1e-9)
    np.testing.assert_allclose(fitted.intercepts_[0], reference.intercepts_[0], rtol=1e-9)


@each
def test_a_loss_is_so_many_times_scikit_learns(row):
    reference = row.perceptron(3, alpha=0.0, learning_rate_init=0.2)
    assert row.ours(learning_rate=0.2 * row.rate, epochs=3).loss_ == pytest.approx(row.loss * reference.loss_)


def test_a_penalty_of_counts_is_that_of_scikit_learns_poisson_regression():
    y = np.random.default_rng(3).poisson(np.exp(0.5 * SCORES[:, 0])).astype(float)
    alpha_of_perceptron = 6.0
    # PoissonRegressor minimises the mean of the loss and alpha / 2 * sum(w ** 2), the perceptron with alpha / n.
    reference = PoissonRegressor(alpha=alpha_of_perceptron / N, tol=1e-10, max_iter=1000).fit(X, y)
    settings = {"loss": "poisson", "output_activation": "exponential", "learning_rate": 0.1, "momentum": 0.9}
    fitted = KerasMLPRegressor(
        (), l2=alpha_of_perceptron / (2 * N), optimizer="sgd", batch_size=N, epochs=600, dtype="float64", **settings
    ).fit(X, y)
    np.testing.assert_allclose(fitted.coefs_[0][:, 0], reference.coef_, atol=1e-6)
    np.testing.assert_allclose(fitted.intercepts_[0][0], reference.intercept_, atol=1e-6)
