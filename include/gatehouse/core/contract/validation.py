"""Judges a checked batch: accepted with some rows quarantined, or quarantined whole, with the reason in a sentence.

Invariant I3: every source row is in exactly one of accepted or quarantined.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gatehouse.core.config.contract import TableSpec


class CheckedTable(Protocol):
    """What is known of a checked table (`ports.TableCheck` is one)."""

    @property
    def bad_rows(self) -> Mapping[int, tuple[str, ...]]:
        """For each bad row by position, the reasons."""

    @property
    def batch_failures(self) -> tuple[str, ...]:
        """What is wrong with the table as a whole."""

    @property
    def row_problems(self) -> tuple[str, ...]:
        """A sentence for each kind of row that is bad whatever the expectations say: unreadable cells, no key."""


@dataclass(frozen=True)
class RowSplit:
    """The rows of one table by position: how many there are, and the bad ones, in order, with the reasons of each."""

    rows: int
    bad: Mapping[int, tuple[str, ...]]

    @property
    def good(self) -> tuple[int, ...]:
        """The positions of all others."""
        return tuple(position for position in range(self.rows) if position not in self.bad)


@dataclass(frozen=True)
class Validation:
    """The verdict on a batch. With no reason against it, it is accepted: the good rows of each split are accepted and
    the bad ones quarantined. With a reason, all of its rows are quarantined; the splits are what a release would
    accept.
    """

    splits: Mapping[str, RowSplit]
    reasons: tuple[str, ...] = ()

    @property
    def accepted(self) -> bool:
        """Whether the batch is accepted."""
        return not self.reasons

    @property
    def reason(self) -> str:
        """All reasons in one line; empty when accepted."""
        return "; ".join(self.reasons)

    def counts(self, table: str) -> tuple[int, int]:
        """How many rows of a table are accepted and how many quarantined."""
        split = self.splits[table]
        return (split.rows - len(split.bad), len(split.bad)) if self.accepted else (0, split.rows)


def joined_reasons(*bad: Mapping[int, tuple[str, ...]]) -> dict[int, tuple[str, ...]]:
    """The bad rows of several checks of one table, each with all of its reasons, in the order of the rows."""
    rows = sorted({row for found in bad for row in found})
    return {row: tuple(reason for found in bad for reason in found.get(row, ())) for row in rows}


def decide(tables: Mapping[str, TableSpec], rows: Mapping[str, int], checks: Mapping[str, CheckedTable]) -> Validation:
    """Judge a batch from the number of rows and the check of each of its tables.

    A batch is quarantined for a critical failure of a whole table, for fewer rows than `min_rows`, for a larger share
    of bad rows than `max_quarantined_share`, and for a table that is missing. Every reason is given, not only the
    first.
    """
    reasons = [f"table {name!r} was not delivered" for name in tables if name not in rows]
    splits = {}
    for name, spec in tables.items():
        if name in rows:
            splits[name] = _split(name, rows[name], checks[name].bad_rows)
            reasons += _against(name, spec, splits[name], checks[name])
    return Validation(splits, tuple(reasons))


def _split(name: str, rows: int, bad: Mapping[int, tuple[str, ...]]) -> RowSplit:
    beyond = [position for position in bad if not 0 <= position < rows]
    if beyond:
        raise ValueError(f"the check of table {name!r} names row {beyond[0]}, but it has {rows} rows")
    return RowSplit(rows, dict(sorted(bad.items())))


def _against(name: str, spec: TableSpec, split: RowSplit, check: CheckedTable) -> list[str]:
    reasons = [f"table {name!r}: {failure}" for failure in check.batch_failures]
    if split.rows < spec.min_rows:
        reasons.append(f"table {name!r} has {split.rows} rows, contract.yaml asks for at least {spec.min_rows}")
    share = len(split.bad) / split.rows if split.rows else 0.0
    if share > spec.max_quarantined_share:
        sentence = (
            f"table {name!r}: {len(split.bad)} of {split.rows} rows ({share:.2%}) are bad, "
            f"contract.yaml allows {spec.max_quarantined_share:.2%}"
        )
        reasons.append("; ".join([sentence, *check.row_problems]))
    return reasons
