"""The task that asks for a review puts the answer into the ledger itself, under the name on Airflow's record."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from gatehouse.core.types import Verdict
from gatehouse.errors import ServiceUnavailableError
from gatehouse.ports import Ledger
from gatehouse_airflow.approval import ReviewOperator
from gatehouse_airflow.tasks import context, decisions
from support.story import Story


def review(**more: Any) -> ReviewOperator:
    return ReviewOperator(
        folder="", task_id="review", subject="promote?", options=["Approve", "Reject"], defaults=["Reject"], **more
    )


def event(option: str, name: str) -> dict[str, Any]:
    """What Airflow's server hands to the task with an answer."""
    user = {"id": "7", "name": name}
    return {
        "chosen_options": [option],
        "params_input": {},
        "responded_at": datetime.now(UTC),
        "responded_by_user": user,
    }


def test_a_changed_xcom_answers_nothing(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rejection by the one approver stays one, though what the next task reads says that another one approved."""
    story = Story(ledger)
    model = story.challenger(story.accept("2013-01"), story.accept("2013-02"))
    decision = story.decide(model, Verdict.REVIEW)
    given: list[tuple[bool, str]] = []

    def record(ctx: Any, decision: str, approved: bool, actor: str, reason: str) -> None:
        given.append((approved, actor))
        ledger.decisions.answer(decision, approved, actor, reason)

    monkeypatch.setattr("gatehouse.pipeline.promote.record_review_response", record)
    monkeypatch.setattr(context, "use_case_context", lambda *_, **__: SimpleNamespace(ledger=ledger))
    instance = SimpleNamespace(xcom_pull=lambda **_: decision.id)
    review().execute_complete({"ti": instance}, event("Reject", "reviewer"))  # type: ignore[typeddict-item]
    forged = {"chosen_options": ["Approve"], "params_input": {"reason": "fine"}, "responded_by_user": {"name": "admin"}}
    assert "answered before by reviewer: rejected" in decisions.answer("", decision.id, forged)
    assert given == [(False, "reviewer")]
    assert ledger.decisions.answers(decision.id) == [(False, "reviewer", "no reason given")]


def test_an_answer_outlives_a_ledger_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer is not asked for a second time: the task hands it on, and the next one brings it."""

    def away(*_: Any) -> None:
        raise ServiceUnavailableError("the ledger does not answer")

    monkeypatch.setattr(decisions, "answer", away)
    instance = SimpleNamespace(xcom_pull=lambda **_: "d")
    handed = review().execute_complete({"ti": instance}, event("Approve", "admin"))  # type: ignore[typeddict-item]
    assert handed["responded_by_user"]["name"] == "admin"
