"""The reference of a challenger: what the watch will compare with, and calibrate on, while it is the champion."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np

from gatehouse.context import UseCaseContext
from gatehouse.core.contract.batch_calendar import batch_interval
from gatehouse.core.drift import impact
from gatehouse.core.drift.calibration import DriftCalibration
from gatehouse.core.drift.domain_classifier import MIN_ROWS, MOST, domain_classifier_auc, rank_transform
from gatehouse.core.drift.reference import LABEL as LABEL_COLUMN
from gatehouse.core.drift.reference import SCORE, Reference
from gatehouse.core.drift.weekday_reference import WeekdayReference, weekdays_of
from gatehouse.core.performance import decay
from gatehouse.core.performance.decay import DAY
from gatehouse.core.profiling import CategoricalProfile, NumericProfile, Profile, profile_of
from gatehouse.core.rows.scores import is_score
from gatehouse.core.statistics.block_bootstrap import block_codes
from gatehouse.core.statistics.metrics import metric_named
from gatehouse.core.types import Candidate, TrainingSet
from gatehouse.errors import ModelError
from gatehouse.pipeline.batch_data.labelled_rows import fit_on, labels_in, metric_on, weights_in
from gatehouse.pipeline.batch_data.reference_units import UNITS, calibrate_reference, units
from gatehouse.pipeline.batch_data.row_keys import LABEL, TIME, WEIGHT
from gatehouse.pipeline.batch_data.scored_rows import label_shares, labels_by_name, scores_of, with_scores
from gatehouse.pipeline.fit import candidate_metrics, inner_split
from gatehouse.pipeline.score import model_inputs

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from gatehouse.core.config.retrain import RetrainPolicy

SAMPLE = 2000
BORROWED = 14  # training days that a short holdout's interval is taken from, at most


def reference_of(ctx: UseCaseContext, training_set: TrainingSet, best: Candidate, serves: str = "") -> Reference:
    """What the watch will compare with while this model is the champion. `serves` is the hash of a final fit."""
    if best.file is None:
        raise ModelError(f"candidate {best.name} has no model file")
    training, holdout = ctx.lake.frame(training_set.training), ctx.lake.frame(training_set.holdout)
    estimator = ctx.models.load(ctx.lake.read(best.file), best.file.sha256)
    policy = ctx.case.retrain
    inputs, labels = model_inputs(holdout), holdout[LABEL].to_numpy("float64")
    scores = ctx.models.predict(estimator, inputs, policy.task)
    importance = ctx.models.importance(estimator, inputs, labels, policy.selection_metric, policy.task, policy.seed)
    label = partial(with_label, ctx)
    whole = profile_of(label(training))
    scored = with_scores(ctx, holdout, scores)
    score_profile = profile_of(only_score(scored))
    calibration, batches = calibrate_reference(whole, training, label)
    days = block_codes(holdout[TIME].dt.tz_localize(None).to_numpy("datetime64[us]"), DAY)
    metric = impact.drift_metric(policy)
    made_by: dict[str, Any] = {"seed": policy.seed, "code": ctx.case.code_sha256}
    made_by |= {**({"serves": serves} if serves else {}), **({"weights": True} if WEIGHT in holdout else {})}
    if policy.label_names and not policy.class_names:
        made_by["label_names"] = list(policy.label_names)
    classes = {"classification": ("0", "1")}.get(policy.task, policy.class_names)
    return Reference(
        whole,
        score_profile,
        candidate_metrics(ctx, holdout, scores),
        importance,
        len(holdout),
        calibration={**calibration, **calibrate_reference(score_profile, scored, only_score)[0]},
        losses=losses(Profile({**whole.columns, **score_profile.columns}), label(scored), labels, scores, metric),
        by_label={
            name: profile_of(only_score(scored[labels == place]), like=score_profile)
            for place, name in enumerate(classes)
        },
        expected={metric: impact.expected(metric, scores, scores, weights_in(holdout))} if classes else {},
        sample=sample_of(model_inputs(training), policy.seed),
        apart=unit_distances(ctx, training, whole) if policy.triggers.drift is not None else (),
        made_by=made_by,
        classes=policy.class_names,
        intervals=intervals(holdout, scores, days, policy) or borrowed_intervals(ctx, training, holdout, scores, best),
        weekdays=by_weekday(ctx, training_set, batches, calibration),
        promised=promised(ctx, training, best),
    )


def intervals(
    rows: pd.DataFrame, scores: NDArray[np.float64], days: NDArray[np.intp], policy: RetrainPolicy
) -> dict[str, tuple[float, float]]:
    """How sure the holdout's value of decay's metric is, whole days resampled; nothing where that is undefined."""
    if policy.triggers.decay is None:
        return {}
    name = policy.triggers.decay.metric
    (found,) = decay.intervals(labels_in(rows), scores, days, (name,), seed=policy.seed, weights=weights_in(rows))
    return {name: (found.low, found.high)} if isfinite(found.low) and isfinite(found.high) else {}


def borrowed_intervals(
    ctx: UseCaseContext, training: pd.DataFrame, holdout: pd.DataFrame, scores: NDArray[np.float64], best: Candidate
) -> dict[str, tuple[float, float]]:
    """`intervals` of a holdout with too few days: by how far its days and the newest training days differ, each predicted
    by a model that was not fitted on it. They are all of before the model served."""
    policy = ctx.case.retrain
    if policy.triggers.decay is None:
        return {}
    name = policy.triggers.decay.metric
    own = _daily(ctx, with_scores(ctx, holdout, scores), name)
    value = metric_on(name, holdout, scores)
    found = decay.interval_of_days(value, [*_validation_days(ctx, training, best, name), *own], len(own))
    return {} if found is None else {name: found}


def _validation_days(ctx: UseCaseContext, training: pd.DataFrame, best: Candidate, metric: str) -> list[float]:
    """The metric on each of the newest training days, at most half of them, by the candidate fitted on those before."""
    days = training[TIME].dt.floor("D")
    known = np.sort(days.unique())
    if len(known) < 2:
        return []
    newer = days >= known[-min(BORROWED, len(known) // 2)]
    rows = training[newer]
    try:
        trial = fit_on(ctx, best.name, training[~newer])
        predicted = ctx.models.predict(trial, model_inputs(rows), ctx.case.retrain.task)
        return _daily(ctx, with_scores(ctx, rows, predicted), metric)
    except ModelError:
        return []


def _daily(ctx: UseCaseContext, scored: pd.DataFrame, metric: str) -> list[float]:
    parts = [part for _, part in scored.groupby(scored[TIME].dt.floor("D"))]
    return [metric_on(metric, part, scores_of(ctx, part)) for part in parts]


def promised(ctx: UseCaseContext, training: pd.DataFrame, best: Candidate) -> dict[str, float]:
    """What the candidate came to on the newest part of the training rows, fitted on the older part, and how much that is
    beyond the mean of the older labels; nothing where that is undefined."""
    policy = ctx.case.retrain
    name = policy.triggers.decay.metric if policy.triggers.decay else policy.selection_metric
    older, newer = inner_split(training)
    value, known = best.metrics.get(name, float("nan")), metric_named(name)
    known_before = label_shares(ctx, labels_in(older), weights_in(older))
    guess = np.broadcast_to(known_before, (len(newer), *np.shape(known_before)))
    loss, without = known.loss(value), known.loss(metric_on(name, newer, guess))
    return {"loss": loss, "excess": loss - without} if isfinite(loss) and isfinite(without) else {}


def with_label(ctx: UseCaseContext, frame: pd.DataFrame) -> pd.DataFrame:
    """The features, the score where there is one, and the label, as the reference names them."""
    columns: pd.DataFrame = model_inputs(frame).assign(**{LABEL_COLUMN: labels_by_name(ctx, frame[LABEL])})
    return columns.assign(**only_score(frame))


def only_score(frame: pd.DataFrame) -> pd.DataFrame:
    """The scores alone; no column where there are none."""
    return frame[[name for name in frame if is_score(str(name), SCORE)]]


def by_weekday(
    ctx: UseCaseContext,
    training_set: TrainingSet,
    batches: Mapping[str, Profile],
    calibration: Mapping[str, DriftCalibration],
) -> WeekdayReference:
    """Which inputs of daily batches have a weekly pattern, and what their days are compared with. Labels have none here:
    they are judged on fourteen days together."""
    if ctx.case.contract.frequency != "day":
        return WeekdayReference()
    days = {str(each): batch_interval("day", each.key).start for each in training_set.training_batches}
    inputs = {name: each for name, each in calibration.items() if name != LABEL_COLUMN}
    return weekdays_of([(days[name], profile) for name, profile in batches.items()], inputs)


def losses(
    whole: Profile, holdout: pd.DataFrame, labels: NDArray[np.float64], scores: NDArray[np.float64], metric: str
) -> dict[str, impact.LossByCell]:
    """The holdout's mean loss by cell of each column that is delivered as such."""
    lost = impact.row_losses(metric, labels, scores)
    found = {}
    for name, column in whole.columns.items():
        if name in holdout:
            found[name] = impact.losses_of(column, impact.cells_of(column, encode_like(column, holdout[name])), lost)
    return found


