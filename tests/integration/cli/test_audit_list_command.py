"""The command `gatehouse audit list` on a real ledger."""

from __future__ import annotations

import json

from click.testing import CliRunner, Result

from conftest import LedgerDatabase
from gatehouse.cli.audit_list import audit_list
from gatehouse.core.types import BatchId
from gatehouse.ports import Ledger
from support.story import Story


def run(ledger_database: LedgerDatabase, *arguments: str) -> Result:
    return CliRunner().invoke(audit_list, arguments, env={"GATEHOUSE_LEDGER_URL": ledger_database.url})


def test_what_people_did_is_found_by_person_day_and_kind(ledger_database: LedgerDatabase, ledger: Ledger) -> None:
    """The table names who, did, on, reason and result; each option leaves out the rest."""
    Story(ledger).tell()
    ledger.batches.discard(BatchId("flights", "2013-04", 1), "bob", "it is of no use")
    told = run(ledger_database, "flights")
    assert told.exit_code == 0
    assert "bob  discarded a batch  flights" in " ".join(told.output.split("   "))
    assert "it is of no use" in told.output
    assert run(ledger_database, "--by", "nobody_known").output.strip() == "nothing matches"
    assert run(ledger_database, "--until", "2013-01-01").output.strip() == "nothing matches"
    decided = json.loads(run(ledger_database, "--kind", "decision.made", "--json").output)
    assert [(line["did"], line["result"]) for line in decided] == [("decided", "PROMOTE")]
