"""What a proposal is made from, files or a database: looking at it, and the `source` of the contract that reads it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gatehouse.core.contract.batch_calendar import batch_interval, batch_key
from gatehouse.errors import InvalidInputError
from gatehouse.proposal.database import DatabaseTable, look
from gatehouse.proposal.database_queries import refuse_unbatched, source_of_queries
from gatehouse.proposal.gather import gather

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gatehouse.proposal.choose import Chosen
    from gatehouse.proposal.exported import Exported

Origin = Path | DatabaseTable


def found_in(origin: Origin) -> Exported:
    """The table with all its rows."""
    return look(origin) if isinstance(origin, DatabaseTable) else gather(origin)


def refuse_unreadable(origin: Origin, outcomes: Origin | None, chosen: Chosen) -> None:
    """Rows and outcomes come from one kind of source, and a database needs a key and a time."""
    if outcomes is not None and isinstance(origin, DatabaseTable) != isinstance(outcomes, DatabaseTable):
        raise InvalidInputError(
            "rows and outcomes are in two kinds of places",
            found="files and a database",
            allowed="both in files, or both in the database",
        )
    if isinstance(origin, DatabaseTable):
        refuse_unbatched(chosen)


def source_of(
    origin: Origin, outcomes: Origin | None, table: Exported, labelled: Exported, chosen: Chosen, columns: Sequence[str],
    label: str,
) -> dict[str, Any]:  # fmt: skip
    """`source` of the contract; `columns` are those of the rows."""
    if not isinstance(origin, DatabaseTable):
        return _of_files(table, labelled if outcomes is not None else None, chosen)
    other = outcomes if isinstance(outcomes, DatabaseTable) else origin
    return source_of_queries((origin, table), (other, labelled), chosen, columns, label)


def ended(origin: Origin, chosen: Chosen) -> tuple[str | None, list[str]]:
    """The last batch of a table of a database that nobody fills any more, and what a person should know of its rows: a
    database answers for each interval that has ended, with or without rows."""
    if not isinstance(origin, DatabaseTable):
        return None, []
    newest = str(chosen.batches.max())
    following = batch_key(chosen.frequency, batch_interval(chosen.frequency, newest).end)
    if batch_interval(chosen.frequency, following).end > datetime.now(UTC):
        return None, []
    return newest, [f"the newest rows are of {newest}, so it is last_batch: remove that line when new rows come"]


def described(table: Exported) -> str:
    """Where the rows were found, and how many."""
    size = f"{len(table.rows):,} rows, {len(table.types)} columns"
    if table.files is None:
        return f"database: {' '.join(table.address.split())}, {size}"
    return f"files: {table.files}, {size}; dialect: {', '.join(table.dialect) or 'plain'}"


def _of_files(table: Exported, labelled: Exported | None, chosen: Chosen) -> dict[str, Any]:
    source: dict[str, Any] = {"kind": "split_files", "files": table.address}
    if table.dialect:
        source["dialect"] = dict(table.dialect)
    if labelled is not None:
        source["outcomes"] = labelled.address
        if labelled.dialect != table.dialect:
            source["dialects"] = {"outcomes": dict(labelled.dialect)}
    if chosen.rows_per_batch:
        source["rows_per_batch"] = chosen.rows_per_batch
    if chosen.numbered:
        source["row_number"] = chosen.key[0]
    return source
