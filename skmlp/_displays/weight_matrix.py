"""The kernels of a network as heat maps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skmlp._displays.attributes import fitted_attribute
from skmlp._displays.drawing import import_pyplot

PERCENTILE = 99.5
"""The percentile of a kernel's absolute weights that the scale of colours has to hold."""

N_BINS = 51
"""Bins of a histogram; an odd number, so that one has zero in its middle."""

MOST_IN_A_ROW = 5


class WeightMatrixDisplay:
    """The kernels of a network as heat maps, their histograms and their fractions of near-zero weights.

    Make it with `from_estimator`, which also draws it. All kernels share one symmetric colour scale: blue is negative,
    white is zero and red is positive. The scale ends at the largest of the kernels' 99.5th percentiles of absolute
    weights, so that a few outliers do not make the rest look white; weights beyond it have the colour of the end, and
    the colour bar then ends in arrows. If one kernel has much larger weights than the others, these look white: give
    each a scale of its own with ``limit="each"``. If a kernel has more weights than the image has pixels, each pixel
    shows one weight: a mean of neighbours would hide weights of opposite signs. Weights that are not finite are grey.

    Parameters
    ----------
    kernels : list of array-like of shape (n_inputs, n_outputs)
        The kernels.
    names : list of str, default=None
        Their titles; None is "coefs_[0]" and so on.
    threshold : float, default=0.01
        A weight of at most this absolute value is near zero.

    Attributes
    ----------
    kernels : list of ndarray of shape (n_inputs, n_outputs)
        The kernels.
    names : list of str
        Their titles.
    threshold : float
        As given.
    shares : ndarray of shape (n_kernels,)
        For each kernel, the fraction of its weights that are near zero, from 0 to 1.
    limits_ : ndarray of shape (n_kernels,)
        For each kernel, the absolute weight at the ends of its scale.
    limit_ : float
        The largest of them, and the end of the scale that all kernels share.
    images_ : list of matplotlib AxesImage
        The heat maps.
    histograms_ : list of matplotlib StepPatch
        The fractions of weights in bins of equal width; the outermost two also count the weights beyond the scale.
    colorbars_ : list of matplotlib Colorbar
        The colour scale of all heat maps, or one for each of them.
    colorbar_ : matplotlib Colorbar
        The first of them.
    axes_ : ndarray of matplotlib Axes of shape (2, n_kernels)
        The axes of the heat maps and those of the histograms.
    figure_ : matplotlib Figure
        The figure that they are in.

    See Also
    --------
    LossCurveDisplay : Losses and metrics by epoch or by step.

    Examples
    --------
    >>> from skmlp import WeightMatrixDisplay
    >>> display = WeightMatrixDisplay([[[0.0, 0.5], [-0.005, -0.5]]])
    >>> display.shares.tolist()
    [0.5]
    >>> display.plot().limit_
    0.5
    """

    def __init__(
        self, kernels: Sequence[ArrayLike], *, names: Sequence[str] | None = None, threshold: float = 0.01
    ) -> None:
        if not threshold >= 0:
            raise ValueError(f"threshold={threshold!r} must be at least 0: it is an absolute weight.")
        self.kernels: list[NDArray[Any]] = [np.asarray(kernel) for kernel in kernels]
        if not self.kernels:
            raise ValueError("kernels is empty: give at least one.")
        for i, kernel in enumerate(self.kernels):
            if kernel.ndim != 2 or not kernel.size:
                raise ValueError(f"kernels: number {i} has the shape {kernel.shape}: give (n_inputs, n_outputs).")
        self.names: list[str] = [f"coefs_[{i}]" for i in range(len(self.kernels))] if names is None else list(names)
        if len(self.names) != len(self.kernels):
            raise ValueError(f"names={self.names!r} does not name the {len(self.kernels)} kernels one by one.")
        self.threshold = threshold
        self.shares: NDArray[np.floating] = np.array([np.mean(np.abs(kernel) <= threshold) for kernel in self.kernels])

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        threshold: float = 0.01,
        layers: int | Sequence[int] | None = None,
        limit: float | Literal["each"] | None = None,
        ax: Any = None,
        **image_kw: Any,
    ) -> Self:
        """Draw the kernels of a fitted estimator.

        Of several members, the first one is drawn.

        Parameters
        ----------
        estimator : KerasMLPClassifier, KerasMLPRegressor or Pipeline
            A fitted estimator, or a pipeline that ends with one.
        threshold : float, default=0.01
            A weight of at most this absolute value is near zero.
        layers : int or sequence of int, default=None
            The kernels to draw, by their index in ``coefs_``; None is all of them.
        limit : float or "each", default=None
            The absolute weight at the ends of the colour scale, as in `plot`.
        ax : array-like of matplotlib Axes of shape (2, n_kernels), default=None
            Where to draw; None is a new figure.
        **image_kw : dict
            Settings of every heat map, for ``Axes.imshow``.

        Returns
        -------
        WeightMatrixDisplay
            The display, drawn.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If there is no such layer.

        See Also
        --------
        plot : Draws the display again.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from skmlp import KerasMLPClassifier, WeightMatrixDisplay
        >>> X, y = load_iris(return_X_y=True)
        >>> mlp = KerasMLPClassifier((10,), epochs=3, random_state=0).fit(X, y)
        >>> display = WeightMatrixDisplay.from_estimator(mlp)
        >>> [kernel.shape for kernel in display.kernels]
        [(4, 10), (10, 3)]
        """
        coefs = fitted_attribute(estimator, "coefs_", "a fitted KerasMLPClassifier or KerasMLPRegressor")
        chosen = range(len(coefs)) if layers is None else [int(i) for i in np.atleast_1d(layers)]
        for i in chosen:
            if not -len(coefs) <= i < len(coefs):
                raise ValueError(f"layers={layers!r}: there is no kernel {i}, only 0 to {len(coefs) - 1}.")
        members = coefs[0].ndim == 3
        names = [f"coefs_[{i}][0]" if members else f"coefs_[{i}]" for i in chosen]
        kernels = [coefs[i][0] if members else coefs[i] for i in chosen]
        display = cls(kernels, names=names, threshold=threshold)
        return display.plot(ax, limit=limit, **image_kw)

    def plot(self, ax: Any = None, *, limit: float | Literal["each"] | None = None, **image_kw: Any) -> Self:
        """Draw the kernels.

        It sets ``limits_``, ``limit_``, ``images_``, ``histograms_``, ``colorbars_``, ``colorbar_``, ``axes_`` and
        ``figure_``.

        Parameters
        ----------
        ax : array-like of matplotlib Axes of shape (2, n_kernels), default=None
            Where to draw: heat maps in the upper row, histograms in the lower one. None is a new figure.
        limit : float or "each", default=None
            The absolute weight at the ends of the colour scale, for example that of another display to compare with;
            None is the largest of the kernels' 99.5th percentiles. "each" gives each kernel a scale and a colour bar
            of its own, which ends at its 99.5th percentile.
        **image_kw : dict
            Settings of every heat map, for ``Axes.imshow``.

        Returns
        -------
        WeightMatrixDisplay
            The display itself.

        Raises
        ------
        ValueError
            If ``limit`` is neither "each" nor positive and finite, or ``ax`` has another shape.

        See Also
        --------
        from_estimator : Makes a display and draws it.

        Examples
        --------
        >>> from skmlp import WeightMatrixDisplay
        >>> WeightMatrixDisplay([[[0.0, 0.5], [-0.005, -0.5]]]).plot(limit=1.0).limit_
        1.0
        """
        plt = import_pyplot(f"{type(self).__name__}.plot")
        self.limits_: NDArray[np.floating] = self._limits(limit)
        self.limit_: float = float(self.limits_.max())
        self.axes_: NDArray[Any] = _axes(plt, ax, len(self.kernels))
        self.figure_: Any = self.axes_[0, 0].figure
        style = {"cmap": _diverging(), "aspect": "auto", "interpolation": "nearest", **image_kw}
        self.images_: list[Any] = [
            axes.imshow(np.ma.masked_invalid(kernel), vmin=-end, vmax=end, **style)
            for axes, kernel, end in zip(self.axes_[0], self.kernels, self.limits_, strict=True)
        ]
        self.histograms_: list[Any] = [
            _draw_histogram(axes, kernel, end)
            for axes, kernel, end in zip(self.axes_[1], self.kernels, self.limits_, strict=True)
        ]
        self._label()
        self.colorbars_: list[Any] = self._draw_colorbars(each=limit == "each")
        self.colorbar_: Any = self.colorbars_[0]
        return self

    def _limits(self, limit: Any) -> NDArray[np.floating]:
        """The end of the scale of each kernel."""
        if limit == "each":
            return np.array([_limit([kernel]) for kernel in self.kernels])
        if limit is not None and (isinstance(limit, str) or not 0 < limit < np.inf):
            raise ValueError(f"limit={limit!r} must be more than 0 and finite, 'each', or None.")
        return np.full(len(self.kernels), _limit(self.kernels) if limit is None else float(limit))

    def _draw_colorbars(self, *, each: bool) -> list[Any]:
        """Draw a colour bar beneath each kernel, or one beside all."""
        beyond = [bool((np.abs(kernel) > end).any()) for kernel, end in zip(self.kernels, self.limits_, strict=True)]
        if not each:
            extend = "both" if any(beyond) else "neither"
            axes = self.axes_.ravel().tolist()
            return [self.figure_.colorbar(self.images_[0], ax=axes, label="weight", extend=extend)]
        bars = []
        for image, axes, histogram, is_beyond in zip(self.images_, self.axes_.T, self.axes_[1], beyond, strict=True):
            ticks = {"ticks": histogram.get_xticks(), "extend": "both" if is_beyond else "neither"}
            bar = self.figure_.colorbar(image, ax=axes.tolist(), location="bottom", label="weight", **ticks)
            bar.ax.set_xticklabels([label.get_text() for label in histogram.get_xticklabels()])
            histogram.set_xlabel("")
            bars.append(bar)
        return bars

    def _label(self) -> None:
        """Write titles, shares and the names of the axes, those of the rows once."""
        for heat_maps, histograms, name, kernel, share, end in zip(
            *self.axes_, self.names, self.kernels, self.shares, self.limits_, strict=True
        ):
            digit = 10.0 ** np.floor(np.log10(end))
            tick = float(f"{digit * np.floor(end / digit):.3g}")
            n_inputs, n_outputs = kernel.shape
            heat_maps.set_title(f"{name}\n{n_inputs} × {n_outputs}", fontsize="medium")
            heat_maps.set(xlabel="output", xticks=[0, n_outputs - 1], yticks=[0, n_inputs - 1])
            histograms.set_title(f"|w| ≤ {self.threshold:g}: {100 * share:.1f} %", fontsize=9)
            histograms.set(xlabel="weight", ylim=(0.003, 150), yscale="log", yticks=[0.01, 1, 100])
            histograms.set(xlim=(-end, end), xticks=[-tick, 0, tick])
            histograms.set_xticklabels([f"−{tick:g}", "0", f"{tick:g}"])
            histograms.set_yticklabels(["0.01", "1", "100"])
            histograms.set_yticks([], minor=True)
        self.axes_[0, 0].set_ylabel("input")
        self.axes_[1, 0].set_ylabel("% of weights")


