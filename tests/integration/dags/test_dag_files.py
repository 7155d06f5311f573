"""The DAG files: thin, documented, quick to parse, and one for every use case that is a folder."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import pytest

from gatehouse.settings import ROOT

DAGS = ROOT / "include" / "gatehouse_airflow" / "dags"
PARSER = Path(__file__).parent / "parse_dags.py"
TEMPLATE = ROOT / "include" / "gatehouse" / "cli" / "template"
STAGES = ("backfill", "ingest", "judge", "override", "retrain", "revalidate", "rollback", "monitor")


def parse(home: Path, usecases: Path | None = None, **more: str) -> dict:
    """What a clean process finds in the DAG files."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "PYTHONPATH": str(ROOT / "include"),
        "AIRFLOW_HOME": str(home / "airflow"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        **({"GATEHOUSE_USECASES": str(usecases)} if usecases else {}),
        **more,
    }
    command = [sys.executable, str(PARSER), str(ROOT / "dags")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.strip().splitlines()[-1])


@cache
def parsed() -> dict:
    with tempfile.TemporaryDirectory() as home:
        return parse(Path(home))


def own_use_case(folder: Path, name: str) -> Path:
    """A use case that is only a folder."""
    made = folder / name
    shutil.copytree(TEMPLATE, made, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("contract.yaml", "gate.yaml"):
        (made / file).write_text((made / file).read_text().replace("use_case: template", f"use_case: {name}"))
    return made


def test_parsing_imports_nothing_heavy_and_opens_no_connection():
    """Parsing (with deprecation and import warnings as errors) never pays for the libraries that tasks use."""
    assert parsed()["heavy"] == []


def test_every_use_case_has_its_dags():
    """Its DAGs for each use case and one maintenance DAG for all, each found in the file of its stage."""
    expected = {f"{name}__{stage}" for name in ("flight_delays", "air_time") for stage in STAGES}
    assert set(parsed()["dags"]) == expected | {"gatehouse__maintenance"}
    assert all(dag["file"] == f"{dag_id.split('__')[1]}.py" for dag_id, dag in parsed()["dags"].items())


def test_training_has_a_queue_and_a_pool_where_one_is_configured(tmp_path):
    """Fitting and judging go to the workers that are named for it, everything else to the others; without a name of
    theirs nothing is set apart, and one machine runs all."""
    apart = parse(tmp_path, GATEHOUSE_TRAIN_QUEUE="train", AIRFLOW__OPERATORS__DEFAULT_QUEUE="light")
    queues = {
        (dag.split("__")[1], task): tuple(where)
        for dag, each in apart["dags"].items()
        for task, where in each["queues"].items()
    }
    training = {("retrain", task) for task in ("claim", "fit", "choose", "judge")} | {("judge", "judge")}
    assert {task for task, where in queues.items() if where == ("train", "train")} == training
    assert {where for task, where in queues.items() if task not in training} == {("light", "default_pool")}
    assert {tuple(where) for dag in parsed()["dags"].values() for where in dag["queues"].values()} == {
        ("default", "default_pool")
    }


def test_a_use_case_is_only_a_folder(tmp_path):
    """A folder written by `gatehouse use-case new` gets its DAGs without any other file being changed."""
    own_use_case(tmp_path / "usecases", "rides")
    assert set(parse(tmp_path, tmp_path / "usecases")["dags"]) == {f"rides__{s}" for s in STAGES} | {
        "gatehouse__maintenance"
    }


def test_a_broken_use_case_takes_no_other_with_it(tmp_path, monkeypatch):
    """One wrong file hides the DAGs of its own use case only; a red DAG in their place and maintenance say what is wrong."""
    own_use_case(tmp_path / "usecases", "rides")
    broken = own_use_case(tmp_path / "usecases", "broken")
    (broken / "gate.yaml").write_text("metric: [")
    found = set(parse(tmp_path, tmp_path / "usecases")["dags"])
    assert {name for name in found if name.startswith("rides__")} == {f"rides__{stage}" for stage in STAGES}
    assert {name for name in found if name.startswith("broken__")} == {"broken__configuration"}
    from gatehouse_airflow.use_cases import BrokenUseCase, installed

    monkeypatch.setenv("GATEHOUSE_USECASES", str(tmp_path / "usecases"))
    (named,) = [case for case in installed() if isinstance(case, BrokenUseCase)]
    assert named.name == "broken"
    assert "gate.yaml" in named.error


WRONG = {
    "no cron": ("contract.yaml", "", "schedule: every day", "every day"),
    "six fields": ("contract.yaml", "", 'schedule: "0 0 6 3 * *"', "0 0 6 3 * *"),
    "a day that never comes": ("contract.yaml", "", 'schedule: "0 0 31 2 *"', "0 0 31 2 *"),
    "ten thousand years": ("gate.yaml", "timeout: 3 days", "timeout: 999999999 days", "ten years"),
    "eleven years": ("gate.yaml", "timeout: 3 days", "timeout: 132 months", "ten years"),
}


@pytest.mark.parametrize("name", WRONG)
def test_an_absurd_schedule_or_span_is_its_own_use_cases_error(tmp_path, monkeypatch, name):
    """The file is refused with key and value before Airflow sees it; every other use case keeps its DAGs."""
    file, old, new, says = WRONG[name]
    own_use_case(tmp_path / "usecases", "rides")
    path = own_use_case(tmp_path / "usecases", "broken") / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new) if old else f"{text}\n{new}\n")
    monkeypatch.setenv("GATEHOUSE_USECASES", str(tmp_path / "usecases"))
    from gatehouse_airflow.use_cases import BrokenUseCase, installed

    rides, broken = sorted(installed(), key=lambda case: case.name == "broken")
    assert not isinstance(rides, BrokenUseCase)
    assert isinstance(broken, BrokenUseCase)
    assert file in broken.error
    assert says in broken.error


