"""Drift: how far a batch's profile lies from the reference, column by column, and which distances are an alarm."""

from gatehouse.core.drift.judge import ColumnDrift, judge, to_document
from gatehouse.core.drift.measure import Measured, all_distances, measure_presence, measure_values

__all__ = ["ColumnDrift", "Measured", "all_distances", "judge", "measure_presence", "measure_values", "to_document"]
