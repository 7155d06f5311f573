"""Metrics of a use case's own: row losses by the sums of blocks, numbers by weights, and nothing that breaks passes."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatehouse.core.audit.canonical_json import canonical
from gatehouse.core.config.gate_for_task import check_policy
from gatehouse.core.gate.decide import decide, decision_document
from gatehouse.core.statistics.block_bootstrap import block_counts, difference, resample
from gatehouse.core.statistics.custom_metrics import as_archived
from gatehouse.core.statistics.metrics import evaluate, metric_named
from gatehouse.core.types import RuleOutcome
from support.evidence_maker import SHA, decided, evidence, holdout, policy


def rows(y, p, w):
    """A loss a row: the squared error."""
    return (y - p) ** 2


def number(y, p, w):
    """The same metric as one number."""
    return np.average((y - p) ** 2, weights=w)


def broken(y, p, w):
    """Raises."""
    raise ZeroDivisionError


OWN = {
    "f.rows": rows,
    "f.number": number,
    "f.broken": broken,
    "f.text": lambda y, p, w: "much",
    "f.short": lambda y, p, w: y[:1],
}


@pytest.fixture(autouse=True)
def known():
    """The functions are known while a test runs."""
    with as_archived(OWN):
        yield


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), blocks=st.integers(2, 8))
def test_rows_and_numbers_resample_like_the_built_in_metric(seed, blocks):
    """Three ways to the Brier score, the same value in each resample: by sums of blocks or by weights."""
    random = np.random.default_rng(seed)
    labels, predictions = random.integers(0, 2, 60).astype(float), random.random(60)
    codes = np.sort(random.permutation(np.arange(60) % blocks))
    counts = block_counts(blocks, 25, seed)
    with as_archived(OWN):
        found = [
            resample(metric_named(name), labels, predictions, codes, counts) for name in ("brier", "f.rows", "f.number")
        ]
    assert found[1] == pytest.approx(found[0], rel=1e-12)
    assert found[2] == pytest.approx(found[0], rel=1e-12)


def test_weights_count():
    """A weight of two is a row that is there twice."""
    labels, predictions = np.array([0.0, 1.0, 1.0]), np.array([0.2, 0.4, 0.9])
    for name in ("f.rows", "f.number"):
        doubled = evaluate(name, np.append(labels, 1.0), np.append(predictions, 0.4))
        assert evaluate(name, labels, predictions, [1, 2, 1]) == pytest.approx(doubled)


@pytest.mark.parametrize("name", ["f.broken", "f.text", "f.short", "f.unknown"])
def test_a_function_that_breaks_is_undefined_and_never_passes(name):
    """It raises, returns text or too few numbers, or is not known: NaN, and INCONCLUSIVE under any limit."""
    assert math.isnan(evaluate(name, [0, 1, 1], [0.1, 0.2, 0.3]))
    bound = {"rule": "metric_bound", "metric": name, "max": 1e9}
    margin = {"rule": "not_worse_than_champion", "metric": name, "margin": 1e9}
    results = decided(bound, margin, rows=holdout(0.1, 0.9)).results
    assert [result.outcome for result in results[:2]] == [RuleOutcome.INCONCLUSIVE, RuleOutcome.INCONCLUSIVE]


def test_smaller_is_better():
    """The worse challenger is worse by its own metric: FAIL; the better one is better."""
    rule = {"rule": "not_worse_than_champion", "metric": "f.rows", "margin": 0.005}
    assert decided(rule, rows=holdout(2.0, 0.1)).results[0].outcome is RuleOutcome.FAIL
    assert decided(rule, rows=holdout(0.1, 2.0)).results[0].outcome is RuleOutcome.PASS
    found = holdout(2.0, 0.1)
    days = found.time.astype("datetime64[D]").astype(int)
    assert difference(found.labels, found.challenger, found.champion, days, "f.rows").value > 0


def test_a_function_cannot_spoil_the_evidence():
    """It is given copies: what it writes into them reaches no other rule."""

    def spoils(y, p, w):
        p[:] = y
        return p * 0

    before, rule = holdout(0.1, 0.9), {"rule": "metric_bound", "metric": "f.spoils", "max": 1.0}
    again = {"rule": "metric_bound", "metric": "log_loss", "max": 1.0}
    with as_archived({"f.spoils": spoils}):
        found = [canonical(decision_document(decide(evidence(before), policy(rule, again), SHA))) for _ in range(2)]
    assert found[0] == found[1]

    def shrinks(y, p, w):
        p *= 0.5
        return p.sum()

    with as_archived({"f.shrinks": shrinks}):
        codes, once = np.zeros(before.rows, dtype=np.intp), np.ones((3, 1))
        sample = metric_named("f.shrinks").sampler(before.labels, before.challenger, codes, 1, np.ones(before.rows))
        assert len(set(sample(once))) == 1
    assert (before.challenger == holdout(0.1, 0.9).challenger).all()


def test_archived_functions_hold_only_for_their_replay():
    """Within the block the old code judges; after it, today's."""
    assert evaluate("f.rows", [0.0], [0.5]) == 0.25
    with as_archived({"f.rows": lambda y, p, w: np.abs(y - p)}):
        assert evaluate("f.rows", [0.0], [0.5]) == 0.5
    assert evaluate("f.rows", [0.0], [0.5]) == 0.25


def test_the_policy_takes_an_own_metric_wherever_it_takes_one():
    """As main metric and in rules, for either task."""
    named = policy({"rule": "metric_bound", "metric": "f.rows", "max": 1.0}, metric="f.rows")
    check_policy(named, "classification")
    check_policy(named, "regression")
