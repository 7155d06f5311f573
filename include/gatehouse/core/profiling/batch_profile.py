"""The profile that is stored with a batch: its delivered tables and its features, all on the use case's own grids.

The grids are those of the first accepted batch in which a column has values, and stay: so the profiles of all batches of
a use case merge, whichever champion served, and no later check reads a batch's rows again to compare batches with each
other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gatehouse.core.profiling.categorical import CategoricalProfile
from gatehouse.core.profiling.numeric import NumericProfile
from gatehouse.core.profiling.row_sample import RowSample
from gatehouse.core.profiling.table import ColumnProfile, Profile, profile_of
from gatehouse.errors import SchemaMismatchError

VERSION = 1
MOSTLY = 0.5  # a text column whose every second value is new, or lies outside its own 1,000 categories, names rows


@dataclass(frozen=True)
class BatchProfile:
    """`tables` profiles the accepted rows of each table as declared; `features` the model's inputs (None where the use
    case's code could not make them); `samples` are some rows of each table (none in profiles of before there were)."""

    tables: Mapping[str, Profile]
    features: Profile | None = None
    samples: Mapping[str, RowSample] = field(default_factory=dict)

    def to_document(self) -> dict[str, Any]:
        """A plain document for `canonical`."""
        return {
            "version": VERSION,
            "tables": {name: profile.to_document() for name, profile in self.tables.items()},
            "features": self.features.to_document() if self.features else None,
            "samples": {name: sample.to_document() for name, sample in self.samples.items()},
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> BatchProfile:
        """The inverse of `to_document`; SchemaMismatchError for another version."""
        if document.get("version") != VERSION:
            raise SchemaMismatchError(
                f"batch profile of an unknown version; found {document.get('version')!r}; allowed: {VERSION}"
            )
        tables = {name: Profile.from_document(each) for name, each in document["tables"].items()}
        samples = {name: RowSample.from_document(each) for name, each in document.get("samples", {}).items()}
        return cls(tables, Profile.from_document(document["features"]) if document["features"] else None, samples)


def on_grid(table: Any, like: Profile | None) -> Profile:
    """Profile a table on an earlier batch's grids, or on its own. Columns that the grids do not know begin their own
    now; a column whose type changed since is left out: the contract judges types."""
    if like is None:
        return _telling(profile_of(table))
    names = [str(name) for name in (table.column_names if hasattr(table, "column_names") else table.keys())]
    new = new_in(names, like)
    fresh = _telling(profile_of({name: table[name] for name in new})) if new else Profile({})
    return Profile({**known_on(table, like).columns, **fresh.columns})


def known_on(table: Any, like: Profile) -> Profile:
    """The columns that these grids know; one whose type changed since is left out."""
    grids = _with_grids(like)
    try:
        return profile_of(table, like=grids)
    except SchemaMismatchError:
        return _one_by_one(table, grids)


def new_in(names: Sequence[str], like: Profile | None) -> list[str]:
    """The columns, out of these, that the grids do not know."""
    known = _with_grids(like).columns if like else {}
    return [name for name in names if not any(each == name or each.startswith(f"{name}.") for each in known)]


def _with_grids(like: Profile) -> Profile:
    """The columns that had a value when their grid was made: without one there is no grid, and it begins later."""
    return Profile(
        {
            name: column
            for name, column in like.columns.items()
            if (len(column.edges) if isinstance(column, NumericProfile) else column.categories)
        }
    )


def column_by_column(names: Sequence[str], take: Callable[[str], Any]) -> Profile:
    """Profile columns on their own grids as `on_grid` does, with one of them held at a time; one that cannot be profiled is
    a SchemaMismatchError."""
    found: dict[str, ColumnProfile] = {}
    for name in names:
        found |= _telling(profile_of({name: take(name)})).columns
    return Profile(found)


def merged(profiles: Sequence[Profile], column: str) -> Profile | None:
    """The merged profile of one column over batches, as a profile of its own; None where none has it."""
    parts = [Profile({column: each.columns[column]}) for each in profiles if column in each.columns]
    whole = parts[0] if parts else None
    for part in parts[1:]:
        try:
            whole = whole.merge(part) if whole else part
        except SchemaMismatchError:  # its grid began anew
            whole = part
    return whole


def _telling(profile: Profile) -> Profile:
    return Profile(
        {
            name: column
            for name, column in profile.columns.items()
            if not (isinstance(column, CategoricalProfile) and _names_rows(column))
        }
    )


def _names_rows(column: CategoricalProfile) -> bool:
    few = MOSTLY * max(column.values, 2)
    return column.tail > few or len(column.categories) > few


def _one_by_one(table: Any, like: Profile) -> Profile:
    found: dict[str, ColumnProfile] = {}
    for name, column in like.columns.items():
        source = name if name in table else name.rpartition(".")[0]
        if source in table:
            try:
                found |= profile_of({source: table[source]}, like=Profile({name: column})).columns
            except SchemaMismatchError:
                continue
    return Profile(found)
