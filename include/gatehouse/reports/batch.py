"""The report of a batch: its verdict, its rows, and what each expectation found, the worst first."""

from __future__ import annotations

import html
import json
import re
from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from gatehouse.core.audit.canonical_json import canonical
from gatehouse.reports.page import render

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from gatehouse.core.config.contract import Contract
    from gatehouse.core.types import Batch
    from gatehouse.ports import CheckResult, TableCheck

SEVERITIES = ("critical", "warning", "info")
_SHOWN_ROWS = 10
_SHOWN_REASONS = 50
_DATA = re.compile(r'<meta name="gatehouse-results" content="([^"]*)">')


def batch_report(
    contract: Contract,
    batch: Batch,
    checks: Iterable[TableCheck],
    counts: Mapping[str, tuple[int, int]],
    reason: str,
    undeclared: Mapping[str, Sequence[str]] | None = None,
    note: str = "",
) -> str:
    """The HTML page of a batch's contract results; the same results give the same bytes.

    `counts` has the accepted and quarantined rows of each table, `reason` is why the batch as a whole is quarantined
    (empty when it is accepted), `undeclared` the columns of each table that were delivered and not declared, `note` a
    sentence to begin with. The page carries its own numbers, so that `results_of` can read them back.
    """
    checks = list(checks)
    results = sorted((result for check in checks for result in check.results), key=_worst_first)
    values = {
        "counts": {table: list(pair) for table, pair in counts.items()},
        "results": [asdict(result) for result in results],
        "failed": {severity: sum(not r.success and r.severity == severity for r in results) for severity in SEVERITIES},
        "bad": [row for check in checks for row in _bad_rows(check)],
        "undeclared": {name: list(columns) for name, columns in (undeclared or {}).items() if columns},
    }
    return render(
        "batch.html", contract=contract, batch=batch, reason=reason, note=note, data=canonical(values), **values
    )


def results_of(report: str) -> dict[str, Any] | None:
    """What `_batch.html` shows, read back from an archived report; None for a report of before it carried its numbers."""
    found = _DATA.search(report)
    return json.loads(html.unescape(found.group(1))) if found else None


def _worst_first(result: CheckResult) -> tuple[bool, int, str]:
    return result.success, SEVERITIES.index(result.severity), result.table


def _bad_rows(check: TableCheck) -> list[dict[str, Any]]:
    """For each reason that put rows in quarantine: how many, and the first of their positions."""
    counts = Counter(reason for reasons in check.bad_rows.values() for reason in reasons)
    first: dict[str, list[int]] = {reason: [] for reason in counts}
    for row, reasons in check.bad_rows.items():
        for reason in reasons:
            if len(first[reason]) < _SHOWN_ROWS:
                first[reason].append(row)
    table = check.table or (check.results[0].table if check.results else "")
    shown = [
        {"table": table, "reason": reason, "count": count, "first": first[reason]}
        for reason, count in counts.most_common(_SHOWN_REASONS)
    ]
    rest = counts.most_common()[_SHOWN_REASONS:]
    if rest:
        others = {"table": table, "reason": f"{len(rest)} other reasons", "count": sum(n for _, n in rest), "first": []}
        shown.append(others)
    return shown
