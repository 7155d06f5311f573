"""Rules about the challenger alone: bounds, calibration, slices, data, and the model as a file."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from gatehouse.core.types import RuleOutcome
from support.evidence_maker import holdout, judged, outcomes

GOOD = holdout(0.1, 0.9)
BLIND = replace(GOOD, challenger=np.full(GOOD.rows, math.nan))
PASS, FAIL, WARN, INCONCLUSIVE = RuleOutcome.PASS, RuleOutcome.FAIL, RuleOutcome.WARN, RuleOutcome.INCONCLUSIVE


def bound(metric="log_loss", **keys):
    """A metric_bound."""
    return {"rule": "metric_bound", "metric": metric, **keys}


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (bound(max=0.6), [PASS]),
        (bound(max=0.5), [FAIL]),
        (bound(min=0.5, max=0.6), [PASS, PASS]),
        (bound("roc_auc", min=0.78), [FAIL]),
        (bound("roc_auc", min=0.77), [PASS]),
        (bound("roc_auc", min=0.77, compare="interval"), [INCONCLUSIVE]),
        (bound("roc_auc", min=0.70, compare="interval"), [PASS]),
        (bound("roc_auc", min=0.85, compare="interval"), [FAIL]),
        (bound("calibration_gap", min=-0.02, max=0.02), [PASS, PASS]),
    ],
)
def test_a_metric_keeps_within_its_bounds(rule, expected):
    """One result a bound; by the measured value, or by the whole interval when asked."""
    assert outcomes(rule, GOOD) == expected


def test_an_interval_on_the_bound_tells_the_missing_rows():
    """INCONCLUSIVE bounds estimate what would settle them, and keep the interval on record."""
    (result,) = judged(bound("roc_auc", min=0.77, compare="interval"), GOOD)
    assert result.missing_rows == pytest.approx(
        result.rows * ((result.value - result.low) / (result.value - 0.77)) ** 2 - result.rows, abs=1
    )
    (plain,) = judged(bound("roc_auc", min=0.77), GOOD)
    assert (plain.low, plain.high) == (None, None)


@pytest.mark.parametrize("rule", [bound(min=-1e9), bound(max=1e9), bound("roc_auc", min=0), bound("ece", max=9)])
def test_what_cannot_be_measured_is_in_no_bounds(rule):
    """NaN is neither below nor above: INCONCLUSIVE for the most generous bound."""
    assert outcomes(rule, BLIND) == [INCONCLUSIVE]
    assert outcomes({**rule, "compare": "interval"}, BLIND) == [INCONCLUSIVE]


def test_too_few_rows_are_not_judged():
    """Fewer rows than the policy's min_rows: INCONCLUSIVE; few blocks matter to intervals only."""
    assert outcomes(bound(max=0.6), holdout(0.1, 0.9, rows=450)) == [INCONCLUSIVE]
    assert outcomes(bound(max=0.6), holdout(0.1, 0.9, days=6)) == [PASS]
    assert outcomes(bound(max=0.6, compare="interval"), holdout(0.1, 0.9, days=6)) == [INCONCLUSIVE]


@pytest.mark.parametrize(("shift", "expected"), [(0.0, PASS), (0.08, FAIL), (-0.08, FAIL)])
def test_calibration_has_two_bad_sides(shift, expected):
    """A mean prediction above or below the mean outcome by more than max_gap fails."""
    moved = replace(GOOD, challenger=np.clip(GOOD.challenger + shift, 0.001, 0.999))
    assert outcomes({"rule": "calibration", "max_gap": 0.05}, moved) == [expected]
    assert outcomes({"rule": "calibration", "max_gap": 0.05}, BLIND) == [INCONCLUSIVE]


def test_calibration_may_bound_the_ece_too():
    """max_ece adds a result of its own: predictions right on average may be wrong in every bin."""
    bold = replace(GOOD, challenger=np.where(GOOD.challenger > np.median(GOOD.challenger), 0.58, 0.02))
    results = judged({"rule": "calibration", "max_gap": 0.1, "max_ece": 0.05}, bold)
    assert [result.outcome for result in results] == [PASS, FAIL]
    assert results[1].rule == "calibration(ece max)"


FLOOR = {"rule": "slice_floor", "column": "origin", "metric": "roc_auc", "min": 0.7}


def spoiled(origin: str):
    """The good challenger, guessing on one origin."""
    scores = GOOD.challenger.copy()
    there = GOOD.slices["origin"] == origin
    scores[there] = np.random.default_rng(0).random(there.sum())
    return replace(GOOD, challenger=scores)


def test_one_bad_slice_fails_and_is_named():
    """Good on average does not help the slice that is not; the sentence names it with value and rows."""
    assert outcomes(FLOOR, GOOD) == [PASS]
    (result,) = judged(FLOOR, spoiled("JFK"))
    assert (result.outcome, result.rows) == (FAIL, 1000)
    assert "origin JFK" in result.sentence
    assert "1 of 3 slices miss it: JFK" in result.sentence
    ceiling = {"rule": "slice_floor", "column": "origin", "metric": "log_loss", "max": 0.6}
    assert outcomes(ceiling, spoiled("LGA")) == [FAIL]


def test_a_named_slice_that_is_missing_never_passes():
    """`slices` names what must be there: a missing one is its own INCONCLUSIVE result."""
    results = judged({**FLOOR, "slices": ["JFK", "SWF"]}, GOOD)
    assert [result.outcome for result in results] == [PASS, INCONCLUSIVE]
    assert results[1].rule == "slice_floor(origin missing)"
    assert "SWF" in results[1].sentence


