"""One change of the ledger: a transaction that is alone, not stale, and writes each row with its audit log entry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from gatehouse.adapters.ledger.audit_log import append, clean
from gatehouse.core.audit.canonical_json import canonical
from gatehouse.core.types import FencingLease, FileRef
from gatehouse.errors import NotAllowedError, StaleAttemptError

if TYPE_CHECKING:
    from gatehouse.adapters.ledger.connection import Cursor, Database

Row = Mapping[str, Any]


@contextmanager
def attempt_transaction(database: Database, lease: FencingLease) -> Iterator[LedgerTransaction]:
    """A change by an attempt, which must still be the newest at its work (invariant I7)."""
    with database.transaction() as rows:
        rows.run("SELECT lock_audit_log()")
        _refuse_stale(rows, lease)
        yield LedgerTransaction(rows, lease.work, lease.token)


@contextmanager
def person_transaction(database: Database, actor: str, reason: str) -> Iterator[LedgerTransaction]:
    """A change by a named person with a reason (NotAllowedError without either)."""
    if not actor.strip() or not reason.strip():
        raise NotAllowedError(f"a person's act needs a name and a reason; found actor {actor!r}, reason {reason!r}")
    with database.transaction() as rows:
        rows.run("SELECT lock_audit_log()")
        yield LedgerTransaction(rows, actor, None)


@contextmanager
def system_transaction(database: Database, actor: str) -> Iterator[LedgerTransaction]:
    """A change that needs no lease because the schema itself refuses it from the wrong state."""
    with database.transaction() as rows:
        rows.run("SELECT lock_audit_log()")
        yield LedgerTransaction(rows, actor, None)


class LedgerTransaction:
    """What a method does within its transaction. All changes are serialised by the audit log's lock, so what was read
    stays true until the commit; the constraints and triggers of the schema hold without it as well."""

    def __init__(self, rows: Cursor, actor: str, token: int | None) -> None:
        self.rows, self.actor, self._token = rows, clean(actor), token

    def append(self, kind: str, subject: str, body: Row) -> int:
        """An audit log entry by this change's actor, with the attempt's token when there is one."""
        marked = body if self._token is None else {**body, "token": self._token}
        return append(self.rows, kind, subject, self.actor, marked)

    def record(self, table: str, kind: str, subject: str, row: Row, **more: Any) -> None:
        """Insert a row and the entry that stands for it. The body is the row, files in full, and `more`."""
        row = {name: to_logged_value(value) for name, value in row.items()}
        entry = self.append(kind, subject, {**row, **more})
        self.insert(table, {**row, "audit_seq": entry})

    def once(self, table: str, kind: str, subject: str, key: Row, row: Row, same: Sequence[str], **more: Any) -> bool:
        """`record`, unless `key` is there already: then its columns `same` must be what they are now (NotAllowedError)."""
        where = " AND ".join(f"{name} = %s" for name in key)
        found = self.rows.one(f"SELECT * FROM {table} WHERE {where}", *key.values())
        if found is None:
            self.record(table, kind, subject, {**key, **row}, **more)
            return True
        for name in same:
            new = to_column(to_logged_value(row[name]))
            if found[name] != new:
                raise NotAllowedError(
                    f"{subject}: {kind} is on record with {name} {found[name]!r}, now it is {new!r}; "
                    "what the ledger holds is never replaced"
                )
        return False

    def insert(self, table: str, row: Row) -> None:
        """Insert a row that belongs to an entry written before; its files become known with it."""
        for value in row.values():
            self._know(to_logged_value(value))
        names, marks = ", ".join(row), ", ".join(["%s"] * len(row))
        self.rows.run(
            f"INSERT INTO {table} ({names}) VALUES ({marks})",
            *(to_column(to_logged_value(value)) for value in row.values()),
        )

    def _know(self, value: Any) -> None:
        if not _is_file(value):
            return
        names = ("path", "sha256", "size", "rows")
        self.rows.run(
            "INSERT INTO files (path, sha256, size, rows) VALUES (%s, %s, %s, %s) ON CONFLICT (path) DO NOTHING",
            *(value[name] for name in names),
        )
        found = self.rows.one("SELECT * FROM files WHERE path = %s", value["path"])
        if found != value:
            raise NotAllowedError(f"the lake file {value['path']} is on record as {found}, now it is {value}")


def to_logged_value(value: Any) -> Any:
    """A value as the audit log tells it: a file in full, moments in UTC, texts that PostgreSQL can hold."""
    if isinstance(value, FileRef):
        return asdict(value)
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    return clean(str(value)) if isinstance(value, str) else value


def to_column(value: Any) -> Any:
    """What a told value is in its column: a file is its path, other structures are canonical JSON."""
    if _is_file(value):
        return value["path"]
    return clean(canonical(value)) if isinstance(value, (dict, list, tuple)) else value


def file_ref(row: dict[str, Any] | None) -> FileRef | None:
    """A file as the schema's function `file` gives it."""
    return FileRef(**row) if row else None


def _is_file(value: Any) -> bool:
    return isinstance(value, dict) and value.keys() == {"path", "sha256", "size", "rows"}


def _refuse_stale(rows: Cursor, lease: FencingLease) -> None:
    newest = rows.one("SELECT fencing_token FROM task_attempts WHERE task_key = %s FOR UPDATE", lease.work)
    if newest is None or newest["fencing_token"] != lease.token:
        started = "none has started" if newest is None else f"attempt {newest['fencing_token']} is the newest"
        raise StaleAttemptError(f"attempt {lease.token} at {lease.work} may not commit: {started}")
