"""Tell: what was decided and what came of each batch, as MLflow and the archive keep it. After the ledger, and again
without harm."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from gatehouse.context import UseCaseContext
from gatehouse.core.audit.canonical_json import digest
from gatehouse.core.statistics.metrics import metrics_for
from gatehouse.core.types import Batch, BatchState, Decision, FileRef, ModelVersion, MonitoringReport, Promotion
from gatehouse.errors import LakeError
from gatehouse.pipeline.final_fit import describe_final_fit
from gatehouse.pipeline.judge.evidence import archived_evidence
from gatehouse.pipeline.judge.measurements import use_custom_metrics
from gatehouse.pipeline.reinstate import origin
from gatehouse.ports import BatchLog, CandidateRun, DecisionLog, Table
from gatehouse.reports import decision_report
from gatehouse.reports.decision import DecisionProvenance
from gatehouse.reports.tables import decision_tables, holdout_metrics
from gatehouse.settings import decision_page

DRIFT = ("column", "distance", "value", "limit", "changed", "alarm", "sentence")


def publish_decision(ctx: UseCaseContext, decision: Decision, model: ModelVersion) -> FileRef:
    """Archive the report of a recorded decision with its evidence, and log it to the challenger's run with the tables;
    the version's tags and description say the verdict. Returns the archived report.

    MLflow is told last: a decision is in the archive whether MLflow answers or not, and maintenance tells what it lacks.
    """
    file, text = ctx.ledger.decisions.archive(decision.id)
    evidence, _ = archived_evidence(ctx.lake, file)
    metric = str(json.loads(text).get("metric", ""))
    with use_custom_metrics(ctx, evidence):
        page = decision_report(
            ctx.case.contract.title, decision, model, evidence, text, decision_provenance(ctx, decision, model)
        )
        report = ctx.lake.put(page.encode(), "reports", "html")
        judged = DecisionLog(
            run=CandidateRun(ctx.name, model.request, model.candidate, model.run_id),
            report=page,
            tables=decision_tables(decision, evidence, metric),
            metrics=holdout_metrics(evidence, list(metrics_for(ctx.case.retrain.task))),
            tags=decision_tags(decision),
            description=version_description(ctx, model, decision),
        )
    archived = ctx.ledger.decisions.reported(decision.id, report)
    ctx.tracking.decided(decision, judged)
    return archived


def decision_tags(decision: Decision) -> dict[str, str]:
    """What a version and its run are found by."""
    told = {"verdict": str(decision.verdict), "decision": decision.id, "reason": decision.sentence}
    page = decision_page(decision.id)
    return {f"gatehouse.{name}": value for name, value in told.items()} | ({"gatehouse.page": page} if page else {})


def decision_provenance(ctx: UseCaseContext, decision: Decision, model: ModelVersion) -> DecisionProvenance:
    """Where a challenger came from: reasons, batches, candidates, and the audit log's lines about it so far."""
    request = ctx.ledger.requests.get(model.request)
    rows = ctx.ledger.requests.training_set(model.request)
    parts = {"training": rows.training_batches, "holdout": rows.holdout_batches}
    lines = [
        e for subject in (model.request, decision.id) for e in ctx.ledger.audit_log.entries(about=subject, limit=200)
    ]
    made = max(entry.seq for entry in lines if (entry.kind, entry.subject) == ("decision.made", decision.id))
    return DecisionProvenance(
        asked=tuple(f"{reason.kind}: {reason.sentence}" for reason in request.reasons),
        opened_by=request.opened_by,
        final_fit=describe_final_fit(ctx, model),
        batches=tuple((f"{batch.key}.r{batch.revision}", part) for part, used in parts.items() for batch in used),
        candidates=tuple((each.name, dict(each.metrics), each.reason) for each in ctx.ledger.requests.candidates(request.id)),
        selection_metric=ctx.case.retrain.selection_metric,
        audit_log=tuple((e.seq, f"{e.at:%Y-%m-%d %H:%M} UTC", e.kind, e.actor) for e in sorted(lines, key=lambda e: e.seq)
                      if e.seq <= made),
    )  # fmt: skip


