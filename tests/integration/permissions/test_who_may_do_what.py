"""The table of acts: each act, by each role, in each way, is allowed or refused as `gatehouse.core.permissions` says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

from gatehouse.bootstrap import InstalledContext
from gatehouse.cli import actions, identity, manual
from gatehouse.core.config.override_probation import OverridePolicy
from gatehouse.core.permissions import ACTS, Act, Who
from gatehouse.core.types import PromotionKind, Verdict
from gatehouse_airflow.tasks import context, decisions, training
from gatehouse_airflow.tasks import manual as forms
from support.pages_world import CASE, ROLES, World, airflow_home, world  # noqa: F401 - fixtures

APPROVERS = ("reviewer", "admin")
REASON = "the airport asked for it today"
PAGES = [Act.APPROVE, Act.REJECT, Act.OVERRIDE, Act.CONFIRM, Act.ROLL_BACK, Act.RELEASE, Act.DISCARD, Act.JUDGE_AGAIN]
RUNS = [
    Act.APPROVE, Act.REJECT, Act.OVERRIDE, Act.CONFIRM, Act.ROLL_BACK, Act.REVALIDATE, Act.BACKFILL, Act.RETRAIN,
]  # fmt: skip
LEDGER = [act for act, permission in ACTS.items() if permission.who is Who.APPROVER]
MAY_TRIGGER = {user for user, role in ROLES.items() if role != "viewer"}


@pytest.fixture
def told(world: World, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A champion with one before it, a review, a block and an override that wait, and a batch in quarantine; the use case
    with those as every way finds it."""
    story = world.story
    story.tell()
    one, two = (story.accept(key) for key in ("2013-05", "2013-06"))
    second = story.challenger(one, two)
    story.promote(story.decide(second, generation=1))
    story.close(story.ledger.requests.get(second.request))
    model = story.challenger(one, two, story.accept("2013-07").id)
    review, block = (story.decide(model, verdict, generation=2) for verdict in (Verdict.REVIEW, Verdict.BLOCK))
    asked = story.override(block, second_person=True)
    case = world.desk.case(CASE)
    gate = case.gate.model_copy(update={"override": OverridePolicy(require_second_approver=True)})
    ctx = InstalledContext(replace(case, gate=gate), world.desk.settings)
    monkeypatch.setattr(world.desk, "case", lambda name: ctx.case)
    for module in (actions, manual):
        monkeypatch.setattr(module, "open_context", lambda _: ctx)
        monkeypatch.setattr(module, "resolve_decision", lambda name: (ctx, name))
    monkeypatch.setattr(context, "use_case_context", lambda *_, **__: ctx)
    return SimpleNamespace(world=world, ctx=ctx, ledger=story.ledger, review=review, block=block, override=asked.id)


def refused(do: Callable[[], object]) -> bool:
    """Whether somebody is refused for who they are; whatever else stops an act is not asked here."""
    try:
        do()
    except Exception as error:
        return " may not " in str(error) or "Airflow recorded nobody" in str(error)
    return False


def by_page(told: SimpleNamespace, act: Act, user: str) -> bool:
    """Sends the page's form with a reason that is too short: 400 is as far as those get who may act."""
    decision = {Act.APPROVE: told.review, Act.REJECT: told.review}.get(act, told.block).id
    address, more = f"/gatehouse/decisions/{decision}/{act}", {}
    if act is Act.ROLL_BACK:
        address, more = f"/gatehouse/use-cases/{CASE}/rollback", {"version": 1}
    elif act in (Act.RELEASE, Act.DISCARD):
        address = f"/gatehouse/batches/{CASE}/2013-04.r1/{act}"
    status = told.world.act(user, address, reason="short", **more).status_code
    assert status in (400, 403), status
    return bool(status == 403)


def by_run(told: SimpleNamespace, act: Act, user: str) -> bool:
    """Runs the body of the task behind the form; who it is, Airflow's server has recorded with the run or the answer."""
    who = context.triggered_by(SimpleNamespace(triggering_user_name=user))
    response = {"responded_by_user": {"id": "7", "name": user}, "params_input": {"reason": REASON}}
    do: dict[Act, Callable[[], object]] = {
        Act.APPROVE: lambda: decisions.answer("", told.review.id, {**response, "chosen_options": ["Approve"]}),
        Act.REJECT: lambda: decisions.answer("", told.review.id, {**response, "chosen_options": ["Reject"]}),
        Act.OVERRIDE: lambda: forms.override("", "override", told.block.id, who, REASON),
        Act.CONFIRM: lambda: forms.override("", "confirm", told.block.id, who, REASON),
        Act.ROLL_BACK: lambda: forms.rollback("", 1, who, REASON, False),
        Act.REVALIDATE: lambda: forms.revalidate("", "2013-04", who, REASON),
        Act.BACKFILL: lambda: forms.backfill("", {"first": "1", "last": "1", "promote": False, "reason": REASON}, who),
        Act.RETRAIN: lambda: training._asked(
            told.ctx, {"params": {"reason": REASON}, "dag_run": SimpleNamespace(triggering_user_name=user)}
        ),
    }
    return refused(do[act])