def _draw_histogram(axes: Any, kernel: NDArray[Any], end: float) -> Any:
    """Draw the share of weights in each bin of a scale, in percent."""
    finite = kernel[np.isfinite(kernel)].astype(np.float64)
    edges = np.linspace(-end, end, N_BINS + 1)
    counts, _ = np.histogram(finite.clip(-end, end), bins=edges)
    return axes.stairs(100 * counts / kernel.size, edges, fill=True, color="0.35")


def _limit(kernels: Sequence[NDArray[Any]]) -> float:
    """The absolute weight at the ends of a scale for all kernels."""
    magnitudes = [np.abs(kernel[np.isfinite(kernel)]) for kernel in kernels]
    magnitudes = [each for each in magnitudes if each.size]
    limit = max((float(np.percentile(each, PERCENTILE)) for each in magnitudes), default=0.0)
    # Kernels that are nearly all zero have a percentile of zero, and need a scale nevertheless.
    return limit or max((float(each.max()) for each in magnitudes), default=0.0) or 1.0


def _diverging() -> Any:
    """Blue over white to red, which differ in hue for readers of any colour vision; grey where there is no number."""
    import matplotlib as mpl

    return mpl.colormaps["RdBu_r"].with_extremes(bad="0.5")


def _axes(plt: Any, ax: Any, n_kernels: int) -> NDArray[Any]:
    """Axes of shape (2, n_kernels): the user's own, or those of a new figure, at most five kernels in a row."""
    if ax is not None:
        given = np.asarray(ax, dtype=object)
        if given.shape not in ((2, n_kernels), (2 * n_kernels,)):
            raise ValueError(f"ax has the shape {given.shape}: give axes of shape (2, {n_kernels}), or None.")
        return given.reshape(2, n_kernels)
    blocks = -(-n_kernels // MOST_IN_A_ROW)
    columns = -(-n_kernels // blocks)
    figure, grid = plt.subplots(
        2 * blocks,
        columns,
        figsize=(max(1.8 * columns + 1, 4), 4.2 * blocks),
        height_ratios=[2, 1] * blocks,
        layout="constrained",
        squeeze=False,
    )
    axes = grid.reshape(blocks, 2, columns).transpose(1, 0, 2).reshape(2, -1)
    for unused in axes[:, n_kernels:].flat:
        figure.delaxes(unused)
    return np.asarray(axes[:, :n_kernels])
