"""Whether a container is well, asked from inside it: exit code 0 or 1. Cheap: it imports neither Airflow nor MLflow.

python -m gatehouse.deploy.health URL                 the address answers with success
python -m gatehouse.deploy.health airflow NAME        the api-server has heard of `dag_processor` or `triggerer` lately
python -m gatehouse.deploy.health worker              this container's Celery worker answers through the broker
"""

from __future__ import annotations

import json
import os
import socket
import sys
import urllib.request

SECONDS = 8.0


def answers(url: str) -> bool:
    """Whether a page answers with success."""
    with urllib.request.urlopen(url, timeout=SECONDS) as answer:  # noqa: S310 - an address of our own compose file
        return bool(answer.status == 200)


def has_heartbeat(name: str) -> bool:
    """What the api-server says of a component that has no address of its own."""
    base = os.environ["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"].removesuffix("/execution/")
    with urllib.request.urlopen(f"{base}/api/v2/monitor/health", timeout=SECONDS) as answer:  # noqa: S310
        return bool(json.load(answer)[name]["status"] == "healthy")


def worker_answers() -> bool:
    """Whether the worker named after this host answers a ping."""
    from celery import Celery

    from gatehouse.deploy.container_env import broker, secret

    app = Celery(broker=broker(secret)["AIRFLOW__CELERY__BROKER_URL"])
    return bool(app.control.ping([f"celery@{socket.gethostname()}"], timeout=SECONDS))


def main(arguments: list[str]) -> int:
    """0 when well; 1, and why, when not."""
    try:
        match arguments:
            case ["worker"]:
                well = worker_answers()
            case ["airflow", name]:
                well = has_heartbeat(name)
            case [url]:
                well = answers(url)
            case _:
                raise ValueError(f"not a question: {arguments}")
    except Exception as error:  # whatever it is, the answer is that it is not well
        print(f"{type(error).__name__}: {error}")
        return 1
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
