"""Who gets which page, who may act, and that only a form of ours acts."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gatehouse.core.config.override_probation import OverridePolicy
from gatehouse.core.types import BatchState, Verdict
from gatehouse.errors import NotAllowedError
from gatehouse.queries import fleet
from support.pages_world import CASE, ROLES, World, airflow_home, world  # noqa: F401 - fixtures

KEPT = "20130101T000000Z-01234567"
ACTORS = ("reviewer", "admin")
READ = {  # every address that looks, by its route
    "/": "/",
    "/notifications": "/notifications?held=1",
    "/use-cases/{use_case}": f"/use-cases/{CASE}",
    "/decisions/{decision}/candidates": "/decisions/DECISION/candidates",
    "/use-cases/{use_case}/batches": f"/use-cases/{CASE}/batches",
    "/use-cases/{use_case}/batches.csv": f"/use-cases/{CASE}/batches.csv",
    "/use-cases/{use_case}/decisions.csv": f"/use-cases/{CASE}/decisions.csv",
    "/use-cases/{use_case}/decisions": f"/use-cases/{CASE}/decisions",
    "/use-cases/{use_case}/runbook": f"/use-cases/{CASE}/runbook",
    "/audit": "/audit?by=admin&since=2013-01-01",
    "/audit.csv": "/audit.csv",
    "/use-cases/{use_case}/audit": f"/use-cases/{CASE}/audit",
    "/use-cases/{use_case}/policy": f"/use-cases/{CASE}/policy",
    "/use-cases/{use_case}/backtests/{name}": f"/use-cases/{CASE}/backtests/{KEPT}",
    "/use-cases/{use_case}/rollback": f"/use-cases/{CASE}/rollback?version=1",
    "/use-cases/{use_case}/compare": f"/use-cases/{CASE}/compare",
    "/use-cases/{use_case}/drift": f"/use-cases/{CASE}/drift",
    "/use-cases/{use_case}/column": f"/use-cases/{CASE}/column?name=distance",
    "/decisions/{decision}": "/decisions/DECISION",
    "/batches/{use_case}/{ref}": f"/batches/{CASE}/2013-01.r1",
    "/batches/{use_case}/{ref}/report": f"/batches/{CASE}/2013-01.r1/report",
    "/batches/{use_case}/{ref}/quarantined.csv": f"/batches/{CASE}/2013-01.r1/quarantined.csv?table=rides",
    "/run": "/run?dag_id=somebody_elses&run_id=1",
    "/static/{name}": "/static/page.css",
    "/whoami": "/whoami",
}
ACT = {  # every address that acts, with a form that is complete but for the reason
    "/decisions/{decision}/{act}": ("/decisions/DECISION/override", {}),
    "/use-cases/{use_case}/rollback": (f"/use-cases/{CASE}/rollback", {"version": 1}),
    "/batches/{use_case}/{ref}/{act}": (f"/batches/{CASE}/2013-04.r1/discard", {}),
}

MACHINES = ("/health", "/metrics")  # with a rule of their own: test_machines.py


def decided(world: World, verdict: Verdict = Verdict.BLOCK) -> str:
    """Two accepted batches, one in quarantine, and a decision without a champion; returns the decision."""
    first, second = world.story.accept("2013-01"), world.story.accept("2013-02")
    decision = world.story.decide(world.story.challenger(first, second), verdict)
    world.story.quarantine("2013-04")
    keep_page(world.desk.settings.home)
    return decision.id


def keep_page(home: Path) -> None:
    """The report of a backtest that somebody has kept."""
    page = home / "backtests" / CASE / f"{KEPT}.html"
    page.parent.mkdir(parents=True)
    page.write_text("<!doctype html><title>a backtest</title>")


def test_every_route_is_walked_here(world: World) -> None:
    """A route that is added without a line in this file's tables fails."""
    app = world.app.routes[-1].app
    found = {(route.path, method) for route in app.routes for method in route.methods}
    assert found == {(path, "GET") for path in READ} | {(path, "POST") for path in ACT} | {
        (path, "GET") for path in MACHINES
    }


