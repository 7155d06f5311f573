"""The page of a backtest: the policy beside other ways to retrain, and every batch with what was found and done."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from gatehouse.core.performance.change_kinds import FLOOR
from gatehouse.core.retraining.advice import better_simple_way
from gatehouse.core.statistics.metrics import metric_named
from gatehouse.reports.inline_svg import BLUE, ORANGE, SOFT, draw
from gatehouse.reports.page import render
from gatehouse.reports.use_case_timeline import GREEN, PURPLE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from markupsafe import Markup

STYLES = {
    "policy": (BLUE, "-", 2.0),
    "never": (ORANGE, "--", 1.4),
    "every batch": (GREEN, "-.", 1.2),
    "fixed window": (PURPLE, ":", 1.6),
    "oracle": (SOFT, "-", 1.0),
}
TICKS, WIDE = 12, (9.2, 3.4)


def backtest_report(document: Mapping[str, Any]) -> str:
    """One HTML page that loads and runs nothing, of `BacktestResult.document()`."""
    metric = metric_named(document["metric"])
    totals = document["totals"]
    means = totals["means"]
    never, policy = means.get("never"), means.get("policy")
    gain = None if never is None or policy is None else metric.loss(never) - metric.loss(policy)
    simpler = better_simple_way(document["metric"], {name: value for name, value in means.items() if value is not None})
    plots = [_by_batch(document, metric.title), _saved(document, metric)] if totals["compared"] else []
    return render(
        "backtest.html",
        **{"advice": "", **document},
        name=metric.title,
        gain=gain,
        simpler=simpler,
        tone="warn" if gain is None or totals["errors"] or simpler else "good" if gain >= 0 else "bad",
        plots=[plot for plot in plots if plot],
        rows=[_row(line) for line in document["lines"]],
        best=min((value for value in means.values() if value is not None), default=None, key=metric.loss),
    )


def _row(line: Mapping[str, Any]) -> dict[str, Any]:
    reasons = [reason for request in line["requests"] for reason in request["reasons"]]
    return {
        **line,
        "changes": line["kinds"] or [],
        "measured": [
            each for each in line["decay"] if each["kind"] not in ("cost", *FLOOR) or each["state"] == "alarm"
        ],
        "reasons": reasons,
        "unfinished": [request for request in line["requests"] if request["state"] != "decided"],
    }


def _by_batch(document: Mapping[str, Any], title: str) -> Markup:
    """Each way's metric on each batch, with a mark where the policy trained a model that became champion."""
    keys = [line["key"] for line in document["lines"]]
    place = {key: number for number, key in enumerate(keys)}
    promoted = [
        place[line["key"]]
        for line in document["lines"]
        if any(each["version"] == line["champion_after"] and each["verdict"] == "PROMOTE" for each in line["decisions"])
    ]

    def paint(axes: Any) -> None:
        for way in document["ways"]:
            colour, style, width = STYLES.get(way["name"], (SOFT, "-", 1.0))
            known = [(place[key], value) for key, value in sorted(way["metrics"].items()) if value is not None]
            if known:
                axes.plot(*zip(*known, strict=True), color=colour, linestyle=style, linewidth=width, label=way["name"])
        for number in promoted:
            axes.axvline(number + 0.5, color=SOFT, linewidth=0.8, linestyle=":")
        _ticks(axes, keys)
        axes.set(ylabel=title)
        axes.legend(loc="best", ncols=3)

    said = f"{title} of {len(document['ways'])} ways to retrain on {len(keys)} batches; dotted: a new champion"
    return draw(paint, f"{title.capitalize()} by batch (dotted: a new champion)", said, WIDE, left=0.08, bottom=0.16)


def _saved(document: Mapping[str, Any], metric: Any) -> Markup | None:
    """What each way has saved compared with never retraining, added up over the compared batches."""
    ways = {way["name"]: way["metrics"] for way in document["ways"]}
    keys = document["totals"]["compared"]
    if "never" not in ways:
        return None

    def paint(axes: Any) -> None:
        for name, metrics in ways.items():
            if name == "never":
                continue
            colour, style, width = STYLES.get(name, (SOFT, "-", 1.0))
            sums, total = [], 0.0
            for key in keys:
                total += metric.loss(ways["never"][key]) - metric.loss(metrics[key])
                sums.append(total if math.isfinite(total) else math.nan)
            axes.plot(range(len(keys)), sums, color=colour, linestyle=style, linewidth=width, label=name)
        axes.axhline(0, color=ORANGE, linestyle="--", linewidth=1.2)
        _ticks(axes, keys)
        axes.set(ylabel=f"{metric.title} saved, added up")
        axes.legend(loc="upper left", ncols=2)

    return draw(paint, "Saved against never retraining", "Higher is better", WIDE, left=0.08, bottom=0.16)


def _ticks(axes: Any, keys: Sequence[str]) -> None:
    step = max(1, math.ceil(len(keys) / TICKS))
    axes.set_xticks(range(0, len(keys), step), list(keys)[::step])
