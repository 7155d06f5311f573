"""What the contract found in a batch and in its outcomes, read back from the archived reports."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from gatehouse.context import UseCaseContext
from gatehouse.core.types import Batch, BatchId, FileRef, Outcomes
from gatehouse.reports.batch import results_of

Found = tuple[Mapping[str, Any], ...]


def checks(ctx: UseCaseContext, batch: Batch, outcomes: Outcomes | None) -> tuple[Found, Found]:
    """The expectations that the batch and its outcomes do not meet, of every severity; and why which rows are quarantined."""
    found = [_results(ctx, batch.report), _results(ctx, outcomes.report if outcomes else None)]
    failed = tuple(each for results in found for each in results.get("results", ()) if not each["success"])
    return failed, tuple(each for results in found for each in results.get("bad", ()))


def refused(ctx: UseCaseContext, batch: BatchId) -> list[str]:
    """Why outcomes of a batch were refused as a whole."""
    entries = ctx.ledger.audit_log.entries(about=str(batch))
    reasons = [json.loads(each.body)["reason"] for each in entries if each.kind == "outcomes.refused"]
    return [f"outcomes refused: {reason}" for reason in dict.fromkeys(reasons)]


def _results(ctx: UseCaseContext, report: FileRef | None) -> dict[str, Any]:
    return (results_of(ctx.lake.read(report).decode()) or {}) if report else {}
