"""The code of the pages is run by ``python -m pytest docs --doctest-glob='*.rst'``."""

import pytest

import skmlp


@pytest.fixture(autouse=True)
def _start_anew(tmp_path, monkeypatch):
    """Give each page a directory of its own to write to, and no compiled programs of the pages before."""
    monkeypatch.chdir(tmp_path)
    skmlp.clear_cache()


def pytest_collection_modifyitems(items):
    """Let Keras read HDF5 files, and look for ``np.object`` when it exports to ONNX: NumPy 2 warns of both."""
    for item in items:
        item.add_marker(pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"))
        item.add_marker(pytest.mark.filterwarnings("ignore:In the future .np.object.:FutureWarning"))
