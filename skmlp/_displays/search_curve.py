"""Scores of a search by one hyperparameter."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skmlp._displays.attributes import fitted_attribute, last_step
from skmlp._displays.drawing import colours, import_pyplot, styled
from skmlp._displays.scales import draw_scale, scale_of
from skmlp._displays.search_results import (
    best_of,
    candidates_of,
    full_name,
    key,
    metric_of,
    short_names,
    text,
)

SCORE_TYPES = ("test", "train", "both")

STD_DISPLAY_STYLES = ("errorbar", "fill_between", None)

STYLES: dict[str, dict[str, Any]] = {
    "test": {"linestyle": "-", "marker": "o", "markersize": 4},
    "train": {"linestyle": ":", "marker": ".", "markersize": 4},
}
"""How lines of test scores and of training scores look."""

POINTS_BETWEEN_LINES = 3.0
"""How far error bars at the same value stand apart, in points (1/72 inch)."""


class SearchCurveDisplay:
    """Mean scores of a search's candidates by one hyperparameter.

    Make it with `from_estimator` or `from_cv_results`, which also draw it. Candidates that differ only in the chosen
    hyperparameter form a line, so that the other hyperparameters tell lines apart. Solid lines show test scores, dotted
    lines training scores; bars or bands show one standard deviation over the folds to each side. A star marks the best
    candidate.

    If there would be more than ``max_lines`` lines, every candidate is a grey point, and one line connects the best
    candidate of each value. If hardly two candidates share a value, as in a random search over a distribution, or each
    line would be a single point, only points are drawn.

    The axis is logarithmic if the values are positive and form a geometric sequence, or span two decades or more; if
    one of them is 0, it is linear up to the smallest of the others and logarithmic from there. Values that are not all
    numbers are placed side by side, in the order in which they were searched.

    Parameters
    ----------
    param_name : str
        The hyperparameter of the axis.
    param_values : sequence of length n_candidates
        Its values.
    settings : sequence of dict
        For each candidate, the other hyperparameters by name, as the legend shows them.
    test_mean : array-like of shape (n_candidates,)
        The mean of each candidate's test scores over the folds.
    test_std : array-like of shape (n_candidates,)
        Their standard deviation.
    train_mean : array-like of shape (n_candidates,), default=None
        The mean of the training scores; None if there are none.
    train_std : array-like of shape (n_candidates,), default=None
        Their standard deviation.
    best_index : int, default=None
        The candidate that is marked.
    score_name : str, default="score"
        The name of the axis of the scores.

    Attributes
    ----------
    param_name, param_values, settings, test_mean, test_std, train_mean, train_std, best_index, score_name
        As given; the means and standard deviations as ndarray.
    scale : {"linear", "log", "symlog", "categorical"}
        That of the axis.
    lines_ : list of matplotlib Line2D
        A line for each setting.
    train_lines_ : list of matplotlib Line2D
        The training scores, in the same order.
    spreads_ : list of matplotlib ErrorbarContainer or PolyCollection
        The standard deviations of ``lines_``, in the same order; empty without any.
    points_ : matplotlib Line2D or None
        The points of all candidates, if there are too many lines.
    best_ : matplotlib Line2D or None
        The mark of the best candidate.
    ax_ : matplotlib Axes
        The axes.
    figure_ : matplotlib Figure
        The figure that they are in.

    See Also
    --------
    LossCurveDisplay : Losses and metrics by epoch or by step.
    sklearn.model_selection.ValidationCurveDisplay : Scores by one hyperparameter, from fits of its own.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import GridSearchCV
    >>> from skmlp import KerasMLPClassifier, SearchCurveDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> grid = {"learning_rate": [0.001, 0.01, 0.1], "l2": [0.0, 0.01]}
    >>> search = GridSearchCV(
    ...     KerasMLPClassifier((10,), epochs=3, random_state=0), grid, cv=3
    ... ).fit(X, y)
    >>> display = SearchCurveDisplay.from_estimator(search, "learning_rate")
    >>> display.scale, [line.get_label() for line in display.lines_]
    ('log', ['l2=0', 'l2=0.01'])
    """

    def __init__(
        self,
        *,
        param_name: str,
        param_values: Sequence[Any],
        settings: Sequence[Mapping[str, Any]],
        test_mean: ArrayLike,
        test_std: ArrayLike,
        train_mean: ArrayLike | None = None,
        train_std: ArrayLike | None = None,
        best_index: int | None = None,
        score_name: str = "score",
    ) -> None:
        self.param_name = param_name
        self.param_values: list[Any] = list(param_values)
        self.settings: list[dict[str, Any]] = [dict(each) for each in settings]
        self.test_mean: NDArray[np.float64] = np.asarray(test_mean, dtype=np.float64)
        self.test_std: NDArray[np.float64] = np.asarray(test_std, dtype=np.float64)
        self.train_mean: NDArray[np.float64] | None = (
            None if train_mean is None else np.asarray(train_mean, dtype=np.float64)
        )
        self.train_std: NDArray[np.float64] | None = (
            None if train_std is None else np.asarray(train_std, dtype=np.float64)
        )
        self.best_index = best_index
        self.score_name = score_name
        self.scale: str = scale_of(self.param_values)

    @classmethod
    def from_estimator(
        cls,
        search: Any,
        param_name: str,
        *,
        scoring: str | None = None,
        where: Mapping[str, Any] | None = None,
        score_type: str | None = None,
        std_display_style: str | None = "errorbar",
        max_lines: int = 6,
        ax: Any = None,
        **line_kw: Any,
    ) -> Self:
        """Draw the scores of a fitted search.

        The marked candidate is the search's ``best_index_``, if ``scoring`` is the metric that the search chose it by.

        Parameters
        ----------
        search : GridSearchCV, RandomizedSearchCV, HalvingGridSearchCV, HalvingRandomSearchCV or Pipeline
            A fitted search, or a pipeline that ends with one. In a halving search, each iteration has lines of its own,
            told apart by "n_resources" or by the hyperparameter that is the resource.
        param_name : str
            The hyperparameter of the axis, by its full name ("kerasmlpclassifier__l2") or its last part ("l2").
        scoring : str, default=None
            The metric. None is the only one or, of several, the one that ``refit`` names.
        where : dict, default=None
            Values of other hyperparameters, by full names or last parts: other candidates are left out.
        score_type : {"test", "train", "both"}, default=None
            The scores to draw; None is both, if the search has training scores.
        std_display_style : {"errorbar", "fill_between"} or None, default="errorbar"
            How to show the standard deviation over the folds; None hides it.
        max_lines : int, default=6
            The largest number of lines; beyond it, the candidates are points.
        ax : matplotlib Axes, default=None
            Where to draw; None is a new figure.
        **line_kw : dict
            Settings of every line, for ``Axes.plot``.

        Returns
        -------
        SearchCurveDisplay
            The display, drawn.

        Raises
        ------
        NotFittedError
            If the search is not fitted.
        ValueError
            If no candidate has the hyperparameter, or the search has no such metric.

        See Also
        --------
        from_cv_results : Draws results without the search.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sklearn.model_selection import GridSearchCV
        >>> from skmlp import KerasMLPClassifier, SearchCurveDisplay
        >>> X, y = load_iris(return_X_y=True)
        >>> grid = {"l2": [1e-4, 1e-3, 1e-2]}
        >>> search = GridSearchCV(
        ...     KerasMLPClassifier((10,), epochs=3, random_state=0), grid, cv=3
        ... ).fit(X, y)
        >>> display = SearchCurveDisplay.from_estimator(search, "l2")
        >>> display.scale, len(display.lines_)
        ('log', 1)
        """
        cv_results = fitted_attribute(search, "cv_results_", "a fitted GridSearchCV or another search")
        search = last_step(search)
        refit = search.refit
        if not search.multimetric_:
            scoring, chosen_by = None if scoring == search.scoring else scoring, True
            score_name = search.scoring if isinstance(search.scoring, str) else "score"
        else:
            scoring = refit if scoring is None and isinstance(refit, str) else scoring
            chosen_by = callable(refit) or refit == scoring
            score_name = scoring or "score"
        return cls._read(
            cv_results,
            param_name,
            scoring=scoring,
            where=where,
            best_index=getattr(search, "best_index_", None) if chosen_by else None,
            score_name=score_name,
        ).plot(ax, score_type=score_type, std_display_style=std_display_style, max_lines=max_lines, **line_kw)

    @classmethod
    def from_cv_results(
        cls,
        cv_results: Mapping[str, Any],
        param_name: str,
        *,
        scoring: str | None = None,
        where: Mapping[str, Any] | None = None,
        score_type: str | None = None,
        std_display_style: str | None = "errorbar",
        max_lines: int = 6,
        ax: Any = None,
        **line_kw: Any,
    ) -> Self:
        """Draw the scores in the results of a search.

        The candidate with the highest mean test score is marked; in a halving search, that of the last iteration.

        Parameters
        ----------
        cv_results : dict
            The ``cv_results_`` of a search.
        param_name : str
            The hyperparameter of the axis, by its full name ("kerasmlpclassifier__l2") or its last part ("l2").
        scoring : str, default=None
            The metric; None is the only one.
        where : dict, default=None
            Values of other hyperparameters, by full names or last parts: other candidates are left out.
        score_type : {"test", "train", "both"}, default=None
            The scores to draw; None is both, if the search has training scores.
        std_display_style : {"errorbar", "fill_between"} or None, default="errorbar"
            How to show the standard deviation over the folds; None hides it.
        max_lines : int, default=6
            The largest number of lines; beyond it, the candidates are points.
        ax : matplotlib Axes, default=None
            Where to draw; None is a new figure.
        **line_kw : dict
            Settings of every line, for ``Axes.plot``.

        Returns
        -------
        SearchCurveDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If no candidate has the hyperparameter, or the results have no such metric.

        See Also
        --------
        from_estimator : Draws a fitted search.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sklearn.model_selection import GridSearchCV
        >>> from skmlp import KerasMLPClassifier, SearchCurveDisplay
        >>> X, y = load_iris(return_X_y=True)
        >>> grid = {"l2": [1e-4, 1e-3, 1e-2]}
        >>> search = GridSearchCV(
        ...     KerasMLPClassifier((10,), epochs=3, random_state=0), grid, cv=3
        ... ).fit(X, y)
        >>> SearchCurveDisplay.from_cv_results(search.cv_results_, "l2").test_mean.shape
        (3,)
        """
        display = cls._read(cv_results, param_name, scoring=scoring, where=where)
        return display.plot(
            ax, score_type=score_type, std_display_style=std_display_style, max_lines=max_lines, **line_kw
        )

    @classmethod
    def _read(
        cls,
        cv_results: Mapping[str, Any],
        param_name: str,
        *,
        scoring: str | None,
        where: Mapping[str, Any] | None,
        best_index: int | None = None,
        score_name: str | None = None,
    ) -> Self:
        """The display of the candidates that have the hyperparameter, and the values that are asked for."""
        metric = metric_of(cv_results, scoring)
        candidates = candidates_of(cv_results)
        names = list(dict.fromkeys(name for each in candidates for name in each))
        param_name = full_name(param_name, names, "param_name")
        wanted = {full_name(name, names, "where"): value for name, value in (where or {}).items()}
        shown = [
            i
            for i, each in enumerate(candidates)
            if param_name in each
            and all(name in each and key(each[name]) == key(value) for name, value in wanted.items())
        ]
        if not shown:
            raise ValueError(f"where={where!r} leaves no candidate that has {param_name!r}.")
        others = [name for name in names if name != param_name]
        varying = [name for name in others if len({key(candidates[i].get(name)) for i in shown}) > 1]
        short = short_names(names)
        best_index = best_of(cv_results, metric) if best_index is None else best_index
        n_folds = sum(name.startswith("split") and name.endswith(f"_test_{metric}") for name in cv_results)
        words = re.sub("^neg_", "negative ", score_name or metric).replace("_", " ")
        return cls(
            param_name=short[param_name],
            param_values=[candidates[i][param_name] for i in shown],
            settings=[{short[name]: candidates[i][name] for name in varying if name in candidates[i]} for i in shown],
            **{
                f"{part}_{figure}": np.asarray(cv_results[f"{figure}_{part}_{metric}"])[shown]
                for part in ("test", "train")
                for figure in ("mean", "std")
                if f"{figure}_{part}_{metric}" in cv_results
            },
            best_index=shown.index(best_index) if best_index in shown else None,
            score_name=f"{words}, mean of {n_folds} folds" if n_folds > 1 else words,
        )

    def plot(
        self,
        ax: Any = None,
        *,
        score_type: str | None = None,
        std_display_style: str | None = "errorbar",
        max_lines: int = 6,
        **line_kw: Any,
    ) -> Self:
        """Draw the scores.

        It sets ``lines_``, ``train_lines_``, ``spreads_``, ``points_``, ``best_``, ``ax_`` and ``figure_``.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None is a new figure.
        score_type : {"test", "train", "both"}, default=None
            The scores to draw; None is both, if the search has training scores.
        std_display_style : {"errorbar", "fill_between"} or None, default="errorbar"
            How to show the standard deviation over the folds; error bars of several lines are placed side by side. None
            hides it.
        max_lines : int, default=6
            The largest number of lines; beyond it, the candidates are points.
        **line_kw : dict
            Settings of every line, for ``Axes.plot``.

        Returns
        -------
        SearchCurveDisplay
            The display itself.

        Raises
        ------
        ValueError
            If ``score_type`` or ``std_display_style`` is unknown, or there are no training scores to draw.

        See Also
        --------
        from_estimator : Makes a display and draws it.

        Examples
        --------
        >>> from skmlp import SearchCurveDisplay
        >>> display = SearchCurveDisplay(
        ...     param_name="l2",
        ...     param_values=[1e-4, 1e-2],
        ...     settings=[{}, {}],
        ...     test_mean=[0.9, 0.8],
        ...     test_std=[0.1, 0.1],
        ... )
        >>> len(display.plot(std_display_style=None).lines_)
        1
        """
        plt = import_pyplot(f"{type(self).__name__}.plot")
        score_type = score_type or ("test" if self.train_mean is None else "both")
        if score_type not in SCORE_TYPES:
            raise ValueError(f"score_type={score_type!r} is not known: take one of {SCORE_TYPES}, or None.")
        if score_type != "test" and self.train_mean is None:
            raise ValueError(f"score_type={score_type!r} needs training scores: search with return_train_score=True.")
        if std_display_style not in STD_DISPLAY_STYLES:
            raise ValueError(f"std_display_style={std_display_style!r} is not known: take one of {STD_DISPLAY_STYLES}.")
        if ax is None:
            _, ax = plt.subplots(layout="constrained")
        self.ax_: Any = ax
        self.figure_: Any = ax.figure
        self.lines_: list[Any] = []
        self.train_lines_: list[Any] = []
        self.spreads_: list[Any] = []
        self.points_: Any = None
        self.best_: Any = None
        x = draw_scale(ax, self.param_values, self.scale)
        ax.set(xlabel=self.param_name, ylabel=self.score_name)
        ax.grid(alpha=0.3)
        groups = self._groups(x)
        if len(groups) > max_lines or (len(groups) > 1 and all(len(rows) == 1 for _, rows in groups)):
            groups = self._draw_points(x, "train" if score_type == "train" else "test")
        parts = SCORE_TYPES[:2] if score_type == "both" else (score_type,)
        for place, (label, rows) in enumerate(groups):
            shift = POINTS_BETWEEN_LINES * (place - (len(groups) - 1) / 2) if std_display_style == "errorbar" else 0.0
            for part in parts:
                style = {"color": colours(len(groups))[place], "label": label or part, **STYLES[part]}
                self._draw_line(
                    x, rows, part, std_display_style if part == parts[0] else None, shift, styled(style, line_kw)
                )
        if self.best_index is not None and score_type != "train":
            self._draw_best(self.best_index, x, groups)
        self._add_legend(parts)
        return self

    def _groups(self, x: NDArray[np.float64]) -> list[tuple[str, NDArray[np.intp]]]:
        """The label of each line, and its candidates in the order of the axis."""
        groups: dict[Any, list[int]] = {}
        for i, setting in enumerate(self.settings):
            groups.setdefault(tuple((name, key(value)) for name, value in setting.items()), []).append(i)
        return [
            (
                ", ".join(f"{name}={text(value)}" for name, value in self.settings[rows[0]].items()),
                np.array(rows)[np.argsort(x[rows], kind="stable")],
            )
            for rows in groups.values()
        ]

    def _draw_points(self, x: NDArray[np.float64], part: str) -> list[tuple[str, NDArray[np.intp]]]:
        """Draw every candidate; the one line left is through the best candidate of each value. Sets ``points_``."""
        mean = self._mean(part)
        (self.points_,) = self.ax_.plot(x, mean, "o", markersize=4, color="0.6", zorder=1.5, label="candidates")
        values = np.unique(x)
        if 2 * len(values) > len(x):
            return []
        scored = np.where(np.isnan(mean), -np.inf, mean)
        best = [rows[np.argmax(scored[rows])] for rows in (np.flatnonzero(x == value) for value in values)]
        return [("best of each value", np.array(best))]

    def _mean(self, part: str) -> NDArray[np.float64]:
        """The mean scores of each candidate, "test" or "train"."""
        mean: NDArray[np.float64] = getattr(self, f"{part}_mean")
        return mean

    def _draw_line(
        self,
        x: NDArray[np.float64],
        rows: NDArray[np.intp],
        part: str,
        std_display_style: str | None,
        shift: float,
        style: dict[str, Any],
    ) -> None:
        """Draw the scores of some candidates. Sets ``lines_`` or ``train_lines_``, and ``spreads_``."""
        mean, std = self._mean(part)[rows], getattr(self, f"{part}_std")[rows]
        (line,) = self.ax_.plot(x[rows], mean, **style)
        (self.lines_ if part == "test" else self.train_lines_).append(line)
        artists, colour = [line], line.get_color()
        if std_display_style == "errorbar":
            bars = self.ax_.errorbar(x[rows], mean, std, fmt="none", ecolor=colour, elinewidth=1, capsize=2)
            self.spreads_.append(bars)
            artists += bars.get_children()
        elif std_display_style == "fill_between":
            band = self.ax_.fill_between(x[rows], mean - std, mean + std, color=colour, alpha=0.15, linewidth=0)
            self.spreads_.append(band)
        self._shift(artists, shift)

    def _shift(self, artists: Sequence[Any], points: float) -> None:
        """Move artists to the right by so many points, whatever the scale; their data stays as it is."""
        from matplotlib.transforms import ScaledTranslation

        # Only now: matplotlib finds the limits of the axes when an artist is added, and cannot through this transform.
        shifted = self.ax_.transData + ScaledTranslation(points / 72, 0, self.figure_.dpi_scale_trans)
        for artist in artists:
            artist.set_transform(shifted)

    def _draw_best(self, i: int, x: NDArray[np.float64], groups: Sequence[tuple[str, NDArray[np.intp]]]) -> None:
        """Mark the best candidate where it is drawn. Sets ``best_``."""
        line = next((line for line, (_, rows) in zip(self.lines_, groups, strict=True) if i in rows), None)
        (self.best_,) = self.ax_.plot(
            x[[i]],
            self.test_mean[[i]],
            "*",
            color="black" if line is None else line.get_color(),
            markeredgecolor="black",
            markersize=13,
            zorder=3,
            label=f"best: {self.test_mean[i]:.4g}",
        )
        if line is not None:
            self.best_.set_transform(line.get_transform())

    def _add_legend(self, parts: Sequence[str]) -> None:
        """Name the lines once and, where there are training scores beside test scores, their styles."""
        from matplotlib.lines import Line2D

        lines = self.lines_ or self.train_lines_
        several = len(lines) > 1 or self.points_ is not None
        handles = [self.points_] if self.points_ is not None else []
        handles += lines if several else []
        if len(parts) > 1:
            colour = "0.3" if several else lines[0].get_color()
            handles += [Line2D([], [], color=colour, label=part, **STYLES[part]) for part in parts]
        handles += [self.best_] if self.best_ is not None else []
        if handles:
            self.ax_.legend(handles=handles, fontsize="small")
