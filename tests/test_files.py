"""Files: those of earlier versions load, those that were changed do not, and none names a private class."""

import copy
import pickle
import pickletools
import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import hostile
import joblib
import keras
import numpy as np
import pytest
import skops.io
import stored
from sklearn.base import clone
from sklearn.exceptions import InconsistentVersionWarning

import skmlp
from skmlp import (
    SKOPS_TRUSTED_TYPES,
    KerasMLPClassifier,
    KerasMLPRegressor,
    TabularMLPClassifier,
    _base,
    _compiled_fit,
    _seal,
)
from skmlp.wrappers import KerasClassifier

# Keras 3.15 warns so on NumPy 2 while it saves a model, on its own account.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")

KEPT = sorted(path for path in stored.FILES.glob("*/*") if path.suffix != ".npz")
ESTIMATORS = {
    "skmlp.KerasMLPClassifier",
    "skmlp.KerasMLPRegressor",
    "skmlp.TabularMLPClassifier",
    "skmlp.TabularMLPRegressor",
    "skmlp.wrappers.KerasClassifier",
}
OF_WRAPPERS = {
    "numpy.dtype",
    "scikeras.utils.transformers.ClassifierLabelEncoder",
    "scikeras.utils.transformers.TargetReshaper",
    "stored.network",
}
OF_USERS = {"stored.double", "stored.squared"}


@pytest.fixture(scope="module")
def fitted():
    # The transformers of scikit-learn in an estimator for tables are for one version of scikit-learn: no file is kept.
    table = TabularMLPClassifier((3,), n_members=2, epochs=2, random_state=0).fit(stored.X, stored.numbers)
    return {"table": table, **{name: fit() for name, fit in stored.FITTED.items()}}


def load(path):
    with warnings.catch_warnings():
        # NumPy 2 says so of every file of NumPy 1 with arrays in protocol 5; scikit-learn, of a wrapper's encoders.
        warnings.filterwarnings("ignore", "numpy.core", DeprecationWarning)
        warnings.simplefilter("ignore", InconsistentVersionWarning)
        if path.suffix == ".skops":
            return skops.io.load(path, trusted=skops.io.get_untrusted_types(file=path))
        return pickle.loads(path.read_bytes())


