"""The whole: the embedded stack, real DAG runs, and what the ledger, MLflow and Airflow say afterwards.

One stack serves all tests of this folder, in the order in which they stand: the ones that break things come last.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime

import httpx
import pytest

from gatehouse.bootstrap import InstalledContext
from gatehouse.core.types import Champion, PromotionKind, Verdict
from gatehouse.dev_stack import stack
from gatehouse.dev_stack.airflow_api import AirflowApi
from gatehouse.dev_stack.demo import DemoRow, walk
from gatehouse.dev_stack.stack import Stack
from gatehouse.errors import GatehouseError
from gatehouse.pipeline.maintenance.find_pending import GRACE
from gatehouse.settings import ROOT
from gatehouse.use_case import find

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
BATCHES = 5
SEEN = 3  # seconds after which the scheduler has seen that the process that asked is gone; an answer before is asked for again


@pytest.fixture(scope="module")
def walked(running: Stack) -> list[DemoRow]:
    """The first five months of flights, by real DAG runs."""
    return walk(running, "flight_delays", BATCHES)


@pytest.fixture(scope="module")
def ctx(running: Stack) -> InstalledContext:
    return InstalledContext(find("flight_delays", running.settings), running.settings)


def command(running: Stack, *arguments: str, seconds: int = 120) -> subprocess.CompletedProcess[str]:
    """The `gatehouse` command as a person runs it beside the stack."""
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT / "include"),
        "GATEHOUSE_STATE_DIR": str(running.home.root),
    }
    line = [sys.executable, "-m", "gatehouse", *arguments]
    return subprocess.run(line, env=environment, capture_output=True, text=True, timeout=seconds, check=False)


def eventually(true: Callable[[], bool], seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        time.sleep(0.5)


def champion_of(ctx: InstalledContext) -> Champion:
    champion = ctx.ledger.models.champion("flight_delays")
    assert champion is not None
    return champion


def test_the_months_go_through_real_runs(walked, ctx):
    """Every batch is accepted and watched once, all rows accounted for, and the first model is the champion by decision."""
    batches = ctx.ledger.batches.list("flight_delays")
    assert [batch.id.key for batch in batches] == [f"2013-{month:02}" for month in range(1, BATCHES + 1)]
    for batch in batches:
        for part in batch.tables.values():
            assert part.source.rows == part.accepted.rows + part.quarantined.rows
    assert sum(batch.tables["flights"].source.rows for batch in batches) == 27004 + 24951 + 28834 + 28330 + 28796
    assert len(ctx.ledger.batches.watches("flight_delays")) == BATCHES
    first = ctx.ledger.models.promotions("flight_delays")[0]
    assert (first.generation, first.version) == (1, 1)
    assert ctx.ledger.decisions.get(first.decision).verdict is Verdict.PROMOTE


def test_the_fault_of_february_is_quarantined_with_its_reason(walked, ctx):
    """The wind of 1,048 mph waits in quarantine and names the expectation that it broke."""
    (february,) = [b for b in ctx.ledger.batches.list("flight_delays") if b.id.key == "2013-02"]
    bad = ctx.lake.frame(february.tables["weather"].quarantined)
    assert bad["wind_speed"].max() > 1000
    assert "wind_speed" in bad["gh_reasons"].iloc[0]


def test_predictions_carry_the_one_model_that_made_them(walked, ctx):
    """May was scored by the champion of generation 1, and each row of the file says so."""
    (prediction,) = ctx.ledger.batches.predictions("flight_delays")
    frame = ctx.lake.frame(prediction.file)
    assert prediction.batch.key == "2013-05"
    assert set(frame["sha256"]) == {ctx.ledger.models.get("flight_delays", 1).file.sha256}
    assert frame["score"].between(0, 1).all()


def test_mlflow_shows_runs_versions_and_aliases(walked, ctx, running):
    """Each candidate is a finished run that says why it won or lost; the alias follows the ledger."""
    from mlflow import MlflowClient

    client = MlflowClient(running.mlflow_url)
    experiment = client.get_experiment_by_name("gatehouse/flight_delays")
    runs = client.search_runs([experiment.experiment_id])
    assert {run.info.status for run in runs} == {"FINISHED"}
    assert {run.data.tags["gatehouse.flag"] for run in runs} == {"challenger", "lost"}
    version = client.get_model_version_by_alias("flight_delays", "champion")
    assert version.tags["gatehouse.sha256"] == champion_of(ctx).model.file.sha256
    assert version.tags["gatehouse.verdict"] == "PROMOTE"


def test_all_runs_are_green_and_strangers_are_refused(walked, running):
    """No DAG run failed; Airflow answers nobody without a login, and a viewer may look and not trigger."""
    api = running.airflow()
    for stage in ("ingest", "monitor", "retrain"):
        assert {run["state"] for run in api.runs(f"flight_delays__{stage}")} == {"success"}
    assert httpx.get(f"{running.airflow_url}/api/v2/dags", trust_env=False).status_code == 401
    viewer = running.airflow("viewer")
    assert viewer.dag_ids()
    with pytest.raises(GatehouseError, match="403"):
        viewer.trigger("flight_delays__rollback", "by_viewer", {})


def test_verify_holds_after_the_walk(walked, running):
    """`gatehouse audit verify --json` prints one document in which every invariant holds."""
    done = command(running, "audit", "verify", "--json")
    assert done.returncode == 0, done.stderr
    assert all(finding["ok"] for finding in json.loads(done.stdout))


def test_replay_gives_every_decision_again(walked, running):
    """The archived evidence under the archived policy gives each decision byte for byte."""
    done = command(running, "decision", "replay", "flight_delays", "--json")
    assert done.returncode == 0, done.stderr
    assert {row["replay"] for row in json.loads(done.stdout)} == {"same"}


def test_a_second_walk_and_twenty_triggers_change_nothing(walked, ctx, running):
    """What is settled stays as it is, however often somebody asks for it."""
    before = len(ctx.ledger.audit_log.entries())
    assert [str(line) for line in walk(running, "flight_delays", BATCHES)] == [str(line) for line in walked]
    api = running.airflow()
    names = [f"again_{number}" for number in range(20)]
    for name in names:
        api.trigger("flight_delays__monitor", name, {"batch": "2013-05.r1"})
    assert {api.wait("flight_delays__monitor", name, 180) for name in names} == {"success"}
    assert len(ctx.ledger.audit_log.entries()) == before


def test_a_dry_run_of_a_rollback_changes_nothing(walked, ctx, running):
    """The form says what would change, and the champion stays."""
    before = champion_of(ctx)
    api = running.airflow()
    api.trigger("flight_delays__rollback", "dry", {"reason": "to see what it would do", "dry_run": True})
    api.wait("flight_delays__rollback", "dry", 120)
    assert champion_of(ctx) == before


def test_an_alias_moved_by_hand_is_found_named_and_repaired(walked, ctx, running):
    """Maintenance goes red, logs an unexplained promotion, and MLflow says again what the ledger says."""
    from mlflow import MlflowClient

    client = MlflowClient(running.mlflow_url)
    right = client.get_model_version_by_alias("flight_delays", "champion").version
    client.delete_registered_model_alias("flight_delays", "champion")
    api = running.airflow()
    api.trigger("gatehouse__maintenance", "after_the_alias", {})
    assert api.wait("gatehouse__maintenance", "after_the_alias", 180) == "failed"
    assert client.get_model_version_by_alias("flight_delays", "champion").version == right
    assert [entry for entry in ctx.ledger.audit_log.entries() if entry.kind == "alias.drifted"]
    api.trigger("gatehouse__maintenance", "all_well_again", {})
    assert api.wait("gatehouse__maintenance", "all_well_again", 180) == "success"


def waiting_review(api: AirflowApi, stage: str) -> str:
    """The run of the use case's stage in which a review waits for a person; empty while there is none."""
    for run in api.runs(f"rides__{stage}"):
        for task in api.tasks(f"rides__{stage}", run["dag_run_id"]):
            if task["task_id"] == "review" and task["state"] in ("awaiting_input", "deferred"):
                return str(run["dag_run_id"])
    return ""


