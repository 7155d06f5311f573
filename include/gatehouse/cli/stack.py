"""Commands for the local stack."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass

import click

from gatehouse.cli.output import json_option, print_result, table
from gatehouse.dev_stack import stack
from gatehouse.dev_stack.airflow_api import AirflowApi
from gatehouse.dev_stack.stack_dir import StackDirectory
from gatehouse.errors import ConfigurationError
from gatehouse.settings import Settings
from gatehouse.telemetry.probe import check_health

PASSWORD = "GATEHOUSE_AIRFLOW_PASSWORD"  # noqa: S105 - the variable's name


def home() -> StackDirectory:
    """The home that the environment names, or the checkout's."""
    return StackDirectory(Settings.from_environment().home)


@click.command()
@json_option
def up(as_json: bool) -> None:
    """Start PostgreSQL, MLflow and Airflow on this machine, or find them running."""
    was_up = stack.status(home())["up"]
    started = time.monotonic()
    found = stack.up(home(), tell=lambda line: click.echo(line, err=True))
    seconds = time.monotonic() - started
    first = "the stack is up already" if was_up else f"the stack is up after {seconds:.0f} s"
    print_result(
        {"up": True, "already": was_up, "seconds": seconds, **addresses(found)}, as_json, f"{first}\n{told(found)}"
    )


@click.command()
@json_option
def down(as_json: bool) -> None:
    """End the stack; its data stays."""
    ended = stack.down(home(), tell=lambda line: click.echo(line, err=True))
    print_result({"up": False, "ended": ended}, as_json, "the stack is down" if ended else "nothing was running")


@click.command()
@json_option
def status(as_json: bool) -> None:
    """Print each component's health, process, age and restarts, and what is unhealthy. Exit code 1 if the stack is not up."""
    now = stack.status(home())
    now["health"] = check_health(stack.connect(home()).settings).document() if now["up"] else None
    rows = [
        (
            p["name"],
            p["state"],
            p["pid"] or "",
            f"{time.time() - p['since']:.0f} s" if p["since"] else "",
            p["restarts"],
            p["address"],
        )
        for p in now["components"]
        if now["running"]
    ]
    headings = ("component", "health", "process", "age", "restarts", "address")
    text = table(headings, rows, empty="the stack is down; `make run` or `gatehouse dev up` starts it")
    wrong = [f"{each['part']}: {each['sentence']}" for each in (now["health"] or {}).get("problems", ())]
    print_result(now, as_json, "\n".join([text, *wrong]))
    if not now["up"]:
        raise SystemExit(1)


@click.command()
@click.argument("use_case", default="flight_delays")
@click.option("--limit", type=int, help="Only the first so many batches.")
@click.option("--url", help="The Airflow of a running installation, instead of this checkout's own stack.")
@click.option(
    "--user", default="admin", show_default=True, help="Its user. The password is GATEHOUSE_AIRFLOW_PASSWORD."
)
def walk(use_case: str, limit: int | None, url: str | None, user: str) -> None:
    """Take a use case through its pending batches by real DAG runs, and show what happens."""
    from gatehouse.dev_stack.demo import walk as take
    from gatehouse.dev_stack.next_steps import GO_ON

    if url:
        take(RemoteStack(Settings.from_environment(), url.rstrip("/"), user), use_case, limit)
        return
    found = stack.up(home(), tell=click.echo)
    take(found, use_case, limit)
    click.echo(told(found))
    click.echo(GO_ON)


@dataclass(frozen=True)
class RemoteStack:
    """An installation that somebody else started."""

    settings: Settings
    url: str
    user: str

    def lives(self) -> bool:
        """Nobody here would start again what does not answer."""
        return False

    def airflow(self) -> AirflowApi:
        """Its REST API; the password comes from the environment, where no process list shows it."""
        password = os.environ.get(PASSWORD)
        if not password:
            allowed = f"the password of {self.user} at {self.url}"
            raise ConfigurationError(f"{PASSWORD} is not set", where="environment", allowed=allowed)
        return AirflowApi(self.url, self.user, password)


def addresses(found: stack.Stack) -> dict[str, object]:
    """Where the stack answers."""
    return {
        "airflow": found.airflow_url,
        "mlflow": found.mlflow_url,
        "postgres": f"127.0.0.1:{found.ports['postgres']}",
    }


def told(found: stack.Stack) -> str:
    """The addresses, and the users' passwords when they were generated just now."""
    lines = [f"  {name:9} {address}" for name, address in addresses(found).items()]
    if found.fresh:
        lines += ["Airflow's users (printed once, kept in credentials.json of the stack's home, readable by you only):"]
        lines += [f"  {user:9} {password}" for user, password in found.credentials["users"].items()]
    else:
        lines += [f"  passwords {found.home.root / 'credentials.json'}"]
    return "\n".join(lines)
