"""Three text classes go the whole way: the same steps as two classes, with a column of predictions for each class."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gatehouse.core.audit.canonical_json import sha256
from gatehouse.core.types import RuleOutcome, Verdict
from gatehouse.errors import ModelError
from gatehouse.pipeline import land, score
from gatehouse.pipeline.judge.evidence import archived_evidence
from gatehouse.pipeline.maintenance.publish_mlflow import publish_decision
from gatehouse.pipeline.validate import validate
from support.orchard import CLASSES, write
from support.rides import FakeContext, ctx, open_site, take  # noqa: F401 - two of them are fixtures

GOLDEN = "group,amount,gh_label\na,90.0,quince\nb,20.0,pear\na,2.0,apple\nc,200.0,quince\n"
RULE_IN_PYTHON = """
def known(rows):
    named = {each.split(":")[1] for each in rows if each.startswith("challenger:")}
    share = float(rows["label"].isin(named).mean())
    return share, 1.0, share == 1.0, f"{share:.0%} of the labels are classes of the model"
"""
MEASURED = """\
  - {{rule: golden_set, description: Four fruits., file: golden.csv, sha256: {sha256}, metric: accuracy, min: 0.5}}
  - {{rule: invariant, description: The group alone decides little., column: group, max_mean_change: 0.9}}
  - {{rule: handles_unseen_values, description: A new group has a prediction., columns: [group]}}
  - {{rule: no_dominant_feature, description: No feature decides alone., max_share: 0.999}}
  - {{rule: python, description: Labels and predictions have the same names., function: "checks.py:known"}}
"""
KEYS = [f"2024-{month:02}" for month in range(1, 9)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The use case `orchard` in place of `rides`; nothing changes in June."""
    made = write(tmp_path, turned=0)
    (made / "golden.csv").write_text(GOLDEN)
    (made / "checks.py").write_text(RULE_IN_PYTHON)
    with (made / "gate.yaml").open("a") as gate:
        gate.write(MEASURED.format(sha256=sha256(GOLDEN.encode())))
    return made


def test_three_classes_go_the_whole_way(ctx: FakeContext) -> None:
    """Land, score, monitor, retrain, judge and promote; predictions are stored by class, evidence replays, and rules that
    measure the model take three classes."""
    for key in KEYS[:5]:
        take(ctx, key)
    (decision,) = ctx.ledger.decisions.list(ctx.name)
    assert decision.verdict is Verdict.PROMOTE, decision.sentence
    measured = {each.rule.split("(")[0]: each for each in decision.results}
    for rule in ("golden_set", "invariant", "handles_unseen_values", "no_dominant_feature", "python"):
        assert measured[rule].outcome is RuleOutcome.PASS, measured[rule].sentence
    file, _ = ctx.ledger.decisions.archive(decision.id)
    evidence, _ = archived_evidence(ctx.lake, file)
    assert evidence.holdout.classes == CLASSES
    assert evidence.holdout.challenger.shape == (evidence.holdout.rows, 3)
    scored = ctx.lake.frame(ctx.ledger.batches.predictions(ctx.name)[-1].file)
    probabilities = scored[[f"score:{name}" for name in CLASSES]].to_numpy()
    assert np.allclose(probabilities.sum(axis=1), 1)
    report = ctx.ledger.batches.watches(ctx.name)[-1].body
    assert len(report["matured"]["observed"]) == 3
    assert {"gh_score:apple", "gh_score:pear", "gh_score:quince"} <= {each["column"] for each in report["drift"]}
    assert report["estimate"]["value"] == pytest.approx(report["estimate"]["holdout"], abs=0.1)
    assert report["errors"] == []
    page = ctx.lake.read(publish_decision(ctx, decision, ctx.ledger.models.get(ctx.name, 1))).decode()
    assert "Predicted for what happened" in page
    assert "Calibration by class" in page
    assert "quince right in" in page


def test_classes_come_and_go_by_name(folder: Path, open_site: Callable[[], FakeContext]) -> None:
    """A class that vanishes keeps a probability of 0 to 1, a new one at the end gets 0, and another order is refused."""
    ctx = open_site()
    for key in KEYS[:4]:  # no quince in the rows that train: the model does not know it
        ctx.source.relabel[key] = lambda rows: rows.assign(label=rows["label"].where(rows["label"] != "quince", "pear"))
        take(ctx, key)
    scored = ctx.lake.frame(ctx.ledger.batches.predictions(ctx.name)[-1].file)
    assert (scored["score:quince"] == 0).all()
    assert np.allclose(scored["score:apple"] + scored["score:pear"], 1)
    retrain = folder / "retrain.yaml"
    retrain.write_text(retrain.read_text().replace("quince]", "quince, medlar]"))
    grown = open_site()
    grown.lake, grown.tracking = ctx.lake, ctx.tracking
    take(grown, KEYS[4])
    scored = grown.lake.frame(grown.ledger.batches.predictions(ctx.name)[-1].file)
    assert [name for name in scored if name.startswith("score:")][-1] == "score:medlar"
    assert (scored["score:medlar"] == 0).all()
    assert grown.ledger.batches.watches(ctx.name)[-1].body["errors"] == []
    retrain.write_text(retrain.read_text().replace("[apple, pear,", "[pear, apple,"))
    turned = open_site()
    turned.lake, turned.tracking = ctx.lake, ctx.tracking
    batch = land.land(turned, KEYS[5])
    validate(turned, batch.id)
    with pytest.raises(ModelError, match=r"trained on other classes.*apple, pear, quince; then any new ones"):
        score.score(turned, batch.id)


def test_odd_labels_of_a_batch_are_told_and_stop_nothing(ctx: FakeContext) -> None:
    """A month with one class is measured by what is defined there; a label that nobody declared is named."""
    ctx.source.relabel[KEYS[3]] = lambda rows: rows.assign(label="pear")
    ctx.source.relabel[KEYS[4]] = lambda rows: rows.assign(label=["durian", *rows["label"][1:]])
    for key in KEYS[:7]:
        take(ctx, key)
    reports = {each.batch.key: each.body for each in ctx.ledger.batches.watches(ctx.name)}
    single = next(body["matured"] for body in reports.values() if body.get("matured", {}).get("batch") == KEYS[3])
    assert single["observed"] == {"apple": 0.0, "pear": 1.0, "quince": 0.0}
    assert single["value"]["value"] > 0
    assert any(alarm["kind"] == "calibration" for body in reports.values() for alarm in body["alarms"])
    told = [error for body in reports.values() for error in body["errors"]]
    assert any("'durian' (1 row)" in each and "apple, pear, quince" in each for each in told), told
    assert len(ctx.ledger.batches.predictions(ctx.name)) >= 4