def test_a_review_whose_task_was_marked_is_asked_for_again_and_approved(walked, running):
    """Marking the review as done promotes nothing; maintenance finds it, says so and asks again; the answer to that one, given
    in Airflow by name and with a reason, makes the champion."""
    walk(running, "rides", 3)
    rides = InstalledContext(find("rides", running.settings), running.settings)
    (decision,) = rides.ledger.decisions.list("rides")
    assert decision.verdict is Verdict.REVIEW
    api = running.airflow()
    eventually(lambda: waiting_review(api, "retrain") != "", 60, "the review waits under Required Actions")
    run = waiting_review(api, "retrain")
    api.call("PATCH", f"dags/rides__retrain/dagRuns/{run}/taskInstances/review", {"new_state": "success"})
    eventually(lambda: datetime.now(UTC) - rides.ledger.decisions.made_at(decision.id) > GRACE, 90, "a minute is over")
    api.wait("rides__retrain", run, 240)  # its task for the answer tries again first: a run that is at it is not lost
    api.trigger("gatehouse__maintenance", "after_the_mark", {})
    assert api.wait("gatehouse__maintenance", "after_the_mark", 180) == "failed"
    assert [entry.subject for entry in rides.ledger.audit_log.entries() if entry.kind == "review.not_requested"] == [
        decision.id
    ]
    assert rides.ledger.models.champion("rides") is None
    eventually(lambda: waiting_review(api, "judge") != "", 120, "the review is asked for again")
    again = waiting_review(api, "judge")
    time.sleep(SEEN)
    api.answer("rides__judge", again, "review", "Approve", {"reason": "the figures are what we expect"})
    assert api.wait("rides__judge", again, 120) == "success"
    champion = rides.ledger.models.promotions("rides")[-1]
    assert (champion.version, champion.kind, champion.actor) == (1, PromotionKind.APPROVAL, "admin")