def test_each_role_reads_and_nobody_else(world: World) -> None:
    """Every page answers 200 to every role of Airflow's, 401 to a stranger with no or a forged session, and sends a
    browser without a session to the login."""
    decision = decided(world)
    for address in READ.values():
        address = "/gatehouse" + address.replace("DECISION", decision)
        for user in ROLES:
            assert world.client(user).get(address).status_code == 200, (user, address)
        anonymous = world.client(None)
        assert anonymous.get(address).status_code == 401, address
        sent = anonymous.get(address, headers={"accept": "text/html"})
        assert (sent.status_code, sent.headers["location"].partition("?")[0]) == (307, "/auth/login"), address
        anonymous.cookies.set("_token", "forged.token.here")
        assert anonymous.get(address).status_code in (401, 403), address


def test_only_an_approver_acts(world: World) -> None:
    """Every act answers 401 to nobody, 403 to each role that gate.yaml does not name, also when Airflow would let it
    trigger DAGs; nothing is written. An approver gets as far as the reason."""
    decision = decided(world)
    before = len(world.story.ledger.audit_log.entries())
    for address, form in ACT.values():
        address = "/gatehouse" + address.replace("DECISION", decision)
        assert world.act(None, address, **form).status_code == 401, address
        for user in ROLES:
            status = world.act(user, address, reason="short", **form).status_code
            assert status == (400 if user in ACTORS else 403), (user, address, status)
    assert len(world.story.ledger.audit_log.entries()) == before


