"""The code of the pages is run by ``python -m pytest docs --doctest-glob='*.rst'``."""

import pytest

import skmlp


@pytest.fixture(autouse=True)
def _start_anew(tmp_path, monkeypatch):
    """Give each page a directory of its own to write to, and no compiled programs of the pages before."""
    monkeypatch.chdir(tmp_path)
    skmlp.clear_cache()


def pytest_collection_modifyitems(items):
    """Pass over a warning of NumPy 2, of what Keras does; all others are errors."""
    for item in items:
        # Keras makes arrays of the HDF5 data sets in a Keras file.
        item.add_marker(pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"))
