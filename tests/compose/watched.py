"""What machines are told: the health, also while something is wrong, and the measures that Prometheus reads."""

from __future__ import annotations

import json
import re
import time
from collections import Counter

from compose.engine import CASE, Answer, Failed, Run, ask, expect
from compose.walked import BATCHES

PARTS = {"ledger", "lake", "mlflow", "maintenance", "batches"}


def asked(run: Run, what: str, known: bool = True) -> Answer:
    """`/gatehouse/health` or `/gatehouse/metrics`, with the scrape token or as a stranger."""
    return ask(f"{run.airflow}/gatehouse/{what}", bearer=run.secret("scrape_token") if known else "")


def health(run: Run) -> None:
    """Well in all parts; a stranger learns one word; with MLflow stopped in its tracks it is wrong and says what."""
    told = asked(run, "health")
    expect("health", (told.status, json.loads(told.text)["parts"]), (200, dict.fromkeys(PARTS, "ok")))
    expect("health, to a stranger", json.loads(asked(run, "health", known=False).text), {"status": "ok"})
    mlflow = run.containers("mlflow")
    run.call(["docker", "pause", *mlflow])
    try:
        wrong = until(run, 503)
    finally:
        run.call(["docker", "unpause", *mlflow])
    expect("health while MLflow is paused", [each["part"] for each in wrong["problems"]], ["mlflow"])
    expect("health after that", until(run, 200)["problems"], [])
    age = json.loads(told.text)["measured"]["upkeep_age"]
    run.say(
        f"health: all {len(PARTS)} parts ok, maintenance {age:.0f} s ago; MLflow paused: 503, {wrong['problems'][0]['sentence']}"
    )


def until(run: Run, status: int, seconds: float = 120) -> dict:
    """What the health says once it answers with a status; answers are kept for some seconds."""
    deadline = time.monotonic() + seconds
    while (told := asked(run, "health")).status != status:
        if time.monotonic() > deadline:
            raise Failed(f"health: {told.status} {told.text}, expected {status}")
        time.sleep(1)
    return dict(json.loads(told.text))


def measures(run: Run) -> None:
    """The scrape answers the token alone, and says of the use case what the ledger's own commands say."""
    expect("measures, to a stranger", asked(run, "metrics", known=False).status, 401)
    expect("measures, with a wrong token", ask(f"{run.airflow}/gatehouse/metrics", bearer="x" * 43).status, 403)
    found = values(asked(run, "metrics").text)
    decisions = Counter(each["verdict"] for each in json.loads(run.gatehouse("decision", "list", CASE, "--json")))
    champion = json.loads(run.gatehouse("champion", "show", CASE, "--json"))["champion"]
    told = {
        "batches": found["gatehouse_batches", CASE, "accepted"],
        "champion": found["gatehouse_champion_version", CASE],
        "generation": found["gatehouse_champion_changes_total", CASE],
        **{verdict: found["gatehouse_decisions_total", CASE, verdict] for verdict in decisions},
    }
    wanted = {
        "batches": BATCHES,
        "champion": champion["model"]["version"],
        "generation": champion["generation"],
        **decisions,
    }
    expect("measures", told, wanted)
    run.say(
        f"scrape: {len(found)} values; {', '.join(f'{name} {value:g}' for name, value in told.items())}, as the ledger says"
    )


def values(text: str) -> dict[tuple[str, ...], float]:
    """Each value of Prometheus' text format by its measure's name, the use case, and its other labels' values."""
    found = {}
    for line in text.splitlines():
        read = re.fullmatch(r"(\w+)(?:\{(.*)\})? (\S+)", line)
        if read and not line.startswith("#"):
            labels = dict(re.findall(r'(\w+)="([^"]*)"', read[2] or ""))
            case = labels.pop("use_case", "")
            found[(read[1], *([case] if case else []), *labels.values())] = float(read[3])
    return found
