"""Another policy over all past evidence: which verdicts flip, and what each flip would have cost or saved."""

from __future__ import annotations

import json
import math

import pytest
from sklearn.metrics import log_loss

from gatehouse.core.config.gate import GatePolicy
from gatehouse.core.types import Verdict
from gatehouse.pipeline import choose, fit, gather, promote
from gatehouse.pipeline.judge import judge_challenger
from gatehouse.pipeline.manual.policy_comparison import compare_policies
from support.rides import ctx, folder, open_site, take  # noqa: F401 - three of them are fixtures

MONTHS = [f"2024-0{month}" for month in range(1, 9)]
REFUSING = {"rule": "better_than_champion", "description": "never", "metric": "log_loss", "margin": 5.0}


def other_policy(ctx, *rules):
    """The use case's own policy with these rules added."""
    own = json.loads(ctx.case.gate.text)
    return GatePolicy.model_validate_json(json.dumps({**own, "rules": [*own["rules"], *rules]}))


@pytest.fixture
def lived(folder, open_site, request):
    """A champion, a challenger in May that is promoted or refused, and three months that it or the champion scores; the last has no outcomes yet."""
    if request.param == "refused":
        text = (folder / "gate.yaml").read_text()
        (folder / "gate.yaml").write_text(
            text + "  - {rule: better_than_champion, description: never, metric: log_loss, margin: 5.0}\n"
        )
    ctx = open_site()
    for key in MONTHS[:5]:
        take(ctx, key)
    retrain(ctx, MONTHS[4])
    for key in MONTHS[5:]:
        take(ctx, key)
    return ctx


def retrain(ctx, key):
    """What a person's request at the end of a month leads to; its decision."""
    batch = next(b for b in ctx.ledger.batches.list("rides") if b.id.key == key)
    asked = ctx.ledger.requests.ask("rides", batch.interval.end, "ann", "to see what another model does")
    gather.build_training_set(ctx, gather.claim(ctx, asked.id))
    for name in fit.candidate_names(ctx):
        fit.fit(ctx, asked.id, name)
    choose.choose(ctx, asked.id)
    decision = judge_challenger.judge(ctx, asked.id)
    promote.promote(ctx, decision.id)
    return decision


def looks(ctx):
    """The looks that the decisions against the first champion told."""
    sentences = [r.sentence for d in ctx.ledger.decisions.list("rides") for r in d.results if r.rule == "error_spent"]
    return [int(sentence.split()[1]) for sentence in sentences]


def by_hand(ctx, keys, served, instead):
    """The row-weighted mean over batches of log loss served minus log loss instead, from the models and sources."""
    losses = []
    for key in keys:
        batch = next(b for b in ctx.ledger.batches.list("rides") if b.id.key == key)
        rows = ctx.lake.frame(batch.tables["rows"].accepted)
        labels = ctx.source.outcomes(key, batch.interval).set_index("id")["label"][rows["id"]].to_numpy()
        features = ctx.case.model.features({"rows": rows})
        pair = []
        for version in (served, instead):
            file = ctx.ledger.models.get("rides", version).file
            estimator = ctx.models.load(ctx.lake.read(file), file.sha256)
            pair.append(log_loss(labels, estimator.predict_proba(features)[:, 1]))
        losses.append((len(labels), pair[0] - pair[1]))
    return sum(n * loss for n, loss in losses) / sum(n for n, _ in losses), sum(n for n, _ in losses)


@pytest.mark.parametrize("lived", ["promoted"], indirect=True)
def test_a_promotion_that_would_not_have_been_costs_what_it_gained(lived):
    """PROMOTE becomes BLOCK: on the batches that the new champion scored and that have matured, the old one instead."""
    first, second = compare_policies(lived, other_policy(lived, REFUSING))
    assert first.regret is None
    assert (second.decision.verdict, second.again.verdict) == (Verdict.PROMOTE, Verdict.BLOCK)
    saved, rows = by_hand(lived, MONTHS[5:7], served=2, instead=1)
    assert (second.regret.served, second.regret.instead) == (2, 1)
    assert [batch.key for batch in second.regret.batches] == MONTHS[5:7]
    assert second.regret.rows == rows
    assert second.regret.saved == pytest.approx(saved, rel=1e-9)
    assert saved != 0
    assert [one.regret for one in compare_policies(lived, lived.case.gate)] == [None, None]
    lived.ledger.batches.outcomes = lambda use_case, as_of: {}
    _, unknown = compare_policies(lived, other_policy(lived, REFUSING))
    assert (unknown.regret.rows, unknown.regret.batches) == (0, ())
    assert math.isnan(unknown.regret.saved)


@pytest.mark.parametrize("lived", ["refused"], indirect=True)
def test_a_refusal_that_would_not_have_been_is_measured_on_what_followed(lived):
    """BLOCK becomes PROMOTE: on the batches that the champion went on scoring, the challenger instead."""
    own = json.loads(lived.case.gate.text)
    rules = [rule for rule in own["rules"] if rule["rule"] != "better_than_champion"]
    _, second = compare_policies(lived, GatePolicy.model_validate_json(json.dumps({**own, "rules": rules})))
    assert (second.decision.verdict, second.again.verdict) == (Verdict.BLOCK, Verdict.PROMOTE)
    saved, rows = by_hand(lived, MONTHS[5:7], served=1, instead=2)
    assert (second.regret.served, second.regret.instead, second.regret.rows) == (1, 2, rows)
    assert second.regret.saved == pytest.approx(saved, rel=1e-9)
    assert looks(lived) == [1]
    again = retrain(lived, MONTHS[7])
    assert looks(lived) == [1, 2]
    assert "of the 2.5 % risk of a false promotion in its life this look has 0.417 %" in again.results[-2].sentence
    assert judge_challenger.replay_decision(lived, again.id) == again
