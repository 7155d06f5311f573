"""Two profiles of one column side by side, on bins that both share: what a histogram shows.

The profiles may lie on different grids. Mass between two edges of a grid counts as spread evenly there.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from gatehouse.core.profiling.categorical import CategoricalProfile
from gatehouse.core.profiling.numeric import NumericProfile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from gatehouse.core.profiling.table import ColumnProfile

BINS, BARS = 20, 12
MILLION = 1e6
TAIL = 0.005  # of each side's values may lie beyond the drawn range, in the outermost bins
OTHER, RARE = "all others", "not among the named values"


@dataclass(frozen=True)
class Histogram:
    """`names` labels the bins, `edges` bounds them (empty for bars); `reference` and `batch` are shares of the values
    that are not null, empty where that side has no profile or no values."""

    names: tuple[str, ...]
    edges: tuple[float, ...]
    reference: tuple[float, ...]
    batch: tuple[float, ...]

    @property
    def rows(self) -> list[tuple[str, float | None, float | None]]:
        """Each bin with both shares, as a table reads."""
        nothing = (None,) * len(self.names)
        return list(zip(self.names, self.reference or nothing, self.batch or nothing, strict=True))


def histogram(reference: ColumnProfile | None, batch: ColumnProfile | None) -> Histogram | None:
    """Both sides on shared bins; None when neither has a value, or one is numeric and the other is not."""
    sides = [each for each in (reference, batch) if each is not None and each.values]
    if not sides:
        return None
    if all(isinstance(each, NumericProfile) for each in sides):
        return _numeric(*(each if isinstance(each, NumericProfile) else None for each in (reference, batch)))
    if all(isinstance(each, CategoricalProfile) for each in sides):
        return _bars(*(each if isinstance(each, CategoricalProfile) else None for each in (reference, batch)))
    return None


def quantiles(profile: NumericProfile, shares: Sequence[float]) -> list[float]:
    """The values below which these shares of the finite values lie."""
    where = np.concatenate([[profile.minimum], np.repeat(profile.edges, 2), [profile.maximum]])
    below = np.concatenate([[0], np.cumsum(profile.cells)]).astype(float)
    found = np.interp(np.asarray(shares) * profile.values, below, np.maximum.accumulate(where))
    return [float(each) for each in np.clip(found, profile.minimum, profile.maximum)]


def counts_by_name(profile: CategoricalProfile) -> dict[str, int]:
    """The counts of all values that the profile knows by name."""
    return {**dict(zip(profile.categories, profile.counts.tolist(), strict=True)), **dict(profile.tail_names)}


def unseen(reference: CategoricalProfile, batch: CategoricalProfile) -> dict[str, int]:
    """The batch's named values that the reference does not hold, the most frequent first."""
    known = {name for name, count in counts_by_name(reference).items() if count}
    found = {name: count for name, count in counts_by_name(batch).items() if count and name not in known}
    return dict(sorted(found.items(), key=lambda each: (-each[1], each[0])))


def _numeric(reference: NumericProfile | None, batch: NumericProfile | None) -> Histogram:
    sides = [each for each in (reference, batch) if each is not None and each.values]
    atoms, whole = _atoms(sides), all(_whole(each) for each in sides)
    if atoms is not None:
        inner = (atoms[:-1] + atoms[1:]) / 2
        names, drawn = tuple(f"{value:g}" for value in atoms), ()
    else:
        ends = [quantiles(each, (TAIL, 1 - TAIL)) for each in sides]
        low, high = min(low for low, _ in ends), max(high for _, high in ends)
        if low == high:  # almost all values are one: the others would be out of sight
            low, high = min(each.minimum for each in sides), max(each.maximum for each in sides)
        edges = _whole_edges(low, high) if whole else np.linspace(low, high, BINS + 1)
        half = 0.5 if whole else 0.0
        digits = _digits(edges)
        names = tuple(_span(one + half, two - half, digits) for one, two in pairwise(edges.tolist()))
        inner, drawn = edges[1:-1], tuple(edges.tolist())
    return Histogram(names, drawn, _shares(reference, inner, whole), _shares(batch, inner, whole))


