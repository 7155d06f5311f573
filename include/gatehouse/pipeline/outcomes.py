"""Outcomes: the labels of a batch arrive later than its rows, and are checked by the contract like any table."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from gatehouse.context import UseCaseContext
from gatehouse.core.contract.batch_calendar import Span, batch_interval
from gatehouse.core.types import Batch, BatchState, Outcomes
from gatehouse.errors import SchemaMismatchError, SourceError, UnreadableDeliveryError
from gatehouse.pipeline.batch_data.outcome_check import TABLE, check_outcomes
from gatehouse.reports import batch_report

REFUSED = "outcomes.refused"


def collect(ctx: UseCaseContext, key: str) -> list[Outcomes]:
    """Fetch the outcomes that are due by the end of batch `key` and have not arrived yet; returns the new ones.

    Time is the data's: outcomes found while batch `key` is ingested have arrived by the end of its interval.
    Outcomes that break the contract as a whole, or that cannot be read, are logged as refused and count as not arrived.
    What the source raises about one batch's outcomes is raised when those of all others have been collected.
    """
    found, errors = _collect_all(ctx, key)
    if errors:
        raise errors[0]
    return found


def collect_readable(ctx: UseCaseContext, key: str) -> list[Outcomes]:
    """`collect` for callers that go on with other batches: raises only what trying again can help."""
    found, errors = _collect_all(ctx, key)
    for error in errors:
        if error.retry:
            raise error
    return found


def _collect_all(ctx: UseCaseContext, key: str) -> tuple[list[Outcomes], list[SourceError]]:
    now = batch_interval(ctx.case.contract.frequency, key).end
    found, errors = [], []
    for batch in [*due(ctx, now), *incomplete(ctx, now)]:
        try:
            outcomes = _collect(ctx, batch, now)
        except SourceError as error:  # a file that cannot be read must not keep all later outcomes from arriving
            errors.append(error)
            if not error.retry:
                _refuse_unread(ctx, batch, error)
        else:
            found += [outcomes] if outcomes is not None else []
    return found, errors


def due(ctx: UseCaseContext, now: datetime) -> list[Batch]:
    """The batches whose outcomes should be there by `now` and are not. Whether a batch has been validated yet does not
    matter: outcomes are kept for what a person may still release."""
    delay = Span.parse(ctx.case.contract.outcomes.delay)
    arrived = ctx.ledger.batches.outcomes(ctx.name, now)
    newest = {
        batch.id.key: batch for batch in ctx.ledger.batches.list(ctx.name) if batch.state is not BatchState.DISCARDED
    }
    return [
        batch for batch in newest.values() if batch.id.key not in arrived and delay.after(batch.interval.end) <= now
    ]


def incomplete(ctx: UseCaseContext, now: datetime) -> list[Batch]:
    """The batches whose outcomes have arrived and may still become more, by the contract's `updates_until`.

    None when a later batch is there already: what the source gives today had not arrived by an earlier `now`.
    """
    until = ctx.case.contract.outcomes.updates_until
    if until is None:
        return []
    newest = {batch.id.key: batch for batch in ctx.ledger.batches.list(ctx.name)}
    if any(batch.interval.end > now for batch in newest.values()):
        return []
    arrived = ctx.ledger.batches.outcomes(ctx.name, now)
    span = Span.parse(until)
    return [newest[key] for key in arrived if span.after(newest[key].interval.end) >= now]


def _collect(ctx: UseCaseContext, batch: Batch, now: datetime) -> Outcomes | None:
    lease = ctx.ledger.attempts.enter(f"{batch.id}/outcomes")
    delivered = ctx.source.outcomes(batch.id.key, batch.interval)
    if delivered is None or delivered.empty:
        return None
    try:
        checked = check_outcomes(ctx, batch, delivered)
    except SchemaMismatchError as error:
        _refuse(ctx, batch, str(error))
        return None
    if not checked.validation.accepted:
        _refuse(ctx, batch, checked.validation.reason)
        return None
    page = batch_report(ctx.case.contract, batch, [checked.check], {TABLE: checked.validation.counts(TABLE)}, "")
    bad = checked.quarantined
    outcomes = Outcomes(
        batch.id,
        now,
        ctx.lake.put_frame(checked.good, "outcomes"),
        report=ctx.lake.put(page.encode(), "reports", "html"),
        quarantined=ctx.lake.put_frame(bad, "quarantined") if bad is not None else None,
        match=checked.matched(ctx, batch),
    )
    return outcomes if ctx.ledger.batches.arrive(lease, outcomes) else None


def _refuse_unread(ctx: UseCaseContext, batch: Batch, error: SourceError) -> None:
    """Audit log outcomes that the source cannot give, with what it delivered."""
    files = error.tables if isinstance(error, UnreadableDeliveryError) else {}
    kept = [ctx.lake.put(data, "unreadable", suffix) for data, suffix in files.values()]
    _refuse(ctx, batch, str(error), [vars(file) for file in kept])


def _refuse(ctx: UseCaseContext, batch: Batch, reason: str, files: Sequence[Mapping[str, Any]] = ()) -> None:
    """Audit log refused outcomes: once for the same bytes, or for the same reason where there are none."""
    last = ctx.ledger.audit_log.newest(str(batch.id), [REFUSED, "outcomes.arrived"])
    said = json.loads(last.body) if last is not None and last.kind == REFUSED else {}
    if said.get("files", []) != list(files) or (not files and said.get("reason") != reason):
        ctx.ledger.audit_log.note(REFUSED, str(batch.id), "validate", {"reason": reason, "files": list(files)})
