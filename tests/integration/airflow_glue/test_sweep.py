"""The maintenance of several use cases in one task: what is broken about one of them stays its own."""

from __future__ import annotations

import copy
from dataclasses import replace
from types import SimpleNamespace

import pytest

from gatehouse.adapters.code_process.process import Limits
from gatehouse.adapters.code_process.remote_code import RemoteCode
from gatehouse.errors import ConfigurationError, ServiceUnavailableError, TrackingError
from gatehouse.pipeline import gather, land, outcomes, score
from gatehouse.pipeline.maintenance import find_pending as stage
from gatehouse.pipeline.maintenance import reconcile
from gatehouse.pipeline.monitor import monitor_batch
from gatehouse.pipeline.validate import validate
from gatehouse.telemetry.queries import ENDED, MAINTENANCE
from gatehouse.use_case import load
from gatehouse_airflow import attendance
from gatehouse_airflow.tasks import context, maintenance
from support.fakes import FakeLake
from support.rides import FOUR_MONTHS, ctx, folder, looped, open_site, take  # noqa: F401 - four of them are fixtures

QUIET = {name: [] for name in (*maintenance.RESULTS, "failed")}


@pytest.fixture
def sites(monkeypatch, ledger_database):
    """The use cases by folder; an exception stands for one that cannot be opened."""
    opened: dict[str, object] = {}

    def site_of(folder):
        if isinstance(opened[folder], Exception):
            raise opened[folder]
        return opened[folder]

    monkeypatch.setenv("GATEHOUSE_LEDGER_URL", ledger_database.url)
    monkeypatch.setattr(context, "use_case_context", site_of)
    monkeypatch.setattr(attendance, "validating", lambda _: False)
    for name in ("decisions", "batches", "requests"):
        monkeypatch.setattr(attendance, name, lambda _: set())
    return opened


def failing(error):
    def work(*_args, **_kwargs):
        raise error

    return work


BROKEN = {
    "its folder is broken": lambda ctx: ConfigurationError("unknown key `rulez`", where="gate.yaml:3"),
    "MLflow refuses it": lambda ctx: with_tracking(ctx, TrackingError("MLflow refused: PERMISSION_DENIED")),
    "MLflow is away": lambda ctx: with_tracking(ctx, ServiceUnavailableError("MLflow does not answer")),
    "its lake is empty": lambda ctx: changed(ctx, lake=FakeLake()),
    "its code has a bug": lambda ctx: changed(ctx, case=SimpleNamespace()),
}


def changed(ctx, **parts):
    other = copy.copy(ctx)
    for name, part in parts.items():
        setattr(other, name, part)
    return other


def with_tracking(ctx, error):
    tracking = copy.copy(ctx.tracking)
    for name in ("held", "champion_alias", "model_bytes", "mirror"):
        setattr(tracking, name, failing(error))
    return changed(ctx, tracking=tracking)


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_use_case_keeps_the_maintenance_of_no_other(looped, sites, broken):
    """Before and after it all batches of the others are told; its own errors are a sentence each, with its name."""
    second = changed(looped, tracking=copy.deepcopy(looped.tracking))
    sites |= {"first": looped, "broken": BROKEN[broken](looped), "second": second}
    found = {name: maintenance.sweep(name, name) for name in sites}
    told = [f"2024-0{month}.r1" for month in range(1, 5)]
    for name in ("first", "second"):
        assert found[name] == QUIET | {"name": name, "told": told}
    for sentence in found["broken"]["failed"]:
        assert sentence.startswith(("broken: ", "rides: "))
    failed_or_found = [*found["broken"]["failed"], *found["broken"]["unexplained"]]
    assert failed_or_found


PARTS = {
    "restore_replaced_models": (reconcile, "look for replaced files"),
    "reconcile": (reconcile, "compare the alias in MLflow"),
    "unapplied_promotions": (stage, "carry out decisions"),
    "timed_out_reviews": (stage, "end reviews"),
    "forgotten_landed": (stage, "list landed batches"),
    "unprocessed_batches": (stage, "look for forgotten batches"),
    "unprocessed_requests": (stage, "look for forgotten requests"),
}


