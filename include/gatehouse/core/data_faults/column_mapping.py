"""Mapping faults: columns that hold what other columns held before, because they were swapped or rotated on the way."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from gatehouse.core.profiling import CategoricalProfile, ColumnProfile, NumericProfile, Profile

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FAR = 0.2  # columns that lie nearer to what they held are not looked at
NEAR = (
    0.08  # another column's content is recognised within this and sampling noise, and within half of how far it is off
)


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
    away = {held: nearest(earlier, held, batch.columns[held]) for held in off}
    usual = {was: _usual(was, earlier) for was in off}
    near = {
        (held, was): nearest(earlier, was, batch.columns[held])
        / _allowed(away[held], usual[was], tolerance(newest.columns[was], batch.columns[held]))
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


def cycles(found: Mapping[str, str]) -> list[dict[str, str]]:
    """A mapping's parts: columns that hold each other's content and no others'."""
    parts, left = [], dict(found)
    while left:
        part, held = {}, next(iter(left))
        while held in left:
            part[held] = left.pop(held)
            held = part[held]
        parts.append(part)
    return parts


def explains(found: Mapping[str, str], off: Sequence[str]) -> bool:
    """Whether a mapping accounts for half of the columns that are far off, or more: where most of them changed without
    one, it is the world that changed, and some of many columns resemble others by chance."""
    return 2 * len(found) >= len([name for name in off if not _derived(name)])


def _groups(off: Sequence[str], near: Mapping[tuple[str, str], float]) -> list[list[str]]:
    """Columns linked by recognised content."""
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
            groups.append(group)
    return groups


def _best(group: Sequence[str], near: Mapping[tuple[str, str], float]) -> dict[str, str]:
    """The assignment that explains most columns, then the one that fits best; a column may stay unexplained only
    together with the content it lost. An assignment problem (Kuhn 1955), so any number of columns is solved."""
    from scipy.optimize import linear_sum_assignment

    most, cost = float(len(group)) + 1, np.zeros((len(group), len(group)))
    for row, held in enumerate(group):
        for column, was in enumerate(group):
            if held != was:
                cost[row, column] = near[held, was] - most if near[held, was] <= 1 else most**2
    rows, columns = linear_sum_assignment(cost)
    return {group[row]: group[column] for row, column in zip(rows, columns, strict=True) if cost[row, column] < 0}


def nearest(earlier: Sequence[Profile], name: str, column: ColumnProfile) -> float:
    """How far a column lies from the most similar of earlier batches."""
    return min((distance(each.columns[name], column) for each in earlier if name in each.columns), default=0.0)


def _usual(name: str, earlier: Sequence[Profile]) -> float:
    """How far a column's content lies from that of the batch before, at most."""
    content = [each.columns[name] for each in earlier if name in each.columns]
    return max((distance(one, other) for one, other in pairwise(content)), default=0.0)


def _allowed(off: float, usual: float, recognised: float) -> float:
    """Content that varies from batch to batch (temperatures) is recognised as far off as it usually is; never where it is
    not twice as near to what the other column held as to what this one did (`off`)."""
    return max(min(max(recognised, usual), off / 2), 1e-9)


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
