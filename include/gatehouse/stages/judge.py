"""Judge: evidence is gathered and archived, the policy decides, the decision is recorded. Nothing is promoted here."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from gatehouse.core.canonical import canonical
from gatehouse.core.evidence import Evidence, Facts, Holdout
from gatehouse.core.evidence_record import evidence_document, evidence_from, evidence_sha256, holdout_columns
from gatehouse.core.gate import decide
from gatehouse.core.records import Batch, Champion, Decision, FileRef, ModelVersion, RequestState, TrainingSet, Verdict
from gatehouse.core.specs.gate import GatePolicy
from gatehouse.report import decision_report
from gatehouse.site import Site
from gatehouse.stages.gather import trained_until
from gatehouse.stages.rows import KEY, LABEL, TIME
from gatehouse.stages.score import model_inputs

if TYPE_CHECKING:
    import pandas as pd

PROBE_ROWS = 2000


def judge(site: Site, request_id: str) -> Decision:
    """Decide on a request's challenger. A request that was decided before keeps its decision."""
    decision = site.ledger.decisions.of_request(request_id)
    model = next(model for model in site.ledger.models.list(site.name) if model.request == request_id)
    if decision is None:
        lease = site.ledger.attempts.enter(f"{site.name}/{request_id}/judge")
        decision, archived = decide_on(site, model)
        site.ledger.decisions.record(lease, decision, archived, site.case.gate.text)
    site.tracking.decided(decision, model.run_id, decision_report(site.case.contract.title, decision, model))
    if decision.verdict is not Verdict.PROMOTE:
        _close(site, model, decision)
    return decision


def decide_on(site: Site, model: ModelVersion) -> tuple[Decision, FileRef]:
    """The decision on a model under the use case's policy, and the archived evidence that it follows from."""
    evidence = gather_evidence(site, model, site.ledger.models.champion(site.name))
    archived = archive(site, evidence)
    document = json.loads(site.lake.read(archived))
    return decide(evidence, site.case.gate, evidence_sha256(document["evidence"])), archived


def archive(site: Site, evidence: Evidence) -> FileRef:
    """Store the held-out rows and the document that names them; the document's file is the evidence."""
    import pandas as pd

    holdout = site.lake.put_frame(pd.DataFrame(holdout_columns(evidence.holdout)), "evidence")
    named = {"path": holdout.path, "sha256": holdout.sha256, "size": holdout.size, "rows": holdout.rows}
    document = {"evidence": evidence_document(evidence, holdout.sha256), "holdout_file": named}
    return site.lake.put(canonical(document).encode(), "evidence", "json")


def replay(site: Site, decision_id: str, policy: GatePolicy | None = None) -> Decision:
    """Decide again from the archived evidence, under the archived policy or another one: a pure function of the two."""
    archived, text = site.ledger.decisions.archive(decision_id)
    document = json.loads(site.lake.read(archived))
    columns = site.lake.frame(FileRef(**document["holdout_file"]))
    evidence = evidence_from(document["evidence"], {str(name): columns[name].to_numpy() for name in columns})
    return decide(evidence, policy or GatePolicy.model_validate_json(text), evidence_sha256(document["evidence"]))


def gather_evidence(site: Site, model: ModelVersion, champion: Champion | None) -> Evidence:
    """Both models on the same held-out rows, and what was measured about the challenger besides."""
    training_set = site.ledger.requests.training_set(model.request)
    frame = site.lake.frame(training_set.holdout)
    data = site.lake.read(model.file)
    task, inputs = site.case.retrain.task, model_inputs(frame)
    challenger = site.models.predict(site.models.load(data, model.file.sha256), inputs, task)
    reigning = None
    if champion is not None:
        former = site.models.load(site.lake.read(champion.model.file), champion.model.file.sha256)
        reigning = site.models.predict(former, inputs, task)
    return Evidence(
        use_case=site.name,
        task=task,
        version=model.version,
        model_sha256=model.file.sha256,
        champion=champion.model.version if champion else None,
        champion_sha256=champion.model.file.sha256 if champion else None,
        epoch=champion.epoch if champion else 0,
        training_set=training_set.sha256,
        holdout=Holdout(
            keys=frame[KEY].to_numpy("str"),
            labels=frame[LABEL].to_numpy("float64"),
            time=frame[TIME].dt.tz_localize(None).to_numpy("datetime64[us]"),
            challenger=challenger,
            champion=reigning,
            slices={name: frame[name].astype("str").to_numpy("str") for name in site.case.model.SLICES},
        ),
        facts=facts(site, model, training_set, data, inputs),
    )


def facts(site: Site, model: ModelVersion, training_set: TrainingSet, data: bytes, inputs: pd.DataFrame) -> Facts:
    """What was measured about the challenger besides its predictions."""
    probe = site.models.probe(data, model.file.sha256, inputs.head(PROBE_ROWS), site.case.retrain.task)
    held_out = [site.ledger.batches.get(batch) for batch in training_set.holdout_batches]
    used = [site.ledger.batches.get(batch) for batch in training_set.training_batches] + held_out
    accepted = sum(_rows(site, batch) for batch in held_out)
    return Facts(
        maturity=(training_set.holdout.rows or 0) / accepted if accepted else 0.0,
        training_rows=training_set.training.rows or 0,
        training_until=trained_until(site, training_set.training_batches),
        holdout_from=min(batch.interval.start for batch in held_out),
        size_bytes=probe.size_bytes,
        load_seconds=probe.load_seconds,
        rows_per_second=probe.rows_per_second,
        load_error=probe.error,
        validated_batches=len(used),
        failed_checks=tuple(f"{batch.id} is {batch.state}" for batch in used if batch.state != "accepted"),
    )


def _rows(site: Site, batch: Batch) -> int:
    part = batch.tables[site.case.contract.main]
    return (part.accepted.rows or 0) if part.accepted else 0


def _close(site: Site, model: ModelVersion, decision: Decision) -> None:
    """A HOLD, a BLOCK and a REVIEW that waits for a person end the request: scoring goes on with the present champion."""
    if site.ledger.requests.get(model.request).state is RequestState.CLAIMED:
        lease = site.ledger.attempts.enter(f"{site.name}/{model.request}/close")
        site.ledger.requests.close(lease, model.request, RequestState.DECIDED, decision.sentence)