@pytest.mark.parametrize("part", PARTS)
def test_a_part_that_fails_stops_no_other_part(looped, sites, monkeypatch, part):
    """Whatever one part raises is one sentence; the batch that nobody watches is still woken and MLflow is still told."""
    module, words = PARTS[part]
    monkeypatch.setattr(module, part, failing(KeyError("a bug")))
    sites["rides"] = looped
    found = maintenance.sweep("rides", "rides")
    assert found["failed"] == [f"rides: maintenance could not {words}: KeyError: 'a bug'"]
    assert len(found["told"]) == 4


def test_a_ledger_that_is_away_is_worth_a_retry_of_the_task(sites, monkeypatch):
    """Nothing can be swept without the ledger: the task fails with the error that Airflow tries again for."""
    monkeypatch.setenv("GATEHOUSE_LEDGER_URL", "postgresql://nobody@127.0.0.1:1/nothing")
    sites["rides"] = RuntimeError("not opened")
    with pytest.raises(ServiceUnavailableError):
        maintenance.sweep("rides", "rides")


def test_a_use_case_whose_sweep_has_not_ended_holds_up_no_other(looped, sites, ledger):
    """While an earlier run is still at a use case, the next one says so and leaves it alone; the others are swept. When
    that sweep's process has ended, however it ended, the use case is swept again."""
    sites |= {"slow": looped, "other": looped}
    with ledger.attempts.alone("slow/maintenance") as alone:
        assert alone
        found = maintenance.sweep("slow", "slow")
        assert found["failed"] == ["slow: its maintenance in an earlier run has not come to its end"]
        assert found["told"] == []
        assert len(maintenance.sweep("other", "other")["told"]) == 4
    assert maintenance.sweep("slow", "slow")["failed"] == []


@pytest.fixture
def checked(monkeypatch):
    """What the check asks beside the sweeps finds nothing wrong."""
    monkeypatch.setattr("gatehouse.bootstrap.verify_installation", list)
    monkeypatch.setattr(
        "gatehouse_airflow.notification_tasks.get_current_context", lambda: {"ti": SimpleNamespace(xcom_push=print)}
    )
    monkeypatch.setattr(maintenance, "emit_measures", lambda: None)
    monkeypatch.setattr("gatehouse_airflow.notification_tasks.wrong_notify", list)


def test_the_check_fails_with_every_sentence_and_records_it_as_a_issue(sites, ledger, checked):
    """The check is red after all is done, with all sentences; the issue of each use case lasts until a sweep finds it no
    more. A sweep without a result is a sentence too."""
    failed = {"failed": ["one: a sentence", "one: another"]}
    with pytest.raises(Exception, match=r"one: a sentence \| one: another \| two: its sweep did not come to its end"):
        maintenance.check_installation([QUIET | failed | {"name": "one"}], ("one", "two"), {})
    subjects_now = [issue.found.subject for issue in ledger.notifications.open_issues()]
    assert sorted(subjects_now) == ["maintenance of one", "maintenance of two"]
    assert ledger.attempts.idle(ENDED) is not None
    assert ledger.attempts.idle(MAINTENANCE) is None
    maintenance.check_installation([QUIET | {"name": name} for name in ("one", "two")], ("one", "two"), {})
    assert ledger.notifications.open_issues() == []
    assert ledger.attempts.idle(MAINTENANCE) is not None


def test_code_that_hangs_at_its_import_is_not_asked_for_in_a_sweep(ctx, folder, sites):
    """A sweep looks for lost wake-ups, dead trainings and MLflow's gaps without the use case's code: `model.py` that
    sleeps for ever, or costs seconds, costs a sweep nothing."""
    for key in FOUR_MONTHS[:3]:
        batch = land.land(ctx, key)
        outcomes.collect(ctx, key)
        validate(ctx, batch.id)
        score.score(ctx, batch.id)
        request = monitor_batch.monitor_batch(ctx, batch.id)
    gather.claim(ctx, request.id)
    (folder / "model.py").write_text("import time\n\ntime.sleep(100_000)\n")
    code = RemoteCode(folder, Limits(10_000, 10_000))
    sites["rides"] = changed(ctx, case=replace(load(folder), process=code))
    assert maintenance.sweep("rides", "rides")["failed"] == []
    assert code.process.pid is None
