"""The command `gatehouse audit log` on a real ledger, and the check of what it exports."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner, Result

from conftest import LedgerDatabase
from gatehouse.cli.audit_log import audit_log
from gatehouse.cli.verify import verify
from gatehouse.ports import Ledger
from support.story import Story


def run(ledger_database: LedgerDatabase, *arguments: str) -> Result:
    environment = {"GATEHOUSE_LEDGER_URL": ledger_database.url}
    return CliRunner().invoke(audit_log, arguments, env=environment)


def test_an_exported_audit_log_is_checked_without_a_database(
    ledger_database: LedgerDatabase, ledger: Ledger, tmp_path: Path
) -> None:
    """What the database chained is whole as a file; one changed letter is found on its line, with exit code 1."""
    Story(ledger).tell()
    file = tmp_path / "audit_log.jsonl"
    assert run(ledger_database, "--output", str(file)).exit_code == 0
    alone = {"GATEHOUSE_LEDGER_URL": "", "GATEHOUSE_LAKE": ""}
    whole = CliRunner().invoke(verify, ["--file", str(file), "--json"], env=alone)
    assert (whole.exit_code, json.loads(whole.stdout)["entries"]) == (0, len(ledger.audit_log.entries()))
    lines = file.read_text().splitlines(keepends=True)
    lines[3] = lines[3].replace("flights", "fligths", 1)
    file.write_text("".join(lines))
    broken = CliRunner().invoke(verify, ["--file", str(file)], env=alone)
    assert broken.exit_code == 1
    assert "line 4: entry 3 was altered" in broken.output


def test_the_audit_log_tells_of_one_subject(ledger_database: LedgerDatabase, ledger: Ledger) -> None:
    """`--about` shows the entries of a batch and no others, `--last` the newest of them."""
    Story(ledger).tell()
    told = json.loads(run(ledger_database, "--about", "2013-03", "--json").stdout)
    assert {entry["subject"] for entry in told} == {"flights/2013-03.r1"}
    (newest,) = json.loads(run(ledger_database, "--limit", "1", "--json").stdout)
    assert newest["seq"] == len(ledger.audit_log.entries())
