"""A use case on one time axis, and its drift by column and batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gatehouse.core.statistics.metrics import metric_named
from gatehouse.reports.inline_svg import BLUE, ORANGE, SOFT, draw
from gatehouse.reports.svg_text import SvgText, add_text, labels

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from markupsafe import Markup
    from numpy.typing import NDArray

GREEN, PURPLE, YELLOW = "#009E73", "#CC79A7", "#B58900"
LANES = ("batches", "alarms", "requests", "decisions", "champions")
_BATCH = {"accepted": ("o", GREEN), "landed": ("o", SOFT), "quarantined": ("s", ORANGE), "discarded": ("x", SOFT)}
_VERDICT = {"PROMOTE": GREEN, "HOLD": YELLOW, "REVIEW": YELLOW, "BLOCK": ORANGE}

TimelineRow = dict[str, Any]


def timeline(
    batches: Sequence[TimelineRow], requests: Sequence[TimelineRow], promotions: Sequence[TimelineRow]
) -> Markup:
    """The champion's measured quality above, and below it what happened: batches, alarms, requests, decisions and
    changes of champion, all in the time of the data. Rows are those of `queries.use_case_view`, oldest batch first."""
    points = [point for batch in batches if (point := _measured(batch, batches)) is not None]
    metric = points[-1]["metric"] if points else ""

    def paint(quality: Any, lanes: Any) -> None:
        _quality(quality, [point for point in points if point["metric"] == metric], metric)
        _lanes(lanes, batches, requests, promotions)

    alarms = sum(len((batch["body"] or {}).get("alarms", ())) for batch in batches)
    said = (
        f"{len(batches)} batches, {alarms} alarms, {len(requests)} requests, {len(promotions)} changes of champion; "
        f"{len(points)} measured values of {metric or 'no metric'}"
    )
    margins = {"left": 0.1, "right": 0.95, "bottom": 0.1, "top": 0.9, "hspace": 0.08}
    size, heights = ((9.6, 4.0), (3, 2.4)) if points else ((9.6, 2.8), (0.6, 2.4))
    return draw(paint, "What happened", said, size, heights, **margins)


def _measured(batch: TimelineRow, batches: Sequence[TimelineRow]) -> TimelineRow | None:
    """The measured value that a batch's watch recorded, at the time of the batch that it was measured on."""
    matured = (batch["body"] or {}).get("matured")
    if not matured or not isinstance((matured.get("value") or {}).get("value"), int | float):
        return None
    on = next((each for each in batches if each["key"] == matured["batch"]), batch)
    value = matured["value"]
    alarm = any(judged["state"] == "alarm" for judged in matured["judged"])
    never = matured.get("never")
    return {"at": on["starts"], "metric": matured["metric"], "alarm": alarm, "never": never, **value}


def _quality(axes: Any, points: Sequence[TimelineRow], metric: str) -> None:
    if not points:
        add_text(axes, axes.transAxes, SvgText(0.5, 0.5, "nothing measured yet: no outcomes have arrived", size=10))
        axes.set_yticks([])
        return
    at, values = batch_positions(point["at"] for point in points), np.array([point["value"] for point in points])
    ends = np.array(
        [[np.nan if p.get(end) is None else p[end] for end in ("low", "high")] for p in points], dtype=float
    )
    axes.plot(np.repeat(at, 3), _broken(ends[:, 0], ends[:, 1]), color=BLUE, linewidth=1, alpha=0.6)
    axes.plot(at, values, color=BLUE, marker="o", markersize=4, linewidth=1.4, label="champion, measured")
    alarmed = [index for index, point in enumerate(points) if point["alarm"]]
    axes.plot(at[alarmed], values[alarmed], linestyle="none", marker="x", markersize=10, color=ORANGE, label="alarm")
    never = [index for index, point in enumerate(points) if isinstance(point["never"], int | float)]
    if never:
        axes.plot(
            at[never],
            [points[index]["never"] for index in never],
            color=SOFT,
            linestyle="--",
            marker=".",
            label="never retrained",
        )
    better = {"lower": "lower", "higher": "higher", "nearer zero": "nearer zero"}[metric_named(metric).better]
    axes.set_ylabel(f"{metric_named(metric).title}\n({better} is better)", fontsize=9)
    axes.legend(loc="upper left", ncols=3, fontsize=8)
    axes.xaxis.set_visible(False)  # the lanes below have it
    axes.margins(y=0.4)  # room for the legend above


def _lanes(
    axes: Any, batches: Sequence[TimelineRow], requests: Sequence[TimelineRow], promotions: Sequence[TimelineRow]
) -> None:
    from matplotlib.dates import AutoDateFormatter, AutoDateLocator

    place = {name: len(LANES) - 1 - index for index, name in enumerate(LANES)}
    for state, (marker, colour) in _BATCH.items():
        at = batch_positions(batch["starts"] for batch in batches if batch["state"] == state)
        axes.plot(at, [place["batches"]] * len(at), linestyle="none", marker=marker, color=colour)
    alarmed = [
        (batch["starts"], len(batch["body"]["alarms"])) for batch in batches if (batch["body"] or {}).get("alarms")
    ]
    for at, count in alarmed:
        _mark(axes, at, place["alarms"], str(count), ORANGE)
    for colour, asked in (
        (BLUE, [r for r in requests if r["state"] != "failed"]),
        (ORANGE, [r for r in requests if r["state"] == "failed"]),
    ):
        at = batch_positions(request["as_of"] for request in asked)
        axes.plot(at, [place["requests"]] * len(at), linestyle="none", marker="^", color=colour)
    for request in requests:
        if request["verdict"]:
            letter, colour = request["verdict"][0], _VERDICT[request["verdict"]]
            _mark(axes, request["as_of"], place["decisions"], letter, colour)
    first = batches[0]["starts"] if batches else None
    for promotion in promotions:
        if promotion["as_of"] is not None and (first is None or promotion["as_of"] >= first):
            _mark(axes, promotion["as_of"], place["champions"], f"v{promotion['version']}", PURPLE)
    labels(axes, "y", place.values(), place, 9)
    axes.set_ylim(-0.7, len(LANES) - 0.3)
    axes.hlines(list(place.values()), 0, 1, transform=axes.get_yaxis_transform(), color=SOFT, alpha=0.25, linewidth=0.8)
    locator = AutoDateLocator(minticks=3, maxticks=7)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(AutoDateFormatter(locator))  # type: ignore[no-untyped-call]
    axes.tick_params(axis="x", labelsize=9)


def batch_positions(moments: Iterable[Any]) -> NDArray[np.float64]:
    """Moments as matplotlib counts them: converted once, not again by every element that is drawn."""
    from matplotlib.dates import date2num

    return np.asarray(date2num(list(moments)), dtype=np.float64)  # type: ignore[no-untyped-call]


def _broken(low: NDArray[np.float64], high: NDArray[np.float64]) -> NDArray[np.float64]:
    """The strokes from `low` to `high` as one line with gaps: drawn as a whole in a tenth of the time."""
    return np.column_stack([low, high, np.full(len(low), np.nan)]).ravel()


def _mark(axes: Any, at: Any, place: float, text: str, colour: str) -> None:
    add_text(axes, axes.transData, SvgText(batch_positions([at])[0], place, text, colour=colour, bold=True))
