"""What changed in a batch under a champion: columns against their calibrated limits, how they go together, and what the
change costs. The watch's senses; what follows is decided in `core.data_faults`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from gatehouse.context import UseCaseContext
from gatehouse.core.drift import ColumnDrift, impact, judge
from gatehouse.core.drift.alarms import Alarm
from gatehouse.core.drift.calibration import DriftCalibration, calibrate
from gatehouse.core.drift.domain_classifier import (
    MIN_ROWS,
    JointDrift,
    correlations,
    domain_classifier_auc,
    rank_transform,
)
from gatehouse.core.drift.domain_classifier import judge as judge_together
from gatehouse.core.drift.reference import LABEL, SCORE, Reference
from gatehouse.core.performance.change_kinds import InputChanges
from gatehouse.core.profiling import Profile, profile_of
from gatehouse.core.profiling.batch_profile import BatchProfile, merged
from gatehouse.core.rows.scores import is_score
from gatehouse.core.types import Batch
from gatehouse.pipeline.batch_data import batch_profiles
from gatehouse.pipeline.batch_data.reference import codes, sample_positions
from gatehouse.pipeline.batch_data.row_keys import newest_revisions
from gatehouse.pipeline.batch_data.scored_rows import labels_by_name
from gatehouse.pipeline.monitor.drift_impact import add_impact, apply_impact_threshold, joint_impact
from gatehouse.pipeline.score import model_inputs

if TYPE_CHECKING:
    import pandas as pd

    from gatehouse.core.config.triggers import DriftReason

INPUTS, TOGETHER, LABELS = 0.8, 0.1, 0.1  # the shares of `false_alarms` that each of the three tests may spend
WIDE = 24  # batches of a wide reference
LINKED = 0.3  # rank correlation from which columns that change together have one cause


@dataclass(frozen=True)
class InputDriftResult:
    """What was found in the batch itself, and the estimate of all changed columns together."""

    inputs: InputChanges
    together: JointDrift | None = None
    joint: dict[str, Any] | None = None

    @property
    def alarms(self) -> list[Alarm]:
        """The alarms, each with its impact."""
        found = [each.to_alarm() for each in self.inputs.drifts if each.alarm]
        if self.together is not None and self.together.changed and self.inputs.together_pages:
            subject = " & ".join(self.together.pair or ("columns",))
            found.append(Alarm("drift", subject, self.together.sentence, {**self.inputs.more}))
        return found


def detect_input_drift(
    ctx: UseCaseContext, batch: Batch, reference: Reference, frame: pd.DataFrame, estimator: Any
) -> InputDriftResult:
    """Judge a batch's features and scores (`gh_score`)."""
    policy = ctx.case.retrain.triggers.drift
    if policy is None:
        return InputDriftResult(InputChanges(()))
    budget = policy.model_copy(update={"false_alarms": policy.false_alarms * INPUTS})
    known, batch_profile, calibration = aligned_profiles(ctx, batch, reference, frame, policy)
    drifts = judge(known, batch_profile, budget, calibration)
    together = joint_drift(ctx, reference, frame, policy) if policy.joint_drift else None
    seasonal = seasonal_columns(ctx, batch, drifts, policy)
    weekday = reference.weekdays.on(batch.interval.start)
    judged, joint = add_impact(ctx, reference, batch_profile, frame, estimator, drifts, seasonal, weekday)
    pages, more = joint_impact(ctx, reference, together)
    links = correlated_groups(reference, [each.column for each in judged if each.changed])
    return InputDriftResult(InputChanges(judged, seasonal, links, together, pages, more), together, joint)


def detect_label_shift(
    ctx: UseCaseContext, reference: Reference, labelled: pd.DataFrame, fell: bool
) -> ColumnDrift | None:
    """The labels of a matured batch against those of training, with what their shift costs: an alarm only when the
    measured quality fell too."""
    policy = ctx.case.retrain.triggers.drift
    if policy is None:
        return None
    wanted = policy.model_copy(update={"false_alarms": policy.false_alarms * LABELS, "columns": ()})
    profile = profile_of({LABEL: labels_by_name(ctx, labelled[LABEL])}, like=reference.profile)
    for drift in judge(reference.profile, profile, wanted, reference.calibration):
        cost = impact.impact_if_real(
            reference.profile.columns[LABEL], profile.columns[LABEL], reference.losses.get(LABEL)
        )
        told = impact.DriftImpact(impact.drift_metric(ctx.case.retrain), cost, float("nan"))
        least = impact.alarm_threshold(ctx.case.retrain) if fell else float("inf")
        return apply_impact_threshold(drift, told, least) if drift.changed else drift
    return None


