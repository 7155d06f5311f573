"""The mutants of a piece of evidence, each with the rules that must not pass, or must not fail, on it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from gatehouse.core.gate.rules.base import Rule
from gatehouse.core.gate.rules.comparison import (
    BetterThanChampion,
    ChampionComparison,
    NotWorseThanChampion,
    SuspiciousGain,
)
from gatehouse.core.gate.rules.data_quality import TrainingIsFresh
from gatehouse.core.gate.rules.metric_bounds import MetricBound
from gatehouse.core.gate.rules.slice_floor import SliceFloor
from gatehouse.core.gate.rules.slice_regression import SliceNotWorse
from gatehouse.core.gate.rules.slices import SliceRule
from gatehouse.core.gate.self_test.expected_results import alarming, expected_failures, only, worsening
from gatehouse.core.statistics.class_metrics import happened
from gatehouse.core.statistics.metrics import METRICS

if TYPE_CHECKING:
    from gatehouse.core.config.gate import GatePolicy
    from gatehouse.core.gate.evidence import Evidence, HoldoutData
    from gatehouse.core.statistics.blocked_rows import Array

Kind = TypeVar("Kind", bound=Rule)
_MEASURING: tuple[type[Any], ...] = (MetricBound, SliceFloor, ChampionComparison, SliceNotWorse)


@dataclass(frozen=True)
class Mutant:
    """Evidence whose judgement is known."""

    name: str
    evidence: Evidence
    not_pass: tuple[Rule, ...] = ()
    not_fail: tuple[Rule, ...] = ()


def mutants(evidence: Evidence, policy: GatePolicy, seed: int) -> Iterator[Mutant]:
    """Every mutant of the evidence. One that no rule of the policy is tested by has no rules: it says nothing."""
    rows = evidence.holdout
    compared = evidence.champion is not None and rows.champion is not None
    rules: list[Rule] = [rule for rule in policy.rules if rule.mode != "off" and (compared or not rule.compares)]
    measuring: tuple[Rule, ...] = _kinds(rules, *_MEASURING)
    equal: tuple[Rule, ...] = (*_kinds(rules, NotWorseThanChampion), *_kinds(rules, SliceNotWorse))
    alarms = _kinds(rules, SuspiciousGain)
    if rows.champion is not None and compared:
        copy = predicting(evidence, rows.champion)
        yield Mutant("the champion's own copy", copy, _kinds(rules, BetterThanChampion), equal)
        yield from _little_worse(evidence, rules, rows.champion)
    for name, predictions in (
        ("shuffled predictions", shuffled(rows, seed)),
        ("turned round", reversed_predictions(rows)),
    ):
        made = predicting(evidence, predictions)
        yield Mutant(name, made, tuple(rule for rule in measuring if expected_failures(rule, made)))
    leaked = predicting(evidence, rows.labels if rows.challenger.ndim == 1 else _truth(rows))
    # Whether the labels themselves are the best predictions, nobody knows of a use case's own metric.
    sure = tuple(rule for rule in equal if set(rule.metrics()) <= set(METRICS))
    yield Mutant("a leaked label", leaked, tuple(rule for rule in alarms if alarming(rule, leaked)), sure)
    yield from _broken_slices(evidence, [rule for rule in measuring if isinstance(rule, SliceRule)])
    overlap = replace(evidence.facts, training_until=evidence.facts.holdout_from + timedelta(days=1))
    yield Mutant("trained on the holdout", replace(evidence, facts=overlap), _kinds(rules, TrainingIsFresh))
    nothing = predicting(evidence, np.full_like(rows.challenger, math.nan))
    yield Mutant("predictions of NaN", nothing, (*measuring, *alarms))
    if policy.min_rows > 1 and rows.rows:
        comparing = tuple(rule for rule in rules if isinstance(rule, ChampionComparison))
        yield Mutant("a single row", only(evidence, np.arange(rows.rows) == 0), comparing)


def predicting(evidence: Evidence, predictions: Array) -> Evidence:
    """The evidence for a challenger with these predictions."""
    return replace(evidence, holdout=replace(evidence.holdout, challenger=predictions))


def shuffled(rows: HoldoutData, seed: int) -> Array:
    """The challenger's predictions, each for another row."""
    order = np.argsort(np.random.PCG64(seed).random_raw(rows.rows), kind="stable")
    return rows.challenger[order]


def reversed_predictions(rows: HoldoutData) -> Array:
    """Wrong for every row: the other class, or a number far from the label."""
    if rows.challenger.ndim == 2:
        wrong = 1 - np.clip(_truth(rows), 0.001, 0.999)
        return np.asarray(wrong / wrong.sum(axis=1, keepdims=True))
    chances = ((rows.challenger >= 0) & (rows.challenger <= 1)).all()
    if chances and np.isin(rows.labels, (0.0, 1.0)).all():
        return np.asarray(1 - np.clip(rows.labels, 0.001, 0.999))
    far = 10 * (1 + np.ptp(rows.labels))
    return np.asarray(rows.labels + np.where(rows.labels > rows.labels.mean(), -far, far))


def _truth(rows: HoldoutData) -> Array:
    """Certainty of the class that happened, for each row of more than two classes."""
    return happened(rows.labels, rows.challenger.shape[1])


def _little_worse(evidence: Evidence, rules: Sequence[Rule], champion: Array) -> Iterator[Mutant]:
    """The champion mixed with its turned-round self, so that it is half again as bad as a margin allows."""
    bad = reversed_predictions(evidence.holdout)
    for rule in rules:
        if not isinstance(rule, NotWorseThanChampion) or rule.margin == 0:
            continue
        low, high, aim = 0.0, 1.0, 1.5 * rule.margin
        if not worsening(rule.metric, predicting(evidence, bad)) > aim:
            continue
        for _ in range(12):
            middle = (low + high) / 2
            mixed = predicting(evidence, (1 - middle) * champion + middle * bad)
            low, high = (low, middle) if worsening(rule.metric, mixed) > aim else (middle, high)
        made = predicting(evidence, (1 - high) * champion + high * bad)
        yield Mutant(f"a little too bad in {rule.metric}", made, (rule,))


def _broken_slices(evidence: Evidence, rules: Sequence[SliceRule]) -> Iterator[Mutant]:
    """For each column that a slice rule judges, its largest slice turned round and all others as they are."""
    rows = evidence.holdout
    for column in dict.fromkeys(rule.column for rule in rules):
        values = rows.slices.get(column)
        if values is None or not len(values):
            continue
        of_column = [rule for rule in rules if rule.column == column]
        named = {name for rule in of_column for name in rule.slices}
        names, sizes = np.unique(values, return_counts=True)
        sized = [(size, name) for name, size in zip(names.tolist(), sizes.tolist(), strict=True)]
        broken = max((pair for pair in sized if not named or pair[1] in named), default=(0, ""))[1]
        chosen = (values == broken).reshape(-1, *[1] * (rows.challenger.ndim - 1))
        made = predicting(evidence, np.where(chosen, reversed_predictions(rows), rows.challenger))
        yield Mutant(
            f"{column} {broken} broken", made, tuple(rule for rule in of_column if expected_failures(rule, made))
        )


def _kinds(rules: Sequence[Rule], *kinds: type[Kind]) -> tuple[Kind, ...]:
    return tuple(rule for rule in rules if isinstance(rule, kinds))
