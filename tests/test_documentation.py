"""Docstrings run, and say something of every parameter."""

import doctest
import importlib
import inspect
import pkgutil
import re

import pytest

import skmlp

MODULES = [module.name for module in pkgutil.walk_packages(skmlp.__path__, "skmlp.")]


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0


@pytest.mark.parametrize("estimator", [skmlp.KerasMLPClassifier, skmlp.KerasMLPRegressor])
def test_every_parameter_and_fitted_attribute_is_documented(estimator):
    text = inspect.getdoc(estimator)
    entries = {
        name.strip() for line in re.findall(r"^([a-z_0-9, ]+?)(?: :|$)", text, re.MULTILINE) for name in line.split(",")
    }
    assert set(inspect.signature(estimator).parameters) <= entries
    fitted = estimator((2,), epochs=1).fit([[0.0], [1.0], [2.0]], [0, 1, 1])
    assert {name for name in vars(fitted) if name.endswith("_") and not name.startswith("_")} <= entries


def test_the_version_is_that_of_the_distribution():
    from importlib.metadata import version

    assert skmlp.__version__ == version("skmlp")
