"""Which matured batches train and which are held out for the gate: whole batches, in the order of time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gatehouse.errors import NotEnoughData

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from gatehouse.core.calendar import Interval
    from gatehouse.core.records import BatchId
    from gatehouse.core.specs.retrain import RetrainPolicy


@dataclass(frozen=True)
class Matured:
    """A batch whose outcomes are in, with its number of matured rows."""

    id: BatchId
    rows: int
    interval: Interval


@dataclass(frozen=True)
class Split:
    """Every training batch ends before the first held-out batch starts."""

    training: tuple[BatchId, ...]
    holdout: tuple[BatchId, ...]


def split(matured: Sequence[Matured], policy: RetrainPolicy, champion_trained_until: datetime | None = None) -> Split:
    """Hold out the newest `holdout.batches`; train on the window taken from those before.

    Of a batch's revisions only the newest counts, and a batch without rows does not. `champion_trained_until` is the
    end of the champion's own training rows: the holdout must not start before it, because challenger and champion are
    judged on rows that neither was trained on. NotEnoughData says what is missing.
    """
    ordered = _in_time(matured)
    needed = policy.holdout.batches + 1
    if len(ordered) < needed:
        raise NotEnoughData(
            f"too few matured batches to train and to hold out; found {len(ordered)}, needed {needed} "
            f"({policy.holdout.batches} held out and at least 1 to train on)"
        )
    training, holdout = ordered[: -policy.holdout.batches], ordered[-policy.holdout.batches :]
    if champion_trained_until is not None and holdout[0].interval.start < champion_trained_until:
        newer = sum(each.interval.start >= champion_trained_until for each in ordered)
        raise NotEnoughData(
            f"{'too few' if newer else 'no'} newer matured batches than the champion was trained on, until "
            f"{champion_trained_until:%Y-%m-%d}; found {newer}, needed {policy.holdout.batches} to hold out"
        )
    if policy.window.kind == "rolling" and policy.window.batches is not None:
        training = training[-policy.window.batches :]
    return Split(tuple(each.id for each in training), tuple(each.id for each in holdout))


def _in_time(matured: Sequence[Matured]) -> list[Matured]:
    newest = {each.id.key: each for each in sorted(matured, key=lambda each: each.id)}
    return sorted((each for each in newest.values() if each.rows > 0), key=lambda each: each.interval)
