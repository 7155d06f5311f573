"""Backfills: begun by a person, one at a time for a use case, ended with a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatehouse.adapters.ledger.transaction import person_transaction
from gatehouse.core.audit.canonical_json import digest
from gatehouse.core.types import Backfill
from gatehouse.errors import NotAllowedError, RecordNotFoundError
from gatehouse.ports import Backfills

if TYPE_CHECKING:
    from gatehouse.adapters.ledger.connection import Cursor, Database

_BACKFILLS = """
    SELECT b.id, b.use_case, b.first, b.last, b.promote, b.actor, b.reason,
           coalesce(e.state, '') AS ended, coalesce(e.sentence, '') AS sentence, e.request
    FROM backfills b LEFT JOIN backfill_results e ON e.backfill = b.id"""


class PostgresBackfills(Backfills):
    """`ports.Backfills` on the tables `backfills` and `backfill_results`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, use_case: str, first: str, last: str, promote: bool, actor: str, reason: str) -> Backfill:
        asked = {
            "use_case": use_case,
            "first": first,
            "last": last,
            "promote": promote,
            "actor": actor,
            "reason": reason,
        }
        with person_transaction(self._database, actor, reason) as change:
            under_way = _open(change.rows, use_case)
            if under_way is not None:
                same = {name: getattr(under_way, name) for name in asked} == asked
                if not same:
                    raise NotAllowedError(
                        f"the backfill {under_way.first} to {under_way.last} of {under_way.actor} is under way; "
                        "one at a time: start that one again with the same values if it stands still"
                    )
                return under_way
            earlier = change.rows.all("SELECT id FROM backfills WHERE use_case = %s ORDER BY audit_seq", use_case)
            identity = digest([*asked.values(), [row["id"] for row in earlier[-1:]]])
            change.record("backfills", "backfill.started", identity, {"id": identity, **asked})
            return _get(change.rows, identity)

    def open(self, use_case: str) -> Backfill | None:
        with self._database.transaction() as rows:
            return _open(rows, use_case)

    def end(self, backfill: str, state: str, sentence: str, request: str | None = None) -> Backfill:
        with self._database.transaction() as rows:
            begun = _get(rows, backfill)
        with person_transaction(self._database, begun.actor, begun.reason) as change:
            row = {"state": state, "sentence": sentence, "request": request, "actor": begun.actor}
            same = ("state", "sentence", "request")
            change.once("backfill_results", f"backfill.{state}", backfill, {"backfill": backfill}, row, same)
            return _get(change.rows, backfill)

    def list(self, use_case: str) -> list[Backfill]:
        with self._database.transaction() as rows:
            return [
                Backfill(**row)
                for row in rows.all(f"{_BACKFILLS} WHERE b.use_case = %s ORDER BY b.audit_seq", use_case)
            ]


def _open(rows: Cursor, use_case: str) -> Backfill | None:
    found = rows.one(f"{_BACKFILLS} WHERE b.use_case = %s AND e.backfill IS NULL", use_case)
    return Backfill(**found) if found else None


def _get(rows: Cursor, backfill: str) -> Backfill:
    found = rows.one(f"{_BACKFILLS} WHERE b.id = %s", backfill)
    if found is None:
        raise RecordNotFoundError(f"the ledger holds no backfill {backfill}")
    return Backfill(**found)
