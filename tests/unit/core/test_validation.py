from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatehouse.core.contract.validation import decide
from support.contracts import table


@dataclass(frozen=True)
class Check:
    bad_rows: dict[int, tuple[str, ...]] = field(default_factory=dict)
    batch_failures: tuple[str, ...] = ()
    row_problems: tuple[str, ...] = ()


def judge(rows: int, check: Check, **limits):
    """The verdict on one table of so many rows."""
    return decide({"rides": table(**limits)}, {"rides": rows}, {"rides": check})


@given(st.integers(0, 50), st.sets(st.integers(0, 49)), st.booleans())
def test_every_row_is_in_exactly_one_place(rows, bad, failed) -> None:
    """Invariant I3: the split partitions the rows, and the counts add up whatever the verdict."""
    check = Check({row: ("why",) for row in bad if row < rows}, ("stale",) if failed else ())
    verdict = judge(rows, check)
    split = verdict.splits["rides"]
    assert sorted([*split.good, *split.bad]) == list(range(rows))
    assert sum(verdict.counts("rides")) == rows
    assert verdict.accepted or verdict.counts("rides")[0] == 0


def test_a_clean_batch_is_accepted_with_its_bad_rows_apart() -> None:
    """Few bad rows do not stop a batch: they alone are quarantined, with their reasons."""
    verdict = judge(100, Check({7: ("too fast",)}))
    assert verdict.accepted
    assert verdict.reason == ""
    assert verdict.counts("rides") == (99, 1)
    assert verdict.splits["rides"].bad == {7: ("too fast",)}


def test_too_many_bad_rows_quarantine_the_batch() -> None:
    """The share of bad rows is compared with the contract's limit: at the limit passes, above it does not."""
    bad = dict.fromkeys(range(5), ("why",))
    assert judge(100, Check(bad), max_quarantined_share=0.05).accepted
    verdict = judge(99, Check(bad), max_quarantined_share=0.05)
    assert verdict.reason == "table 'rides': 5 of 99 rows (5.05%) are bad, contract.yaml allows 5.00%"
    assert verdict.counts("rides") == (0, 99)


def test_too_few_rows_quarantine_the_batch() -> None:
    """An empty batch is quarantined by the default of one row."""
    assert judge(0, Check()).reason == "table 'rides' has 0 rows, contract.yaml asks for at least 1"
    assert judge(1, Check()).accepted


def test_every_reason_is_given() -> None:
    """A batch that is wrong in three ways says all three."""
    verdict = judge(2, Check({0: ("a",)}, ("the feed stopped",)), min_rows=5)
    assert len(verdict.reasons) == 3
    assert verdict.reason.startswith("table 'rides': the feed stopped; table 'rides' has 2 rows")


def test_a_table_that_is_missing_is_a_reason() -> None:
    """A declared table that was not delivered quarantines the batch."""
    assert decide({"rides": table()}, {}, {}).reason == "table 'rides' was not delivered"


def test_a_check_of_another_table_is_refused() -> None:
    """A bad row that the table does not have is a mistake of the checker, not a quarantined row."""
    with pytest.raises(ValueError, match="names row 5, but it has 3 rows"):
        judge(3, Check({5: ("why",)}))
