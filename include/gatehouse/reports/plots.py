"""The plots of a decision, champion and challenger side by side on the same held-out rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gatehouse.core.statistics.metrics import evaluate, metric_named
from gatehouse.formatting import shown
from gatehouse.reports.class_plots import class_plots
from gatehouse.reports.inline_svg import BLUE, ORANGE, SOFT, draw
from gatehouse.reports.svg_text import SvgText, add_text, ellipsize, ellipsize_middle

if TYPE_CHECKING:
    from markupsafe import Markup
    from numpy.typing import NDArray

    from gatehouse.core.gate.evidence import Evidence, HoldoutData

POINTS, BINS, SLICES, NAME = 150, 10, 14, 26
LINE = 0.3  # inches for each slice


def decision_plots(evidence: Evidence, metric: str) -> list[Markup]:
    """ROC, calibration and scores for a class, a confusion matrix and calibration for more of them, residuals and
    calibration for a number, and `metric` by slice for all."""
    models = _models(evidence.holdout)
    labels = evidence.holdout.labels
    if evidence.task == "classification":
        plots = [_roc(labels, models), _calibration(labels, models), _scores(models)]
    elif evidence.task == "multiclass":
        plots = class_plots(evidence.holdout)
    else:
        plots = [_calibration(labels, models), _residuals(labels, models)]
    return plots + ([_slices(evidence.holdout, models, metric)] if evidence.holdout.slices else [])


Models = dict[str, tuple["NDArray[np.float64]", str, str]]


def _models(holdout: HoldoutData) -> Models:
    """Name -> predictions, colour, line style; the challenger first."""
    models: Models = {"challenger": (holdout.challenger, BLUE, "-")}
    return models | ({} if holdout.champion is None else {"champion": (holdout.champion, ORANGE, "--")})


def _roc(labels: NDArray[np.float64], models: Models) -> Markup:
    areas = {name: evaluate("roc_auc", labels, scores) for name, (scores, *_) in models.items()}

    def paint(axes: Any) -> None:
        for name, (scores, colour, style) in models.items():
            axes.plot(*_rates(labels, scores), color=colour, linestyle=style, label=f"{name}, AUC {shown(areas[name])}")
        axes.plot([0, 1], [0, 1], color=SOFT, linestyle=":", linewidth=1)
        axes.set(xlabel="false positive rate", ylabel="true positive rate", xlim=(0, 1), ylim=(0, 1.01))
        axes.legend(loc="lower right")

    return draw(paint, "ROC", "; ".join(f"{name} AUC {shown(area)}" for name, area in areas.items()))


def _rates(labels: NDArray[np.float64], scores: NDArray[np.float64]) -> tuple[Any, Any]:
    order = np.argsort(-scores, kind="stable")
    positive = np.concatenate([[0], np.cumsum(labels[order])])
    negative = np.arange(len(positive)) - positive
    last_of_ties = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True)) + 1
    shown = np.concatenate([[0], last_of_ties[np.linspace(0, len(last_of_ties) - 1, POINTS).astype(int)]])
    return negative[shown] / max(negative[-1], 1), positive[shown] / max(positive[-1], 1)


def _calibration(labels: NDArray[np.float64], models: Models) -> Markup:
    gaps = {name: float(scores.mean() - labels.mean()) for name, (scores, *_) in models.items()}

    def paint(axes: Any) -> None:
        ends: list[float] = []
        for name, (scores, colour, style) in models.items():
            tenths = np.array_split(np.argsort(scores, kind="stable"), min(BINS, len(scores)))
            predicted = [float(scores[each].mean()) for each in tenths]
            observed = [float(labels[each].mean()) for each in tenths]
            axes.plot(predicted, observed, color=colour, linestyle=style, marker="os"[style == "--"], markersize=4,
                      label=f"{name}, gap {shown(gaps[name], '+.3g')}")  # fmt: skip
            ends += predicted + observed
        axes.plot([min(ends), max(ends)], [min(ends), max(ends)], color=SOFT, linestyle=":", linewidth=1)
        axes.set(xlabel="mean prediction, by tenths of the rows", ylabel="mean outcome")
        axes.legend(loc="best")

    said = "; ".join(f"{name} mean prediction minus mean outcome {shown(gap, '+.3g')}" for name, gap in gaps.items())
    return draw(paint, "Calibration", said)


def _scores(models: Models) -> Markup:
    def paint(axes: Any) -> None:
        _histogram(axes, models, np.linspace(0, 1, 41))
        axes.set(xlabel="predicted probability", ylabel="share of rows", xlim=(0, 1))

    said = "; ".join(f"{name} mean {scores.mean():.3g}" for name, (scores, *_) in models.items())
    return draw(paint, "Scores", said)


def _residuals(labels: NDArray[np.float64], models: Models) -> Markup:
    wrong: Models = {name: (labels - scores, colour, style) for name, (scores, colour, style) in models.items()}
    ends = np.quantile(np.concatenate([each for each, *_ in wrong.values()]), [0.005, 0.995])

    def paint(axes: Any) -> None:
        _histogram(axes, wrong, np.linspace(ends[0], ends[1] if ends[1] > ends[0] else ends[0] + 1, 41))
        axes.set(xlabel="outcome - prediction", ylabel="share of rows")

    said = "; ".join(f"{name} mean {each.mean():.3g}, spread {each.std():.3g}" for name, (each, *_) in wrong.items())
    return draw(paint, "Residuals", said)


def _histogram(axes: Any, models: Models, bins: NDArray[np.float64]) -> None:
    for name, (values, colour, style) in models.items():
        counts, _ = np.histogram(values, bins)
        axes.stairs(counts / max(len(values), 1), bins, color=colour, linestyle=style, linewidth=1.4, label=name)
    axes.legend(loc="upper right")


def _slices(holdout: HoldoutData, models: Models, metric: str) -> Markup:
    """A row for each slice: the challenger's and the champion's metric, the largest slices first."""
    found = []
    for column, values in holdout.slices.items():
        names, counts = np.unique(values, return_counts=True)
        found += [(int(count), column, str(name)) for name, count in zip(names, counts)]
    largest = sorted(found, reverse=True)[:SLICES]
    shown = sorted(largest, key=lambda each: (each[1], -each[0]))
    masks = [holdout.slices[column] == name for _, column, name in shown]

    def paint(axes: Any) -> None:
        places = np.arange(len(shown))[::-1]
        for name, (scores, colour, style) in models.items():
            measured = [evaluate(metric, holdout.labels[mask], scores[mask]) for mask in masks]
            axes.plot(measured, places, color=colour, linestyle="none", marker="os"[style == "--"], label=name)
        for place, slice_ in zip(places, shown):
            _name(axes, float(place), *slice_)
        axes.set_yticks([])
        axes.set_ylim(-0.7, len(shown) - 0.3)
        axes.grid(axis="x", color=SOFT, alpha=0.3)
        axes.set(xlabel=metric_named(metric).title)
        axes.legend(loc="upper center", bbox_to_anchor=(0.2, -0.42 / height), ncols=2)

    height = max(3.3, 1.0 + LINE * len(shown))  # inches
    said = f"{metric} of the {len(shown)} largest of {len(found)} slices"
    title = f"{metric_named(metric).title.capitalize()} by slice"
    ends = {"bottom": 0.75 / height, "top": 1 - 0.3 / height}
    return draw(paint, title, said, size=(4.4, height), heights=(1,), left=0.42, **ends)


def _name(axes: Any, place: float, count: int, column: str, value: str) -> None:
    """A slice's value, and under it the column and the rows. Names from data have any length: they are cut in the middle,
    because what tells them apart is often at the end, and whole in the title."""
    beside = axes.get_yaxis_transform()
    add_text(
        axes, beside, SvgText(-0.02, place, ellipsize_middle(value, NAME), "end", -0.05, 8, whole=f"{column} {value}")
    )
    below = f"{ellipsize(column, NAME - 8)}, {count:,} rows"
    add_text(axes, beside, SvgText(-0.02, place, below, "end", 0.95, 7, colour=SOFT, whole=f"{column}, {count:,} rows"))
