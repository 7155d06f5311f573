"""From alarms to reasons to retrain: debounce, what an alarm costs, and whether a refit would repair it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING

from gatehouse.core.retraining.cost_benefit import retraining_cost
from gatehouse.core.retraining.refit_check import is_former
from gatehouse.core.types import Reason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gatehouse.core.config.retrain import RetrainPolicy
    from gatehouse.core.drift.alarms import Alarm
    from gatehouse.core.retraining.refit_check import RefitFinding

LOSSES = ("decay", "level", "no_skill")  # kinds of alarm that are stated in the metric
REPAIRED = 0.5  # the share of what is lost that a refit has to win back for an alarm to ask


@dataclass(frozen=True)
class SuppressedReason:
    """A reason that holds but opens no request now."""

    reason: Reason
    why: str


def alarm_reasons(
    policy: RetrainPolicy, history: Sequence[Sequence[Alarm]], refits: Sequence[RefitFinding]
) -> tuple[list[Reason], list[SuppressedReason]]:
    """The alarms of the newest batch that were on in at least n of the last m, those that ask and those that do not: a past
    incident asks for nothing, nor does a drift without an estimated impact, nor what costs less than a training."""
    recent = [{(alarm.kind, alarm.subject) for alarm in alarms} for alarms in history[-policy.debounce.window :]]
    found: list[Reason] = []
    idle: list[SuppressedReason] = []
    for alarm in history[-1] if history else ():
        times = sum((alarm.kind, alarm.subject) in batch for batch in recent)
        if times < policy.debounce.min_alarms or (alarm.kind == "drift" and not _drift_asks(policy)):
            continue
        numbers = {**alarm.numbers, "alarms": times, "window": len(recent)}
        reason = Reason(alarm.kind, f"{alarm.sentence} ({_times(times, len(recent))})", numbers)
        why = _idle(policy, alarm, history[-1]) or ("" if alarm.kind == "drift" else _no_help(history[-1], refits))
        if why:
            idle.append(SuppressedReason(reason, why))
        else:
            found.append(reason)
    return found, idle


def _no_help(alarms: Sequence[Alarm], refits: Sequence[RefitFinding]) -> str:
    """Why a training would not repair what the newest alarms tell: surely no refit on earlier rows wins back a share of what is
    lost on the batch that has just matured. Empty where one may, where none was measured, or where nothing is lost."""
    measured = [finding for finding in refits if not is_former(finding.alternative)]
    needed = needed_gain(alarms)
    if not measured or needed is None:
        return ""
    best = max(measured, key=lambda finding: finding.newest_high)
    if best.newest_high > needed:
        return ""
    how = "better" if best.newest > 0 else "worse"
    return (
        f"no refit on earlier rows repairs it: the best, on the window `{best.alternative}`, would be {abs(best.newest):.3f} "
        f"{how} on the batch, where {needed / REPAIRED:.3f} is lost; it is asked again with the next one"
    )


def needed_gain(alarms: Sequence[Alarm]) -> float | None:
    """The gain that wins back enough of what the alarms say is lost; None where nothing is."""
    lost = max((_lost(alarm) for alarm in alarms if alarm.kind in LOSSES), default=0.0)
    return REPAIRED * lost if lost > 0 else None


def _lost(alarm: Alarm) -> float:
    """How far an alarm's value lies beyond its limit."""
    value, limit = alarm.numbers.get("value"), alarm.numbers.get("limit")
    known = isinstance(value, (int, float)) and isinstance(limit, (int, float))
    return abs(value - limit) if known else 0.0  # type: ignore[operator]


def _drift_asks(policy: RetrainPolicy) -> bool:
    return policy.triggers.drift is not None and policy.triggers.drift.trigger_retraining


def _idle(policy: RetrainPolicy, alarm: Alarm, newest: Sequence[Alarm]) -> str:
    """Why an alarm that is on asks for nothing by itself; empty when it does."""
    effect = estimated_impact(alarm)
    if alarm.kind == "drift" and (effect is None or effect <= 0):
        return "no estimated impact on the metric: a change that costs nothing is no reason to retrain"
    cost = policy.triggers.cost
    if cost is None or alarm.kind == "cost":
        return ""
    if alarm.kind == "drift" and effect is not None:
        weighed = retraining_cost(cost, effect, int(alarm.numbers.get("rows") or 0))
        return "" if weighed.pays else weighed.sentence
    if any(other.kind == "cost" for other in newest):
        return ""
    return "cost: what staying stale costs does not exceed the cost of training and review"


def estimated_impact(alarm: Alarm) -> float | None:
    """How much worse a drift, if it is real, is estimated to make the metric; None where no estimate was possible."""
    impact = alarm.numbers.get("impact")
    value = impact.get("if_real") if isinstance(impact, Mapping) else impact
    return float(value) if isinstance(value, (int, float)) and isfinite(value) else None


def _times(times: int, window: int) -> str:
    return "in the newest batch" if window == 1 else f"in {times} of the last {window} batches, the newest among them"