def version_description(ctx: UseCaseContext, model: ModelVersion, decision: Decision | None = None) -> str:
    """A registered version in plain words: what it is, what the gate said, whether and since when it serves."""
    made = decision or ctx.ledger.decisions.of_request(model.request)
    former = origin(ctx, model)
    words = [
        f"{ctx.case.contract.title}. Version {model.version} of the ledger: {model.candidate}, trained on data until "
        f"{model.trained_until:%Y-%m-%d}." + (f" It is version {former.version} again, reinstated." if former else "")
    ]
    if final := describe_final_fit(ctx, model):
        words.append(final)
    words += (
        [f"The gate said {made.verdict}: {made.sentence.split(': ', 1)[-1]}"] if made else ["The gate has not decided."]
    )
    for approved, actor, reason in ctx.ledger.decisions.answers(made.id) if made else ():
        words.append(f"{'Approved' if approved else 'Rejected'} by {actor}: {reason}")
    history = ctx.ledger.models.promotions(ctx.name)
    return "\n\n".join(
        [*words, *(_served(history, place) for place, each in enumerate(history) if each.version == model.version)]
    )


def _served(history: list[Promotion], place: int) -> str:
    now = history[place]
    until = f"until {_moment(history[place + 1])}" if place + 1 < len(history) else "and serves now"
    return f"Champion of generation {now.generation} since {_moment(now)} {until}, by {now.kind} of {now.actor}: {now.reason}"


def _moment(promotion: Promotion) -> str:
    return f"{promotion.at:%Y-%m-%d %H:%M} UTC" if promotion.at else "an unknown time"


def model_description(ctx: UseCaseContext) -> str:
    """The registered model in plain words."""
    champion = ctx.ledger.models.champion(ctx.name)
    now = (
        f"Version {champion.model.version} of the ledger serves (generation {champion.generation})"
        if champion
        else "No version serves"
    )
    people = ", ".join(ctx.case.gate.review.approvers)
    policy = ctx.case.retrain
    return (
        f"{ctx.case.contract.title} ({policy.task}). {now}. Candidates are compared by {policy.selection_metric}; "
        f"gate.yaml decides what serves, {people} may answer a review. Kept by Gatehouse: the ledger is the truth, the aliases "
        "mirror it."
    )


def untold_batches(ctx: UseCaseContext, marks: Mapping[str, str]) -> Iterator[tuple[str, Batch, BatchLog]]:
    """The batches that MLflow does not have as the ledger has them now, the oldest first, with what is to be told.

    A run a batch, not the run of a training that used it: a quarantined batch is in no training, and one that was used in
    six would be told six times. A damaged report is left out: `gatehouse audit verify` names it.
    """
    watches = {report.batch: report for report in ctx.ledger.batches.watches(ctx.name)}
    for batch in ctx.ledger.batches.list(ctx.name):
        name, watch = f"{batch.id.key}.r{batch.id.revision}", watches.get(batch.id)
        mark = digest([batch.state, batch.report.sha256 if batch.report else "", watch is not None])
        if batch.state is not BatchState.LANDED and marks.get(name) != mark:
            with suppress(LakeError):
                yield name, batch, _batch_told(ctx, batch, watch, mark)


def _batch_told(ctx: UseCaseContext, batch: Batch, watch: MonitoringReport | None, mark: str) -> BatchLog:
    main = batch.tables[ctx.case.contract.main]
    body: dict[str, Any] = dict(watch.body) if watch else {}
    alarms = body.get("alarms", [])
    metrics = {"rows": float(main.source.rows or 0), "alarms": float(len(alarms))}
    if main.accepted is not None and main.quarantined is not None:
        metrics |= {
            "rows.accepted": float(main.accepted.rows or 0),
            "rows.quarantined": float(main.quarantined.rows or 0),
        }
    drifts = body.get("drift", [])
    tables = {"drift.json": Table(DRIFT, tuple(tuple(_plain(each.get(name)) for name in DRIFT) for each in drifts))}
    metrics |= {"columns.changed": float(sum(bool(each.get("changed")) for each in drifts))} if drifts else {}
    tags = {
        "gatehouse.state": str(batch.state), "gatehouse.use_case": ctx.name, "gatehouse.key": batch.id.key,
        "gatehouse.reason": batch.reason, "gatehouse.champion": str(body.get("champion") or ""),
        "gatehouse.alarms": "; ".join(f"{each['kind']}: {each['sentence']}" for each in alarms),
    }  # fmt: skip
    report = ctx.lake.read(batch.report).decode() if batch.report else ""
    return BatchLog(mark, report, {name: value for name, value in tags.items() if value}, metrics,
                     tables if drifts else {}, main.accepted or main.source)  # fmt: skip


def _plain(value: Any) -> Any:
    """A cell that JSON can hold."""
    return value if isinstance(value, str | bool | int | float) or value is None else str(value)
