"""Streams watched without a ledger: batches accepted and scored in memory by a champion that is trained once."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd

from gatehouse.adapters.models import SkopsModels
from gatehouse.context import UseCaseContext
from gatehouse.core.audit.canonical_json import canonical
from gatehouse.core.contract.batch_calendar import batch_interval
from gatehouse.core.performance.change_kinds import ChangeFinding
from gatehouse.core.performance.incidents import Incident, update_incidents
from gatehouse.core.types import (
    Batch,
    BatchId,
    BatchState,
    Candidate,
    Champion,
    FileRef,
    ModelVersion,
    MonitoringReport,
    Outcomes,
    Prediction,
    TableFiles,
    TrainingSet,
)
from gatehouse.pipeline.batch_data import batch_profiles
from gatehouse.pipeline.batch_data.reference import reference_of
from gatehouse.pipeline.batch_data.row_keys import LABEL, batch_frame, with_labels
from gatehouse.pipeline.monitor import monitor_batch
from gatehouse.pipeline.score import model_inputs
from gatehouse.use_case import load
from support.fakes import FakeLake
from support.streams import Stream


@dataclass
class Seen:
    """What the watch said of one batch: its alarms' subjects, findings, faults and incidents."""

    number: int
    alarms: list[str] = field(default_factory=list)
    findings: list[ChangeFinding] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    incidents: list[Incident] = field(default_factory=list)
    body: dict[str, Any] = field(default_factory=dict)

    @property
    def kinds(self) -> set[str]:
        """The kinds of change that were named, data faults among them."""
        return {each.kind.value for each in self.findings} | ({"data fault"} if self.faults else set())

    @property
    def pages(self) -> bool:
        """Whether anybody is paged."""
        return bool(self.faults) or any(each.page for each in self.findings)


class MemoryContext(UseCaseContext):
    """A site with the desks of a ledger that the watch reads."""

    ledger: Any = None
    lake: Any = None
    source: Any = None
    checker: Any = None
    models: Any = None
    tracking: Any = None


def watched(stream: Stream, path: Path, retrain: str = "", training: int = 4, held_out: int = 1) -> list[Seen]:
    """Watch every batch after the training ones and those held out; a faulty batch is not accepted."""
    ctx = MemoryContext(load(stream.folder(path, retrain)))
    ctx.lake, ctx.models = FakeLake(), SkopsModels()
    desk, kind = _Desk(), ctx.case.contract.frequency
    ctx.ledger = SimpleNamespace(batches=desk, audit_log=SimpleNamespace(newest=lambda subject, kinds: None))
    seen, champion = [], None
    for number, made in enumerate(stream.batches):
        interval = batch_interval(kind, made.key)
        rows = made.rows.assign(at=pd.to_datetime(made.rows["at"], utc=True))
        part = TableFiles(*[ctx.lake.put_frame(rows, "rows")] * 2)
        id = BatchId("stream", made.key, 1)
        batch = Batch(id, interval, BatchState.ACCEPTED, made.key, {"rows": part})
        earlier = batch_profiles.earlier_profiles(ctx, batch)
        profile = batch_profiles.profile(ctx, {"rows": rows}, earlier)
        faults = batch_profiles.detect_data_faults({"rows": rows}, profile, earlier, kind)
        now = Seen(number, faults=[each.kind for each in faults])
        if not faults:
            batch = replace(batch, profile=batch_profiles.store_profile(ctx, profile))
            desk.kept.append(batch)
            arrived = batch_interval(kind, stream.batches[min(number + 1, len(stream.batches) - 1)].key).end
            desk.labels[made.key] = Outcomes(id, arrived, ctx.lake.put_frame(made.outcomes, "outcomes"))
            if champion is not None:
                _look(ctx, batch, champion, now)
        if number == training + held_out - 1:
            champion = _champion(ctx, desk, training)
        elif champion is not None:
            seen.append(now)
    return seen


class _Desk:
    """`ports.Batches` as far as the watch reads it."""

    def __init__(self) -> None:
        self.kept: list[Batch] = []
        self.labels: dict[str, Outcomes] = {}
        self.scored: list[Prediction] = []
        self.reports: list[MonitoringReport] = []

    def list(self, use_case: str) -> list[Batch]:
        return self.kept

    def predictions(self, use_case: str) -> list[Prediction]:
        return self.scored

    def watches(self, use_case: str) -> list[MonitoringReport]:
        return self.reports

    def outcomes(self, use_case: str, as_of: Any) -> dict[str, Outcomes]:
        return {key: each for key, each in self.labels.items() if each.arrived <= as_of}


def _look(ctx: MemoryContext, batch: Batch, champion: Champion, now: Seen) -> None:
    desk = ctx.ledger.batches
    frame = batch_frame(ctx, batch)
    estimator = ctx.models.load(ctx.lake.read(champion.model.file), champion.model.file.sha256)
    scores = ctx.models.predict(estimator, model_inputs(frame), "classification")
    file = ctx.lake.put_frame(pd.DataFrame({"key": frame["gh_key"], "score": scores}), "predictions")
    desk.scored.append(Prediction(batch.id, 1, champion.model.file.sha256, 1, file))
    body, alarms, now.findings = monitor_batch.assess_batch(ctx, batch, champion)
    before = desk.reports[-1].body["incidents"] if desk.reports else []
    known = [Incident.from_document(each) for each in before]
    now.incidents = update_incidents(known, now.findings, batch.id.key, "matured" in body)
    now.alarms, now.body = [f"{each.kind} {each.subject}" for each in alarms], body
    body["incidents"] = [each.to_document() for each in now.incidents]
    canonical(body)  # as the ledger will write it
    desk.reports.append(MonitoringReport(batch.id, batch.interval.end, body))


def _champion(ctx: MemoryContext, desk: _Desk, training: int) -> Champion:
    frames = []
    for batch in desk.kept:
        frame = with_labels(ctx, batch_frame(ctx, batch), desk.labels[batch.id.key])
        frames.append(frame[frame[LABEL].notna()])
    train, holdout = (pd.concat(part, ignore_index=True) for part in (frames[:training], frames[training:]))
    estimator = ctx.case.model.estimators(0)["boosting"]
    fitted = ctx.models.fit("boosting", estimator, model_inputs(train), np.asarray(train[LABEL], dtype=float))
    file = ctx.lake.put(ctx.models.dump(fitted), "models", "skops")
    stored = [ctx.lake.put_frame(each, "training") for each in (train, holdout)]
    ids = tuple(batch.id for batch in desk.kept)
    recorded = TrainingSet("s", "r", stored[0], stored[1], ids[:training], ids[training:])
    reference = reference_of(ctx, recorded, Candidate("r", "boosting", {}, file, "run"))
    put: FileRef = ctx.lake.put(canonical(reference.to_document()).encode(), "references", "json")
    until = desk.kept[training - 1].interval.end
    model = ModelVersion("stream", 1, "boosting", file, put, "s", "r", "run", until)
    return Champion(1, model)
