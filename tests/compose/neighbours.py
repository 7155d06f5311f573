"""The stack with its lake and MLflow's artefacts in an object store, its measures sent to StatsD and its lineage to an
OpenLineage address (`tests/compose/run --neighbours`)."""

from __future__ import annotations

import json
import time
from collections import Counter

from compose import searched
from compose.engine import CASE, ROOT, Failed, Run, expect

BUCKET = "gatehouse"
BATCHES = 5  # two promotions among them
SETTINGS = {
    "GATEHOUSE_LAKE": f"s3://{BUCKET}/lake",
    "GATEHOUSE_MLFLOW_ARTIFACTS": f"s3://{BUCKET}/mlflow",
    "AWS_ENDPOINT_URL": "http://s3:5001",
    "GATEHOUSE_STATSD_ON": "True",
    "GATEHOUSE_STATSD_HOST": "receiver",
    "OPENLINEAGE_URL": "http://receiver:5050",
}
KEYS = ("s3_access_key", "s3_secret_key")
# Run where the server is, which keeps its objects in memory: nobody else has to reach it.
CLIENT = "import boto3, json; s3 = boto3.client('s3', 'us-east-1', endpoint_url='http://127.0.0.1:5001', aws_access_key_id='any', aws_secret_access_key='any')\n"
WAIT = """
for _ in range(120):
    try:
        urllib.request.urlopen('http://127.0.0.1:5001/moto-api/')
        break
    except OSError:
        time.sleep(0.5)
"""
MAKE = CLIENT + f"s3.create_bucket(Bucket='{BUCKET}')"
LIST = CLIENT + (
    "pages = s3.get_paginator('list_objects_v2').paginate(Bucket='" + BUCKET + "')\n"
    "print(json.dumps([(each['Key'], each['Size']) for page in pages for each in page.get('Contents', [])]))"
)

FETCH = CLIENT + (
    "import pathlib\n"
    "for page in s3.get_paginator('list_objects_v2').paginate(Bucket='" + BUCKET + "'):\n"
    "    for each in page.get('Contents', []):\n"
    "        path = pathlib.Path('/tmp/bucket', each['Key']); path.parent.mkdir(parents=True, exist_ok=True)\n"
    "        s3.download_file('" + BUCKET + "', each['Key'], str(path))"
)
FOLDERS = {"worker-light": ("/var/lib/gatehouse/logs",), "s3": ("/tmp/bucket",), "receiver": ("/tmp",)}


def prepare(run: Run) -> None:
    """Both neighbours, the bucket empty, before anything else starts; its keys are secrets like all others."""
    run.environment |= SETTINGS
    run.environment["COMPOSE_FILE"] = (
        run.environment.get("COMPOSE_FILE", "docker-compose.yaml") + ":tests/compose/neighbours.yaml"
    )
    run.call([str(ROOT / "tests/compose/neighbours-image")])
    for name in KEYS:
        path = run.folder / "secrets" / name
        path.write_text(f"canary-{name}-0123456789")
    run.compose("up", "-d", "s3", "receiver")
    run.inside("s3", "python", "-c", "import time, urllib.request\n" + WAIT + MAKE)
    said = run.compose("--profile", "s3", "run", "--rm", "-T", "s3-check").splitlines()
    expect("places that keep what is put", sum(line.endswith("keeps what is put") for line in said), 2)
    run.say("neighbours: moto's S3 server with an empty bucket, a receiver of StatsD and OpenLineage")


def everything_is_there(run: Run) -> None:
    """Lake and artefacts are in the bucket, and the volumes that they would be on without it are empty."""
    objects = json.loads(run.inside("s3", "python", "-c", LIST))
    sizes: Counter[str] = Counter()
    for key, size in objects:
        sizes[key.partition("/")[0]] += size
    expect("prefixes in the bucket", set(sizes), {"lake", "mlflow"})
    for service, folder in (("worker-light", "lake"), ("mlflow", "artifacts")):
        expect(
            f"files on the volume {folder}",
            run.inside(service, "find", f"/var/lib/gatehouse/{folder}", "-type", "f"),
            "",
        )
    told = ", ".join(f"{name} {size / 1e6:.1f} MB" for name, size in sorted(sizes.items()))
    run.say(f"object store: {len(objects)} objects ({told}); the volumes for files are empty")


def everything_was_told(run: Run) -> None:
    """Airflow's measures and Gatehouse's own arrived, and a start and an end of each stage's tasks."""
    run.api("dags/gatehouse__maintenance/dagRuns", "POST", {"logical_date": None, "dag_run_id": "to_be_told"})
    wanted = {"statsd airflow.scheduler_heartbeat", f"statsd airflow.gatehouse_batches.{CASE}.accepted"} | {
        f"lineage {what} {CASE}__{stage}.{task}"
        for stage, task in (("ingest", "land"), ("monitor", "watch"), ("retrain", "fit"))
        for what in ("START", "COMPLETE")
    }
    deadline = time.monotonic() + 300
    while wanted - (told := told_to(run)):
        if time.monotonic() > deadline:
            raise Failed(f"not told to StatsD or OpenLineage: {sorted(wanted - told)}, but {sorted(told)[-40:]}")
        time.sleep(3)
    kinds = Counter(line.partition(" ")[0] for line in told)
    own = sum(line.startswith("statsd airflow.gatehouse_") for line in told)
    run.say(
        f"told: {kinds['statsd']} measures to StatsD, {own} of them Gatehouse's; {kinds['lineage']} kinds of run events to OpenLineage"
    )


def told_to(run: Run) -> set[str]:
    return set(run.call(["docker", "logs", *run.containers("receiver")]).splitlines())


def canaries(run: Run) -> None:
    """As for the stack on volumes, the bucket's objects in the place of their files."""
    run.inside("s3", "python", "-c", FETCH)
    searched.canaries(run, FOLDERS)