def encode_like(column: Any, values: pd.Series[Any]) -> Any:
    """A column's values as `impact.cells_of` takes them: floats, or the texts that categories are named by."""
    if isinstance(column, NumericProfile):
        return values.to_numpy(dtype="float64", na_value=np.nan)
    import pyarrow as pa

    from gatehouse.core.profiling.arrow_columns import columns_of

    (found,) = columns_of({"column": values}).values()
    return found.cast(pa.string()).to_pylist()


def sample_of(features: pd.DataFrame, seed: int) -> dict[str, tuple[Any, ...]]:
    """Some rows in their order, column by column as plain values, nulls as None; columns of moments are left out."""
    import pandas as pd

    rows = sample_positions(len(features), seed)
    found = {}
    for name, column in features.iloc[rows].items():
        if not pd.api.types.is_datetime64_any_dtype(column.dtype):
            values = column.astype("object").where(column.notna(), None).tolist()
            found[str(name)] = tuple(each.item() if isinstance(each, np.generic) else each for each in values)
    return found


def sample_positions(count: int, seed: int) -> NDArray[np.intp]:
    """At most `SAMPLE` positions, in order."""
    return np.sort(np.random.default_rng(seed).permutation(count)[:SAMPLE])


def unit_distances(ctx: UseCaseContext, training: pd.DataFrame, whole: Profile) -> tuple[float, ...]:
    """The AUC of telling each unit of the training rows from the other units, by how columns go together."""
    parts, _ = units(training)
    found = []
    for number in np.linspace(0, len(parts) - 1, min(len(parts), UNITS)).astype(int) if len(parts) > 1 else ():
        import pandas as pd

        rest = pd.concat([part for other, part in enumerate(parts) if other != number])
        pair = [_coded(each, whole, ctx.case.retrain.seed) for each in (rest, parts[number])]
        if min(len(each) for each in pair) >= MIN_ROWS and pair[0].shape[1] > 1:
            found.append(domain_classifier_auc(*pair))
    return tuple(found)


def _coded(frame: pd.DataFrame, whole: Profile, seed: int) -> NDArray[np.float64]:
    rows = sample_positions(len(frame), seed)
    inputs = model_inputs(frame).iloc[rows]
    return rank_transform(list(codes(inputs, whole).values()), seed)


def codes(inputs: pd.DataFrame, whole: Profile) -> dict[str, NDArray[np.float64]]:
    """Each column that varies as numbers: categories as their place in the reference's order, nulls as NaN."""
    found = {}
    for name in list(inputs)[:MOST]:
        column = whole.columns.get(str(name))
        if isinstance(column, NumericProfile) and column.minimum < column.maximum:
            found[str(name)] = encode_like(column, inputs[name])
        elif isinstance(column, CategoricalProfile) and len(column.categories) > 1:
            cells = impact.cells_of(column, encode_like(column, inputs[name])).astype(np.float64)
            found[str(name)] = np.where(cells > len(column.categories), np.nan, cells)
    return found
