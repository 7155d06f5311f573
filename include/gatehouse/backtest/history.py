"""What a replay left in the ledger, as one line a batch: rows, alarms, requests, verdicts, champion and its metric."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from gatehouse.backtest.checks import Found, checks, refused
from gatehouse.backtest.errors import kept
from gatehouse.backtest.labelled_history import LabelledHistory
from gatehouse.backtest.measured_history import History, Measured, measure
from gatehouse.backtest.replay import ProcessedBatch
from gatehouse.context import UseCaseContext
from gatehouse.core.types import Batch, Decision, Request, TrainingSet
from gatehouse.errors import RecordNotFoundError
from gatehouse.pipeline.batch_data.outcome_problems import outcome_problem
from gatehouse.pipeline.batch_data.row_keys import newest_revisions

EVER = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class BatchSummary:
    """One batch. `champion` is the version that scored it, or the first champion where none served yet (`late`); `kinds`
    are the kinds of change that the watch told apart; `metric` is measured on all outcomes that ever arrived, NaN where
    there are none or the champion was made of them. `failed` are the expectations that the rows and outcomes do not meet,
    `bad_rows` why which of them are quarantined; `unscored` says that there was a champion and it has no scores;
    `outcomes` says how many of them match no row, and how many rows have none, where that is beyond the limits."""

    key: str
    state: str
    rows: int
    quarantined: int
    alarms: tuple[Mapping[str, Any], ...] = ()
    kinds: tuple[Mapping[str, Any], ...] = ()
    decay: tuple[Mapping[str, Any], ...] = ()
    requests: tuple[Mapping[str, Any], ...] = ()
    held_back: tuple[Mapping[str, Any], ...] = ()
    decisions: tuple[Mapping[str, Any], ...] = ()
    champion: int | None = None
    champion_after: int | None = None
    late: bool = False
    metric: float = math.nan
    matured: int = 0
    errors: tuple[str, ...] = ()
    failed: tuple[Mapping[str, Any], ...] = ()
    bad_rows: tuple[Mapping[str, Any], ...] = ()
    unscored: bool = False
    outcomes: str = ""


def read_history(labelled: LabelledHistory, metric: str) -> History:
    """Collect every accepted batch's labelled rows; a batch without, or whose features cannot be made, is left out."""
    ctx = labelled.ctx
    batches = newest_revisions(ctx.ledger.batches.list(ctx.name))
    arrived = ctx.ledger.batches.outcomes(ctx.name, EVER) if batches else {}
    frames = {each.id.key: labelled.rows(each, arrived[each.id.key]) for each in batches if each.id.key in arrived}
    known = {key: frame for key, frame in frames.items() if frame is not None}
    return History(ctx, metric, batches, arrived, known)


def batch_summaries(history: History, taken: Sequence[ProcessedBatch]) -> list[BatchSummary]:
    """A line for each batch of the source, in the order of time."""
    ctx = history.ctx
    desk = ctx.ledger
    batches = {batch.id: batch for batch in desk.batches.list(ctx.name)}
    reports = {report.batch: report.body for report in desk.batches.watches(ctx.name)}
    requests: dict[str, list[Request]] = {}
    for request in desk.requests.list(ctx.name):
        requests.setdefault(request.opened_by, []).append(request)
    measured = measure(history, {batch for batch, body in reports.items() if body.get("champion")})
    return [
        _line(
            each,
            batches,
            reports.get(each.batch, {}) if each.batch else {},
            requests.get(str(each.batch), []),
            measured,
            history,
        )
        for each in taken
    ]


def _line(
    taken: ProcessedBatch,
    batches: Mapping[Any, Batch],
    body: Mapping[str, Any],
    requests: Sequence[Request],
    measured: Measured,
    history: History,
) -> BatchSummary:
    ctx = history.ctx
    if taken.batch is None:
        return BatchSummary(taken.key, "not landed", 0, 0, champion_after=taken.champion, errors=taken.errors)
    batch = batches[taken.batch]
    part = batch.tables[ctx.case.contract.main]
    rows = part.source.rows or 0
    accepted = (part.accepted.rows or 0) if part.accepted else 0
    champion, late, metric, matured = measured.metrics.get(taken.key, (None, False, math.nan, 0))
    errors = [*taken.errors, *measured.errors.get(taken.key, ())]
    found: tuple[Found, Found] = (), ()
    with kept(errors, "the contract's results"):
        found = checks(ctx, batch, history.outcomes.get(taken.key))
        errors += refused(ctx, batch.id)
    return BatchSummary(
        taken.key,
        str(batch.state),
        rows,
        rows - accepted,
        tuple(body.get("alarms", ())),
        tuple(body.get("kinds", ())),
        tuple(body.get("matured", {}).get("judged", ())),
        tuple(_request(each) for each in requests),
        tuple(body.get("held_back", ())),
        tuple(_decision(each) for each in _decisions(ctx, requests)),
        measured.scored.get(taken.batch) or champion,
        taken.champion,
        late,
        metric,
        matured,
        (*dict.fromkeys(errors), *([f"{batch.state}: {batch.reason}"] if batch.reason else [])),
        *found,
        bool(body.get("champion")) and taken.batch not in measured.scored,
        outcome_problem(ctx, history.outcomes[taken.key], EVER) if taken.key in history.outcomes else "",
    )


def _request(request: Request) -> dict[str, Any]:
    reasons = [
        {"kind": each.kind, "sentence": each.sentence, "numbers": dict(each.numbers)} for each in request.reasons
    ]
    return {"id": request.id, "reasons": reasons, "state": str(request.state), "ended": request.closing}


def _decisions(ctx: UseCaseContext, requests: Sequence[Request]) -> list[Decision]:
    found = (ctx.ledger.decisions.of_request(request.id) for request in requests)
    return [decision for decision in found if decision is not None]


def _decision(decision: Decision) -> dict[str, Any]:
    return {"version": decision.version, "verdict": str(decision.verdict), "sentence": decision.sentence}


def training_set_of(ctx: UseCaseContext, request: str) -> TrainingSet | None:
    """What a request was trained on; None when it came to no training."""
    try:
        return ctx.ledger.requests.training_set(request)
    except RecordNotFoundError:
        return None
