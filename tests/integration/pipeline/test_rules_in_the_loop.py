"""Rules that need measuring, a metric and a rule of the use case's own: through the loop to a decision, and replayed."""

from __future__ import annotations

import pytest

from gatehouse.core.audit.canonical_json import canonical, sha256
from gatehouse.core.gate.decide import decision_document
from gatehouse.core.types import RuleOutcome, Verdict
from gatehouse.pipeline.judge import judge_challenger
from support.rides import folder, open_site, take  # noqa: F401 - two of them are fixtures

METRICS = """

def cost(label, prediction, weight):
    return abs(label - prediction)

METRICS = {"cost": cost, "peak": lambda label, prediction, weight: prediction[weight > 0].max()}
"""
RULES = """
def cheap(rows):
    cost = (rows["label"] - rows["challenger"]).abs().mean()
    return cost, 0.5, cost < 0.5, f"a ride costs {cost:.2f}"
"""
GATE = """
  - {rule: monotone, description: so, feature: amount, direction: increasing, max_violations: 0.5}
  - {rule: invariant, description: so, column: group, max_change: 1.0}
  - {rule: handles_unseen_values, description: so}
  - {rule: predictions_vary, description: so}
  - {rule: no_dominant_feature, description: so, max_share: 0.99}
  - {rule: lineage_intact, description: so}
  - {rule: reproducible, description: so}
  - {rule: holdout_drift, description: so, limit: 0.2}
  - {rule: prediction_memory, description: so, max_mb: 500}
  - {rule: enough_training_rows, description: so, min_rows: 1000}
  - {rule: python, description: so, function: "rules.py:cheap"}
  - {rule: metric_bound, description: so, metric: rides.cost, max: 0.5, compare: interval}
  - {rule: metric_bound, description: so, metric: rides.peak, max: 1.0}
  - {rule: parity, description: so, column: group, threshold: 0.5, max_selection_gap: 1.0, on_fail: warn}
  - {rule: stable_over_time, description: so, metric: rides.cost, max: 0.6, min_rows: 200}
"""


@pytest.fixture
def judged(folder, open_site):
    """The first decision of a use case whose challenger is chosen, and judged, by a metric of its own."""
    (folder / "model.py").write_text((folder / "model.py").read_text() + METRICS)
    (folder / "rules.py").write_text(RULES)
    (folder / "gate.yaml").write_text((folder / "gate.yaml").read_text().rstrip() + GATE)
    retrain = folder / "retrain.yaml"
    retrain.write_text(retrain.read_text().replace("selection_metric: log_loss", "selection_metric: rides.cost"))
    ctx = open_site()
    for key in ("2024-01", "2024-02", "2024-03"):
        take(ctx, key)
    return ctx


def test_every_rule_is_measured_and_replays_to_the_same_bytes(judged):
    """All rules pass on a good challenger; a replay needs neither the model nor today's code of the use case."""
    (decision,) = judged.ledger.decisions.list("rides")
    assert {result.rule: result.sentence for result in decision.results if result.outcome is RuleOutcome.FAIL} == {}
    unsettled = [result.rule for result in decision.results if result.outcome is RuleOutcome.INCONCLUSIVE]
    assert (decision.verdict, unsettled) == (Verdict.PROMOTE, [])
    by_rule = {result.rule: result for result in decision.results}
    assert by_rule["python(cheap)"].value == pytest.approx(by_rule["metric_bound(rides.cost max)"].value, rel=1e-8)
    for name in ("model.py", "rules.py"):
        (judged.case.folder / name).write_text("raise SystemExit\n")
    model = judged.ledger.models.get("rides", decision.version)
    del judged.lake.files[model.file.path]
    again = judge_challenger.replay_decision(judged, decision.id)
    assert canonical(decision_document(again)) == canonical(decision_document(decision))


def test_the_challenger_is_chosen_by_the_own_metric(judged):
    """Both candidates were measured by it; the one with the smaller value was registered."""
    (model,) = judged.ledger.models.list("rides")
    candidates = {each.name: each.metrics["rides.cost"] for each in judged.ledger.requests.candidates(model.request)}
    assert model.candidate == min(candidates, key=candidates.__getitem__)
    assert sha256(RULES) in judged.lake.read(judged.ledger.decisions.archive(_only(judged).id)[0]).decode()


def _only(ctx):
    (decision,) = ctx.ledger.decisions.list("rides")
    return decision
