"""What people were told, one page at a time, and how much was held back in the last seven days."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gatehouse.adapters.ledger.connection import Database

_LIST = """
    SELECT * FROM current_notifications WHERE (use_case = '' OR use_case = ANY(%s)) AND audit_seq < %s
    AND (NOT %s OR state IN ('held', 'failed', 'dropped')) ORDER BY audit_seq DESC LIMIT %s"""
_WEEK = """
    SELECT state, count(*) AS count FROM current_notifications
    WHERE (use_case = '' OR use_case = ANY(%s)) AND acted > now() - interval '7 days' GROUP BY state"""


@dataclass(frozen=True)
class NotificationsView:
    """One page of messages, newest first, and how many of each state the last seven days have."""

    messages: list[dict[str, Any]]
    week: dict[str, int]

    @property
    def kept(self) -> int:
        """How many of the week were not told: held, not delivered, or dropped."""
        return sum(self.week.get(state, 0) for state in ("held", "failed", "dropped"))


def messages_view(
    database: Database, readable: Collection[str], held: bool, before: int | None, size: int
) -> NotificationsView:
    """The newest messages of the use cases that may be read, and those of the installation; `before` is an entry."""
    with database.snapshot() as rows:
        found = rows.all(_LIST, list(readable), before or 2**63 - 1, held, size)
        week = {row["state"]: int(row["count"]) for row in rows.all(_WEEK, list(readable))}
    return NotificationsView([_told(row) for row in found], week)


def _told(row: dict[str, Any]) -> dict[str, Any]:
    """A message with its words; `page` is its link as it is here, below the pages' own address."""
    body = json.loads(row["body"])
    return {**row, **body, "page": body["link"].partition("/gatehouse/")[2]}


def notified_use_cases(database: Database) -> set[str]:
    """The use cases that messages are about."""
    with database.transaction() as rows:
        return {row["use_case"] for row in rows.all("SELECT DISTINCT use_case FROM notifications WHERE use_case <> ''")}