def test_the_backtest_gives_the_verdicts_of_the_dag_runs(walked, ctx, running):
    """Without Airflow the same months come to the same requests, verdicts, champions and scores' metrics."""
    done = command(running, "backtest", "flight_delays", "--json", "--until", f"2013-{BATCHES:02}", seconds=300)
    assert done.returncode == 0, done.stderr
    lines = json.loads(done.stdout)["lines"]
    for batch, line in zip(ctx.ledger.batches.list("flight_delays"), lines, strict=True):
        asked = [r for r in ctx.ledger.requests.list("flight_delays") if r.opened_by == str(batch.id)]
        decided = [ctx.ledger.decisions.of_request(request.id) for request in asked]
        reasons = [[reason.kind for reason in request.reasons] for request in asked]
        assert [[reason["kind"] for reason in each["reasons"]] for each in line["requests"]] == reasons
        found = [(each["version"], each["verdict"]) for each in line["decisions"]]
        assert found == [(each.version, str(each.verdict)) for each in decided if each]
    scored = {each.batch.key: each.version for each in ctx.ledger.batches.predictions("flight_delays")}
    assert {line["key"]: line["champion"] for line in lines if line["champion"] and not line["late"]} == scored


def test_a_person_asks_for_a_retraining_by_the_form(walked, ctx, running):
    """A reason in the form opens a request in that person's name; it ends with a decision or with why there is none."""
    api = running.airflow()
    api.trigger("flight_delays__retrain", "by_hand", {"reason": "a new runway opens tomorrow"})
    api.wait("flight_delays__retrain", "by_hand", 240)
    request = ctx.ledger.requests.list("flight_delays")[-1]
    assert request.reasons[0].kind == "person"
    assert request.closing


@pytest.mark.parametrize("component", ["scheduler", "postgres", "api-server"])
def test_a_killed_component_comes_back(walked, running, component):
    """SIGKILL ends a component; the supervisor has it back and the stack healthy within a minute and a half."""
    before = {part["name"]: part for part in stack.status(running.home)["components"]}[component]
    os.kill(before["pid"], signal.SIGKILL)

    def back() -> bool:
        now = stack.status(running.home)
        part = {each["name"]: each for each in now["components"]}[component]
        return bool(now["up"]) and part["pid"] != before["pid"] and part["restarts"] == before["restarts"] + 1

    eventually(back, 90, f"{component} back and everything healthy")


def test_the_loop_goes_on_after_all_that(walked, ctx, running):
    """The next month goes through, and every invariant still holds."""
    lines = walk(running, "flight_delays", BATCHES + 1)
    assert len(lines) == BATCHES + 1
    assert command(running, "audit", "verify").returncode == 0
