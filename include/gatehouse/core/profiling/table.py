"""The profile of a table: one pass over its columns, on their own grids (a reference) or on a reference's."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gatehouse.core.profiling.arrow_columns import columns_of, counted, is_numeric, numbers
from gatehouse.core.profiling.categorical import CategoricalProfile
from gatehouse.core.profiling.numeric import NumericProfile
from gatehouse.errors import SchemaMismatchError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pyarrow as pa

VERSION = 1
MANY, THREADS = (
    2_000_000,
    2,
)  # values from which two columns are profiled side by side: NumPy and Arrow let go of the lock
ColumnProfile = NumericProfile | CategoricalProfile


@dataclass(frozen=True)
class Profile:
    """Each column's profile by name."""

    columns: Mapping[str, ColumnProfile]

    def merge(self, other: Profile) -> Profile:
        """The profile of two partitions together; both hold the same columns on the same grids (SchemaMismatchError)."""
        if self.columns.keys() != other.columns.keys():
            differing = sorted(self.columns.keys() ^ other.columns.keys())
            raise SchemaMismatchError(f"profiles of different columns cannot be merged: {differing} are in one only")
        return Profile({name: _merge(name, column, other.columns[name]) for name, column in self.columns.items()})

    def to_document(self) -> dict[str, Any]:
        """A plain document for `canonical`: at most 64 KiB a column."""
        return {"version": VERSION, "columns": {name: column.to_document() for name, column in self.columns.items()}}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Profile:
        """The inverse of `to_document`, also after a way through JSON; SchemaMismatchError for another version."""
        if document.get("version") != VERSION:
            raise SchemaMismatchError(
                f"profile of an unknown version; found {document.get('version')!r}; allowed: {VERSION}"
            )
        kinds: dict[str, type[ColumnProfile]] = {"numeric": NumericProfile, "categorical": CategoricalProfile}
        return cls({name: kinds[part["kind"]].from_document(part) for name, part in document["columns"].items()})


def profile_of(table: Any, like: Profile | None = None) -> Profile:
    """Profile an Arrow table, a pandas frame or a mapping name -> array.

    Without `like` the profile makes its own grids: a reference. With it, the columns that the reference knows are
    profiled on its grids and all others are left out; a column of another type is a SchemaMismatchError.
    """
    columns = columns_of(table)
    known = dict.fromkeys(columns) if like is None else {n: like.columns[n] for n in like.columns if n in columns}
    values = sum(len(columns[name]) for name in known)
    with ThreadPoolExecutor(1 if values < MANY else THREADS) as side_by_side:
        found = side_by_side.map(lambda name: _profile(name, columns[name], known[name]), known)
        return Profile(dict(zip(known, found, strict=True)))


def profile_of_parts(parts: Iterable[Any], like: Profile | None = None) -> Profile:
    """Profile a table that comes in parts (row groups, partitions), holding one of them at a time.

    Every part is as `profile_of` takes it. Without `like` the first part makes the grids, so its rows should be like the
    others'; how far Kolmogorov-Smirnov can then be off is still stated (`ks_bound`). Without any part: no column.
    """
    whole: Profile | None = None
    for part in parts:
        found = profile_of(part, like=whole or like)
        del part  # before the next one is read
        whole = found if whole is None else whole.merge(found)
    return whole or Profile({})


def _profile(name: str, column: pa.ChunkedArray, like: ColumnProfile | None = None) -> ColumnProfile:
    if isinstance(like, NumericProfile):
        return NumericProfile.of(numbers(name, column), like.edges)
    if like is None and is_numeric(column):
        return NumericProfile.of(numbers(name, column))
    if is_numeric(column) and column.null_count < len(column):
        raise SchemaMismatchError(f"column {name!r} is categorical in the reference; found {column.type}")
    return CategoricalProfile.of(*counted(column), like.categories if like else None)


def _merge(name: str, one: ColumnProfile, other: ColumnProfile) -> ColumnProfile:
    if isinstance(one, NumericProfile) and isinstance(other, NumericProfile):
        return one.merge(other)
    if isinstance(one, CategoricalProfile) and isinstance(other, CategoricalProfile):
        return one.merge(other)
    raise SchemaMismatchError(f"column {name!r} is numeric in one profile and categorical in the other")
