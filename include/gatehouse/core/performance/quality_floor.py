"""The level that is asked for: the best this use case has sustained, what the training promised, and no skill at all.

Decay compares a champion with its own holdout. A champion that was bad from its first day passes that for ever, so it is also
held against what does not depend on it. A batch may be hard for every model. A level therefore has two numbers: the loss, and
the lead over a no-skill model on the same rows. Only a batch that is surely worse in both is below the level.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import hypot, isfinite, nan
from typing import TYPE_CHECKING, Any

import numpy as np

from gatehouse.core.drift.alarms import AlarmState
from gatehouse.core.performance.class_gaps import describe_shares
from gatehouse.core.performance.decay import DecayAssessment, MeasuredPerformance
from gatehouse.core.statistics.block_bootstrap import Estimate, difference
from gatehouse.core.statistics.metrics import evaluate, metric_named
from gatehouse.formatting import between, shown

if TYPE_CHECKING:
    from numpy.typing import NDArray

SUSTAINED = 3  # measured batches running that make a level of this use case
MIN_ROWS = 100  # from which a champion is compared with the no-skill model
CLOSEST = 0.001  # of a chance to 0 and 1: a base rate of a few rows is no certainty


@dataclass(frozen=True)
class NoSkill:
    """The model without skill: it predicts `constant`, the mean of the labels known before, of more than two classes the share
    of each. `value` is its metric on the
    batch, `excess` how much greater the champion's loss is (negative: the champion's lead) with its interval."""

    constant: float | Mapping[str, float]
    value: float
    excess: Estimate

    def to_document(self) -> dict[str, Any]:
        """The comparison as plain values."""
        return asdict(self)


@dataclass(frozen=True)
class Level:
    """A level of quality: the champion's loss and its excess over the no-skill model on the same rows. `arm` is how unsure
    the loss is, `source` says where it was reached."""

    source: str
    loss: float
    excess: float
    arm: float = 0.0


def against_no_skill(
    labels: NDArray[np.float64],
    scores: NDArray[np.float64],
    codes: NDArray[np.intp],
    metric: str,
    constant: float | Mapping[str, float],
    seed: int = 0,
    weights: NDArray[np.float64] | None = None,
) -> NoSkill | None:
    """Compare the champion with the mean of the labels known before, whole blocks resampled; None where nothing is known
    or the metric has no such comparison."""
    known = metric_named(metric)
    given = np.array([*constant.values()] if isinstance(constant, Mapping) else [constant])
    if not len(labels) or not np.isfinite(given).all() or known.better == "nearer zero":
        return None
    if isinstance(constant, Mapping):
        shares = np.clip(given, CLOSEST, 1 - CLOSEST)
        shares = shares / shares.sum()
        constant, guess = dict(zip(constant, map(float, shares), strict=True)), np.tile(shares, (len(labels), 1))
        return _compared(labels, scores, guess, codes, metric, constant, seed, weights)
    if known.predicts == "probability":
        constant = min(max(constant, CLOSEST), 1 - CLOSEST)
    return _compared(labels, scores, np.full_like(labels, constant), codes, metric, constant, seed, weights)


def _compared(
    labels: NDArray[np.float64],
    scores: NDArray[np.float64],
    guess: NDArray[np.float64],
    codes: NDArray[np.intp],
    metric: str,
    constant: float | Mapping[str, float],
    seed: int,
    weights: NDArray[np.float64] | None,
) -> NoSkill:
    known, apart = metric_named(metric), difference(labels, scores, guess, codes, metric, seed=seed, weights=weights)
    return NoSkill(constant, evaluate(metric, labels, guess, weights), -apart if known.better == "higher" else apart)


def sustained(history: Sequence[Mapping[str, Any]], metric: str) -> Level | None:
    """The best level that was held in each of `SUSTAINED` measured batches running, whoever was the champion.

    `history` holds the `matured` part of each report that measured a batch, the oldest first.
    """
    loss = metric_named(metric).loss
    known = [
        (str(each["batch"]), loss(each["value"]["value"]), each["no_skill"]["excess"]["value"])
        for each in history
        if each.get("metric") == metric and _measured(each)
    ]
    runs = [known[end - SUSTAINED : end] for end in range(SUSTAINED, len(known) + 1)]
    levels = [
        Level(f"in {run[0][0]} to {run[-1][0]}", max(each[1] for each in run), max(each[2] for each in run))
        for run in runs
    ]
    return min(levels, key=lambda each: each.loss, default=None)


def judge_floor(
    quality: MeasuredPerformance,
    no_skill: NoSkill | None,
    levels: Sequence[Level],
    margin: float,
    min_rows: int,
    min_maturity: float,
) -> tuple[DecayAssessment, ...]:
    """Judge a measured batch against no skill, and against the best of the levels.

    Worse than no skill is an alarm when the whole interval of the paired difference says so; below a level is one when the
    batch is surely worse by more than `margin`, in its loss and in its lead over no skill.
    """
    if no_skill is None or quality.rows < MIN_ROWS or quality.maturity < min_maturity:
        return ()
    if not isfinite(no_skill.excess.low):
        return ()
    judged = [_no_skill(quality, no_skill)]
    usable = [level for level in levels if isfinite(level.loss) and isfinite(level.excess)]
    if usable and quality.rows >= min_rows:
        judged.append(_level(quality, no_skill, min(usable, key=lambda level: level.loss), margin))
    return tuple(judged)


def _no_skill(quality: MeasuredPerformance, no_skill: NoSkill) -> DecayAssessment:
    metric, excess = metric_named(quality.metric), no_skill.excess
    state = AlarmState.ALARM if excess.low > 0 else AlarmState.QUIET
    word = "worse" if excess.value > 0 else "better"
    low, high = sorted((abs(excess.low), abs(excess.high))) if excess.low * excess.high > 0 else (nan, nan)
    arm = f" ({shown(low)} to {shown(high)})" if isfinite(low) else ", which chance explains"
    sentence = (
        f"{metric.title} {shown(quality.value.value)} on {quality.rows:,} matured rows, {shown(no_skill.value)} for a model "
        f"that always predicts {_guess(no_skill.constant)}: {word} than no skill by "
        f"{shown(abs(excess.value))}{arm}: {state}"
    )
    return DecayAssessment(
        "no_skill", quality.metric, state, sentence, quality.value.value, quality.value.low, quality.value.high,
        no_skill.value, quality.rows, {"excess": excess.value, "excess_low": excess.low, "excess_high": excess.high},
    )  # fmt: skip


def _guess(constant: float | Mapping[str, float]) -> str:
    if isinstance(constant, Mapping):
        return f"{describe_shares(constant)}, the shares of the classes known before"
    return f"{shown(constant)}, the mean of the labels known before"


def _level(quality: MeasuredPerformance, no_skill: NoSkill, level: Level, margin: float) -> DecayAssessment:
    metric, value = metric_named(quality.metric), quality.value
    loss = metric.loss(value.value)
    best_end = value.high if metric.better == "higher" else value.low
    surely = loss - hypot(loss - metric.loss(best_end), level.arm)
    lead_lost = no_skill.excess.value - level.excess
    lead_surely = lead_lost - hypot(no_skill.excess.value - no_skill.excess.low, level.arm)
    below = surely > level.loss + margin and lead_surely > margin
    state = AlarmState.ALARM if below else AlarmState.QUIET
    turned = -1 if metric.better == "higher" else 1
    worse = f"{'worse' if loss > level.loss else 'better'} than {level.source} ({shown(turned * level.loss)})"
    sentence = (
        f"{metric.title} {between(value.value, value.low, value.high)} on {quality.rows:,} matured rows: {worse} by "
        f"{shown(abs(loss - level.loss))}; an alarm when it is surely worse by more than {margin:g}, with less lead over a "
        f"model without skill: {state}"
    )
    return DecayAssessment(
        "level", quality.metric, state, sentence, value.value, value.low, value.high,
        turned * (level.loss + margin), quality.rows, {"source": level.source, "lead_lost": lead_lost},
    )  # fmt: skip


def _measured(matured: Mapping[str, Any]) -> bool:
    value, no_skill = matured.get("value") or {}, matured.get("no_skill") or {}
    numbers = (value.get("value"), (no_skill.get("excess") or {}).get("value"))
    return all(isinstance(each, (int, float)) and isfinite(each) for each in numbers)
