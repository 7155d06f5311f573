"""MLflow with wrong roles: strangers at every address of it, the trainer and the promoter beyond what they may."""

from __future__ import annotations

import json
import re
import time
from collections import Counter

from compose.engine import CASE, Answer, Failed, Run, ask, expect

# Runs in MLflow's container and prints every method and path that this version's server answers with its login on.
ROUTES = """
import json, logging, os, warnings
warnings.simplefilter("ignore"); logging.disable()
os.environ.update(_MLFLOW_SGI_NAME="uvicorn", MLFLOW_FLASK_SERVER_SECRET_KEY="only to list routes")
from mlflow.server import app, auth
auth._init_store_for_app = lambda: None
served = auth.create_app(app)
found = {(method, str(rule)) for rule in app.url_map.iter_rules() for method in rule.methods}
found |= {(method, route.path) for route in served.routes for method in getattr(route, "methods", None) or ()}
print(json.dumps(sorted(each for each in found if each[0] not in ("HEAD", "OPTIONS"))))
"""
OPEN = {  # what MLflow tells everybody: that it lives, its pages' scripts, and which version with which features it is
    ("GET", "/health"), ("GET", "/static-files/x"), ("GET", "/api/3.0/mlflow/server-info"), ("GET", "/ajax-api/3.0/mlflow/server-info"),
}  # fmt: skip


def strangers(run: Run) -> None:
    """Every address of MLflow's asks who it is, but for those that are open to everybody."""
    routes = {
        (method, re.sub(r"<[^>]*>|\{[^}]*\}", "x", path))
        for method, path in json.loads(run.inside("mlflow", "python", "-c", ROUTES).splitlines()[-1])
    }
    answers = {
        (method, path): ask(f"{run.mlflow}{path}", body=None if method == "GET" else {}, method=method).status
        for method, path in sorted(routes)
    }
    told = {route: status for route, status in answers.items() if status != 401 and route not in OPEN}
    expect("MLflow, addresses that answer a stranger", told, {})
    expect("MLflow, addresses that are there", len(answers) > 200, True)
    counts = Counter(answers.values())
    run.say(
        f"MLflow: {counts[401]} of {len(answers)} addresses ask a stranger who it is, the others are public by design"
    )


def call(run: Run, user: str, method: str, path: str, body: object = None) -> Answer:
    """MLflow's REST API as one of its users."""
    basic = (user, run.secret(f"mlflow_{user}_password"))
    return ask(f"{run.mlflow}/api/2.0/mlflow/{path}", basic=basic, body=body, method=method)


def roles(run: Run) -> None:
    """What the trainer and the promoter may, and what neither may."""
    experiment = json.loads(
        call(run, "trainer", "GET", f"experiments/get-by-name?experiment_name=gatehouse/{CASE}").text
    )["experiment"]["experiment_id"]
    alias, model = {"name": CASE, "alias": "champion"}, {"name": CASE}
    new = {"username": "somebody", "password": "a long enough password"}
    for user, method, path, body, wanted in (
        ("trainer", "GET", f"registered-models/get?name={CASE}", None, 200),
        ("promoter", "GET", f"registered-models/get?name={CASE}", None, 200),
        ("trainer", "DELETE", "registered-models/alias", alias, 403),
        ("trainer", "DELETE", "registered-models/delete", model, 403),
        ("trainer", "POST", "experiments/delete", {"experiment_id": experiment}, 403),
        ("trainer", "POST", "users/create", new, 403),
        ("trainer", "PATCH", "users/update-password", {"username": "promoter", "password": new["password"]}, 403),
        ("promoter", "POST", "runs/create", {"experiment_id": experiment}, 403),
        ("promoter", "POST", "users/create", new, 403),
    ):
        expect(f"MLflow, {user}: {method} {path}", call(run, user, method, path, body).status, wanted)
    run.say(
        "MLflow: the trainer removes no alias, model or experiment and makes no user; the promoter logs no run; each reads"
    )


def champion(run: Run) -> str:
    """The version that the alias names."""
    answer = call(run, "promoter", "GET", f"registered-models/alias?name={CASE}&alias=champion")
    return str(json.loads(answer.text).get("model_version", {}).get("version", "none"))


def moved_alias(run: Run, seconds: float = 600) -> None:
    """MLflow cannot keep the trainer from setting an alias: maintenance finds it, logs it, puts it back and goes red; the
    champion was the ledger's all the time."""
    right = champion(run)
    wrong = {"name": CASE, "alias": "champion", "version": "1"}
    expect(
        "MLflow, the trainer moves the alias",
        call(run, "trainer", "POST", "registered-models/alias", wrong).status,
        200,
    )
    expect("the alias after that", champion(run), "1")
    run.api("dags/gatehouse__maintenance/dagRuns", "POST", {"logical_date": None, "dag_run_id": "after_the_alias"})
    deadline = time.monotonic() + seconds
    while champion(run) != right or logged(run, "alias.drifted") == 0:
        if time.monotonic() > deadline:
            raise Failed(
                f"maintenance did not put the alias back in {seconds:.0f} s: it names {champion(run)}, not {right}"
            )
        time.sleep(2)
    told = json.loads(run.gatehouse("champion", "show", CASE, "--json"))
    expect("the champion in the ledger", str(told["champion"]["model"]["version"]), right)
    run.say(f"MLflow: the trainer moved the alias to version 1; maintenance logged it and put version {right} back")


def logged(run: Run, kind: str) -> int:
    """How many entries of a kind the audit log has."""
    question = f"SELECT count(*) FROM gatehouse.audit_log WHERE kind = '{kind}'"
    return int(run.inside("postgres", "psql", "-h", "/tmp", "-U", "postgres", "-d", "ledger", "-qtAc", question))
