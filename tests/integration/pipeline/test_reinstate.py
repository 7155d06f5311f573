"""An old concept returns, and the model that knew it serves again: through the gate, without a training."""

from __future__ import annotations

import pytest

from gatehouse.core.types import PromotionKind, Verdict
from gatehouse.invariants import run
from gatehouse.pipeline import gather, reinstate
from gatehouse.pipeline.monitor.retrain_state import retrain_state
from support.rides import ctx, folder, looped, open_site, take  # noqa: F401 - four of them are fixtures


def _turned(looped, *months):
    """Take months in which the labels are turned round."""
    for key in months:
        looped.source.relabel[key] = lambda frame: frame.assign(label=1 - frame["label"])
        take(looped, key)


@pytest.fixture
def returned(looped, folder, open_site):
    """Labels turn round from May to July and then back: version 2 or later learned them, version 1 knew the rest."""
    path = folder / "retrain.yaml"
    path.write_text(path.read_text().replace("triggers:\n", "window: best\ntriggers:\n", 1))
    gate = folder / "gate.yaml"
    gate.write_text(gate.read_text().replace("final_fit: false\n", ""))
    changed = open_site()
    changed.lake, changed.tracking = looped.lake, looped.tracking
    _turned(changed, "2024-05", "2024-06", "2024-07")
    for key in ("2024-08", "2024-09", "2024-10"):
        take(changed, key)
    return changed


def _back(ctx):
    """The request that asked a former champion back, and the model that came of it."""
    (request,) = [each for each in ctx.ledger.requests.list("rides") if each.reasons[0].kind == "reinstate"]
    (model,) = [each for each in ctx.ledger.models.list("rides") if each.request == request.id]
    return request, model


def test_a_former_champion_serves_again_by_decision(returned, ledger_database):
    """It is a version of its own with the file of version 1, judged by the gate on rows that it cannot have seen (I9, I13), and
    promoted by its decision. It counts as no training."""
    request, model = _back(returned)
    assert model.file == returned.ledger.models.get("rides", 1).file
    assert reinstate.origin(returned, model).version == 1
    promotion = next(each for each in returned.ledger.models.promotions("rides") if each.version == model.version)
    assert promotion.kind is PromotionKind.DECISION
    assert returned.ledger.decisions.get(promotion.decision).verdict is Verdict.PROMOTE
    assert "the former champion, version 1, would be" in request.reasons[0].sentence
    assert returned.ledger.models.champion("rides").model.version == model.version
    assert returned.tracking.aliases["rides", "champion"] == model.version
    assert "It is version 1 again, reinstated." in returned.tracking.words[model.version]
    rows = returned.ledger.requests.training_set(request.id)
    old = returned.ledger.requests.training_set(returned.ledger.models.get("rides", 1).request)
    assert (rows.training, rows.training_batches) == (old.training, old.training_batches)
    assert all(returned.ledger.batches.get(each).interval.start >= model.trained_until for each in rows.holdout_batches)
    findings = run(ledger_database.url, returned.lake, returned.tracking, {"rides": returned.case})
    assert [breach for finding in findings for breach in finding.breaches] == []
    state = retrain_state(returned, request.as_of, returned.ledger.models.champion("rides"))
    assert state.last_training < request.as_of
    assert (state.since_reinstated, state.unlearned) == (1, ())
    assert gather.build_training_set(returned, request) == rows


def test_only_what_this_model_code_made_can_come_back(returned, folder, open_site):
    """The present champion's file is no candidate, however often it served; nor is one whose rows another model.py made."""
    champion = returned.ledger.models.champion("rides")
    former = reinstate.former_champions(returned, champion)
    assert former
    assert champion.model.file.sha256 not in {each.file.sha256 for each in former}
    code = folder / "model.py"
    code.write_text(code.read_text() + "# another\n")
    assert reinstate.former_champions(open_site(), champion) == []
