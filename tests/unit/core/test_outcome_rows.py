"""Outcomes and rows: agreeing ones count once, contradicting ones never, and what matches nothing is counted."""

from __future__ import annotations

import math

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from gatehouse.core.rows.outcome_rows import OutcomeMatch, describe, match, one_for_each_key, problems, repeated

OUTCOMES = st.lists(
    st.tuples(st.sampled_from(["a", "b", "c", None]), st.sampled_from([0.0, 1.0, math.nan])), max_size=12
)


@given(OUTCOMES)
def test_each_key_has_the_one_label_that_its_outcomes_agree_on(outcomes: list[tuple[str | None, float]]) -> None:
    """A label is kept exactly where all outcomes of the key that have one say the same; keys are never repeated."""
    keys = pd.Series([key for key, _ in outcomes], dtype="str")
    found = one_for_each_key(keys, pd.Series([label for _, label in outcomes], dtype="float64"))
    said = {key: {label for other, label in outcomes if other == key and label == label} for key in keys.dropna()}
    agreed = {key: next(iter(labels)) for key, labels in said.items() if len(labels) == 1}
    assert found.index.is_unique
    assert found.dropna().to_dict() == agreed


@given(OUTCOMES)
def test_nothing_is_lost_but_repetitions(outcomes: list[tuple[str | None, float]]) -> None:
    """An outcome is kept, or says what a kept one says, or is named with the labels that contradict each other."""
    keys = pd.Series([key for key, _ in outcomes], dtype="str")
    labels = pd.Series([label for _, label in outcomes], dtype="float64")
    again, contradicting = repeated(keys, labels)
    kept = [row for row in range(len(outcomes)) if row not in {*again, *contradicting}]
    assert set(again).isdisjoint(contradicting)
    assert all(any(keys[row] == keys[other] for other in kept) for row in again)
    assert all("0.0, 1.0" in why[0] or "1.0, 0.0" in why[0] for why in contradicting.values())


def test_what_matches_nothing_is_counted_with_examples() -> None:
    """Blanks at the end of keys: no outcome matches a row, and the sentence says how many of how many, and which."""
    rows, outcomes = pd.Series(["a", "b", "c", None]), pd.Series(["a ", "b ", "c "])
    found = match(rows, outcomes)
    assert (found.matched, found.unmatched, found.missing) == (0, 3, 3)
    assert describe(found) == (
        "3 of 3 outcomes match no row, for example 'a ', 'b ', 'c '; "
        "3 of 3 rows have no outcome, for example 'a', 'b', 'c'"
    )
    assert OutcomeMatch.from_document(found.to_document()) == found


def test_only_what_goes_beyond_the_limit_is_a_problem() -> None:
    """Limits are shares of outcomes and of rows; a contradiction is always one."""
    found = OutcomeMatch(100, 100, 95, 0, ("x",), ("y",))
    assert problems(found, 0.05, 0.05) == ""
    assert "5 of 100 outcomes match no row" in problems(found, 0.04, 0.05)
    assert "1 row has outcomes that contradict" in problems(OutcomeMatch(1, 0, 0, 1, (), (), ("x",)), 1.0, 1.0)
