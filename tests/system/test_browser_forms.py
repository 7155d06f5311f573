"""The forms of the DAGs in a real browser: each refuses what is wrong where it is typed, and starts what is right. And the
forms of our own pages, whose reasons a browser and the server refuse."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from gatehouse.context import UseCaseContext
from gatehouse.core.types import Decision
from gatehouse.dev_stack.stack import Stack
from gatehouse.pipeline import promote
from gatehouse.pipeline.manual import override
from system.test_browser import CASE, blocked, browser, ctx, pictures, reviewer  # noqa: F401 - five of them are fixtures
from system.visitor import Visitor

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
WHY = "the desk asks what this month would say"
SECONDS = 240.0  # of a run: a busy machine is slow, not broken


@dataclass(frozen=True)
class Form:
    """What is typed into the fields of a stage's form. `wrong` is one field and a value that is no such thing; `ends` is
    what becomes of the run that the right values start."""

    stage: str
    wrong: tuple[str, str]
    right: dict[str, str] = field(default_factory=dict)
    ends: str = "success"


DECISION = "the id of the blocked decision"
FORMS = [
    Form("backfill", ("first", "2013-13"), {"first": "2013-06", "last": "2013-06", "reason": WHY}),
    Form("revalidate", ("batch", "2013-02.r0"), {"batch": "2013-02", "reason": WHY}),
    Form("override", ("decision", "the last one"), {"decision": DECISION, "reason": WHY}),
    Form("rollback", ("reason", "because"), {"reason": WHY}),  # a dry run, as the form says unless somebody unticks it
    Form("judge", ("decision", "the last one"), {"decision": DECISION}, ends="failed"),  # nothing more has matured
    Form("retrain", ("reason", "because"), {"reason": WHY}),
]


@pytest.fixture(scope="module", autouse=True)
def two_champions(ctx: UseCaseContext, blocked: Decision) -> None:
    """Two versions that have served, as test_browser.py leaves them, with the one serving that the decision compared with."""
    if len({each.version for each in ctx.ledger.models.promotions(CASE)}) < 2:
        asked, _ = override.override(ctx, blocked.id, "reviewer", "so that there are two champions")
        override.confirm(ctx, asked.id, "admin", "so that there are two champions")
    champion = ctx.ledger.models.champion(CASE)
    if champion is not None and champion.model.version == blocked.version:
        promote.rollback(ctx, None, "reviewer", "so that the decision's champion serves again")


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.stage)
def test_a_form_refuses_what_is_wrong_and_starts_what_is_right(
    form: Form, ctx: UseCaseContext, blocked: Decision, reviewer: Visitor, running: Stack
) -> None:
    """A wrong value is refused in the form by the field's name and starts no run. Right ones start one that carries what was
    typed and who typed it, and ends as it must."""
    api, dag = running.airflow(), f"{CASE}__{form.stage}"
    before = {run["dag_run_id"] for run in api.runs(dag)}
    values = {name: blocked.id[:12] if value is DECISION else value for name, value in form.right.items()}
    name, value = form.wrong
    dialog = filled(reviewer, running, dag, values | {name: value})
    dialog.get_by_role("button", name="Trigger", exact=True).click()
    reviewer.page.get_by_text(f"Invalid input for param {name}").first.wait_for()
    reviewer.shoot(f"form-{form.stage}-refused")
    assert {run["dag_run_id"] for run in api.runs(dag)} == before

    dialog = filled(reviewer, running, dag, values)
    dialog.get_by_role("button", name="Trigger", exact=True).click()
    dialog.wait_for(state="hidden")
    (run,) = [run for run in api.runs(dag) if run["dag_run_id"] not in before]
    assert {each: run["conf"].get(each) for each in values} == values
    assert run["triggering_user_name"] == "reviewer"
    assert api.wait(dag, run["dag_run_id"], SECONDS) == form.ends


def filled(visitor: Visitor, running: Stack, dag: str, values: dict[str, str]) -> Any:
    """The dialog of the DAG's form, opened by its button, with these values typed in."""
    page = visitor.page
    page.goto(f"{running.airflow_url}/dags/{dag}")
    page.get_by_role("button", name="Trigger Dag").first.click()
    dialog = page.get_by_role("dialog")
    for name, value in values.items():
        dialog.locator(f"#element_{name}").fill(value)
    return dialog


def test_what_the_forms_started_is_on_record(ctx: UseCaseContext, blocked: Decision) -> None:
    """In that person's name and words: a batch taken and no training for it, an override that waits for a second person, a
    request to retrain, and a champion that a dry run left alone."""
    (backfill,) = ctx.ledger.backfills.list(CASE)
    assert (backfill.actor, backfill.reason, backfill.ended) == ("reviewer", WHY, "done")
    asked = ctx.ledger.overrides.list(CASE)[-1]
    assert (asked.actor, asked.decision, asked.reason, asked.confirmed_by) == ("reviewer", blocked.id, WHY, "")
    request = ctx.ledger.requests.list(CASE)[-1]
    assert (request.reasons[0].kind, request.reasons[0].numbers["actor"]) == ("person", "reviewer")
    assert ctx.ledger.models.promotions(CASE)[-1].reason != WHY


@pytest.mark.parametrize("reason", ["because", " " * 30])
def test_a_page_takes_no_empty_reason(
    ctx: UseCaseContext, blocked: Decision, reviewer: Visitor, running: Stack, reason: str
) -> None:
    """What is too short the browser does not send; what is long and says nothing the server refuses in a sentence."""
    page = reviewer.page
    before = len(ctx.ledger.models.promotions(CASE)), len(ctx.ledger.overrides.list(CASE))
    address = f"{running.airflow_url}/gatehouse/use-cases/{CASE}"
    page.goto(address)
    form = page.locator("form.act").filter(has=page.get_by_role("button", name="Roll back"))
    form.get_by_label("Reason").fill(reason)
    form.get_by_role("button", name="Roll back").click()
    if reason.strip():
        assert page.url.removesuffix("#") == address
        assert not form.evaluate("form => form.checkValidity()")
    else:
        page.get_by_text("goes on record with your name; found 0").wait_for()
    assert (len(ctx.ledger.models.promotions(CASE)), len(ctx.ledger.overrides.list(CASE))) == before
