"""The command line: exit codes, one JSON document, one line for a named failure."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from gatehouse.cli import command
from gatehouse.cli import gatehouse as entry
from gatehouse.cli.commands import COMMANDS, NOUNS, RETIRED
from gatehouse.settings import ROOT


def gatehouse(tmp_path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "gatehouse", *arguments]
    known = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT / "include"),
        "GATEHOUSE_STATE_DIR": str(tmp_path / "home"),
    }
    return subprocess.run(line, env=known | environment, capture_output=True, text=True, timeout=60, check=False)


def test_help_lists_every_noun_and_verb(tmp_path):
    """`gatehouse --help` names each noun with its verbs, and imports none of their modules."""
    done = gatehouse(tmp_path, "--help")
    assert done.returncode == 0
    text = " ".join(done.stdout.split()).replace("- ", "-")  # a line may end within a hyphened verb
    assert [noun for noun in [*NOUNS, *COMMANDS] if f"\n  {noun} " not in done.stdout] == []
    assert [verbs for _, verbs in NOUNS.values() if f"Verbs: {', '.join(verbs)}." not in text] == []
    code = "import sys; from gatehouse.cli import gatehouse; gatehouse(['--help'], standalone_mode=False); print(*sys.modules)"
    known = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "include")}
    loaded = subprocess.run([sys.executable, "-c", code], env=known, capture_output=True, text=True, timeout=60).stdout
    assert {"pandas", "pydantic", "pyarrow", "mlflow", "yaml"}.isdisjoint(loaded.split())


@pytest.mark.parametrize(
    ("noun", "verb"),
    [(noun, verb) for noun, (_, verbs) in NOUNS.items() for verb in verbs] + [("", name) for name in COMMANDS],
)
def test_every_command_has_help(noun, verb):
    """Each verb of the table is a command of its module, and its help says what it does."""
    done = CliRunner().invoke(entry, [*([noun] if noun else []), verb, "--help"])
    assert done.exit_code == 0
    assert command((NOUNS[noun][1] if noun else COMMANDS)[verb][0]).help in done.output or len(done.output) > 100


@pytest.mark.parametrize("old", RETIRED)
def test_a_command_of_an_earlier_version_names_the_new_one(old):
    """Typed as before it is an error in a line with today's command, and that command exists."""
    done = CliRunner().invoke(entry, [old, "flight_delays"])
    assert done.exit_code == 2
    assert f"`gatehouse {old}` is now `gatehouse {RETIRED[old]}`" in done.output
    noun, verb, *_ = RETIRED[old].split()
    assert verb in NOUNS[noun][1]


def test_an_unknown_verb_names_those_that_there_are():
    """`gatehouse champion flight_delays`, as it was typed before, lists the verbs of the noun."""
    done = CliRunner().invoke(entry, ["champion", "flight_delays"])
    assert done.exit_code == 2
    assert "has no 'flight_delays'; allowed: show, score, rollback" in done.output


def test_wrong_usage_is_two_and_a_named_failure_one_line_and_one(tmp_path):
    """Exit codes: 2 for wrong usage, 1 for a named failure in one line on standard error."""
    assert gatehouse(tmp_path, "champion", "show").returncode == 2
    done = gatehouse(tmp_path, "champion", "show", "no_such_case")
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "UnknownUseCaseError" in done.stderr


def test_without_a_stack_the_message_says_how_to_get_one(tmp_path):
    """A command that needs the ledger names the missing variable and the command that sets it."""
    done = gatehouse(tmp_path, "batch", "list", "flight_delays")
    assert done.returncode == 1
    assert "GATEHOUSE_LEDGER_URL is not set" in done.stderr
    assert "make run" in done.stderr


@pytest.mark.parametrize("which", ["contract", "retrain", "gate", "notify"])
def test_schemas_are_json_and_nothing_else(tmp_path, which):
    """What an editor reads is one JSON schema that allows no unknown key."""
    assert json.loads(gatehouse(tmp_path, "use-case", "schema", which).stdout)["additionalProperties"] is False


def test_a_new_use_case_is_good_at_once(tmp_path):
    """`gatehouse use-case new` makes a folder that `gatehouse use-case check` finds good, and never overwrites one."""
    (tmp_path / "usecases").mkdir()
    where = {"GATEHOUSE_USECASES": str(tmp_path / "usecases")}
    assert gatehouse(tmp_path, "use-case", "new", "rides", **where).returncode == 0
    for made in Path(where["GATEHOUSE_USECASES"], "rides").glob("*.yaml"):
        assert "use_case: template" not in made.read_text()
    assert "rides: good" in gatehouse(tmp_path, "use-case", "check", **where).stdout
    again = gatehouse(tmp_path, "use-case", "new", "rides", **where)
    assert again.returncode == 1
    assert "there already" in again.stderr


def test_status_of_nothing_is_one_json_document_and_exit_one(tmp_path):
    """A stack that is down is said in JSON too."""
    done = gatehouse(tmp_path, "dev", "status", "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["up"] is False
