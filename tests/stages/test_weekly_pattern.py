"""Daily batches with a weekly pattern through the watch: a shift shows behind it, and a weekend is no change."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from gatehouse.core.calendar import keys_between
from gatehouse.core.profile import profile_of
from gatehouse.stages.costs import usual_values
from stages.watching import Seen, watched
from streams import Made, Stream, stream

TRAINING, HELD_OUT, CHANGED, DAYS = 42, 7, 56, 59
WEEKEND = np.array([0.0, 0.1, -0.1, 0.2, 0.5, 2.2, 1.8])
RETRAIN = """\
task: classification
first_after: 42
choose_by: log_loss
holdout: {batches: 7}
reasons:
  drift: {distance: js, limit: 0.1, min_rows: 100}
  decay: {metric: log_loss, margin: 0.02}
  calibration: {gap: 0.05}
"""
See = Callable[[str], list[Seen]]


class Daily(Stream):
    """A stream of daily batches."""

    def folder(self, path: Path, retrain: str = "") -> Path:
        """The use case's folder, with days for months."""
        made = super().folder(path, retrain)
        contract = made / "contract.yaml"
        text = contract.read_text(encoding="utf-8")
        for month, day in (
            ("batch: month", "batch: day"),
            ("first: 2020-01", "first: 2020-01-06"),
            ("1 month", "1 day"),
        ):
            assert month in text
            text = text.replace(month, day)
        contract.write_text(text, encoding="utf-8")
        return made


def daily(moved: str) -> Daily:
    """Fifty-nine days from a Monday on, 300 rows each. `age`, which the label depends on, and `clutter`, which it does not, have
    a weekend far from their weekdays; one of them moves by its standard deviation, 5.7 and 20, with day 56, a Monday."""
    keys = keys_between("day", "2020-01-06", "2020-12-31")[:DAYS]
    rows = stream("nothing", 5, 4, 300 * len(keys) // 4).batches
    table = pd.concat([each.rows for each in rows], ignore_index=True).sample(frac=1, random_state=1)
    labels = pd.concat([each.outcomes for each in rows]).set_index("id")["label"]
    made = []
    for number, (key, at) in enumerate(zip(keys, np.array_split(np.arange(len(table)), len(keys)), strict=True)):
        frame = table.iloc[at].sort_values("id").reset_index(drop=True)
        frame["at"] = pd.Timestamp(key) + pd.to_timedelta(np.linspace(0, 86_000, len(frame)).astype(int), unit="s")
        weekly = WEEKEND[number % 7]
        frame["clutter"] += 20 * weekly
        frame["age"] += 6 * weekly
        if number >= CHANGED:
            frame[moved] += {"age": 8.0, "clutter": 27.0}[moved]
        made.append(Made(key, frame, pd.DataFrame({"id": frame["id"], "label": frame["id"].map(labels)})))
    return Daily("daily", tuple(made), CHANGED)


@pytest.fixture(scope="module")
def see(tmp_path_factory: pytest.TempPathFactory) -> See:
    """Watch the stream in which that column moves, once for all tests."""
    known: dict[str, list[Seen]] = {}

    def seen(moved: str) -> list[Seen]:
        if moved not in known:
            known[moved] = watched(daily(moved), tmp_path_factory.mktemp(moved), RETRAIN, TRAINING, HELD_OUT)
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


def test_only_what_costs_pages_and_its_cost_is_measured_from_the_weekday(see: See) -> None:
    """The shift of the column that labels depend on is an alarm, the other one never. On a Wednesday the harmless one costs
    what the shift costs, and not what a weekend does."""
    assert [each.number for each in see("age") if each.pages] == list(range(CHANGED, DAYS))
    assert not any(each.pages for each in see("clutter"))
    assert abs(judged(see("clutter")[-1], "clutter")["impact"]["if_wrong"]) < 0.01


def test_what_is_usual_on_a_saturday_are_saturday_s_values() -> None:
    """Drawn from the values of all days, numbers and texts; mapped back to all days, a quiet Saturday would cost something."""
    random = np.random.default_rng(0)
    days = [pd.DataFrame({"x": random.normal(10 * (day > 4), 1, 300), "c": ["a", "b"][day > 4]}) for day in range(7)]
    whole, saturday = profile_of(pd.concat(days)), profile_of(days[5], like=profile_of(pd.concat(days)))
    for name, numeric in (("x", True), ("c", False)):
        everything = pd.concat(days)[name].reset_index(drop=True)
        usual = usual_values(everything, whole.columns[name], saturday.columns[name], 0)
        assert len(usual) == len(everything)
        assert (usual > 5).mean() > 0.9 if numeric else set(usual) == {"b"}