def test_only_named_slices_are_judged():
    """A bad slice that is not among the named ones does not fail the rule."""
    assert outcomes({**FLOOR, "slices": ["EWR", "LGA"]}, spoiled("JFK")) == [PASS]


def test_small_slices_are_named_not_judged():
    """An unnamed slice below min_rows is a WARN by name; a named one is INCONCLUSIVE; all small is INCONCLUSIVE."""
    column = GOOD.slices["origin"].copy()
    column[:40] = "SWF"
    rows = replace(GOOD, slices={"origin": column})
    warned = judged(FLOOR, rows)
    assert [result.outcome for result in warned] == [PASS, WARN]
    assert "SWF" in warned[1].sentence
    assert outcomes({**FLOOR, "slices": ["EWR", "SWF"]}, rows) == [PASS, INCONCLUSIVE]
    assert outcomes({**FLOOR, "min_rows": 2000}, GOOD)[0] is INCONCLUSIVE


def test_a_slice_of_one_class_is_unmeasured():
    """A large slice whose metric is undefined makes the rule INCONCLUSIVE, unless another slice fails it."""
    labels = np.where(GOOD.slices["origin"] == "EWR", 0.0, GOOD.labels)
    (result,) = judged(FLOOR, replace(GOOD, labels=labels))
    assert result.outcome is INCONCLUSIVE
    assert "EWR" in result.sentence
    assert outcomes(FLOOR, replace(spoiled("JFK"), labels=labels)) == [FAIL]
    assert outcomes(FLOOR, BLIND) == [INCONCLUSIVE]


def test_an_unknown_slice_column_never_passes():
    """A column that the evidence has no slices by is INCONCLUSIVE and the sentence lists those it has."""
    (result,) = judged({**FLOOR, "column": "carrier"}, GOOD)
    assert result.outcome is INCONCLUSIVE
    assert "it has origin" in result.sentence


@pytest.mark.parametrize(
    ("facts", "expected"),
    [({}, PASS), ({"failed_checks": ("2013-03: weather stale",)}, FAIL), ({"validated_batches": 0}, INCONCLUSIVE)],
)
def test_training_data_is_validated(facts, expected):
    """Unresolved critical failures fail; a training set of which nothing is known to be validated never passes."""
    assert outcomes({"rule": "data_validated"}, GOOD, **facts) == [expected]


@pytest.mark.parametrize(
    ("keys", "facts", "expected", "missing"),
    [
        ({"min_rows": 3000}, {}, [PASS, PASS], [None, None]),
        ({"min_rows": 3500}, {}, [INCONCLUSIVE, PASS], [500, None]),
        ({"min_rows": 1, "min_maturity": 0.9}, {"maturity": 0.6}, [PASS, INCONCLUSIVE], [None, 1500]),
        ({"min_rows": 1, "min_maturity": 0.9}, {"maturity": math.nan}, [PASS, INCONCLUSIVE], [None, None]),
    ],
)
def test_enough_matured_rows(keys, facts, expected, missing):
    """Too few rows, or too few of them matured, is not a failure: it is not enough yet, and how many are missing."""
    results = judged({"rule": "enough_rows", **keys}, GOOD, **facts)
    assert [result.outcome for result in results] == expected
    assert [result.missing_rows for result in results] == missing


@pytest.mark.parametrize(
    ("until", "expected"), [((2013, 5, 31), PASS), ((2013, 6, 1), PASS), ((2013, 4, 1), FAIL), ((2013, 6, 2), FAIL)]
)
def test_training_is_fresh_and_before_the_holdout(until, expected):
    """Training that ended too long ago fails, and so does training that reaches into the holdout."""
    moment = datetime(*until, tzinfo=UTC)
    assert outcomes({"rule": "training_is_fresh", "max_age": "1 month"}, GOOD, training_until=moment) == [expected]


SIZE, SPEED = {"rule": "model_size", "max_mb": 5}, {"rule": "prediction_speed", "min_rows_per_second": 1000}
LOADS = {"rule": "loads_in_clean_process", "max_seconds": 10}


@pytest.mark.parametrize(
    ("rule", "facts", "expected"),
    [
        (SIZE, {"size_bytes": 5_000_000}, PASS),
        (SIZE, {"size_bytes": 5_000_001}, FAIL),
        (SIZE, {"size_bytes": 0}, INCONCLUSIVE),
        (SPEED, {"rows_per_second": 1000.0}, PASS),
        (SPEED, {"rows_per_second": 999.0}, FAIL),
        (SPEED, {"rows_per_second": None}, INCONCLUSIVE),
        (SPEED, {"rows_per_second": math.nan}, INCONCLUSIVE),
        (LOADS, {"load_seconds": 10.0}, PASS),
        (LOADS, {"load_seconds": 10.1}, FAIL),
        (LOADS, {"load_seconds": None}, INCONCLUSIVE),
        (LOADS, {"load_seconds": math.nan}, INCONCLUSIVE),
        (LOADS, {"load_error": "UntrustedModelError: os.system"}, FAIL),
    ],
)
def test_the_model_as_a_file(rule, facts, expected):
    """Size, speed and loading are held to their limits; what was not measured never passes."""
    (result,) = judged(rule, GOOD, **facts)
    assert result.outcome is expected
    if facts.get("load_error"):
        assert "os.system" in result.sentence
