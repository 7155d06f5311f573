"""The source of a contract whose rows come out of a database: one query for the rows, one for the outcomes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gatehouse.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gatehouse.proposal.choose import Chosen
    from gatehouse.proposal.database import DatabaseTable
    from gatehouse.proposal.exported import Exported

_WIDTH = 100


def source_of_queries(
    table: tuple[DatabaseTable, Exported], labelled: tuple[DatabaseTable, Exported], chosen: Chosen,
    columns: Sequence[str], label: str,
) -> dict[str, Any]:  # fmt: skip
    """`source` of the contract. The queries name each column, so a new one in the database changes nothing."""
    refuse_unbatched(chosen)
    origin, rows = table
    spec = origin.spec.model_dump(include={"kind", "connection", "conn_id"}, exclude_none=True)
    within = _within(origin, rows, str(chosen.time))
    of_rows = _query(_selected(origin, rows, columns), f"{origin.as_relation()} q", within)
    asked = _column(labelled[0], labelled[1], label, "q" if labelled[0] is origin else "o")
    named = [_named(asked, label, origin)]
    if labelled[0] is origin:
        known = _query(_selected(origin, rows, chosen.key) + named, f"{origin.as_relation()} q", within, asked)
    else:
        known = _joined(table, labelled, chosen.key, named, within, asked)
    return {**spec, "queries": {"rows": of_rows, "outcomes": known}}


def refuse_unbatched(chosen: Chosen) -> None:
    """Rows of a database have a time and a key: their order is not kept anywhere."""
    if chosen.time is None:
        raise InvalidInputError(
            "the rows of a database are divided by time",
            found=chosen.evidence[1],
            allowed="a column of moments or days that fills six batches; name it with --time, convert it in --from 'SELECT ...'",
        )
    if chosen.numbered:
        raise InvalidInputError(
            "the rows of a database need a key", found="no columns are sure to name each row once",
            allowed="name them with --key, once for each column",
        )  # fmt: skip


def _joined(
    table: tuple[DatabaseTable, Exported], labelled: tuple[DatabaseTable, Exported], key: Sequence[str],
    named: Sequence[str], within: str, asked: str,
) -> str:  # fmt: skip
    """The outcomes of the rows of an interval: the time is the rows'."""
    (origin, rows), (other, outcomes) = table, labelled
    same = " AND ".join(f"{_column(origin, rows, name, 'q')} = {_column(other, outcomes, name, 'o')}" for name in key)
    relation = f"{origin.as_relation()} q\nJOIN {other.as_relation()} o ON {same}"
    return _query([*_selected(origin, rows, key), *named], relation, within, asked)


def _query(names: Sequence[str], relation: str, within: str, known: str = "") -> str:
    """The query in lines; a label that is not known yet is no outcome."""
    lines = [""]
    for name in names:
        if len(lines[-1]) + len(name) > _WIDTH:
            lines.append("  ")
        lines[-1] += f"{name}, "
    selected = "\n".join(line.rstrip() for line in lines).rstrip(",")
    return f"SELECT {selected}\nFROM {relation}\nWHERE {within}" + (f" AND {known} IS NOT NULL" if known else "") + "\n"


def _within(origin: DatabaseTable, rows: Exported, time: str) -> str:
    """The interval. SQLite keeps moments as texts of several forms, which `datetime` makes one of."""
    column = _column(origin, rows, time, "q")
    if origin.backend == "sqlite":
        column = f"datetime({column})"
    elif time in rows.texts:
        raise InvalidInputError(
            f"column {time!r} is a text in the database", found=f"for example {rows.rows[time].iloc[0]}",
            allowed="a query that converts it, such as --from 'SELECT *, CAST(at AS TIMESTAMP) AS moment FROM orders'",
        )  # fmt: skip
    return f"{column} >= :start AND {column} < :end"


def _selected(origin: DatabaseTable, rows: Exported, names: Sequence[str]) -> list[str]:
    return [_named(_column(origin, rows, name, "q"), name, origin) for name in names]


def _named(column: str, name: str, origin: DatabaseTable) -> str:
    """The column under its name in the contract."""
    short = origin.quoted(name)
    return column if column.endswith(f".{short}") else f"{column} AS {short}"


def _column(origin: DatabaseTable, rows: Exported, name: str, alias: str) -> str:
    """A column of the contract as the database names it; a colon in it is no parameter."""
    names: Mapping[str, str] = {short: stored for stored, short in rows.dialect.get("rename", {}).items()}
    return f"{alias}.{origin.quoted(names.get(name, name))}".replace(":", r"\:")
