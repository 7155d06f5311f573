"""The state of a world as one document: every table of the ledger, the files of the lake, everything in MLflow.

Left out is what a second run may have otherwise: moments of the clock, the tokens of attempts, and the hashes that cover
them. Columns are found in the catalogue, so a new table is compared without a word here.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import psycopg2
from psycopg2.extras import RealDictCursor

CLOCK = {"audit_log": {"at", "previous", "hash"}, "task_attempts": {"fencing_token"}, "overrides": {"expires"}}
_TOLD = {"token", "expires"}  # the same in the audit log's words
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?( UTC)?")
_UNTIL = re.compile(r"\(until [\d: -]+ UTC|(expired at )[\d: -]+UTC")


def state(url: str, world: Path) -> dict[str, Any]:
    """Everything that must be equal after a crash and a restart, by the name of its part."""
    found = {**_tables(url), **_files(world / "lake", "lake"), **_files(world / "mlflow", "mlflow")}
    placeless = json.dumps(found).replace(str(world), "")  # an error on record names the file by its whole path
    told = json.loads(_timeless(placeless, world / "lake" / "reports"))
    return {name: sorted(value) if isinstance(value, list) else value for name, value in told.items()}


def _timeless(text: str, reports: Path) -> str:
    """A state without the names that reports have by their bytes: a decision's report shows the audit log's moments."""
    for path in reports.rglob("*.html"):
        data = _MOMENT.sub("", path.read_text(encoding="utf-8"))
        name = hashlib.sha256(data.encode()).hexdigest()
        text = text.replace(f"reports/{path.stem[:2]}/{path.stem}", f"reports/{name}").replace(path.stem, name)
    return text


def differences(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    """What differs between two states, at most a few of each part."""
    found = []
    for name in sorted(one.keys() | other.keys()):
        if one.get(name) != other.get(name):
            found.append(f"{name}: {_first(one.get(name), other.get(name))}")
    return found


def _first(one: Any, other: Any) -> str:
    if isinstance(one, list) and isinstance(other, list):
        missing, more = [row for row in one if row not in other], [row for row in other if row not in one]
        return f"missing {missing[:2]}, besides {more[:2]}"
    return f"expected {one!r:.300}, found {other!r:.300}"


def _tables(url: str) -> dict[str, Any]:
    connection = psycopg2.connect(url)
    try:
        with connection.cursor(cursor_factory=RealDictCursor) as cursor:
            cursor.execute(
                "SELECT table_name AS name, column_name AS column, column_default AS given FROM information_schema.columns "
                "JOIN information_schema.tables USING (table_schema, table_name) "
                "WHERE table_schema = 'gatehouse' AND table_type = 'BASE TABLE'"
            )
            columns = [(row["name"], row["column"], row["given"] or "") for row in cursor.fetchall()]
            return {name: _rows(cursor, name, columns) for name in sorted({name for name, _, _ in columns})}
    finally:
        connection.close()


def _rows(cursor: Any, table: str, columns: list[tuple[str, str, str]]) -> list[str]:
    dated = {
        column for name, column, given in columns if name == table and re.search(r"now\(\)|clock_timestamp", given)
    }
    cursor.execute(f"SELECT * FROM gatehouse.{table}")
    return sorted(_told(row, CLOCK.get(table, set()) | dated) for row in cursor.fetchall())


def _told(row: dict[str, Any], without: set[str]) -> str:
    kept = {name: value for name, value in row.items() if name not in without}
    if isinstance(kept.get("body"), str):
        kept["body"] = {k: v for k, v in json.loads(kept["body"]).items() if k not in _TOLD}
    return _UNTIL.sub(r"\1", json.dumps(kept, sort_keys=True, default=str))


def _files(root: Path, name: str) -> dict[str, Any]:
    """Hashes by path; what begins with a dot is the litter of a crash, which nobody reads."""
    found = {}
    for path in sorted(root.rglob("*")):
        if path.is_file() and not path.name.startswith("."):
            data = path.read_bytes()
            if path.suffix in (".json", ".html"):
                data = _MOMENT.sub("", _UNTIL.sub(r"\1", data.decode())).encode()
            found[f"{name}/{path.relative_to(root)}"] = hashlib.sha256(data).hexdigest()[:16]
    return found
