"""The profile of a table in partitions, each made by itself and merged to the very profile of the whole.

Counts, extremes and categories merge exactly. Sums of floating-point numbers depend on their order, so a partition keeps
them apart for each piece of 65,536 rows, as the whole column is summed: partitions are whole pieces (`whole_pieces`), and the
merged profile is the whole's to the last bit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

from gatehouse.core.audit.canonical_json import number_in
from gatehouse.core.profiling import numeric
from gatehouse.core.profiling.arrow_columns import columns_of, numbers
from gatehouse.core.profiling.batch_profile import known_on
from gatehouse.core.profiling.numeric import Chunk, NumericProfile
from gatehouse.core.profiling.table import ColumnProfile, Profile


@dataclass(frozen=True)
class PartitionProfile:
    """The profile of some consecutive rows on earlier grids, and what each piece of a numeric column adds up to."""

    profile: Profile
    pieces: Mapping[str, Sequence[Chunk]]

    def to_document(self) -> dict[str, Any]:
        """The part as plain values."""
        return {
            "profile": self.profile.to_document(),
            "pieces": {name: list(each) for name, each in self.pieces.items()},
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> PartitionProfile:
        """The inverse of `to_document`, also after a way through JSON."""
        pieces = {
            name: [
                (int(n), number_in(mean), number_in(m2), number_in(low), number_in(high))
                for n, mean, m2, low, high in each
            ]
            for name, each in document["pieces"].items()
        }
        return cls(Profile.from_document(document["profile"]), pieces)


def partition_profile(table: Any, like: Profile) -> PartitionProfile:
    """Profile a part of a table (as `profile_of` takes it) on these grids; columns that they do not know are left out."""
    profile, columns = known_on(table, like), columns_of(table)
    return PartitionProfile(
        profile,
        {
            name: numeric.pieces(numbers(name, columns[name]), column.edges)
            for name, column in profile.columns.items()
            if isinstance(column, NumericProfile)
        },
    )


def merge(parts: Sequence[PartitionProfile]) -> Profile:
    """The profile of all parts (one or more), in their order. A column that one of them could not profile is left out,
    as it is of the whole."""
    names = [name for name in parts[0].profile.columns if all(name in part.profile.columns for part in parts)]
    whole = reduce(Profile.merge, (Profile({name: part.profile.columns[name] for name in names}) for part in parts))
    return Profile(
        {
            name: column.summed([piece for part in parts for piece in part.pieces[name]])
            if isinstance(column, NumericProfile)
            else column
            for name, column in whole.columns.items()
        }
    )


def same_grids(part: Mapping[str, Any] | None, known: Profile | None) -> bool:
    """Whether a part (as a document) was profiled on these grids."""
    if part is None or known is None:
        return part is None and known is None
    made = PartitionProfile.from_document(part).profile.columns
    return all(name in known.columns and _grid(column) == _grid(known.columns[name]) for name, column in made.items())


def _grid(column: ColumnProfile) -> Sequence[Any]:
    return column.edges.tolist() if isinstance(column, NumericProfile) else column.categories
