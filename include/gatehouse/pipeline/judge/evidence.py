"""Evidence: everything a decision is computed from is gathered from ledger, lake and models, and archived."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gatehouse.context import UseCaseContext
from gatehouse.core.audit.canonical_json import canonical
from gatehouse.core.gate.evidence import Evidence, HoldoutData, ModelFacts
from gatehouse.core.gate.evidence_io import evidence_document, evidence_from, evidence_sha256, holdout_columns
from gatehouse.core.rows.row_keys import KEY
from gatehouse.core.types import Batch, BatchId, Champion, FileRef, ModelVersion, TrainingSet
from gatehouse.model_code import check_slices
from gatehouse.pipeline.batch_data.known_classes import check_classes
from gatehouse.pipeline.batch_data.labelled_rows import labels_in, weights_in
from gatehouse.pipeline.batch_data.row_keys import TIME
from gatehouse.pipeline.final_fit import judged_file
from gatehouse.pipeline.gather import latest_interval_end
from gatehouse.pipeline.judge.interim_looks import count_looks
from gatehouse.pipeline.judge.measurements import MeasurementContext, measure_all, required_measurements
from gatehouse.pipeline.judge.new_types import find_new_types
from gatehouse.pipeline.score import model_inputs
from gatehouse.ports import Lake

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

PROBE_ROWS = 2000


@dataclass(frozen=True)
class HoldoutRows:
    """The labelled rows that a decision rests on, and the batches that they are of."""

    frame: pd.DataFrame
    batches: tuple[BatchId, ...]


def gather_evidence(
    ctx: UseCaseContext,
    model: ModelVersion,
    champion: Champion | None,
    held_out: HoldoutRows | None = None,
    extra: Mapping[str, Any] | None = None,
) -> Evidence:
    """Both models on the same held-out rows, and what was measured about the challenger besides.

    `held_out` replaces the training set's own holdout when a decision is made again on more outcomes; `extra` goes into
    the evidence as it is.
    """
    training_set = ctx.ledger.requests.training_set(model.request)
    held_out = held_out or HoldoutRows(ctx.lake.frame(training_set.holdout), training_set.holdout_batches)
    frame = held_out.frame
    twin = judged_file(ctx, model)
    check_slices(ctx.case.slices, [str(name) for name in model_inputs(frame)], ctx.case.model_file)
    task, inputs = ctx.case.retrain.task, model_inputs(frame)
    estimator, former, reigning = ctx.models.load(ctx.lake.read(twin), twin.sha256), None, None
    challenger = ctx.models.predict(estimator, inputs, task)
    if champion is not None:
        check_classes(ctx, champion.model)
        former = ctx.models.load(ctx.lake.read(champion.model.file), champion.model.file.sha256)
        reigning = ctx.models.predict(former, inputs, task)
    subject = MeasurementContext(ctx, model, champion, training_set, frame, estimator, challenger, former, reigning)
    return Evidence(
        use_case=ctx.name,
        task=task,
        version=model.version,
        model_sha256=model.file.sha256,
        champion=champion.model.version if champion else None,
        champion_sha256=champion.model.file.sha256 if champion else None,
        generation=champion.generation if champion else 0,
        training_set=training_set.sha256,
        holdout=_holdout(ctx, frame, challenger, reigning),
        facts=model_facts(ctx, model, training_set, ctx.lake.read(model.file), inputs, held_out),
        extra={
            **(extra or {}),
            **find_new_types(ctx, model),
            **({"final_fit": {"judged": twin.sha256}} if twin != model.file else {}),
        },
        looks=count_looks(ctx, champion, extra),
        measured=measure_all(subject, required_measurements(ctx.case.gate)),
    )


def _holdout(
    ctx: UseCaseContext, frame: pd.DataFrame, challenger: NDArray[np.float64], champion: NDArray[np.float64] | None
) -> HoldoutData:
    return HoldoutData(
        keys=frame[KEY].to_numpy("str"),
        labels=labels_in(frame),
        time=frame[TIME].dt.tz_localize(None).to_numpy("datetime64[us]"),
        challenger=challenger,
        champion=champion,
        slices={name: frame[name].astype("str").to_numpy("str") for name in ctx.case.slices},
        classes=ctx.case.retrain.class_names,
        weights=weights_in(frame),
    )


def model_facts(
    ctx: UseCaseContext,
    model: ModelVersion,
    training_set: TrainingSet,
    data: bytes,
    inputs: pd.DataFrame,
    held_out: HoldoutRows,
) -> ModelFacts:
    """What was measured about the challenger besides its predictions."""
    probe = ctx.models.probe(data, model.file.sha256, inputs.head(PROBE_ROWS), ctx.case.retrain.task)
    judged_on = [ctx.ledger.batches.get(batch) for batch in held_out.batches]
    used = [ctx.ledger.batches.get(batch) for batch in training_set.training_batches] + judged_on
    accepted = sum(_rows(ctx, batch) for batch in judged_on)
    return ModelFacts(
        maturity=len(held_out.frame) / accepted if accepted else 0.0,
        training_rows=training_set.training.rows or 0,
        training_until=latest_interval_end(ctx, training_set.training_batches),
        holdout_from=min(batch.interval.start for batch in judged_on),
        size_bytes=probe.size_bytes,
        load_seconds=probe.load_seconds,
        rows_per_second=probe.rows_per_second,
        load_error=probe.error,
        memory_bytes=probe.memory_bytes,
        validated_batches=len(used),
        failed_checks=tuple(f"{batch.id} is {batch.state}" for batch in used if batch.state != "accepted"),
    )


def _rows(ctx: UseCaseContext, batch: Batch) -> int:
    part = batch.tables[ctx.case.contract.main]
    return (part.accepted.rows or 0) if part.accepted else 0


def archive_evidence(ctx: UseCaseContext, evidence: Evidence) -> FileRef:
    """Store the held-out rows and the document that names them; the document's file is the evidence."""
    import pandas as pd

    holdout = ctx.lake.put_frame(pd.DataFrame(holdout_columns(evidence.holdout)), "evidence")
    named = {"path": holdout.path, "sha256": holdout.sha256, "size": holdout.size, "rows": holdout.rows}
    document = {"evidence": evidence_document(evidence, holdout.sha256), "holdout_file": named}
    return ctx.lake.put(canonical(document).encode(), "evidence", "json")


def archived_evidence(lake: Lake, file: FileRef) -> tuple[Evidence, str]:
    """The evidence of a file of `archive`, checked against its hashes, and its own hash."""
    document = json.loads(lake.read(file))
    columns = lake.frame(FileRef(**document["holdout_file"]))
    evidence = evidence_from(document["evidence"], {str(name): columns[name].to_numpy() for name in columns})
    return evidence, evidence_sha256(document["evidence"])
