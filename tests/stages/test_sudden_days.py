"""Changes that only outcomes show, in daily batches: named with the first days that have any."""

from __future__ import annotations

from pathlib import Path

import pytest

from daily import daily, retrain
from stages.watching import watched

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
