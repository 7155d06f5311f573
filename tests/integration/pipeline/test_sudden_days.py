"""Changes that only outcomes show, in daily batches: named with the first days that have any."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gatehouse.core.contract.batch_calendar import batch_interval
from gatehouse.core.types import Batch, BatchId, BatchState
from gatehouse.pipeline.batch_data.matured_rows import MaturedRows
from gatehouse.pipeline.batch_data.row_keys import BATCH
from support.daily import daily, retrain
from support.watching import watched

TRAINING, HELD_OUT, CHANGED, DAYS = 30, 14, 50, 53


@pytest.mark.parametrize(("kind", "named"), [("label", "concept drift"), ("prior", "label shift")])
def test_a_change_of_the_outcomes_is_named_within_two_days_of_them(kind: str, named: str, tmp_path: Path) -> None:
    """Measured on fourteen days together it would be told a week late. Outcomes come a day later; before the change nobody
    is paged, and what is told early is no reason to retrain."""
    seen = watched(daily(DAYS, CHANGED, kind), tmp_path, retrain(TRAINING, HELD_OUT), TRAINING, HELD_OUT)
    assert not any(each.pages for each in seen if each.number <= CHANGED)
    (first, *_) = [each for each in seen if each.findings and each.number > CHANGED]
    assert first.number <= CHANGED + 2
    assert first.pages
    assert first.kinds == {named}
    assert first.body["sudden"]
    assert not first.alarms
    assert [each.kind for each in first.incidents] == [named]


def test_days_that_labels_cannot_be_judged_on_are_told_by_no_kind(tmp_path: Path) -> None:
    """With fewer rows than drift asks for nobody knows the labels' shares, and a label shift would be called concept drift."""
    asked = retrain(TRAINING, HELD_OUT).replace(
        "effect_size_limit: 0.1, min_rows: 100", "effect_size_limit: 0.1, min_rows: 601"
    )
    seen = watched(daily(DAYS, CHANGED, "prior"), tmp_path, asked, TRAINING, HELD_OUT)
    assert not any(each.body.get("sudden") for each in seen)


def test_only_whole_days_are_judged_and_none_while_the_newest_is_not_in() -> None:
    """Nine tenths of a day's rows must have outcomes: a day in the middle that has fewer is left out; when the newest has, there
    is nothing to judge yet."""
    names = [f"stream/2024-01-0{day}.r1" for day in (1, 2, 3)]
    newest = Batch(BatchId("stream", "2024-01-03", 1), batch_interval("day", "2024-01-03"), BatchState.ACCEPTED, "", {})

    def days(*labelled: int) -> list[int]:
        rows = pd.DataFrame({BATCH: np.repeat(names, labelled)})
        matured = MaturedRows(newest, rows, dict.fromkeys(names, 10), newest.interval.end)
        return [len(each) for each in matured.days(0.9)]

    assert days(10, 9, 10) == [10, 9, 10]
    assert days(10, 8, 9) == [10, 9]
    assert days(10, 10, 8) == days(10, 10, 0) == []
