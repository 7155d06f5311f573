"""A column's distance from its reference over batches: a point a batch, a line for the limit, each point a link."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from gatehouse.reports.svg_text import printable

WIDTH, HEIGHT, BASE, EDGE, LEFT = 640.0, 180.0, 156.0, 12.0, 64.0


@dataclass(frozen=True)
class HistoryPoint:
    """One batch: its name, the distance and the limit (None where none was measured), the state, and its address."""

    batch: str
    value: float | None
    limit: float | None
    state: str
    address: str
    chosen: bool = False


def drift_history(points: Sequence[HistoryPoint], title: str) -> Markup:
    """The oldest batch first. Points in alarm are crosses; the chosen batch has a ring."""
    known = [point for point in points if point.value is not None]
    most = max([each for point in known for each in (point.value, point.limit) if each is not None] or [1.0]) or 1.0
    step = (WIDTH - EDGE - LEFT) / max(len(points) - 1, 1)

    def rise(value: float) -> float:
        return BASE - value / most * (BASE - EDGE)

    limits = [(LEFT + place * step, rise(point.limit)) for place, point in enumerate(points) if point.limit is not None]
    limit = "".join(f"{'L' if place else 'M'}{x:.1f} {y:.1f}" for place, (x, y) in enumerate(limits))
    marks = "".join(
        _mark(point, LEFT + place * step, rise(point.value))
        for place, point in enumerate(points)
        if point.value is not None
    )
    ends = "".join(
        f'<text x="{x:.1f}" y="{HEIGHT - 6}" text-anchor="{anchor}">{escape(printable(point.batch[:24]))}</text>'
        for x, anchor, point in ((LEFT, "start", points[0]), (WIDTH - EDGE, "end", points[-1]))[: len(points)]
    )
    said = (
        f"{title}: {len(known)} of {len(points)} batches measured, {sum(_alarmed(point) for point in known)} in alarm"
    )
    axis = f'<path class="axis" d="M{LEFT - 8} {EDGE}V{BASE}H{WIDTH}"/>' + "".join(
        f'<text x="{LEFT - 12}" y="{rise(value) + 4:.1f}" text-anchor="end">{value:.3g}</text>'
        for value in (0.0, most / 2, most)
    )
    # Names of batches are escaped; the rest of the shapes are numbers.
    return Markup(  # noqa: S704
        f'<svg class="history" viewBox="0 0 {WIDTH:.0f} {HEIGHT:.0f}" role="group" aria-label="{escape(said)}">'
        f'<title>{escape(said)}</title>{axis}<path class="limit" d="{limit}"/>{marks}{ends}</svg>'
    )


def _mark(point: HistoryPoint, x: float, y: float) -> str:
    limit = f", limit {point.limit:.3g}" if point.limit is not None else ""
    told = f"{printable(point.batch)}: distance {point.value:.3g}{limit}, {point.state}"
    shape = f'<path class="cross" d="M{x - 4:.1f} {y - 4:.1f}l8 8m0 -8l-8 8"/>' if _alarmed(point) else ""
    dot = shape or f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="4"/>'
    ring = f'<circle class="ring" cx="{x:.1f}" cy="{y:.1f}" r="8"/>' if point.chosen else ""
    hit = f'<circle class="hit" cx="{x:.1f}" cy="{y:.1f}" r="10"/>'
    return f'<a href="{escape(point.address)}" aria-label="{escape(told)}"><title>{escape(told)}</title>{hit}{dot}{ring}</a>'


def _alarmed(point: HistoryPoint) -> bool:
    return point.state == "alarm"
