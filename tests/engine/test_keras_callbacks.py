"""Keras callbacks do what they do in ``keras.Model.fit``."""

import csv
import pickle
import tempfile
import threading
from functools import partial

import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score

from skmlp import KerasMLPClassifier, KerasMLPRegressor, cache_info
from skmlp._engine.keras_callbacks import KerasCallbacks, mentions_model

callbacks = keras.callbacks

# Keras 3.15 turns its variables into arrays, and reads HDF5, in a way that NumPy 2 warns of.
FROM_KERAS = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


class Diary(callbacks.Callback):
    """Writes down every hook."""

    def __init__(self):
        super().__init__()
        self.pages = []
        self.logs = []

    def on_train_begin(self, logs=None):
        self.pages.append(("train begins", self.params["epochs"], self.params["steps"]))

    def on_train_end(self, logs=None):
        self.pages.append("train ends")

    def on_epoch_begin(self, epoch, logs=None):
        self.pages.append(("epoch begins", epoch))

    def on_epoch_end(self, epoch, logs=None):
        self.pages.append(("epoch ends", epoch))
        self.logs.append(dict(logs))


class BatchDiary(Diary):
    """The same, of batches too."""

    def on_train_batch_begin(self, batch, logs=None):
        self.pages.append(("batch begins", batch))

    def on_train_batch_end(self, batch, logs=None):
        self.pages.append(("batch ends", batch))
        self.logs.append((logs["loss"], [weight.copy() for weight in self.model.get_weights()]))


@pytest.mark.parametrize("diary", [Diary, BatchDiary])
def test_hooks_come_in_keras_order(diary, line):
    X, y = line
    fitted = KerasMLPRegressor((3,), batch_size=30, epochs=2, callbacks=[diary()]).fit(X, y)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    theirs = diary()
    model.fit(X, y, batch_size=30, epochs=2, callbacks=[theirs], verbose=0)
    assert fitted.callbacks_[0].pages == theirs.pages


def test_logs_and_weights_are_those_of_the_moment(blobs):
    X, y = blobs
    fitted = KerasMLPClassifier((3,), batch_size=20, epochs=2, callbacks=[Diary(), BatchDiary()], random_state=0)
    fitted.fit(X, y, X_val=X, y_val=y)
    epochs, batches = (callback.logs for callback in fitted.callbacks_)
    assert [logs["loss"] for logs in epochs] == fitted.loss_curve_
    assert [logs["val_accuracy"] for logs in epochs] == fitted.validation_scores_
    assert {"loss", "val_loss", "val_score", "learning_rate"} <= set(epochs[0])
    losses = [entry[0] for entry in batches if isinstance(entry, tuple)]
    np.testing.assert_allclose([np.mean(losses[:3]), np.mean(losses[3:])], fitted.loss_curve_, rtol=1e-6)
    last = [entry[1] for entry in batches if isinstance(entry, tuple)][-1]
    np.testing.assert_array_equal(last[0], fitted.coefs_[0])


@pytest.mark.parametrize("batch_size", [4, 60], ids=["xla", "plain graph"])
def test_watching_batches_changes_nothing(batch_size, blobs):
    make = KerasMLPClassifier((5,), dropout=0.3, batch_size=batch_size, epochs=2, random_state=0)
    plain = clone(make).fit(*blobs)
    watched = clone(make).set_params(callbacks=[BatchDiary()], record_every=3).fit(*blobs)
    np.testing.assert_array_equal(watched.coefs_[0], plain.coefs_[0])
    np.testing.assert_allclose(watched.loss_curve_, plain.loss_curve_, rtol=1e-6)


def test_early_stopping_restores_its_best_weights(blobs):
    X, y = blobs
    stop = callbacks.EarlyStopping(monitor="val_loss", patience=2, restore_best_weights=True)
    fitted = KerasMLPClassifier((5,), learning_rate=0.5, epochs=60, batch_size=8, callbacks=[stop], random_state=0)
    fitted.fit(X[:30], y[:30], X_val=X[30:], y_val=y[30:])
    losses = fitted.history_["val_loss"]
    assert fitted.n_iter_ < 60
    loss, _ = fitted.model_.evaluate(X[30:], y[30:], batch_size=30, verbose=0)
    assert loss == pytest.approx(min(losses), rel=1e-4)


