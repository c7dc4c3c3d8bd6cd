"""Docstrings run, and say something of every parameter."""

import doctest
import importlib
import inspect
import pkgutil
import re
from pathlib import Path

import pytest

import skmlp

ROOT = Path(__file__).resolve().parent.parent
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


@pytest.mark.parametrize("estimator", [skmlp.KerasMLPClassifier, skmlp.KerasMLPRegressor])
def test_every_parameter_and_fitted_attribute_is_documented(estimator):
    text = inspect.getdoc(estimator)
    entries = {
        name.strip() for line in re.findall(r"^([a-z_0-9, ]+?)(?: :|$)", text, re.MULTILINE) for name in line.split(",")
    }
    assert set(inspect.signature(estimator).parameters) <= entries
    fitted = estimator((2,), epochs=1).fit([[0.0], [1.0], [2.0]], [0, 1, 1])
    attributes = {name for name in dir(fitted) if name.endswith("_") and not name.startswith("_")}
    assert {"n_features_in_", "coefs_", "model_"} <= attributes <= entries


DIFFERENT = {
    "class: hidden_layer_sizes": "without hidden layers, one is softmax regression, the other linear regression",
    "class: l1, l2": "scikit-learn sums over labels and halves squared errors, Keras does neither",
    "class: loss": "each kind of target has its losses",
    "class: output_activation": "the outputs are probabilities or numbers",
    "class: early_stopping": "only classes can be stratified",
    "class: monitor": "accuracy or R²",
    "class: validation_scores_": "accuracy or R²",
    "class: model_": "numbers alone have units",
    "partial_fit: y": "labels or numbers",
    "predict: Returns": "labels or numbers",
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
    assert {"class: dropout", "class: coefs_, intercepts_", "partial_fit: X", "predict: Returns"} <= common
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
