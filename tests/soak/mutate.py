"""Mutation testing: change one thing in a module at a time, and see whether a test fails.

    python tests/soak/mutate.py                       # all modules, or those that are named
    python tests/soak/mutate.py _targets --sample 100 # a part of its mutants, drawn by a seed
    python tests/soak/mutate.py _targets --again      # only those that survived the last run
    python tests/soak/mutate.py _targets --near       # only with the tests that are held to the module

Packages are imported once, and tests collected once, without starting TensorFlow; each mutant is tested by a process
that is forked from there, which runs the tests that reach the changed lines, the quickest first, until one fails. A
change in a function takes the place of its code; any other has the process import skmlp anew, with the changed module
in it. Results are in ``build/mutation``; ``survivors.toml`` says why a mutant cannot be killed.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import inspect
import json
import os
import random
import resource
import signal
import sys
import time
import tomllib
import types
import warnings
from collections.abc import Callable, Generator, Iterator
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from mutants import Mutant

HERE = Path(__file__).resolve().parent
TESTS = HERE.parent
RESULTS = TESTS.parent / "build" / "mutation"

MODULES = {
    "_targets": (["test_targets", "test_target_forms", "test_loss_table"], ["test_kinds", "test_bad_input"]),
    "_target_forms": (["test_target_forms", "test_target_scale"], ["test_kinds", "test_bad_input", "test_continuing"]),
    "_spec": (["test_spec", "engine/test_blocks", "engine/test_batches"], ["test_schedules", "test_targets",
              "test_penalties", "test_continuing", "test_fitted", "engine/test_program"]),
    "_samples": (["test_samples"], ["test_continuing", "test_kinds", "test_bad_input", "test_members"]),
    "_validation": (["test_validation", "test_inputs", "test_optimizers", "test_sparse_format"], ["test_bad_input",
                    "test_samples", "test_classifier", "test_own", "test_kinds", "test_penalties"]),
    "_engine.batches": (["engine/test_batches", "engine/test_input_forms"], ["engine/test_loop"]),
    "_engine.loop": (["engine/test_loop", "test_schedules", "engine/test_evaluation"], ["test_continuing",
                     "engine/test_keras_callbacks", "test_members", "watch/test_recorders"]),
}  # fmt: skip
"""Module -> the tests that are held to it, and those that what survives these is tried with."""

SURVIVED = "0"
"""How the tests end if none fails."""

LOOK = 0.02
"""Seconds between looks whether a process has ended."""

SLOWEST = 4.0
"""Seconds: a test that takes longer is left out."""


def installed() -> Path:
    """The folder of skmlp, which is not imported here: each process imports it with its own change."""
    spec = importlib.util.find_spec("skmlp")
    assert spec is not None
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0])


def import_packages() -> None:
    """Import what skmlp and its tests do. TensorFlow is not started, so that a process that is forked can use it."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("MPLBACKEND", "Agg")
    os.environ["KERAS_BACKEND"] = "tensorflow"
    for name in ("tensorflow", "keras", "pandas", "polars", "hypothesis", "matplotlib.pyplot", "skops.io", "sklearn",
                 "sklearn.model_selection", "sklearn.pipeline", "sklearn.utils.estimator_checks",
                 "sklearn.ensemble", "scipy.sparse", "scipy.special"):  # fmt: skip
        importlib.import_module(name)
    assert not any(name.partition(".")[0] == "skmlp" for name in sys.modules)


def forked(function: Callable[[], int], seconds: float) -> str:
    """How a function ends in a process of its own: the number that it returns, a signal, or "timeout"."""
    sys.stdout.flush()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of threads, which NumPy and TensorFlow have by now
        child = os.fork()
    if not child:
        os.setpgid(0, 0)
        code = 70
        try:
            resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 1, int(seconds) + 5))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            nowhere = os.open(os.devnull, os.O_RDWR)
            for descriptor in (0, 1, 2):
                os.dup2(nowhere, descriptor)
            code = function()
        finally:
            os._exit(code)
    # What it waits is counted in looks, not by the clock: this process is not alone on the machine, and may be paused.
    for _ in range(int(3 * seconds / LOOK)):
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return "timeout" if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGXCPU else str(
                os.waitstatus_to_exitcode(status)
            )  # fmt: skip
        time.sleep(LOOK)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return "timeout"


def run_tests(names: list[str], *plugins: object) -> int:
    """Run tests until one fails."""
    os.chdir(TESTS.parent)
    sys.path.insert(0, str(TESTS))
    options = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", "-p", "no:xdist", "--tb=no",
               "-W", "ignore::pytest.PytestAssertRewriteWarning"]  # fmt: skip
    return int(pytest.main([*options, *names], plugins=list(plugins)))


