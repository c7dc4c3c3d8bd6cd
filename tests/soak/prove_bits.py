"""The same bits in every process, and weights that tell when a TensorFlow release computes others."""

import json
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

REFERENCES = Path(__file__).parent / "references"
"""A file for each supported TensorFlow: the digest of the weights of each case, and six digits of each weight."""

CHANGED = {"2.19": [0], "2.20": [2], "2.21": [0, 1]}
"""The cases whose bits a release changed, on the same processor and with the same Keras."""

CODE = """
import hashlib, json, sys
import joblib
import numpy as np
from scipy import sparse
from skmlp import KerasMLPClassifier, KerasMLPRegressor
rng = np.random.default_rng(0)
X = rng.normal(size=(90, 5))
cases = [
    KerasMLPClassifier((8, 6), optimizer="adam", dropout=0.2, batch_size=5, epochs=4, random_state=1),
    KerasMLPClassifier((8,), optimizer="sgd", momentum=0.9, normalization="batch", epochs=4, random_state=2),
    KerasMLPRegressor((7,), activation="tanh", optimizer="rmsprop", l1=1e-3, batch_size=11, epochs=4, random_state=3),
    KerasMLPRegressor((7,), optimizer="nadam", dtype="float64", batch_size=30, epochs=4, random_state=4),
    KerasMLPClassifier((16, 8), batch_size=11, epochs=4, random_state=5),
]
words = sparse.random(90, 5000, 0.01, "csr", random_state=0)  # 80,000 weights, which Adam updates in one pass

def fit(mlp, samples):
    weights = mlp.fit(samples, (X[:, 0] > 0).astype(int))._fitted.state.weights
    digest = hashlib.sha256(b"".join(weight.tobytes() for weight in weights)).hexdigest()
    return [digest, np.concatenate([weight.ravel() for weight in weights]).tolist()]

samples = [X, X, X, X, words]
order, backend = [int(i) for i in sys.argv[1]], sys.argv[2]
if backend == "none":
    fitted = [fit(cases[i], samples[i]) for i in order]
else:
    with joblib.parallel_config(backend, n_jobs=2):
        fitted = joblib.Parallel()(joblib.delayed(fit)(cases[i], samples[i]) for i in order)
found = dict(zip(order, fitted))
print(json.dumps([found[i] for i in sorted(found)]))
"""


def weights(order="0123", backend="none", **environment):
    """The digest and the weights of each case, from a new process, or from workers of joblib's in it."""
    child = subprocess.run(
        [sys.executable, "-c", CODE, order, backend],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **environment},
    )
    return json.loads(child.stdout)


@pytest.fixture(scope="module")
def here():
    return weights()


@pytest.mark.parametrize(
    ("order", "backend", "environment"),
    [
        ("3210", "none", {"PYTHONHASHSEED": "1"}),
        ("2031", "none", {"PYTHONHASHSEED": "12345", "OMP_NUM_THREADS": "1"}),
        ("0123", "none", {"OMP_NUM_THREADS": "2", "TF_NUM_INTRAOP_THREADS": "1"}),
        ("1302", "loky", {"PYTHONHASHSEED": "7"}),
        ("0312", "threading", {}),
    ],
)
def test_processes_hash_seeds_orders_and_threads_change_no_bit(here, order, backend, environment):
    assert weights(order, backend, **environment) == here


def test_threads_change_no_bit_of_weights_that_are_updated_in_one_pass():
    one, two = (weights("4", OMP_NUM_THREADS=threads, TF_NUM_INTRAOP_THREADS=threads) for threads in ("1", "2"))
    assert one == two


def test_weights_are_those_of_every_release_of_tensorflow(here):
    """Close on every processor and version; the same bits on the processor and the versions that made a file.

    With `SKMLP_WRITE_REFERENCES=1` the file of this TensorFlow is made anew.
    """
    made_by = {"tensorflow": tf.__version__, "keras": keras.__version__, "processor": processor()}
    digests = [digest for digest, _ in here]
    if os.environ.get("SKMLP_WRITE_REFERENCES"):
        release = ".".join(tf.__version__.split(".")[:2])
        rounded = [[float(f"{weight:.6g}") for weight in of_case] for _, of_case in here]
        written = json.dumps({**made_by, "digests": digests, "weights": rounded})
        (REFERENCES / f"{release}.json").write_text(written + "\n")
    for path in sorted(REFERENCES.glob("*.json")):
        stored = json.loads(path.read_text())
        for (_, ours), theirs in zip(here, stored["weights"], strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=2e-3, atol=2e-4)
        if {name: stored[name] for name in made_by} == made_by:
            assert digests == stored["digests"]
        else:
            pairs = enumerate(zip(digests, stored["digests"], strict=True))
            others = [i for i, (ours, theirs) in pairs if ours != theirs]
            print(f"\n{[stored[name] for name in made_by]} has other bits in the cases {others}")


def test_the_releases_that_changed_bits_are_known():
    stored = [json.loads(path.read_text()) for path in sorted(REFERENCES.glob("*.json"))]
    assert len({(each["keras"], each["processor"]) for each in stored}) == 1
    changed = {}
    for before, after in pairwise(stored):
        pairs = enumerate(zip(before["digests"], after["digests"], strict=True))
        others = [i for i, (one, other) in pairs if one != other]
        if others:
            changed[after["tensorflow"].rpartition(".")[0]] = others
    assert changed == CHANGED


def processor():
    """The name of the processor."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if sys.platform == "linux" else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), sys.platform)
