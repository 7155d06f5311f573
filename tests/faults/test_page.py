"""docs/reference/resilience-results.md keeps what was tried whole, case by case."""

from __future__ import annotations

from faults.page import section, with_trials
from faults.proven import Proven

ORDER = ("F1", "F2", "F3")


def test_a_trial_takes_the_place_of_the_last_one_of_its_case_alone() -> None:
    """Tried in any order, the cases stand in theirs; a case that is tried again replaces its own section, no other."""
    first = with_trials("", [section("F3", [Proven("F3", "tasks", 40)], 900.0)], ORDER)
    both = with_trials(first, [section("F1", [Proven("F1", "points", 1582)], 60.0)], ORDER)
    assert both.index("## F1") < both.index("## F3")
    again = with_trials(both, [section("F3", [Proven("F3", "tasks", 41), Proven("F5", "left", 1)], 800.0)], ORDER)
    assert "| F1 | points | 1,582 |" in again
    assert "| F3 | tasks | 41 |" in again
    assert "| F5 | left | 1 |" in again
    assert "| 40 |" not in again
    assert again.count("\n## ") == 2
    assert with_trials(again, [], ORDER) == again
