"""The audit log's chain: what each entry's hash covers, and the audit log as one file that anyone can check.

The file is JSON Lines: a head line, one canonical JSON object an entry, and a closing line with their number and the
last hash. Every byte is determined by the entries, so any other byte is found, on the line it stands in.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from gatehouse.core.audit.canonical_json import canonical, sha256
from gatehouse.core.types import AuditEntry

FIRST = "0" * 64  # what the first entry calls its previous one
_HEAD = {"audit_log": "gatehouse", "version": 1}
_FIELDS = ("seq", "kind", "subject", "actor", "at", "body", "previous", "hash")


def entry_hash(entry: AuditEntry) -> str:
    """What an entry's hash must be: SHA-256 over the previous hash and the entry as one canonical JSON array.

    The database computes the same in its trigger `chain`; that the two agree is what `gatehouse audit verify` checks.
    """
    head = canonical([entry.seq, entry.kind, entry.subject, entry.actor, _moment(entry.at)])
    return sha256(f"{entry.previous}{head[:-1]},{entry.body}]")


def export_lines(entries: Iterable[AuditEntry]) -> Iterator[str]:
    """The lines of the file, each with its line feed."""
    count, last = 0, FIRST
    yield canonical(_HEAD) + "\n"
    for entry in entries:
        count, last = count + 1, entry.hash
        yield canonical({**vars(entry), "at": _moment(entry.at)}) + "\n"
    yield _closing(count, last)


@dataclass(frozen=True)
class ChainCheck:
    """A checked file: how many entries, the last hash, and each breach with the line that it is in."""

    entries: int
    head: str
    breaches: tuple[str, ...]


def check(lines: Iterable[bytes]) -> ChainCheck:
    """Check a file of `exported`, as its lines with their line feeds; a file of any other content is full of breaches,
    never an exception."""
    breaches: list[str] = []
    count, last, closed = 0, FIRST, False
    number = 0
    for number, line in enumerate(lines, start=1):
        if number == 1:
            if line != f"{canonical(_HEAD)}\n".encode():
                breaches.append("line 1 is not the head of an exported audit log")
        elif line == _closing(count, last).encode():
            closed = True
        elif closed:
            breaches.append(f"line {number} stands after the closing line")
        else:
            entry = _entry(line)
            breaches += _told(number, line, entry, count + 1, last)
            count, last = (entry.seq, entry.hash) if entry else (count + 1, last)
    if not closed:
        breaches.append(
            f"line {number}: the file does not close with {count} entries and the hash {last[:12]}...: it was cut or altered"
        )
    return ChainCheck(count, last, tuple(breaches))


def _told(number: int, line: bytes, entry: AuditEntry | None, expected: int, previous: str) -> list[str]:
    if entry is None:
        return [f"line {number} is not an audit log entry"]
    found = []
    if entry.seq != expected:
        found.append(f"line {number}: entry {expected} is missing; entry {entry.seq} follows")
    if entry.previous != previous:
        found.append(f"line {number}: entry {entry.seq} does not continue the chain")
    if entry.hash != entry_hash(entry) or line != (canonical({**vars(entry), "at": _moment(entry.at)}) + "\n").encode():
        found.append(f"line {number}: entry {entry.seq} was altered")
    return found


def _entry(line: bytes) -> AuditEntry | None:
    try:
        document: Any = json.loads(line)
        if not isinstance(document, dict) or set(document) != set(_FIELDS):
            return None
        entry = AuditEntry(**{**document, "at": datetime.fromisoformat(document["at"])})
        texts = (entry.kind, entry.subject, entry.actor, entry.body, entry.previous, entry.hash)
        whole = isinstance(entry.seq, int) and all(isinstance(text, str) for text in texts) and entry.at.tzinfo
        return entry if whole else None
    except (ValueError, TypeError, RecursionError):
        return None


def _closing(count: int, last: str) -> str:
    return canonical({"entries": count, "head": last}) + "\n"


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")
