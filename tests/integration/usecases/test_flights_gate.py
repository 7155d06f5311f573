"""The flights' own policy on the flights: what has to be refused is, and an equal is never better."""

from __future__ import annotations

import pytest
from benchmarks.flights import AUTUMN, CHAMPION, DECEMBER, chances, evidence, judged, result

from gatehouse.core.types import RuleOutcome, Verdict

HALF = 2  # every second flight is trained on, which halves the time; `python -m benchmarks flights` takes them all


@pytest.mark.parametrize("looks", [0, 11])
def test_the_rolling_challenger_of_december_is_blocked(looks):
    """Trained on three months of autumn it has forgotten the winter: worse than the champion of January to March beyond
    doubt, at the first look and at the twelfth."""
    rolling, champion = chances(AUTUMN, DECEMBER, HALF), chances(CHAMPION, DECEMBER, HALF)
    decision = judged(evidence(DECEMBER, rolling, champion, looks))
    assert decision.verdict is Verdict.BLOCK
    assert result(decision, "not_worse_than_champion(log_loss)").low > 0.0125
    assert result(decision, "self_test").outcome is RuleOutcome.PASS


@pytest.mark.parametrize("looks", [0, 11])
def test_the_champions_copy_is_never_better_on_the_flights(looks):
    """The very same predictions: not worse, and not better either; `python -m benchmarks flights` shows every month."""
    champion = chances(CHAMPION, DECEMBER, HALF)
    decision = judged(evidence(DECEMBER, champion.copy(), champion, looks))
    assert result(decision, "not_worse_than_champion(log_loss)").outcome is RuleOutcome.PASS
    assert result(decision, "better_than_champion(log_loss)").outcome is RuleOutcome.WARN
    assert result(decision, "self_test").outcome is RuleOutcome.PASS
