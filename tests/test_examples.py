"""Examples run as they are, and their texts say what they show."""

import contextlib
import importlib.util
import io
import re
import runpy
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples"


def imported(path):
    """A script of the repository that is in no package."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


claims = imported(ROOT / "docs" / "claims.py")
full_size = imported(EXAMPLES / "full_size.py")
NAMES = [path.name for path in sorted(EXAMPLES.glob("plot_*.py"))]
SIZED = [name for name in NAMES if "  # full size: " in (EXAMPLES / name).read_text("utf-8")]


@pytest.mark.parametrize("name", NAMES)
def test_an_example_takes_no_options_and_has_claims_and_a_seed(name):
    source = (EXAMPLES / name).read_text(encoding="utf-8")
    assert "argparse" not in source
    assert "sys.argv" not in source
    assert claims.CLAIMS[name]
    compile(full_size.at_full_size(source, 1), name, "exec")


def test_each_example_has_its_place_in_the_gallery():
    gallery = (ROOT / "docs/gallery.py").read_text(encoding="utf-8")
    assert sorted(re.findall(r'^    "(plot_\w+\.py)",$', gallery, re.MULTILINE)) == NAMES


@pytest.mark.parametrize("name", claims.CLAIMS)
def test_each_claim_stands_in_the_text_of_its_example(name):
    text = claims.text_of(EXAMPLES / name)
    assert [claim for claim in claims.CLAIMS[name] if claim not in text] == []


@pytest.fixture
def xor(tmp_path, monkeypatch):
    pytest.importorskip("matplotlib")
    monkeypatch.chdir(tmp_path)
    plt.switch_backend("agg")
    yield runpy.run_path(str(EXAMPLES / "plot_xor.py"))
    plt.close("all")


def test_an_example_bears_out_its_claims_and_other_networks_do_not(xor):
    example = EXAMPLES / "plot_xor.py"
    claims.check(example, xor)
    networks = dict(zip(xor["networks"], reversed(xor["networks"].values()), strict=True))
    with pytest.raises(AssertionError, match=r"plot_xor\.py: it says 'which gets three of them right at most'"):
        claims.check(example, {**xor, "networks": networks})


def test_a_claim_that_the_text_no_longer_makes_fails(tmp_path):
    example = tmp_path / "plot_other.py"
    example.write_text('"""\nTitle\n=====\n\nThe loss\nrises.\n"""\n', encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(claims.CLAIMS, "plot_other.py", {"The loss rises": "loss > 1"})
        claims.check(example, {"loss": 2})
        with pytest.raises(AssertionError, match="but not so: loss > 1"):
            claims.check(example, {"loss": 0})
        patch.setitem(claims.CLAIMS, "plot_other.py", {"The loss falls": "loss > 1"})
        with pytest.raises(AssertionError, match="no longer says 'The loss falls'"):
            claims.check(example, {"loss": 2})


@pytest.mark.parametrize("name", SIZED)
def test_full_size_replaces_each_size_and_the_seed(name):
    source = (EXAMPLES / name).read_text(encoding="utf-8")
    changed = full_size.at_full_size(source, 7)
    compile(changed, name, "exec")
    assert "full size: " not in re.sub(r"at full size", "", changed, flags=re.IGNORECASE)
    assert "\nseed = 7\n" in changed
    assert "\nseed = 0\n" not in changed


def test_full_size_sums_up_what_the_seeds_printed(tmp_path, monkeypatch, capsys):
    script = (
        "seed = 0\nn = 10  # full size: 1_000\nprint(f'Of {n:,} digits {0.5 + seed / 10:.2f} are right, {3 + seed}.')\n"
    )
    (tmp_path / "plot_small.py").write_text(script, encoding="utf-8")
    monkeypatch.setattr(full_size, "EXAMPLES", tmp_path)
    monkeypatch.chdir(tmp_path)
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        full_size.main(["plot_small.py", "--seeds", "2"])
    assert printed.getvalue() == "Of 1,000 digits 0.55 ± 0.05 are right, 3 / 4.\n"
    assert (tmp_path / "build/examples/plot_small.json").is_file()
    (tmp_path / "plot_small.py").write_text("print(1)\n", encoding="utf-8")
    with pytest.raises(ValueError, match="no line 'seed = 0'"):
        full_size.main(["plot_small.py"])
