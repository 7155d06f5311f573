"""From alarms to reasons to a retrain request: debounce, cost, cooldown and budget. Pure: the ledger's facts come in.

A reason that is held back is reported with why, never dropped.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING

from gatehouse.core.contract.batch_calendar import Span
from gatehouse.core.retraining.cost_benefit import retraining_cost
from gatehouse.core.types import Reason

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from gatehouse.core.config.retrain import RetrainPolicy
    from gatehouse.core.drift.alarms import Alarm


@dataclass(frozen=True)
class RetrainState:
    """Where the use case stands when a batch has been watched.

    `batches_since` counts the batches watched since the last training, this one included, and is None before the very
    first; `new_rows` the rows matured since then (all of them before the first); `trainings` those within the
    budget's window of batches. `as_of` is the end of the newest batch, `last_training` the moment that the last training
    looked back from, `unlearned` the keys of the batches that raised an alarm, were held out of the training that it
    caused, and could be trained on now.
    """

    champion: bool
    matured_batches: int
    new_rows: int
    batches_since: int | None
    trainings: int = 0
    as_of: datetime | None = None
    last_training: datetime | None = None
    unlearned: tuple[str, ...] = ()


@dataclass(frozen=True)
class SuppressedReason:
    """A reason that holds but opens no request now."""

    reason: Reason
    why: str


@dataclass(frozen=True)
class RetrainDecision:
    """`asked` open a request or join the open one; `held_back` wait."""

    asked: tuple[Reason, ...] = ()
    held_back: tuple[SuppressedReason, ...] = ()


def decide_retraining(
    policy: RetrainPolicy, history: Sequence[Sequence[Alarm]], standing: RetrainState
) -> RetrainDecision:
    """The reasons to retrain after the newest batch.

    `history` holds each watched batch's alarms, the newest last. Only alarms since the last training count, because
    the ones before were about another model or have been answered. Without a champion the only reason is the first
    training, once `min_batches_first_training` batches have matured and there are enough to hold some out.
    """
    found, idle = _from_alarms(policy, _since_training(history, standing)) if standing.champion else ([], [])
    found += _from_counts(policy, standing) if standing.champion else _first(policy, standing)
    why = _held_back(policy, standing)
    if why:
        return RetrainDecision(held_back=(*(SuppressedReason(reason, why) for reason in found), *idle))
    return RetrainDecision(tuple(found), tuple(idle))


def _since_training(history: Sequence[Sequence[Alarm]], standing: RetrainState) -> Sequence[Sequence[Alarm]]:
    if standing.batches_since is None:
        return history
    return history[max(len(history) - standing.batches_since, 0) :]


def _from_alarms(
    policy: RetrainPolicy, history: Sequence[Sequence[Alarm]]
) -> tuple[list[Reason], list[SuppressedReason]]:
    """Alarms of the newest batch that were on in at least n of the last m, those that ask and those that do not: a past
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
        why = _idle(policy, alarm, history[-1])
        if why:
            idle.append(SuppressedReason(reason, why))
        else:
            found.append(reason)
    return found, idle


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


def _from_counts(policy: RetrainPolicy, standing: RetrainState) -> list[Reason]:
    found = []
    schedule, volume, since = policy.triggers.every_batches, policy.triggers.min_new_rows, standing.batches_since
    if schedule is not None and since is not None and since >= schedule:
        sentence = f"{since} batches since the last training, one is due every {schedule}"
        found.append(Reason("schedule", sentence, {"batches": since, "every": schedule}))
    age, last, now = policy.triggers.max_age, standing.last_training, standing.as_of
    if age is not None and last is not None and now is not None and Span.parse(age).after(last) <= now:
        sentence = f"the last training looked back from {last:%Y-%m-%d}, {age} or more ago"
        found.append(Reason("age", sentence, {"days": (now - last).days, "allowed": age}))
    if volume is not None and standing.new_rows >= volume:
        sentence = f"{standing.new_rows:,} rows have matured since the last training, {volume:,} are enough"
        found.append(Reason("volume", sentence, {"rows": standing.new_rows, "enough": volume}))
    if policy.triggers.follow_up and standing.unlearned:
        keys = ", ".join(standing.unlearned)
        sentence = (
            f"{keys} raised the alarm and was held out of the training that it caused; it can be learned from now"
        )
        found.append(Reason("follow_up", sentence, {"held_out": list(standing.unlearned)}))
    return found


def _first(policy: RetrainPolicy, standing: RetrainState) -> list[Reason]:
    needed = max(policy.min_batches_first_training, policy.holdout.batches + 1)
    if standing.matured_batches < needed:
        return []
    sentence = f"there is no champion yet and {standing.matured_batches} batches have matured, {needed} are enough"
    return [Reason("first", sentence, {"batches": standing.matured_batches, "enough": needed})]


def _held_back(policy: RetrainPolicy, standing: RetrainState) -> str:
    """Why nothing may be asked for now; empty when it may."""
    since, budget = standing.batches_since, policy.budget
    if since is None:
        return ""
    if since <= policy.cooldown_batches:
        return f"cooldown: batch {since} of {policy.cooldown_batches} after the last training"
    if budget is not None and standing.trainings >= budget.trainings:
        return (
            f"budget: {standing.trainings} of {budget.trainings} trainings spent in the last {budget.batches} batches"
        )
    if standing.new_rows <= 0:
        return "no rows have matured since the last training: the same rows would give the same model"
    return ""


def _times(times: int, window: int) -> str:
    return "in the newest batch" if window == 1 else f"in {times} of the last {window} batches, the newest among them"