class Reached:
    """A plugin of pytest's that notes the lines of a file that each test reaches, and its seconds."""

    def __init__(self, path: Path) -> None:
        self._name = str(path)
        self._lines: set[int] = set()
        self.tests: dict[str, tuple[float, list[int]]] = {}
        monitoring = sys.monitoring
        monitoring.use_tool_id(monitoring.COVERAGE_ID, "mutate")
        monitoring.register_callback(monitoring.COVERAGE_ID, monitoring.events.LINE, self._line)
        monitoring.set_events(monitoring.COVERAGE_ID, monitoring.events.LINE)

    def _line(self, code: types.CodeType, line: int) -> object:
        if code.co_filename == self._name:
            self._lines.add(line)
        return sys.monitoring.DISABLE

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        self._lines = set()
        sys.monitoring.restart_events()
        begun = time.monotonic()
        try:
            return (yield)
        finally:
            self.tests[item.nodeid] = (time.monotonic() - begun, sorted(self._lines))


class Trials:
    """A plugin of pytest's that, in the place of running the tests, runs them with each mutant in a forked process."""

    def __init__(self, name: str, path: Path, chosen: list[Mutant]) -> None:
        self._name, self._path, self._chosen = f"skmlp.{name}", path, chosen
        self._stem = name

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        started = sys.modules["tensorflow.python.eager.context"].context_safe()
        if started is not None and started._initialized:
            raise RuntimeError("TensorFlow was started while tests were collected: what is forked from here would hang")
        found = self._baseline(session)
        quick = sorted((seconds, test) for test, (seconds, _) in found.items() if seconds < SLOWEST)
        lines = {test: set(lines) for test, (_, lines) in found.items()}
        items = {item.nodeid: item for item in session.items}
        functions = functions_of(importlib.import_module(self._name))
        with (RESULTS / f"{self._stem}.trials").open("w") as trials:
            for i, each in enumerate(self._chosen):
                code = compile(each.tree, str(self._path), "exec", dont_inherit=True)
                changed = [(f, new) for f in functions for new in codes(code) if is_new_code(f, new)]
                if changed:
                    own = set(range(each.first, each.last + 1))
                    reaching = [(seconds, test) for seconds, test in quick if own & lines[test]]
                    ended = self._try_functions(session, changed, [items[test] for _, test in reaching])
                else:
                    tests = [test for _, test in quick]
                    ended = forked(lambda code=code, tests=tests: self._try_module(code, tests), 90)
                trials.write(json.dumps([i, ended]) + "\n")
                trials.flush()
        return True

    def _baseline(self, session: pytest.Session) -> dict[str, tuple[float, list[int]]]:
        """The seconds that each test takes while nothing is changed, and the lines that it reaches."""
        written = RESULTS / f"{self._stem}.baseline"

        def run() -> int:
            reached = Reached(self._path)
            session.config.pluginmanager.register(reached)
            code = run_items(session, session.items)
            written.write_text(json.dumps(reached.tests))
            return code

        ended = forked(run, 1200)
        if ended != SURVIVED:
            raise RuntimeError(f"the tests of {self._name} end with {ended} while nothing is changed")
        return dict(json.loads(written.read_text()))

    def _try_functions(
        self,
        session: pytest.Session,
        changed: list[tuple[types.FunctionType, types.CodeType]],
        items: list[pytest.Item],
    ) -> str:
        def run() -> int:
            for function, code in changed:
                function.__code__ = code
            return run_items(session, items)

        return forked(run, 20) if items else SURVIVED

    def _try_module(self, code: types.CodeType, tests: list[str]) -> int:
        """Import all that is of ours anew, and run the tests by a pytest of its own."""
        for name in [*sys.modules]:
            of_tests = str(getattr(sys.modules[name], "__file__", "")).startswith(str(TESTS))
            if name.partition(".")[0] == "skmlp" or of_tests:
                del sys.modules[name]
        sys.meta_path.insert(0, Finder(Changed(self._name, self._path, code)))
        return run_tests(tests)


def run_items(session: pytest.Session, items: list[pytest.Item]) -> int:
    """Run collected tests until one fails, in a process that was forked before TensorFlow was started."""
    if "skmlp._forks" in sys.modules:
        sys.modules["skmlp._forks"]._FORKED.clear()
    for item, following in zip(items, [*items[1:], None], strict=True):
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if session.testsfailed:
            return 1
    return 0


def functions_of(module: types.ModuleType) -> list[types.FunctionType]:
    """The functions of a module, and those of its classes and properties."""
    found: list[types.FunctionType] = []

    def add(value: object) -> None:
        value = getattr(value, "fget", None) or getattr(value, "__func__", None) or value
        value = inspect.unwrap(value) if callable(value) else value
        if isinstance(value, type) and value.__module__ == module.__name__:
            for each in vars(value).values():
                add(each)
        elif isinstance(value, types.FunctionType) and value.__code__.co_filename == module.__file__:
            found.append(value)

    for each in vars(module).values():
        add(each)
    return found


