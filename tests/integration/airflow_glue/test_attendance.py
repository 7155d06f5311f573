"""Which work a run is at is a fact of Airflow's: no age decides that a run is lost."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowSkipException

from gatehouse.core.types import RequestState
from gatehouse.errors import StaleAttemptError
from gatehouse.pipeline import gather
from gatehouse_airflow import attendance
from gatehouse_airflow.tasks import batches, context, training
from support.airflow_of_runs import AirflowOfRuns, Run, site_with
from support.rides import ctx, folder, open_site, take  # noqa: F401 - three of them are fixtures

MONITOR, RETRAIN, JUDGE = (f"rides__{stage}" for stage in ("monitor", "retrain", "judge"))


@pytest.mark.parametrize("state", [None, "scheduled", "queued", "running", "deferred", "up_for_retry"])
def test_a_batch_whose_run_has_not_ended_is_attended(state: str | None, monkeypatch: Any) -> None:
    """Queued, waiting for its turn in the triggerer, running, or about to be tried again: its run has it."""
    parked = Run(MONITOR, "a", {"score": state, "watch": None}, partition_key="2024-02.r1")
    AirflowOfRuns(parked).answer(monkeypatch)
    assert attendance.batches(site_with()) == {"2024-02.r1"}


def test_a_batch_whose_run_has_ended_is_not_attended(monkeypatch: Any) -> None:
    """A failed or finished run has nothing any more; a run that a person started names its batch in the form."""
    failed = Run(MONITOR, "a", {"score": "failed", "watch": "upstream_failed"}, "2024-01.r1", state="failed")
    by_hand = Run(MONITOR, "b", {"score": "deferred", "watch": None}, conf={"batch": "2024-02.r1"})
    AirflowOfRuns(failed, by_hand).answer(monkeypatch)
    assert attendance.batches(site_with()) == {"2024-02.r1"}
    AirflowOfRuns(failed).answer(monkeypatch)
    assert attendance.batches(site_with()) == set()


def test_a_request_is_attended_while_its_run_trains(monkeypatch: Any) -> None:
    """Until the gate has decided; what waits for a reviewer trains no more. A run without a key takes what is pending."""
    reviewed = Run(RETRAIN, "a", dict.fromkeys(attendance.TRAINING, "success") | {"review": "awaiting_input"}, "old")
    training = Run(RETRAIN, "b", {"claim": "success", "fit_0": "running", "choose": None, "judge": None})
    AirflowOfRuns(reviewed).answer(monkeypatch)
    assert attendance.requests(site_with("new")) == set()
    tasks = {"claim": "success", "fit": "running", "choose": None, "judge": None}
    AirflowOfRuns(reviewed, Run(RETRAIN, "b", tasks, training.partition_key)).answer(monkeypatch)
    assert attendance.requests(site_with("new")) == {"new"}
    assert attendance.requests(site_with()) == set()


@pytest.mark.parametrize(
    ("promote", "review", "answer", "attended"),
    [
        (None, "skipped", "skipped", True),  # a PROMOTE whose task has not begun
        ("success", "skipped", "skipped", False),  # somebody marked it
        ("skipped", "awaiting_input", None, True),
        ("skipped", "success", "queued", True),  # answered in time; the answer is not in the ledger yet
        ("skipped", "skipped", "skipped", False),
    ],
)
def test_a_decision_is_attended_until_its_run_is_done(
    promote: str | None, review: str, answer: str | None, attended: bool, monkeypatch: Any
) -> None:
    """Its own run carries it out, or asks and brings the answer, however slow the machine is."""
    tasks = {"judge": "success", "promote": promote, "review": review, "answer": answer}
    AirflowOfRuns(Run(JUDGE, "a", tasks, decision="d1")).answer(monkeypatch)
    assert attendance.decisions(site_with(decisions=("d1", "d2"))) == ({"d1"} if attended else set())


def test_while_a_gate_decides_no_decision_is_called_lost(monkeypatch: Any) -> None:
    """The decision may be in the ledger before its task has told Airflow which one it is."""
    AirflowOfRuns(Run(RETRAIN, "a", {"judge": "running", "promote": None})).answer(monkeypatch)
    assert attendance.decisions(site_with(decisions=("d1", "d2"))) == {"d1", "d2"}


@pytest.mark.parametrize("busy", [None, "rides__ingest", "rides__revalidate"])
def test_runs_that_validate_are_asked_of_airflow(busy: str | None, monkeypatch: Any) -> None:
    """Only a run that is queued or running, of a DAG of this use case that validates, is waited for."""
    runs = [Run("other__ingest", "a", {}), Run("rides__ingest", "b", {}, state="success")]
    AirflowOfRuns(*runs, *([Run(busy, "c", {})] if busy else [])).answer(monkeypatch)
    assert attendance.validating(site_with()) is (busy is not None)


def test_the_run_that_comes_second_finds_nothing_to_do(ctx: Any, monkeypatch: Any) -> None:
    """A batch that another run has watched is skipped, and so is a request that an older run trains for."""
    monkeypatch.setattr(context, "use_case_context", lambda *_, **__: ctx)
    take(ctx, "2024-01")
    run = Run(MONITOR, "b", {}, partition_key="2024-01.r1")
    with pytest.raises(AirflowSkipException, match=r"another run has watched 2024-01\.r1"):
        batches.batch_of("rides", {"dag_run": run, "params": {}})
    as_of = ctx.ledger.batches.list("rides")[0].interval.end
    request = ctx.ledger.requests.ask("rides", as_of, "ann", "to see who comes second").id
    assert gather.claim(ctx, request).state is RequestState.CLAIMED
    older = Run(RETRAIN, "a", {"claim": "success", "fit": "running"}, request, minute=0)
    younger = Run(RETRAIN, "b", {"claim": "running", "fit": None}, request, minute=10)
    AirflowOfRuns(older, younger).answer(monkeypatch, younger)
    with pytest.raises(AirflowSkipException, match=f"run a is training for request {request[:8]}"):
        training.claim("rides", {"dag_run": younger, "params": {}})
    AirflowOfRuns(older, younger).answer(monkeypatch, older)
    assert attendance.older_training(ctx, request) == "", "the older one goes on"


def test_an_attempt_that_a_newer_one_has_replaced_is_skipped_and_not_red(monkeypatch: Any, ctx: Any) -> None:
    """Two runs are at the same batch: the ledger takes the newest, the other ends as skipped, and nothing is lost."""
    monkeypatch.setattr(context, "use_case_context", lambda *_, **__: ctx)
    (batch,) = [context.parse("rides", ref) for ref in batches.land("rides", "2024-01")]
    batches.collect_outcomes("rides", ["2024-01.r1"])
    honest = ctx.checker.check

    def overtaken(*args: Any, **more: Any) -> Any:
        ctx.ledger.attempts.enter(f"{batch}/validate")
        return honest(*args, **more)

    monkeypatch.setattr(ctx.checker, "check", overtaken)
    with pytest.raises(AirflowSkipException, match="the newer attempt finishes this work") as skipped:
        batches.validate("rides", "2024-01.r1")
    assert isinstance(skipped.value.__cause__, StaleAttemptError)
    monkeypatch.setattr(ctx.checker, "check", honest)
    assert batches.validate("rides", "2024-01.r1"), "the newer one does"