@FROM_KERAS
def test_learning_rates_that_callbacks_set(line):
    halve = callbacks.LearningRateScheduler(lambda epoch, rate: 0.5 * rate)
    fitted = KerasMLPRegressor((3,), learning_rate=0.08, epochs=4, callbacks=[halve]).fit(*line)
    np.testing.assert_allclose(fitted.history_["learning_rate"], [0.04, 0.02, 0.01, 0.005])
    plateau = callbacks.ReduceLROnPlateau(monitor="loss", factor=0.1, patience=1, min_delta=1e9)
    fitted = KerasMLPRegressor((3,), learning_rate=0.1, epochs=4, callbacks=[plateau]).fit(*line)
    np.testing.assert_allclose(fitted.history_["learning_rate"], [0.1, 0.1, 0.01, 0.001])


def test_a_callback_may_set_weights(line):
    class Freeze(callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.set_weights([np.ones_like(weight) for weight in self.model.get_weights()])

    fitted = KerasMLPRegressor((3,), epochs=2, callbacks=[Freeze()]).fit(*line)
    assert all((coef == 1).all() for coef in fitted.coefs_)


@FROM_KERAS
def test_files_are_written(line, tmp_path):
    writers = [
        callbacks.CSVLogger(tmp_path / "log.csv"),
        callbacks.ModelCheckpoint(tmp_path / "model.{epoch:02d}.keras"),
        callbacks.TensorBoard(tmp_path / "board", update_freq="batch"),
    ]
    fitted = KerasMLPRegressor((3,), epochs=2, batch_size=40, callbacks=writers, random_state=0).fit(*line)
    with (tmp_path / "log.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [float(row["loss"]) for row in rows] == pytest.approx(fitted.loss_curve_)
    loaded = keras.saving.load_model(tmp_path / "model.02.keras")
    np.testing.assert_allclose(np.ravel(loaded.predict(line[0], verbose=0)), fitted.predict(line[0]), rtol=1e-5)
    tags = set()
    for path in (tmp_path / "board").rglob("events.*"):
        for event in tf.compat.v1.train.summary_iterator(str(path)):
            tags |= {value.tag for value in event.summary.value}
    assert {"epoch_loss", "batch_loss"} <= tags


def test_nothing_asks_for_batches_without_need(tmp_path):
    from skmlp._engine.keras_callbacks import wants_batches

    quiet = [
        callbacks.TensorBoard(tmp_path),
        callbacks.ModelCheckpoint(tmp_path / "m.keras"),
        callbacks.EarlyStopping(),
        callbacks.CSVLogger(tmp_path / "log.csv"),
        Diary(),
    ]
    assert not any(wants_batches(callback) for callback in quiet)
    assert all(
        wants_batches(callback)
        for callback in (
            callbacks.TensorBoard(tmp_path, update_freq=5),
            callbacks.ModelCheckpoint(tmp_path / "m.keras", save_freq=5),
            callbacks.TerminateOnNaN(),
            BatchDiary(),
        )
    )


def test_terminate_on_nan_ends_at_the_batch(line):
    count = BatchDiary()
    fitted = KerasMLPRegressor(
        (3,), optimizer="sgd", learning_rate=1e30, batch_size=4, epochs=9, callbacks=[callbacks.TerminateOnNaN(), count]
    )
    with pytest.raises(ValueError, match=r"The loss became (nan|inf) in epoch 1 of 9"):
        fitted.fit(*line)


def test_every_fit_has_copies_of_its_own(blobs):
    diary = Diary()
    make = KerasMLPClassifier((3,), epochs=2, callbacks=[diary])
    first, second = clone(make).fit(*blobs), clone(make).fit(*blobs)
    assert first.callbacks_[0] is not second.callbacks_[0]
    assert first.callbacks_[0].pages == second.callbacks_[0].pages != []
    make.fit(*blobs).fit(*blobs)
    assert diary.pages == []
    assert len(make.callbacks_[0].logs) == 2
    stop = callbacks.EarlyStopping(monitor="loss", patience=0, min_delta=1e9)
    scores = cross_val_score(clone(make).set_params(callbacks=[stop]), *blobs, cv=3)
    assert np.isfinite(scores).all()


def test_a_fitted_estimator_with_callbacks_is_pickled(blobs):
    fitted = KerasMLPClassifier((3,), epochs=2, callbacks=[callbacks.EarlyStopping(monitor="loss")]).fit(*blobs)
    restored = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(restored.predict(blobs[0]), fitted.predict(blobs[0]))


@pytest.mark.parametrize("make", [callbacks.EarlyStopping, callbacks.ReduceLROnPlateau])
@FROM_KERAS
def test_accuracy_can_be_monitored(make, blobs):
    X, y = blobs
    for target in (y, y == 0):
        fitted = KerasMLPClassifier((4,), epochs=6, callbacks=[make(monitor="val_accuracy", patience=1)])
        fitted.fit(X, target, X_val=X, y_val=target)
    stop = callbacks.EarlyStopping(monitor="val_accuracy", patience=3, restore_best_weights=True)
    fitted = KerasMLPClassifier((4,), learning_rate=0.1, epochs=40, batch_size=8, callbacks=[stop], random_state=0)
    fitted.fit(X[:40], y[:40], X_val=X[40:], y_val=y[40:])
    assert fitted.score(X[40:], y[40:]) == pytest.approx(fitted.best_validation_score_)


def test_logs_keep_metrics_under_their_own_names(line):
    X, y = line
    fitted = KerasMLPRegressor((4,), epochs=3, metrics=["mean_absolute_error"], callbacks=[Diary()])
    fitted.fit(X, y, X_val=X, y_val=y)
    logged = [logs["val_mean_absolute_error"] for logs in fitted.callbacks_[0].logs]
    assert logged == fitted.history_["val_mean_absolute_error"]


def test_batch_hooks_of_a_lambda_callback_are_called(line):
    batches = []
    hook = callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: batches.append(batch))
    fitted = KerasMLPRegressor((3,), epochs=2, batch_size=40)
    fitted.callbacks = [hook]
    fitted.fit(*line)
    assert batches == [0, 1, 0, 1]


def test_a_callback_that_stops_at_once_leaves_one_epoch(line):
    class Stop(callbacks.Callback):
        def on_train_begin(self, logs=None):
            self.model.stop_training = True

    assert KerasMLPRegressor((3,), epochs=5, callbacks=[Stop()]).fit(*line).n_iter_ >= 1


TRAINING_HOOKS = [
    f"on_{what}_{when}" for what in ("train", "epoch", "train_batch", "batch") for when in ("begin", "end")
]


def keras_fit(callback, X, y, epochs):
    """Train by plain Keras, with this callback."""
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(X, y, batch_size=30, epochs=epochs, callbacks=[callback], verbose=0)


def form(value):
    """A number as it is, a dictionary by the types of its values, anything else by its type."""
    if isinstance(value, dict):
        return {"logs": {type(each) for each in value.values()}, "has loss": "loss" in value}
    return value if isinstance(value, int) else type(value)


class Scribe(callbacks.Callback):
    """Writes down how each hook of a training is called: with what, in which order, by position or by name."""

    def __init__(self, hooks):
        super().__init__()
        self.pages = []
        for hook in hooks:
            setattr(self, hook, partial(self._write, hook))

    def __deepcopy__(self, memo):
        return self

    def _write(self, hook, *args, **kwargs):
        self.pages.append(
            (hook, [form(value) for value in args], {name: form(value) for name, value in kwargs.items()})
        )

    def set_params(self, params):
        super().set_params(params)
        self.pages.append(("set_params", params))

    def set_model(self, model):
        super().set_model(model)
        self.pages.append("set_model")


@pytest.mark.parametrize(
    "hooks",
    [
        TRAINING_HOOKS,
        [hook for hook in TRAINING_HOOKS if "batch" not in hook],
        ["on_train_batch_begin"],
        ["on_batch_end"],
    ],
    ids=["all", "epochs", "beginning batches", "batches by their old name"],
)
def test_hooks_are_called_as_keras_calls_them(hooks, line):
    ours, theirs = Scribe(hooks), Scribe(hooks)
    KerasMLPRegressor((3,), batch_size=30, epochs=2, callbacks=[ours]).fit(*line)
    keras_fit(theirs, *line, epochs=2)
    assert ours.pages == theirs.pages


def test_arguments_of_hooks_have_the_names_that_the_user_chose(line):
    class Own(callbacks.Callback):
        def on_epoch_end(self, epoch, values):
            seen.append((epoch, values["loss"]))

        def on_train_end(self, values):
            seen.append(values["loss"])

    seen, told = [], []
    each = callbacks.LambdaCallback(
        on_train_begin=told.append,
        on_epoch_begin=lambda number, values: told.append(number),
        on_epoch_end=lambda number, values: told.append((number, values["loss"])),
        on_train_end=lambda values: told.append(values["loss"]),
    )
    fitted = KerasMLPRegressor((3,), epochs=2, callbacks=[Own(), each]).fit(*line)
    first, second = fitted.loss_curve_
    assert seen == [(0, first), (1, second), second]
    assert told == [{}, 0, (0, first), 1, (1, second), second]


@FROM_KERAS
@pytest.mark.parametrize(
    ("base", "arguments"),
    [
        (callbacks.Callback, {}),
        (callbacks.ModelCheckpoint, {"filepath": "model.keras", "save_freq": "epoch"}),
        (callbacks.TensorBoard, {"log_dir": "board", "update_freq": "epoch"}),
    ],
)
def test_batch_hooks_of_a_subclass_are_called_whatever_the_frequency_of_its_base(
    base, arguments, line, tmp_path, monkeypatch
):
    class Own(base):
        save_freq = "epoch"

        def on_train_batch_end(self, batch, logs=None):
            super().on_train_batch_end(batch, logs)
            batches.append(batch)

    batches = []
    monkeypatch.chdir(tmp_path)
    KerasMLPRegressor((3,), batch_size=30, epochs=2, callbacks=[Own(**arguments)]).fit(*line)
    assert batches == [0, 1, 2, 0, 1, 2]


class StopAt(callbacks.Callback):
    """Stops the training in one of its hooks, when that is called with the number 1."""

    def __init__(self, hook):
        super().__init__()
        self.hook = hook
        self.n_batches = 0

    def _stop(self, hook, number):
        if (hook, number) == (self.hook, 1):
            self.model.stop_training = True

    def on_train_begin(self, logs=None):
        self._stop("on_train_begin", 1)

    def on_epoch_begin(self, epoch, logs=None):
        self._stop("on_epoch_begin", epoch)

    def on_train_batch_begin(self, batch, logs=None):
        self.n_batches += 1
        self._stop("on_train_batch_begin", batch)

    def on_train_batch_end(self, batch, logs=None):
        self._stop("on_train_batch_end", batch)

    def on_epoch_end(self, epoch, logs=None):
        self._stop("on_epoch_end", epoch)


@pytest.mark.parametrize(
    "hook", ["on_train_begin", "on_epoch_begin", "on_train_batch_begin", "on_train_batch_end", "on_epoch_end"]
)
def test_a_stop_takes_effect_where_it_does_in_keras(hook, line):
    ours = KerasMLPRegressor((3,), batch_size=30, epochs=4, callbacks=[StopAt(hook)]).fit(*line).callbacks_[0]
    theirs = StopAt(hook)
    keras_fit(theirs, *line, epochs=4)
    assert ours.n_batches == theirs.n_batches < 12


def test_the_model_has_the_history_of_the_training_as_in_keras(line):
    class Lengths(callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            lengths.append(len(self.model.history.history.get("loss", ())))

    lengths = []
    KerasMLPRegressor((3,), batch_size=30, epochs=3, callbacks=[Lengths()]).fit(*line)
    ours = lengths.copy()
    lengths.clear()
    keras_fit(Lengths(), *line, epochs=3)
    assert ours == lengths


class Pruned(Exception):  # noqa: N818 - Optuna's name for it is TrialPruned
    """What a search raises to give a trial up."""


class Trial:
    """A trial of a search outside, as Optuna has them: it takes reports, and says when to give up."""

    def __init__(self, last=None):
        self.last = last
        self.reports = []
        self.lock = threading.Lock()

    def report(self, value, step):
        with self.lock:
            self.reports.append((step, value))

    def should_prune(self):
        return len(self.reports) == self.last


class PruningCallback(callbacks.Callback):
    """Reports to a trial, and ends the fit with an error of the search's, as Optuna's KerasPruningCallback."""

    def __init__(self, trial, monitor="val_accuracy"):
        super().__init__()
        self.trial = trial
        self.monitor = monitor

    def on_epoch_end(self, epoch, logs=None):
        self.trial.report(float(logs[self.monitor]), step=epoch)
        if self.trial.should_prune():
            raise Pruned(f"pruned at epoch {epoch}")


def test_a_function_makes_callbacks_that_report_outside(blobs):
    X, y = blobs
    trial = Trial()
    fitted = KerasMLPClassifier((3,), epochs=3, callbacks=lambda: PruningCallback(trial), random_state=0)
    fitted.fit(X, y, X_val=X, y_val=y)
    assert trial.reports == list(enumerate(fitted.validation_scores_))


def test_an_error_of_a_callback_is_passed_on_and_the_earlier_fit_stays(blobs):
    X, y = blobs
    fitted = KerasMLPClassifier((3,), epochs=2, random_state=0).fit(X, y)
    before = fitted.predict_proba(X)
    trial = Trial(last=2)
    fitted.set_params(callbacks=lambda: [PruningCallback(trial, "loss")], epochs=9)
    with pytest.raises(Pruned, match="epoch 1"):
        fitted.fit(X, y)
    assert len(trial.reports) == fitted.n_iter_ == 2
    np.testing.assert_array_equal(fitted.predict_proba(X), before)


class Lists(callbacks.Callback):
    """Adds losses to a list that it was given."""

    def __init__(self, losses):
        super().__init__()
        self.losses = losses

    def on_epoch_end(self, epoch, logs=None):
        self.losses.append(logs["loss"])


def test_callbacks_that_are_given_are_copied_and_those_of_a_function_are_not(line):
    losses = []
    copied = KerasMLPRegressor((3,), epochs=2, callbacks=[Lists(losses)]).fit(*line)
    assert losses == []
    assert copied.callbacks_[0].losses == copied.loss_curve_
    made = []

    def make():
        made.append(Lists(losses))
        return made

    fitted = KerasMLPRegressor((3,), epochs=2, callbacks=make).fit(*line)
    assert losses == fitted.loss_curve_
    assert len(made) == len(fitted.callbacks_) == 1
    assert fitted.callbacks_[0] is made[0]


def test_a_function_is_called_at_each_fit(line):
    losses = []
    estimator = KerasMLPRegressor((3,), epochs=2, warm_start=True, callbacks=lambda: Lists(losses))
    used = [estimator.fit(*line).callbacks_[0], estimator.fit(*line).callbacks_[0]]
    used.append(estimator.partial_fit(*line).callbacks_[0])
    assert len(set(map(id, used))) == 3
    assert losses == estimator.loss_curve_
    assert len(losses) == 5


def test_a_function_is_given_the_estimator_that_is_fitted(line):
    seen = []

    def make(estimator):
        seen.append(estimator)
        return []

    estimator = KerasMLPRegressor((3,), epochs=1, callbacks=make).fit(*line)
    assert seen[0] is estimator
    search = GridSearchCV(estimator, {"learning_rate": [0.1, 0.2]}, cv=2).fit(*line)
    assert [each.learning_rate for each in seen[1:-1]] == [0.1, 0.1, 0.2, 0.2]
    assert seen[-1] is search.best_estimator_


class Maker:
    """A callable with a state."""

    def __init__(self, losses):
        self.losses = losses

    def __call__(self, estimator):
        return Lists(self.losses)


def of_the_estimator(losses, estimator):
    assert estimator.epochs == 2
    return Lists(losses)


@pytest.mark.parametrize(
    "make",
    [
        lambda losses: lambda: Lists(losses),
        lambda losses: lambda given=losses: Lists(given),
        lambda losses: lambda *args, **kwargs: Lists(losses),
        lambda losses: lambda *, estimator: of_the_estimator(losses, estimator),
        lambda losses: partial(Lists, losses),
        lambda losses: partial(Lists, losses=losses),
        lambda losses: partial(of_the_estimator, losses),
        lambda losses: partial(of_the_estimator, losses=losses),
        Maker,
        lambda losses: Maker(losses).__call__,
    ],
    ids=[
        "no argument",
        "an argument with a default",
        "any arguments",
        "by name alone",
        "partial",
        "partial by name",
        "partial and the estimator",
        "partial by name and the estimator",
        "callable object",
        "bound method",
    ],
)
def test_any_callable_may_make_callbacks(make, line):
    losses = []
    estimator = KerasMLPRegressor((3,), epochs=2, callbacks=make(losses)).fit(*line)
    assert losses == estimator.loss_curve_
    copy = clone(estimator).fit(*line)
    assert copy.callbacks_[0].losses[-2:] == copy.loss_curve_


def test_a_fit_without_callbacks_leaves_none_of_an_earlier_one(line):
    def nothing():
        return []

    estimator = KerasMLPRegressor((3,), epochs=1, warm_start=True, callbacks=Diary()).fit(*line)
    assert len(estimator.callbacks_) == 1
    assert estimator.set_params(callbacks=None).fit(*line).callbacks_ == []
    assert estimator.set_params(callbacks=nothing).fit(*line).callbacks_ == []


def test_a_clone_has_the_same_function(line):
    def make():
        return []

    assert clone(KerasMLPRegressor(callbacks=make)).callbacks is make


def test_one_callback_needs_no_list(line):
    stop = callbacks.EarlyStopping(monitor="loss", patience=0, min_delta=1e9)
    alone = clone(KerasMLPRegressor((3,), epochs=9, callbacks=stop)).fit(*line)
    assert alone.n_iter_ == KerasMLPRegressor((3,), epochs=9, callbacks=[stop]).fit(*line).n_iter_ == 2
    assert len(alone.callbacks_) == 1
    assert alone.callbacks_[0] is not stop


def test_a_callback_that_can_be_called_is_a_callback(line):
    class Called(Diary):
        def __call__(self):
            raise AssertionError("not a function that makes callbacks")

    assert KerasMLPRegressor((3,), epochs=1, callbacks=Called()).fit(*line).callbacks_[0].pages


@FROM_KERAS
def test_folds_of_a_search_can_write_into_folders_of_their_own(blobs, tmp_path):
    def board(estimator):
        prefix = f"l2={estimator.l2:g} "
        return callbacks.TensorBoard(tempfile.mkdtemp(prefix=prefix, dir=tmp_path), write_graph=False)

    estimator = KerasMLPClassifier((3,), epochs=1, callbacks=board)
    GridSearchCV(estimator, {"l2": [0.0, 0.1]}, cv=2, refit=False).fit(*blobs)
    folders = sorted(path.name.split(" ")[0] for path in tmp_path.iterdir())
    assert folders == ["l2=0", "l2=0", "l2=0.1", "l2=0.1"]
    assert all(len(list(path.glob("train/events.*"))) == 1 for path in tmp_path.iterdir())


def two_arguments(estimator, trial):
    return []


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (callbacks.EarlyStopping, r"callbacks holds <class .*EarlyStopping'>, which is a class: .*instance"),
        ([callbacks.EarlyStopping], r"callbacks holds <class .*EarlyStopping'>, which is a class: .*instance"),
        (callbacks.CallbackList([]), r"callbacks holds <.*CallbackList.*>, which is a CallbackList: .*\.callbacks"),
        ([[callbacks.EarlyStopping()]], r"callbacks holds \[<.*>\], which is not a keras.callbacks.Callback"),
        ([two_arguments], "callbacks holds <function .*>, which is a function in a list: .*in place of the list"),
        (two_arguments, "callbacks=<function two_arguments .*> needs the arguments estimator, trial: .*partial"),
        (lambda: None, "callbacks=<function .*> returned None: .*return"),
        (lambda: "early", "callbacks=<function .*> returned 'early', which is not a keras.callbacks.Callback"),
        (lambda: [callbacks.EarlyStopping], "callbacks=<function .*> returned <class .*>, which is a class"),
        ([PruningCallback(Trial())], "callbacks holds <.*PruningCallback.*>, which cannot be copied .*function"),
        (3, "The 'callbacks' parameter of KerasMLPRegressor must be .*Got 3"),
        ("early", "The 'callbacks' parameter of KerasMLPRegressor must be .*Got 'early'"),
    ],
)
def test_what_is_no_callback_is_refused_before_anything_is_compiled(given, message, line):
    fitted = KerasMLPRegressor((3,), epochs=1).fit(*line)
    before, traces = fitted.predict(line[0]), cache_info().traces
    with pytest.raises(ValueError, match=message):
        fitted.set_params(callbacks=given, hidden_layer_sizes=(3, 2)).fit(*line)
    assert cache_info().traces == traces
    np.testing.assert_array_equal(fitted.predict(line[0]), before)


