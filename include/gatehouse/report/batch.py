"""The report of a batch: its verdict, its rows, and what each expectation found, the worst first."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gatehouse.report.page import render

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from gatehouse.core.records import Batch
    from gatehouse.core.specs.contract import Contract
    from gatehouse.ports import CheckResult, TableCheck

_SEVERITIES = ("critical", "warning", "info")
_SHOWN_ROWS = 10


@dataclass(frozen=True)
class BadRows:
    """The rows that one reason put in quarantine: how many, and the first of their positions."""

    table: str
    reason: str
    count: int
    first: tuple[int, ...]


def batch_report(
    contract: Contract,
    batch: Batch,
    checks: Iterable[TableCheck],
    counts: Mapping[str, tuple[int, int]],
    reason: str,
    undeclared: Mapping[str, Sequence[str]] | None = None,
) -> str:
    """The HTML page of a batch's contract results; the same results give the same bytes.

    `counts` has the accepted and quarantined rows of each table, `reason` is why the batch as a whole is quarantined
    (empty when it is accepted), `undeclared` the columns of each table that were delivered and not declared.
    """
    checks = list(checks)
    results = sorted((result for check in checks for result in check.results), key=_worst_first)
    return render(
        "batch.html",
        contract=contract,
        batch=batch,
        reason=reason,
        counts=counts,
        results=results,
        failed={severity: sum(not r.success and r.severity == severity for r in results) for severity in _SEVERITIES},
        bad=[row for check in checks for row in _bad_rows(check)],
        undeclared={name: columns for name, columns in (undeclared or {}).items() if columns},
    )


def _worst_first(result: CheckResult) -> tuple[bool, int, str]:
    return result.success, _SEVERITIES.index(result.severity), result.table


def _bad_rows(check: TableCheck) -> list[BadRows]:
    counts = Counter(reason for reasons in check.bad_rows.values() for reason in reasons)
    first: dict[str, list[int]] = {reason: [] for reason in counts}
    for row, reasons in check.bad_rows.items():
        for reason in reasons:
            if len(first[reason]) < _SHOWN_ROWS:
                first[reason].append(row)
    table = check.results[0].table if check.results else ""
    return [BadRows(table, reason, count, tuple(first[reason])) for reason, count in counts.most_common()]
