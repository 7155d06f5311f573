"""The lists of a use case: its batches and its decisions, filtered, sorted and by page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from gatehouse.queries.day_range import days

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gatehouse.adapters.ledger.connection import Database

_BATCHES = """
    SELECT b.key, b.revision, b.state, b.starts, b.ends, b.reason, p.rows, p.quarantined, w.alarms
    FROM (SELECT * FROM current_batches WHERE use_case = %(use_case)s AND (%(only)s = '' OR state = %(only)s)
          AND starts >= %(since)s AND starts < %(until)s {inner}) b
    LEFT JOIN LATERAL (SELECT sum(a.rows)::bigint AS rows, sum(q.rows)::bigint AS quarantined FROM batch_table_results p
        JOIN files a ON a.path = p.accepted JOIN files q ON q.path = p.quarantined
        WHERE (p.use_case, p.key, p.revision) = (b.use_case, b.key, b.revision)) p ON true
    LEFT JOIN LATERAL (SELECT json_array_length(x.body::json -> 'alarms') AS alarms FROM monitoring_reports x
        WHERE (x.use_case, x.key, x.revision) = (b.use_case, b.key, b.revision)) w ON true
    {outer}"""
_DECISIONS = """
    SELECT d.id, d.version, d.verdict, d.sentence, d.champion, d.generation, d.audit_seq, j.at, m.candidate
    FROM decisions d JOIN audit_log j ON j.seq = d.audit_seq JOIN model_versions m USING (use_case, version)
    WHERE d.use_case = %(use_case)s AND (%(only)s = '' OR d.verdict = %(only)s) AND j.at >= %(since)s AND j.at < %(until)s
    {outer}"""
# What a list is sorted by: the columns, the newest or largest first. The first one is the default.
BATCH_SORTS: Mapping[str, tuple[str, ...]] = {
    "batch": ("key", "revision"), "state": ("state", "key"), "accepted": ("rows", "key"), "quarantined": ("quarantined", "key"),
    "alarms": ("alarms", "key"),
}  # fmt: skip
DECISION_SORTS: Mapping[str, tuple[str, ...]] = {
    "made": ("d.audit_seq",), "version": ("d.version", "d.audit_seq"), "verdict": ("d.verdict", "d.audit_seq"),
    "champion": ("d.champion", "d.audit_seq"),
}  # fmt: skip
OF_THE_BATCH = ("batch", "state")  # known before a batch's rows and alarms are counted


@dataclass(frozen=True)
class ListFilter:
    """What is asked for: one state or verdict (`only`), days, the order, and the page, counted from 1. A `size` of None is
    all of them on one page."""

    only: str = ""
    since: date | None = None
    until: date | None = None
    sort: str = ""
    ascending: bool = False
    page: int = 1
    size: int | None = 50


def batches_of(database: Database, use_case: str, asked: ListFilter) -> tuple[list[dict[str, Any]], bool]:
    """A page of a use case's batches, the newest first unless sorted, and whether more follow."""
    order = _order(BATCH_SORTS, asked)
    if asked.sort in OF_THE_BATCH or asked.sort not in BATCH_SORTS:
        inner, outer = f"{order} LIMIT %(limit)s OFFSET %(offset)s", order
    else:
        inner, outer = "", f"{order} LIMIT %(limit)s OFFSET %(offset)s"
    return _page(database, _BATCHES.format(inner=inner, outer=outer), use_case, asked)


def decisions_of(database: Database, use_case: str, asked: ListFilter) -> tuple[list[dict[str, Any]], bool]:
    """A page of a use case's decisions, the newest first unless sorted, and whether more follow."""
    outer = f"{_order(DECISION_SORTS, asked)} LIMIT %(limit)s OFFSET %(offset)s"
    return _page(database, _DECISIONS.format(outer=outer), use_case, asked)


def _order(sorts: Mapping[str, tuple[str, ...]], asked: ListFilter) -> str:
    """The clause for one of our own columns: no text of an address gets into it."""
    columns = sorts.get(asked.sort) or next(iter(sorts.values()))
    way = "ASC NULLS FIRST" if asked.ascending else "DESC NULLS LAST"
    return "ORDER BY " + ", ".join(f"{column} {way}" for column in columns)


def _page(database: Database, sql: str, use_case: str, asked: ListFilter) -> tuple[list[dict[str, Any]], bool]:
    since, until = days(asked.since, asked.until)
    size = asked.size
    with database.snapshot() as rows:
        found = rows.named(
            sql,
            use_case=use_case,
            only=asked.only,
            since=since,
            until=until,
            limit=None if size is None else size + 1,
            offset=0 if size is None else (asked.page - 1) * size,
        )
    return found[:size], size is not None and len(found) > size
