"""Drawings as large as a word, for the cells of a table: an interval against its limit, a line of measured values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup, escape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gatehouse.core.types import RuleResult

_WIDTH, _HEIGHT, _EDGE = 120.0, 20.0, 6.0


def interval(result: RuleResult) -> Markup:
    """The measured value as a dot, its interval as a line, the limit as a bar; empty without a value or a limit."""
    if result.value is None or result.limit is None:
        return Markup("")
    ends = [end for end in (result.low, result.high) if end is not None]
    place = _scale([result.value, result.limit, *ends], _EDGE, _WIDTH - _EDGE)
    middle = _HEIGHT / 2
    said = f"measured {result.value:.4g}, limit {result.limit:.4g}"
    line = ""
    if result.low is not None and result.high is not None:
        said += f", interval {result.low:.4g} to {result.high:.4g}"
        line = (
            f'<path class="arm" d="M{place(result.low)} {middle}H{place(result.high)}'
            f'M{place(result.low)} {middle - 3}v6M{place(result.high)} {middle - 3}v6"/>'
        )
    return _svg(
        said,
        f'<path class="limit" d="M{place(result.limit)} 2V{_HEIGHT - 2}"/>{line}'
        f'<circle class="dot" cx="{place(result.value)}" cy="{middle}" r="3.5"/>',
    )


def sparkline(values: Sequence[tuple[str, float, bool]], metric: str) -> Markup:
    """Measured values in the order of time, alarms as crosses; each is (batch, value, alarm)."""
    if not values:
        return Markup("")
    rise = _scale([-value for _, value, _ in values], 4, _HEIGHT - 4)
    step = (_WIDTH - 2 * _EDGE) / max(len(values) - 1, 1)
    points = [(round(_EDGE + index * step, 1), rise(-value), alarm) for index, (_, value, alarm) in enumerate(values)]
    said = f"{metric} {', '.join(f'{value:.3g}' for _, value, _ in values)} ({values[0][0]} to {values[-1][0]})"
    alarms = sum(alarm for *_, alarm in values)
    crosses = "".join(f"M{x - 3} {y - 3}l6 6m0 -6l-6 6" for x, y, alarm in points if alarm)
    return _svg(
        said + (f", {alarms} in alarm" if alarms else ""),
        f'<polyline class="line" points="{" ".join(f"{x},{y}" for x, y, _ in points)}"/>'
        f'<circle class="dot" cx="{points[-1][0]}" cy="{points[-1][1]}" r="2.5"/>'
        + (f'<path class="cross" d="{crosses}"/>' if crosses else ""),
    )


def _svg(said: str, shapes: str) -> Markup:
    # The shapes are numbers of ours; what is said holds names from data and is escaped.
    return Markup(  # noqa: S704
        f'<svg class="glyph" viewBox="0 0 {_WIDTH:.0f} {_HEIGHT:.0f}" role="img" aria-label="{escape(said)}">{shapes}</svg>'
    )


class _scale:  # noqa: N801 - used as a function
    """Places on a line from `start` to `end` for values of any range."""

    def __init__(self, values: Sequence[float], start: float, end: float) -> None:
        self._low, self._span = min(values), max(values) - min(values)
        self._start, self._length = start, end - start

    def __call__(self, value: float) -> float:
        share = (value - self._low) / self._span if 0 < self._span < float("inf") else 0.0
        return round(self._start + share * self._length, 1)
