"""matplotlib is imported late, missed politely, and styled by its users."""

import subprocess
import sys

import pytest
from matplotlib.colors import to_rgba

from skmlp import LossCurveDisplay, SearchCurveDisplay, WeightMatrixDisplay
from skmlp._displays.drawing import colours, styled

DISPLAYS = [
    LossCurveDisplay({"": [{"loss": [1.0]}]}),
    WeightMatrixDisplay([[[1.0]]]),
    SearchCurveDisplay(param_name="l2", param_values=[1.0], settings=[{}], test_mean=[0.5], test_std=[0.0]),
]


def test_importing_skmlp_imports_no_matplotlib():
    code = "import sys, skmlp; skmlp.LossCurveDisplay({'': [{'loss': [1.0]}]}); print('matplotlib' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.stdout == "False\n", result.stderr


@pytest.mark.parametrize("display", DISPLAYS, ids=lambda display: type(display).__name__)
def test_without_matplotlib_the_remedy_is_named(display, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.delitem(sys.modules, "matplotlib.pyplot", raising=False)
    name = type(display).__name__
    with pytest.raises(ImportError, match=rf"{name}\.plot needs matplotlib: pip install 'skmlp\[plot\]'"):
        display.plot()


@pytest.mark.parametrize("display", DISPLAYS, ids=lambda display: type(display).__name__)
def test_plot_returns_the_display(display):
    assert display.plot() is display


@pytest.mark.parametrize("n", [1, 6, 7, 20])
def test_colours_differ(n):
    assert len({to_rgba(colour) for colour in colours(n)}) == n


def test_a_users_alias_takes_the_place_of_the_default():
    assert styled({"linewidth": 1, "color": "red"}, {"lw": 3}) == {"linewidth": 3, "color": "red"}
