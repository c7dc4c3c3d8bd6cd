"""Docstrings run, and say something of every parameter."""

import doctest
import importlib
import inspect
import itertools
import pkgutil
import re
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

import skmlp
import skmlp.wrappers

ROOT = Path(__file__).resolve().parent.parent


def imported(file):
    """A module that is in no package."""
    spec = spec_from_file_location(file.stem, file)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


groups = imported(ROOT / "docs" / "groups.py")
MODULES = [
    module.name
    for module in pkgutil.walk_packages(skmlp.__path__, "skmlp.")
    if not module.name.startswith(
        ("skmlp.mlflow", "skmlp.onnx", "skmlp._onnx")
    )  # tests/ecosystem has what they need, and runs them
]


@pytest.mark.parametrize("name", ["skmlp", *MODULES])
def test_examples_run(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0


@pytest.mark.parametrize("estimator", [skmlp.KerasMLPClassifier, skmlp.KerasMLPRegressor])
def test_the_examples_of_the_estimators_are_among_them(estimator):
    assert [each.examples for each in doctest.DocTestFinder().find(skmlp) if each.name == f"skmlp.{estimator.__name__}"]


ESTIMATORS = [
    skmlp.KerasMLPClassifier,
    skmlp.KerasMLPRegressor,
    skmlp.TabularMLPClassifier,
    skmlp.TabularMLPRegressor,
]


WRAPPERS = [skmlp.wrappers.BaseWrapper, skmlp.wrappers.KerasClassifier, skmlp.wrappers.KerasRegressor]


def names_in(section):
    """The entries of a section, in their order; each describes one name."""
    return re.findall(r"^(\w+) :", section, re.MULTILINE)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_every_parameter_has_an_entry_in_the_order_of_the_constructor_and_of_the_groups(estimator):
    documented = names_in(sections(estimator)["Parameters"])
    assert documented == list(inspect.signature(estimator).parameters)
    grouped = groups.parameters_of(f"skmlp.{estimator.__name__}")
    assert documented == [name for name in grouped if name in documented]


def test_the_groups_have_the_parameters_of_the_estimators_once_and_no_others():
    estimators = {f"skmlp.{each.__name__}": each for each in ESTIMATORS}
    estimators |= {f"skmlp.wrappers.{each.__name__}": each for each in WRAPPERS}
    assert estimators.keys() == groups.GROUPS.keys()
    known = {
        name
        for estimator in estimators.values()
        for name, parameter in inspect.signature(estimator).parameters.items()
        if parameter.kind is not parameter.VAR_KEYWORD
    }
    grouped = {name: groups.parameters_of(name) for name in groups.GROUPS}
    assert set(itertools.chain(*grouped.values())) == known
    assert all(len(names) == len(set(names)) for names in grouped.values())


@pytest.mark.parametrize("wrapper", WRAPPERS)
def test_every_parameter_of_a_wrapper_is_in_a_group(wrapper):
    documented = names_in(sections(wrapper)["Parameters"])
    grouped = groups.parameters_of(f"skmlp.wrappers.{wrapper.__name__}")
    assert sorted(documented) == sorted(name for name in grouped if name in documented)
    assert {"model", "optimizer", "engine"} <= set(documented)


def test_the_pages_of_the_groups_are_there():
    pages = {page for of_estimator in groups.GROUPS.values() for group in of_estimator for page in group.pages}
    assert pages
    assert [page for page in pages if not (ROOT / f"docs/{page}.rst").exists()] == []


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_every_fitted_attribute_is_documented(estimator):
    options = {} if "Keras" in estimator.__name__ else {"n_members": 1}
    fitted = estimator((2,), epochs=1, **options).fit([[0.0], [1.0], [2.0]], [0, 1, 1])
    attributes = {name for name in dir(fitted) if name.endswith("_") and not name.startswith("_")}
    documented = set(names_in(sections(estimator)["Attributes"]))
    assert {"n_features_in_", "n_iter_", "model_"} <= attributes <= documented


DIFFERENT = {
    "class: hidden_layer_sizes": "without hidden layers, one is softmax regression, the other linear regression",
    "class: l2": "scikit-learn sums over labels and halves squared errors, Keras does neither",
    "class: loss": "each kind of target has its losses",
    "class: output_activation": "the outputs are probabilities or numbers",
    "class: early_stopping": "only classes can be stratified",
    "class: monitor": "accuracy or R²",
    "class: validation_scores_": "accuracy or R²",
    "class: model_": "numbers alone have units",
    "partial_fit: y": "labels or numbers",
    "predict: Returns": "labels or numbers",
    "score: Returns": "accuracy or R²",
    "score: y": "labels or numbers",
}
"""The entries of both estimators whose texts differ, and why."""


def sections(of):
    """The text of each section of a numpydoc docstring."""
    rest = re.split(r"^(.+)\n-+\n", inspect.getdoc(of), flags=re.MULTILINE)[1:]
    return dict(zip(rest[::2], rest[1::2], strict=True))


def entries(estimator):
    """What a class and its public methods say of each parameter and attribute, and of what they return."""
    methods = {name: method for name, method in inspect.getmembers(estimator, inspect.isfunction) if name[0] != "_"}
    found = {}
    for place, of in {"class": estimator, **methods}.items():
        if of.__module__.partition(".")[0] == "skmlp":
            texts = sections(of)
            for section in ("Parameters", "Attributes"):
                for entry in re.findall(r"^\S.*\n(?:(?: .*)?\n?)*?(?=^\S|\Z)", texts.get(section, ""), re.MULTILINE):
                    found[f"{place}: {entry.partition(' :')[0].strip()}"] = entry.strip()
            found[f"{place}: Returns"] = texts.get("Returns", "").strip()
    return found


def test_what_both_estimators_have_is_described_in_the_same_words():
    classifier, regressor = entries(skmlp.KerasMLPClassifier), entries(skmlp.KerasMLPRegressor)
    common = classifier.keys() & regressor.keys()
    assert {"class: dropout", "class: coefs_", "partial_fit: X", "predict: Returns"} <= common
    assert {name for name in common if classifier[name] != regressor[name]} == DIFFERENT.keys()


def test_what_both_estimators_have_has_the_same_default():
    classifier, regressor = (
        {name: parameter.default for name, parameter in inspect.signature(estimator).parameters.items()}
        for estimator in (skmlp.KerasMLPClassifier, skmlp.KerasMLPRegressor)
    )
    common = classifier.keys() & regressor.keys()
    assert {name: classifier[name] for name in common} == {name: regressor[name] for name in common}


def test_the_version_is_that_of_the_distribution():
    from importlib.metadata import version

    assert skmlp.__version__ == version("skmlp")


def test_the_readme_has_the_code_of_the_first_page_whose_output_is_checked():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    code, output = (re.search(rf"```{kind}\n(.*?)```", readme, re.DOTALL)[1] for kind in ("python", "text"))
    examples = doctest.DocTestParser().get_examples((ROOT / "docs/index.rst").read_text(encoding="utf-8"))
    page = examples[: next(i for i, example in enumerate(examples) if "import skmlp" in example.source)]
    assert "".join(example.source for example in page) == code.replace("\n\n", "\n")
    assert "".join(example.want for example in page) == output


def test_each_heading_of_the_page_of_errors_is_a_message_that_its_code_raises():
    page = (ROOT / "docs/errors.rst").read_text(encoding="utf-8")
    sections = re.split(r"^(.+)\n\^+\n", page, flags=re.MULTILINE)[1:]
    headings, texts = sections[::2], sections[1::2]
    assert len(headings) > 20
    for heading, text in zip(headings, texts, strict=True):
        wanted = " ".join(example.want for example in doctest.DocTestParser().get_examples(text))
        shown = " ".join(wanted.split())
        message = heading.replace("Pipeline", "Pipeline(...") if heading.endswith("estimator Pipeline") else heading
        assert message in shown, heading


SEARCHES = {
    "resume": "user_guide/continue",
    "continue training": "user_guide/continue",
    "retrain": "user_guide/continue",
    "fine-tune": "user_guide/continue",
    "imbalanced": "user_guide/classify",
    "GPU": "install",
    "reproducible": "user_guide/practical_tips",
    "NLP": "user_guide/text",
    "cite": "help",
    "loss curve": "user_guide/validate",
    "early stopping": "user_guide/validate",
    "multi-label": "user_guide/outputs",
    "overfitting": "user_guide/practical_tips",
}
"""What users search for, and the page that has it in a heading, by which Sphinx's search ranks it among the first."""

TASKS = {
    "tune a learning rate with dropout": ("user_guide/tune", r'dropout": \['),
    "train on text": ("user_guide/text", "TfidfVectorizer"),
    "predict several labels": ("user_guide/outputs", "multi-label"),
    "continue the training of a saved model": ("user_guide/continue", r"joblib\.load"),
    "draw a loss curve": ("user_guide/validate", "LossCurveDisplay"),
}
"""What users come for, and the page that has it, with what they then see."""

PAGES = {
    path.relative_to(ROOT / "docs").with_suffix("").as_posix(): path.read_text(encoding="utf-8")
    for path in (ROOT / "docs").rglob("*.rst")
    if not {"_build", "_templates", "auto_examples", "generated", "sg_execution_times.rst"} & {*path.parts}
}


def headings(page):
    return [title.lower() for title, _ in re.findall(r"^(\S.*)\n([=\-^])\2{2,}$", page, re.MULTILINE)]


@pytest.mark.parametrize("words", SEARCHES)
def test_a_search_finds_the_page_by_a_heading(words):
    found = SEARCHES[words]
    assert any(words.lower() in heading for heading in headings(PAGES[found])), headings(PAGES[found])


def linked(page, name):
    """The pages that a page leads to by a link or a table of contents."""
    targets = re.findall(r":doc:`(?:[^`<]*<)?([^`<>]+)>?`", page)
    for contents in re.findall(r"^\.\. toctree::\n((?: .*\n|\n)+)", page, re.MULTILINE):
        targets += re.findall(r"^ +(?:[^:\n<]*<)?([\w/]+)>?$", contents, re.MULTILINE)
    folder = name.rpartition("/")[0]
    paths = [target[1:] if target[0] == "/" else f"{folder}/{target}".lstrip("/") for target in targets]
    return {path for path in paths if path in PAGES}


@pytest.mark.parametrize("task", TASKS)
def test_a_task_is_at_most_two_clicks_from_the_first_page(task):
    page, seen = TASKS[task]
    once = linked(PAGES["index"], "index")
    twice = {target for name in once for target in linked(PAGES[name], name)}
    assert page in once | twice
    assert re.search(seen, PAGES[page])
    assert task in " ".join(PAGES["index"].split()).lower()


def test_every_page_is_in_a_table_of_contents():
    reached, new = {"index"}, {"index"}
    while new:
        new = {target for name in new for target in linked(PAGES[name], name)} - reached
        reached |= new
    assert reached == PAGES.keys()


@pytest.mark.parametrize("name", PAGES)
def test_the_code_of_a_page_is_seen_without_scrolling(name):
    shown = 92  # columns, of a page in a window of 1280 pixels
    code = re.findall(r"^ *(?:>>>|\.\.\.) .*$", PAGES[name], re.MULTILINE)
    assert [line for line in code if len(line) > shown] == []