COMMANDS: dict[Act, tuple[Any, list[str]]] = {
    Act.APPROVE: (actions.approve, ["REVIEW"]),
    Act.REJECT: (actions.reject, ["REVIEW"]),
    Act.OVERRIDE: (actions.override, ["BLOCK"]),
    Act.CONFIRM: (actions.confirm, [CASE, "OVERRIDE"]),
    Act.ROLL_BACK: (actions.rollback, [CASE, "--version", "1"]),
    Act.ACCEPT_LEVEL: (manual.accept, [CASE]),
    Act.RELEASE: (actions.release_batch, [CASE, "2013-04"]),
    Act.DISCARD: (actions.discard_batch, [CASE, "2013-04"]),
    Act.REVALIDATE: (manual.revalidate, [CASE, "2013-04"]),
    Act.BACKFILL: (manual.backfill, [CASE, "--from", "1", "--to", "1"]),
    Act.RETRAIN: (actions.retrain, [CASE]),
    Act.JUDGE_AGAIN: (manual.judge, ["BLOCK"]),
}


def by_command(told: SimpleNamespace, act: Act, user: str) -> bool:
    """Runs the command with a token that is this user's."""
    command, arguments = COMMANDS[act]
    names = {"REVIEW": told.review.id, "BLOCK": told.block.id, "OVERRIDE": told.override}
    given = [names.get(each, each) for each in arguments]
    given += [] if act is Act.JUDGE_AGAIN else ["--reason", REASON]
    env = {"GATEHOUSE_CLI_IDENTITY": "", "GATEHOUSE_TOKEN": user, "GATEHOUSE_AIRFLOW_URL": "http://airflow.test"}
    done = CliRunner().invoke(command, given, env=env)
    assert done.exit_code != 2, done.output
    return " may not " in str(done.exception)


def by_ledger(told: SimpleNamespace, act: Act, user: str) -> bool:
    """Writes the record itself, past every check in Python, as forged code would."""
    ledger, batch = told.ledger, next(b for b in told.ledger.batches.list(CASE) if b.id.key == "2013-04").id
    act_of = (CASE, 1, 2, PromotionKind.ROLLBACK, None, user, REASON)
    do: dict[Act, Callable[[], object]] = {
        Act.APPROVE: lambda: ledger.decisions.answer(told.review.id, True, user, REASON),
        Act.REJECT: lambda: ledger.decisions.answer(told.review.id, False, user, REASON),
        Act.OVERRIDE: lambda: told.world.story.override(told.block, user, second_person=True),
        Act.CONFIRM: lambda: ledger.overrides.confirm(told.override, user, REASON),
        Act.ROLL_BACK: lambda: ledger.models.promote(*act_of),
        Act.ACCEPT_LEVEL: lambda: ledger.audit_log.note("level.accepted", CASE, user, {"reason": REASON}),
        Act.RELEASE: lambda: ledger.batches.release(batch, user, REASON, told.world.story.parts(batch)),
        Act.DISCARD: lambda: ledger.batches.discard(batch, user, REASON),
    }
    return refused(do[act])


WAYS: dict[str, tuple[Callable[[SimpleNamespace, Act, str], bool], list[Act]]] = {
    "page": (by_page, PAGES),
    "run": (by_run, RUNS),
    "command": (by_command, list(ACTS)),
    "ledger": (by_ledger, LEDGER),
}


def may(act: Act, user: str, way: str) -> bool:
    """What the table says. A page asks Airflow besides whether the user may start the use case's DAGs."""
    if way == "page" and user not in MAY_TRIGGER:
        return False
    return user in APPROVERS if ACTS[act].who is Who.APPROVER else True


@pytest.mark.parametrize(("way", "act"), [(way, act) for way, (_, acts) in WAYS.items() for act in acts])
def test_each_cell_of_the_table(way: str, act: Act, told: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every role is refused or not as the table says, and what is refused leaves no entry in the audit log."""
    monkeypatch.setattr(identity, "owner_of", lambda token, server: token)
    before = len(told.ledger.audit_log.entries())
    cells = {user: WAYS[way][0](told, act, user) for user in ROLES if not may(act, user, way)}
    assert set(cells.values()) <= {True}, f"{act} by {way} was allowed to one of {cells}"
    assert len(told.ledger.audit_log.entries()) == before
    cells = {user: WAYS[way][0](told, act, user) for user in ROLES if may(act, user, way)}
    assert set(cells.values()) <= {False}, f"{act} by {way} was refused to one of {cells}"


def test_every_act_has_a_way() -> None:
    """An act without a command, or one that the ledger does not check again, fails here."""
    assert set(COMMANDS) == set(ACTS) == set(Act)
    assert set().union(*(acts for _, acts in WAYS.values())) == set(Act)


@pytest.mark.parametrize("name", ["", " ", "nobody", "gate", "maintenance", "airflow"])
def test_the_ledgers_own_names_act_for_nobody(name: str, told: SimpleNamespace) -> None:
    """Nobody approves, retrains or releases by the name of the gate, of maintenance or of nobody."""
    from gatehouse.core.permissions import require_may
    from gatehouse.errors import NotAllowedError

    gate = told.ctx.case.gate
    named = gate.model_copy(update={"review": gate.review.model_copy(update={"approvers": (name,)})})
    for act in Act:
        with pytest.raises(NotAllowedError, match="no person's name"):
            require_may(act, name, named)


def test_a_run_that_nobody_triggered_acts_for_nobody() -> None:
    """A run without a triggering user on Airflow's record is refused by name."""
    assert refused(lambda: context.triggered_by(SimpleNamespace(triggering_user_name=None)))
