"""Batches that have not come: by the contract's calendar, with its grace, at any moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatehouse.core.config.contract import Contract
from gatehouse.core.contract.batch_calendar import batch_interval, batch_key
from gatehouse.core.notifications.issues import doubled
from gatehouse.core.notifications.lateness import deadline, late_batches, lateness

TABLE = {"key": ["id"], "columns": {"id": "string"}}


def contract(**more: object) -> Contract:
    document = {
        "use_case": "rides", "title": "t", "owner": "o", "source": {"kind": "python"}, "frequency": "month", "first_batch": "2024-01",
        "tables": {"rides": TABLE}, "outcomes": {**TABLE, "columns": {"id": "string", "y": "number"}, "label": "y",
                                                 "delay": "1 month"}, **more,
    }  # fmt: skip
    import json

    return Contract.model_validate_json(json.dumps(document))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_without_a_schedule_or_a_grace_nobody_waits() -> None:
    """People hand the batches over: none is late."""
    assert late_batches(contract(), [], at("2030-01-01")) == []


def test_a_batch_is_late_after_its_grace_and_not_before() -> None:
    """Six days after the end of January, to the second; what has landed is not late, a gap before it is."""
    rides = contract(late_after="6 days")
    assert late_batches(rides, [], at("2024-02-06T23:59:59")) == []
    assert late_batches(rides, [], at("2024-02-07")) == ["2024-01"]
    assert late_batches(rides, ["2024-02"], at("2024-03-20")) == ["2024-01"]
    assert lateness(rides, ["2024-01"]) == "batch 2024-01 has not come; it is late since 2024-02-07 00:00 UTC"


def test_with_a_schedule_alone_a_batch_may_take_one_more_interval() -> None:
    """January may come until the end of February."""
    rides = contract(schedule="0 6 1 * *")
    assert late_batches(rides, [], at("2024-02-29T23:59")) == []
    assert late_batches(rides, [], at("2024-03-01")) == ["2024-01"]


def test_nothing_is_expected_after_the_last_batch() -> None:
    """A use case whose data end waits for no more."""
    rides = contract(late_after="1 day", last_batch="2024-02")
    assert late_batches(rides, ["2024-01"], at("2030-01-01")) == ["2024-02"]
    assert late_batches(rides, ["2024-01", "2024-02"], at("2030-01-01")) == []
    assert late_batches(rides, [], at("2023-01-01")) == []


@settings(deadline=None, max_examples=30)
@pytest.mark.parametrize(("kind", "first"), [("day", "2024-01-01"), ("week", "2024-W01"), ("month", "2024-01")])
@given(days=st.integers(0, 400), grace=st.integers(1, 60), missing=st.sets(st.integers(0, 60)))
def test_what_is_late_is_what_a_clerk_would_find(kind: str, first: str, days: int, grace: int, missing: set) -> None:
    """Exactly the keys that have not landed and whose interval ended so long ago, in the order of time."""
    rides, now = (
        contract(frequency=kind, first_batch=first, late_after=f"{grace} days"),
        at("2024-01-01") + timedelta(days=days),
    )
    keys = sorted({batch_key(kind, at("2024-01-01") + timedelta(days=day)) for day in range(days + 1)})
    have = {key for position, key in enumerate(keys) if position not in missing}
    found = late_batches(rides, have, now)
    assert found == [
        key for key in keys if key not in have and batch_interval(kind, key).end + timedelta(days=grace) <= now
    ]
    assert all(deadline(rides, key) <= now for key in found)


def test_a_feed_that_stopped_is_told_of_when_the_number_doubles() -> None:
    """Thirty late days are five messages, not thirty."""
    assert len({doubled(count) for count in range(1, 31)}) == 5
