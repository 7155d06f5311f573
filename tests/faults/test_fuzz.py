"""A seeded share of the fuzzers; `make test-resilience` tries ten thousand examples and more."""

from __future__ import annotations

from faults.fuzzing import fuzzed
from faults.proven import Asked


def test_a_share_of_bad_input_is_taken_or_refused_by_name() -> None:
    """CSV and Parquet bytes, use-case folders, keys and model files: nothing lost, nothing but a named error."""
    rows = fuzzed(Asked(examples=600))
    assert sum(row.tried for row in rows) >= 550
    assert [divergence for row in rows for divergence in row.divergences] == []
