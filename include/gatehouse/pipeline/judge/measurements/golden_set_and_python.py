"""What the use case brings along: its frozen golden set, and its rules written in Python."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from gatehouse.core.audit.canonical_json import sha256
from gatehouse.core.gate.measurements import Measurement
from gatehouse.core.rows.labels import check_labels
from gatehouse.core.rows.row_keys import KEY
from gatehouse.core.rows.scores import score_columns
from gatehouse.core.statistics.metrics import evaluate
from gatehouse.errors import ModelError
from gatehouse.pipeline.batch_data.row_keys import LABEL, TIME
from gatehouse.pipeline.batch_data.scored_rows import labels_by_name
from gatehouse.pipeline.judge.measurements.measurement_context import MeasurementContext
from gatehouse.python_rules import call_rule

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd


def golden_set(subject: MeasurementContext, need: Measurement) -> dict[str, Any]:
    """The metric of both models on the frozen rows; ModelError when the file is not the one that the policy names."""
    frame = _frozen(subject.ctx.case.folder / need["file"], need["sha256"])
    missing = [name for name in (*subject.inputs, LABEL) if name not in frame]
    if missing:
        raise ModelError(f"{need['file']} lacks {', '.join(map(str, missing))}")
    inputs = frame[list(subject.inputs)].astype(subject.inputs.dtypes.to_dict())
    models, policy = subject.ctx.models, subject.ctx.case.retrain
    task = policy.task
    labels = check_labels(frame[LABEL], task, need["file"], policy.label_names)
    found = {"challenger": evaluate(need["metric"], labels, models.predict(subject.estimator, inputs, task))}
    if subject.reigning is not None:
        found["champion"] = evaluate(need["metric"], labels, models.predict(subject.reigning, inputs, task))
    return {**found, "rows": len(frame)}


def python_rule(subject: MeasurementContext, need: Measurement) -> dict[str, Any]:
    """What the use case's own function says: (value, limit, passed, sentence), and the hash of its file."""
    file, name = need["function"].split(":")
    path = subject.ctx.case.folder / file
    code = path.read_bytes()
    elsewhere = subject.ctx.case.process
    said = (call_rule if elsewhere is None else elsewhere.rule)(path, code, name, _rows(subject))
    try:
        value, limit, passed, sentence = said
        numbers = {"value": float(value), "limit": None if limit is None else float(limit)}
    except (TypeError, ValueError):
        raise ModelError(
            f"{need['function']} returned {str(said)[:80]!r}; wanted (value, limit, passed, sentence)"
        ) from None
    if not math.isfinite(numbers["value"] or 0.0) or passed not in (True, False):
        raise ModelError(
            f"{need['function']} returned value {value!r} and passed {passed!r}; wanted a number and a bool"
        )
    return {
        **numbers,
        "passed": bool(passed),
        "sentence": str(sentence),
        "code": sha256(code),
        "rows": len(subject.frame),
    }


def _rows(subject: MeasurementContext) -> pd.DataFrame:
    """A copy of the held-out rows: the features, `key`, `time`, `label`, `challenger` and `champion` (NaN without one). Of more
    than two classes `label` is the name, and each class has its `challenger:<class>` and `champion:<class>`."""
    import numpy as np

    classes = subject.ctx.case.retrain.class_names
    former = np.full_like(subject.predictions, math.nan) if subject.former is None else subject.former
    marks: dict[str, Any] = {
        "key": subject.frame[KEY],
        "time": subject.frame[TIME],
        "label": labels_by_name(subject.ctx, subject.frame[LABEL]),
    }
    scores = score_columns("challenger", subject.predictions, classes) | score_columns("champion", former, classes)
    return subject.inputs.assign(**marks, **scores)


def _frozen(path: Path, wanted: str) -> pd.DataFrame:
    import io

    import pandas as pd

    data = path.read_bytes()
    if sha256(data) != wanted:
        raise ModelError(f"{path.name} has sha256 {sha256(data)[:12]}..., the policy names {wanted[:12]}...")
    return pd.read_parquet(io.BytesIO(data)) if path.suffix == ".parquet" else pd.read_csv(io.BytesIO(data))
