"""Batches that should be there and are not: by the contract's own keys and calendar, never by what a source says."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING

from gatehouse.core.contract.batch_calendar import Interval, Span, batch_interval, batch_key, keys_between
from gatehouse.formatting import join_names

if TYPE_CHECKING:
    from gatehouse.core.config.contract import Contract


def late_batches(contract: Contract, have: Collection[str], now: datetime) -> list[str]:
    """The keys of the batches that are late at `now` (aware), in the order of time; `have` are those that landed.

    A batch is late `late_after` after the end of its interval; without that, a use case with a schedule waits for one
    more interval, and one without a schedule is handed its batches by people and waits for none.
    """
    if contract.late_after is None and contract.schedule is None:
        return []
    newest = batch_key(contract.frequency, now)
    last = min(newest, contract.last_batch) if contract.last_batch else newest
    if last < contract.first_batch:
        return []
    keys = keys_between(contract.frequency, contract.first_batch, last)
    return [key for key in keys if key not in have and deadline(contract, key) <= now]


def deadline(contract: Contract, key: str) -> datetime:
    """The moment from which a batch that has not come is late."""
    interval: Interval = batch_interval(contract.frequency, key)
    if contract.late_after is not None:
        return Span.parse(contract.late_after).after(interval.end)
    return batch_interval(contract.frequency, batch_key(contract.frequency, interval.end)).end


def lateness(contract: Contract, keys: list[str]) -> str:
    """A sentence about the late batches; `keys` is not empty."""
    since = f"{deadline(contract, keys[0]):%Y-%m-%d %H:%M} UTC"
    if len(keys) == 1:
        return f"batch {keys[0]} has not come; it is late since {since}"
    return f"{len(keys)} batches have not come: {join_names(keys)}; the first is late since {since}"
