"""`gatehouse db migrate`."""

from __future__ import annotations

import os

import click

from gatehouse.errors import ConfigurationError
from gatehouse.settings import Settings

OWNER = "GATEHOUSE_LEDGER_OWNER_URL"  # not an option: a command line shows its passwords to everybody on the machine


@click.command()
def migrate() -> None:
    """Make the ledger's tables, or bring them to this version.

    GATEHOUSE_LEDGER_OWNER_URL is the address with the role that owns the tables. GATEHOUSE_LEDGER_URL is the same database
    with the application's role, which gets the rights that it needs and no more. A second run changes nothing.
    """
    from psycopg2.extensions import parse_dsn

    from gatehouse.adapters.ledger.connection import name_of
    from gatehouse.adapters.ledger.migrate import upgrade

    owner, url = os.environ.get(OWNER, ""), Settings.from_environment().require("ledger_url")
    if not owner:
        raise ConfigurationError(
            f"{OWNER} is not set",
            where="environment",
            allowed="postgresql://OWNER:PASSWORD@HOST:PORT/DATABASE, whose role may create a schema in the database",
        )
    where, role = name_of(url), parse_dsn(url).get("user", "")
    upgrade(owner, role)
    click.echo(f"{where} has this version's tables; the role {role} may use them")
