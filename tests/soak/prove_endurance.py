"""A process that fits and predicts for hours is as small, and as quick, as it was."""

import gc
import os
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV

from skmlp import KerasMLPClassifier, KerasMLPRegressor

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="what a process holds is read from /proc")

N_FITS = int(os.environ.get("SKMLP_SOAK_FITS", "1000"))
rng = np.random.default_rng(0)
X = rng.normal(size=(60, 4))
y = np.arange(60) % 3


def held():
    """Resident memory in MB, open files, and threads: those of TensorFlow, too, which Python does not know of."""
    gc.collect()
    resident = int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    return round(resident, 1), *(len([*Path("/proc/self", each).iterdir()]) for each in ("fd", "task"))


def require_flat(work, n, megabytes):
    """Run some work many times; from the end of the first quarter on, nothing grows."""
    seconds, quarters = [], []
    for i in range(n):
        if i and i % (n // 4) == 0:
            quarters.append(held())
        before = time.process_time()
        work(i)
        seconds.append(time.process_time() - before)
    quarters.append(held())
    medians = [float(np.median(seconds[i * n // 4 : (i + 1) * n // 4])) for i in range(4)]
    print(f"\n{work.__name__}: {n} times; MB, files, threads after each quarter {quarters}; median seconds {medians}")
    begun, now = quarters[0], quarters[-1]
    assert now[0] < begun[0] + megabytes
    assert now[1] <= begun[1] + 2
    assert now[2] <= begun[2]
    assert medians[-1] < 1.3 * medians[1] + 1e-3


def test_fits_of_many_structures_and_values():
    draws = np.random.default_rng(1)

    def fits(i):
        cls = (KerasMLPClassifier, KerasMLPRegressor)[i % 2]
        cls(
            tuple(draws.integers(2, 12, draws.integers(0, 3)).tolist()),
            optimizer=str(draws.choice(["sgd", "adam", "rmsprop", "nadam"])),
            l2=float(draws.choice([0.0, draws.uniform(1e-6, 1e-2)])),
            normalization=draws.choice([None, "batch", "layer"]),
            dropout=float(draws.choice([0.0, 0.3])),
            batch_size=int(draws.choice([4, 60])),  # few steps an epoch, and sixteen: XLA
            epochs=2,
        ).fit(X, y)

    require_flat(fits, N_FITS, megabytes=60)


def test_fits_of_one_structure():
    def fits(i):
        KerasMLPClassifier((8,), epochs=2, learning_rate=10 ** -(1 + i % 5), random_state=i).fit(X, y)

    require_flat(fits, N_FITS, megabytes=20)


def test_single_predictions():
    mlp = KerasMLPClassifier((8,), epochs=1).fit(X, y)

    def predictions(i):
        mlp.predict_proba(X[i % 60 : i % 60 + 1])

    require_flat(predictions, 20 * N_FITS, megabytes=10)


def test_searches():
    def searches(i):
        grid = {"learning_rate": [1e-3, 1e-2], "l2": [1e-5, 1e-3 * (1 + i)]}
        GridSearchCV(KerasMLPClassifier((6,), epochs=2, random_state=0), grid, cv=3).fit(X, y)

    require_flat(searches, max(8, N_FITS // 20), megabytes=20)
