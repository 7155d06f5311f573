"""Overrides and the second persons who confirm them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatehouse.adapters.ledger.transaction import person_transaction
from gatehouse.core.types import Override
from gatehouse.errors import NotAllowedError, RecordNotFoundError
from gatehouse.ports import Overrides

if TYPE_CHECKING:
    from gatehouse.adapters.ledger.connection import Cursor, Database

_OVERRIDES = """
    SELECT o.id, o.use_case, o.version, o.generation, o.decision, o.actor, o.reason, o.expires, o.second_person, o.requester,
           coalesce(c.actor, '') AS confirmed_by, coalesce(c.reason, '') AS confirmation
    FROM overrides o LEFT JOIN override_confirmations c ON c.override = o.id"""
_RECORDED = (
    "use_case",
    "version",
    "generation",
    "decision",
    "actor",
    "reason",
    "expires",
    "second_person",
    "requester",
)


class PostgresOverrides(Overrides):
    """`ports.Overrides` on the tables `overrides` and `override_confirmations`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def propose(self, override: Override) -> Override:
        row = {name: getattr(override, name) for name in _RECORDED}
        same = tuple(name for name in _RECORDED if name != "expires")  # asked again a minute later, it is the same one
        with person_transaction(self._database, override.actor, override.reason) as change:
            change.once("overrides", "override.proposed", override.id, {"id": override.id}, row, same)
            return _get(change.rows, override.id)

    def confirm(self, override: str, actor: str, reason: str) -> Override:
        with person_transaction(self._database, actor, reason) as change:
            asked = _get(change.rows, override)
            if not asked.second_person:
                raise NotAllowedError(f"override {override[:8]} of {asked.actor} needs no second person")
            row = {"actor": actor, "reason": reason}
            change.once(
                "override_confirmations", "override.confirmed", override, {"override": override}, row, tuple(row)
            )
            return _get(change.rows, override)

    def get(self, override: str) -> Override:
        with self._database.transaction() as rows:
            return _get(rows, override)

    def list(self, use_case: str) -> list[Override]:
        with self._database.transaction() as rows:
            found = rows.all(f"{_OVERRIDES} WHERE o.use_case = %s ORDER BY o.audit_seq", use_case)
        return [Override(**row) for row in found]


def _get(rows: Cursor, override: str) -> Override:
    found = rows.one(f"{_OVERRIDES} WHERE o.id = %s", override)
    if found is None:
        raise RecordNotFoundError(f"the ledger holds no override {override}")
    return Override(**found)
