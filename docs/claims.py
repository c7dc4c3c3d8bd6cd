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
