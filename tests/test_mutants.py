"""What mutation testing changes in a module; `tests/soak/mutate.py` has the tests find the changes."""

import ast
import importlib.util
import tomllib
from pathlib import Path

import pytest
from mutants import mutants

SURVIVORS = tomllib.loads((Path(__file__).parent / "soak" / "survivors.toml").read_text())


def changed(source):
    """The statements that come of the last one of some code."""
    return [ast.unparse(each.tree.body[-1]) for each in mutants(source) if each.first > 1 or "\n" not in source]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a = b < c", ["a = None", "a = b <= c", "a = b >= c"]),
        ("a = b is not c", ["a = None", "a = b is c"]),
        ("return_ = a + 1", ["return_ = None", "return_ = a - 1", "return_ = a + 2"]),
        ("a = b and not c", ["a = None", "a = b or not c", "a = b and (not not c)"]),
        ("a = f(flag=True)", ["a = None", "a = f(flag=False)"]),
        ("a = 'b'", ["a = None", "a = 'XXb'"]),
        ("a = -1", ["a = None", "a = +1", "a = -2"]),
        ("a: int = 1", ["a: int = None", "a: int = 2"]),
        ("a -= b", ["a += b"]),
        ("f(a)", ["None"]),
        ("a = b if c else d", ["a = None", "a = b if not c else d"]),
        ("a = f'{b + 1} of {c:d}'", ["a = None"]),
        ("a = cast('B', c)", ["a = None"]),
        ("assert a == 1", []),
        ("'''Documentation.'''", []),
        ("Name: TypeAlias = A | B", []),
        (
            "@frozen(True)\ndef f(a: 'A | B') -> 'A | B':\n    return a",
            ["def f(a: 'A | B') -> 'A | B':\n    return None"],
        ),
        ("def f():\n    raise ValueError('b' + c)", ["def f():\n    None"]),
        ("while a:\n    break", ["while a:\n    None"]),
    ],
)
def test_one_thing_is_changed_at_a_time(source, expected):
    found = changed(source)
    assert [each.replace("@frozen(True)\n", "") for each in found] == expected


def test_a_mutant_knows_the_lines_of_its_statement_and_has_a_name_of_its_own():
    source = "def f(a):\n    if (a and\n            b == 1):\n        g(1)\n        g(1)\n"
    found = mutants(source)
    assert {(each.first, each.last) for each in found} == {(2, 3), (4, 4), (5, 5)}
    assert len({each.key for each in found}) == len(found)
    assert ("g(1)", "1 -> 2") in {each.key for each in found}
    assert ("g(1)", "1 -> 2 (2)") in {each.key for each in found}


@pytest.mark.parametrize("module", SURVIVORS)
def test_each_explanation_is_of_a_mutant_that_there_is(module):
    spec = importlib.util.find_spec(f"skmlp.{module}")
    known = {each.key for each in mutants(Path(spec.origin).read_text())}
    for each in SURVIVORS[module]:
        assert (each["line"], each["change"]) in known
        assert each["why"]