def test_an_error_while_a_dag_is_built_turns_that_dag_red_alone(monkeypatch):
    """Whatever Airflow refuses of one use case becomes the sentence of its own task; the next one is built."""
    from gatehouse_airflow.dag_defaults import DagKind
    from gatehouse_airflow.dags import build as build_dags

    built, red = [], []

    def build(case):
        if case.name == "bad":
            raise ValueError("no such timetable")
        built.append(case.name)

    cases = [SimpleNamespace(name="bad"), SimpleNamespace(name="good")]
    monkeypatch.setattr(build_dags, "error_dag", lambda *told: red.append(told))
    build_dags.build_each(DagKind.INGEST, build, cases)
    assert built == ["good"]
    assert red == [("bad__ingest", "bad", DagKind.INGEST, "ValueError: no such timetable")]


KINDS = sorted(path for path in DAGS.glob("*.py") if path.stem not in ("__init__", "build"))


@pytest.mark.parametrize("path", KINDS, ids=lambda path: path.name)
def test_a_dag_file_is_wiring_only(path):
    """At most 60 lines, documentation included."""
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 60


def test_every_dag_says_what_it_makes_and_what_to_do_when_red():
    """The documentation in the UI has a row for each question that an on-call engineer asks, and its first line describes
    the DAG in the list."""
    for dag_id, dag in parsed()["dags"].items():
        assert dag["doc"].replace("**", "").startswith(dag["description"])
        assert len(dag["description"]) > 20, dag_id
        for row in ("makes", "woken by", "owner", "red means", "do"):
            assert f"\n| {row} |" in dag["doc"], (dag_id, row)


def test_every_dag_has_typed_tags_a_fixed_start_and_a_reason_for_its_limit():
    """Tags name product, use case, stage and impact; nothing depends on when a file is parsed."""
    for dag_id, dag in parsed()["dags"].items():
        assert [tag.split(":")[0] for tag in dag["tags"]] == ["gatehouse", "impact", "stage", "use-case"], dag_id
        assert dag["start"].startswith("2013-01-01"), dag_id
        assert dag["catchup"] is False, dag_id
    for path in set(KINDS) - {DAGS / "configuration.py"}:
        assert re.search(r"max_active_runs=\d+,  # \w+", path.read_text(encoding="utf-8")), path.name


def test_maintenance_tells_people_at_its_end():
    """The last task of maintenance is the one whose runs tests/integration/airflow_glue tries."""
    assert list(parsed()["dags"]["gatehouse__maintenance"]["tasks"])[-1] == "tell"


def test_every_form_field_has_a_title_and_a_description():
    """A person who triggers by hand is told what each field means."""
    for dag_id, dag in parsed()["dags"].items():
        for name, schema in dag["params"].items():
            assert schema.get("title"), (dag_id, name)
            assert schema.get("description"), (dag_id, name)


