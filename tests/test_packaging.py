"""What a build makes of README.md, and what the files of the repository's top level refer to."""

import importlib.util
import re
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent
REPOSITORY = "https://forge.example/someone/skmlp"
RELATIVE = re.compile(r"\]\((?!https?://|#)([^)\s]+)\)")


@pytest.fixture
def hook(monkeypatch):
    """The hook of the build. hatchling, which calls it, is in the environments of builds alone."""

    class MetadataHookInterface:
        def __init__(self, root, config):
            self.root = root

    interface = ModuleType("hatchling.metadata.plugin.interface")
    interface.MetadataHookInterface = MetadataHookInterface
    monkeypatch.setitem(sys.modules, interface.__name__, interface)
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.CustomMetadataHook(str(ROOT), {})


def test_no_link_of_the_description_is_relative_where_the_repository_is_known(hook, monkeypatch):
    monkeypatch.setenv("SKMLP_REPOSITORY", f"{REPOSITORY}/")
    metadata = {"version": "1.2.3"}
    hook.update(metadata)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    description = metadata["readme"]["text"]
    assert len(RELATIVE.findall(readme)) > 5
    assert RELATIVE.findall(description) == []
    assert f"]({REPOSITORY}/raw/v1.2.3/docs/_static/quickstart.png)" in description
    assert f"]({REPOSITORY}/blob/v1.2.3/docs/benchmarks.md)" in description
    assert re.sub(rf"{REPOSITORY}/(raw|blob)/v1\.2\.3/", "", description) == readme
    assert metadata["urls"]["Repository"] == REPOSITORY


def test_without_an_address_the_description_is_the_readme(hook, monkeypatch):
    monkeypatch.delenv("SKMLP_REPOSITORY", raising=False)
    metadata = {"version": "1.2.3"}
    hook.update(metadata)
    assert metadata["readme"]["text"] == (ROOT / "README.md").read_text(encoding="utf-8")
    assert "urls" not in metadata


def test_what_is_no_address_is_refused(hook, monkeypatch):
    monkeypatch.setenv("SKMLP_REPOSITORY", "someone/skmlp")
    with pytest.raises(ValueError, match="begins with https"):
        hook.update({"version": "1.2.3"})


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "SECURITY.md"])
def test_relative_links_lead_to_files_of_the_repository(name):
    paths = RELATIVE.findall((ROOT / name).read_text(encoding="utf-8"))
    assert paths
    assert [path for path in paths if not (ROOT / path.partition("#")[0]).exists()] == []


def test_the_group_for_development_has_every_group_but_those_that_compare_with_peers():
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]
    included = {entry["include-group"] for entry in groups["dev"] if isinstance(entry, dict)}
    assert included == groups.keys() - {"dev", "bench", "quality"}
