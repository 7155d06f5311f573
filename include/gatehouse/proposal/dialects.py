"""The dialect of a CSV file, found from its bytes: encoding, separator, and where the rows begin and end."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from typing import Any

_SAMPLE_LINES = 500
_DELIMITERS = (",", ";", "\t", "|")
_VALUE = re.compile(r"[+-]?[\d.,]*\d([eE][+-]?\d+)?|\d{4}-\d\d-\d\d.*|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}.*", re.ASCII)


def sniff(data: bytes) -> dict[str, Any]:
    """The keys of a dialect that differ from the defaults."""
    encoding = _encoding(data)
    text = data.decode("utf-8-sig" if encoding == "utf-8" else encoding)
    found: dict[str, Any] = {} if encoding == "utf-8" else {"encoding": encoding}
    lines = text.splitlines(keepends=True)
    remark = (
        "#" if any(line.startswith("#") for line in lines[:_SAMPLE_LINES]) and not lines[0].startswith("#,") else None
    )
    delimiter = max(_DELIMITERS, key=lambda mark: _score(lines, mark, remark))
    records = _records(lines[:_SAMPLE_LINES], delimiter, remark)
    width = _width(records)
    if delimiter != ",":
        found["delimiter"] = delimiter
    if remark is not None:
        found["comment"] = remark
    first = next((at for at, (_, row) in enumerate(records) if len(row) == width), 0)
    if skipped := records[first][0] - 1 if records else 0:
        found["skip"] = skipped
    if footer := _footer(lines, delimiter, width, remark):
        found["footer"] = footer
    found |= _quoting(text, delimiter)
    header = records[first][1] if records else []
    if _has_two_header_lines([row for _, row in records[first:]]):
        found["header"] = 2
    elif any(_VALUE.fullmatch(cell.strip()) for cell in header):
        found |= {"header": 0, "names": [f"column_{number}" for number in range(1, width + 1)]}
    elif len(set(header)) < len(header):
        found["names"] = _different(header)
    return found


def _quoting(text: str, delimiter: str) -> dict[str, Any]:
    """Whether quotes are escaped by a backslash, or plain text, where they are not doubled."""
    if '"' not in text or _is_strict(text, delimiter):
        return {}
    escaped = '\\"' in text and _is_strict(text, delimiter, "\\")
    return {"escape": "\\"} if escaped else {"quote": "none"}


def _is_strict(text: str, delimiter: str, escape: str | None = None) -> bool:
    csv.field_size_limit(len(text) + 1)
    try:
        for _ in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, escapechar=escape, strict=True):
            pass
    except csv.Error:
        return False
    return True


def _has_two_header_lines(rows: list[list[str]]) -> bool:
    """Whether the second record holds words where all records below hold numbers or dates."""
    if len(rows) < 4 or any(_VALUE.fullmatch(cell.strip()) for row in rows[:2] for cell in row):
        return False
    columns = list(zip(*(row for row in rows[1:] if len(row) == len(rows[0])), strict=True))
    words = [column for column in columns if column[0].strip() and any(cell.strip() for cell in column[1:])]
    return any(all(_VALUE.fullmatch(cell.strip()) for cell in column[1:] if cell.strip()) for column in words)


def _encoding(data: bytes) -> str:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252" if not any(byte in data for byte in (0x81, 0x8D, 0x8F, 0x90, 0x9D)) else "latin-1"
    return "utf-8"


def _records(lines: list[str], delimiter: str, remark: str | None = None) -> list[tuple[int, list[str]]]:
    """Each record that is no blank line, with the number of its first line."""
    kept = [(number, line) for number, line in enumerate(lines, 1) if remark is None or not line.startswith(remark)]
    reader = csv.reader(io.StringIO("".join(line for _, line in kept), newline=""), delimiter=delimiter)
    found, start = [], 0
    try:
        for row in reader:
            if row:
                found.append((kept[start][0], row))
            start = min(reader.line_num, len(kept) - 1)
    except csv.Error:
        return found
    return found


def _width(records: list[tuple[int, list[str]]]) -> int:
    counts = Counter(len(row) for _, row in records)
    return max(counts, key=lambda width: (counts[width] * (width > 1), counts[width]), default=1)


def _score(lines: list[str], delimiter: str, remark: str | None) -> tuple[float, int]:
    """How many records have the usual number of fields, and that number, if there are several."""
    records = _records(lines[:_SAMPLE_LINES], delimiter, remark)
    width = _width(records)
    share = sum(len(row) == width for _, row in records) / max(len(records), 1)
    return (round(share, 1), width) if width > 1 else (0.0, 0)


def _footer(lines: list[str], delimiter: str, width: int, remark: str | None) -> int:
    """How many records below the rows have another number of fields."""
    count = 0
    for _, row in reversed(_records(lines[-50:], delimiter, remark)):
        if len(row) == width:
            break
        count += 1
    return count if count < 10 else 0


def _different(names: list[str]) -> list[str]:
    seen: Counter[str] = Counter()
    found = []
    for name in names:
        seen[name] += 1
        found.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return found
