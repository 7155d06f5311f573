"""From alarms to reasons to a retrain request: debounce, cost, cooldown and budget. Pure: the ledger's facts come in.

A reason that is held back is reported with why, never dropped.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gatehouse.core.contract.batch_calendar import Span
from gatehouse.core.retraining.alarm_reasons import SuppressedReason, alarm_reasons, needed_gain
from gatehouse.core.retraining.refit_check import is_former
from gatehouse.core.retraining.reinstatement import FIRST, reinstatement
from gatehouse.core.types import Reason

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from gatehouse.core.config.retrain import RetrainPolicy
    from gatehouse.core.drift.alarms import Alarm
    from gatehouse.core.retraining.refit_check import RefitFinding

NO_COOLDOWN = ("follow_up", "refit")  # a held-out batch to learn from, a gain that is sure over a champion's life


@dataclass(frozen=True)
class RetrainState:
    """Where the use case stands when a batch has been watched.

    `batches_since` counts the batches watched since the last training, this one included, and is None before the very
    first; `new_rows` the rows matured since then (all of them before the first); `trainings` those within the
    budget's window of batches. `as_of` is the end of the newest batch, `last_training` the moment that the last training
    looked back from, `unlearned` the keys of the batches that raised an alarm, were held out of the training that it
    caused, and could be trained on now. `since_reinstated` counts the batches since a former champion was last asked back,
    which is no training. `on_hold` says why the newest challenger's HOLD is waited for; empty where it is not.
    """

    champion: bool
    matured_batches: int
    new_rows: int
    batches_since: int | None
    trainings: int = 0
    as_of: datetime | None = None
    last_training: datetime | None = None
    unlearned: tuple[str, ...] = ()
    since_reinstated: int | None = None
    on_hold: str = ""


@dataclass(frozen=True)
class RetrainDecision:
    """`asked` open a request or join the open one; `held_back` wait."""

    asked: tuple[Reason, ...] = ()
    held_back: tuple[SuppressedReason, ...] = ()


def decide_retraining(
    policy: RetrainPolicy,
    history: Sequence[Sequence[Alarm]],
    standing: RetrainState,
    refits: Sequence[RefitFinding] = (),
) -> RetrainDecision:
    """The reasons to retrain after the newest batch.

    `history` holds each watched batch's alarms, the newest last. Only alarms since the last training count, because
    the ones before were about another model or have been answered. Without a champion the only reason is the first
    training, once `min_batches_first_training` batches have matured and there are enough to hold some out. `refits` are
    what the refit check found on a batch that has just matured: they ask by themselves, and alarms wait where no refit
    would help yet.
    """
    alarms = _since_new_model(history, standing)
    found, idle = alarm_reasons(policy, alarms, refits) if standing.champion else ([], [])
    found = [*_from_refits(refits), *found]
    found += _from_counts(policy, standing, refits) if standing.champion else _first(policy, standing)
    former = reinstatement(refits, needed_gain(alarms[-1] if alarms else ()))
    if former is not None and standing.on_hold:
        found, former = [former, *found], None
    if former is not None:
        return RetrainDecision((former,), (*(SuppressedReason(reason, FIRST) for reason in found), *idle))
    held = [(reason, _held_back(policy, standing, reason.kind)) for reason in found]
    return RetrainDecision(
        tuple(reason for reason, why in held if not why),
        (*(SuppressedReason(reason, why) for reason, why in held if why), *idle),
    )


def _from_refits(refits: Sequence[RefitFinding]) -> list[Reason]:
    """The refit with the largest gain of those that are sure."""
    return [_refit_reason(each) for each in refits if each.found and not is_former(each.alternative)][:1]


def _refit_reason(finding: RefitFinding) -> Reason:
    numbers = {"alternative": finding.alternative, "gain": finding.gain, "low": finding.low, "high": finding.high}
    return Reason("refit", finding.sentence, {**numbers, "batches": list(finding.batches), "chance": finding.chance})


def _since_new_model(history: Sequence[Sequence[Alarm]], standing: RetrainState) -> Sequence[Sequence[Alarm]]:
    counts = [each for each in (standing.batches_since, standing.since_reinstated) if each is not None]
    return history[max(len(history) - min(counts), 0) :] if counts else history


def _from_counts(policy: RetrainPolicy, standing: RetrainState, refits: Sequence[RefitFinding]) -> list[Reason]:
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
    measured = [finding.newest for finding in refits if not is_former(finding.alternative)]
    if policy.triggers.follow_up and standing.unlearned and max(measured, default=1.0) > 0:
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


def _held_back(policy: RetrainPolicy, standing: RetrainState, kind: str) -> str:
    """Why a kind of reason may not ask now; empty when it may."""
    since, budget = standing.batches_since, policy.budget
    if since is None or standing.on_hold:
        return standing.on_hold
    if since <= policy.cooldown_batches and kind not in NO_COOLDOWN:
        return f"cooldown: batch {since} of {policy.cooldown_batches} after the last training"
    if budget is not None and standing.trainings >= budget.trainings:
        return (
            f"budget: {standing.trainings} of {budget.trainings} trainings spent in the last {budget.batches} batches"
        )
    if standing.new_rows <= 0:
        return "no rows have matured since the last training: the same rows would give the same model"
    return ""
