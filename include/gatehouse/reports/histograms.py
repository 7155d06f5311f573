"""A column's reference and batch overlaid: small for a cell of a table, large for the column's own page.

Names of bins come from data and are escaped. Everything else in the shapes is a number of ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from gatehouse.reports.svg_text import ellipsize

if TYPE_CHECKING:
    from gatehouse.core.profiling.histogram import Histogram

SMALL, LARGE = (120.0, 32.0), (640.0, 260.0)
BAR, LABEL = 30.0, 180.0  # the height of a category's two bars, and the room for its name
MOVED = 3  # bins that the label of a small drawing names


def small_histogram(found: Histogram) -> Markup:
    """Grey bars are the reference, the line is the batch; the label names the bins that moved most."""
    width, height = SMALL
    most, step = _most(found), width / len(found.names)
    bars = "".join(
        f'<rect x="{place * step:.1f}" y="{height - share / most * height:.1f}" width="{step * 0.9:.1f}" '
        f'height="{share / most * height:.1f}"/>'
        for place, share in enumerate(found.reference)
        if share
    )
    line = "".join(
        f"{'M' if not place else 'L'}{place * step:.1f} {height - share / most * height:.1f}h{step:.1f}"
        for place, share in enumerate(found.batch)
    )
    said = f"reference and batch: {'; '.join(_told(row) for row in _moved(found))}"
    drawn = f'<g class="was">{bars}</g><path class="is" d="{line}"/>'
    return _svg("histogram small", SMALL, said, drawn)


def large_histogram(found: Histogram, title: str) -> Markup:
    """Each bin with a tooltip of its own; numeric bins stand beside each other, categories below each other."""
    said = f"{title}: {'; '.join(_told(row) for row in _moved(found))}. The table below has every bin"
    return _columns(found, said) if found.edges else _bars(found, said)


def _columns(found: Histogram, said: str) -> Markup:
    width, height = LARGE
    most, step, base = _most(found), width / len(found.names), height - 24
    shapes = []
    for place, row in enumerate(found.rows):
        x = place * step
        _, was, now = row
        tall = [(share or 0.0) / most * (base - 8) for share in (was, now)]
        shapes.append(
            f"<g><title>{escape(_told(row))}</title>"
            f'<rect class="hit" x="{x:.1f}" y="0" width="{step:.1f}" height="{base:.1f}"/>'
            f'<rect class="was" x="{x + 1:.1f}" y="{base - tall[0]:.1f}" width="{step - 2:.1f}" height="{tall[0]:.1f}"/>'
            f'<path class="is" d="M{x:.1f} {base - tall[1]:.1f}h{step:.1f}"/></g>'
        )
    rises = "".join(
        f"M{(place + 1) * step:.1f} {base - one / most * (base - 8):.1f}V{base - two / most * (base - 8):.1f}"
        for place, (one, two) in enumerate(zip(found.batch, found.batch[1:], strict=False))
    )
    every = max(len(found.names) // 5, 1)
    ticks = "".join(
        f'<text x="{place * step:.1f}" y="{height - 6}" text-anchor="{_anchor(place, len(found.names))}">{edge:.4g}</text>'
        for place, edge in enumerate(found.edges)
        if place % every == 0
    )
    axis = f'<path class="axis" d="M0 {base}H{width}"/>'
    return _svg("histogram", LARGE, said, f'{"".join(shapes)}<path class="is" d="{rises}"/>{axis}{ticks}')


def _anchor(place: int, bins: int) -> str:
    return "start" if place == 0 else "end" if place == bins else "middle"


def _bars(found: Histogram, said: str) -> Markup:
    width = LARGE[0]
    size = (width, BAR * len(found.names) + 4)
    most, room = _most(found), width - LABEL - 60
    shapes = []
    for place, row in enumerate(found.rows):
        name, was, now = row
        y = place * BAR
        shares = [share or 0.0 for share in (was, now)]
        ends = [LABEL + share / most * room for share in shares]
        shapes.append(
            f"<g><title>{escape(_told(row))}</title>"
            f'<rect class="hit" x="0" y="{y:.1f}" width="{width}" height="{BAR}"/>'
            f'<text x="{LABEL - 8}" y="{y + 18:.1f}" text-anchor="end">{escape(ellipsize(name, 24))}</text>'
            f'<rect class="was" x="{LABEL}" y="{y + 4:.1f}" width="{ends[0] - LABEL:.1f}" height="11"/>'
            f'<rect class="now" x="{LABEL}" y="{y + 15:.1f}" width="{ends[1] - LABEL:.1f}" height="11"/>'
            f'<text class="share" x="{max(ends) + 6:.1f}" y="{y + 19:.1f}">{max(shares):.1%}</text></g>'
        )
    return _svg("histogram", size, said, "".join(shapes))


def _most(found: Histogram) -> float:
    return max([*found.reference, *found.batch, 1e-12])


def _moved(found: Histogram) -> list[tuple[str, float | None, float | None]]:
    """The bins whose shares differ most, the first of all where only one side is known."""
    return sorted(found.rows, key=lambda row: -abs((row[1] or 0.0) - (row[2] or 0.0)))[:MOVED]


def _told(row: tuple[str, float | None, float | None]) -> str:
    name, was, now = row
    sides = [f"{share:.1%}" if share is not None else "unknown" for share in (was, now)]
    return f"{ellipsize(name, 60)}: {sides[0]} in the reference, {sides[1]} in the batch"


def _svg(kind: str, size: tuple[float, float], said: str, shapes: str) -> Markup:
    # Names from data are escaped above; the rest of the shapes are numbers.
    return Markup(  # noqa: S704
        f'<svg class="{kind}" viewBox="0 0 {size[0]:.0f} {size[1]:.0f}" role="img" aria-label="{escape(said)}">'
        f"<title>{escape(said)}</title>{shapes}</svg>"
    )
