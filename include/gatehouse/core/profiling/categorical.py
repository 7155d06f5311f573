"""The profile of a categorical or boolean column: a count for each of the reference's categories, and a bounded tail.

The reference keeps its 1,000 most frequent categories; they are the grid of every later batch. All other values are
counted together in `tail`, and up to 100 of their names are kept with exact counts: those with the smallest hash, a
sample that merges exactly (a name among the whole's smallest is among the smallest of each part that holds it).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from gatehouse.core.audit.canonical_json import canonical, sha256
from gatehouse.errors import SchemaMismatchError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

CATEGORIES = 1000
NAMED = 100
NAME_BYTES = 40


@dataclass(frozen=True, eq=False)
class CategoricalProfile:
    """One categorical column: `counts` belongs to `categories`, entry by entry. Names longer than 40 bytes are
    shortened, with their hash."""

    rows: int
    nulls: int
    categories: tuple[str, ...]
    counts: NDArray[np.int64]
    tail: int
    tail_names: Mapping[str, int]

    @classmethod
    def of(
        cls, counted: Mapping[str, int], nulls: int, categories: tuple[str, ...] | None = None
    ) -> CategoricalProfile:
        """Profile a column from the count of each of its values, on `categories` or on its own."""
        named: dict[str, int] = {}
        for value, count in counted.items():
            name = _short(value)
            named[name] = named.get(name, 0) + count
        if categories is None:
            categories = tuple(sorted(named, key=lambda name: (-named[name], name))[:CATEGORIES])
        counts = np.array([named.pop(name, 0) for name in categories], dtype=np.int64)
        tail = sum(named.values())
        return cls(nulls + int(counts.sum()) + tail, nulls, categories, counts, tail, _sample(named))

    @property
    def values(self) -> int:
        """How many values are not null."""
        return self.rows - self.nulls

    @property
    def cells(self) -> NDArray[np.int64]:
        """The counts of the categories, and of the tail last."""
        return np.append(self.counts, self.tail)

    @property
    def presence(self) -> NDArray[np.int64]:
        """Counts of null and not null."""
        return np.array([self.nulls, self.values])

    def merge(self, other: CategoricalProfile) -> CategoricalProfile:
        """The profile of both partitions together, exactly."""
        if self.categories != other.categories:
            raise SchemaMismatchError(
                "categorical profiles on different categories cannot be merged: use one reference"
            )
        names = dict(self.tail_names)
        for name, count in other.tail_names.items():
            names[name] = names.get(name, 0) + count
        return CategoricalProfile(
            rows=self.rows + other.rows,
            nulls=self.nulls + other.nulls,
            categories=self.categories,
            counts=self.counts + other.counts,
            tail=self.tail + other.tail,
            tail_names=_sample(names),
        )

    def to_document(self) -> dict[str, Any]:
        """The profile as plain values."""
        return {
            "kind": "categorical",
            "rows": self.rows,
            "nulls": self.nulls,
            "categories": list(self.categories),
            "counts": self.counts.tolist(),
            "tail": self.tail,
            "tail_names": dict(self.tail_names),
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> CategoricalProfile:
        """The inverse of `to_document`, also after a way through JSON."""
        return cls(
            rows=document["rows"],
            nulls=document["nulls"],
            categories=tuple(document["categories"]),
            counts=np.array(document["counts"], dtype=np.int64),
            tail=document["tail"],
            tail_names=dict(document["tail_names"]),
        )


def _short(name: str) -> str:
    if len(canonical(name).encode()) <= NAME_BYTES + 2:  # as it will be written, quotes included
        return name
    head = name[: NAME_BYTES // 2]
    while len(canonical(head).encode()) > NAME_BYTES - 17:  # … and the hash take 19, the quotes give 2
        head = head[:-1]
    return f"{head}…{sha256(name)[:16]}"


def _sample(names: Mapping[str, int]) -> dict[str, int]:
    kept = names if len(names) <= NAMED else sorted(names, key=sha256)[:NAMED]
    return {name: names[name] for name in sorted(kept)}
