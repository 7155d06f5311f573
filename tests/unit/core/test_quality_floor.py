"""The level that is asked for, whatever the champion's own holdout was like."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatehouse.core.performance.decay import MeasuredPerformance, measure
from gatehouse.core.performance.quality_floor import Level, NoSkill, against_no_skill, judge_floor, sustained

DAYS, ROWS = 30, 1500


def batch(skill: float, rate: float = 0.3, seed: int = 0) -> tuple[MeasuredPerformance, NoSkill]:
    """A month whose scores say `skill` of what decides the labels (negative: the opposite), known before to happen at .3."""
    random = np.random.default_rng(seed)
    signal = random.normal(0, 1.5, ROWS)
    odds = np.log(rate / (1 - rate))
    labels = (random.uniform(size=ROWS) < 1 / (1 + np.exp(-(odds + signal)))).astype(float)
    scores = 1 / (1 + np.exp(-(odds + skill * signal)))
    days = random.integers(0, DAYS, ROWS)
    time = np.datetime64("2024-01-01", "us") + days.astype("timedelta64[D]")
    quality = measure(labels, scores, time, "log_loss", ROWS, resamples=400)
    no_skill = against_no_skill(labels, scores, days.astype(np.intp), "log_loss", 0.3)
    assert no_skill is not None
    return quality, no_skill


def states(skill: float, *levels: Level, margin: float = 0.02) -> dict[str, str]:
    """What is said of a batch, by kind."""
    return {each.kind: str(each.state) for each in judge_floor(*batch(skill), levels, margin, 100, 0.9)}


def test_a_champion_without_skill_is_an_alarm_whatever_its_holdout() -> None:
    """Scores that say the opposite are worse than the mean of the labels; good scores are better, and both are told."""
    assert states(1.0) == {"no_skill": "quiet"}
    assert states(-1.0) == {"no_skill": "alarm"}
    (worse,) = judge_floor(*batch(-1.0), [], 0.02, 100, 0.9)
    assert "worse than no skill by" in worse.sentence
    assert worse.more["excess_low"] > 0


@given(skill=st.floats(-2, 2), seed=st.integers(0, 50))
def test_the_sentence_says_what_the_numbers_say(skill: float, seed: int) -> None:
    """Worse or better than no skill, an alarm or not: words and numbers agree."""
    quality, no_skill = batch(skill, seed=seed)
    (told,) = judge_floor(quality, no_skill, [], 0.02, 100, 0.9)
    assert ("worse than no skill" in told.sentence) == (no_skill.excess.value > 0)
    assert told.alarm == (no_skill.excess.low > 0)
    assert told.sentence.endswith(str(told.state))


def test_a_level_that_was_held_before_is_asked_for() -> None:
    """A champion far below what the use case has held is an alarm, one that holds it is none, and the best level counts."""
    good = batch(1.0)
    held = Level("in 2023-01 to 2023-03", good[0].value.value, good[1].excess.value)
    assert states(1.0, held)["level"] == "quiet"
    assert states(0.0, held)["level"] == "alarm"
    poor = Level("in 2023-04 to 2023-06", 0.7, 0.1)
    assert states(0.0, held, poor)["level"] == "alarm"
    assert states(0.0, poor)["level"] == "quiet"


def test_rows_that_are_harder_for_every_model_are_no_fall() -> None:
    """A greater loss with the same lead over no skill is a harder batch."""
    quality, no_skill = batch(1.0)
    easier = Level("in 2023-01 to 2023-03", quality.value.value - 0.2, no_skill.excess.value)
    (_, level) = judge_floor(quality, no_skill, [easier], 0.02, 100, 0.9)
    assert not level.alarm


def test_few_or_immature_rows_are_not_judged() -> None:
    """The first outcomes are not like the others, and some rows say nothing."""
    quality, no_skill = batch(-1.0)
    assert judge_floor(replace(quality, maturity=0.5), no_skill, [], 0.02, 100, 0.9) == ()
    assert judge_floor(replace(quality, rows=99), no_skill, [], 0.02, 100, 0.9) == ()
    assert against_no_skill(np.array([]), np.array([]), np.array([], dtype=np.intp), "log_loss", 0.3) is None
    assert against_no_skill(np.ones(5), np.ones(5), np.zeros(5, dtype=np.intp), "calibration_gap", 0.3) is None


def test_a_level_is_what_was_held_three_times_running() -> None:
    """One lucky batch is no level; of three running ones the worst counts, of several such runs the best."""
    found = sustained([_matured(n, loss) for n, loss in enumerate((0.1, 0.5, 0.4, 0.45, 0.3, 0.6))], "log_loss")
    assert found is not None
    assert (found.loss, found.source) == (0.45, "in 2 to 4")
    assert sustained([_matured(0, 0.1), _matured(1, 0.1)], "log_loss") is None
    assert sustained([_matured(n, 0.1) for n in range(3)], "brier") is None, "another metric is no level of this one"


@pytest.mark.parametrize("broken", [{"value": None}, {"no_skill": None}, {"value": {"value": None}}])
def test_reports_that_measured_nothing_are_no_level(broken: dict[str, Any]) -> None:
    """Reports of earlier versions, and undefined numbers, are left out."""
    assert sustained([{**_matured(number, 0.1), **broken} for number in range(3)], "log_loss") is None


def _matured(number: int, loss: float) -> dict[str, Any]:
    return {
        "batch": str(number), "metric": "log_loss", "value": {"value": loss}, "no_skill": {"excess": {"value": loss - 0.6}},
    }  # fmt: skip
