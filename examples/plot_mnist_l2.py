r"""
L2 against overfitting on MNIST
===============================

A network of two tanh layers, 784-200-100-10, learns MNIST for ten epochs of plain stochastic gradient descent, with an
L2 penalty on every kernel.

Textbooks write the penalised cost of n samples as

.. math::

    C = C_0 + \frac{\lambda}{n} \sum |w| \quad\text{(L1)} \qquad\text{and}\qquad
    C = C_0 + \frac{\lambda}{2n} \sum w^2 \quad\text{(L2)},

where :math:`C_0` is the mean loss. Keras, and so skmlp, writes ``l1 * sum(|w|) + l2 * sum(w ** 2)``: ``l1`` is
:math:`\lambda / n`, and ``l2`` is :math:`\lambda / 2n`. The ``l2=0.0003`` used here is :math:`\lambda = 36` for 60,000
samples.
"""

# %%
# The data, which ``keras.datasets`` downloads once: 60,000 pictures to train on and 10,000 to test, pixels from 0 to 1.

import argparse
import time

import keras
import matplotlib.pyplot as plt
import numpy as np

from skmlp import KerasMLPClassifier, LossCurveDisplay

parser = argparse.ArgumentParser()
parser.add_argument("--seeds", type=int, default=3, help="how many times to repeat the experiment")
options, _ = parser.parse_known_args()

(X_train, y_train), (X_test, y_test) = keras.datasets.mnist.load_data()
X_train = X_train.reshape(-1, 784) / np.float32(255)
X_test = X_test.reshape(-1, 784) / np.float32(255)

# %%
# The experiment: biases start at one, labels are the digits themselves. The losses of ``model_``, the fitted network as
# a Keras model, include the penalty.

estimator = KerasMLPClassifier(
    (200, 100),
    activation="tanh",
    l2=0.0003,
    bias_initializer="ones",
    optimizer="sgd",
    learning_rate=0.2,
    batch_size=32,
    epochs=10,
    verbose=1,
)
figures = []
for seed in range(options.seeds):
    start = time.perf_counter()
    estimator.set_params(random_state=seed).fit(X_train, y_train, X_val=X_test, y_val=y_test)
    seconds = time.perf_counter() - start
    train_loss, train_accuracy = estimator.model_.evaluate(X_train, y_train, batch_size=1000, verbose=0)
    test_loss, test_accuracy = estimator.model_.evaluate(X_test, y_test, batch_size=1000, verbose=0)
    figures.append([train_accuracy, train_loss, test_accuracy, test_loss])
    print(
        f"seed {seed}: train accuracy {train_accuracy:.4f} (loss {train_loss:.4f}), "
        f"test accuracy {test_accuracy:.4f} (loss {test_loss:.4f}), {seconds:.1f} s"
    )

mean = np.mean(figures, axis=0)
print(f"mean:     train accuracy {mean[0]:.4f} (loss {mean[1]:.4f}), test accuracy {mean[2]:.4f} (loss {mean[3]:.4f})")
print("reported: train accuracy 0.9830 (loss 0.1449), test accuracy 0.9735 (loss 0.1696)")

# %%
# The curves of the last seed; the validation samples are the test set. Training and test loss stay together: that is
# what the penalty is for.

display = LossCurveDisplay.from_estimator(estimator, metrics=["loss", "val_score"])
display.ax_.set_ylabel("loss, with the penalty")
display.axes_[1].set_ylabel("accuracy on the test set")
display.figure_.suptitle("MNIST: 784-200-100-10, tanh, l2 = 0.0003")
display.figure_.savefig("mnist_l2.png", dpi=150)
plt.show()
