"""The plots of a decision on more than two classes: what was predicted for what happened, and calibration by class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gatehouse.core.statistics.class_metrics import happened
from gatehouse.core.statistics.confusion import confusion, predicted_observed
from gatehouse.formatting import shown
from gatehouse.reports.inline_svg import BLUE, ORANGE, SOFT, draw
from gatehouse.reports.svg_text import SvgText, add_text, ellipsize_middle

if TYPE_CHECKING:
    from markupsafe import Markup

    from gatehouse.core.gate.evidence import HoldoutData

LARGEST, NAME = 12, 14  # classes that a matrix has room for, and letters of a name
MARKERS = "osD^vP*X"


def class_plots(holdout: HoldoutData) -> list[Markup]:
    """The challenger's confusion matrix, its and the champion's shares of right rows by class, and its calibration."""
    return [confusion_matrix(holdout), calibration_by_class(holdout)]


def confusion_matrix(holdout: HoldoutData) -> Markup:
    """A row for each class that happened: the share of its rows that each class was predicted for. Of many classes the
    most frequent ones are drawn."""
    counts = confusion(holdout.labels, holdout.challenger)
    largest = np.sort(np.argsort(-counts.sum(axis=1), kind="stable")[:LARGEST])
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    names = [holdout.classes[place] for place in largest]

    def paint(axes: Any) -> None:
        size = len(largest)
        for row, actual in enumerate(largest):
            for column, predicted in enumerate(largest):
                share = float(shares[actual, predicted])
                place = (column, size - 1 - row)
                axes.add_patch(_square(place, share, BLUE if row == column else ORANGE))
                told = f"{names[row]} predicted as {names[column]}: {int(counts[actual, predicted]):,} rows"
                text = f"{share:.0%}"
                add_text(
                    axes, axes.transData, SvgText(column + 0.5, place[1] + 0.4, text, "middle", size=8, whole=told)
                )
        axes.set(xlim=(0, size), ylim=(0, size), xticks=[], yticks=[])
        axes.set_xlabel("predicted", labelpad=16)
        axes.set_ylabel("happened", labelpad=62)
        for number, name in enumerate(names):
            short = ellipsize_middle(name, NAME)
            beside = SvgText(-0.1, size - 0.6 - number, short, "end", size=8, whole=name)
            add_text(axes, axes.transData, beside)
            below = SvgText(number + 0.5, -0.04 * size, short, "middle", 0.6, size=8, whole=name)
            add_text(axes, axes.transData, below)

    said = "; ".join(f"{holdout.classes[place]} right in {shares[place, place]:.0%}" for place in largest)
    return draw(paint, "Predicted for what happened", said, left=0.32, bottom=0.2)


def calibration_by_class(holdout: HoldoutData) -> Markup:
    """For each class the challenger's mean probability against how often it happened, by tenths of the rows."""
    known = happened(holdout.labels, len(holdout.classes))
    largest = np.sort(np.argsort(-known.sum(axis=0), kind="stable")[: len(MARKERS)])

    def paint(axes: Any) -> None:
        top = 0.0
        for number, place in enumerate(largest):
            predicted, observed = predicted_observed(known[:, place], holdout.challenger[:, place])
            axes.plot(predicted, observed, color=(BLUE, ORANGE, SOFT)[number % 3], marker=MARKERS[number], markersize=4,
                      linewidth=1, label=ellipsize_middle(holdout.classes[place], NAME))  # fmt: skip
            top = max(top, *predicted, *observed)
        axes.plot([0, top], [0, top], color=SOFT, linestyle=":", linewidth=1)
        axes.set(xlabel="mean probability, by tenths of the rows", ylabel="share of rows of the class")
        axes.legend(loc="best")

    gaps = holdout.challenger.mean(axis=0) - known.mean(axis=0)
    said = "; ".join(f"{holdout.classes[place]} gap {shown(float(gaps[place]), '+.3g')}" for place in largest)
    return draw(paint, "Calibration by class", said)


def _square(place: tuple[int, int], share: float, colour: str) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle(place, 1, 1, facecolor=colour, alpha=0.08 + 0.6 * share, edgecolor=SOFT, linewidth=0.5)
