"""Parity between groups: gaps of rates, by hand and against brute force."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from gatehouse.core.config.gate_for_task import check_policy
from gatehouse.core.types import RuleOutcome
from gatehouse.errors import ConfigurationError
from support.evidence_maker import evidence, holdout, judged, outcomes, policy

PASS, FAIL, INCONCLUSIVE = RuleOutcome.PASS, RuleOutcome.FAIL, RuleOutcome.INCONCLUSIVE
ROWS = holdout(0.1, 0.9)
PARITY = {"rule": "parity", "column": "origin", "threshold": 0.3, "max_selection_gap": 0.2}
LIMITS = {"max_selection_gap": 1, "max_true_positive_gap": 1, "max_false_positive_gap": 1}


def shifted(origin: str, by: float):
    """The challenger says more (or less) of one origin."""
    there = ROWS.slices["origin"] == origin
    return replace(ROWS, challenger=np.clip(ROWS.challenger + by * there, 0, 1))


def test_a_group_that_is_treated_otherwise_fails_and_is_named():
    """Both ends of the gap are in the sentence, whichever way the group was moved."""
    assert outcomes(PARITY, ROWS) == [PASS]
    for by in (0.3, -0.3):
        (result,) = judged(PARITY, shifted("JFK", by))
        assert result.outcome is FAIL
        assert "JFK" in result.sentence


def test_each_limit_is_a_result_of_its_own():
    """Three rates, three results; only those with a limit are judged."""
    found = judged({**PARITY, **LIMITS}, ROWS)
    assert [result.rule for result in found] == [
        "parity(origin selection rate)",
        "parity(origin true positive rate)",
        "parity(origin false positive rate)",
    ]


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), threshold=st.floats(0, 1))
def test_rates_are_those_of_a_loop(seed, threshold):
    """Against a loop over groups: the share selected of all rows, of those of class 1, of those of class 0."""
    random = np.random.default_rng(seed)
    rows = replace(ROWS, slices={"group": random.choice(["a", "b", "c"], ROWS.rows)})
    rule = {"rule": "parity", "column": "group", "threshold": threshold, "min_rows": 1, **LIMITS}
    found = judged(rule, rows)
    group, selected = rows.slices["group"], rows.challenger >= threshold
    for result, over in zip(found, (rows.labels >= 0, rows.labels == 1, rows.labels == 0), strict=True):
        rates = [selected[over & (group == name)].mean() for name in "abc"]
        assert result.value == pytest.approx(max(rates) - min(rates), rel=1e-8)


def test_the_whole_interval_may_be_judged():
    """By interval a gap near the limit is INCONCLUSIVE and tells the missing rows; a clear one is decided."""
    rule = {**PARITY, "compare": "interval"}
    (near,) = judged({**rule, "max_selection_gap": 0.06}, ROWS)
    assert near.outcome is INCONCLUSIVE
    assert near.low < 0.06 < near.high
    assert near.missing_rows > 0
    assert outcomes({**rule, "max_selection_gap": 0.5}, ROWS) == [PASS]
    assert outcomes(rule, shifted("JFK", 0.5)) == [FAIL]
    assert outcomes(rule, holdout(0.1, 0.9, days=6)) == [INCONCLUSIVE]


def test_a_missing_group_is_its_own_outcome():
    """A named group without rows, or with too few, never passes; unnamed small ones are told in the sentence."""
    found = judged({**PARITY, "groups": ["EWR", "JFK", "SWF"]}, ROWS)
    assert [result.outcome for result in found] == [PASS, INCONCLUSIVE]
    assert found[1].rule == "parity(origin missing)"
    assert outcomes({**PARITY, "groups": ["EWR", "JFK"], "min_rows": 1001}, ROWS) == [INCONCLUSIVE]
    swf = np.arange(ROWS.rows) < 20
    few = replace(
        ROWS,
        challenger=np.where(swf, 0.99, ROWS.challenger),
        slices={"origin": np.where(swf, "SWF", ROWS.slices["origin"])},
    )
    (result,) = judged(PARITY, few)
    assert result.outcome is PASS
    assert "not judged: SWF" in result.sentence


@pytest.mark.parametrize("spoil", ["prediction", "label", "one group", "no column"])
def test_what_cannot_be_measured_never_passes(spoil):
    """A row without a prediction or a label, one group only, no such column: INCONCLUSIVE under the widest limit."""
    first = np.arange(ROWS.rows) == 0
    rows = {
        "prediction": replace(ROWS, challenger=np.where(first, math.nan, ROWS.challenger)),
        "label": replace(ROWS, labels=np.where(first, math.nan, ROWS.labels)),
        "one group": replace(ROWS, slices={"origin": np.full(ROWS.rows, "EWR")}),
        "no column": replace(ROWS, slices={}),
    }[spoil]
    assert set(outcomes({**PARITY, **LIMITS}, rows)) == {INCONCLUSIVE}


def test_it_is_refused_where_it_makes_no_sense():
    """No limit, one group, or a regression: told when the file is read."""
    for wrong in ({"max_selection_gap": None}, {"groups": ["EWR"]}, {"threshold": 1.5}):
        with pytest.raises(ValidationError):
            policy({**PARITY, **wrong})
    with pytest.raises(ConfigurationError, match=r"'parity'.*judges classification"):
        check_policy(policy(PARITY, metric="mae"), "regression")
    assert evidence(ROWS).task == "classification"


def test_groups_none_of_which_is_there_are_held_and_never_an_error():
    """All named groups are missing: no gap can be measured, and the missing ones are a result of their own."""
    found = judged({**PARITY, "groups": ["TEB", "HPN"]}, ROWS)
    assert [result.outcome for result in found] == [INCONCLUSIVE, INCONCLUSIVE]
    assert "no held-out row has origin TEB, HPN" in found[1].sentence