@pytest.mark.parametrize("path", KEPT, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_files_of_earlier_versions_load(path):
    estimator = load(path)
    with np.load(path.parent / "outputs.npz") as outputs:
        expected = outputs[path.stem]
    np.testing.assert_allclose(stored.outputs(estimator), expected, rtol=1e-5, atol=1e-6)
    assert len(estimator.history_["loss"]) == 2
    assert estimator.model_.count_params() > 0


@pytest.mark.parametrize("version", sorted({path.parent.name for path in KEPT}))
def test_the_training_in_an_earlier_file_goes_on(version):
    estimator = load(stored.FILES / version / "multiclass.pickle")
    assert estimator.partial_fit(stored.X, stored.numbers).n_iter_ == 3
    assert estimator.score(stored.X, stored.numbers) > 0


def test_there_are_files_of_every_released_version():
    assert {path.parent.name for path in KEPT} >= {skmlp.__version__}
    assert {path.stem for path in KEPT if path.parent.name == skmlp.__version__} == set(stored.FITTED)


def names_in_a_pickle(data):
    """The classes and functions that it names."""
    names, strings, memo = set(), [], {}
    for op, argument, _ in pickletools.genops(data):
        if "UNICODE" in op.name:
            strings.append(argument)
        elif op.name == "MEMOIZE":
            memo[len(memo)] = strings[-1] if strings else None
        elif op.name in ("BINGET", "LONG_BINGET"):
            strings.append(memo[argument])
        elif op.name == "STACK_GLOBAL":
            names.add(".".join(strings[-2:]))
    return names


@pytest.mark.parametrize("name", [*stored.FITTED, "table"])
def test_a_pickle_names_no_private_class(name, fitted):
    of_ours = {each for each in names_in_a_pickle(pickle.dumps(fitted[name])) if each.startswith("skmlp")}
    assert of_ours <= ESTIMATORS | {"skmlp.new_beside_keras"}
    assert of_ours & ESTIMATORS


@pytest.mark.parametrize("name", [*stored.FITTED, "table"])
def test_skops_is_to_trust_the_public_class_and_a_users_own(name, fitted):
    data = skops.io.dumps(fitted[name])
    types = set(skops.io.get_untrusted_types(data=data))
    of_kind = {"wrapper": OF_WRAPPERS, "by_keras": OF_WRAPPERS, "table": {"numpy.dtype"}}.get(name, set())
    assert types <= ESTIMATORS | of_kind | (OF_USERS if name == "objects" else set())
    estimator = skops.io.loads(data, trusted=sorted(types))
    np.testing.assert_array_equal(stored.outputs(estimator), stored.outputs(fitted[name]))
    assert types <= {*SKOPS_TRUSTED_TYPES, *OF_USERS} or name in ("wrapper", "by_keras")


def test_the_types_to_trust_are_those_of_the_estimators_that_load_no_model_of_keras():
    assert set(SKOPS_TRUSTED_TYPES) == {each for each in ESTIMATORS if "wrappers" not in each} | {"numpy.dtype"}


def test_a_loaded_estimator_has_all_that_a_fit_leaves(fitted):
    for name in ("binary", "multiclass", "multilabel", "multioutput", "linear", "regressor", "objects", "table"):
        before, after = fitted[name], pickle.loads(pickle.dumps(fitted[name]))
        ours, theirs = (vars(each._fitted) for each in (before, after))
        assert ours.keys() - {"model", "callbacks"} == theirs.keys() - {"model", "callbacks"}
        for field in ("coding", "history", "step_history", "unrecorded", "n_seen", "stopped_early", "metrics"):
            np.testing.assert_equal(getattr(before._fitted, field), getattr(after._fitted, field), field)
        assert before._fitted.plan == after._fitted.plan
        np.testing.assert_equal(vars(before._fitted.form), vars(after._fitted.form))


def test_a_load_needs_no_keras():
    code = (
        "import pickle, sys, warnings; warnings.simplefilter('ignore')\n"
        "pickle.loads(open(sys.argv[1], 'rb').read())\n"
        "print({'keras', 'tensorflow'} & set(sys.modules))"
    )
    path = stored.FILES / skmlp.__version__ / "binary.pickle"
    child = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True)
    assert child.stdout == "set()\n"


