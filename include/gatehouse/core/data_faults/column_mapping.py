"""Mapping faults: columns that hold what other columns held before, because they were swapped or rotated on the way."""

from __future__ import annotations

from itertools import pairwise, permutations
from typing import TYPE_CHECKING

import numpy as np

from gatehouse.core.profiling import CategoricalProfile, ColumnProfile, NumericProfile, Profile

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FAR = 0.2  # columns that lie nearer to what they held are not looked at
NEAR = (
    0.08  # another column's content is recognised within this and sampling noise, and within half of how far it is off
)
BRUTE = 6  # so many columns in one fault are tried in every order


def distance(reference: ColumnProfile, batch: ColumnProfile) -> float:
    """How far two columns' values lie apart on any grids, 0 to 1: the largest difference of the distribution functions,
    or of the categories by name half the sum of differences. 1 for different types or where either has no values."""
    if isinstance(reference, NumericProfile) and isinstance(batch, NumericProfile):
        return _numeric(reference, batch)
    if isinstance(reference, CategoricalProfile) and isinstance(batch, CategoricalProfile):
        return _named(reference, batch)
    return 1.0


def far(earlier: Sequence[Profile], batch: Profile) -> list[str]:
    """The columns that are unlike every earlier batch."""
    return [
        name
        for name, column in batch.columns.items()
        if name in earlier[-1].columns and column.values and nearest(earlier, name, column) > FAR
    ]


def find_column_mapping(earlier: Sequence[Profile], batch: Profile) -> dict[str, str]:
    """The most likely mapping, delivered column -> the column whose content it holds; empty where none explains it.

    `batch` profiles the columns that are `far`, on their own grids: on what a column held before, other content is one
    cell. Each must be recognised as another one of them. The columns form whole cycles: what one holds now, another one
    has lost.
    """
    newest = earlier[-1]
    off = [name for name in batch.columns if name in newest.columns and not _derived(name)]
    near = {
        (held, was): nearest(earlier, was, batch.columns[held]) / _allowed(held, was, earlier, batch)
        for held in off
        for was in off
        if held != was
    }
    found: dict[str, str] = {}
    for group in _groups(off, near):
        found |= _best(group, near)
    return found


def describe_mapping(found: Mapping[str, str]) -> str:
    """A mapping as a sentence."""
    pairs = ", ".join(f"{held!r} holds what {was!r} held" for held, was in found.items())
    whole = all(found.get(found[held]) == held for held in found)
    return f"columns look {'swapped' if whole else 'rotated'}: {pairs}"


def _groups(off: Sequence[str], near: Mapping[tuple[str, str], float]) -> list[list[str]]:
    """Columns linked by recognised content, at most `BRUTE` together."""
    groups: list[list[str]] = []
    left = list(off)
    while left:
        group, edge = [left.pop(0)], 0
        while edge < len(group):
            one = group[edge]
            linked = [each for each in left if min(near[one, each], near[each, one]) <= 1]
            group += linked
            left = [each for each in left if each not in linked]
            edge += 1
        if len(group) > 1:
            groups.append(group[:BRUTE])
    return groups


def _best(group: Sequence[str], near: Mapping[tuple[str, str], float]) -> dict[str, str]:
    """The assignment that explains most columns, then the one that fits best; a column may stay unexplained only
    together with the content it lost."""
    best: tuple[int, float, dict[str, str]] = (0, 0.0, {})
    for order in permutations(group):
        pairs = {held: was for held, was in zip(group, order, strict=True) if held != was}
        if not pairs or any(near[each] > 1 for each in pairs.items()):
            continue
        cost = sum(near[each] for each in pairs.items())
        if (-len(pairs), cost) < (-best[0], best[1]) or not best[2]:
            best = (len(pairs), cost, pairs)
    return best[2]


def nearest(earlier: Sequence[Profile], name: str, column: ColumnProfile) -> float:
    """How far a column lies from the most similar of earlier batches."""
    return min((distance(each.columns[name], column) for each in earlier if name in each.columns), default=0.0)


def _allowed(held: str, was: str, earlier: Sequence[Profile], batch: Profile) -> float:
    """Content that varies from batch to batch (temperatures) is recognised as far off as it usually is; never where it is
    not twice as near to what the other column held as to what this one did."""
    content = [each.columns[was] for each in earlier if was in each.columns]
    usual = max((distance(one, other) for one, other in pairwise(content)), default=0.0)
    off = nearest(earlier, held, batch.columns[held])
    return max(min(max(tolerance(content[-1], batch.columns[held]), usual), off / 2), 1e-9)


def tolerance(reference: ColumnProfile, batch: ColumnProfile) -> float:
    """Within what distance a content counts as recognised: two samples of it rarely lie farther apart."""
    return NEAR + 1.5 * float(np.sqrt(1 / max(reference.values, 1) + 1 / max(batch.values, 1)))


def _derived(name: str) -> bool:
    return name.endswith((".hour", ".weekday"))


def _numeric(reference: NumericProfile, batch: NumericProfile) -> float:
    if not reference.values or not batch.values:
        return 1.0
    points = np.union1d(reference.edges, batch.edges)
    return float(np.abs(cumulative(reference, points) - cumulative(batch, points)).max())


def cumulative(profile: NumericProfile, points: np.typing.NDArray[np.float64]) -> np.typing.NDArray[np.float64]:
    """The share of finite values at or below each point; between two edges, and outside them to the extremes, in a
    straight line."""
    edges, shares = profile.edges, np.cumsum(profile.cells) / profile.values
    knots, heights = [edges], [shares[1::2]]
    if profile.minimum < edges[0]:
        knots.insert(0, np.array([profile.minimum, edges[0]]))
        heights.insert(0, np.array([0.0, shares[0]]))
    if profile.maximum > edges[-1]:
        knots.append(np.array([profile.maximum]))
        heights.append(np.array([1.0]))
    at, height = np.concatenate(knots), np.concatenate(heights)
    keep = np.append(at[1:] != at[:-1], True)  # of two heights at one place the upper one
    values = np.interp(points, at[keep], height[keep], left=0.0, right=1.0)
    values[points < profile.minimum] = 0.0
    return np.asarray(values)


def _named(reference: CategoricalProfile, batch: CategoricalProfile) -> float:
    if not reference.values or not batch.values:
        return 1.0
    before, after = shares(reference), shares(batch)
    return sum(abs(before.get(name, 0.0) - after.get(name, 0.0)) for name in before.keys() | after.keys()) / 2


def shares(profile: CategoricalProfile) -> dict[str, float]:
    """The share of each category that has rows, those of the tail as far as their names were kept."""
    held = {
        name: count / profile.values
        for name, count in zip(profile.categories, profile.counts.tolist(), strict=True)
        if count
    }
    return held | {name: count / profile.values for name, count in profile.tail_names.items()}