def codes(code: types.CodeType) -> Iterator[types.CodeType]:
    """The code of each function and class in some code."""
    for each in code.co_consts:
        if isinstance(each, types.CodeType):
            yield each
            yield from codes(each)


def is_new_code(function: types.FunctionType, code: types.CodeType) -> bool:
    """Whether code is that of a function, but changed."""
    old = function.__code__
    return (old.co_qualname, old.co_firstlineno) == (code.co_qualname, code.co_firstlineno) and old != code


class Changed(SourceFileLoader):
    """Loads a module with other code than that of its file."""

    def __init__(self, name: str, path: Path, code: types.CodeType) -> None:
        super().__init__(name, str(path))
        self._code = code

    def get_code(self, fullname: str) -> types.CodeType:
        return self._code


class Finder:
    """Finds the one module that is changed."""

    def __init__(self, loader: Changed) -> None:
        self._loader = loader

    def find_spec(self, name: str, path: object, target: object = None) -> ModuleSpec | None:
        if name != self._loader.name:
            return None
        return importlib.util.spec_from_file_location(name, self._loader.path, loader=self._loader)


def explanations() -> dict[tuple[str, str, str], str]:
    """Why mutants survive: (module, line, change) -> the reason."""
    rows = tomllib.loads((HERE / "survivors.toml").read_text())
    return {(module, each["line"], each["change"]): each["why"] for module in rows for each in rows[module]}


def try_module(name: str, sample: int | None, seed: int, again: bool, near: bool) -> bool:
    """Test the mutants of a module; whether enough were killed, and the others are explained."""
    from mutants import mutants

    path = installed().joinpath(*name.split(".")).with_suffix(".py")
    RESULTS.mkdir(parents=True, exist_ok=True)
    results = RESULTS / f"{name}.json"
    every = mutants(path.read_text())
    known = {each.key for each in every}
    before = json.loads(results.read_text()) if again else []
    former = {(line, change): how for line, change, how in before if (line, change) in known}
    chosen = [each for each in every if not again or former.get(each.key) == SURVIVED]
    if sample is not None and sample < len(chosen):
        chosen = random.Random(seed).sample(chosen, sample)  # noqa: S311  (no secret: a seed is to draw the same again)
    begun = time.monotonic()
    for files in MODULES[name][: 1 if near else 2]:
        left = [each for each in chosen if former.get(each.key, SURVIVED) == SURVIVED]
        for each, how in try_mutants(name, path, left, files):
            former[each.key] = how
            print(f"{how:>8} {each.line[:70]} | {each.change}", flush=True)
            results.write_text(json.dumps([[*key, how] for key, how in former.items()], indent=1))
    survivors = [key for key, how in former.items() if how == SURVIVED]
    reasons = explanations()
    unexplained = [key for key in survivors if (name, *key) not in reasons]
    print(
        f"{name}: {len(former)} of {len(every)} mutants, {len(former) - len(survivors)} killed "
        f"({100 * (1 - len(survivors) / max(1, len(former))):.1f} %), {len(survivors)} survived, of which "
        f"{len(unexplained)} without an explanation; {time.monotonic() - begun:.0f} s"
    )
    for line, change in unexplained:
        print(f"    {line} | {change}")
    return len(survivors) <= 0.1 * len(former) and not unexplained


def try_mutants(name: str, path: Path, chosen: list[Mutant], files: list[str]) -> Iterator[tuple[Mutant, str]]:
    """Run the tests of some files with each mutant; the mutants, and how the tests ended."""
    if not chosen:
        return
    tests = [f"tests/{file}.py" for file in files]
    ended = forked(lambda: run_tests(tests, Trials(name, path, chosen)), 36_000)
    if ended != SURVIVED:
        raise SystemExit(f"{name}: trying its mutants ended with {ended}; without the option -q it says why")
    for line in (RESULTS / f"{name}.trials").read_text().splitlines():
        i, how = json.loads(line)
        yield chosen[i], how


def main() -> None:
    """Test the modules that are named, and fail if a mutant survives without an explanation."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("modules", nargs="*", default=list(MODULES), metavar="MODULE")
    parser.add_argument("--sample", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--near", action="store_true")
    given = parser.parse_args()
    sys.path.insert(0, str(TESTS))
    import_packages()
    sound = [try_module(name, given.sample, given.seed, given.again, given.near) for name in given.modules]
    raise SystemExit(not all(sound))


if __name__ == "__main__":
    main()
