"""Drawings inside pages: nothing that a strict content policy forbids, nothing hostile, and something for every history."""

from __future__ import annotations

import dataclasses
import re
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gatehouse.core.types import RuleOutcome, RuleResult
from gatehouse.reports.inline_svg import draw
from gatehouse.reports.plots import decision_plots
from gatehouse.reports.sparklines import interval, sparkline
from gatehouse.reports.svg_text import INK, ellipsize, labels
from gatehouse.reports.use_case_timeline import timeline
from support.evidence_maker import evidence, holdout

HOSTILE = "</text><script>alert(1)</script> $x_y$ \x00\n&\"'"
START = datetime(2013, 1, 1, tzinfo=UTC)


def batch(number: int, **body) -> dict:
    """A row as `queries.use_case_view` gives it."""
    starts = START + timedelta(days=number)
    return {"key": f"day {number}", "revision": 1, "starts": starts, "ends": starts + timedelta(days=1), "state": "accepted",
            "reason": "", "body": body or None, "reasons": [], "version": 1}  # fmt: skip


def matured(value, **more) -> dict:
    return {
        "batch": "day 0",
        "metric": "log_loss",
        "value": {"value": value, "low": value, "high": None},
        "judged": [],
        **more,
    }


def checked(svg: str) -> str:
    """The drawing, after everything that must hold for each."""
    root = ElementTree.fromstring(svg)
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    assert " style=" not in svg
    assert "<style" not in svg
    assert "<script" not in svg
    assert INK not in svg
    assert root.get("role") == "img"
    assert root.get("aria-label")
    for reference in re.findall(r'(?:url\(|href=")#([^)"]+)', svg):
        assert reference in ids, reference
    return svg


def test_a_drawing_may_stand_in_a_page_with_a_strict_policy() -> None:
    """No style attribute, style sheet or script; ids are unique, references lead somewhere; ink is the page's colour;
    two drawings in one page share no id; the same values give the same bytes."""
    one = checked(draw(lambda axes: axes.plot([0, 1], [1, 0], label="x"), "One", "falls"))
    two = checked(draw(lambda axes: axes.plot([0, 1], [0, 1], label="x"), "Two", "rises"))
    assert "currentColor" in one
    assert not set(re.findall(r' id="([^"]+)"', one)) & set(re.findall(r' id="([^"]+)"', two))
    assert one == draw(lambda axes: axes.plot([0, 1], [1, 0], label="x"), "One", "falls")


def test_names_from_data_cannot_leave_their_text() -> None:
    """Markup, mathematics, control characters and very long names are drawn as text or as a question mark."""
    drawn = checked(draw(lambda axes: labels(axes, "y", [0], [HOSTILE * 50], most=30), "One", "a long name"))
    assert ellipsize(HOSTILE * 50, 30) in ElementTree.fromstring(drawn).itertext()
    checked(interval(RuleResult(HOSTILE, RuleOutcome.PASS, "", value=1.0, limit=0.5)))
    assert "<script" not in sparkline([(HOSTILE, 1.0, True)], HOSTILE)


@pytest.mark.parametrize("champion", [True, False])
def test_a_decision_has_its_plots(champion: bool) -> None:
    """ROC, calibration, scores and slices, with the champion where there is one, each said in words too."""
    plots = decision_plots(evidence(holdout(champion=0.0 if champion else None)), "log_loss")
    assert len(plots) >= 3
    for plot in plots:
        checked(plot)
    assert ("champion AUC" in plots[0]) is champion


def test_a_long_name_of_a_slice_is_cut_in_the_middle_and_whole_in_its_title() -> None:
    """No label begins left of the drawing (at .55 of its height for each letter), labels of one column stay different,
    and each that was cut says in its title what it stands for."""
    airports = [f"John F. Kennedy International Airport, Terminal {n}" for n in range(3)]
    held = holdout()
    values = np.array([airports[n % 3] for n in range(held.rows)])
    long = dataclasses.replace(held, slices={"the_airport_of_departure_in_words": values})
    root = ElementTree.fromstring(checked(decision_plots(evidence(long), "log_loss")[-1]))
    names = [each for each in root.iter("{http://www.w3.org/2000/svg}text") if each.get("text-anchor") == "end"]
    beside = [each for each in names if "Terminal" in each.text]
    assert len({each.text for each in beside}) == len(airports)
    for each in names:
        assert float(each.get("x")) >= 0.55 * float(each.get("font-size").removesuffix("px")) * len(each.text), (
            each.text
        )
    titles = {title.text for each in beside for title in each}
    assert titles == {f"the_airport_of_departure_in_words {name}" for name in airports}


@given(values=st.lists(st.floats(-1e9, 1e9), max_size=30))
@settings(max_examples=25, deadline=None)
def test_a_sparkline_stays_in_its_cell(values: list[float]) -> None:
    """Whatever the values, every point lies inside the drawing."""
    svg = sparkline([(str(n), value, n % 2 == 0) for n, value in enumerate(values)], "mae")
    if values:
        points = [float(part) for pair in re.findall(r'points="([^"]+)"', svg)[0].split() for part in pair.split(",")]
        assert all(-0.1 <= x <= 120.1 for x in points[::2])
        assert all(-0.1 <= y <= 20.1 for y in points[1::2])


@given(
    value=st.floats(-1e6, 1e6),
    limit=st.floats(-1e6, 1e6),
    arms=st.tuples(st.floats(0, 1e6), st.floats(0, 1e6)) | st.none(),
)
@example(value=0.0, limit=0.0, arms=(0.0, 2.3e-309))
@settings(max_examples=50, deadline=None)
def test_an_interval_shows_on_which_side_of_the_limit_it_lies(value: float, limit: float, arms) -> None:
    """The dot lies left of the limit's bar exactly when the value is below the limit, up to a pixel's tenth."""
    low, high = (value - arms[0], value + arms[1]) if arms else (None, None)
    svg = interval(RuleResult("r", RuleOutcome.PASS, "", value=value, limit=limit, low=low, high=high))
    dot = float(re.findall(r'cx="([^"]+)"', svg)[0])
    bar = float(re.findall(r'class="limit" d="M([^ ]+) ', svg)[0])
    assert (dot - bar) * (value - limit) >= 0 or abs(dot - bar) <= 0.1


@pytest.mark.parametrize(
    "rows",
    [
        [batch(0)],
        [batch(n, alarms=[]) for n in range(3)],
        [batch(0, alarms=[], matured=matured(0.4))],
        [batch(n, alarms=[{"kind": "drift"}], matured=matured(n / 10, never=0.5)) for n in range(4)],
        [
            batch(0, columns={}),
            batch(1, alarms=[], matured={"batch": "gone", "metric": "log_loss", "value": None, "judged": []}),
        ],
        [batch(0, alarms=[], drift=[{"column": "x", "state": "no reference", "value": None, "limit": None}])],
    ],
)
def test_every_history_can_be_drawn(rows: list[dict]) -> None:
    """Nothing watched, nothing measured, one batch only, values that could not be measured: a drawing, not an error."""
    request = {"as_of": rows[-1]["ends"], "state": "failed", "verdict": None}
    promotion = {"as_of": rows[-1]["ends"], "version": 2}
    checked(timeline(rows, [request], [promotion]))
