"""Daily batches with a weekly pattern through the watch: a shift shows behind it, and a weekend is no change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from gatehouse.core.profiling import profile_of
from gatehouse.pipeline.monitor.drift_impact import reference_values
from support.daily import Daily, daily, retrain
from support.watching import Seen, watched

TRAINING, HELD_OUT, CHANGED, DAYS = 42, 7, 56, 62
WEEKEND = np.array([0.0, 0.1, -0.1, 0.2, 0.5, 2.2, 1.8])
See = Callable[[str], list[Seen]]


def weekly(moved: str) -> Daily:
    """`age`, which the label depends on, and `clutter`, which it does not, have a weekend far from their weekdays; one of
    them moves by its standard deviation, with the weekend's, from a Monday on."""

    def edit(number: int, rows: pd.DataFrame) -> None:
        rows["age"] += 6 * WEEKEND[number % 7] + (8 if moved == "age" and number >= CHANGED else 0)
        rows["clutter"] += 20 * WEEKEND[number % 7] + (27 if moved == "clutter" and number >= CHANGED else 0)

    return daily(DAYS, CHANGED, edit=edit)


@pytest.fixture(scope="module")
def see(tmp_path_factory: pytest.TempPathFactory) -> See:
    """Watch the stream in which that column moves, once for all tests."""
    known: dict[str, list[Seen]] = {}

    def seen(moved: str) -> list[Seen]:
        if moved not in known:
            known[moved] = watched(
                weekly(moved), tmp_path_factory.mktemp(moved), retrain(TRAINING, HELD_OUT), TRAINING, HELD_OUT
            )
        return known[moved]

    return seen


def judged(each: Seen, column: str) -> dict[str, Any]:
    """What the watch report says of a column."""
    (found,) = [drift for drift in each.body["drift"] if drift["column"] == column]
    return found


@pytest.mark.parametrize("moved", ["age", "clutter"])
def test_weekends_are_no_change_and_a_shift_is_one_from_its_first_day_on(moved: str, see: See) -> None:
    """Against its own weekday, which is said; the column that did not move stays quiet."""
    for each in see(moved):
        changed = {name for finding in each.findings for name in finding.columns}
        assert changed == ({moved} if each.number >= CHANGED else set())
    sentence = judged(see(moved)[-1], moved)["sentence"]
    assert "(42 reference batches, each against its own day of the week), 300 rows against 1,800" in sentence


def test_only_what_costs_pages_and_its_cost_is_counted_from_the_weekday(see: See) -> None:
    """The shift of the column that labels depend on is an alarm, the other one never. What the column costs if it is wrong
    is what the shift costs: on Saturday as on Monday, not the weekend besides."""
    assert [each.number for each in see("age") if each.pages] == list(range(CHANGED, DAYS))
    assert not any(each.pages for each in see("clutter"))
    monday, saturday = (judged(see("age")[at], "age")["impact"] for at in (CHANGED - DAYS, -1))
    assert saturday["if_wrong"] == pytest.approx(monday["if_wrong"], abs=0.02)
    assert saturday["if_real"] == pytest.approx(monday["if_real"], abs=0.08)


def test_what_is_usual_on_a_saturday_are_saturday_s_values() -> None:
    """Drawn from the values of all days, numbers and texts; mapped back to all days, a quiet Saturday would cost something."""
    random = np.random.default_rng(0)
    days = [pd.DataFrame({"x": random.normal(10 * (day > 4), 1, 300), "c": ["a", "b"][day > 4]}) for day in range(7)]
    whole, saturday = profile_of(pd.concat(days)), profile_of(days[5], like=profile_of(pd.concat(days)))
    for name, numeric in (("x", True), ("c", False)):
        everything = pd.concat(days)[name].reset_index(drop=True)
        usual = reference_values(everything, whole.columns[name], saturday.columns[name], 0)
        assert len(usual) == len(everything)
        assert (usual > 5).mean() > 0.9 if numeric else set(usual) == {"b"}
