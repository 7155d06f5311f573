"""Three text classes go the whole way: the same steps as two classes, with a column of predictions for each class."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gatehouse.core.types import Verdict
from gatehouse.errors import ModelError
from gatehouse.pipeline import land, score
from gatehouse.pipeline.judge.evidence import archived_evidence
from gatehouse.pipeline.maintenance.publish_mlflow import publish_decision
from gatehouse.pipeline.validate import validate
from support.orchard import CLASSES, write
from support.rides import FakeContext, ctx, open_site, take  # noqa: F401 - two of them are fixtures

KEYS = [f"2024-{month:02}" for month in range(1, 9)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The use case `orchard` in place of `rides`; nothing changes in June."""
    return write(tmp_path, turned=0)


def test_three_classes_go_the_whole_way(ctx: FakeContext) -> None:
    """Land, score, monitor, retrain, judge and promote; predictions are stored by class, and evidence replays."""
    for key in KEYS[:5]:
        take(ctx, key)
    (decision,) = ctx.ledger.decisions.list(ctx.name)
    assert decision.verdict is Verdict.PROMOTE, decision.sentence
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
