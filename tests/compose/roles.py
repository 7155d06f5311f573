"""Who may do what, asked over HTTP: Airflow's REST API, Gatehouse's pages, MLflow; and what PostgreSQL lets the ledger do."""

from __future__ import annotations

import json
import re

from compose.engine import CASE, PEOPLE, Run, ask, expect

INGESTED = f"dags/{CASE}__ingest/dagRuns/walk__2013-01"
DRY = {"logical_date": None, "conf": {"reason": "asked by the test of roles", "dry_run": True}}
MAY = [  # what, method, path below /api/v2, body; then what a stranger, a Viewer, a Reviewer and an Admin get
    ("read DAGs", "GET", "dags", None, 401, 200, 200, 200),
    ("read runs", "GET", INGESTED, None, 401, 200, 200, 200),
    ("read task logs", "GET", f"{INGESTED}/taskInstances/land/logs/1", None, 401, 200, 200, 200),
    ("start a DAG", "POST", f"dags/{CASE}__rollback/dagRuns", DRY, 401, 403, 200, 200),
    ("pause a DAG", "PATCH", f"dags/{CASE}__rollback", {"is_paused": False}, 401, 403, 200, 200),
    ("answer a review (there is none)", "PATCH", f"{INGESTED}/taskInstances/land/-1/hitlDetails",
     {"chosen_options": ["Approve"], "params_input": {}}, 401, 403, 404, 404),
    ("mark a task", "PATCH", f"{INGESTED}/taskInstances/land/dry_run", {"new_state": "success"}, 401, 403, 403, 200),
    ("clear a task", "POST", f"dags/{CASE}__ingest/clearTaskInstances",
     {"dry_run": True, "dag_run_id": "walk__2013-01", "only_failed": False}, 401, 403, 403, 200),
    ("mark a run (there is none)", "PATCH", f"dags/{CASE}__ingest/dagRuns/none", {"state": "failed"}, 401, 403, 403, 404),
    ("delete a run (there is none)", "DELETE", f"dags/{CASE}__ingest/dagRuns/none", None, 401, 403, 403, 404),
    ("read connections", "GET", "connections", None, 401, 403, 403, 200),
    ("read variables", "GET", "variables", None, 401, 403, 403, 200),
    ("delete a pool (there is none)", "DELETE", "pools/none", None, 401, 403, 403, 404),
    ("read the configuration", "GET", "config", None, 401, 403, 403, 403),
]  # fmt: skip

DENIED = "permission denied for table audit_log"


def airflow(run: Run) -> None:
    """The table above, asked; then the pages: read by every user, acted on by those whom `gate.yaml` names."""
    sessions = ["", *(run.token(user) for user in PEOPLE)]
    for what, method, path, body, *wanted in MAY:
        found = [ask(f"{run.airflow}/api/v2/{path}", bearer=each, body=body, method=method).status for each in sessions]
        expect(f"{what}: a stranger, {', '.join(PEOPLE)}", found, wanted)
    pages = pages_of(run)
    for page in pages:
        found = [ask(f"{run.airflow}/gatehouse/{page}", bearer=each).status for each in sessions]
        expect(f"page {page}: a stranger, {', '.join(PEOPLE)}", found, [401, 200, 200, 200])
    expect("acting on a page: a stranger, " + ", ".join(PEOPLE), acting(run, sessions), [401, 403, 400, 400])
    run.say(
        f"roles: {len(MAY)} things in Airflow and {len(pages)} pages: strangers 401; a Viewer reads; a Reviewer starts DAGs "
        "and marks nothing; an Admin does; a form acts for approvers alone"
    )


def pages_of(run: Run) -> list[str]:
    """An address of every kind that is read (tests/integration/plugins/test_page_access.py holds the routes to its list)."""
    decision = json.loads(run.gatehouse("decision", "list", CASE, "--json"))[0]["id"]
    batch, case = f"batches/{CASE}/2013-02.r1", f"use-cases/{CASE}"
    return [
        "", "messages?held=1", case, f"{case}/batches", f"{case}/decisions", f"{case}/runbook", f"decisions/{decision}",
        batch, f"{batch}/report", f"{batch}/quarantined.csv?table=flights", "run?dag_id=none&run_id=1", "static/page.css",
    ]  # fmt: skip


def acting(run: Run, sessions: list[str]) -> list[int]:
    """What the rollback form answers to each, sent with the token of their own page and a reason that is too short."""
    found = []
    for session in sessions:
        page = ask(f"{run.airflow}/gatehouse/use-cases/{CASE}", bearer=session).text
        token = re.search(r'name="token" value="([^"]+)"', page)
        form = {"version": "1", "reason": "short", "token": token[1] if token else ""}
        found.append(ask(f"{run.airflow}/gatehouse/use-cases/{CASE}/rollback", bearer=session, form=form).status)
    return found


def database(run: Run) -> None:
    """The ledger's application role cannot change the audit log, nor read Airflow's or MLflow's database."""
    for name, statement, refusal in (
        ("ledger", "UPDATE gatehouse.audit_log SET actor = 'nobody'", DENIED),
        ("ledger", "DELETE FROM gatehouse.audit_log", DENIED),
        ("airflow", "SELECT 1", "permission denied for database"),
        ("mlflow", "SELECT 1", "permission denied for database"),
    ):
        script = f'PGPASSWORD="$(cat)" psql -qtA postgresql://ledger@127.0.0.1/{name} -c "{statement}" 2>&1'
        told = run.inside("postgres", "sh", "-c", script, check=False, given=run.secret("ledger_password"))
        expect(f"{statement} in {name} is refused: {told}", refusal in told, True)
    log = run.call(["docker", "logs", *run.containers("postgres")], check=False)
    expect(
        "PostgreSQL's log names the refusal, and repeats the statement",
        (DENIED in log, "'nobody'" in log),
        (True, False),
    )
    run.say("database: the ledger's role cannot change the audit log, and reaches no other database")
