"""Print the size of the files of a pipeline, and how long a fresh process takes to its first prediction.

Run it as ``python -m benchmarks.serving``. It needs skl2onnx and onnxruntime, as in the dependency group ``ecosystem``.
"""

from __future__ import annotations

import pickle
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from sklearn.datasets import load_digits
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmlp import KerasMLPClassifier
from skmlp.onnx import to_onnx

PROGRAMS = {
    "pickle": "import pickle, numpy; pickle.load(open({path!r}, 'rb')).predict(numpy.zeros((1, 64)))",
    "onnx": "import numpy, onnxruntime; onnxruntime.InferenceSession({path!r}).run(None, dict(X=numpy.zeros((1, 64))))",
}


def main(n_runs: int = 5) -> None:
    """Fit a pipeline, write both files, and let processes of their own predict a row of them, in turn."""
    X, y = load_digits(return_X_y=True)
    mlp = KerasMLPClassifier((50,), batch_size=32, epochs=5, random_state=0)
    pipeline = make_pipeline(StandardScaler(), mlp).fit(X, y)
    contents = {"pickle": pickle.dumps(pipeline), "onnx": to_onnx(pipeline, X).SerializeToString()}
    seconds: dict[str, list[float]] = {kind: [] for kind in contents}
    with tempfile.TemporaryDirectory() as folder:
        paths = {kind: Path(folder, f"digits.{kind}") for kind in contents}
        for kind, path in paths.items():
            path.write_bytes(contents[kind])
        for _ in range(n_runs):
            for kind, path in paths.items():
                start = time.perf_counter()
                program = PROGRAMS[kind].format(path=str(path))
                subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)  # noqa: S603  (ours)
                seconds[kind].append(time.perf_counter() - start)
    for kind, content in contents.items():
        print(f"{kind}: {len(content) / 1000:.1f} kB, {statistics.median(seconds[kind]):.2f} s to the first row")


if __name__ == "__main__":
    main()
