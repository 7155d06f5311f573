"""F29: validations at the same moment find what one after the other finds (Great Expectations issues 12209 and 12211)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pandas as pd

from gatehouse.adapters.contract import GreatExpectationsChecker
from gatehouse.core.config.contract import TableSpec

SPEC = TableSpec.model_validate_json(
    '{"key": ["id"], "time_column": "at", "columns": {"id": "string", "at": "timestamp", "amount": "number"}, "expectations": '
    '[{"expect": "expect_column_values_to_be_between", "severity": "critical", "reason": "amounts are small", '
    '"args": {"column": "amount", "max_value": 100}}]}'
)


def test_eight_validations_at_once_find_what_one_after_the_other_finds() -> None:
    """Each of eight batches has another number of bad rows; all at once, three times, each gets exactly its own."""
    frames = [_frame(bad) for bad in range(8)]

    def bad_rows(frame: pd.DataFrame) -> list[int]:
        return list(GreatExpectationsChecker().check("rides", SPEC, frame, {}).bad_rows)

    serial = [bad_rows(frame) for frame in frames]
    assert [len(found) for found in serial] == list(range(8))
    with ThreadPoolExecutor(8) as threads:
        for _ in range(3):
            assert list(threads.map(bad_rows, frames)) == serial


def _frame(bad: int) -> pd.DataFrame:
    amounts = [1000.0 if row < bad else 1.0 for row in range(40 + bad)]
    return pd.DataFrame(
        {"id": [str(row) for row in range(len(amounts))], "at": pd.Timestamp("2024-01-02", tz="UTC"), "amount": amounts}
    )
