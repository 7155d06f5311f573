"""What a change of a column costs in the metric: two estimates that need no outcomes of the batch.

*If the change is real*, the relation of inputs and label holds and only the mix of rows changed: the losses measured on
the champion's holdout are reweighted to the batch's mix (importance weighting, Shimodaira 2000). *If the column is wrong*,
its values say something else than they did: the values are mapped back to the reference's distribution, quantile by
quantile, the champion scores the rows both ways, and the loss is what the delivered scores cost when the others are right.
The truth is one of them or between; an alarm goes by the worse. A shift of a column that no score depends on costs nothing
either way.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np

from gatehouse.core.drift.column_distance import TENTHS, tenths
from gatehouse.core.profiling import CategoricalProfile, ColumnProfile, NumericProfile
from gatehouse.core.statistics import class_metrics, weighted_means
from gatehouse.core.statistics.metrics import evaluate, metric_named

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gatehouse.core.config.retrain import RetrainPolicy
    from gatehouse.core.gate.evidence import Task

ROW_LOSS = {  # the metrics that are means of a loss a row
    "log_loss": weighted_means.log_loss_terms,
    "brier": weighted_means.squared_error,
    "error_rate": weighted_means.wrong_class,
    "mae": weighted_means.absolute_error,
}
ROW_LOSS_BY_CLASS = {  # the same for predictions with a column a class
    "log_loss": class_metrics.log_loss,
    "brier": class_metrics.squared_error,
    "error_rate": class_metrics.wrong_class,
}
DEFAULT_METRIC: dict[Task, str] = {"classification": "log_loss", "multiclass": "log_loss", "regression": "mae"}
DEFAULT = 0.01
PRIOR_ROWS = 50  # a cell's mean loss is drawn to the overall mean as if by so many rows


@dataclass(frozen=True)
class LossByCell:
    """The holdout's rows and mean loss by cell of one column (tenths of the reference, or categories; then nulls)."""

    shares: tuple[float, ...]
    means: tuple[float, ...]


@dataclass(frozen=True)
class DriftImpact:
    """The estimated worsening of `metric` (positive is worse); NaN where it cannot be estimated."""

    metric: str
    if_real: float
    if_wrong: float

    @property
    def worst(self) -> float:
        """The worse of the two; NaN when there is neither."""
        known = [each for each in (self.if_real, self.if_wrong) if isfinite(each)]
        return max(known) if known else float("nan")

    @property
    def sentence(self) -> str:
        """Both in words."""
        title = metric_named(self.metric).title
        return f"{title} {_by(self.if_real)} if the change is real, {_by(self.if_wrong)} if the column is wrong"

    def to_document(self) -> dict[str, Any]:
        """The estimate as plain values."""
        worst = self.worst if isfinite(self.worst) else None
        return {
            "metric": self.metric,
            "if_real": self.if_real if isfinite(self.if_real) else None,
            "if_wrong": self.if_wrong if isfinite(self.if_wrong) else None,
            "worst": worst,
            "sentence": self.sentence,
        }


def drift_metric(policy: RetrainPolicy) -> str:
    """The metric that impact is stated in: decay's when it is a mean of losses, else log loss or mean absolute error."""
    named = policy.triggers.decay.metric if policy.triggers.decay else policy.selection_metric
    return named if named in ROW_LOSS else DEFAULT_METRIC[policy.task]


def alarm_threshold(policy: RetrainPolicy) -> float:
    """From which estimated worsening a change is an alarm."""
    drift, decay = policy.triggers.drift, policy.triggers.decay
    if drift is not None and drift.min_impact is not None:
        return drift.min_impact
    return decay.margin if decay is not None and decay.metric == drift_metric(policy) and decay.margin > 0 else DEFAULT