def test_a_viewer_whom_gate_yaml_names_may_still_only_look(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Airflow's permissions and gate.yaml's names are both needed."""
    monkeypatch.setitem(ROLES, "reviewer", "viewer")
    address = f"/gatehouse/decisions/{decided(world)}/override"
    assert world.act("reviewer", address).status_code == 403


def test_an_act_is_on_record_with_name_and_reason(world: World) -> None:
    """A discard from the page is the ledger's own record of it."""
    decided(world)
    sent = world.act("reviewer", f"/gatehouse/batches/{CASE}/2013-04.r1/discard", "this month will never be right")
    assert (sent.status_code, sent.headers["location"]) == (303, f"/gatehouse/batches/{CASE}/2013-04.r1?said=discard")
    batch = next(b for b in world.story.ledger.batches.list(CASE) if b.id.key == "2013-04")
    assert (batch.state, batch.reason) == (BatchState.DISCARDED, "this month will never be right")
    page = world.client("viewer").get(f"/gatehouse/batches/{CASE}/2013-04.r1").text
    assert "discarded</strong> by reviewer: this month will never be right" in page
    again = world.act("admin", f"/gatehouse/batches/{CASE}/2013-04.r1/discard", "once more for good measure")
    assert again.status_code == 409


def test_the_watch_of_a_released_batch_starts_at_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever releases a batch need not wait for maintenance; a batch that cannot be released starts nothing."""
    world.story.quarantine("2013-04")
    address = f"/gatehouse/batches/{CASE}/2013-04.r1/release"

    def refused(*_: object) -> None:
        raise NotAllowedError("it was discarded a moment ago")

    monkeypatch.setattr("gatehouse.pipeline.manual.quarantined.release", refused)
    assert world.act("reviewer", address, "the figures were right after all").status_code == 409
    assert world.runs.started == []
    monkeypatch.setattr("gatehouse.pipeline.manual.quarantined.release", lambda ctx, batch, actor, reason: None)
    assert world.act("reviewer", address, "the figures were right after all").status_code == 303
    assert world.runs.started == [(CASE, "2013-04.r1")]


def test_an_override_and_a_rollback_change_the_champion(world: World) -> None:
    """From a blocked gate to an override, and back again, by the same stages as everywhere else."""
    champion = world.story.tell()
    second, third = (world.story.accept(key) for key in ("2013-05", "2013-06"))
    blocked = world.story.decide(world.story.challenger(second, third), Verdict.BLOCK, generation=1)
    page = world.client("reviewer").get(f"/gatehouse/decisions/{blocked.id}").text
    assert "Override the gate as reviewer" in page
    sent = world.act("reviewer", f"/gatehouse/decisions/{blocked.id}/override", "the risk owner said so on the phone")
    assert sent.status_code == 303, sent.text
    models = world.story.ledger.models
    assert models.champion(CASE).model.version == blocked.version
    sent = world.act("admin", f"/gatehouse/use-cases/{CASE}/rollback", "it was not right after all", version=1)
    assert sent.status_code == 303, sent.text
    assert models.champion(CASE).model.version == champion.model.version
    assert [p.actor for p in models.promotions(CASE)][-2:] == ["reviewer", "admin"]


def test_an_override_waits_for_a_second_person_where_the_policy_wants_one(world: World, monkeypatch: Any) -> None:
    """One word changes nothing, the same person's second word neither; another approver's does."""
    world.story.tell()
    second, third = (world.story.accept(key) for key in ("2013-05", "2013-06"))
    blocked = world.story.decide(world.story.challenger(second, third), Verdict.BLOCK, generation=1)
    case = world.desk.case(CASE)
    gate = case.gate.model_copy(update={"override": OverridePolicy(require_second_approver=True)})
    monkeypatch.setattr(world.desk, "case", lambda name: replace(case, gate=gate))
    page, confirm = f"/gatehouse/decisions/{blocked.id}", f"/gatehouse/decisions/{blocked.id}/confirm"
    assert world.act("reviewer", f"{page}/override", "the risk owner said so on the phone").status_code == 303
    assert "waits for a second person" in world.client("viewer").get(page).text
    assert "you cannot confirm your own" in world.client("reviewer").get(page).text
    assert world.act("reviewer", confirm, "I am still of my opinion").status_code == 409
    assert world.story.ledger.models.champion(CASE).model.version == 1
    assert world.act("admin", confirm, "I was on that call as well").status_code == 303
    assert world.story.ledger.models.champion(CASE).model.version == blocked.version


def test_a_decision_made_again_is_answered_though_its_version_serves(world: World) -> None:
    """The fleet says that a review waits, the page asks whether the version may stay, and a rejection rolls it back."""
    world.story.tell()
    second, third = (world.story.accept(key) for key in ("2013-05", "2013-06"))
    model = world.story.challenger(second, third)
    review = world.story.decide(model, Verdict.REVIEW, generation=1)
    world.story.promote(world.story.decide(model, generation=1))
    page = world.client("reviewer").get(f"/gatehouse/decisions/{review.id}").text
    assert "Version 2 stays the champion" in page
    assert "Version 2 is rolled back to version 1" in page
    assert fleet(world.desk.database, [CASE], lambda names: names, "", 1, 9)[0][0].reviews == 1
    sent = world.act("reviewer", f"/gatehouse/decisions/{review.id}/reject", "late outcomes speak against it")
    assert sent.status_code == 303
    assert world.story.ledger.models.champion(CASE).model.version == 1
    assert world.story.ledger.models.promotions(CASE)[-1].actor == "reviewer"


def test_a_review_is_answered_in_the_ledger_when_no_run_waits(world: World) -> None:
    """Approve makes the challenger the champion, with the approver's name."""
    decision = decided(world, Verdict.REVIEW)
    page = world.client("reviewer").get(f"/gatehouse/decisions/{decision}").text
    assert "Approve as reviewer" in page
    assert "Reject as reviewer" in page
    assert world.act("reviewer", f"/gatehouse/decisions/{decision}/approve").status_code == 303
    assert world.story.ledger.decisions.answers(decision) == [(True, "reviewer", "a reason of some words")]
    assert world.story.ledger.models.champion(CASE).model.version == 1
    assert "Approve as" not in world.client("reviewer").get(f"/gatehouse/decisions/{decision}").text


def test_a_review_that_waits_in_airflow_is_answered_there(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer goes to Airflow's own review as the same user, and not past it into the ledger."""
    from gatehouse_ui import airflow_calls, airflow_runs

    decision = decided(world, Verdict.REVIEW)
    world.runs.reviews[decision] = airflow_runs.PendingReview(
        f"{CASE}__retrain", "run 1", "review", -1, ("Approve", "Reject"), ""
    )
    sent: list[tuple] = []

    async def answer(api, approve, reason, credentials):
        sent.append((api, approve, reason, credentials.count(".")))
        return 200

    monkeypatch.setattr(airflow_calls, "answer", answer)
    assert (
        world.act("reviewer", f"/gatehouse/decisions/{decision}/reject").headers["location"].endswith("said=answered")
    )
    api = f"/api/v2/dags/{CASE}__retrain/dagRuns/run%201/taskInstances/review/-1/hitlDetails"
    assert sent == [(api, False, "a reason of some words", 2)]
    assert world.story.ledger.decisions.answers(decision) == []


@pytest.mark.parametrize(
    "forged",
    [
        {"token": ""},
        {"token": "eyJ.made.up"},
        {"headers": {"origin": "https://elsewhere.example"}},
        {"headers": {"origin": "null"}},
        {"headers": {"sec-fetch-site": "cross-site"}},
        {"headers": {"sec-fetch-site": "same-site", "origin": "http://testserver"}},
    ],
)
def test_a_form_of_another_site_does_nothing(world: World, forged: dict) -> None:
    """Without our token, or with the browser's word that another site asks, an approver's session acts not."""
    decided(world)
    assert world.act("admin", f"/gatehouse/batches/{CASE}/2013-04.r1/discard", **forged).status_code == 403
    assert world.story.ledger.batches.list(CASE)[-1].state is BatchState.QUARANTINED


def test_a_token_is_its_owners_only(world: World) -> None:
    """Another approver's form does not act for me."""
    decided(world)
    address = f"/gatehouse/batches/{CASE}/2013-04.r1/discard"
    assert world.act("admin", address, token=world.token("reviewer")).status_code == 403


def test_a_wrong_address_is_told_without_a_trace(world: World) -> None:
    """What is no use case, batch, decision or page number is a page with 404 or 400, never a 500."""
    client = world.client("viewer")
    wrong = ["/use-cases/..%2f..%2fetc", "/use-cases/nobody", "/decisions/" + "f" * 64, "/decisions/%00", "/batches/x/y",
             f"/batches/{CASE}/2013-01.r99999999999", "/?p=0", "/?p=x", "/notifications?before=0", "/notifications?held=maybe", f"/use-cases/{CASE}/decisions?p=0", "/nowhere",
             f"/use-cases/{CASE}/batches?state=%00", "/static/../app.py", f"/batches/{CASE}/%27%3b--.r1", "/?q=%00"]  # fmt: skip
    for address in wrong:
        answer = client.get("/gatehouse" + address)
        assert answer.status_code in (400, 404), (address, answer.status_code)
        assert "Traceback" not in answer.text
        assert answer.status_code != 200, address


def test_every_answer_forbids_what_it_does_not_need(world: World) -> None:
    """No script, style or image of another host, no inline script or style, no framing by others, no caching."""
    decision = decided(world)
    for address in READ.values():
        answer = world.client("viewer").get("/gatehouse" + address.replace("DECISION", decision))
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        archived = address.endswith(("/report", KEPT))
        assert "unsafe-inline" not in policy or (archived and "sandbox" in policy)
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert (
            "http://" not in re.sub(r"http://(mlflow\.test|www\.w3\.org)", "", answer.text)
            or address == "/static/page.css"
        )
        if answer.headers["content-type"].startswith("text/html") and not archived:
            assert " style=" not in answer.text, address
            assert "<style" not in answer.text, address
            assert not re.search(r"<script(?! src=)", answer.text), address
            assert not re.search(r" on[a-z]+=", answer.text), address