def test_callbacks_work_inside_a_graph_of_the_users_own(line):
    make = KerasMLPRegressor((3,), epochs=3, random_state=0, optimizer=keras.optimizers.SGD(0.01))
    expected = make.fit(*line).loss_curve_
    with tf.Graph().as_default():
        fitted = make.set_params(callbacks=[Diary(), callbacks.EarlyStopping(monitor="loss")]).fit(*line)
    assert fitted.loss_curve_ == expected


def test_the_optimizer_of_the_model_counts_the_steps(line):
    class Counting(callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            counted.append(int(self.model.optimizer.iterations))

    counted = []
    KerasMLPRegressor((3,), batch_size=40, epochs=3, callbacks=Counting()).fit(*line)
    assert counted == [2, 4, 6]


def test_a_backup_is_refused_since_its_epoch_would_be_lost(line, tmp_path):
    with pytest.raises(ValueError, match=r"BackupAndRestore.*warm_start"):
        KerasMLPRegressor((3,), epochs=1, callbacks=[callbacks.BackupAndRestore(tmp_path)]).fit(*line)


def test_what_a_function_writes_onto_the_estimator_stays(line):
    def note(estimator):
        estimator.noted_ = "kept"
        return []

    assert KerasMLPRegressor((3,), epochs=1, callbacks=note).fit(*line).noted_ == "kept"


def test_records_go_on_from_the_steps_that_were_not_recorded(line):
    settings = {"hidden_layer_sizes": (3,), "batch_size": 16, "record_every": 7, "random_state": 0}
    whole = KerasMLPRegressor(epochs=3, **settings).fit(*line).step_history_
    parts = KerasMLPRegressor(epochs=1, warm_start=True, **settings).fit(*line).fit(*line).fit(*line).step_history_
    np.testing.assert_allclose(parts["loss"], whole["loss"], rtol=1e-6)


class Kept(callbacks.Callback):
    """Keeps a variable of the model, and looks at it without the model."""

    def on_train_begin(self, logs=None):
        self.kernel = self.model.layers[-1].kernel
        self.seen = []

    def on_epoch_end(self, epoch, logs=None):
        self.seen.append(np.array(self.kernel))


@FROM_KERAS
def test_a_part_of_the_model_that_a_callback_keeps_stays_true(line):
    X, y = line
    fitted = KerasMLPRegressor((3,), batch_size=30, epochs=3, callbacks=[Kept()], random_state=0).fit(X, y)
    for epochs, seen in enumerate(fitted.callbacks_[0].seen, 1):
        expected = KerasMLPRegressor((3,), batch_size=30, epochs=epochs, random_state=0).fit(X, y).coefs_[-1]
        np.testing.assert_array_equal(seen, expected)


def test_a_callback_that_reads_logs_alone_costs_no_copies_before_the_end(line, monkeypatch):
    X, y = line
    given, give = [], KerasCallbacks._give

    def counted(self, training, **options):
        given.append(training.step)
        give(self, training, **options)

    monkeypatch.setattr(KerasCallbacks, "_give", counted)
    fitted = KerasMLPRegressor((3,), batch_size=30, epochs=3, callbacks=[Diary()]).fit(X, y)
    assert given == [fitted._fitted.state.step]
    for ours, theirs in zip(fitted.callbacks_[0].model.get_weights(), fitted.model_.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


class Holder(callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        pass


class Reading(Holder):
    def on_epoch_end(self, epoch, logs=None):
        return [lambda: self.model.layers]


class Named(Holder):
    @property
    def rate(self):
        return self.model.optimizer.learning_rate


@pytest.mark.parametrize(
    ("callback", "mentions"),
    [
        (Holder(), False),
        (Diary(), False),
        (callbacks.EarlyStopping(), False),
        (callbacks.ReduceLROnPlateau(), False),
        (callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: logs.copy()), False),
        (callbacks.LearningRateScheduler(lambda epoch, rate: rate), False),
        (Reading(), True),
        (Named(), True),
        (Kept(), True),
        (BatchDiary(), True),
        (callbacks.LambdaCallback(on_epoch_end=partial(print, 1)), True),
    ],
)
def test_code_that_speaks_of_the_model_is_known(callback, mentions):
    assert mentions_model(callback) is mentions


def test_a_thread_that_looks_at_the_model_meanwhile_changes_nothing(line):
    X, y = line
    expected = KerasMLPRegressor((3,), batch_size=30, epochs=12, random_state=0).fit(X, y).coefs_
    box, ended = [], threading.Event()

    def take(callback):
        if not box:
            box.append(callback.__dict__["_" + "model"])

    class Handing(callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            take(self)
            assert box[0].name

    def look():
        while not ended.is_set():
            if box:
                box[0].stop_training, box[0].get_weights()

    looking = threading.Thread(target=look)
    looking.start()
    try:
        fitted = KerasMLPRegressor((3,), batch_size=30, epochs=12, random_state=0, callbacks=[Handing()]).fit(X, y)
    finally:
        ended.set()
        looking.join()
    for ours, theirs in zip(fitted.coefs_, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_an_interrupt_after_a_hook_that_changes_the_rate_keeps_the_rates_of_before(line):
    X, y = line

    class Changing(callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 3:
                self.model.optimizer.learning_rate = 0.5

        def on_epoch_end(self, epoch, logs=None):
            if epoch == 3:
                raise KeyboardInterrupt

    options = {"batch_size": 30, "random_state": 0}
    with pytest.warns(UserWarning, match="was interrupted"):
        fitted = KerasMLPRegressor((3,), epochs=6, callbacks=[Changing()], **options).fit(X, y)
    expected = KerasMLPRegressor((3,), epochs=3, **options).fit(X, y)
    assert fitted.n_iter_ == 3
    np.testing.assert_array_equal(fitted.coefs_[0], expected.coefs_[0])


@FROM_KERAS
@pytest.mark.parametrize("optimizer", ["adam", "sgd", "rmsprop", "nadam", "lion", "ftrl", "adafactor"])
def test_a_saved_model_goes_on_as_the_training_would(optimizer, line, tmp_path):
    X, y = line
    path = tmp_path / "{epoch}.keras"
    options = {"batch_size": len(X), "optimizer": optimizer, "learning_rate": 0.01, "random_state": 0}
    checkpoint = callbacks.ModelCheckpoint(path)
    fitted = KerasMLPRegressor((3,), epochs=4, callbacks=[checkpoint], **options).fit(X, y)
    model = keras.models.load_model(str(path).format(epoch=2))
    model.fit(X, y, batch_size=len(X), epochs=2, verbose=0)
    for ours, theirs in zip(fitted.model_.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6)
