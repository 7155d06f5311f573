"""The policy's page: rules with their sentences and limits, and what another limit would have changed."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from gatehouse.adapters.kept_backtests import keep
from gatehouse.core.config.gate import GatePolicy
from gatehouse.core.gate.decide import decide
from gatehouse.core.gate.limit_change import limits_of
from gatehouse.pipeline.judge.evidence import archive_evidence
from gatehouse.settings import ROOT
from gatehouse.use_case import load
from support.evidence_maker import SHA, evidence, holdout
from support.pages_world import CASE, World, airflow_home, world  # noqa: F401 - fixtures

PAGE = f"/gatehouse/use-cases/{CASE}/policy"


def gate() -> GatePolicy:
    return load(ROOT / "include" / "usecases" / CASE).gate


@pytest.fixture
def decided(world: World, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A decision on archived evidence under a policy with one bound, as the ledger would give it."""
    from gatehouse.bootstrap import InstalledContext

    rule = {"rule": "metric_bound", "metric": "log_loss", "max": 9.0, "description": "The log loss is low."}
    keys = {"metric": "log_loss", "no_champion": "review", "self_test": 0, "resamples": 400}
    review = {"approvers": ["reviewer", "admin"], "timeout": "3 days"}
    policy = GatePolicy.model_validate_json(json.dumps({**keys, "review": review, "rules": [rule]}))
    found = evidence(holdout())
    file = archive_evidence(world.desk, found)
    archived = json.loads(world.desk.lake.read(file))
    decision = decide(found, policy, SHA)
    assert archived["evidence"]["version"] == decision.version
    case = load(ROOT / "include" / "usecases" / CASE)
    object.__setattr__(case, "gate", policy)
    monkeypatch.setattr(world.desk, "case", lambda name: case)

    class Decisions:
        def list(self, use_case: str) -> list[Any]:
            return [decision]

        def archive(self, identity: str) -> tuple[Any, str]:
            return file, policy.text

    class Models:
        def promotions(self, use_case: str) -> list[Any]:
            return []

    monkeypatch.setattr(
        InstalledContext, "ledger", type("Ledger", (), {"decisions": Decisions(), "models": Models()})()
    )
    return policy, decision


def test_the_policy_is_read_in_its_owners_words(world: World) -> None:
    """Every rule with its sentence, its limits and what a failure means, by group; each limit can be chosen."""
    html = world.client("viewer").get(PAGE).text
    for rule in gate().rules:
        assert rule.rule in html
    assert html.count("<option") == len(limits_of(gate()))
    assert "<h3>Comparison</h3>" in html


def test_a_stricter_limit_takes_three_clicks(decided: Any, world: World) -> None:
    """The use case, its Policy tab, and the form: the flips are told, and nothing is stored."""
    client = world.client("viewer")
    assert f'href="{PAGE}"' in client.get(f"/gatehouse/use-cases/{CASE}/drift").text
    before = len(world.story.ledger.audit_log.entries())
    html = client.get(f"{PAGE}?limit=0.max&value=0.01").text
    assert "1 of 1 verdicts</strong>" in html
    assert "PASS → FAIL" in html
    same = client.get(f"{PAGE}?limit=0.max&value=8").text
    assert "0 of 1 verdicts</strong>" in same
    assert "&amp;costs=true#what-if" in html
    costs = client.get(f"{PAGE}?limit=0.max&value=0.01&costs=true").text
    assert "What it would have meant" in costs
    assert "the same model serves" in costs
    assert len(world.story.ledger.audit_log.entries()) == before


@pytest.mark.parametrize("value", ["much", "nan", "1e999"])
def test_what_is_no_limit_is_named(decided: Any, world: World, value: str) -> None:
    """A text instead of a number is answered on the page; a limit that there is not is a 400."""
    assert "a limit is a number" in world.client("viewer").get(f"{PAGE}?limit=0.max&value={value}").text
    assert world.client("viewer").get(f"{PAGE}?limit=99.max&value=1").status_code == 400


def test_kept_backtests_are_listed_and_opened(world: World) -> None:
    """The newest first with the mean of each way; the page comes as it was made, without scripts, and no other file does."""
    totals = {"batches": 12, "trainings": 3, "means": {"policy": 0.41, "never": 0.44, "oracle": None}}
    document = {"use_case": CASE, "metric": "log_loss", "totals": totals}
    home, client = world.desk.settings.home, world.client("viewer")
    assert f"gatehouse backtest {CASE} --keep" in client.get(PAGE).text
    for year in (2013, 2014):
        kept = keep(home, document, f"<p>the year {year}</p>", datetime(year, 1, 2, tzinfo=UTC))
    (home / "backtests" / CASE / "20150101T000000Z-01234567.json").write_text("{")
    html = client.get(PAGE).text
    assert html.index("2014-01-02 00:00") < html.index("2013-01-02 00:00")
    assert "log loss: policy 0.41, never 0.44" in html
    address = f"/gatehouse/use-cases/{CASE}/backtests"
    answer = client.get(f"{address}/{kept.name}")
    assert (answer.text, "sandbox" in answer.headers["content-security-policy"]) == ("<p>the year 2014</p>", True)
    for name in ("20130102T000000Z-00000000", "..%2f..%2flake", kept.name + ".json"):
        assert client.get(f"{address}/{name}").status_code == 404
