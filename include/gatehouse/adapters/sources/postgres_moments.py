"""PostgreSQL's moments and days as they are: psycopg2 makes year 9999 of `infinity`, and raises for years beyond it.

What Python's types cannot hold stays PostgreSQL's own text, so that it is an unreadable cell of its row, named as such.
"""

from __future__ import annotations

from typing import Any

from psycopg2 import extensions

_CASTS: tuple[Any, ...] = (
    extensions.PYDATE,
    extensions.PYDATETIME,
    extensions.PYDATETIMETZ,
)


def as_delivered(connection: Any) -> None:
    """Have this connection read days and moments so."""
    for cast in _CASTS:
        extensions.register_type(extensions.new_type(cast.values, cast.name, _Reader(cast)), connection)


class _Reader:
    def __init__(self, cast: Any) -> None:
        self._cast = cast

    def __call__(self, text: str | bytes | None, cursor: Any) -> Any:
        if text is None or "infinity" in str(text):
            return text
        try:
            return self._cast(text, cursor)
        except ValueError:
            return text
