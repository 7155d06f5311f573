"""The newest days against the days before them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatehouse.core.config.retrain import RetrainPolicy
from gatehouse.core.performance.sudden_change import BEFORE, NEWEST, sudden

LIMITS = {
    "decay": {"metric": "log_loss", "margin": 0.02, "min_rows": 100},
    "calibration": {"gap": 0.05, "min_rows": 100},
}


def policy(**reasons: object) -> RetrainPolicy:
    """Decay of log loss beyond .02 and a calibration gap of .05, from 100 rows on."""
    keys = {
        "task": "classification",
        "min_batches_first_training": 1,
        "selection_metric": "log_loss",
        "triggers": {**LIMITS, **reasons},
    }
    return RetrainPolicy.model_validate(keys)


def days(seed: int, count: int = 14, changed: int = 0, by: float = 0.0, luck: float = 0.03, rows: int = 300):
    """Days scored .3 on average whose chances are off by each day's luck; those of the last `changed` days by `by` too."""
    random = np.random.default_rng(seed)
    made = []
    for number in range(count):
        score = np.clip(random.normal(0.3, 0.1, rows), 0.02, 0.98)
        off = luck * random.normal() + (by if number >= count - changed else 0.0)
        made.append(((random.random(rows) < np.clip(score + off, 0, 1)).astype(float), score))
    return made


def test_a_change_is_told_on_its_first_day_or_its_second() -> None:
    """Outcomes .3 above the scores: told of the newest day alone, with both numbers and rows; of .2 within two days of ten
    streams but one."""
    count, found = sudden(days(0, changed=1, by=0.3), policy())
    assert (count, {each.kind for each in found}) == (1, {"decay", "calibration"})
    assert all(each.alarm and each.rows == 300 for each in found)
    assert "on the newest day (300 rows)" in found[0].sentence
    assert "on the 12 days before them" in found[0].sentence
    assert found[1].value == pytest.approx(-0.3, abs=0.08)
    told = [any(sudden(days(seed, changed=changed, by=0.2), policy())[0] for changed in (1, 2)) for seed in range(10)]
    assert sum(told) >= 9


def test_a_second_day_tells_what_one_does_not() -> None:
    """Two days that are worse together, where neither alone is surely so."""
    seen = [sudden(days(seed, changed=2, by=0.15), policy())[0] for seed in range(20)]
    assert 2 in seen


def test_quiet_days_are_told_once_in_hundreds() -> None:
    """Four looks (decay and calibration, one day and two) at .001 each: at most 5 of 400 quiet days, whatever the days'
    luck; a gap that every day has is no sudden one."""
    for luck in (0.0, 0.03, 0.1):
        told = [sudden(days(seed, luck=luck), policy())[0] for seed in range(400)]
        assert sum(map(bool, told)) <= 5
    gap = [(labels, np.clip(scores + 0.2, 0, 1)) for labels, scores in days(1)]
    assert sudden(gap, policy()) == (0, ())


@pytest.mark.parametrize("metric", ["log_loss", "brier", "roc_auc"])
def test_worse_is_worse_by_the_metric(metric: str) -> None:
    """Scores that mean the opposite on one day, for a metric that is better lower and one that is better higher."""
    quiet = days(3, rows=1000)
    turned = [*quiet[:-1], (quiet[-1][0], 1 - quiet[-1][1])]
    limits = policy(decay={"metric": metric, "margin": 0.02, "min_rows": 100})
    assert "decay" in {each.kind for each in sudden(turned, limits)[1]}
    better = [*quiet[:-1], (quiet[-1][0], np.where(quiet[-1][0] == 1, 0.9, 0.1))]
    assert "decay" not in {each.kind for each in sudden(better, limits)[1]}


def test_too_few_days_or_rows_tell_nothing() -> None:
    """Eight days before the newest two; as many rows as each reason asks for; a day of one class has no log loss."""
    least = BEFORE + NEWEST
    assert sudden(days(0, count=least, changed=1, by=0.5), policy())[0] == 1
    assert sudden(days(0, count=least - 1, changed=1, by=0.5), policy()) == (0, ())
    rows = {"decay": {**LIMITS["decay"], "min_rows": 301}, "calibration": {**LIMITS["calibration"], "min_rows": 601}}
    assert sudden(days(0, changed=2, by=0.5), policy(**rows))[0] == 2
    assert {each.kind for each in sudden(days(0, changed=2, by=0.5), policy(**rows))[1]} == {"decay"}
    auc = policy(decay={"metric": "roc_auc", "margin": 0.02}, calibration=None)
    assert sudden([(np.zeros(300), np.full(300, 0.3))] * 14, auc) == (0, ())


@given(st.integers(0, 10_000), st.integers(1, 16), st.integers(1, 40))
@settings(max_examples=60, deadline=None)
def test_any_days_get_an_answer(seed: int, count: int, rows: int) -> None:
    """Also days that are all alike (no spread), of a row, or of one class: never an error, and alarms are what it returns."""
    random = np.random.default_rng(seed)
    made = [(random.integers(0, 2, rows) * 1.0, random.choice([0.0, 0.5, 1.0], rows)) for _ in range(count)]
    found, judged = sudden(made, policy(decay={"metric": "log_loss", "margin": 0.0, "min_rows": 1}))
    assert found in (0, 1, 2)
    assert bool(judged) == bool(found)
    assert all(each.alarm for each in judged)
    assert sudden([made[0]] * 14, policy()) == (0, ())
