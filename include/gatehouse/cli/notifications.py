"""Commands about what people were told, and whether an address works."""

from __future__ import annotations

import getpass
from pathlib import Path

import click

from gatehouse.adapters.ledger import open_ledger
from gatehouse.cli.output import json_option, plain, print_result, table
from gatehouse.core.notifications.notification import DeliveryState, Notification
from gatehouse.errors import ConfigurationError
from gatehouse.notify_config import NAME, file_of, notify_spec
from gatehouse.pipeline.maintenance.notify import queue_test_notification
from gatehouse.settings import Settings

MOST = 200
HEADINGS = ("made (UTC)", "recipient", "state", "severity", "message", "what", "why, or until when")


@click.command()
@click.argument("use_case", default="")
@click.option("--held", is_flag=True, help="Only what was held back, not delivered, or dropped.")
@json_option
def messages(use_case: str, held: bool, as_json: bool) -> None:
    """What people were told, what waits, what could not be delivered, and what was held back and why; newest first."""
    ledger = open_ledger(Settings.from_environment().require("ledger_url"))
    found = ledger.telling.messages(use_case.rstrip("/").rsplit("/", 1)[-1], held, MOST)
    rows = [_row(each) for each in found]
    more = f"\n(the newest {MOST})" if len(found) == MOST else ""
    print_result(
        [plain(each) for each in found], as_json, table(HEADINGS, rows, empty="nobody was told anything yet") + more
    )


def _row(message: Notification) -> tuple[object, ...]:
    made = f"{message.made:%Y-%m-%d %H:%M}" if message.made else ""
    what = message.what if len(message.what) <= 80 else f"{message.what[:79]}…"
    state = f"{message.state} ({message.attempt})" if message.attempt > 1 else message.state
    return made, message.recipient, state, message.severity, message.subject, what, _why(message)


def _why(message: Notification) -> str:
    until = f"until {message.due:%Y-%m-%d %H:%M} UTC" if message.due and message.state is DeliveryState.HELD else ""
    again = (
        f"again at {message.due:%Y-%m-%d %H:%M} UTC" if message.due and message.state is DeliveryState.FAILED else ""
    )
    never = "given up" if message.state is DeliveryState.FAILED and not message.due else ""
    return "; ".join(part for part in (message.why, until, again, never) if part)


@click.command()
@click.option("--test", "recipient", metavar="RECIPIENT", help="Put a test message to this recipient into the outbox.")
@click.option("--by", "actor", default="", help="Your name, as the message says it; without it, your login's.")
@json_option
def notify(recipient: str | None, actor: str, as_json: bool) -> None:
    """Check notify.yaml and list who is told what; with --test, try an address: the next upkeep run sends the message."""
    settings = Settings.from_environment()
    spec, path = notify_spec(settings), file_of(settings)
    if spec is None or path is None:
        where = " or ".join(str(folder / NAME) for folder in settings.usecases)
        raise ConfigurationError(
            "nobody is told anything: there is no notify.yaml", where="GATEHOUSE_NOTIFY", allowed=f"a path, or {where}"
        )
    if recipient is None:
        print_result(
            spec.model_dump(mode="json"), as_json, _recipients(path, spec.model_dump(mode="json")["recipients"])
        )
        return
    ledger = open_ledger(settings.require("ledger_url"))
    made = queue_test_notification(ledger, spec, recipient, actor or getpass.getuser())
    said = (
        f"a test for {recipient} is in the outbox; the next upkeep run sends it, `gatehouse messages` says how it went"
    )
    print_result(plain(made), as_json, said)


def _recipients(path: Path, found: list[dict[str, object]]) -> str:
    rows = [
        (
            each["name"],
            ", ".join(each["roles"]),  # type: ignore[arg-type]
            ", ".join(each["use_cases"]) or "all",  # type: ignore[arg-type]
            each["min_severity"],
            f"{each['channel']} by connection {each['connection']}",
            _hours(each["quiet_hours"]),
            each["max_per_week"],
        )
        for each in found
    ]
    headings = ("recipient", "roles", "use cases", "from", "how", "quiet hours", "messages a week")
    return f"{path}: good\n\n{table(headings, rows)}"


def _hours(quiet: object) -> str:
    if not isinstance(quiet, dict):
        return "none"
    weekend = ", weekends" if quiet["weekends"] else ""
    return f"{quiet['start']} to {quiet['end']} {quiet['timezone']}{weekend}"