def row_losses(metric: str, labels: NDArray[np.float64], predictions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each row's share of a metric that is a mean."""
    losses = ROW_LOSS if predictions.ndim == 1 else ROW_LOSS_BY_CLASS
    return losses[metric](labels, predictions)


def expected_row_losses(metric: str, scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each row's loss as a classifier's score itself expects it."""
    if scores.ndim == 2:
        each = [row_losses(metric, np.full(len(scores), place), scores) for place in range(scores.shape[1])]
        return np.asarray((scores.T * np.stack(each)).sum(axis=0))
    yes, no = (row_losses(metric, np.full(len(scores), label), scores) for label in (1.0, 0.0))
    return np.asarray(scores * yes + (1 - scores) * no)


def losses_of(reference: ColumnProfile, cells: NDArray[np.intp], losses: NDArray[np.float64]) -> LossByCell:
    """One column's losses on the holdout; `cells` is each row's cell (`cells_of`)."""
    count = len(shares_of(reference, reference))
    rows = np.bincount(cells, minlength=count)
    overall = float(losses.mean()) if len(losses) else float("nan")
    means = (np.bincount(cells, losses, count) + PRIOR_ROWS * overall) / (rows + PRIOR_ROWS)
    return LossByCell(tuple((rows / max(rows.sum(), 1)).tolist()), tuple(means.tolist()))


def cells_of(reference: ColumnProfile, values: Any) -> NDArray[np.intp]:
    """The cell of each value: floats with NaN for a numeric column, texts or None for a categorical one."""
    if isinstance(reference, NumericProfile):
        numbers = np.asarray(values, dtype=np.float64)
        edges = reference.edges
        place = np.searchsorted(edges, numbers, "left") + np.searchsorted(edges, numbers, "right")
        bins = _bins(reference)
        where = bins[np.minimum(place, len(bins) - 1)] if len(bins) else np.zeros(len(numbers), np.intp)
        return np.where(np.isfinite(numbers), where, TENTHS).astype(np.intp)
    index = {name: number for number, name in enumerate(reference.categories)}
    tail = len(reference.categories)
    return np.array([tail + 1 if each is None else index.get(each, tail) for each in values], dtype=np.intp)


def shares_of(reference: ColumnProfile, batch: ColumnProfile) -> NDArray[np.float64]:
    """The batch's share of rows in the same cells."""
    if isinstance(reference, NumericProfile) and isinstance(batch, NumericProfile):
        inside = np.bincount(_bins(reference), batch.cells, TENTHS) if reference.values else np.zeros(TENTHS)
        counts = np.append(inside, batch.nulls + sum(batch.infinite))
    elif isinstance(batch, CategoricalProfile):
        counts = np.append(batch.cells, batch.nulls).astype(np.float64)
    else:
        raise TypeError("a column is numeric in one profile and categorical in the other")
    return np.asarray(counts / max(batch.rows, 1))


def impact_if_real(
    reference: ColumnProfile, batch: ColumnProfile, losses: LossByCell | None, usual: ColumnProfile | None = None
) -> float:
    """The holdout's mean loss in the batch's mix of this column, minus that in the usual one: the holdout's own, unless
    another is given (its weekday's). Cells that the holdout does not hold count with its mean loss."""
    if losses is None:
        return float("nan")
    change = shares_of(reference, batch) - (np.array(losses.shares) if usual is None else shares_of(reference, usual))
    return float((change * np.array(losses.means)).sum())


def impact_if_faulty(task: Task, metric: str, delivered: NDArray[np.float64], mapped: NDArray[np.float64]) -> float:
    """What the delivered scores cost when those on the mapped-back values are right."""
    if task == "regression":
        return float(np.abs(delivered - mapped).mean()) if len(mapped) else float("nan")
    return expected(metric, mapped, delivered) - expected(metric, mapped, mapped)


def expected(
    metric: str,
    chances: NDArray[np.float64],
    predictions: NDArray[np.float64],
    weights: NDArray[np.float64] | None = None,
) -> float:
    """A classification metric's expected value when each row's label is 1, or one of more than two classes, with that chance."""
    if chances.ndim == 2:
        rows, classes = chances.shape
        places = np.repeat(np.arange(classes, dtype=np.float64), rows)
        each = 1.0 if weights is None else np.tile(weights, classes)
        return evaluate(metric, places, np.tile(predictions, (classes, 1)), chances.T.ravel() * each)
    labels, each = np.repeat([1.0, 0.0], len(chances)), 1.0 if weights is None else np.tile(weights, 2)
    return evaluate(metric, labels, np.tile(predictions, 2), np.concatenate([chances, 1 - chances]) * each)


def map_to_reference(values: Any, reference: Any, seed: int) -> Any:
    """A batch's column (a pandas Series) with its values mapped to the distribution of `reference` (a sample of it).

    Numbers go from their quantile to the same quantile of the reference; of other values, nulls among them, as many stay
    as the reference has, and the rest are drawn from what the reference has more of.
    """
    import pandas as pd

    random = np.random.default_rng(seed)
    kept = _kept(values.isna().to_numpy(), reference.isna().to_numpy(), random)
    held = reference.dropna()
    if not len(held):
        return values
    if pd.api.types.is_numeric_dtype(values.dtype) and not pd.api.types.is_bool_dtype(values.dtype):
        return _quantiles(values, held, kept, random)
    texts, known = values.astype("object"), held.astype("object")
    before, after = known.value_counts(normalize=True), texts.value_counts(normalize=True)
    stay = texts.map((before.reindex(after.index).fillna(0) / after).clip(upper=1)).fillna(0).to_numpy(dtype=float)
    missing = (before - after.reindex(before.index).fillna(0)).clip(lower=0)
    if missing.sum() <= 0:
        return values
    drawn = random.choice(np.asarray(missing.index, dtype=object), len(texts), p=(missing / missing.sum()).to_numpy())
    result = texts.where(random.uniform(size=len(texts)) < stay, pd.Series(drawn, index=texts.index, dtype="object"))
    return result.mask(kept, None).astype(values.dtype)


def _quantiles(values: Any, held: Any, null: NDArray[np.bool_], random: np.random.Generator) -> Any:
    import pandas as pd

    numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
    present = np.flatnonzero(np.isfinite(numbers))
    order = present[np.lexsort((random.uniform(size=len(present)), numbers[present]))]
    target = np.sort(held.to_numpy(dtype=np.float64))
    mapped = random.choice(target, len(numbers))
    mapped[order] = np.quantile(target, (np.arange(len(order)) + 0.5) / max(len(order), 1), method="nearest")
    result = pd.Series(np.where(null, np.nan, mapped), index=values.index)
    return result.round().astype(values.dtype) if pd.api.types.is_integer_dtype(values.dtype) else result


def _kept(null: NDArray[np.bool_], reference: NDArray[np.bool_], random: np.random.Generator) -> NDArray[np.bool_]:
    """Which rows stay or become null so that as many are as in the reference."""
    now, then = float(null.mean()), float(reference.mean())
    chance = random.uniform(size=len(null))
    if now >= then:
        return null & (chance < (then / now if now else 0.0))
    return null | (chance < (then - now) / (1 - now))


def _bins(reference: NumericProfile) -> NDArray[np.intp]:
    return tenths(reference.cells) if reference.values else np.zeros(len(reference.cells), np.intp)


def _by(value: float) -> str:
    return f"{value:+.3f}" if isfinite(value) else "not known"