def _whole(profile: NumericProfile) -> bool:
    """Whether the column seems to hold whole numbers only, few enough for a width of one or more."""
    known = np.append(profile.edges, [profile.minimum, profile.maximum])
    return bool((np.floor(known) == known).all() and np.ptp(known) < MILLION)


def _whole_edges(low: float, high: float) -> NDArray[np.float64]:
    """Edges between whole numbers, the same count of them in each bin."""
    first, last = np.floor(low), np.ceil(high)
    width = max(int(np.ceil((last - first + 1) / BINS)), 1)
    return np.arange(first, last + width + 1, width) - 0.5


def _digits(edges: NDArray[np.float64]) -> int:
    """So many digits that neighbouring edges differ: four, or more where the range is narrow and far from zero."""
    width, far = float(np.diff(edges).min()), float(np.abs(edges).max())
    return max(4, min(17, int(np.ceil(np.log10(far / width))) + 1)) if width > 0 else 17


def _span(low: float, high: float, digits: int) -> str:
    return f"{low:.{digits}g}" if low == high else f"{low:.{digits}g} to {high:.{digits}g}"


def _atoms(sides: Sequence[NumericProfile]) -> NDArray[np.float64] | None:
    """The few values that make up all of both sides; None when there are more, or values between them."""
    if any(each.cells[::2].sum() for each in sides):
        return None
    held = np.unique(np.concatenate([each.edges[each.cells[1::2] > 0] for each in sides]))
    return held if len(held) <= BARS else None


def _shares(profile: NumericProfile | None, inner: NDArray[np.float64], whole: bool) -> tuple[float, ...]:
    """The share of the values between neighbours of `inner`, and beyond it on both sides."""
    if profile is None or not profile.values:
        return ()
    below = [_below(profile, float(edge), 0.5 if whole else 0.0) for edge in inner]
    return tuple(float(each) for each in np.diff([0.0, *below, profile.values]) / profile.values)


def _below(profile: NumericProfile, value: float, half: float) -> float:
    """How many of the finite values lie below `value`; those of a cell lie evenly `half` away from its edges."""
    place = int(np.searchsorted(profile.edges, value, side="left"))
    counted = np.cumsum(profile.cells)
    if place < len(profile.edges) and profile.edges[place] == value:
        return float(counted[2 * place])
    low = profile.edges[place - 1] + half if place else profile.minimum - half
    high = profile.edges[place] - half if place < len(profile.edges) else profile.maximum + half
    part = min(max((value - low) / (high - low), 0.0), 1.0) if high > low else float(value > high)
    before = float(counted[2 * place - 1]) if place else 0.0
    return before + part * float(profile.cells[2 * place])


def _bars(reference: CategoricalProfile | None, batch: CategoricalProfile | None) -> Histogram:
    shares = [_named(each) if each is not None and each.values else None for each in (reference, batch)]
    sides = [found for found, _ in filter(None, shares)]
    weight = {name: _weight([each.get(name, 0.0) for each in sides]) for found in sides for name in found}
    ranked = sorted(weight, key=lambda name: (-weight[name], name))
    shown = ranked if len(ranked) <= BARS else ranked[: BARS - 1]
    rest = ranked[len(shown) :]
    rare = any(tail for _, tail in filter(None, shares))

    def side(known: tuple[dict[str, float], float] | None) -> tuple[float, ...]:
        if known is None:
            return ()
        found, tail = known
        others = [sum(found.get(name, 0.0) for name in rest)] if rest else []
        return (*(found.get(name, 0.0) for name in shown), *others, *([tail] if rare else []))

    names = (*shown, *([OTHER] if rest else []), *([RARE] if rare else []))
    return Histogram(names, (), side(shares[0]), side(shares[1]))


def _weight(shares: Sequence[float]) -> float:
    """How much a name has to be shown: frequent ones, and those that changed."""
    return 2 * max(shares) - min(shares)


def _named(profile: CategoricalProfile) -> tuple[dict[str, float], float]:
    """Each name's share, and that of the tail's values of which no name is kept."""
    left = profile.tail - sum(profile.tail_names.values())
    named = {name: count / profile.values for name, count in counts_by_name(profile).items() if count}
    return named, left / profile.values
