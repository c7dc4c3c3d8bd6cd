"""What the text of an example says of what it printed or drew, as a condition that the docs build checks.

The key is the sentence, or a part of it, as it stands in the example; the condition is evaluated with the example's own
variables after its last block. A condition that does not hold fails the build, and so does a sentence that is no longer
there: who changes one looks at the other.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

CLAIMS: dict[str, dict[str, str]] = {
    "plot_quickstart.py": {
        "the whole search compiles one program": "skmlp.cache_info().traces == 1",
        "The learning rate matters most": (
            "np.ptp(search.cv_results_['mean_test_score'].reshape(4, 5), axis=1).min() "
            "> np.ptp(search.cv_results_['mean_test_score'].reshape(4, 5)[:, :-1], axis=0).max()"
        ),
        "the three weaker penalties differ by less than the bars": (
            "(np.ptp(search.cv_results_['mean_test_score'].reshape(4, 5)[:3, :4], axis=0) "
            "< search.cv_results_['std_test_score'].reshape(4, 5)[:3, :4].max(axis=0)).all()"
        ),
        "from 0.001 on the strongest is the worst": (
            "(search.cv_results_['mean_test_score'].reshape(4, 5)[:, 1:].argmin(axis=0) == 3).all()"
        ),
    },
    "plot_xor.py": {
        "which gets three of them right at most": "networks['no hidden layer'].score(X, y) <= 0.75",
        "With one hidden layer of a few units it can": "networks['8 hidden units'].score(X, y) == 1",
        "the best that binary cross-entropy finds is one half everywhere": (
            "np.allclose(networks['no hidden layer'].predict_proba(X), 0.5, atol=0.01)"
        ),
        "the loss falls to ln 2": "abs(networks['no hidden layer'].loss_curve_[-1] - np.log(2)) < 0.001",
    },
    "plot_mnist_first_network.py": {
        "The training loss ends below the loss on the test set, and falls faster": (
            "classifier.history_['loss'][-1] < classifier.history_['val_loss'][-1] and "
            "np.ptp(classifier.history_['loss']) > np.ptp(classifier.history_['val_loss'])"
        ),
    },
    "plot_mnist_softmax_to_mlp.py": {
        "it lies above the validation loss": (
            "np.less(dropout[-1].history_['val_loss'], dropout[-1].history_['loss']).all()"
        ),
    },
    "plot_mnist_optimizers_and_penalties.py": {
        "RMSprop and Adam, which scale the step of each weight, reach in two epochs what SGD does not reach in ten": (
            "epochs == 10 and max(optimizers[name].history_['val_loss'][1] for name in ('rmsprop', 'adam'))"
            " < min(optimizers['sgd'].history_['val_loss'])"
        ),
        "All candidates lie within the grey band": "np.abs(scores - scores[0]).max() < standard_error",
        "a compiled program for each of the four structures": "programs_of_the_grid == 4",
        "The losses include the penalties, and differ far more than the accuracies do": (
            "np.ptp([each.history_['loss'][-1] for each in penalties.values()])"
            " > 10 * np.ptp([each.history_['val_score'][-1] for each in penalties.values()])"
        ),
        "the first one, which sees the pixels, loses the most weights": "display.shares.argmax() == 0",
    },
    "plot_mnist_sweeps.py": {
        "With a small one the network learns next to nothing in so few epochs": (
            "rates.cv_results_['mean_test_score'][0] < 0.2 < 0.8 < rates.best_score_"
        ),
        "with too large a one training fails": "rates.cv_results_['mean_test_score'][-1] < 0.2",
        "so that all these fits share one": "programs_of_rates == 1",
        "Each width is a program of its own": "programs_of_layers == len(widths)",
        "Wider layers are better up to the widest here": ("(np.diff(layers.cv_results_['mean_test_score']) > 0).all()"),
        "the smaller a batch, the better": "(np.diff(batches.cv_results_['mean_test_score']) < 0).all()",
        "Both sweeps by Adam have their best value at the edge of the grid": (
            "layers.best_index_ == len(widths) - 1 and batches.best_index_ == 0"
        ),
    },
    "plot_mnist_learning_rates.py": {
        "the loss starts in the millions": "fitted['learning rate 5e-05'].step_history_['loss'][0] > 1e6",
        "In the few steps of this run 0.005 alone gets anywhere": (
            "[name for name in fitted if last[name] > 0.2] == ['learning rate 0.005']"
        ),
        "At 0.05 all images have the same outputs before long": (
            "np.ptp(fitted['learning rate 0.05'].predict_proba(X_test), axis=0).max() < 1e-3"
        ),
        "with a loss of ln 10": ("abs(fitted['learning rate 0.05'].step_history_['val_loss'][-1] - np.log(10)) < 0.02"),
        "with the two small rates the loss is still in the thousands": (
            "all(1e3 < np.median(fitted[f'learning rate {rate}'].step_history_['loss'][-5:]) < 1e4"
            " for rate in ('5e-05', '0.0001'))"
        ),
        "The weights have hardly left the interval from 0 to 1": (
            "all(-0.15 < kernel.min() and kernel.max() < 1.15 for kernel in slow.kernels)"
        ),
        "At 0.005 the weights of the first kernels have spread to negative ones": (
            "all(np.mean(kernel < 0) > 0.05 for kernel in fast.kernels[:2])"
        ),
    },
    "plot_mnist_weight_decay.py": {
        "At this small size both networks are about as accurate": (
            "abs(np.subtract(*[each.score(X_test, y_test) for each in networks.values()])) < 0.03"
        ),
        "The penalty has brought more than a fifth of the first kernel near zero": (
            "near_zero['without L2'][0] < 0.05 and near_zero['with L2'][0] > 0.2"
        ),
        "but not yet begun with the others": (
            "np.allclose(near_zero['with L2'][1:], near_zero['without L2'][1:], atol=0.01)"
        ),
    },
    "plot_activations_mnist.py": {
        "sigmoids with SGD read one digit in ten, but have 0.9": (
            "all(round(ordinary['sigmoid, SGD', scale], 1) == 0.1 and round(binary['sigmoid, SGD', scale], 3) == 0.9"
            " for scale in pixels)"
        ),
        "with SGD the loss stays where it is": "np.ptp(sigmoids['sigmoid, SGD'].history_['loss']) < 0.01",
        "so that the same network learns": "ordinary['sigmoid, Adam', 'scaled'] > 0.8",
        "the training loss is at a third after these few epochs, while the test loss is no worse": (
            "relus['ReLU, Adam'].history_['loss'][-1] < 0.4 * relus['ReLU, dropout'].history_['loss'][-1]"
            " and losses['ReLU, Adam', 'scaled'] <= losses['ReLU, dropout', 'scaled']"
        ),
        "On raw pixels dropout even costs much of the accuracy": (
            "ordinary['ReLU, dropout', 'raw'] < ordinary['ReLU, Adam', 'raw'] - 0.2"
        ),
    },
    "plot_imdb_text_pipeline.py": {
        "would take many times the memory": "dense > 20 * stored",
        "it is right about both sentences, but sure of neither": "0.7 > favourable[0] > 0.5 > favourable[1] > 0.3",
    },
    "plot_evaluation_protocols.py": {
        "It is compiled once for all splits of a data set": (
            "n_programs == 1 and skmlp.cache_info().traces - before == 2"
        ),
        "A hold-out set of 110 patients": "abs(round(0.25 * 442) - 110) <= 1",
        "The more fits, the less the answer depends on the shuffle": "(np.diff(list(spread.values())) < 0).all()",
        "The shuffled folds promise an error several times too small": "shuffled < min(in_time, true) / 2",
    },
    "plot_tensorboard_and_callbacks.py": {
        "the loss of every batch, and by epoch the losses, the learning rate and the metrics of the test set": (
            "counts['train', 'batch_loss'] == len(losses['ReLU, dropout, decay']) == epochs * n_digits // 100 and "
            "[counts['train', 'epoch_loss'], counts['train', 'epoch_learning_rate']] == [epochs] * 2 and "
            "[counts['validation', 'epoch_loss'], counts['validation', 'epoch_binary_accuracy']] == [epochs] * 2"
        ),
    },
    "plot_outputs_and_losses.py": {
        "A sigmoid keeps the predictions in that range": (
            "all(0 <= beyond[name].min() and beyond[name].max() <= 1 for name in beyond if 'sigmoid' in name)"
        ),
        "the linear output predicts fractions that cannot be": "beyond['linear, mean squared error'].max() > 1.05",
        "the probabilities of a sample need not sum to 1": "sums.min() < 0.5 and sums.max() > 2",
    },
    "plot_mnist_convnet.py": {
        "which is there since the cross-validation: the search adds none": "n_programs == 0",
        "says that its accuracy on the test set is 99 %. Here there are fewer images and epochs": "accuracy < 0.99",
        "Its first layer has 32 kernels of three by three pixels": "kernels.shape == (3, 3, 1, 32)",
        "The test images that the network is surest about, and wrong": (
            "len(wrong) >= len(surest) == 8 and (predicted[surest] != y_test[surest]).all()"
        ),
    },
    "plot_imdb_convolution.py": {
        "At this small size the order is worth next to nothing": "abs(in_order - shuffled) < 0.04",
        "The embedding alone has 250,000 weights": "50 * n_words == 250_000",
        "The training accuracy reaches nearly 1, and the validation loss rises again": (
            "history['accuracy'][-1] > 0.97 and history['val_loss'][-1] > min(history['val_loss']) + 0.02"
        ),
        "on a part of the reviews: one program": "n_programs <= 1",
    },
    "plot_two_inputs.py": {
        "The place is worth more than a twentieth of the variance": (
            "min(scores['longitude and latitude'], scores['embedded square']) > scores['no place'] + 0.05"
        ),
        "the vectors of the squares no less than longitude and latitude": (
            "scores['embedded square'] >= scores['longitude and latitude']"
        ),
        "in 20,640 districts": "n_districts == 3_000 and 16_512 + len(X_test) == 20_640",
        "which is there since the cross-validation": "n_programs == 0",
    },
    "plot_tables.py": {
        "of which two have gaps in a tenth of the rows": (
            "sorted(gaps[gaps > 0].index) == ['hours', 'job'] and np.allclose(gaps[gaps > 0], 0.1, atol=0.02)"
        ),
        "that of the mean is never worse than the average of the members": "of_all <= np.mean(of_each)",
        "Both curves keep near the diagonal": (
            "all(np.abs(each.prob_true - each.prob_pred).max() < 0.15 for each in calibration.values())"
        ),
        "at the left end, such people are rarer still than they say": (
            "all(each.prob_true[0] < each.prob_pred[0] for each in calibration.values())"
        ),
    },
    "plot_mnist_l2.py": {
        "Without the penalty the training loss goes towards zero and leaves the test loss behind": (
            "plain.history_['loss'][-1] < plain.history_['loss'][0] / 10 and "
            "plain.history_['val_loss'][-1] > 2 * plain.history_['loss'][-1]"
        ),
        "compare the gaps between training loss (solid) and test loss (dashed)": (
            "penalised.history_['val_loss'][-1] - penalised.history_['loss'][-1] "
            "< plain.history_['val_loss'][-1] - plain.history_['loss'][-1]"
        ),
        "the network without the penalty is the more accurate one at this strength": (
            "plain.score(X_test, y_test) > penalised.score(X_test, y_test)"
        ),
    },
    "plot_missing_values.py": {
        "On whole digits the network that has seen nothing else is a little more accurate": (
            "0 < scores['whole digits'][0] - scores['digits with gaps, too'][0] < 0.03"
        ),
        "As soon as pixels are missing it falls behind the one that knows gaps, most of all where 60 % are missing": (
            "(scores['whole digits'][1:] < scores['digits with gaps, too'][1:]).all() and "
            "shares[(scores['digits with gaps, too'] - scores['whole digits']).argmax()] == 0.6"
        ),
    },
    "plot_reuters_topics.py": {
        "so the same network": "np.array_equal(rows.argmax(axis=1), from_integers)",
        "They sum to 1 over the topics": "abs(probabilities.sum() - 1) < 1e-5",
        "the loss still falls in epoch 20, and nothing is stopped": "classifier.n_iter_ == best_epoch == 20",
    },
    "plot_imdb_sentiment.py": {
        "The training loss soon leaves the validation loss behind": (
            "overfitted.history_['loss'][-1] < overfitted.history_['val_loss'][-1] / 2"
        ),
        "That is 1.3 % ones": "round(100 * X_train.mean(), 1) == 1.3",
        "a small run takes more epochs to get there": "best_epoch > 4",
        "no remedy lowers the validation loss": (
            "min(fitted, key=lambda name: min(fitted[name].history_['val_binary_crossentropy'])) == 'no remedy'"
        ),
        "dropout and the smaller network only slow the training down": (
            "all(fitted[name].history_['loss'][3] > fitted['no remedy'].history_['loss'][3]"
            " for name in ('layers of 4 units', 'a dropout of 0.5'))"
        ),
    },
    "plot_boston_housing.py": {
        "The median prices of houses in 506 districts": "len(X_train) + len(X_test) == 506",
        "from thirteen features": "X_train.shape[1] == 13",
        "House prices, with 404 samples": "len(X_train) == 404",
    },
}
"""Example -> what it says -> the condition."""


def text_of(example: Path) -> str:
    """The source of an example as running text, with no comment signs and each space once."""
    return " ".join(re.sub(r"^# ?", "", example.read_text(encoding="utf-8"), flags=re.MULTILINE).split())


def check(example: Path, variables: Mapping[str, Any]) -> None:
    """Raise an AssertionError that lists the claims of an example that its variables do not bear out."""
    text = text_of(example)
    claims = CLAIMS.get(example.name, {})
    failed = [f"it no longer says {claim!r}" for claim in claims if claim not in text]
    failed += [
        f"it says {claim!r}, but not so: {condition}"
        for claim, condition in claims.items()
        if not eval(condition, {"np": np, **variables})  # noqa: S307  (of the table above alone)
    ]
    if failed:
        raise AssertionError(f"{example.name}: {'; '.join(failed)}.")
