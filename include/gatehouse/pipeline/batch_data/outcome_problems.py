"""What is wrong with the outcomes of a use case: refused, contradicting, for no row, or still missing after the deadline."""

from __future__ import annotations

import json
from datetime import datetime

from gatehouse.context import UseCaseContext
from gatehouse.core.contract.batch_calendar import Span, batch_interval
from gatehouse.core.notifications.alert_types import AlertType
from gatehouse.core.notifications.issues import IssueReport
from gatehouse.core.rows.outcome_rows import problems
from gatehouse.core.types import Batch, BatchState, Outcomes
from gatehouse.pipeline.batch_data.row_keys import newest_revisions
from gatehouse.pipeline.outcomes import REFUSED, due

SHOWN = 3  # batches in the sentence of an alert


def outcome_problems(ctx: UseCaseContext, as_of: datetime) -> dict[str, str]:
    """By batch key, in the order of time, what is wrong with the outcomes that should be complete by `as_of`."""
    arrived = ctx.ledger.batches.outcomes(ctx.name, as_of)
    refused = {batch.id.key: _refusal(ctx, batch) for batch in due(ctx, as_of)}
    short = {
        batch.id.key: outcome_problem(ctx, arrived[batch.id.key], as_of)
        for batch in newest_revisions(ctx.ledger.batches.list(ctx.name))
        if batch.id.key in arrived
    }
    return {key: sentence for key, sentence in sorted({**refused, **short}.items()) if sentence}


def _refusal(ctx: UseCaseContext, batch: Batch) -> str:
    entry = ctx.ledger.audit_log.newest(str(batch.id), [REFUSED])
    return f"its outcomes were refused: {json.loads(entry.body)['reason']}" if entry is not None else ""


def outcome_problem(ctx: UseCaseContext, outcomes: Outcomes, as_of: datetime) -> str:
    """What does not fit about the outcomes of one batch, as they should be by `as_of`; empty when they fit."""
    spec, found = ctx.case.contract.outcomes, outcomes.match
    if found is None:
        return ""
    end = batch_interval(ctx.case.contract.frequency, outcomes.batch.key).end
    complete = Span.parse(spec.updates_until or spec.delay).after(end) <= as_of
    return problems(found, spec.max_unmatched_share, 1 - ctx.case.retrain.min_maturity if complete else 1.0)


def outcome_alert(ctx: UseCaseContext) -> list[IssueReport]:
    """The alert of a use case whose outcomes have a problem, by the time of its data; the newest batches first."""
    ends = [b.interval.end for b in ctx.ledger.batches.list(ctx.name) if b.state is not BatchState.DISCARDED]
    found = outcome_problems(ctx, max(ends)) if ends else {}
    newest = [f"{key}: {sentence}" for key, sentence in sorted(found.items(), reverse=True)[:SHOWN]]
    more = f"; and {len(found) - SHOWN} earlier batches" if len(found) > SHOWN else ""
    sentence = f"outcomes of {'; '.join(newest)}{more}"
    return [IssueReport(AlertType.OUTCOMES, ctx.name, "outcomes", sentence, str(sorted(found)))] if found else []
