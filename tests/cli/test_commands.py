"""The command line: exit codes, one JSON document, one line for a named failure."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from gatehouse.cli import COMMANDS
from gatehouse.settings import ROOT


def gatehouse(tmp_path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "gatehouse", *arguments]
    known = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "include"), "GATEHOUSE_HOME": str(tmp_path / "home")}
    return subprocess.run(line, env=known | environment, capture_output=True, text=True, timeout=60, check=False)


def test_help_lists_every_command(tmp_path):
    """`gatehouse --help` names each command with a sentence."""
    done = gatehouse(tmp_path, "--help")
    assert done.returncode == 0
    assert [name for name in COMMANDS if f"\n  {name} " not in done.stdout] == []


def test_wrong_usage_is_two_and_a_named_failure_one_line_and_one(tmp_path):
    """Exit codes: 2 for wrong usage, 1 for a named failure in one line on standard error."""
    assert gatehouse(tmp_path, "champion").returncode == 2
    done = gatehouse(tmp_path, "champion", "no_such_case")
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "UnknownUseCase" in done.stderr


def test_without_a_stack_the_message_says_how_to_get_one(tmp_path):
    """A command that needs the ledger names the missing variable and the command that sets it."""
    done = gatehouse(tmp_path, "batches", "flight_delays")
    assert done.returncode == 1
    assert "GATEHOUSE_LEDGER_URL is not set" in done.stderr
    assert "make run" in done.stderr


@pytest.mark.parametrize("which", ["contract", "retrain", "gate", "notify"])
def test_schemas_are_json_and_nothing_else(tmp_path, which):
    """What an editor reads is one JSON schema that allows no unknown key."""
    assert json.loads(gatehouse(tmp_path, "schema", which).stdout)["additionalProperties"] is False


def test_a_new_use_case_is_good_at_once(tmp_path):
    """`gatehouse new` makes a folder that `gatehouse check` finds good, and never overwrites one."""
    (tmp_path / "usecases").mkdir()
    where = {"GATEHOUSE_USECASES": str(tmp_path / "usecases")}
    assert gatehouse(tmp_path, "new", "rides", **where).returncode == 0
    assert "rides: good" in gatehouse(tmp_path, "check", **where).stdout
    again = gatehouse(tmp_path, "new", "rides", **where)
    assert again.returncode == 1
    assert "there already" in again.stderr


def test_status_of_nothing_is_one_json_document_and_exit_one(tmp_path):
    """A stack that is down is said in JSON too."""
    done = gatehouse(tmp_path, "status", "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["up"] is False
