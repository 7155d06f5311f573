"""The record: what the ledger and the lake say about the challenger, and whether it can be made again from that."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from gatehouse.core.audit.canonical_json import digest
from gatehouse.core.drift import measure_values, missing_distance
from gatehouse.core.drift.reference import LABEL as LABEL_COLUMN
from gatehouse.core.drift.reference import Reference
from gatehouse.core.gate.measurements import Measurement
from gatehouse.core.profiling import profile_of
from gatehouse.core.types import FileRef
from gatehouse.errors import LakeError, ModelError
from gatehouse.pipeline.batch_data.labelled_rows import fit_on
from gatehouse.pipeline.batch_data.row_keys import LABEL
from gatehouse.pipeline.judge.measurements.measurement_context import MeasurementContext
from gatehouse.pipeline.score import model_inputs

if TYPE_CHECKING:
    from gatehouse.core.types import TrainingSet


def importance(subject: MeasurementContext, _need: Measurement) -> dict[str, Any]:
    """The permutation importance that the challenger's reference records."""
    return {"features": dict(_reference(subject).importance)}


def signature(subject: MeasurementContext, _need: Measurement) -> dict[str, Any]:
    """The features and types that challenger and champion were trained on; None without a champion."""
    requests, champion = subject.ctx.ledger.requests, subject.champion
    former = None if champion is None else _signature(subject, requests.training_set(champion.model.request))
    return {"challenger": _signature(subject, subject.training_set), "champion": former}


def lineage(subject: MeasurementContext, _need: Measurement) -> dict[str, Any]:
    """Every file behind the challenger is read; `broken` names those that are gone or not what was recorded."""
    broken = []
    files = _files(subject)
    for name, file in files.items():
        try:
            subject.ctx.lake.read(file)
        except LakeError as error:
            broken.append(f"{name}: {str(error)[:200]}")
    candidates = subject.ctx.ledger.requests.candidates(subject.model.request)
    run = next((each for each in candidates if each.run_id == subject.model.run_id and each.file is not None), None)
    final = _final_fit(subject) if "reference" not in {each.split(":")[0] for each in broken} else ""
    if run is None or (run.file != subject.model.file and final != subject.model.file.sha256):
        broken.append(f"candidate {subject.model.candidate}: no recorded run made this model file")
    training_set = subject.training_set
    if training_set.sha256 != digest([training_set.training.sha256, training_set.holdout.sha256]):
        broken.append("training set: its identity is not that of its files")
    return {"files": len(files), "broken": broken}


def refit(subject: MeasurementContext, _need: Measurement) -> dict[str, Any]:
    """The candidate is fitted again on its training set with the recorded seed; the largest difference of a prediction.

    ModelError when `model.py` has changed since: then it is not the record that is fitted again.
    """
    import numpy as np

    ctx, name, made_by = subject.ctx, subject.model.candidate, _reference(subject).made_by
    if not made_by:
        raise ModelError("the seed that the model was fitted with is not on record")
    if made_by["code"] != ctx.case.code_sha256:
        raise ModelError(f"model.py has changed since: its sha256 was {made_by['code'][:12]}...")
    seed = int(made_by["seed"])
    estimators = ctx.case.estimators(seed)
    if name not in estimators:
        raise ModelError(f"model.py has no estimator {name!r} any more; it has {', '.join(sorted(estimators))}")
    frame = ctx.lake.frame(subject.training_set.training)
    again = fit_on(ctx, name, frame, seed)
    predicted = ctx.models.predict(again, subject.inputs, ctx.case.retrain.task)
    difference = float(np.abs(predicted - subject.predictions).max())
    return {"difference": difference, "seed": seed, "code": made_by["code"], "rows": len(predicted)}


def holdout_drift(subject: MeasurementContext, need: Measurement) -> dict[str, Any]:
    """How far each feature, and the label, moved from training to holdout, and how far chance alone moves it."""
    known = _reference(subject).inputs
    held_out = profile_of(subject.inputs.assign(**{LABEL_COLUMN: subject.frame[LABEL]}), like=known)
    columns = {}
    for name, batch in held_out.columns.items():
        found = [
            each
            for each in (measure(known.columns[name], batch, need["distance"]) for measure in _MEASURES)
            if each is not None
        ]
        if found:
            worst = max(found, key=lambda each: each.value - each.noise)
            columns[name] = {"value": worst.value, "noise": worst.noise}
    return {"columns": columns, "rows": len(subject.frame)}


_MEASURES = (measure_values, missing_distance)


def _reference(subject: MeasurementContext) -> Reference:
    return Reference.from_document(json.loads(subject.ctx.lake.read(subject.model.reference)))


def _signature(subject: MeasurementContext, training_set: TrainingSet) -> dict[str, str]:
    import pandas as pd

    inputs = model_inputs(subject.ctx.lake.frame(training_set.training))
    return {
        str(name): "text" if pd.api.types.is_string_dtype(kind) else str(kind).lower()
        for name, kind in inputs.dtypes.items()
    }


def _final_fit(subject: MeasurementContext) -> str:
    """The hash of the file that the reference names as the final fit of its model; empty where there was none."""
    return str(_reference(subject).made_by.get("serves", ""))


def _files(subject: MeasurementContext) -> dict[str, FileRef]:
    """Every file behind the challenger by a name for people; what several share is read once."""
    training_set, ledger = subject.training_set, subject.ctx.ledger
    named = {
        "model": subject.model.file,
        "reference": subject.model.reference,
        "training rows": training_set.training,
        "held-out rows": training_set.holdout,
    }
    if subject.champion is not None:
        named["champion"] = subject.champion.model.file
    for batch_id in (*training_set.training_batches, *training_set.holdout_batches):
        for table, part in ledger.batches.get(batch_id).tables.items():
            parts = {"source": part.source, "accepted": part.accepted, "quarantined": part.quarantined}
            named |= {f"{batch_id} {table} {kind}": file for kind, file in parts.items() if file is not None}
    return dict({file.path: (name, file) for name, file in named.items()}.values())
