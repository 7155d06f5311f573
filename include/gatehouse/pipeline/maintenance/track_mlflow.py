"""What MLflow is told while the pipeline runs. MLflow may fail: the stage goes on, and maintenance makes up for it.

That MLflow is behind the ledger is logged when it begins and when it is over, not at every failure in between.
"""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from gatehouse.context import UseCaseContext
from gatehouse.core.types import Candidate, FileRef, TrainingSet
from gatehouse.errors import ServiceUnavailableError, TrackingError
from gatehouse.ports import CandidateRun, TrainingRun

TRACKING = "tracking"
BEHIND, CAUGHT_UP, RESTORED = "tracking.behind", "tracking.caught_up", "tracking.restored"
KEPT = "candidate.kept"
log = logging.getLogger(__name__)


@contextmanager
def projecting(ctx: UseCaseContext, what: str) -> Iterator[None]:
    """Tell MLflow something that the ledger has; what MLflow refuses or does not answer stops nothing."""
    try:
        yield
    except (TrackingError, ServiceUnavailableError) as error:
        log.warning("%s of %s: %s", what, ctx.name, error)
        behind(ctx, f"MLflow does not have {what} of {ctx.name} as the ledger has it: {error}")


def is_behind(ctx: UseCaseContext) -> bool:
    """Whether MLflow is known to lack something that the ledger has."""
    newest = ctx.ledger.audit_log.newest(ctx.name, [BEHIND, CAUGHT_UP])
    return newest is not None and newest.kind == BEHIND


def behind(ctx: UseCaseContext, sentence: str) -> None:
    """Audit log that MLflow is behind the ledger, unless that is known."""
    if not is_behind(ctx):
        ctx.ledger.audit_log.note(BEHIND, ctx.name, TRACKING, {"sentence": sentence})


def caught_up(ctx: UseCaseContext) -> None:
    """Audit log that MLflow has all that the ledger has, if it was behind."""
    if is_behind(ctx):
        ctx.ledger.audit_log.note(CAUGHT_UP, ctx.name, TRACKING, {})


def restored(ctx: UseCaseContext, sentence: str) -> None:
    """Audit log that something was deleted in MLflow and is back."""
    ctx.ledger.audit_log.note(RESTORED, ctx.name, TRACKING, {"sentence": sentence})


def run_of(ctx: UseCaseContext, candidate: Candidate) -> CandidateRun:
    """Which run is a candidate's."""
    return CandidateRun(ctx.name, candidate.request, candidate.name, candidate.run_id)


def log_or_keep(ctx: UseCaseContext, training_set: TrainingSet, name: str, fit: TrainingRun) -> str:
    """Log a candidate; returns the run's id. Where MLflow fails, what it would have been told is kept in the lake for
    maintenance, and the id is empty."""
    run_id = ""
    with projecting(ctx, f"candidate {name} of request {training_set.request[:8]}"):
        run_id = ctx.tracking.log_candidate(CandidateRun(ctx.name, training_set.request, name), fit, training_set)
    if run_id:
        return run_id
    subject = f"{training_set.request}/{name}"
    if ctx.ledger.audit_log.newest(subject, [KEPT]) is None:
        file = ctx.lake.put(_document(fit), "fits", "json")
        ctx.ledger.audit_log.note(KEPT, subject, TRACKING, {"file": asdict(file)})
    return ""


def kept(ctx: UseCaseContext, candidate: Candidate) -> TrainingRun | None:
    """What MLflow was to be told of a candidate; None when MLflow was told at once."""
    entry = ctx.ledger.audit_log.newest(f"{candidate.request}/{candidate.name}", [KEPT])
    if entry is None:
        return None
    document = json.loads(ctx.lake.read(FileRef(**json.loads(entry.body)["file"])))
    plots = {name: base64.b64decode(data) for name, data in document["plots"].items()}
    return TrainingRun(document["params"], candidate.metrics, plots, document["tags"], document["columns"])


def _document(fit: TrainingRun) -> bytes:
    """A fit as it is kept; its metrics are the candidate's in the ledger."""
    plots = {name: base64.b64encode(data).decode() for name, data in fit.plots.items()}
    params: Mapping[str, Any] = {name: str(value) for name, value in fit.params.items()}
    parts = {"params": params, "plots": plots, "tags": dict(fit.tags), "columns": dict(fit.columns)}
    return json.dumps(parts, sort_keys=True).encode()
