"""Drift: how far a batch's profile lies from the reference, column by column, and which distances are an alarm."""

from gatehouse.core.drift.column_distance import ColumnDistance, all_distances, measure_values, missing_distance
from gatehouse.core.drift.column_drift import ColumnDrift, to_document
from gatehouse.core.drift.univariate import judge

__all__ = [
    "ColumnDistance",
    "ColumnDrift",
    "all_distances",
    "judge",
    "measure_values",
    "missing_distance",
    "to_document",
]
