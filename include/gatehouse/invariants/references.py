"""References to files of the lake that lead nowhere, in every column of the schema that holds one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gatehouse.invariants.result import InvariantContext

_COLUMNS = """
    SELECT t.relname AS name, a.attname AS field
    FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid
         JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = ANY(c.conkey)
    WHERE c.contype = 'f' AND c.confrelid = 'gatehouse.files'::regclass ORDER BY t.relname, a.attname"""


def known_files(look: InvariantContext) -> None:
    """Every path that a row names is on record in `files`, with its hash, size and number of rows."""
    for column in look.ledger.all(_COLUMNS):
        table, field = column["name"], column["field"]
        look.refuse(
            f'SELECT t."{field}" AS path, count(*) AS rows FROM gatehouse."{table}" t '
            f'LEFT JOIN gatehouse.files f ON f.path = t."{field}" '
            f'WHERE t."{field}" IS NOT NULL AND f.path IS NULL GROUP BY t."{field}" ORDER BY 1',
            f"{table}.{field}: {{rows}} rows name the file {{path}}, which is not on record",
        )
