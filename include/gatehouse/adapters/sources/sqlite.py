"""SQLite for the source `sql`: opened for reading only, asked for nothing but reads, and stopped after ten minutes.

SQLite has no moments. The ends of an interval are bound as texts that compare rightly with days and moments as ISO texts:
`2024-03-01`, or `2024-03-01 14:00:00` where the end is no midnight.
"""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from gatehouse.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy.engine import URL

SECONDS = 600.0
_READS = (
    sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE,
    sqlite3.SQLITE_TRANSACTION,  # the end of the session
)  # fmt: skip
_STEPS = 100_000  # of SQLite's machine, between two looks at the clock


def opener(url: URL) -> Callable[[], sqlite3.Connection]:
    """Opens the file of an address such as `sqlite:////data/orders.db`."""
    path = Path(url.database or "").absolute()
    if not url.database or url.database == ":memory:":
        raise ConfigurationError(
            "SQLite needs a file", found=repr(url.database), allowed="sqlite:////path/to/file.db", owner="data engineer"
        )
    return lambda: sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=10, isolation_level=None)


def allow_reads_only(connection: Any) -> None:
    """From now on every statement but a read is refused by SQLite, and one that takes too long is stopped."""
    until = time.monotonic() + SECONDS
    connection.set_progress_handler(lambda: int(time.monotonic() > until), _STEPS)
    connection.set_authorizer(_allowed)


def as_text(moment: datetime) -> str:
    """A moment in UTC as the texts that SQLite's own functions give."""
    midnight = moment.time() == moment.time().min
    return moment.strftime("%Y-%m-%d" if midnight else "%Y-%m-%d %H:%M:%S")


def _allowed(action: int, *_: Any) -> int:
    return sqlite3.SQLITE_OK if action in _READS else sqlite3.SQLITE_DENY
