"""The exported audit log: one file, checked without a database; any changed bit is found where it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from gatehouse.core.audit.canonical_json import canonical
from gatehouse.core.audit.hash_chain import FIRST, check, entry_hash, export_lines
from gatehouse.core.types import AuditEntry


def chained(texts: list[str]) -> list[AuditEntry]:
    entries: list[AuditEntry] = []
    previous = FIRST
    for seq, text in enumerate(texts, start=1):
        at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=seq)
        draft = AuditEntry(seq, "note.made", f"flights/{text}", "Ada", at, canonical({"said": text}), previous, "")
        entries.append(AuditEntry(**{**vars(draft), "hash": entry_hash(draft)}))
        previous = entries[-1].hash
    return entries


def file_of(texts: list[str]) -> bytes:
    return "".join(export_lines(chained(texts))).encode()


@given(st.lists(st.text(max_size=8), max_size=6))
def test_an_exported_audit_log_is_whole(texts: list[str]) -> None:
    """Whatever was said, the file checks without a breach, and its head is the last hash."""
    entries = chained([text.encode("utf-8", "replace").decode() for text in texts])
    found = check(_split("".join(export_lines(entries)).encode()))
    assert found.breaches == ()
    assert (found.entries, found.head) == (len(entries), entries[-1].hash if entries else FIRST)


def _split(data: bytes) -> list[bytes]:
    """Lines as a binary file gives them: cut after each line feed and nowhere else."""
    return [part + b"\n" for part in data.split(b"\n")[:-1]] + ([tail] if (tail := data.rsplit(b"\n", 1)[-1]) else [])


@settings(max_examples=300)
@given(st.data())
def test_any_changed_bit_is_found_and_located(data: st.DataObject) -> None:
    """One flipped bit anywhere in the file is a breach, and a breach names the line it is in (or, for a line feed made
    or unmade, the line beside it)."""
    whole = file_of(["one", "zwei", "trois", "четыре"])
    place = data.draw(st.integers(0, len(whole) * 8 - 1))
    altered = bytearray(whole)
    altered[place // 8] ^= 1 << place % 8
    line = whole[: place // 8].count(b"\n") + 1
    found = check(_split(bytes(altered)))
    assert found.breaches
    assert any(breach.startswith((f"line {line} ", f"line {line}:", f"line {line + 1}")) for breach in found.breaches)


def test_every_single_bit_of_a_audit_log_is_guarded() -> None:
    """Not a sample: each bit of a small file flipped in turn, and each flip is found on its line or the one beside it."""
    whole = file_of(["one"])
    for place in range(len(whole) * 8):
        altered = bytearray(whole)
        altered[place // 8] ^= 1 << place % 8
        line = whole[: place // 8].count(b"\n") + 1
        near = tuple(f"line {number}{end}" for number in (line, line + 1) for end in (" ", ":"))
        assert any(breach.startswith(near) for breach in check(_split(bytes(altered))).breaches), f"bit {place}"


def test_a_cut_a_lengthened_and_a_reordered_file_are_breaches() -> None:
    """The end left out, an entry left out, two exchanged, something added: each is named."""
    lines = _split(file_of(["one", "two", "three"]))
    for altered in (
        lines[:-1],
        lines[:2] + lines[3:],
        [lines[0], lines[2], lines[1], *lines[3:]],
        [*lines, b"{}\n"],
        [],
    ):
        assert check(altered).breaches


def test_a_rewritten_history_with_right_hashes_has_another_head() -> None:
    """Who computes every hash anew gets a whole file with another head: the head is what an auditor keeps."""
    first, second = check(_split(file_of(["one", "two"]))), check(_split(file_of(["one", "2"])))
    assert first.breaches == second.breaches == ()
    assert first.head != second.head
