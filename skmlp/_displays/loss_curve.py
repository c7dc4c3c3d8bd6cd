"""Losses and metrics by epoch or by step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from skmlp._displays.attributes import fitted_attribute
from skmlp._displays.drawing import colours, import_pyplot, styled
from skmlp._displays.smoothing import smooth

History = Mapping[str, Sequence[float]]

ATTRIBUTES = {"epoch": "history_", "step": "step_history_"}
"""Where an estimator keeps its records, for each choice of ``by``."""

REMEDY = "a fitted KerasMLPClassifier or KerasMLPRegressor"

FEW_RECORDS = 25
"""Up to so many records are marked one by one."""


@dataclass(frozen=True)
class LossCurve:
    """What one line shows.

    Attributes
    ----------
    name : str
        The name of the estimator.
    key : str
        The key of its history, for example "val_loss".
    x : ndarray of shape (n_records,)
        Epochs or steps, counted from 1; those alone in which each fold has a value.
    folds : ndarray of shape (n_folds, n_records)
        The values of each fold, smoothed; one row for a single estimator.
    """

    name: str
    key: str
    x: NDArray[np.float64]
    folds: NDArray[np.float64]

    @property
    def mean(self) -> NDArray[np.float64]:
        """The mean over the folds, (n_records,)."""
        return np.asarray(self.folds.mean(axis=0))

    @property
    def part(self) -> str:
        """The samples that it was measured on: "training", "validation" or "out of fold"."""
        prefix = self.key.partition("_")[0]
        return {"val": "validation", "oof": "out of fold"}.get(prefix, "training")


class LossCurveDisplay:
    """Losses and metrics of fitted estimators by epoch or by step.

    Make it with `from_estimator`, `from_estimators` or `from_cv_results`, which also draw it. Each estimator has a
    colour; solid lines show training, dashed lines validation and out-of-fold scores. For several folds, the line is
    their mean and the band reaches from their lowest to their highest value. NaN is left out, as "oof_score" in most
    epochs.

    Parameters
    ----------
    histories : dict of str to list of dict
        For each name, the histories of its folds, one for a single estimator: each a dict of str to list of float, as
        ``history_`` and ``step_history_``. An empty name is not shown.
    by : {"epoch", "step"}, default="epoch"
        Whether the records are by epoch, or by step, with the numbers of the steps in the key "step".

    Attributes
    ----------
    curves_ : list of LossCurve
        What is drawn, in the order of ``lines_``: ``name``, ``key``, ``x`` of shape (n_records,), ``folds`` of shape
        (n_folds, n_records) and their ``mean``.
    lines_ : list of matplotlib Line2D
        A line for each curve.
    bands_ : list of matplotlib PolyCollection or None
        The range of its folds; None where there is one fold.
    axes_ : ndarray of matplotlib Axes of shape (n_metrics,)
        Each shows one metric.
    ax_ : matplotlib Axes
        The first of them.
    figure_ : matplotlib Figure
        The figure that they are in.

    See Also
    --------
    SearchCurveDisplay : Scores of a search by a hyperparameter.
    WeightMatrixDisplay : The kernels of a fitted estimator.

    Examples
    --------
    >>> from skmlp import LossCurveDisplay
    >>> history = {"loss": [0.9, 0.5, 0.4], "val_loss": [1.0, 0.7, 0.7]}
    >>> display = LossCurveDisplay({"": [history]}).plot(smoothing=0.5)
    >>> [curve.key for curve in display.curves_]
    ['loss', 'val_loss']
    >>> display.curves_[0].mean.round(3).tolist()
    [0.9, 0.7, 0.55]
    """

    def __init__(self, histories: Mapping[str, Sequence[History]], *, by: str = "epoch") -> None:
        self.histories = histories
        self.by = by

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        metrics: str | Sequence[str] = ("loss",),
        by: str = "epoch",
        smoothing: float = 0.0,
        skip: int = 0,
        name: str | None = None,
        ax: Any = None,
        **line_kw: Any,
    ) -> Self:
        """Draw the curves of one fitted estimator.

        Validation is drawn beside training, if the fit had validation samples.

        Parameters
        ----------
        estimator : estimator or Pipeline
            A fitted estimator of skmlp, or a pipeline that ends with one.
        metrics : str or sequence of str, default=("loss",)
            The keys of the history to draw, as in `plot`.
        by : {"epoch", "step"}, default="epoch"
            Whether to draw ``history_`` by epoch, or ``step_history_`` by step, which needs ``record_every``.
        smoothing : float, default=0.0
            The factor of the exponential smoothing, as in `plot`.
        skip : int, default=0
            The number of records to leave out at the beginning, as in `plot`.
        name : str, default=None
            A name for the legend.
        ax : matplotlib Axes, or sequence of one for each metric, default=None
            Where to draw; None is a new figure.
        **line_kw : dict
            Settings of every line, for ``Axes.plot``.

        Returns
        -------
        LossCurveDisplay
            The display, drawn.

        Raises
        ------
        NotFittedError
            If an estimator is not fitted.
        ValueError
            If a metric is not in the history.

        See Also
        --------
        from_estimators : Several estimators in one figure.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from skmlp import KerasMLPClassifier, LossCurveDisplay
        >>> X, y = load_iris(return_X_y=True)
        >>> mlp = KerasMLPClassifier((10,), epochs=3, random_state=0).fit(X, y, X_val=X, y_val=y)
        >>> display = LossCurveDisplay.from_estimator(mlp, metrics=["loss", "val_score"])
        >>> [axes.get_ylabel() for axes in display.axes_]
        ['loss', 'validation score']
        """
        return cls.from_estimators(
            {name or "": estimator}, metrics=metrics, by=by, smoothing=smoothing, skip=skip, ax=ax, **line_kw
        )

    @classmethod
    def from_estimators(
        cls,
        estimators: Mapping[str, Any],
        *,
        metrics: str | Sequence[str] = ("loss",),
        by: str = "epoch",
        smoothing: float = 0.0,
        skip: int = 0,
        ax: Any = None,
        **line_kw: Any,
    ) -> Self:
        """Draw the curves of several fitted estimators.

        Each has a colour of its own, and its name in the legend.

        Parameters
        ----------
        estimators : dict of str to estimator, list of estimators or dict
            By name, fitted estimators, pipelines, or what `from_cv_results` takes.
        metrics : str or sequence of str, default=("loss",)
            The keys of the history to draw, as in `plot`.
        by : {"epoch", "step"}, default="epoch"
            Whether to draw ``history_`` by epoch, or ``step_history_`` by step, which needs ``record_every``.
        smoothing : float, default=0.0
            The factor of the exponential smoothing, as in `plot`.
        skip : int, default=0
            The number of records to leave out at the beginning, as in `plot`.
        ax : matplotlib Axes, or sequence of one for each metric, default=None
            Where to draw; None is a new figure.
        **line_kw : dict
            Settings of every line, for ``Axes.plot``.

        Returns
        -------
        LossCurveDisplay
            The display, drawn.

        Raises
        ------
        NotFittedError
            If an estimator is not fitted.
        ValueError
            If a metric is not in the history.

        See Also
        --------
        from_estimator : One estimator.
        from_cv_results : The mean and the range of the folds of a cross-validation.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from skmlp import KerasMLPClassifier, LossCurveDisplay
        >>> X, y = load_iris(return_X_y=True)
        >>> mlps = {
        ...     f"l2={l2}": KerasMLPClassifier((10,), l2=l2, epochs=3).fit(X, y)
        ...     for l2 in (1e-4, 1e-2)
        ... }
        >>> display = LossCurveDisplay.from_estimators(mlps)
        >>> [curve.name for curve in display.curves_]
        ['l2=0.0001', 'l2=0.01']
        """
        if by not in ATTRIBUTES:
            raise ValueError(f"by={by!r} is not known: take one of {', '.join(map(repr, ATTRIBUTES))}.")
        if not isinstance(estimators, Mapping) or not estimators:
            raise ValueError(f"estimators={estimators!r} names no estimator: give a dict of names to fitted ones.")
        histories = {name: [_history(each, by) for each in _folds(given)] for name, given in estimators.items()}
        return cls(histories, by=by).plot(ax, metrics=metrics, smoothing=smoothing, skip=skip, **line_kw)

    @classmethod
    def from_cv_results(
        cls,
        cv_results: Mapping[str, Any] | Sequence[Any],
        *,
        metrics: str | Sequence[str] = ("loss",),
        by: str = "epoch",
        smoothing: float = 0.0,
        skip: int = 0,
        name: str | None = None,
        ax: Any = None,
        **line_kw: Any,
    ) -> Self:
        """Draw the mean and the range of the folds of a cross-validation.

        Give each fold validation samples to see its validation loss, too.

        Parameters
        ----------
        cv_results : dict, or list of fitted estimators
            What ``cross_validate(..., return_estimator=True)`` returned, or the estimators of the folds. Folds that
            stopped early are drawn as far as all of them have records.
        metrics : str or sequence of str, default=("loss",)
            The keys of the history to draw, as in `plot`.
        by : {"epoch", "step"}, default="epoch"
            Whether to draw ``history_`` by epoch, or ``step_history_`` by step, which needs ``record_every``.
        smoothing : float, default=0.0
            The factor of the exponential smoothing, as in `plot`.
        skip : int, default=0
            The number of records to leave out at the beginning, as in `plot`.
        name : str, default=None
            A name for the legend.
        ax : matplotlib Axes, or sequence of one for each metric, default=None
            Where to draw; None is a new figure.
        **line_kw : dict
            Settings of every line, for ``Axes.plot``.

        Returns
        -------
        LossCurveDisplay
            The display, drawn.

        Raises
        ------
        NotFittedError
            If an estimator is not fitted.
        ValueError
            If a metric is not in the history.

        See Also
        --------
        from_estimators : Several estimators or cross-validations in one figure.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sklearn.model_selection import cross_validate
        >>> from skmlp import KerasMLPClassifier, LossCurveDisplay
        >>> X, y = load_iris(return_X_y=True)
        >>> mlp = KerasMLPClassifier((10,), epochs=3, random_state=0)
        >>> cv_results = cross_validate(mlp, X, y, cv=3, return_estimator=True)
        >>> display = LossCurveDisplay.from_cv_results(cv_results)
        >>> display.curves_[0].folds.shape
        (3, 3)
        """
        if not isinstance(cv_results, (Mapping, list, tuple)):
            raise TypeError(
                f"cv_results={cv_results!r} is neither what cross_validate returned nor a list of fitted estimators."
            )
        return cls.from_estimators(
            {name or "": cv_results}, metrics=metrics, by=by, smoothing=smoothing, skip=skip, ax=ax, **line_kw
        )

    def plot(
        self,
        ax: Any = None,
        *,
        metrics: str | Sequence[str] = ("loss",),
        smoothing: float = 0.0,
        skip: int = 0,
        **line_kw: Any,
    ) -> Self:
        """Draw the curves.

        It sets ``curves_``, ``lines_``, ``bands_``, ``axes_``, ``ax_`` and ``figure_``.

        Parameters
        ----------
        ax : matplotlib Axes, or sequence of one for each metric, default=None
            Where to draw; None is a new figure.
        metrics : str or sequence of str, default=("loss",)
            The keys of the histories to draw, each on axes of its own. "loss" draws the training loss and "val_loss",
            if there is one, and so does any other name. A name that starts with ``"val_"`` is drawn alone.
        smoothing : float, default=0.0
            The factor of an exponential smoothing, at least 0 and less than 1:
            ``s = smoothing * s + (1 - smoothing) * x``, which starts from the first value that is drawn. It is pandas'
            ``ewm(alpha=1 - smoothing, adjust=False)``. Each fold is smoothed, and so is their mean, as smoothing is
            linear.
        skip : int, default=0
            The number of records to leave out at the beginning. They do not enter the smoothing; the epochs or steps
            keep their numbers.
        **line_kw : dict
            Settings of every line, for ``Axes.plot``.

        Returns
        -------
        LossCurveDisplay
            The display itself.

        Raises
        ------
        ValueError
            If a metric is not in the histories, or ``smoothing`` or ``skip`` is out of range.

        See Also
        --------
        from_estimator : Makes a display and draws it.

        Examples
        --------
        >>> from skmlp import LossCurveDisplay
        >>> display = LossCurveDisplay({"": [{"loss": [0.9, 0.5, 0.4]}]})
        >>> display.plot(skip=1).curves_[0].x.tolist()
        [2.0, 3.0]
        """
        plt = import_pyplot(f"{type(self).__name__}.plot")
        from matplotlib.ticker import MaxNLocator

        metrics = [metrics] if isinstance(metrics, str) else list(metrics)
        if not metrics:
            raise ValueError(f"metrics={metrics!r} names none: give at least one key of the history.")
        if not 0 <= smoothing < 1:
            raise ValueError(f"smoothing={smoothing!r} must be at least 0 and less than 1.")
        if skip < 0:
            raise ValueError(f"skip={skip!r} must be at least 0: it is a number of records.")
        panels = [self._curves(metric, smoothing, skip) for metric in metrics]
        self.axes_: NDArray[Any] = _axes(plt, ax, len(metrics))
        self.ax_: Any = self.axes_[0]
        self.figure_: Any = self.ax_.figure
        self.curves_: list[LossCurve] = [curve for curves in panels for curve in curves]
        self.lines_: list[Any] = []
        self.bands_: list[Any] = []
        for axes, metric, curves in zip(self.axes_, metrics, panels, strict=True):
            for curve in curves:
                self._draw(axes, curve, line_kw)
            axes.set(xlabel=self.by, ylabel=_in_words(metric))
            locator = axes.xaxis.get_major_locator()
            if isinstance(locator, MaxNLocator):  # not where the user's own axes have another scale
                locator.set_params(integer=True)
            axes.grid(alpha=0.3)
        self._add_legend()
        return self

    def _curves(self, metric: str, smoothing: float, skip: int) -> list[LossCurve]:
        """What to draw of a metric: a curve for each name and for training and validation."""
        curves = []
        for name, histories in self.histories.items():
            known = [key for key in histories[0] if all(key in each for each in histories) and key != "step"]
            wanted = [metric] if metric.startswith("val_") else [metric, f"val_{metric}"]
            found = [key for key in wanted if key in known]
            of_name = f" of {name!r}" if name else ""
            if not found:
                raise ValueError(f"metrics: {metric!r} is not in the history{of_name}, which has {', '.join(known)}.")
            n_records = min(len(each[found[0]]) for each in histories)
            if skip >= n_records:
                raise ValueError(f"skip={skip!r} leaves nothing of the {n_records} records{of_name}: take less.")
            x = self._positions(histories, n_records, of_name)[skip:]
            for key in found:
                folds = np.stack([smooth(each[key][skip:n_records], smoothing) for each in histories])
                there = ~np.isnan(folds).any(axis=0)
                curves.append(LossCurve(name, key, x[there], folds[:, there]))
        return curves

    def _positions(self, histories: Sequence[History], n_records: int, of_name: str) -> NDArray[np.float64]:
        """The numbers of the records, which all folds share."""
        if self.by == "epoch":
            return np.arange(1.0, n_records + 1)
        steps = np.array([each["step"][:n_records] for each in histories], dtype=np.float64)
        if (steps != steps[0]).any():
            raise ValueError(f"The folds{of_name} have records of different steps: fit them with one record_every.")
        return np.asarray(steps[0])

    def _draw(self, axes: Any, curve: LossCurve, line_kw: dict[str, Any]) -> None:
        """Draw a curve. Sets ``lines_`` and ``bands_``."""
        colour = dict(zip(self.histories, colours(len(self.histories)), strict=True))[curve.name]
        default = {
            "color": colour,
            "linestyle": "-" if curve.part == "training" else "--",
            "marker": "." if len(curve.x) <= FEW_RECORDS else "",
            "label": f"{curve.name}, {curve.part}" if curve.name else curve.part,
        }
        (line,) = axes.plot(curve.x, curve.mean, **styled(default, line_kw))
        self.lines_.append(line)
        band = None
        if len(curve.folds) > 1:
            low, high = curve.folds.min(axis=0), curve.folds.max(axis=0)
            band = axes.fill_between(curve.x, low, high, color=line.get_color(), alpha=0.15, linewidth=0)
        self.bands_.append(band)

    def _add_legend(self) -> None:
        """Name colours and line styles in the first axes: of several estimators, each colour and each style once."""
        from matplotlib.lines import Line2D

        shown = list(zip(self.curves_, self.lines_, strict=True))
        if len(self.histories) > 1:
            names = {curve.name: line.get_color() for curve, line in shown}
            handles = [Line2D([], [], color=colour, label=name) for name, colour in names.items()]
            parts = {curve.part: line.get_linestyle() for curve, line in shown}
            if len(parts) > 1:  # otherwise all lines have one style
                handles += [Line2D([], [], color="0.3", linestyle=style, label=part) for part, style in parts.items()]
        else:
            handles = list({curve.part: line for curve, line in shown}.values())
        counts = sorted({len(curve.folds) for curve in self.curves_} - {1})
        title = f"mean and range of {' and '.join(map(str, counts))} folds" if counts else None
        self.ax_.legend(handles=handles, title=title, fontsize="small", title_fontsize="small")


def _folds(given: Any) -> list[Any]:
    """The estimators of the folds that a user gave: one, a list of them, or what ``cross_validate`` returned."""
    if isinstance(given, Mapping):
        if "estimator" not in given:
            raise ValueError(
                f"cv_results has no 'estimator', only {', '.join(given)}: call cross_validate with "
                "return_estimator=True."
            )
        given = given["estimator"]
    folds = list(given) if isinstance(given, (list, tuple)) else [given]
    if not folds:
        raise ValueError("cv_results has no estimators: give at least one fitted one.")
    return folds


def _history(estimator: Any, by: str) -> History:
    """The records of a fitted estimator."""
    attribute = ATTRIBUTES[by]
    history: History | None = fitted_attribute(estimator, attribute, REMEDY)
    if history is None:
        raise ValueError(
            "by='step' needs records by step, which the estimator has none of: fit it with record_every, for example "
            "record_every=100."
        )
    if not history or not history.get("loss"):
        raise ValueError(f"{attribute} is empty: fit the estimator for longer.")
    return history


def _axes(plt: Any, ax: Any, n_metrics: int) -> NDArray[Any]:
    """An array of axes, one for each metric: the user's own, or those of a new figure, two side by side."""
    if ax is None:
        rows, columns = -(-n_metrics // 2), min(n_metrics, 2)
        figure, axes = plt.subplots(
            rows, columns, figsize=(6.4 if columns == 1 else 8, 3.8 * rows), layout="constrained", squeeze=False
        )
        for unused in axes.flat[n_metrics:]:
            figure.delaxes(unused)
        return np.asarray(axes.flat[:n_metrics])
    given = np.asarray(ax, dtype=object).reshape(-1)
    if len(given) != n_metrics:
        raise ValueError(f"ax has {len(given)} axes, but metrics has {n_metrics}: give as many, or ax=None.")
    return given


def _in_words(metric: str) -> str:
    """A metric's name as an axis shows it."""
    words = f"validation {metric.removeprefix('val_')}" if metric.startswith("val_") else metric
    return words.replace("_", " ")
