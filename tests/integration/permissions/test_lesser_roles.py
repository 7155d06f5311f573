"""The trainer's role of the ledger: a whole training and its decision, and nothing that a person or the gate does after it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from conftest import LedgerDatabase
from gatehouse.adapters.ledger import open_ledger
from gatehouse.core.types import PromotionKind, Verdict
from gatehouse.dev_stack.postgres import PostgresServer
from gatehouse.errors import NotAllowedError
from gatehouse.ports import Ledger
from support.rides import ctx, folder, looped, open_site, take, train  # noqa: F401 - four of them are fixtures
from support.story import Story

REASON = "the airport asked for it today"


def as_trainer(server: PostgresServer, database: LedgerDatabase, role: str = "ledger_trainer") -> Ledger:
    """The same ledger, as the trainer or another role."""
    name = database.url.rpartition("/")[2]
    return open_ledger(server.url(name, role))


def test_a_training_and_its_decision_need_no_more(
    looped: Any, ledger_server: PostgresServer, ledger_database: LedgerDatabase
) -> None:
    """Claim, training set, fits, version and decision are written by the trainer; the promotion is refused to it."""
    application = looped.ledger
    newest = application.batches.list("rides")[-1].interval.end
    looped.ledger = as_trainer(ledger_server, ledger_database)
    request = looped.ledger.requests.ask("rides", newest, "ann", "to see whether a new one is better")
    with pytest.raises(NotAllowedError, match="permission denied for table champion_changes"):
        train(looped, request.id)
    decision = application.decisions.list("rides")[-1]
    assert decision.verdict is Verdict.PROMOTE
    assert application.models.champion("rides").model.version == 1


def test_a_forged_answer_of_a_training_is_refused(
    ledger: Ledger, ledger_server: PostgresServer, ledger_database: LedgerDatabase
) -> None:
    """By an approver's name: no answer, override, confirmation, rollback, release, discard, level or policy."""
    story = Story(ledger)
    story.tell()
    model = story.challenger(story.accept("2013-05"), story.accept("2013-06"))
    review, block = (story.decide(model, verdict, generation=1) for verdict in (Verdict.REVIEW, Verdict.BLOCK))
    asked = story.override(block, second_person=True)
    batch = next(b for b in ledger.batches.list("flights") if b.id.key == "2013-04").id
    trainer = as_trainer(ledger_server, ledger_database)
    act = ("flights", model.version, 1, PromotionKind.ROLLBACK, None, "Ada", REASON)
    forged: dict[str, Callable[[], object]] = {
        "answer": lambda: trainer.decisions.answer(review.id, True, "Ada", REASON),
        "override": lambda: Story(trainer).override(block, "Bob"),
        "confirmation": lambda: trainer.overrides.confirm(asked.id, "Bob", REASON),
        "rollback": lambda: trainer.models.promote(*act),
        "release": lambda: trainer.batches.release(batch, "Ada", REASON, story.parts(batch)),
        "discard": lambda: trainer.batches.discard(batch, "Ada", REASON),
        "level": lambda: trainer.audit_log.note("level.accepted", "flights", "Ada", {"reason": REASON}),
        "policy": lambda: trainer.audit_log.note("policy.changed", "flights", "maintenance", {"review": {}}),
    }
    before = len(ledger.audit_log.entries())
    for forge in forged.values():
        with pytest.raises(NotAllowedError, match=r"permission denied|takes no answers from people"):
            forge()
    assert len(ledger.audit_log.entries()) == before


def test_the_reader_writes_nothing(
    ledger: Ledger, ledger_server: PostgresServer, ledger_database: LedgerDatabase
) -> None:
    """It reads what a server of scores reads, and is refused a note, an attempt, a batch and an answer."""
    story = Story(ledger)
    champion = story.tell()
    reader = as_trainer(ledger_server, ledger_database, "ledger_reader")
    assert reader.models.champion("flights") == champion
    assert len(reader.batches.list("flights")) == 4
    decision = ledger.decisions.list("flights")[0].id
    batch = next(b for b in ledger.batches.list("flights") if b.id.key == "2013-04").id
    forged: list[Callable[[], object]] = [
        lambda: reader.audit_log.note("alias.drifted", "flights", "maintenance", {}),
        lambda: reader.attempts.enter("flights/x"),
        lambda: reader.batches.discard(batch, "Ada", REASON),
        lambda: reader.decisions.reported(decision, story.report()),
    ]
    for forge in forged:
        with pytest.raises(NotAllowedError, match="permission denied"):
            forge()
