"""Quality of more than two classes as monitoring judges it: the class with the largest gap, and no skill by shares."""

from __future__ import annotations

import numpy as np
import pytest

from gatehouse.core.config.retrain import RetrainPolicy
from gatehouse.core.drift.alarms import AlarmState
from gatehouse.core.performance.class_gaps import describe_shares
from gatehouse.core.performance.decay import judge, measure
from gatehouse.core.performance.quality_floor import against_no_skill
from gatehouse.core.performance.sudden_change import sudden
from gatehouse.core.retraining.cost_benefit import excess_loss

CLASSES = ("apple", "pear", "quince")
POLICY = RetrainPolicy.model_validate(
    {
        "task": "multiclass",
        "classes": CLASSES,
        "min_batches_first_training": 2,
        "selection_metric": "log_loss",
        "triggers": {
            "decay": {"metric": "log_loss", "margin": 0.05},
            "calibration": {"gap": 0.02, "min_rows": 50},
            "refit": None,
        },
    }
)


def rows(seed, days=20, a_day=40, turned=0.0):
    """Labels drawn from the probabilities that a model gives; it promises `turned` more of quince than happens."""
    random = np.random.default_rng(seed)
    chances = random.dirichlet(np.ones(3), days * a_day)
    labels = (random.random((len(chances), 1)) > chances.cumsum(axis=1)).sum(axis=1).astype(float)
    said = chances + turned * np.array([-0.5, -0.5, 1.0])
    said = np.clip(said, 0.001, None)
    said /= said.sum(axis=1, keepdims=True)
    time = np.datetime64("2024-01-01T08:00", "us") + np.repeat(np.arange(days), a_day) * np.timedelta64(1, "D")
    return labels, said, time


def calibration(seed, **given):
    """The judgement by the gap."""
    labels, said, time = rows(seed, **given)
    quality = measure(labels, said, time, "log_loss", len(labels), resamples=400, seed=seed, classes=CLASSES)
    return next(each for each in judge(quality, 1.0, POLICY) if each.kind == "calibration")


def test_a_calibrated_model_is_seldom_called_off():
    """The largest of three gaps is no alarm by chance more often than the interval's error allows."""
    alarms = sum(calibration(seed).state is AlarmState.ALARM for seed in range(60))
    assert alarms <= 6


def test_the_class_that_is_promised_too_often_is_named():
    """The gap has its sign, and the sentence its class with what was predicted and observed."""
    found = calibration(1, turned=0.25)
    assert found.state is AlarmState.ALARM
    assert found.more == {"class": "quince"}
    assert found.value > 0.1
    assert "gap of quince, the largest of 3 classes" in found.sentence


def test_two_bad_days_are_named_with_their_class():
    """A sudden gap of one class is found among the newest days of a daily use case, and quiet days are quiet."""
    quiet = [(*rows(seed, 1, 120)[:2], None) for seed in range(14)]
    assert sudden(quiet, POLICY) == (0, ())
    count, alarms = sudden([*quiet[:-1], (*rows(50, 1, 120, turned=0.5)[:2], None)], POLICY)
    assert count == 1
    assert any(each.sentence.startswith("quince: predicted less observed +") for each in alarms)


def test_no_skill_predicts_the_shares_of_the_classes():
    """A model that knows the rows leads a model that knows the shares only."""
    labels, said, time = rows(3)
    codes = np.repeat(np.arange(20), 40)
    found = against_no_skill(labels, said, codes, "log_loss", dict.fromkeys(CLASSES, 1 / 3))
    assert found is not None
    assert found.value == pytest.approx(np.log(3))
    assert found.excess.high < 0
    assert against_no_skill(labels, said, codes, "log_loss", dict.fromkeys(CLASSES, float("nan"))) is None
    assert len(time) == len(labels)


def test_a_refit_would_win_back_what_one_weight_a_class_does():
    """A model that promises too much of one class has a loss to win back; a calibrated one has none."""
    codes = np.repeat(np.arange(20), 40)
    labels, said, _ = rows(5, turned=0.4)
    assert excess_loss(labels, said, codes, "log_loss") > 0.02
    labels, said, _ = rows(5)
    assert excess_loss(labels, said, codes, "log_loss") < 0.01


def test_many_classes_are_told_by_their_largest_shares():
    """A sentence names six classes at most, in their order."""
    values = {f"c{number}": number / 45 for number in range(10)}
    assert describe_shares(values).startswith("c4 0.0")
    assert describe_shares(values).endswith("c9 0.200 and 4 more")