@pytest.mark.parametrize("name", ["binary", "regressor", "wrapper"])
def test_a_flipped_bit_is_an_error_or_changes_no_prediction(name, fitted):
    data = pickle.dumps(fitted[name])
    expected = stored.outputs(fitted[name])
    refused = 0
    for position in range(2, len(data), len(data) // 150):
        damaged = bytearray(data)
        damaged[position] ^= 1 << position % 8
        try:
            estimator = hostile.load_pickle(damaged)
            found = stored.outputs(estimator)
        except Exception:
            refused += 1
        else:
            np.testing.assert_array_equal(found, expected)
    assert refused > 75


@pytest.mark.parametrize("name", ["binary", "wrapper"])
def test_a_file_that_is_cut_is_an_error(name, fitted):
    data = pickle.dumps(fitted[name])
    for length in range(0, len(data), len(data) // 20):
        with pytest.raises((EOFError, pickle.UnpicklingError)):
            pickle.loads(data[:length])


def resealed(estimator, change):
    """The state of a file, changed by someone who knows how to seal it."""
    state = copy.deepcopy(estimator.__getstate__())
    change(state)
    del state["_seal"]
    sealed = estimator._sealed(state) if hasattr(estimator, "_sealed") else _compiled_fit._sealed(state)
    return {**state, "_seal": _seal.seal(sealed)}


def loaded(estimator, state):
    new = type(estimator).__new__(type(estimator))
    new.__setstate__(state)
    return new


def test_changed_weights_are_refused(fitted):
    state = copy.deepcopy(fitted["binary"].__getstate__())
    state["_fitted"]["weights"][0][0, 0] += 1e-6
    with pytest.raises(ValueError, match="file of a KerasMLPClassifier is damaged: its weights"):
        loaded(fitted["binary"], state)


@pytest.mark.parametrize(
    "change", [{"l2": 0.5}, {"hidden_layer_sizes": (4,)}, {"n_features_in_": 4}, {"verbose": True}]
)
def test_changed_parameters_and_attributes_are_refused(change, fitted):
    state = {**fitted["binary"].__getstate__(), **change}
    with pytest.raises(ValueError, match="is damaged: what it holds is not what was saved"):
        loaded(fitted["binary"], state)


def test_other_labels_of_a_wrapper_are_refused(fitted):
    state = copy.deepcopy(fitted["wrapper"].__getstate__())
    state["target_encoder_"]._final_encoder[1].categories_[0][0] = 9
    with pytest.raises(ValueError, match="file of a KerasClassifier is damaged"):
        loaded(fitted["wrapper"], state)


def test_a_renamed_field_is_named(fitted):
    def rename(state):
        state["_fitted"]["rows_seen"] = state["_fitted"].pop("n_seen")

    with pytest.raises(ValueError, match="lacks n_seen and has unknown rows_seen: this version of skmlp did not write"):
        loaded(fitted["binary"], resealed(fitted["binary"], rename))
    with pytest.raises(ValueError, match="KerasMLPClassifier lacks the parameters l2"):
        loaded(fitted["binary"], resealed(fitted["binary"], lambda state: state.pop("l2")))
    with pytest.raises(ValueError, match=r"KerasClassifier lacks model\.step"):
        loaded(fitted["wrapper"], resealed(fitted["wrapper"], lambda state: state["_saved"].pop("step")))


WRONG = [None, True, -1, 2.5, "other", [], [None], {}, {"loss": [1.0]}, np.zeros(2), np.zeros((3, 3), "f4"), object()]


def paths(fields, *before):
    """The fields of a record, and those of the records in it."""
    for name, value in fields.items():
        yield (*before, name)
        if isinstance(value, dict) and name not in ("history", "step_history", "settings"):
            yield from paths(value, *before, name)


@pytest.mark.parametrize("name", ["multiclass", "regressor"])
def test_a_field_of_another_type_is_an_error_or_does_no_harm(name, fitted):
    """Also from someone who knows how to seal it: the message is ours, or the estimator predicts."""
    estimator = fitted[name]
    fields = estimator.__getstate__()["_fitted"]
    refused = 0
    for path in paths(fields):
        for value in WRONG:

            def change(state, path=path, value=value):
                at = state["_fitted"]
                for step in path[:-1]:
                    at = at[step]
                at[path[-1]] = value

            try:
                new = loaded(estimator, resealed(estimator, change))
            except ValueError as error:
                assert type(estimator).__name__ in str(error)  # noqa: PT017  (or nothing was raised)
                refused += 1
            else:
                assert stored.outputs(new).shape == stored.outputs(estimator).shape
    assert refused > 300


def test_a_training_does_not_go_on_with_the_state_of_another_optimizer(fitted):
    def change(state):
        state["_fitted"]["optimizer"] = state["_fitted"]["optimizer"][:-1]

    new = loaded(fitted["multiclass"], resealed(fitted["multiclass"], change))
    with pytest.raises(
        ValueError, match=r"cannot continue: .* Continue with the version of Keras that began it, or fit anew"
    ):
        new.partial_fit(stored.X, stored.numbers)
    np.testing.assert_array_equal(stored.outputs(new), stored.outputs(fitted["multiclass"]))


def test_a_loaded_wrapper_predicts_in_threads(fitted):
    estimator = pickle.loads(pickle.dumps(fitted["wrapper"]))
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda _: stored.outputs(estimator), range(8)):
            np.testing.assert_array_equal(found, stored.outputs(fitted["wrapper"]))


@pytest.mark.parametrize("name", ["binary", "wrapper"])
@pytest.mark.parametrize("state", [None, [], 3, {}, {"_fitted": {}}])
def test_what_is_no_state_is_refused(name, state, fitted):
    with pytest.raises(ValueError, match=r"file of a Keras|not a Keras.* saved by skmlp"):
        loaded(fitted[name], state)


def test_a_file_of_a_classifier_is_none_of_a_regressor(fitted):
    state = fitted["binary"].__getstate__()
    regressor = KerasMLPRegressor()
    state |= {"quantile": 0.5, "clip_predictions": False, "target_scaling": None, "_seal": None}
    del state["_seal"], state["class_weight"], state["label_smoothing"]
    with pytest.raises(ValueError, match="file of a KerasMLPRegressor holds target="):
        loaded(regressor, {**state, "_seal": _seal.seal(regressor._sealed(state))})


@pytest.mark.parametrize("name", ["binary", "wrapper", "by_keras"])
@pytest.mark.parametrize("copied", [clone, copy.copy, copy.deepcopy])
def test_copies_in_memory_are_not_sealed(copied, name, fitted, monkeypatch):
    for module in (_base, _compiled_fit):
        monkeypatch.setattr(module, "seal", lambda content: pytest.fail("sealed"))
        monkeypatch.setattr(module, "check_seal", lambda *content: pytest.fail("checked"))
    other = copied(fitted[name])
    if copied is not clone:
        np.testing.assert_array_equal(stored.outputs(other), stored.outputs(fitted[name]))


def test_a_deep_copy_shares_nothing(fitted):
    other = copy.deepcopy(fitted["regressor"])
    other.history_["loss"].append(0.0)
    other._fitted.state.weights[0][:] = 0
    assert len(fitted["regressor"].history_["loss"]) == 2
    assert np.any(fitted["regressor"].coefs_[0])


@pytest.mark.parametrize("name", ["regressor", "wrapper"])
def test_memory_mapped_files_are_not_read_to_be_checked(name, fitted, tmp_path, monkeypatch):
    joblib.dump(fitted[name], tmp_path / "file.joblib")
    checked = []
    monkeypatch.setattr(_seal, "_array_checksum", lambda array: checked.append(array.shape))
    estimator = joblib.load(tmp_path / "file.joblib", mmap_mode="r")
    weights = estimator._fitted.state.weights if name == "regressor" else estimator._saved["weights"]
    assert all(isinstance(weight, np.memmap) for weight in weights)
    assert (3, 3) not in checked
    np.testing.assert_array_equal(stored.outputs(estimator), stored.outputs(fitted[name]))


class Noted(KerasMLPRegressor):
    """An estimator of a user's own, which leaves out of files what it can make anew."""

    def __getstate__(self):
        state = super().__getstate__()
        return {**state, "note": "stored", "callbacks": None} | {"lock": None}

    def __setstate__(self, state):
        self.note = state.pop("note")
        super().__setstate__(state)


def test_a_users_own_estimator_may_change_its_state(fitted):
    estimator = Noted(**stored.SMALL, callbacks=[keras.callbacks.TerminateOnNaN()]).fit(stored.X, stored.X[:, 0])
    other = pickle.loads(pickle.dumps(estimator))
    assert (other.note, other.lock, other.callbacks) == ("stored", None, None)
    np.testing.assert_array_equal(other.predict(stored.X), estimator.predict(stored.X))


@pytest.mark.parametrize("make", [KerasMLPClassifier, KerasMLPRegressor, lambda: KerasClassifier(stored.network)])
def test_what_is_not_fitted_is_stored_too(make):
    estimator = pickle.loads(pickle.dumps(make()))
    assert repr(estimator.get_params()) == repr(make().get_params())
    with pytest.raises(AttributeError, match="not fitted"):
        _ = estimator.model_


def test_the_folder_is_small():
    assert sum(path.stat().st_size for path in Path(stored.FILES).rglob("*")) < 200_000
