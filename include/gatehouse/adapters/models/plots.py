"""A candidate's plots as SVG: drawn by matplotlib without a screen, colour-blind safe, the same bytes for the same data."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from gatehouse.core.statistics.confusion import confusion, predicted_observed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gatehouse.core.gate.evidence import Task

BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#666666"  # Okabe and Ito (2008)
BINS = 10
TOP = 15


def candidate_plots(
    task: Task, labels: NDArray[np.float64], predictions: NDArray[np.float64], importance: Mapping[str, float]
) -> dict[str, bytes]:
    """File name -> SVG: ROC, calibration and scores for a class, a confusion matrix and calibration for more of them,
    predicted against observed and residuals for a number, and the permutation importance for all."""
    if task == "classification":
        drawn = {"roc": _roc, "calibration": _calibration, "scores": _scores}
    elif task == "multiclass":
        drawn = {"confusion": _confusion, "calibration": _calibration_by_class}
    else:
        drawn = {"predicted_observed": _predicted_observed, "residuals": _residuals}
    files = {f"{name}.svg": _svg(draw, labels, predictions) for name, draw in drawn.items()}
    return files | {"importance.svg": _svg(_importance, importance)}


def _svg(draw: Any, *data: Any) -> bytes:
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context({"svg.hashsalt": "gatehouse", "svg.fonttype": "none", "font.size": 10, "axes.titlesize": 11}):
        figure = Figure(figsize=(5.2, 4.0), layout="constrained")
        axes = figure.add_subplot()
        axes.spines[["top", "right"]].set_visible(False)
        draw(axes, *data)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return buffer.getvalue()


def _roc(axes: Any, labels: NDArray[np.float64], predictions: NDArray[np.float64]) -> None:
    from sklearn.metrics import auc, roc_curve

    false_rate, true_rate, _ = roc_curve(labels, predictions)
    axes.plot(false_rate, true_rate, color=BLUE, label=f"AUC {auc(false_rate, true_rate):.3f}")
    axes.plot([0, 1], [0, 1], color=GREY, linestyle="--", linewidth=1, label="chance")
    axes.set(xlabel="false positive rate", ylabel="true positive rate", title="ROC", xlim=(0, 1), ylim=(0, 1.01))
    axes.legend(loc="lower right", frameon=False)


def _calibration(axes: Any, labels: NDArray[np.float64], predictions: NDArray[np.float64]) -> None:
    edges = np.unique(np.quantile(predictions, np.linspace(0, 1, BINS + 1)))
    cell = np.clip(np.searchsorted(edges, predictions, side="right") - 1, 0, max(len(edges) - 2, 0))
    filled = np.unique(cell)
    predicted = [predictions[cell == each].mean() for each in filled]
    observed = np.array([labels[cell == each].mean() for each in filled])
    sizes = np.array([(cell == each).sum() for each in filled])
    error = 1.96 * np.sqrt(observed * (1 - observed) / sizes)
    axes.errorbar(
        predicted, observed, yerr=error, color=BLUE, marker="o", capsize=2, label=f"{sizes.min():,} rows or more each"
    )
    top = float(max(max(predicted), (observed + error).max())) * 1.05
    axes.plot([0, top], [0, top], color=GREY, linestyle="--", linewidth=1, label="perfect")
    axes.set(
        xlabel="mean prediction of the bin",
        ylabel="share of class 1 in the bin",
        title="Calibration (tenths of the rows)",
    )
    axes.legend(loc="upper left", frameon=False)


def _scores(axes: Any, labels: NDArray[np.float64], predictions: NDArray[np.float64]) -> None:
    bins = np.linspace(0, 1, 41)
    for value, colour, style in ((0.0, BLUE, "-"), (1.0, ORANGE, "--")):
        part = predictions[labels == value]
        axes.hist(part, bins=bins, density=True, histtype="step", color=colour, linestyle=style, linewidth=1.6,
                  label=f"class {value:.0f} ({len(part):,} rows)")  # fmt: skip
    axes.set(xlabel="predicted probability of class 1", ylabel="density", title="Scores by class", xlim=(0, 1))
    axes.legend(frameon=False)


def _confusion(axes: Any, labels: NDArray[np.float64], predictions: NDArray[np.float64]) -> None:
    counts = confusion(labels, predictions)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    drawn = axes.imshow(shares, vmin=0, vmax=1, cmap="cividis")
    axes.figure.colorbar(drawn, label="share of the class's rows")
    axes.set(
        xlabel="predicted class, in the order of `classes`", ylabel="class that happened", title="Confusion matrix"
    )


def _calibration_by_class(axes: Any, labels: NDArray[np.float64], predictions: NDArray[np.float64]) -> None:
    for place in range(predictions.shape[1]):
        predicted, observed = predicted_observed((labels == place).astype(np.float64), predictions[:, place])
        axes.plot(predicted, observed, marker="o", markersize=4, label=f"class {place}")
    axes.plot([0, 1], [0, 1], color=GREY, linestyle="--", linewidth=1)
    axes.set(
        xlabel="mean probability, by tenths of the rows", ylabel="share of the class", title="Calibration by class"
    )
    axes.legend(loc="upper left", frameon=False)


def _predicted_observed(axes: Any, labels: NDArray[np.float64], predictions: NDArray[np.float64]) -> None:
    shown = axes.hexbin(predictions, labels, gridsize=50, bins="log", cmap="cividis", mincnt=1)
    both = np.concatenate([labels, predictions])
    low, high = float(np.min(both)), float(np.max(both))
    axes.plot([low, high], [low, high], color=ORANGE, linewidth=1, linestyle="--")
    axes.figure.colorbar(shown, label="rows")
    axes.set(xlabel="predicted", ylabel="observed", title="Predicted against observed")


def _residuals(axes: Any, labels: NDArray[np.float64], predictions: NDArray[np.float64]) -> None:
    residuals = labels - predictions
    axes.hist(residuals, bins=60, color=BLUE)
    axes.axvline(0, color=GREY, linestyle="--", linewidth=1)
    axes.set(xlabel="observed - predicted", ylabel="rows", title=f"Residuals (mean {residuals.mean():.3g})")


def _importance(axes: Any, importance: Mapping[str, float]) -> None:
    top = sorted(importance.items(), key=lambda item: item[1])[-TOP:]
    axes.barh([name for name, _ in top], [value for _, value in top], color=BLUE)
    axes.axvline(0, color=GREY, linewidth=1)
    axes.set(xlabel="loss gained when the feature is shuffled", title="Permutation importance")