def aligned_profiles(
    ctx: UseCaseContext, batch: Batch, reference: Reference, frame: pd.DataFrame, policy: DriftReason
) -> tuple[Profile, Profile, dict[str, DriftCalibration]]:
    """The reference, the batch on its grids, and the calibration: columns with a weekly pattern by the day of the week,
    the groups of `references` on earlier batches' grids."""
    weekday = reference.weekdays.on(batch.interval.start)
    known = {**reference.profile.columns, **weekday}
    own = dict(profile_of(frame, like=reference.profile).columns)
    calibration = {**reference.calibration, **{name: reference.weekdays.calibration[name] for name in weekday}}
    for group in policy.references:
        earlier = history(ctx, batch, group.reference == "same season")
        mine = stored_profile(ctx, batch)
        for name in group.columns:
            whole = merged(earlier, name) if mine is not None and name in mine.columns else None
            if whole is not None and len(earlier) > 1 and mine is not None:
                known[name], own[name] = whole.columns[name], mine.columns[name]
                calibration.pop(name, None)
                calibration |= calibrate(whole, [each for each in earlier if name in each.columns])
    return Profile(known), Profile(own), calibration


def history(ctx: UseCaseContext, batch: Batch, same_season: bool) -> list[Profile]:
    """The stored feature profiles of earlier accepted batches, the newest last: of the same season of earlier years, one
    batch to either side included, or the newest `WIDE`."""
    earlier = [
        each
        for each in newest_revisions(ctx.ledger.batches.list(ctx.name))
        if each.interval.end <= batch.interval.start and each.profile is not None
    ]
    chosen = [each for each in earlier if batch_profiles.same_season(each, batch)] if same_season else earlier[-WIDE:]
    return [profile for each in chosen if (profile := stored_profile(ctx, each)) is not None]


def stored_profile(ctx: UseCaseContext, batch: Batch) -> Profile | None:
    """The feature profile that is stored with a batch."""
    if batch.profile is None:
        return None
    return BatchProfile.from_document(json.loads(ctx.lake.read(batch.profile))).features


def seasonal_columns(
    ctx: UseCaseContext, batch: Batch, drifts: Sequence[ColumnDrift], policy: DriftReason
) -> frozenset[str]:
    """The changed columns that a batch of the same season of an earlier year came near to: within the limit, or much
    nearer than the champion's reference."""
    changed = [each for each in drifts if each.changed and not is_score(each.column, SCORE) and each.value]
    mine = stored_profile(ctx, batch) if changed else None
    if mine is None:
        return frozenset()
    found = set()
    for before in history(ctx, batch, same_season=True):
        for drift in changed:
            if drift.column in before.columns and drift.column in mine.columns:
                one = {drift.column: before.columns[drift.column]}, {drift.column: mine.columns[drift.column]}
                alike = policy.model_copy(update={"columns": (), "min_rows": policy.least_rows(calibrated=True)})
                again = judge(Profile(one[0]), Profile(one[1]), alike)
                value, limit = again[0].value, drift.limit or 0.0
                if value is not None and (value <= limit or value <= (drift.value or 0.0) / 3):
                    found.add(drift.column)
    return frozenset(found)


def joint_drift(
    ctx: UseCaseContext, reference: Reference, frame: pd.DataFrame, policy: DriftReason
) -> JointDrift | None:
    """Whether the features go together as in the reference's sample; None with too few rows or columns."""
    known, batch = _samples(reference, frame, ctx.case.retrain.seed)
    if len(known) < 2 or min(len(next(iter(known.values()))), len(next(iter(batch.values())))) < MIN_ROWS:
        return None
    seed = ctx.case.retrain.seed
    one, other = rank_transform(list(known.values()), seed), rank_transform(list(batch.values()), seed)
    auc = domain_classifier_auc(one, other)
    level = policy.false_alarms * TOGETHER
    return judge_together(auc, reference.apart, level, (len(one), len(other)), list(known), one, other)


def _samples(reference: Reference, frame: pd.DataFrame, seed: int) -> tuple[dict[str, Any], dict[str, Any]]:
    import pandas as pd

    known = codes(pd.DataFrame({name: list(values) for name, values in reference.sample.items()}), reference.inputs)
    batch = codes(model_inputs(frame).iloc[sample_positions(len(frame), seed)], reference.inputs)
    both = [name for name in known if name in batch]
    return {name: known[name] for name in both}, {name: batch[name] for name in both}


def correlated_groups(reference: Reference, columns: Sequence[str]) -> frozenset[frozenset[str]]:
    """The pairs of changed columns that go together in the reference's sample."""
    import pandas as pd

    frame = pd.DataFrame({name: list(reference.sample[name]) for name in columns if name in reference.sample})
    coded = codes(frame, reference.inputs)
    if len(coded) < 2:
        return frozenset()
    names, table = list(coded), np.abs(correlations(rank_transform(list(coded.values()), 0)))
    return frozenset(
        frozenset((names[one], names[other])) for one, other in np.argwhere(np.triu(table >= LINKED, 1)).tolist()
    )
