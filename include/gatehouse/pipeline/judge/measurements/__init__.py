"""Measuring: what the policy's rules need is measured with the models and files at hand, and archived as plain values.

The gate never measures: it reads what is here, so a decision stays a pure function of evidence and policy.
"""

from gatehouse.pipeline.judge.measurements.measurement_context import MeasurementContext
from gatehouse.pipeline.judge.measurements.metrics import use_custom_metrics
from gatehouse.pipeline.judge.measurements.registry import measure_all, required_measurements

__all__ = ["MeasurementContext", "measure_all", "required_measurements", "use_custom_metrics"]
