"""A fit of half a million rows runs in memory that its inputs bound, and says how long it will take."""

import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the memory of a process is read from /proc")

FIT = '''
import io, json, sys, time
from pathlib import Path
import numpy as np
import pandas as pd
from skmlp import TabularMLPClassifier

class Clocked(io.StringIO):
    def __init__(self):
        super().__init__()
        self.lines = []

    def write(self, line):
        self.lines.append((time.monotonic(), line))
        return len(line)

def fit(rows):
    """Lines that it shows, each with the seconds from there to the end, and the most memory that was resident."""
    Path("/proc/self/clear_refs").write_text("5")
    sys.stdout = shown = Clocked()
    make.fit(X.head(rows), y[:rows])
    end, sys.stdout = time.monotonic(), out
    status = Path("/proc/self/status").read_text().splitlines()
    peak = int(next(line for line in status if line.startswith("VmHWM")).split()[1]) * 1024
    return [(end - when, line) for when, line in shown.lines], peak

out = sys.stdout
rng = np.random.default_rng(0)
n = 500_000
X = pd.DataFrame(rng.normal(size=(n, 16)), columns=[f"number {i}" for i in range(16)])
for size in (3, 10, 50, 200):
    X[f"one of {size}"] = pd.Categorical.from_codes(rng.integers(0, size, n), [f"value {i}" for i in range(size)])
X.loc[rng.random(n) < 0.1, "number 0"] = np.nan
y = np.where(X["number 1"] * X["number 2"] + X["one of 3"].cat.codes - 1 + rng.normal(size=n) > 0, "yes", "no")

make = TabularMLPClassifier(epochs=4, random_state=0, verbose=1)
fit(20_000)  # compiles
_, half = fit(n // 2)
lines, whole = fit(n)
inputs = sum(table.nbytes for table in make.model_inputs(X)) // n
weights = 4 * make.n_members
growth = (whole - half) / (n - n // 2)
print(json.dumps({"growth": growth, "inputs": inputs, "weights": weights, "lines": lines, "score": make.oof_score_}))
'''


@pytest.fixture(scope="module")
def fitted():
    """What was printed in a process of its own that fits 500,000 rows of 20 columns, and bytes a row."""
    result = subprocess.run([sys.executable, "-c", FIT], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout)
    print(f"\n{found}")
    return found


def test_its_memory_is_less_than_two_copies_of_the_inputs_of_the_network(fitted):
    # Targets, orders, folds and predictions of a row are the rest.
    expected = fitted["inputs"] + fitted["weights"]
    assert expected / 2 < fitted["growth"] < 2 * expected


def test_the_time_left_that_it_shows_is_about_the_time_that_it_takes(fitted):
    *shown, (_, last) = fitted["lines"]
    assert " in " in last
    assert shown
    for left, line in shown:
        said = line.split("  ")[-1].removesuffix(" left\n")
        minutes, _, seconds = said.removesuffix(" s").rpartition(":")
        seconds = float(seconds) + 60 * float(minutes or 0)
        assert left / 2 < seconds < 2 * left + 1


def test_what_it_learned_is_worth_it(fitted):
    assert fitted["score"] > 0.77
