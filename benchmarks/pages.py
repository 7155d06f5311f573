"""The pages inside Airflow over a large ledger: server time a page, from the request to the last byte, with Airflow's
own authentication, Jinja2 and matplotlib. Only scheduler and network are missing.

The records are written past the ledger's triggers (as the superuser, `session_replication_role = replica`): hundreds of
thousands of hash-chained audit log entries would take hours to no purpose here. Their sizes are those of the flights.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pandas as pd
import psycopg2

from benchmarks.table import Table
from gatehouse.adapters.lake import open_lake
from gatehouse.adapters.ledger import migrate
from gatehouse.core.audit.canonical_json import canonical
from gatehouse.core.drift.reference import SCORE, Reference
from gatehouse.core.gate.evidence import Evidence, HoldoutData, ModelFacts
from gatehouse.core.gate.evidence_io import evidence_document, holdout_columns
from gatehouse.core.profiling import profile_of
from gatehouse.core.profiling.batch_profile import BatchProfile
from gatehouse.core.types import Decision, FileRef, ModelVersion, Verdict
from gatehouse.dev_stack.temp_postgres import temporary_postgres
from gatehouse.pipeline.judge.evidence import archived_evidence
from gatehouse.ports import Lake
from gatehouse.reports.decision import decision_report
from gatehouse.settings import ROOT, Settings

USE_CASES, BATCHES, COLUMNS, TRAININGS, ROWS = 200, 500, 27, 40, 30_000
LIMIT_MS, ASKED = 300, 5
SQL = Path(__file__).with_name("pages.sql")


def measure() -> Table:
    with tempfile.TemporaryDirectory() as folder, temporary_postgres(Path(folder) / "postgres") as server:
        migrate.upgrade(server.url("ledger", "ledger_owner"), "ledger")
        lake = open_lake(str(Path(folder) / "lake"))
        fill(server.url("ledger", "postgres"), lake)
        settings = Settings(
            Path(folder), str(Path(folder) / "lake"), server.url("ledger", "ledger"), "", (Path(folder),)
        )
        with browser(Path(folder), settings) as get:
            rows = [_row(name, [get(address(n)) for n in range(ASKED)]) for name, address in _addresses(server)]
    method = (
        f"{USE_CASES} use cases x {BATCHES} batches, {COLUMNS} monitored columns, {TRAININGS} trainings each. A page has "
        f"{ASKED} requests, each for another record, after one that warmed the process. The limit is {LIMIT_MS} ms."
    )
    return Table("Pages", method, ("page", "median ms", "worst ms", "KiB"), rows)


def _row(name: str, asked: list[tuple[float, int]]) -> tuple[str, ...]:
    taken = [seconds * 1000 for seconds, _ in asked]
    return name, f"{median(taken):.0f}", f"{max(taken):.0f}", f"{max(size for _, size in asked) / 1024:.0f}"


def _addresses(server: Any) -> list[tuple[str, Callable[[int], str]]]:
    with closing(psycopg2.connect(server.url("ledger", "postgres"))) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT id FROM gatehouse.decisions ORDER BY use_case, version DESC LIMIT %s", (2 * ASKED,))
        decisions = [row[0] for row in cursor.fetchall()]
    return [
        ("use cases, each of its pages", lambda n: f"/?p={n % 4 + 1}"),
        ("use cases, searched", lambda n: f"/?q=case_0{n}"),
        ("use case", lambda n: f"/use-cases/case_{n:03}"),
        ("batches of a use case", lambda n: f"/use-cases/case_{n:03}/batches"),
        (
            "drift of a use case, another batch each time",
            lambda n: f"/use-cases/case_{n:03}/drift?batch=2021-04-{n + 1:02}.r1",
        ),
        ("one column over all batches", lambda n: f"/use-cases/case_{n:03}/column?name=column_{n:02}&n=1000"),
        ("one column", lambda n: f"/use-cases/case_{n:03}/column?name=column_{n:02}"),
        ("audit of a use case", lambda n: f"/use-cases/case_{n:03}/audit"),
        ("audit of one person and day", lambda n: f"/audit?by=bench&since=2021-01-0{n + 1}"),
        ("batches, sorted by alarms", lambda n: f"/use-cases/case_{n:03}/batches?sort=alarms"),
        ("decisions of a use case", lambda n: f"/use-cases/case_{n:03}/decisions"),
        ("decision, first time", lambda n: f"/decisions/{decisions[n]}"),
        ("decision without its report, first time", lambda n: f"/decisions/{decisions[ASKED + n]}"),
        ("decision, again", lambda n: f"/decisions/{decisions[n]}"),
        ("batch with 1,000 quarantined rows", lambda n: f"/batches/case_{n:03}/2021-04-09.r1"),
    ]


@contextmanager
def browser(folder: Path, settings: Settings) -> Iterator[Callable[[str], tuple[float, int]]]:
    """Asks the pages as a viewer would; gives seconds and bytes."""
    environment = {
        "AIRFLOW_HOME": str(folder / "airflow"),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{folder}/airflow.db",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "viewer:viewer",
        "AIRFLOW__API_AUTH__JWT_SECRET": "a secret of this benchmark that is sixty-four bytes long, or longer",
        "AIRFLOW__API__SECRET_KEY": "a secret of this benchmark",
    }
    os.environ.update(environment)
    sys.path.insert(0, str(ROOT / "plugins"))
    from airflow import settings as airflow_settings
    from airflow.api_fastapi.app import create_auth_manager
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
    from airflow.models import import_all_models
    from airflow.models.base import Base
    from fastapi.testclient import TestClient

    from gatehouse_ui.app import application
    from gatehouse_ui.data_access import DataAccess

    import_all_models()
    Base.metadata.create_all(airflow_settings.engine)
    token = create_auth_manager().generate_jwt(SimpleAuthManagerUser(username="viewer", role="viewer"))
    with TestClient(application(DataAccess(settings)), cookies={"_token": token}) as client:

        def get(address: str) -> tuple[float, int]:
            started = time.perf_counter()
            answer = client.get(address)
            taken = time.perf_counter() - started
            if answer.status_code != 200:
                raise RuntimeError(f"{address}: {answer.status_code} {answer.text[-300:]}")
            return taken, len(answer.content)

        for address in ("/", "/use-cases/case_199", "/use-cases/case_199/batches", "/batches/case_199/2021-04-09.r1"):
            get(address)
        yield get


def fill(superuser: str, lake: Lake) -> None:
    """Write the records: constants of the flights' sizes, numbers that differ by use case and batch."""
    evidence = _evidence(lake)
    files = {"evidence": evidence, "quarantined": _quarantined(lake), "report": _report(lake)}
    files["decided"] = _decided(lake, evidence)
    files["reference"], files["profile"] = _profiles(lake)
    values = {
        "use_cases": USE_CASES,
        "batches": BATCHES,
        "trainings": TRAININGS,
        "body": canonical(_body()),
        "results": canonical(_results()),
        "policy": canonical({"metric": "log_loss"}),
        **{name: file.path for name, file in files.items()},
    }
    with closing(psycopg2.connect(superuser)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(
            "SET LOCAL session_replication_role = replica; SET LOCAL search_path = gatehouse; SET LOCAL timezone = 'UTC'"
        )
        for file in files.values():
            cursor.execute("INSERT INTO files VALUES (%s, %s, %s, %s)", (file.path, file.sha256, file.size, file.rows))
        cursor.execute(SQL.read_text(), values)
    with closing(psycopg2.connect(superuser)) as connection:
        connection.autocommit = True
        connection.cursor().execute("ANALYZE")


def _body() -> dict[str, Any]:
    drift = [
        {
            "bound": 0.0, "column": f"column_{n:02}", "distance": "Jensen-Shannon distance", "effect": "mean 1.23 → 2.34",
            "limit": 0.1, "null_change": 0.0, "origin": "policy", "reference_rows": 217_727, "rows": 28_135, "state": "alarm",
            "sentence": f"column_{n:02}: mean 1.23 → 2.34; Jensen-Shannon distance 0.156 > 0.100 (policy), 28,135 rows",
            "unseen_share": 0.0, "value": 0.05 + n / 200,
        }
        for n in range(COLUMNS)
    ]  # fmt: skip
    alarms = [
        {"kind": "drift", "subject": each["column"], "sentence": each["sentence"], "numbers": {}} for each in drift[:10]
    ]
    value = {"blocks": 30, "high": 0.44, "low": 0.40, "rows": 27_000, "standard_error": 0.01, "value": 0.42}
    judged = [{"kind": "decay", "state": "alarm", "subject": "log_loss", "value": 0.42, "low": 0.4, "high": 0.44}]
    matured = {"batch": "KEY", "metric": "log_loss", "value": value, "judged": judged, "maturity": 0.97, "rows": 27_000}
    return {
        "alarms": alarms,
        "champion": 3,
        "drift": drift,
        "held_back": [],
        "matured": matured,
        "overdue_outcomes": [],
    }


def _results() -> list[dict[str, Any]]:
    result = {"outcome": "PASS", "sentence": "better by 0.02 on 30,000 rows", "value": 0.02, "limit": 0.0, "low": 0.01}
    more = {"high": 0.03, "rows": ROWS, "missing_rows": None, "on_fail": "block"}
    return [{"rule": f"not_worse_than_champion({n})", **result, **more} for n in range(15)]


def _evidence(lake: Lake) -> FileRef:
    random = np.random.default_rng(7)
    labels = (random.random(ROWS) < 0.2).astype("float64")
    scores = [np.clip(0.1 + 0.2 * labels + random.normal(0, 0.1, ROWS), 0.01, 0.99) for _ in range(2)]
    carriers = np.array([f"carrier {n}" for n in range(16)])[random.integers(0, 16, ROWS)]
    time_ = np.datetime64("2021-01-01T00:00:00.000000", "us") + random.integers(0, 30 * 86400, ROWS) * np.timedelta64(
        1_000_000, "us"
    )
    keys = np.array([f"row {n}" for n in range(ROWS)])
    holdout = HoldoutData(keys, labels, time_, scores[0], scores[1], {"carrier": carriers})
    moment = datetime(2021, 1, 1, tzinfo=UTC)
    facts = ModelFacts(0.99, 200_000, moment, moment, 1_500_000, 0.2, 90_000.0, "", 12)
    evidence = Evidence("case", "classification", 2, "a" * 64, 1, "b" * 64, 1, "c" * 64, holdout, facts)
    file = lake.put_frame(pd.DataFrame(holdout_columns(holdout)), "evidence")
    named = {"path": file.path, "sha256": file.sha256, "size": file.size, "rows": file.rows}
    document = {"evidence": evidence_document(evidence, file.sha256), "holdout_file": named}
    return lake.put(canonical(document).encode(), "evidence", "json")


def _decided(lake: Lake, file: FileRef) -> FileRef:
    """The archived report of a decision on the evidence."""
    moment = datetime(2021, 1, 1, tzinfo=UTC)
    model = ModelVersion("case", 2, "boosting", file, file, "c" * 64, "request", "run", moment)
    decision = Decision("d", "case", 2, Verdict.PROMOTE, "PROMOTE: better", (), "e" * 64, "f" * 64, 1, 1)
    evidence = archived_evidence(lake, file)[0]
    page = decision_report("Case", decision, model, evidence, canonical({"metric": "log_loss"}))
    return lake.put(page.encode(), "reports", "html")


def _profiles(lake: Lake) -> tuple[FileRef, FileRef]:
    """A champion's reference, and the stored profile of a batch on a grid of its own."""
    random = np.random.default_rng(8)
    frames = [pd.DataFrame(random.normal(size=(rows, COLUMNS)), columns=[f"column_{n:02}" for n in range(COLUMNS)])
              for rows in (200_000, 28_000)]  # fmt: skip
    known, batch = (profile_of(frame) for frame in frames)
    reference = Reference(known, profile_of({SCORE: random.random(ROWS)}), {}, {}, ROWS).to_document()
    put = [(reference, "references"), (BatchProfile({}, batch).to_document(), "profiles")]
    one, other = (lake.put(json.dumps(document).encode(), kind, "json") for document, kind in put)
    return one, other


def _quarantined(lake: Lake) -> FileRef:
    frame = pd.DataFrame({f"column_{n:02}": [f"value {row}" for row in range(1000)] for n in range(20)})
    return lake.put_frame(frame.assign(gh_reasons="the longest route is 4,983 miles"), "quarantined")


def _report(lake: Lake) -> FileRef:
    from html import escape

    result = {"table": "rows", "expect": "expect_column_values_to_be_between", "args": {"column": "x"}, "severity": "critical",
              "because": "so", "success": False, "checked": 30_000, "unexpected": 3, "detail": "7",
              "row_level": True}  # fmt: skip
    values = {"counts": {"rows": [29_000, 1000]}, "results": [result] * 40, "failed": {"critical": 40, "warning": 0, "info": 0},
              "bad": [], "undeclared": {}}  # fmt: skip
    return lake.put(
        f'<meta name="gatehouse-results" content="{escape(json.dumps(values))}">'.encode(), "reports", "html"
    )


if __name__ == "__main__":
    print(measure().markdown())
