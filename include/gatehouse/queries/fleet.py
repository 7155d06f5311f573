"""Every use case at a glance, the ones that need a person first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatehouse.queries.use_case_status import Attention, UseCaseStatus, statuses, with_points

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from gatehouse.adapters.ledger.connection import Database

# A skip scan: two hundred index probes instead of reading every batch.
_NAMES = """
    WITH RECURSIVE names(name) AS (
        (SELECT use_case FROM batches ORDER BY use_case LIMIT 1)
        UNION ALL
        SELECT (SELECT b.use_case FROM batches b WHERE b.use_case > names.name ORDER BY b.use_case LIMIT 1)
        FROM names WHERE names.name IS NOT NULL)
    SELECT name FROM names WHERE name IS NOT NULL"""


def fleet(
    database: Database,
    installed: Collection[str],
    readable: Callable[[set[str]], set[str]],
    search: str,
    page: int,
    size: int,
) -> tuple[list[UseCaseStatus], int, dict[Attention, int]]:
    """One page of use cases, how many there are, and how many of each need.

    `installed` are the names of the folders, joined with those the ledger knows; `readable` picks the names that may
    be shown. Pages count from 1.
    """
    with database.snapshot() as rows:
        known = {row["name"] for row in rows.all(_NAMES)} | set(installed)
        names = sorted(name for name in readable(known) if search.lower().strip() in name)
        standings = statuses(rows, names)
        standings.sort(key=lambda each: (-each.need, -each.reviews, -each.quarantined, -each.alarms, each.use_case))
        shown = standings[(page - 1) * size : page * size]
        measured = with_points(rows, shown)
    needs = {need: sum(each.need is need for each in standings) for need in reversed(Attention)}
    return measured, len(standings), needs


def recorded_use_cases(database: Database) -> set[str]:
    """The use cases that have a batch."""
    with database.snapshot() as rows:
        return {row["name"] for row in rows.all(_NAMES)}
