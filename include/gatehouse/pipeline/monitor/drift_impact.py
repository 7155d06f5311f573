"""What a change costs: the estimated effect on the metric of each changed column, of all together, and of columns that
no longer go together. Only a change that costs what `retrain.yaml` says is an alarm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np

from gatehouse.context import UseCaseContext
from gatehouse.core.audit.canonical_json import number_in
from gatehouse.core.drift import ColumnDrift, impact
from gatehouse.core.drift.alarms import AlarmState
from gatehouse.core.drift.domain_classifier import JointDrift
from gatehouse.core.drift.reference import Reference
from gatehouse.core.profiling import ColumnProfile, NumericProfile, Profile
from gatehouse.core.rows.with_columns import with_columns
from gatehouse.formatting import shown
from gatehouse.pipeline.batch_data.reference import encode_like, sample_positions
from gatehouse.pipeline.score import model_inputs

if TYPE_CHECKING:
    import pandas as pd

MAPPED = 12  # columns whose impact is estimated by scoring again, the farthest first


def add_impact(
    ctx: UseCaseContext,
    reference: Reference,
    batch: Profile,
    frame: pd.DataFrame,
    estimator: Any,
    drifts: Sequence[ColumnDrift],
    seasonal: frozenset[str],
    weekday: Mapping[str, ColumnProfile],
) -> tuple[list[ColumnDrift], dict[str, Any] | None]:
    """Each changed column with its impact, an alarm only from the policy's threshold on; and that of all together, with
    the columns that carry it, the largest first. What is usual for the columns of `weekday` is what they hold on it."""
    policy = ctx.case.retrain
    metric, least = impact.drift_metric(policy), impact.alarm_threshold(policy)
    moved = sorted((each for each in drifts if each.changed), key=lambda each: -(each.value or 0) / (each.limit or 1))
    mapper = _Mapper(ctx, reference, frame, estimator, weekday) if moved and estimator is not None else None
    wrong = {
        each.column: mapper.costs([each.column])
        for each in moved[:MAPPED]
        if mapper is not None and each.column in mapper.known
    }
    judged = []
    for drift in drifts:
        name = drift.column
        if drift.changed:
            same = name in batch.columns and _comparable(reference, batch, name)
            known, lost = reference.profile.columns[name], reference.losses.get(name)
            real = impact.impact_if_real(known, batch.columns[name], lost, weekday.get(name)) if same else float("nan")
            told = impact.DriftImpact(metric, real, wrong.get(name, float("nan")))
            drift = apply_impact_threshold(drift, told, float("inf") if name in seasonal else least)
        judged.append(drift)
    columns = [each.column for each in moved if each.column in wrong and each.column not in seasonal]
    if mapper is None or not columns:
        return judged, None
    carried = sorted(columns, key=lambda name: -wrong[name])
    joint = impact.DriftImpact(metric, float("nan"), mapper.costs(columns)).to_document()
    return judged, {**joint, "columns": columns, "carried_by": [[name, wrong[name]] for name in carried]}


def _comparable(reference: Reference, batch: Profile, name: str) -> bool:
    one, other = reference.profile.columns[name], batch.columns[name]
    if isinstance(one, NumericProfile) or isinstance(other, NumericProfile):
        both = isinstance(one, NumericProfile) and isinstance(other, NumericProfile)
        return both and np.array_equal(one.edges, other.edges)  # type: ignore[union-attr]
    return one.categories == other.categories


def apply_impact_threshold(drift: ColumnDrift, told: impact.DriftImpact, least: float) -> ColumnDrift:
    """An alarm when the estimated cost reaches the least that pages, or cannot be estimated."""
    harmless = least == float("inf") or (isfinite(told.worst) and told.worst < least)
    return replace(drift, state=AlarmState.CHANGED if harmless else AlarmState.ALARM, impact=told.to_document())


def joint_impact(ctx: UseCaseContext, reference: Reference, together: JointDrift | None) -> tuple[bool, dict[str, Any]]:
    """Columns that go together differently cost at most what breaking the more important of them costs: permutation
    importance is just that."""
    if together is None or not together.changed:
        return False, {}
    worst = max((reference.importance.get(name, 0.0) for name in together.pair or ()), default=0.0)
    sentence = (
        f"{ctx.case.retrain.selection_metric} up to {shown(worst, '+.3f')} if they no longer belong to the same rows"
    )
    document = {"metric": ctx.case.retrain.selection_metric, "if_real": None, "if_wrong": worst, "worst": worst}
    pages = worst >= impact.alarm_threshold(ctx.case.retrain)
    return pages, {**together.to_document(), "impact": {**document, "sentence": sentence}}


class _Mapper:
    """Scores a sample of the batch with some columns mapped back to the reference's distribution, or their weekday's."""

    def __init__(
        self,
        ctx: UseCaseContext,
        reference: Reference,
        frame: pd.DataFrame,
        estimator: Any,
        weekday: Mapping[str, ColumnProfile],
    ) -> None:
        import pandas as pd

        self._ctx, self._estimator, self._policy = ctx, estimator, ctx.case.retrain
        self._rows = model_inputs(frame).iloc[sample_positions(len(frame), self._policy.seed)].reset_index(drop=True)
        self._delivered = self._predict(self._rows)
        self.known = {
            name: pd.Series([number_in(each) for each in values] if _numeric(reference, name) else list(values))
            for name, values in reference.sample.items()
            if name in self._rows
        }
        for name in weekday.keys() & self.known.keys():
            self.known[name] = reference_values(
                self.known[name], reference.inputs.columns[name], weekday[name], self._policy.seed
            )

    def costs(self, columns: Sequence[str]) -> float:
        """What the delivered scores cost when the mapped-back values of these columns are the right ones."""
        mapped = {
            name: impact.map_to_reference(self._rows[name], self.known[name], self._policy.seed + number)
            for number, name in enumerate(columns)
        }
        again = self._predict(with_columns(self._rows, mapped))
        metric = impact.drift_metric(self._policy)
        return impact.impact_if_faulty(self._policy.task, metric, self._delivered, again)

    def _predict(self, rows: pd.DataFrame) -> Any:
        return self._ctx.models.predict(self._estimator, rows, self._policy.task)


def reference_values(values: pd.Series[Any], whole: ColumnProfile, weekday: ColumnProfile, seed: int) -> pd.Series[Any]:
    """As many values with the distribution of a weekday: drawn from the reference's, each cell as often as the weekday
    has it."""
    cells = impact.cells_of(whole, encode_like(whole, values))
    wanted, held = impact.shares_of(whole, weekday), np.bincount(cells, minlength=len(impact.shares_of(whole, whole)))
    weights = wanted[cells] / held[cells]
    if not weights.sum() > 0:
        return values
    drawn = np.random.default_rng(seed).choice(len(values), len(values), p=weights / weights.sum())
    return values.iloc[np.sort(drawn)].reset_index(drop=True)


def _numeric(reference: Reference, name: str) -> bool:
    return isinstance(reference.inputs.columns.get(name), NumericProfile)
