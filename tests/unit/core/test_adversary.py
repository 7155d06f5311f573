"""Trying to fool the gate: whatever the evidence, it answers, and what nobody could have measured is never promoted."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from gatehouse.core.audit.canonical_json import canonical
from gatehouse.core.gate.decide import decide, decision_document, decision_from_document
from gatehouse.core.gate.evidence import HoldoutData
from gatehouse.core.gate.explain import explain
from gatehouse.core.types import RuleOutcome, Verdict
from support.evidence_maker import FACTS, SHA, evidence, holdout, policy

COMPARED = (
    {"rule": "not_worse_than_champion", "metric": "log_loss", "margin": 0.01},
    {"rule": "better_than_champion", "metric": "roc_auc", "on_fail": "warn"},
    {"rule": "suspiciously_good", "metric": "log_loss", "max_gain": 0.1, "best_plausible_value": 0.01},
    {"rule": "metric_bound", "metric": "pr_auc", "min": 0.1, "compare": "interval"},
    {"rule": "slice_floor", "column": "origin", "metric": "brier", "max": 0.4, "min_rows": 5},
    {"rule": "slice_not_worse", "column": "origin", "metric": "roc_auc", "margin": 0.05, "min_rows": 5},
    {"rule": "parity", "column": "origin", "threshold": 0.5, "max_selection_gap": 0.5, "min_rows": 5},
    {"rule": "calibration", "max_gap": 0.3, "max_ece": 0.5},
    {"rule": "brier_decomposition", "max_reliability": 0.3, "min_resolution": 0.0001},
    {"rule": "stable_over_time", "metric": "log_loss", "max": 5.0, "min_rows": 5},
    {"rule": "predictions_vary"},
    {"rule": "enough_rows", "min_rows": 10},
)
NUMBERS = (
    {"rule": "not_worse_than_champion", "metric": "rmse", "margin": 0.1},
    {"rule": "better_than_champion", "metric": "mae", "on_fail": "review"},
    {"rule": "suspiciously_good", "metric": "mae", "max_gain": 1.0, "best_plausible_value": 1e-9},
    {"rule": "metric_bound", "metric": "r2", "min": -5.0},
    {"rule": "slice_floor", "column": "origin", "metric": "mae", "max": 9.0, "min_rows": 5},
    {"rule": "calibration", "max_gap": 3.0},
    {"rule": "predictions_vary", "max_share": 0.9},
)
LOW = {"min_rows": 10, "min_blocks": 5, "resamples": 200, "error_budget": "champion", "self_test": 1}
CHANCES = (0.0, 0.5, 1.0, 0.3, 0.3, -0.1, 1.5, math.nan, math.inf, -math.inf, 1e-300)
ANYTHING = (0.0, -0.0, 1.0, 3.5, -2.0, math.nan, math.inf, 1e200, -1e308, 1e-320)
MOMENTS = st.sampled_from(
    ["2013-03-10T01:59:59", "2013-03-10T03:00", "2013-11-03T01:30", "1900-01-01", "2262-01-01", "NaT", "2013-06-01"]
)


@st.composite
def made(draw, values, labels):
    """Up to sixty rows of anything: blocks of one row or one block of all, empty and odd names of slices, no champion."""
    rows = draw(st.integers(0, 60))
    take = lambda what: np.array(draw(st.lists(what, min_size=rows, max_size=rows)), dtype=np.float64)  # noqa: E731
    sound = draw(st.booleans())  # half of them without what is not a number: those get as far as an interval
    usual = [value for value in values if math.isfinite(value) and 0 <= value <= 1]
    of_models = st.sampled_from(usual if sound else values)
    spread = np.datetime64("2013-06-01", "us") + np.arange(rows) * np.timedelta64(7, "h")
    odd = np.array(draw(st.lists(MOMENTS, min_size=rows, max_size=rows)), dtype="datetime64[us]")
    origin = draw(st.lists(st.sampled_from(["EWR", "", " ", "Ö\x00", "nan"]), min_size=rows, max_size=rows))
    found = HoldoutData(
        keys=np.array(
            [str(key) for key in draw(st.lists(st.integers(0, 9), min_size=rows, max_size=rows))], dtype="U9"
        ),
        labels=take(st.sampled_from(labels[:2] if sound else labels)),
        time=spread if draw(st.booleans()) else odd,
        challenger=take(of_models),
        champion=draw(st.none() | st.just(take(of_models))),
        slices={"origin": np.array(origin, dtype="U9")} if draw(st.booleans()) else {},
    )
    return found


def answered(rows: HoldoutData, rules, task, **keys):
    """The decision, which must be whole: it explains itself, and its record is read back as it was written."""
    given_ = evidence(rows)
    given_ = replace(given_, task=task, looks=3)
    decision = decide(given_, policy(*rules, **{**LOW, **keys}), SHA)
    text = canonical(decision_document(decision))
    assert canonical(decision_document(decision_from_document(decision_document(decision)))) == text
    assert str(explain(decision))
    return decision


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.large_base_example])
@given(made(CHANCES, (0.0, 1.0, 1.0, math.nan, 2.0)))
def test_the_gate_answers_whatever_chances_it_is_shown(rows):
    """Ties, one class, infinities, clocks that jump, no rows at all: a whole decision, and no promotion unless every
    prediction of the challenger and every outcome is a number that it may be."""
    decision = answered(rows, COMPARED, "classification")
    sound = np.isfinite(rows.challenger).all() and np.isin(rows.labels, (0, 1)).all() and rows.rows >= 10
    assert sound or decision.verdict is not Verdict.PROMOTE


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.large_base_example])
@given(made(ANYTHING, ANYTHING))
def test_the_gate_answers_whatever_numbers_it_is_shown(rows):
    """Numbers too large to be squared and too small to be told from zero, likewise."""
    decision = answered(rows, NUMBERS, "regression", metric="mae")
    sound = np.isfinite(rows.challenger).all() and np.isfinite(rows.labels).all() and rows.rows >= 10
    assert sound or decision.verdict is not Verdict.PROMOTE


def test_a_policy_that_stops_nobody_is_no_policy():
    """No rules, only rules that are off or dry runs, only warnings: each is refused when it is read."""
    rule = {"rule": "predictions_vary"}
    for rules in ((), ({**rule, "mode": "off"},), ({**rule, "mode": "dry_run"},), ({**rule, "on_fail": "warn"},)):
        with pytest.raises(ValidationError, match="at least one rule must be enforced"):
            policy(*rules)


def test_a_value_without_an_interval_is_held_and_never_an_error():
    """One positive row on one day: most draws have both classes, some do not, so there is a value and no interval."""
    labels = np.zeros(300)
    labels[0] = 1.0
    rows = replace(holdout(0.1, 0.9, rows=300), labels=labels)
    rule = {"rule": "metric_bound", "metric": "roc_auc", "min": 0.99999, "compare": "interval"}
    for bound in (rule, {**rule, "min": 0.0}, {**rule, "min": None, "max": 1.0}):
        (found,) = decide(evidence(rows), policy(bound, **LOW), SHA).results[:1]
        assert found.outcome is RuleOutcome.INCONCLUSIVE
        assert found.missing_rows is None


@pytest.mark.parametrize("copies", [2, 7])
def test_the_same_rows_delivered_again_prove_nothing_more(copies):
    """Every row of a day again and again in that day: the same value and the same interval, only more rows."""
    once = holdout(0.3, 0.5, rows=600)
    rows = HoldoutData(
        *(np.repeat(getattr(once, name), copies) for name in ("keys", "labels", "time", "challenger", "champion")),
        {"origin": np.repeat(once.slices["origin"], copies)},
    )
    rule = {"rule": "better_than_champion", "metric": "log_loss"}
    first, again = (decide(evidence(each), policy(rule, **LOW), SHA).results[0] for each in (once, rows))
    assert (again.value, again.low, again.high) == pytest.approx((first.value, first.low, first.high), rel=1e-7)
    assert again.outcome is first.outcome


def test_who_names_the_rows_anew_changes_nothing():
    """The order of the rows and their names are not evidence: shuffled, the decision's numbers are the same."""
    rows = holdout(0.3, 0.5)
    order = np.random.default_rng(0).permutation(rows.rows)
    shuffled = replace(
        rows,
        labels=rows.labels[order],
        time=rows.time[order],
        challenger=rows.challenger[order],
        champion=rows.champion[order],
        slices={"origin": rows.slices["origin"][order]},
    )
    first, again = (decide(evidence(each), policy(*COMPARED, **LOW), SHA).results for each in (rows, shuffled))
    for one, other in zip(first, again, strict=True):
        assert (one.rule, one.outcome, one.value, one.low) == (other.rule, other.outcome, other.value, other.low)


def test_a_challenger_that_has_seen_the_holdout_is_stopped_by_each_of_two_rules():
    """The labels themselves as predictions ring the alarm; a training set that reaches into the holdout is a FAIL."""
    rows = holdout(0.1, 0.5)
    alarm = {"rule": "suspiciously_good", "metric": "log_loss", "max_gain": 0.1}
    assert decide(evidence(replace(rows, challenger=rows.labels)), policy(alarm, **LOW), SHA).verdict is Verdict.REVIEW
    fresh = {"rule": "training_is_fresh", "max_age": "40 days"}
    overlapping = evidence(rows, training_until=FACTS.holdout_from.replace(day=20))
    assert decide(overlapping, policy(fresh, **LOW), SHA).verdict is Verdict.BLOCK
