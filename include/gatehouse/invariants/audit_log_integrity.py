"""I4, I6 and I7: nothing twice, everything in the audit log, nothing by a stale attempt."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from gatehouse.adapters.ledger.audit_log import CHANGES
from gatehouse.adapters.ledger.transaction import to_column
from gatehouse.core.audit.canonical_json import canonical
from gatehouse.core.audit.hash_chain import FIRST, entry_hash
from gatehouse.core.types import AuditEntry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gatehouse.invariants.result import InvariantContext

_CHUNK = 10_000
_FILE = {"path", "sha256", "size", "rows"}


def no_duplicates(look: InvariantContext) -> None:
    """I4. No content is on record a second time under another number."""
    look.examine(
        "SELECT audit_seq FROM batches UNION ALL SELECT audit_seq FROM outcomes UNION ALL SELECT audit_seq FROM champion_changes"
    )
    look.refuse(
        "SELECT use_case, key, content, array_agg(revision ORDER BY revision) AS revisions FROM batches "
        "GROUP BY use_case, key, content HAVING count(*) > 1",
        "batch {use_case}/{key}: revisions {revisions} have the same content",
    )
    look.refuse(
        "SELECT * FROM (SELECT *, lag(file) OVER same AS last FROM outcomes "
        "WINDOW same AS (PARTITION BY use_case, key, batch_revision ORDER BY revision)) o WHERE file = last",
        "outcomes of {use_case}/{key}: revision {revision} repeats the one before it",
    )
    look.refuse(
        "SELECT * FROM (SELECT *, lag(version) OVER (PARTITION BY use_case ORDER BY generation) AS last FROM champion_changes) p "
        "WHERE version = last",
        "{use_case}: generation {generation} promotes version {version}, which was the champion already",
    )


def audit_log_intact(look: InvariantContext) -> None:
    """I6. The numbers have no gap, each hash covers the entry and the one before, each change has exactly one entry,
    and its row says what the entry says."""
    expected, previous = 1, FIRST
    for entry in entries_of(look):
        look.expect(entry.seq == expected, f"audit log: entry {expected} is missing; entry {entry.seq} follows")
        look.expect(entry.previous == previous, f"audit log: entry {entry.seq} does not continue the chain")
        look.expect(entry.hash == entry_hash(entry), f"audit log: entry {entry.seq} was altered")
        expected, previous = entry.seq + 1, entry.hash
    _one_entry_each(look)
    _rows_as_told(look)


def entries_of(look: InvariantContext) -> Iterator[AuditEntry]:
    """Every entry, in its order."""
    last = 0
    while chunk := look.examine("SELECT * FROM audit_log WHERE seq > %s ORDER BY seq LIMIT %s", last, _CHUNK):
        yield from (AuditEntry(**row) for row in chunk)
        last = chunk[-1]["seq"]


def _one_entry_each(look: InvariantContext) -> None:
    """Every row has an entry of its table's kinds, and every entry of those kinds has its row."""
    for table, kinds in CHANGES.items():
        for row in look.ledger.all(
            f"SELECT t.audit_seq, j.seq FROM {table} t FULL JOIN "
            "(SELECT seq FROM audit_log WHERE kind = ANY(%s)) j ON j.seq = t.audit_seq "
            "WHERE t.audit_seq IS NULL OR j.seq IS NULL",
            list(kinds),
        ):
            unknown = f"a row names entry {row['audit_seq']}, which is no {' or '.join(kinds)}"
            missing = f"entry {row['seq']} has no row"
            look.breaches.append(f"{table}: {unknown if row['seq'] is None else missing}")


def _rows_as_told(look: InvariantContext) -> None:
    """Every row of a table of changes against the body of its entry, files against what the entry says of them."""
    files = {row["path"]: row for row in look.ledger.all("SELECT * FROM files")}
    for table in CHANGES:
        for row in look.ledger.all(
            f"SELECT t.*, j.body AS told FROM {table} t JOIN audit_log j ON j.seq = t.audit_seq"
        ):
            body = json.loads(row.pop("told"))
            for name in body.keys() & row.keys():
                look.expect(
                    _same(row[name], body[name], files),
                    f"{table}: {name} is {row[name]!r}, entry {row['audit_seq']} says {body[name]!r}",
                )


def _same(column: Any, told: Any, files: dict[str, dict[str, Any]]) -> bool:
    if isinstance(told, dict) and told.keys() == _FILE:
        return files.get(column) == told
    plain = json.loads(canonical(column))
    return bool(plain == to_column(told))


def no_stale_attempt(look: InvariantContext) -> None:
    """I7. The tokens of a work's entries never fall, and none is larger than the newest attempt's."""
    marked = (
        "SELECT seq, actor AS task_key, (body::json ->> 'token')::bigint AS token FROM audit_log "
        "WHERE strpos(body, '\"token\"') > 0 AND body::json ->> 'token' IS NOT NULL"  # most entries need no parsing
    )
    look.examine(marked)
    look.refuse(
        f"SELECT * FROM (SELECT *, max(token) OVER (PARTITION BY task_key ORDER BY seq) AS newest FROM ({marked}) m) n "
        "WHERE token < newest",
        "entry {seq}: attempt {token} at {task_key} committed after attempt {newest} had",
    )
    look.refuse(
        f"SELECT m.*, a.fencing_token AS newest FROM ({marked}) m LEFT JOIN task_attempts a USING (task_key) "
        "WHERE a.fencing_token IS NULL OR m.token > a.fencing_token",
        "entry {seq}: attempt {token} at {task_key} committed, and the newest attempt is {newest}",
    )
