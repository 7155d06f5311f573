"""`gatehouse audit list`: who did what, on what, why, and what came of it."""

from __future__ import annotations

from datetime import date, datetime

import click

from gatehouse.adapters.ledger.connection import Database
from gatehouse.cli.output import json_option, plain, print_result, table
from gatehouse.queries.audit import AuditFilter, audit_lines
from gatehouse.settings import Settings

DAY = click.DateTime(formats=["%Y-%m-%d"])
NAMES = ("at (UTC)", "who", "did", "use case", "on", "reason", "result")


@click.command()
@click.argument("use_case", required=False)
@click.option("--since", type=DAY, help="The first day, like 2026-11-01 (UTC).")
@click.option("--until", type=DAY, help="The last day (UTC).")
@click.option("--by", default="", help="Only what this person or task did.")
@click.option("--kind", default="", help="One kind, like decision.answered, or all. Without it: what people did.")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="How many of the newest.")
@json_option
def audit_list(
    use_case: str | None, since: datetime | None, until: datetime | None, by: str, kind: str, limit: int, as_json: bool
) -> None:
    """Who did what, on what, why, and what came of it, the newest first."""
    database = Database(Settings.from_environment().require("ledger_url"))
    wanted = AuditFilter(by, kind, _day(since), _day(until))
    found = audit_lines(database, wanted, [use_case] if use_case else None, limit)
    rows = [
        (
            f"{one.at:%Y-%m-%d %H:%M}",
            one.actor[:20],
            one.did,
            one.use_case,
            _short(one.subject),
            one.reason[:50],
            one.result,
        )
        for one in found
    ]
    print_result([plain(one) for one in found], as_json, table(NAMES, rows, "nothing matches"))


def _day(moment: datetime | None) -> date | None:
    return moment.date() if moment else None


def _short(subject: str) -> str:
    """A hash by its first eight digits; every command takes them."""
    return subject[:8] if len(subject) == 64 else subject[:30]
