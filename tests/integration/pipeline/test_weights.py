"""Rows that count by weights(): in the fit, in what is measured, in the decision, and in the record of both."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import StackingClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from gatehouse.adapters.models.sample_weights import weight_keyword
from gatehouse.core.contract.batch_calendar import batch_interval
from gatehouse.core.gate.decide import decision_document
from gatehouse.core.statistics.metrics import evaluate
from gatehouse.errors import ModelError
from gatehouse.pipeline.batch_data.labelled_rows import fit_on
from gatehouse.pipeline.judge.evidence import archived_evidence
from gatehouse.pipeline.judge.judge_challenger import replay_decision
from gatehouse.pipeline.maintenance.publish_mlflow import publish_decision
from gatehouse.use_case_code import weights_of
from support.rides import FOUR_MONTHS, folder, open_site, take  # noqa: F401 - two of them are fixtures

WEIGHTS = """

def weights(tables):
    return tables["rows"]["amount"].abs().fillna(0) + 0.1
"""

ONE = """
both = estimators


def estimators(seed):
    return {"logistic": both(seed)["logistic"]}
"""


def test_weights_go_from_the_fit_to_the_decision(folder, open_site) -> None:
    """Training set and evidence hold them, the replay is the same, the level that the
    champion is held to and what is measured later are weighted, and another weighting gives another model."""
    model = folder / "model.py"
    model.write_text(model.read_text() + WEIGHTS + ONE)
    ctx = open_site()
    for key in FOUR_MONTHS:
        take(ctx, key)
    champion = ctx.ledger.models.champion("rides").model
    rows = ctx.lake.frame(ctx.ledger.requests.training_set(champion.request).training)
    assert np.allclose(rows["gh_weight"], rows["amount"].abs().fillna(0) + 0.1)
    (decision,) = ctx.ledger.decisions.list("rides")
    evidence, _ = archived_evidence(ctx.lake, ctx.ledger.decisions.archive(decision.id)[0])
    held_out = evidence.holdout
    assert decision_document(replay_decision(ctx, decision.id)) == decision_document(decision)
    weighted = evaluate("log_loss", held_out.labels, held_out.challenger, held_out.weights)
    assert weighted != pytest.approx(evaluate("log_loss", held_out.labels, held_out.challenger), rel=1e-6)
    reference = json.loads(ctx.lake.read(champion.reference))
    assert reference["quality"]["log_loss"] == pytest.approx(weighted)
    measured = [each.body["matured"] for each in ctx.ledger.batches.watches("rides") if "matured" in each.body]
    assert measured[-1]["value"]["value"] == pytest.approx(measured[-1]["estimate"]["realised"])
    assert "weights() of model.py" in ctx.lake.read(publish_decision(ctx, decision, champion)).decode()
    again, alike = (
        ctx.models.dump(fit_on(ctx, champion.candidate, each)) for each in (rows, rows.drop(columns="gh_weight"))
    )
    assert again == ctx.lake.read(champion.file) != alike


@pytest.mark.parametrize(("returned", "found"), [("amount - 1e9", "-"), ("amount / 0 * 0", "nan"), ("label", "label")])
def test_what_is_no_weight_is_refused(folder, open_site, returned: str, found: str) -> None:
    """Negative and missing numbers are named, and so is a column that is not there."""
    model = folder / "model.py"
    model.write_text(model.read_text() + f"\n\ndef weights(tables):\n    return tables['rows'].eval({returned!r})\n")
    ctx = open_site()
    tables = ctx.source.fetch("2024-01", batch_interval("month", "2024-01"))
    with pytest.raises(ModelError, match=found) as raised:
        weights_of(ctx.case, tables)
    assert "model.py" in raised.value.where


def test_weights_reach_the_last_step_or_are_refused() -> None:
    """Pipelines, searches and ensembles hand them on; where one part would not get them, the whole is refused."""
    line, scaled = LogisticRegression(), make_pipeline(StandardScaler(), LogisticRegression())
    taken = {
        "sample_weight": (
            line,
            VotingClassifier([("a", line)]),
            StackingClassifier([("a", line)]),
            CalibratedClassifierCV(line),
        ),
        "logisticregression__sample_weight": (scaled, GridSearchCV(scaled, {})),
    }
    refused = (KNeighborsClassifier(), VotingClassifier([("a", line), ("b", KNeighborsClassifier())]))
    refused += (StackingClassifier([("a", scaled)]), CalibratedClassifierCV(scaled))
    for keyword, estimators in taken.items():
        assert {weight_keyword(each) for each in estimators} == {keyword}
    assert {weight_keyword(each) for each in refused} == {None}