def test_no_form_asks_who_somebody_is():
    """The name on record is the one that the server knows of who started the run: no DAG has a field that could be another
    name, and each act of a person in a DAG file takes its actor from the run."""
    asked = {name for dag in parsed()["dags"].values() for name in dag["params"]}
    assert asked == {
        "act", "batch", "batches", "decision", "dry_run", "estimators", "first", "last", "promote", "reason", "version", "window",
    }  # fmt: skip
    acts = [(DAGS / f"{stage}.py").read_text() for stage in ("backfill", "override", "revalidate", "rollback")]
    assert all("context.triggered_by(dag_run)" in act for act in acts)


def test_every_task_retries_by_the_policy():
    """Every task outlives a database that is away, and none repeats a named data error."""
    for dag_id, dag in parsed()["dags"].items():
        for task_id, task in dag["tasks"].items():
            assert task["retries"] >= 2, (dag_id, task_id)
            assert task["policy"], (dag_id, task_id)


def test_every_task_ends_at_last():
    """No task of any DAG holds its slot for ever, and none has a limit that a slow machine could reach: a day, or half an
    hour for one use case's part of maintenance, which the next run goes on with."""
    for dag_id, dag in parsed()["dags"].items():
        for task_id, seconds in dag["seconds"].items():
            assert seconds, (dag_id, task_id)
            assert seconds >= (1800 if task_id == "sweep" else 86_400), (dag_id, task_id)


def test_maintenance_is_one_task_for_each_use_case():
    """What hangs or dies in the part of one use case is a task of its own; the check runs whatever became of the parts."""
    sweep, check = (parsed()["dags"]["gatehouse__maintenance"]["tasks"][name] for name in ("sweep", "check"))
    assert sweep["mapped"]
    assert check["trigger"] == "all_done"


def test_a_killed_task_begins_again_within_seconds_and_outlives_two_minutes_without_a_service():
    """By Airflow's own reckoning, for several runs because it spreads the waits by a hash of the run."""
    from airflow.models.taskinstance import TaskInstance

    from gatehouse_airflow.dag_defaults import DEFAULT_ARGS

    names = ("retry_delay", "retry_exponential_backoff", "max_retry_delay")
    task = SimpleNamespace(**{name: DEFAULT_ARGS[name] for name in names})
    ended = datetime(2013, 1, 1, tzinfo=UTC)
    for run in range(50):
        waits = []
        for number in range(1, DEFAULT_ARGS["retries"] + 1):
            died = SimpleNamespace(
                task=task, try_number=number, retry_delay_override=None, end_date=ended, dag_id="d", task_id="t",
                logical_date=ended + timedelta(days=run), run_id=str(run), map_index=-1,
            )  # fmt: skip
            waits.append((TaskInstance.next_retry_datetime(died) - ended).total_seconds())
        assert waits[0] <= 6
        assert sum(waits) >= 120


def test_named_data_errors_fail_at_once_and_an_unreachable_service_is_tried_again():
    """The retry policy tells the two apart by class, subclasses included."""
    from airflow.sdk.definitions.retry_policy import RetryAction
    from airflow.sdk.exceptions import AirflowTaskTimeout

    from gatehouse.errors import SchemaMismatchError, ServiceUnavailableError, StaleAttemptError
    from gatehouse_airflow.dag_defaults import RETRIES

    def action(error: BaseException) -> RetryAction:
        return RETRIES.evaluate(error, 1, 8).action

    assert action(SchemaMismatchError("a column is missing")) is RetryAction.FAIL
    assert action(StaleAttemptError("a newer one runs")) is RetryAction.RETRY
    assert action(ServiceUnavailableError("no answer")) is RetryAction.RETRY
    assert action(AirflowTaskTimeout("it took all its time")) is RetryAction.FAIL


def test_what_the_executor_warms_can_be_imported():
    """A module that a new release renames is found here, not when the scheduler starts."""
    from importlib.util import find_spec

    from gatehouse_airflow.executor import WARM

    assert [name for name in WARM if find_spec(name) is None] == []


def test_a_batch_is_named_with_its_revision():
    """Tasks name batches like 2013-03.r1; anything else is refused with the form that is allowed."""
    from gatehouse.core.types import BatchId
    from gatehouse.errors import RecordNotFoundError
    from gatehouse_airflow.tasks.context import parse as parse_ref
    from gatehouse_airflow.tasks.context import ref_of

    batch = BatchId("flight_delays", "2013-03", 2)
    assert parse_ref("flight_delays", ref_of(batch)) == batch
    with pytest.raises(RecordNotFoundError, match=r"named like 2013-03\.r1"):
        parse_ref("flight_delays", "2013-03")
