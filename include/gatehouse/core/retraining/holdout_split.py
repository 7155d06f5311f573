"""Which matured batches train and which are held out for the gate: whole batches, in the order of time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from gatehouse.errors import NotEnoughDataError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from gatehouse.core.config.retrain import RetrainPolicy, Window
    from gatehouse.core.contract.batch_calendar import Interval
    from gatehouse.core.types import BatchId

SEASON_DAYS = 45
YEAR = timedelta(days=365.2425)


@dataclass(frozen=True)
class MaturedBatch:
    """A batch whose outcomes are in, with its number of matured rows."""

    id: BatchId
    rows: int
    interval: Interval


@dataclass(frozen=True)
class Split:
    """Every training batch ends before the first held-out batch starts."""

    training: tuple[BatchId, ...]
    holdout: tuple[BatchId, ...]


def split(
    matured: Sequence[MaturedBatch],
    policy: RetrainPolicy,
    champion_trained_until: datetime | None = None,
    changed: datetime | None = None,
    window: Window | None = None,
) -> Split:
    """Hold out the newest `holdout.batches`; train on the window (the policy's, unless given) of those before.

    `changed` is the newest change that was detected in the outcomes, for a `since_change` window.

    Of a batch's revisions only the newest counts, and a batch without rows does not. `champion_trained_until` is the
    end of the champion's own training rows: the holdout must not start before it, because challenger and champion are
    judged on rows that neither was trained on. NotEnoughDataError says what is missing.
    """
    ordered = _in_time(matured)
    needed = policy.holdout.batches + 1
    if len(ordered) < needed:
        raise NotEnoughDataError(
            f"too few matured batches to train and to hold out; found {len(ordered)}, needed {needed} "
            f"({policy.holdout.batches} held out and at least 1 to train on)"
        )
    training, holdout = ordered[: -policy.holdout.batches], ordered[-policy.holdout.batches :]
    if champion_trained_until is not None and holdout[0].interval.start < champion_trained_until:
        newer = sum(each.interval.start >= champion_trained_until for each in ordered)
        raise NotEnoughDataError(
            f"{'too few' if newer else 'no'} newer matured batches than the champion was trained on, until "
            f"{champion_trained_until:%Y-%m-%d}; found {newer}, needed {policy.holdout.batches} to hold out"
        )
    chosen = windowed(training, window or policy.window, holdout[-1].interval, changed)
    return Split(tuple(each.id for each in chosen), tuple(each.id for each in holdout))


def windowed(
    training: Sequence[MaturedBatch], window: Window, newest: Interval, changed: datetime | None = None
) -> Sequence[MaturedBatch]:
    """The batches of a window, in the order of time; all of them where the window finds none.

    `newest` is the interval after which the model will serve: the coming batch is taken to be as long.
    """
    if window.kind == "rolling" and window.batches is not None:
        return training[-window.batches :]
    if window.kind == "same_season":
        coming = newest.end + (newest.end - newest.start) / 2
        recent = {each.id for each in training[-(window.batches or 1) :]}
        found = [each for each in training if _days_apart(each.interval, coming) <= (window.days or SEASON_DAYS)]
        earlier = [each for each in found if coming - each.interval.end > YEAR / 2]
        return [each for each in training if each in earlier or each.id in recent] if earlier else training
    if window.kind == "since_change" and changed is not None:
        return [each for each in training if each.interval.end > changed] or training[-1:]
    return training


def _days_apart(interval: Interval, moment: datetime) -> float:
    """How far the middle of an interval is from the same time of the year as `moment`, in days."""
    middle = interval.start + (interval.end - interval.start) / 2
    apart = abs(moment - middle) % YEAR
    return min(apart, YEAR - apart) / timedelta(days=1)


def _in_time(matured: Sequence[MaturedBatch]) -> list[MaturedBatch]:
    newest = {each.id.key: each for each in sorted(matured, key=lambda each: each.id)}
    return sorted((each for each in newest.values() if each.rows > 0), key=lambda each: each.interval)
