"""Evidence and policies for the tests of the gate: a month of synthetic days, two models of chosen quality."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from gatehouse.core.config.gate import GatePolicy
from gatehouse.core.gate.decide import decide
from gatehouse.core.gate.evidence import Evidence, HoldoutData, ModelFacts
from gatehouse.core.types import Decision, RuleOutcome, RuleResult

SHA = "5e" * 32
PLAIN = {"error_budget": "decision", "self_test": 0}  # what a test is not about
REVIEW = {"approvers": ["risk"], "timeout": "3 days"}
FACTS = ModelFacts(
    maturity=1.0,
    training_rows=9000,
    training_until=datetime(2013, 5, 31, tzinfo=UTC),
    holdout_from=datetime(2013, 6, 1, tzinfo=UTC),
    size_bytes=2_500_000,
    load_seconds=1.5,
    rows_per_second=40_000.0,
    load_error="",
    validated_batches=5,
)


def holdout(challenger: float = 0.0, champion: float | None = 0.0, rows: int = 3000, days: int = 30) -> HoldoutData:
    """Flights late with a known probability; each model's log odds are off by noise of the given size."""
    generator = np.random.default_rng(30)
    odds = generator.normal(-1, 1.2, rows)
    labels = (generator.random(rows) < 1 / (1 + np.exp(-odds))).astype(float)
    noise = generator.normal(0, 1, (2, rows))
    first, second = (1 / (1 + np.exp(-odds - size * n)) for size, n in zip((challenger, champion or 0.0), noise))
    day = np.arange(rows) * days // rows
    return HoldoutData(
        keys=np.array([f"row{i}" for i in range(rows)]),
        labels=labels,
        time=np.datetime64("2013-06-01T08:00", "us") + day * np.timedelta64(1, "D"),
        challenger=first,
        champion=None if champion is None else second,
        slices={"origin": np.array(["EWR", "JFK", "LGA"])[np.arange(rows) % 3]},
    )


def evidence(rows: HoldoutData | None = None, **facts: Any) -> Evidence:
    """Evidence for version 4 against version 3, or against no champion when the holdout has none."""
    rows = rows or holdout()
    champion = None if rows.champion is None else 3
    return Evidence(
        use_case="flights",
        task="classification",
        version=4,
        model_sha256="ab" * 32,
        champion=champion,
        champion_sha256=None if champion is None else "cd" * 32,
        generation=0 if champion is None else 2,
        training_set="ef" * 32,
        holdout=rows,
        facts=replace(FACTS, **facts),
    )


def policy(*rules: dict[str, Any], **keys: Any) -> GatePolicy:
    """A policy of these rules; each gets words for people if it brings none."""
    spoken = [{"description": "as the risk owner wrote it", **rule} for rule in rules]
    given = {
        "metric": "log_loss",
        "no_champion": "review",
        "review": REVIEW,
        "resamples": 400,
        **PLAIN,
        "rules": spoken,
        **keys,
    }
    return GatePolicy.model_validate_json(json.dumps(given))


def judged(rule: dict[str, Any], rows: HoldoutData | None = None, **facts: Any) -> tuple[RuleResult, ...]:
    """The results of one enforced rule, without what the gate says of itself."""
    return _of(rule, decided(rule, rows=rows, **facts))


def weighed(
    rule: dict[str, Any], found: dict[str, Any] | None, rows: HoldoutData | None = None
) -> tuple[RuleResult, ...]:
    """The results of one enforced rule whose needs were measured as `found`, or not at all."""
    asked = policy(rule)
    measured = {} if found is None else {need.key: found for need in asked.rules[0].needs()}
    return _of(rule, decide(replace(evidence(rows), measured=measured), asked, SHA))


def _of(rule: dict[str, Any], decision: Decision) -> tuple[RuleResult, ...]:
    return tuple(found for found in decision.results if found.rule.split("(")[0] in (rule["rule"], "no_champion"))


def outcomes(rule: dict[str, Any], rows: HoldoutData | None = None, **facts: Any) -> list[RuleOutcome]:
    """The outcomes of one enforced rule."""
    return [result.outcome for result in judged(rule, rows, **facts)]


def decided(*rules: dict[str, Any], rows: HoldoutData | None = None, **facts: Any) -> Decision:
    """The decision on a holdout under these rules."""
    return decide(evidence(rows, **facts), policy(*rules), SHA)
