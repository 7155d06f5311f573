"""What a change means for the last batches: plain numbers before and after it."""

from __future__ import annotations

import math

import pytest

from gatehouse.core.change_check import (
    BatchResult,
    FlippedVerdict,
    Limits,
    contract_finding,
    model_finding,
    policy_finding,
)

BASE = (BatchResult("2024-01", "accepted", 100, 10, 0.5), BatchResult("2024-02", "accepted", 100, 0, 0.6))


def side(*refused: int, metric: float = 0.5, state: str = "accepted") -> tuple[BatchResult, ...]:
    """The same batches after a change: how many rows of each are quarantined."""
    return tuple(BatchResult(f"2024-0{n}", state, 100, count, metric) for n, count in enumerate(refused, 1))


def test_rows_are_counted_in_both_directions() -> None:
    """A change that quarantines other rows than before says how many are refused and how many are accepted."""
    found = contract_finding(BASE, side(4, 2), Limits())
    assert found.passed
    assert found.sentence == "2 of 200 rows would newly be refused and 6 newly accepted"
    assert found.details[0] == "2024-01: 10 of 100 rows refused before, 4 of 100 now"
    assert not contract_finding(BASE, side(10, 3), Limits()).passed


def test_a_batch_that_is_no_longer_accepted_fails_whatever_its_size() -> None:
    """The limit is for rows: a batch that would stay in quarantine stops the pipeline."""
    found = contract_finding(BASE, (BASE[0], BatchResult("2024-02", "quarantined", 100, 1)), Limits(refused=1))
    assert not found.passed
    assert found.sentence.endswith("no longer accepted: 2024-02")


def test_a_step_that_newly_raises_fails_and_an_old_error_does_not() -> None:
    """What the base raises as well is no part of the change."""
    old, new = (
        BatchResult("2024-01", "accepted", 100, 0, errors=each) for each in (("slow",), ("slow", "features: no"))
    )
    assert contract_finding([old], [old], Limits()).passed
    assert not contract_finding([old], [new], Limits()).passed


def test_flipped_verdicts_fail_where_matured_rows_say_that_they_are_worse() -> None:
    """The regret is the mean over all rows of all flips; a flip without matured rows decides nothing."""
    unknown = FlippedVerdict("a" * 64, "PROMOTE", "HOLD", "HOLD: too few rows")
    good, bad = (FlippedVerdict("b" * 64, "HOLD", "PROMOTE", "PROMOTE", saved, 100) for saved in (0.03, -0.01))
    found = policy_finding([unknown, good, bad], 5, "log loss")
    assert found.passed
    assert found.sentence == "3 of 5 verdicts would flip; log loss would have been 0.0100 better on 200 rows"
    assert not policy_finding([unknown, bad], 5, "log loss").passed
    assert policy_finding([unknown], 5, "log loss").passed
    assert policy_finding([], 5, "log loss").sentence == "0 of 5 verdicts would flip"


@pytest.mark.parametrize(("after", "passed"), [(0.5, True), (0.555, True), (0.556, False), (math.nan, False)])
def test_a_worse_metric_fails_beyond_the_limit(after: float, passed: bool) -> None:
    """The means are of batches that both sides measured; a change after which nothing is measured fails."""
    found = model_finding(BASE, side(0, 0, metric=after), "log loss", lambda value: value, Limits(worse=0.01))
    assert found.passed is passed


def test_a_higher_metric_is_better_where_the_metric_says_so() -> None:
    """The loss turns the metric, so that an area under a curve may rise."""
    assert model_finding(BASE, side(0, 0, metric=0.9), "AUC", lambda value: -value, Limits()).passed
    assert not model_finding(BASE, side(0, 0, metric=0.4), "AUC", lambda value: -value, Limits()).passed
