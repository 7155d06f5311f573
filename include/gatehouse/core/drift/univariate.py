"""From distances to alarms: each column of a batch against the limit of `retrain.yaml`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gatehouse.core.drift import descriptions
from gatehouse.core.drift.alarms import AlarmState
from gatehouse.core.drift.calibration import DriftCalibration
from gatehouse.core.drift.column_distance import ColumnDistance, measure_values, missing_distance, unseen_change
from gatehouse.core.drift.column_drift import ColumnDrift
from gatehouse.core.drift.reach import farthest
from gatehouse.core.profiling import ColumnProfile, Profile
from gatehouse.core.statistics.multiple_testing import holm_adjust
from gatehouse.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gatehouse.core.config.triggers import Distance, DriftReason


def judge(
    reference: Profile, batch: Profile, policy: DriftReason, calibration: Mapping[str, DriftCalibration] | None = None
) -> tuple[ColumnDrift, ...]:
    """Judge the columns that both profiles hold (all of them, or the policy's), in the reference's order.

    Inputs, scores and labels are columns alike. A column with a calibration is an alarm when Holm's adjusted p-value over
    all such columns is at most `false_alarms`; another one when it lies beyond the effect size `limit` and beyond the
    sampling noise. So is one whose calibrated limit no batch could reach (`reach`); where no batch could reach
    the effect size either, it cannot be judged. Fewer rows than `min_rows` are never an alarm. A column the
    reference does not know is a ConfigurationError.
    """
    unknown = sorted(set(policy.columns) - reference.columns.keys())
    if unknown:
        raise ConfigurationError(
            "drift is asked for columns that the champion's reference does not have",
            where="retrain.yaml: triggers.drift.columns",
            found=", ".join(unknown),
            allowed=", ".join(reference.columns),
            owner="data scientist",
        )
    known = calibration or {}
    measured = {
        name: _measured(column, batch.columns[name], policy.distance, policy.least_rows(name in known))
        for name, column in reference.columns.items()
        if name in batch.columns and (not policy.columns or name in policy.columns)
    }
    calibrated = [name for name, parts in measured.items() if parts and name in known]
    tested = {
        name: _tested(measured[name], known[name], policy)
        for name in calibrated
        if _within_reach(name, reference, batch, measured[name], known[name], policy, len(calibrated))
    }
    limits = _levels(tested, policy.false_alarms)
    return tuple(
        _calibrated(name, reference, batch, *limits[name], tested[name], known[name], policy)
        if name in tested
        else _by_effect(name, reference.columns[name], batch.columns[name], parts, policy, known.get(name))
        for name, parts in measured.items()
    )


@dataclass(frozen=True)
class _Part:
    """A column's values or presence, measured."""

    name: str
    measured: ColumnDistance
    rows: int
    p_value: float = 1.0


def _measured(reference: ColumnProfile, batch: ColumnProfile, distance: Distance, least: int) -> list[_Part]:
    """Both parts as far as they can be measured; none below the least rows."""
    if batch.rows < least or not reference.rows:
        return []
    values = measure_values(reference, batch, distance) if batch.values >= least else None
    presence = missing_distance(reference, batch, distance)
    rows = {"values": batch.values, "presence": batch.rows}
    return [_Part(name, each, rows[name]) for name, each in (("values", values), ("presence", presence)) if each]


def _tested(parts: Sequence[_Part], calibration: DriftCalibration, policy: DriftReason) -> _Part:
    """The more surprising of a column's parts, with its p-value times the number of parts (Bonferroni)."""
    tested = [
        replace(part, p_value=calibration.p_value(part.name, part.measured, policy.distance, part.rows))
        for part in parts
    ]
    worst = min(tested, key=lambda part: part.p_value)
    return replace(worst, p_value=min(worst.p_value * len(parts), 1.0))


def _levels(tested: Mapping[str, _Part], level: float) -> dict[str, tuple[float, float]]:
    """Each column's adjusted p-value and the unadjusted level that Holm's procedure holds it to."""
    held = holm_adjust({name: part.p_value for name, part in tested.items()})
    rejected = sum(p <= level for p in held.values())
    remaining = max(len(tested) - rejected, 1)
    ranks = {name: rank for rank, name in enumerate(sorted(tested, key=lambda each: tested[each].p_value))}
    return {name: (p, level / max(len(tested) - ranks[name], remaining)) for name, p in held.items()}


def _calibrated(
    name: str,
    references: Profile,
    batches: Profile,
    p_value: float,
    level: float,
    part: _Part,
    calibration: DriftCalibration,
    policy: DriftReason,
) -> ColumnDrift:
    reference, batch = references.columns[name], batches.columns[name]
    limit = calibration.limit(part.name, part.measured, policy.distance, part.rows, level / 2)
    judged = _judged(name, reference, batch, part, limit, calibration.origin)
    changed = p_value <= policy.false_alarms
    return replace(judged, state=AlarmState.ALARM if changed else AlarmState.QUIET, p_value=p_value)


def _within_reach(
    name: str,
    reference: Profile,
    batch: Profile,
    parts: Sequence[_Part],
    calibration: DriftCalibration,
    policy: DriftReason,
    columns: int,
) -> bool:
    """Whether a batch's values could lie beyond the calibrated limit at all, with so many columns tested."""
    part, level = parts[0], policy.false_alarms / columns / len(parts)
    limit = calibration.limit(part.name, part.measured, policy.distance, part.rows, level)
    return limit < farthest(part.name, reference.columns[name], batch.columns[name], policy.distance)


def _by_effect(
    name: str,
    reference: ColumnProfile,
    batch: ColumnProfile,
    parts: Sequence[_Part],
    policy: DriftReason,
    calibration: DriftCalibration | None,
) -> ColumnDrift:
    if not parts:
        state = AlarmState.NO_REFERENCE if not reference.rows else AlarmState.TOO_FEW_ROWS
        return ColumnDrift(name, state, batch.rows, reference.rows)
    usual = {part.name: calibration.widest(part.name, policy.distance) if calibration else 0.0 for part in parts}
    limits = {
        part.name: max(
            (policy.effect_size_limit, "policy"),
            (part.measured.noise, f"sampling noise of {batch.rows:,} rows"),
            (2 * usual[part.name], f"twice the farthest of {calibration.origin if calibration else ''}"),
        )
        for part in parts
    }
    reachable = [
        part for part in parts if limits[part.name][0] < farthest(part.name, reference, batch, policy.distance)
    ]
    worst = max(reachable, key=lambda part: part.measured.value / limits[part.name][0], default=parts[0])
    judged = _judged(name, reference, batch, worst, *limits[worst.name])
    if parts[0] in reachable or judged.alarm:
        return judged
    values = parts[0].name
    origin = f"no batch can be as far as its limit of {limits[values][0]:.3g}: {limits[values][1]}"
    if calibration and limits[values][0] == 2 * usual[values]:
        origin = f"its own reference batches lie up to {usual[values]:.3f} apart"
    return ColumnDrift(name, AlarmState.UNJUDGED, batch.rows, reference.rows, origin=origin)


def _judged(
    name: str, reference: ColumnProfile, batch: ColumnProfile, part: _Part, limit: float, origin: str
) -> ColumnDrift:
    values, measured = part.name == "values", part.measured
    return ColumnDrift(
        column=name,
        state=AlarmState.ALARM if measured.value > limit else AlarmState.QUIET,
        rows=batch.rows,
        reference_rows=reference.rows,
        distance=measured.name if values else f"{measured.name} of presence",
        value=measured.value,
        limit=limit,
        origin=origin,
        bound=measured.bound,
        effect=descriptions.describe_value_change(reference, batch)
        if values
        else descriptions.describe_missing_change(reference, batch),
        null_change=batch.nulls / batch.rows - reference.nulls / reference.rows,
        unseen_share=unseen_change(reference, batch),
    )
