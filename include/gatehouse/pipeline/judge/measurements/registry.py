"""Each kind of need and who measures it. What goes wrong in measuring is archived as the reason, never as a value."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from gatehouse.core.config.gate import GatePolicy
from gatehouse.core.gate.measurements import DEFAULT_MEASUREMENTS, Measurement
from gatehouse.errors import GatehouseError
from gatehouse.pipeline.judge.measurements import behaviour, golden_set_and_python, metrics, provenance_checks
from gatehouse.pipeline.judge.measurements.measurement_context import MeasurementContext

MEASUREMENTS: dict[str, Callable[[MeasurementContext, Measurement], dict[str, Any]]] = {
    "golden_set": golden_set_and_python.golden_set,
    "holdout_drift": provenance_checks.holdout_drift,
    "importance": provenance_checks.importance,
    "invariant": behaviour.invariant,
    "lineage": provenance_checks.lineage,
    "monotone": behaviour.monotone,
    "own_metrics": metrics.custom_metrics,
    "python": golden_set_and_python.python_rule,
    "refit": provenance_checks.refit,
    "signature": provenance_checks.signature,
    "unseen": behaviour.unseen_values,
}


def required_measurements(policy: GatePolicy) -> tuple[Measurement, ...]:
    """What the policy's rules need measured, each once, and what always is; a rule that is off needs nothing."""
    asked = [need for rule in policy.rules if rule.mode != "off" for need in rule.needs()]
    code = [metrics.CODE] if metrics.uses_custom_metrics(policy) else []
    return tuple(dict.fromkeys([*DEFAULT_MEASUREMENTS, *code, *asked]))


def measure_all(subject: MeasurementContext, needs: Iterable[Measurement]) -> dict[str, dict[str, Any]]:
    """What was measured for each need by its key, or {"error": why not}: a rule without its value is INCONCLUSIVE."""
    return {need.key: _measured(subject, need) for need in needs}


def _measured(subject: MeasurementContext, need: Measurement) -> dict[str, Any]:
    try:
        return MEASUREMENTS[need.kind](subject, need)
    except Exception as error:  # models, files and the use case's code fail in many ways: all of them are the answer
        if isinstance(error, GatehouseError) and error.retry:
            raise  # trying again can help: that is the task's to do
        return {"error": f"{type(error).__name__}: {str(error)[:300]}"}
