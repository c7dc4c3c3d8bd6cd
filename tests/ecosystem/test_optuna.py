"""Optuna searches with our estimators, and prunes by their epochs."""

import numpy as np
import optuna
import pytest
from optuna.distributions import FloatDistribution
from optuna_integration import KerasPruningCallback, OptunaSearchCV
from sklearn.base import clone
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmlp import KerasMLPClassifier, KerasMLPRegressor, TabularMLPClassifier, search_space

pytestmark = [
    # OptunaSearchCV says that it is experimental, and calls what Optuna 5 deprecates: from Python 3.12 on, Optuna tells
    # that to whatever module calls the packages whose folders begin with "optuna", which here is one of several.
    pytest.mark.filterwarnings("ignore:OptunaSearchCV is experimental"),
    pytest.mark.filterwarnings("ignore:`optuna.terminator` module:FutureWarning"),
]

EPOCHS = 6
RATES = FloatDistribution(1e-5, 1e-1, log=True)


@pytest.fixture(autouse=True)
def _quiet():
    optuna.logging.set_verbosity(optuna.logging.WARNING)


def study():
    return optuna.create_study(
        direction="maximize",
        sampler=optuna.samplers.RandomSampler(seed=0),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=2),
    )


def told(study):
    """What each trial of a study was told: how it ended, and the score of each epoch."""
    return [(trial.state.name, trial.intermediate_values) for trial in study.trials]


def optimized(objective):
    done = study()
    done.optimize(objective, n_trials=6)
    states = {trial.state.name for trial in done.trials}
    assert states == {"COMPLETE", "PRUNED"}
    for trial in done.trials:
        assert (len(trial.intermediate_values) < EPOCHS) == (trial.state.name == "PRUNED")
    return done


class Prune:
    """Reports each epoch of a fit to a trial, by scikit-learn's protocol."""

    def __init__(self, trial, X, y):
        self.trial, self.X, self.y = trial, X, y
        self.epoch = 0

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context, *, fitted_estimator):
        if context.task_name == "epoch":
            self.trial.report(fitted_estimator.score(self.X, self.y), self.epoch)
            self.epoch += 1
            if self.trial.should_prune():
                raise optuna.TrialPruned


def test_a_study_prunes_by_epochs_the_same_by_each_of_three_ways(blobs):
    (X, y), (X_val, y_val) = (part[:40] for part in blobs), (part[40:] for part in blobs)

    def mlp(trial):
        return KerasMLPClassifier(
            (5,), epochs=EPOCHS, learning_rate=trial.suggest_float("rate", 1e-5, 1e-1, log=True), random_state=0
        )

    def by_keras(trial):
        model = mlp(trial).set_params(callbacks=lambda: KerasPruningCallback(trial, "val_accuracy"))
        return model.fit(X, y, X_val=X_val, y_val=y_val).score(X_val, y_val)

    def by_sklearn(trial):
        return mlp(trial).set_callbacks(Prune(trial, X_val, y_val)).fit(X, y).score(X_val, y_val)

    def by_partial_fit(trial):
        model = mlp(trial)
        for epoch in range(EPOCHS):
            score = model.partial_fit(X, y, classes=[0, 1, 2]).score(X_val, y_val)
            trial.report(score, epoch)
            if trial.should_prune():
                raise optuna.TrialPruned
        return score

    pruned = optimized(by_partial_fit)
    assert told(optimized(by_sklearn)) == told(pruned)
    by_callback = told(optimized(by_keras))
    assert [state for state, _ in by_callback] == [state for state, _ in told(pruned)]
    for (_, ours), (_, theirs) in zip(by_callback, told(pruned), strict=True):  # Keras' accuracy is a float32
        assert ours == pytest.approx(theirs, rel=1e-6)


def test_a_pruned_cross_validation_is_no_failed_fit(blobs):
    def objective(trial):
        model = KerasMLPClassifier(
            (5,),
            epochs=EPOCHS,
            learning_rate=trial.suggest_float("rate", 1e-5, 1e-1, log=True),
            callbacks=lambda: KerasPruningCallback(trial, "loss"),
            random_state=0,
        )
        return cross_val_score(model, *blobs, cv=2, error_score="raise").mean()

    done = optuna.create_study(
        sampler=optuna.samplers.RandomSampler(seed=0), pruner=optuna.pruners.ThresholdPruner(upper=0.0)
    )
    done.optimize(objective, n_trials=1)
    assert done.trials[0].state.name == "PRUNED"


def test_a_search_scores_as_cross_validation_does(blobs):
    pipeline = make_pipeline(StandardScaler(), KerasMLPClassifier((5,), epochs=3, random_state=0))
    search = OptunaSearchCV(
        pipeline, {"kerasmlpclassifier__learning_rate": RATES}, cv=2, n_trials=3, random_state=0
    ).fit(*blobs)
    assert len(search.trials_) == 3
    for trial in search.trials_:
        scores = cross_val_score(clone(pipeline).set_params(**trial.params), *blobs, cv=2)
        assert trial.value == scores.mean()
    assert search.best_estimator_[-1].learning_rate == search.best_params_["kerasmlpclassifier__learning_rate"]
    assert np.array_equal(search.predict(blobs[0]), search.best_estimator_.predict(blobs[0]))


@pytest.mark.parametrize("estimator", [KerasMLPClassifier, KerasMLPRegressor])
def test_a_search_with_pruning_prunes(blobs, estimator):
    model = estimator((5,), random_state=0)
    search = OptunaSearchCV(
        model, {"learning_rate": RATES}, cv=2, enable_pruning=True, max_iter=EPOCHS, n_trials=6, study=study()
    ).fit(*blobs)
    states = {trial.state.name for trial in search.trials_}
    assert states == {"COMPLETE", "PRUNED"}
    assert all(len(each.intermediate_values) < EPOCHS for each in search.trials_ if each.state.name == "PRUNED")
    complete = next(trial for trial in search.trials_ if trial.state.name == "COMPLETE")
    by_epochs = cross_val_score(clone(model).set_params(epochs=EPOCHS, **complete.params), *blobs, cv=2)
    assert complete.value == by_epochs.mean()


@pytest.mark.parametrize(
    "estimator",
    [make_pipeline(StandardScaler(), KerasMLPClassifier()), TabularMLPClassifier()],
    ids=["pipeline", "tables"],
)
def test_optuna_prunes_no_search_of_what_cannot_be_fitted_in_parts(blobs, estimator):
    with pytest.raises(ValueError, match="estimator must support partial_fit"):
        OptunaSearchCV(estimator, {}, enable_pruning=True).fit(*blobs)


def test_a_space_of_ours_is_suggested_to_a_study(blobs):
    space = search_space("mlp") | {"epochs": [1, 2]}

    def objective(trial):
        return KerasMLPClassifier(random_state=0, **space.suggest(trial)).fit(*blobs).score(*blobs)

    done = study()
    done.optimize(objective, n_trials=2)
    best = KerasMLPClassifier(random_state=0, **space.suggest(done.best_trial)).fit(*blobs)
    assert best.score(*blobs) == done.best_value
