"""Six months of flights through the workers, while one of them is killed in the middle of a fit and PostgreSQL restarts."""

from __future__ import annotations

import json
import re
import subprocess
import time
from datetime import UTC, datetime
from urllib.parse import urlencode

from compose.engine import CASE, ROOT, Failed, Run, ask, expect
from compose.searched import processes

BATCHES = 6
Fit = tuple[str, int]  # the run, and which candidate


def walk(run: Run, batches: int = BATCHES, damage: bool = True) -> list[str]:
    """The lines that the walk prints."""
    command = [
        str(ROOT / "bin/compose"), "run", "--rm", "-T", "cli",
        "dev", "demo", "--url", "http://api-server:8080", "--limit", str(batches), CASE,
    ]  # fmt: skip
    lines: list[str] = []
    for attempt in range(1, 7):  # a walk ends when the api-server is away, as after the damage
        log = (run.folder / "walk.log").open("w")
        walking = subprocess.Popen(
            command, env=run.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True
        )
        follow(run, walking, lines, damage)
        if not walking.wait():
            return lines
        run.say(f"attempt {attempt} at the walk ended: {(run.folder / 'walk.log').read_text().strip()[-300:]}")
    raise Failed("the walk failed six times")


def follow(run: Run, walking: subprocess.Popen[str], lines: list[str], damage: bool) -> None:
    """Keep the lines that the walk prints, and do the damage after the third and the fourth."""
    assert walking.stdout
    for printed in walking.stdout:
        found = re.match(r"\[ *\d+ s\] (batch .*)", printed.rstrip())
        if found:
            lines.append(found[1])
            run.say(found[1])
            run.processes += processes(run)
            if damage and len(lines) == 3:
                run.killed = kill_a_worker_that_fits(run)
            if damage and len(lines) == 4:
                run.compose("restart", "postgres")
                run.say("PostgreSQL restarted")


def fits(run: Run, session: str, **asked: str) -> list[dict]:
    """The fits of the retrain runs."""
    path = f"dags/{CASE}__retrain/dagRuns/~/taskInstances?{urlencode({'task_id': 'fit', 'limit': 100, **asked})}"
    answer = ask(f"{run.airflow}/api/v2/{path}", bearer=session)
    return list(json.loads(answer.text)["task_instances"]) if answer.status == 200 else []


def kill_a_worker_that_fits(run: Run, seconds: float = 300) -> tuple[set[Fit], datetime]:
    """SIGKILL to every process of the training worker's container once a fit runs in it; returns the fits that ran, and
    when. The killer is started before, so that it strikes at once."""
    session, deadline = run.token("admin"), time.monotonic() + seconds
    killer = subprocess.Popen(
        ["docker", "exec", "-i", run.containers("worker-train")[0], "sh"], env=run.environment, stdin=subprocess.PIPE
    )
    while not (running := fits(run, session, state="running")):
        if time.monotonic() > deadline:
            raise Failed("no fit was seen running")
        time.sleep(0.2)
    killer.communicate(b"kill -9 -1\n")
    run.say("the training worker was killed in the middle of a fit")
    return {fit_of(task) for task in running}, datetime.now(UTC)


def fit_of(task: dict) -> Fit:
    return str(task["dag_run_id"]), int(task["map_index"])


def ran_again(run: Run) -> None:
    """What the killed worker fitted was missed and run again, to success: without that the kill hit nothing."""
    killed, at = run.killed
    after = [task for task in fits(run, run.token("admin")) if fit_of(task) in killed]
    again = [task for task in after if task["try_number"] > 1 and task["state"] == "success"]
    told = [(task["dag_run_id"], task["map_index"], task["try_number"], task["state"]) for task in after]
    expect(f"a fit of the killed worker that ran again, to success: {told}", bool(again), True)
    waited = max((datetime.fromisoformat(task["start_date"]) - at).total_seconds() for task in again)
    run.say(f"{len(again)} fits of the killed worker ran again {waited:.0f} s after the kill, and succeeded")


def same_as_the_local_stack(run: Run, lines: list[str], batches: int = BATCHES) -> None:
    """Every number, alarm, request, verdict and champion is that of the first run in docs/tutorial, which is the local stack's."""
    text = re.search(
        r"<!-- walk -->(.*?)<!-- /walk -->", (ROOT / "docs" / "tutorial" / "first-run.md").read_text(), re.DOTALL
    )
    expected = re.findall(r"\] (batch .*)", text[1])[:batches] if text else []
    expect("the walk", [line.rstrip() for line in lines], [line.rstrip() for line in expected])
    run.say(f"{batches} batches: the same rows, alarms, requests, verdicts and champions as the local stack")
