"""Three text classes go the whole way: the same steps as two classes, with a column of predictions for each class."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gatehouse.core.types import Verdict
from gatehouse.pipeline.judge.evidence import archived_evidence
from gatehouse.pipeline.maintenance.publish_mlflow import publish_decision
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
