"""The bodies of the tasks behind the forms, over a real ledger: what a form gives becomes what the stages take."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from gatehouse.errors import InvalidInputError, NotAllowedError, RecordNotFoundError
from gatehouse_airflow.tasks import context, manual, training
from support.rides import ctx, folder, open_site, take  # noqa: F401 - three of them are fixtures

REASON = "the airport asked for it today"


@pytest.fixture
def installed(ctx, monkeypatch):
    """The use case as the tasks find it."""
    monkeypatch.setattr(context, "use_case_context", lambda _: ctx)
    return ctx


def form(**params):
    """A run that ann triggered with a form."""
    return {"params": params, "dag_run": SimpleNamespace(triggering_user_name="ann", partition_key=None)}


def test_a_ticked_backfill_wakes_the_retraining_of_one_request(installed):
    """The form's range is taken in order, the batches are told, and the one request is what the task wakes. A wrong range
    ends the task by name and leaves nothing open; so does one that is done already."""
    params = {"first": "2024-01", "last": "2024-02", "promote": True, "reason": REASON}
    told, asked = manual.backfill("rides", params, "ann")
    assert [line[:7] for line in told] == ["2024-01", "2024-02"]
    assert asked == [installed.ledger.requests.pending("rides").id]
    with pytest.raises(InvalidInputError, match="nothing waits to be taken"):
        manual.backfill("rides", params, "ann")
    assert installed.ledger.backfills.open("rides") is None


def test_a_backfill_that_fails_by_name_is_ended_with_the_reason(installed):
    """The source delivers no such table: the sentence is on record, the range is not held open, and the next try goes on."""
    installed.source.change["2024-02"] = lambda frame: (_ for _ in ()).throw(
        RecordNotFoundError("the drive is not mounted")
    )
    params = {"first": "2024-01", "last": "2024-02", "promote": False, "reason": REASON}
    with pytest.raises(RecordNotFoundError):
        manual.backfill("rides", params, "ann")
    (ended,) = installed.ledger.backfills.list("rides")
    assert (ended.ended, ended.sentence) == ("failed", "the drive is not mounted")
    installed.source.change = {}
    told, asked = manual.backfill("rides", params, "ann")
    assert ([line[:7] for line in told], asked) == (["2024-02"], [])


def test_the_retrain_form_gives_window_and_estimators(installed):
    """What the form chose is in the request; `own` and nothing chosen are the use case's; a choice without a reason, which
    a form cannot forbid, is refused by name."""
    take(installed, "2024-01")
    chosen = form(reason=REASON, window="rolling", batches=2, estimators=["logistic"])
    request = installed.ledger.requests.get(training._asked(installed, chosen))
    assert request.reasons[0].numbers == {
        "actor": "ann", "window": {"kind": "rolling", "batches": 2}, "estimators": ["logistic"],
    }  # fmt: skip
    plain = form(reason="a second word about it", window="own", batches=None, estimators=None)
    assert training._asked(installed, plain) == request.id
    assert installed.ledger.requests.get(request.id).reasons[1].numbers == {"actor": "ann"}
    with pytest.raises(InvalidInputError, match="no reason was given"):
        training._asked(installed, form(reason=None, window="expanding", batches=None, estimators=None))
    assert training._asked(installed, form(reason=None, window="own", batches=None, estimators=None)) == request.id


def test_the_form_of_a_batch_takes_its_key_or_one_revision(installed):
    """The newest revision of a key, or the very one; what is not there is named. Only a batch that becomes accepted wakes
    the watch."""
    take(installed, "2024-01")
    found, freed = manual.revalidate("rides", "2024-01", "ann", REASON)
    assert "keeps the contract as before" in found[0]
    assert freed == []
    assert "on record" in manual.revalidate("rides", "2024-01.r1", "ann", REASON)[0][0]
    with pytest.raises(RecordNotFoundError, match=r"has no batch '2024-07'"):
        manual.revalidate("rides", "2024-07", "ann", REASON)


def test_the_override_form_overrules_what_the_gate_kept_back(folder, open_site, monkeypatch):
    """The form's word is the stage's: whom the policy does not name is refused, an approver's sentence makes the
    challenger the champion, and there is nothing to confirm where one person is enough."""
    gate = folder / "gate.yaml"
    gate.write_text(gate.read_text().replace("no_champion: promote", "no_champion: review"))
    ctx = open_site()
    monkeypatch.setattr(context, "use_case_context", lambda _: ctx)
    for month in range(1, 5):
        take(ctx, f"2024-{month:02}")
    (decision,) = ctx.ledger.decisions.list("rides")
    start = decision.id[:8]
    with pytest.raises(NotAllowedError, match="stranger may not override"):
        manual.override("rides", "override", start, "stranger", REASON)
    with pytest.raises(RecordNotFoundError, match="names 0 decisions"):
        manual.override("rides", "override", "ffffffff", "admin", REASON)
    told = manual.override("rides", "override", start, "admin", REASON)
    assert told.startswith(f"version {decision.version} is the champion until")
    with pytest.raises(NotAllowedError, match="waits for a second person"):
        manual.override("rides", "confirm", start, "reviewer", REASON)
