"""What the displays share when they draw: matplotlib itself, colours, and the user's style over the default one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#44337a", "#6f4e00")
"""Colours that readers with any colour vision tell apart, and that have a contrast of 3 or more to white.

The first four are of Okabe and Ito, "Color Universal Design", 2008, whose lighter ones are hard to see as lines.
"""


def import_pyplot(caller: str) -> Any:
    """``matplotlib.pyplot``.

    Parameters
    ----------
    caller : str
        What needs it, for the error.

    Raises
    ------
    ImportError
        If matplotlib is not installed; it says how to install it.
    """
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(f"{caller} needs matplotlib: pip install 'skmlp[plot]'") from error
    return plt


def colours(n: int) -> list[Any]:
    """As many colours: those of `COLOURS`, or evenly spaced ones of viridis if there are not enough."""
    if n <= len(COLOURS):
        return list(COLOURS[:n])
    import matplotlib as mpl

    # The last tenth of viridis is a yellow that is hard to see on white.
    return [mpl.colormaps["viridis"](0.9 * i / (n - 1)) for i in range(n)]


def styled(default: Mapping[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """The default style of a line with the user's own settings over it, aliases such as "lw" resolved."""
    from matplotlib import cbook
    from matplotlib.lines import Line2D

    return {**default, **cbook.normalize_kwargs(own, Line2D)}
