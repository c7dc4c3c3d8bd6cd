"""Log lines are left out of standard error, and nothing else is, whatever becomes of the process."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from skmlp import _quiet

LINES = """\
WARNING: All log messages before absl::InitializeLog() is called are written to STDERR
I0000 00:00:1700000000.000000    1 port.cc:153] a log line
E0000 00:00:1700000000.000000    1 cuda_dnn.cc:8310] another
2026-01-01 00:00:00.000000: W external/tsl/cpu.cc:1] in TensorFlow's form
"""

FATAL = """\
F0000 00:00:1700000000.000000    1 env.cc:84] Check failed
2026-01-01 00:00:00.000000: F external/xla/flags.cc:1] Unknown flags
"""

CODE = f"""
import os, sys
sys.path.insert(0, {str(Path(_quiet.__file__).parent)!r})
from _quiet import without_log_lines  # alone: it needs nothing of the package, whose import takes a while
with without_log_lines():
    os.write(2, {LINES.encode()!r})
    print("a word", file=sys.stderr, flush=True)
    os.write(2, {FATAL.encode()!r})
    {{end}}
print("after", file=sys.stderr)
"""


def stderr_of(end, **environment):
    code = CODE.format(end=end)
    environment = {**os.environ, **environment}
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False
    ).stderr


def test_all_but_log_lines_is_passed_on_in_order():
    assert stderr_of("pass") == f"a word\n{FATAL}after\n"


@pytest.mark.parametrize("end", ["os.abort()", "os._exit(1)", "os.kill(os.getpid(), 9)"])
def test_what_a_process_says_before_it_dies_is_shown(end):
    assert stderr_of(end) == f"a word\n{FATAL}"


def test_everything_is_shown_where_there_is_no_filter():
    assert stderr_of("pass", PATH="") == f"{LINES}a word\n{FATAL}after\n"


def test_a_process_that_was_started_meanwhile_is_not_waited_for():
    end = "import subprocess as s; child = s.Popen(['cat'], stdout=s.DEVNULL, stdin=s.PIPE)"  # it ends with us
    code = CODE.format(end=end).replace('print("after"', 'print("after", flush=True); os._exit(0); print("after"')
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.communicate()[0] == b"after\n"
