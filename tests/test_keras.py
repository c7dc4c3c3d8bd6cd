"""Keras and TensorFlow are imported by the first fit, quietly."""

import os
import subprocess
import sys

import pytest

FIT = """
from skmlp import KerasMLPClassifier
KerasMLPClassifier((3,), epochs=1, batch_size=1).fit([[0.0]] * 20 + [[1.0]] * 20, [0] * 20 + [1] * 20)
"""


OURS = '{name: value for name, value in os.environ.items() if name.startswith(("TF_CPP", "TF_NUM"))}'
"""The settings that the import makes for a moment; TensorFlow, and what it imports, set others that they keep."""


def run(code, **environment):
    environment = {**{k: v for k, v in os.environ.items() if k != "TF_CPP_MIN_LOG_LEVEL"}, **environment}
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False)


def test_importing_and_preparing_a_search_imports_no_keras():
    code = """
import sys
import skmlp
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
search = GridSearchCV(make_pipeline(StandardScaler(), skmlp.KerasMLPClassifier(learning_rate=0.1)), {})
clone(search), repr(search), search._repr_html_(), skmlp.cache_info(), skmlp.clear_cache()
print(sorted({"keras", "tensorflow", "scikeras"} & set(sys.modules)))
"""
    result = run(code)
    assert result.stdout == "[]\n", result.stderr


def test_a_fit_is_quiet_leaves_the_environment_alone_and_imports_no_scikeras():
    # The settings of the import are set and taken back; where the user has set one, there is nothing to take back.
    # SciKeras' import gives Keras' models, losses, metrics and optimizers other methods for pickles and copies.
    modules = "[name for name in ('keras', 'scikeras') if name in sys.modules]"
    result = run(f"import os, sys\nbefore = {OURS}\n{FIT}\nprint({OURS} == before, {modules})")
    assert (result.stdout, result.stderr) == ("True ['keras']\n", "")


def test_other_output_is_passed_on_during_the_import():
    code = """
import os, sys
from importlib.abc import MetaPathFinder
class Speak(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "tensorflow":
            os.write(2, b"a word from elsewhere\\n")
            os.write(2, b"I0000 00:00:1700000000.000000    1 port.cc:153] a log line\\n")
sys.meta_path.insert(0, Speak())
"""
    assert run(code + FIT).stderr == "a word from elsewhere\n"


def test_what_tensorflow_says_when_it_ends_the_process_is_shown():
    result = run(FIT, XLA_FLAGS="--unheard_of=1")
    assert result.returncode != 0
    assert "--unheard_of=1" in result.stderr
    assert "I0000" not in result.stderr


def test_a_fit_needs_no_folder_for_temporary_files(tmp_path):
    missing = str(tmp_path / "missing")
    # SciPy before 1.15 makes a file itself as it is imported.
    code = f"import tempfile, scipy.stats\ntempfile.tempdir = {missing!r}\n{FIT}\nprint('fitted')"
    result = run(code, **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), missing))
    assert (result.stdout, result.stderr) == ("fitted\n", "")


def test_an_interrupt_of_the_import_comes_after_it():
    # In the middle of a module that registers a name with TensorFlow, which takes none twice.
    code = f"""
import signal, sys
from importlib.abc import MetaPathFinder
class Interrupt(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        registry = sys.modules.get("tensorflow.python.framework.type_spec_registry")
        if hasattr(registry, "register"):
            sys.meta_path.remove(self)
            register = registry.register
            def interrupted(name):
                def decorate(each):
                    registered = register(name)(each)
                    if name == "tf.RaggedTensorSpec":
                        signal.raise_signal(signal.SIGINT)
                    return registered
                return decorate
            registry.register = interrupted
sys.meta_path.insert(0, Interrupt())
before = signal.getsignal(signal.SIGINT)
def fit():
{FIT.replace(chr(10), chr(10) + "    ")}
try:
    fit()
except KeyboardInterrupt:
    print("interrupted")
assert signal.getsignal(signal.SIGINT) is before
fit()
"""
    result = run(code)
    assert (result.stdout, result.stderr) == ("interrupted\n", "")


def test_a_log_level_of_the_users_own_is_left_alone():
    result = run(FIT + "import os; print(os.environ['TF_CPP_MIN_LOG_LEVEL'])", TF_CPP_MIN_LOG_LEVEL="0")
    assert result.stdout == "0\n"
    assert result.stderr != ""


@pytest.mark.newest
@pytest.mark.skipif(sys.platform != "linux", reason="the threads of a process are counted in /proc")
def test_a_parallel_worker_has_the_threads_that_joblib_gives_it():
    code = f"""
import os
before = {OURS}
{FIT}
assert {OURS} == before
print(len(os.listdir("/proc/self/task")))  # by name they cannot be told: versions of TensorFlow name them differently
"""
    alone = {"OPENBLAS_NUM_THREADS": "1"}  # NumPy heeds the same variable
    one = int(run(code, OMP_NUM_THREADS="1", **alone).stdout)
    six = int(run(code, OMP_NUM_THREADS="6", **alone).stdout)
    own = {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}
    assert six >= one + 5  # at least one pool has as many threads as it was given
    assert int(run(code, OMP_NUM_THREADS="6", **own, **alone).stdout) < six


def test_a_closed_standard_error_does_no_harm():
    result = run(f"import os\nos.close(2)\n{FIT}\nprint('fitted')")
    assert result.stdout == "fitted\n"


@pytest.mark.parametrize("preamble", ["", "import skmlp\n"])
def test_another_backend_is_refused_with_a_remedy(preamble):
    result = run(preamble + FIT, KERAS_BACKEND="jax")
    assert "set KERAS_BACKEND=tensorflow" in result.stderr
    assert result.returncode == 1
