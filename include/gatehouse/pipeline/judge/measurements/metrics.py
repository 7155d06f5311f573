"""The use case's own metrics: their code is archived with the evidence, so that a replay judges by what was judged by."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from gatehouse.context import UseCaseContext
from gatehouse.core.config.gate import GatePolicy
from gatehouse.core.gate.evidence import Evidence
from gatehouse.core.gate.measurements import Measurement
from gatehouse.core.statistics.custom_metrics import as_archived, is_own
from gatehouse.core.types import FileRef
from gatehouse.errors import ModelError
from gatehouse.pipeline.judge.measurements.measurement_context import MeasurementContext
from gatehouse.python_rules import archived_metrics

CODE = Measurement.of("own_metrics")


def uses_custom_metrics(policy: GatePolicy) -> bool:
    """Whether the policy names a metric of the use case's own."""
    return any(is_own(name) for name in (policy.metric, *(name for rule in policy.rules for name in rule.metrics())))


def custom_metrics(subject: MeasurementContext, _need: Measurement) -> dict[str, Any]:
    """`model.py` itself, put into the lake; ModelError for a metric that is no function."""
    functions = getattr(subject.ctx.case.model, "METRICS", {})
    wrong = [name for name, function in functions.items() if not callable(function)]
    if wrong:
        raise ModelError(f"model.py: METRICS holds {', '.join(wrong)}, which cannot be called")
    file = subject.ctx.lake.put((subject.ctx.case.folder / "model.py").read_bytes(), "code", "py")
    return {"path": file.path, "sha256": file.sha256, "size": file.size}


def use_custom_metrics(ctx: UseCaseContext, evidence: Evidence) -> AbstractContextManager[None]:
    """For the time of a replay, the metrics as they were when the evidence was gathered."""
    found = evidence.measured.get(CODE.key, {})
    if "sha256" not in found:
        return as_archived({})
    code = ctx.lake.read(FileRef(found["path"], found["sha256"], found["size"]))
    functions = (archived_metrics if ctx.case.process is None else ctx.case.process.archived_metrics)(code)
    return as_archived({f"{ctx.name}.{name}": function for name, function in functions.items()})
