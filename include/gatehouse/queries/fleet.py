"""Every use case at a glance, the ones that need a person first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from gatehouse.queries.use_case_status import Attention, UseCaseStatus, statuses, with_points

if TYPE_CHECKING:
    from collections.abc import Collection

    from gatehouse.adapters.ledger.connection import Database

# A skip scan: two hundred index probes instead of reading every batch.
_NAMES = """
    WITH RECURSIVE names(name) AS (
        (SELECT use_case FROM batches ORDER BY use_case LIMIT 1)
        UNION ALL
        SELECT (SELECT b.use_case FROM batches b WHERE b.use_case > names.name ORDER BY b.use_case LIMIT 1)
        FROM names WHERE names.name IS NOT NULL)
    SELECT name FROM names WHERE name IS NOT NULL"""

_NEVER = datetime(1, 1, 2, tzinfo=UTC)
SORTS: Mapping[str, Callable[[UseCaseStatus], tuple[Any, ...]]] = {
    "needs": lambda each: (-each.need, -each.reviews, -each.quarantined, -each.alarms, each.use_case),
    "name": lambda each: (each.use_case,),
    "champion": lambda each: (-(each.since or _NEVER).timestamp(), each.use_case),
    "batch": lambda each: (-(each.ends or _NEVER).timestamp(), each.use_case),
    "verdict": lambda each: (-(each.decided or _NEVER).timestamp(), each.use_case),
}


def fleet(
    database: Database,
    installed: Collection[str],
    readable: Callable[[set[str]], set[str]],
    search: str,
    page: int,
    size: int,
    need: Attention | None = None,
    sort: str = "",
) -> tuple[list[UseCaseStatus], int, dict[Attention, int]]:
    """One page of use cases, how many there are, and how many of each need.

    `installed` are the names of the folders, joined with those the ledger knows; `readable` picks the names that may
    be shown. With `need`, only those of it are on the pages. Pages count from 1.
    """
    with database.snapshot() as rows:
        known = {row["name"] for row in rows.all(_NAMES)} | set(installed)
        names = sorted(name for name in readable(known) if search.lower().strip() in name)
        standings = statuses(rows, names)
        needs = {each: sum(one.need is each for one in standings) for each in reversed(Attention)}
        wanted = sorted((each for each in standings if need in (None, each.need)), key=SORTS.get(sort, SORTS["needs"]))
        shown = wanted[(page - 1) * size : page * size]
        measured = with_points(rows, shown)
    return measured, len(wanted), needs


def recorded_use_cases(database: Database) -> set[str]:
    """The use cases that have a batch."""
    with database.snapshot() as rows:
        return {row["name"] for row in rows.all(_NAMES)}
