"""A champion that is not good enough is told and asked to be repaired, until it is or a person accepts it."""

from __future__ import annotations

import json

import pytest

from conftest import LedgerDatabase
from gatehouse.errors import NotAllowedError
from gatehouse.invariants import run
from gatehouse.pipeline import land, outcomes, score
from gatehouse.pipeline.manual.accept_level import accept_level
from gatehouse.pipeline.monitor import asked_level, monitor_batch
from gatehouse.pipeline.validate import validate
from support.fakes import FakeTracking
from support.rides import ctx, folder, looped, open_site  # noqa: F401 - they are fixtures


def _inverted(frame):
    return frame.assign(label=1 - frame["label"])


def _served(ctx, months):
    """Batches of turned labels, scored and monitored; nobody trains."""
    for key in months:
        ctx.source.relabel[key] = _inverted
        batch = land.land(ctx, key)
        outcomes.collect(ctx, key)
        validate(ctx, batch.id)
        score.score(ctx, batch.id)
        monitor_batch.monitor_batch(ctx, batch.id)
    return [report.body for report in ctx.ledger.batches.watches("rides") if "matured" in report.body]


def test_worse_than_no_skill_is_told_and_stays_open(looped, folder, ledger_database: LedgerDatabase):
    """Labels that turn round: the report has both numbers and an incident; every later measured batch keeps it open (I14)."""
    bodies = _served(looped, ["2024-05", "2024-06", "2024-07"])
    assert bodies, "the champion was measured"
    bad = [body for body in bodies if (body["matured"]["no_skill"] or {}).get("excess", {}).get("low", -1) > 0]
    assert bad
    assert all(
        "no_skill" in {each["kind"] for each in body["matured"]["judged"] if each["state"] == "alarm"} for body in bad
    )
    assert all(any(each["state"] == "open" for each in body["incidents"]) for body in bad)
    findings = run(ledger_database.url, looped.lake, FakeTracking())
    assert [each.breaches for each in findings if each.invariant == "I14"] == [()]


def test_a_person_accepts_a_level_by_name(looped):
    """Only an approver may; what was reached before no longer counts, and the acceptance is on record once."""
    _served(looped, ["2024-05", "2024-06"])
    with pytest.raises(NotAllowedError, match="mallory"):
        accept_level(looped, "mallory", "it is good enough for me")
    level = accept_level(looped, "admin", "the world is harder than it was")
    assert accept_level(looped, "admin", "the world is harder than it was") == level
    entries = [each for each in looped.ledger.audit_log.entries() if each.kind == asked_level.ACCEPTED]
    assert [(each.actor, json.loads(each.body)["batch"]) for each in entries] == [("admin", level["batch"])]
    assert asked_level.accepted_level(looped)["loss"] == level["loss"]
