"""Commands about what people were told, and whether an address works."""

from __future__ import annotations

import getpass
from pathlib import Path

import click

from gatehouse.adapters.ledger import open_ledger
from gatehouse.cli.output import actor_option, json_option, plain, print_result, table
from gatehouse.core.config.notify import NotifyConfig
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
    """List what was sent, what waits, what could not be delivered, and what was held back and why. The newest comes first."""
    ledger = open_ledger(Settings.from_environment().require("ledger_url"))
    found = ledger.notifications.newest(use_case.rstrip("/").rsplit("/", 1)[-1], held, MOST)
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


@click.command("test")
@click.argument("recipient")
@actor_option(default="", help="Your name, as the message says it. Without it your login.")
@json_option
def try_recipient(recipient: str, actor: str, as_json: bool) -> None:
    """Put a test message to a recipient of notify.yaml into the outbox. The next maintenance run sends it."""
    settings = Settings.from_environment()
    spec, _ = _configured(settings)
    ledger = open_ledger(settings.require("ledger_url"))
    made = queue_test_notification(ledger, spec, recipient, actor or getpass.getuser())
    said = f"a test for {recipient} is in the outbox; the next maintenance run sends it"
    print_result(plain(made), as_json, f"{said}, `gatehouse notification list` says how it went")


@click.command("show")
@click.argument("file", type=click.Choice(["notify"]))
@json_option
def show_config(file: str, as_json: bool) -> None:
    """Check notify.yaml, and list who is notified of what, from which severity on, and how."""
    spec, path = _configured(Settings.from_environment())
    document = spec.model_dump(mode="json")
    print_result(document, as_json, _recipients(path, document["recipients"]))


def _configured(settings: Settings) -> tuple[NotifyConfig, Path]:
    spec, path = notify_spec(settings), file_of(settings)
    if spec is None or path is None:
        where = " or ".join(str(folder / NAME) for folder in settings.usecases)
        what = "nobody is told anything: there is no notify.yaml"
        raise ConfigurationError(what, where="GATEHOUSE_NOTIFY_FILE", allowed=f"a path, or {where}")
    return spec, path


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
