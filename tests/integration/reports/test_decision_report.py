"""The report of a decision, which the page shows too."""

from __future__ import annotations

from datetime import UTC, datetime

from gatehouse.core.types import Decision, ModelVersion, RuleOutcome, RuleResult, Verdict
from gatehouse.reports.decision import decision_report
from support.fakes import FakeLake


def test_what_failed_stands_above_what_passed() -> None:
    """The rules are told the worst first; those of one outcome stay in the order of gate.yaml."""
    outcomes = [
        RuleOutcome.PASS,
        RuleOutcome.WARN,
        RuleOutcome.FAIL,
        RuleOutcome.PASS,
        RuleOutcome.INCONCLUSIVE,
        RuleOutcome.FAIL,
    ]
    results = tuple(RuleResult(f"rule_{number}", each, "found") for number, each in enumerate(outcomes))
    decision = Decision("d", "rides", 2, Verdict.BLOCK, "BLOCK: found", results, "e", "p", 1, 1)
    file = FakeLake().put(b"model", "models", "skops")
    until = datetime(2013, 5, 1, tzinfo=UTC)
    page = decision_report("Rides", decision, ModelVersion("rides", 2, "boosting", file, file, "s", "r", "run", until))
    places = [page.index(f"rule_{number}</code>") for number in (2, 5, 4, 1, 0, 3)]
    assert places == sorted(places)
